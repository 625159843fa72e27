"""Chooses the explainer: the first that applies and whose shares add up."""

from __future__ import annotations

import warnings
from dataclasses import replace

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import TOLERANCE, Adapter, Attributions, Task
from auditkit.explainers.linear import explain_linear
from auditkit.explainers.permutation import explain_permutation, rows_within
from auditkit.explainers.pipeline import explain_pipeline
from auditkit.explainers.tree import explain_tree

WHITE_BOX: tuple[tuple[str, Adapter], ...] = (
    ("pipeline", explain_pipeline),
    ("linear", explain_linear),
    ("trees", explain_tree),
)


def explain(task: Task) -> Attributions:
    """Return attributions that add up: white-box where one applies, else by asking the model as a black box.

    There is no switch to turn the check off; what was tried and did not add up stands in the notes.
    """
    found, notes = _white_box(task)
    if found is None:
        affordable = rows_within(task.budget, task.rows.shape[1], len(task.rows))
        found = explain_permutation(replace(task, rows=task.rows[:affordable]))
    return replace(found, notes=(*found.notes, *notes))


def _white_box(task: Task) -> tuple[Attributions | None, list[str]]:
    notes: list[str] = []
    if task.estimator is None:
        return None, notes
    for name, adapter in WHITE_BOX:
        try:
            with warnings.catch_warnings():
                # a model trained on an array reads a frame by position, which is what is meant here
                warnings.filterwarnings("ignore", message="X has feature names")
                found = adapter(task)
        except NotApplicable as reason:
            notes.append(f"{name}: not used, {reason}")
            continue
        except Exception as error:  # a foreign library's refusal leads to the next explainer
            notes.append(f"{name}: not used, {type(error).__name__}")
            continue
        if found is None:
            continue
        if found.additivity_error <= TOLERANCE:
            return found, notes
        notes.append(f"{found.method}: not used, off by {found.additivity_error:.2g}")
    return None, notes
