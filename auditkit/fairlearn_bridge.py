"""Any metric of fairlearn or scikit-learn that takes weights, on the cells of a tally instead of the rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from auditkit.errors import DataError, NotApplicable
from auditkit.subject import Subject
from auditkit.tally import BUCKET, LABEL, PREDICTION
from auditkit.weights import WEIGHT_UNIT

Metric = Callable[..., Any]


def to_metric_frame(
    subject: Subject, metrics: Metric | Mapping[str, Metric], by: str | Sequence[str] = (), *, dataset: str = "test"
) -> Any:
    """Return fairlearn's MetricFrame of these metrics over the cells of label × prediction × groups.

    A million rows become some hundred cells, each weighted by its rows (or by Σw, where rows have weights): the numbers are
    those of the rows, to the bit where all sums are whole numbers.

    Parameters
    ----------
    subject : Subject
        Binary or multiclass, with labels and predictions. For two labels 1 stands for `positive` and 0 for the other, as
        metrics expect; more labels stand for themselves.
    metrics : callable or mapping of name to callable
        ``f(y_true, y_pred, sample_weight=…)``; fairlearn's ``count`` is taken as the sum of weights.
    by : str or sequence of str
        Sensitive columns; all of them by default.
    dataset : {'test', 'train'}

    Returns
    -------
    fairlearn.metrics.MetricFrame

    Raises
    ------
    DataError
        If a metric takes no ``sample_weight``.
    NotApplicable
        If there are no labels, predictions or sensitive columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from fairlearn.metrics import selection_rate
    >>> frame = pd.DataFrame({"y": [0, 1, 1, 0], "p": [0, 1, 0, 1], "sex": ["f", "f", "m", "m"]})
    >>> subject = Subject(frame, label="y", prediction="p", favorable=1, sensitive=["sex"])
    >>> to_metric_frame(subject, selection_rate).by_group.tolist()
    [0.5, 0.5]
    """
    from fairlearn.metrics import MetricFrame

    columns = ((by,) if isinstance(by, str) else tuple(by)) or subject.roles.sensitive
    if not columns:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…] or by=[…]")
    tally = subject.tally(columns, dataset)
    if LABEL not in tally.names or PREDICTION not in tally.names:
        raise NotApplicable("metrics compare labels with predictions; name label= and give a model or prediction=")
    tally = tally.marginal(*columns, LABEL, PREDICTION) if BUCKET in tally.names else tally
    groups = {
        column: ["(missing)" if (value := tally.axis(column).values[code]) is None else value for code in codes]
        for column, codes in zip(columns, tally.codes.T.tolist(), strict=False)
    }
    weight = tally.counts if tally.weights is None else tally.weights.astype(np.float64) * WEIGHT_UNIT
    truth, decided = (_outcomes(subject, tally.codes[:, len(columns) + place]) for place in (0, 1))
    named = dict(metrics) if isinstance(metrics, Mapping) else {"metric": metrics}
    weighted = {name: _weighted(name, metric) for name, metric in named.items()}
    frame = MetricFrame(
        metrics=weighted if isinstance(metrics, Mapping) else weighted["metric"],
        y_true=truth,
        y_pred=decided,
        sensitive_features=groups,
        sample_params=(
            {name: {"sample_weight": weight} for name in weighted}
            if isinstance(metrics, Mapping)
            else {"sample_weight": weight}
        ),
    )
    return frame


def _outcomes(subject: Subject, codes: Any) -> Any:
    if len(subject.labels) == 2:
        return (codes == subject.labels.index(subject.positive)).astype(np.int64)
    return np.array(subject.labels)[codes]


def _weighted(name: str, metric: Metric) -> Metric:
    plain = metric.func if isinstance(metric, partial) else metric
    if getattr(plain, "__name__", "") == "count" and getattr(plain, "__module__", "").startswith("fairlearn"):
        return _count
    try:
        taken = dict(inspect.signature(metric).parameters)
    except (TypeError, ValueError):
        taken = {}
    if "sample_weight" not in taken and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
        raise DataError(f"metric {name!r} takes no sample_weight, so it cannot be run on cells; call it on the rows")
    return metric


def _count(y_true: Any, y_pred: Any, *, sample_weight: Any) -> float:
    return float(np.sum(sample_weight))
