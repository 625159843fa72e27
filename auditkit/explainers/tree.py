"""Tree models, through shap with the whole background, or through their paths where that alone adds up."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from auditkit.explainers.attribution import Attributions, Task, signed

_HOMES = ("sklearn.tree", "sklearn.ensemble", "lightgbm", "xgboost")


def explain_tree(task: Task) -> Attributions | None:
    """Explain a tree ensemble on a numeric frame.

    shap cuts a background to 100 rows unless told its size, and its interventional values for HistGradientBoosting
    do not add up; both are avoided here, and the caller checks additivity in any case.
    """
    estimator = task.estimator
    if not type(estimator).__module__.startswith(_HOMES) or "Isolation" in type(estimator).__name__:
        return None
    by_path = "HistGradientBoosting" in type(estimator).__name__
    rows, background = np.asarray(task.rows, dtype=float), np.asarray(task.background, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        masker = None if by_path else shap.maskers.Independent(background, max_samples=len(background))
        perturbation = "tree_path_dependent" if by_path else "interventional"
        explainer = shap.TreeExplainer(estimator, data=masker, feature_perturbation=perturbation)
        values = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=float)
        expected = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float)).ravel()
        output, units = _output(estimator, task)
    if values.ndim == 3:
        values, expected = values[:, :, task.positive or 0], expected[(task.positive or 0) : (task.positive or 0) + 1]
    elif task.positive is not None:
        values, expected = signed(values, task), signed(expected[-1:], task)
    method = f"trees, {'path-dependent' if by_path else 'interventional'} (shap)"
    return Attributions(values, np.full(len(rows), expected[0]), output, method, units)


def _output(estimator: Any, task: Task) -> tuple[np.ndarray, str]:
    home = type(estimator).__module__
    if task.positive is None:
        return np.asarray(estimator.predict(task.rows), dtype=float), "target"
    if home.startswith("lightgbm"):
        raw = estimator.predict(task.rows, raw_score=True)
    elif home.startswith("xgboost"):
        raw = estimator.predict(task.rows, output_margin=True)
    elif hasattr(estimator, "decision_function"):
        raw = estimator.decision_function(task.rows)
    else:
        return np.asarray(estimator.predict_proba(task.rows), dtype=float)[:, task.positive], "probability"
    raw = np.asarray(raw, dtype=float)
    return (signed(raw, task) if raw.ndim == 1 else raw[:, task.positive]), "log-odds"
