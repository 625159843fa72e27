"""Chooses the explainer: the first that applies and whose shares add up."""

from __future__ import annotations

from dataclasses import replace

from auditkit.explainers.attribution import TOLERANCE, Adapter, Attributions, Task
from auditkit.explainers.linear import explain_linear
from auditkit.explainers.pipeline import explain_pipeline
from auditkit.explainers.tree import explain_tree

WHITE_BOX: tuple[tuple[str, Adapter], ...] = (
    ("pipeline", explain_pipeline),
    ("linear", explain_linear),
    ("trees", explain_tree),
)


def explain(task: Task) -> Attributions | None:
    """Return white-box attributions that add up, or None: then the model is asked as a black box.

    There is no switch to turn the check off; what was tried and did not add up stands in the notes.
    """
    notes: list[str] = []
    for name, adapter in WHITE_BOX:
        try:
            found = adapter(task)
        except Exception as error:  # a foreign library's refusal leads to the next explainer
            notes.append(f"{name}: not used, {type(error).__name__}")
            continue
        if found is None:
            continue
        if found.additivity_error <= TOLERANCE:
            return replace(found, notes=(*found.notes, *notes))
        notes.append(f"{found.method}: not used, off by {found.additivity_error:.2g}")
    return None
