"""Chooses the explainer: the first that applies and whose shares add up."""

from __future__ import annotations

from dataclasses import replace

from auditkit.explainers.attribution import Attributions, Task
from auditkit.explainers.last_steps import LAST_STEPS, white_box
from auditkit.explainers.permutation import explain_permutation
from auditkit.explainers.pipeline import explain_pipeline

WHITE_BOX = (("pipeline", explain_pipeline), *LAST_STEPS)


def explain(task: Task) -> Attributions:
    """Return attributions that add up: white-box where one applies, else by asking the model as a black box.

    There is no switch to turn the check off; what was tried and did not add up stands in the notes.
    """
    found, notes = (None, []) if task.estimator is None else white_box(task, WHITE_BOX)
    if found is None:
        found = explain_permutation(task)
    return replace(found, notes=(*found.notes, *notes))
