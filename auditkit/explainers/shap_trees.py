"""Tree models, through shap with the whole background, or through their paths where that alone adds up."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import Attributions, Task, signed
from auditkit.explainers.trees.read_xgboost import LOGISTIC

_MOST_STEPS = 50_000_000
_FEWEST_ROWS = 100
_ROWS_PER_CALL = 10
_HOMES = ("sklearn.tree", "sklearn.ensemble", "lightgbm", "xgboost")


def explain_shap_trees(task: Task) -> Attributions | None:
    """Explain a tree ensemble on a numeric frame.

    shap cuts a background to 100 rows unless told its size, and its interventional values for HistGradientBoosting
    do not add up; both are avoided here, and the caller checks additivity in any case.
    """
    estimator = task.estimator
    if not type(estimator).__module__.startswith(_HOMES) or "Isolation" in type(estimator).__name__:
        return None
    by_path = task.path_dependent or "HistGradientBoosting" in type(estimator).__name__
    rows, background = np.asarray(task.rows, dtype=float), np.asarray(task.background, dtype=float)
    affordable = len(rows) if by_path else _affordable(estimator, len(rows), len(background))
    given = len(rows)
    task, rows = replace(task, rows=task.rows[:affordable]), rows[:affordable]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        masker = None if by_path else shap.maskers.Independent(background, max_samples=len(background))
        perturbation = "tree_path_dependent" if by_path else "interventional"
        explainer = shap.TreeExplainer(estimator, data=masker, feature_perturbation=perturbation)
        # in parts: a call that takes long draws a progress bar over whatever stands in the terminal
        parts = range(0, len(rows), _ROWS_PER_CALL)
        values = np.concatenate(
            [
                np.asarray(explainer.shap_values(rows[at : at + _ROWS_PER_CALL], check_additivity=False), dtype=float)
                for at in parts
            ]
        )
        expected = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float)).ravel()
        output, units = _output(estimator, task)
    if values.ndim == 3:
        values, expected = values[:, :, task.positive or 0], expected[(task.positive or 0) : (task.positive or 0) + 1]
    elif task.positive is not None:
        values, expected = signed(values, task), signed(expected[-1:], task)
    method = f"trees, {'path-dependent' if by_path else 'interventional'} (shap)"
    notes = ("the first rows only: the trees are many and deep",) if affordable < given else ()
    base = np.full(len(rows), expected[0])
    return Attributions(values, base, output, method, units, uses_background=not by_path, notes=notes)


def _affordable(estimator: Any, rows: int, background: int) -> int:
    """Return how many rows are worth their time: each meets each background row in each tree, level by level.

    Raises
    ------
    NotApplicable
        If these are too few rows to speak of: asking the model as a black box is cheaper then.
    """
    trees = [tree for tree in np.ravel(getattr(estimator, "estimators_", [])) if hasattr(tree, "get_depth")]
    steps = background * sum(tree.get_depth() for tree in trees)
    if steps == 0:
        return rows
    affordable = min(rows, int(_MOST_STEPS // steps))
    if affordable < min(rows, _FEWEST_ROWS):
        raise NotApplicable(f"{len(trees):,} trees this deep against {background:,} background rows take too long")
    return affordable


def _logistic(estimator: Any) -> bool:
    """Return whether the margin of two classes is their log-odds."""
    if getattr(estimator, "loss", "") == "exponential" or getattr(estimator, "sigmoid", 1.0) != 1.0:
        return False
    objective = getattr(estimator, "objective_", None) or getattr(estimator, "objective", None)
    return objective in (None, "binary", "cross_entropy", *LOGISTIC)


def _output(estimator: Any, task: Task) -> tuple[np.ndarray, str]:
    home = type(estimator).__module__
    rows = task.rows if hasattr(estimator, "feature_names_in_") else np.asarray(task.rows, dtype=float)
    if task.positive is None:
        return np.asarray(estimator.predict(rows), dtype=float), "target"
    if home.startswith("lightgbm"):
        if "\naverage_output" in getattr(estimator, "booster_", estimator).model_to_string(num_iteration=1):
            raise NotApplicable("LightGBM's random forest averages its trees")
        raw = estimator.predict(rows, raw_score=True)
    elif home.startswith("xgboost"):
        raw = estimator.predict(rows, output_margin=True)
    elif hasattr(estimator, "decision_function"):
        raw = estimator.decision_function(rows)
    else:
        return np.asarray(estimator.predict_proba(rows), dtype=float)[:, task.positive], "probability"
    raw = np.asarray(raw, dtype=float)
    units = "log-odds" if raw.ndim == 1 and _logistic(estimator) else "score"
    return (signed(raw, task) if raw.ndim == 1 else raw[:, task.positive]), units
