"""Models that can be looked into, each kind by an adapter of its own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import TOLERANCE, Adapter, Attributions, Task
from auditkit.explainers.linear import explain_linear
from auditkit.explainers.shap_trees import explain_shap_trees
from auditkit.explainers.tree_games import explain_trees

LAST_STEPS: tuple[tuple[str, Adapter], ...] = (
    ("linear", explain_linear),
    ("trees", explain_trees),
    ("trees by shap", explain_shap_trees),
)

_KNOWN = ("sklearn", "lightgbm", "xgboost", "imblearn", "sklearnex", "daal4py")
_ANSWERS = ("predict", "predict_proba", "decision_function")


def white_box(task: Task, adapters: Sequence[tuple[str, Adapter]]) -> tuple[Attributions | None, list[str]]:
    """Return the first attributions that add up, and why those before were not used."""
    notes: list[str] = []
    own = _own_answer(task.estimator)
    if own is not None:
        return None, [f"not looked into: {type(task.estimator).__name__} answers by a {own} of its own"]
    for name, adapter in adapters:
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


def _own_answer(estimator: Any) -> str | None:
    """Return the method that somebody rewrote: what lies inside the model is then not what it answers."""
    for name in _ANSWERS:
        if name in getattr(estimator, "__dict__", {}):
            return name
        home = next((kind.__module__ for kind in type(estimator).__mro__ if name in vars(kind)), "sklearn")
        if home.partition(".")[0] not in _KNOWN:
            return name
    return None
