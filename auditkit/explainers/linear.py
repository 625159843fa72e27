"""Linear models: coefficient × (value − mean of the background), exact."""

from __future__ import annotations

import numpy as np

from auditkit.explainers.attribution import PART_ROWS, Attributions, Task, part_of, signed


def explain_linear(task: Task) -> Attributions | None:
    """Explain a model whose output is X·coef + intercept on a numeric frame."""
    estimator = task.estimator
    if not hasattr(estimator, "coef_") or not hasattr(estimator, "intercept_"):
        return None
    rows, background = np.asarray(task.rows, dtype=float), np.asarray(task.background, dtype=float)
    coefficients = np.atleast_2d(np.asarray(estimator.coef_, dtype=float))
    classes = task.positive is not None
    if classes and not hasattr(estimator, "decision_function"):
        return None
    one = len(coefficients) == 1
    weights = coefficients[0] if one else coefficients[task.positive or 0]
    values = (rows - background.mean(axis=0)) * weights

    def output(table: object) -> np.ndarray:
        raw = estimator.decision_function(table) if classes else estimator.predict(table)
        return np.asarray(raw, dtype=float).reshape(len(rows) if table is task.rows else len(background), -1)[
            :, 0 if one else task.positive or 0
        ]

    answers, base = output(task.rows), np.full(len(rows), output(task.background).mean())
    if one and classes:
        values, answers, base = signed(values, task), signed(answers, task), signed(base, task)
    units = ("log-odds" if one and _logistic(estimator) else "score") if classes else "target"
    by_part = None
    if task.parts > 1:
        part = part_of(len(background), task.parts)
        means = np.stack([background[part == one].mean(axis=0) for one in range(task.parts)])
        by_part = (rows[:PART_ROWS] - means[:, None]) * (signed(weights, task) if one and classes else weights)
    return Attributions(values, base, answers, "linear, closed form", units, by_part=by_part)


def _logistic(estimator: object) -> bool:
    name = type(estimator).__name__
    return name.startswith(("LogisticRegression", "LinearDiscriminant")) or getattr(estimator, "loss", "") == "log_loss"
