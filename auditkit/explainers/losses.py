"""How wrong a model is on each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import ConfigurationError, NotApplicable, did_you_mean
from auditkit.subject import Subject

Floats = npt.NDArray[np.float64]
Losses = Callable[[Any, npt.NDArray[np.int64]], Floats]
REGRESSION = {"squared": "squared error", "absolute": "absolute error"}
CLASSES = {"brier": "Brier score", "log": "log loss", "errors": "share of errors"}
_LEAST = 1e-15


def loss_of(subject: Subject, labels: Any, wanted: str = "") -> tuple[str, Losses]:
    """Return the name of a loss, and a function of a frame and of which of the labels belong to its rows.

    Parameters
    ----------
    subject : Subject
        With a model.
    labels : pandas Series
    wanted : {'', 'brier', 'log', 'errors', 'squared', 'absolute'}
        By default the squared error of a regression, the Brier score, or errors where there are no probabilities.

    Raises
    ------
    ConfigurationError
        If there is no such loss for the task.
    NotApplicable
        If it takes probabilities and the model gives none.
    """
    known = REGRESSION if subject.task == "regression" else CLASSES
    if wanted and wanted not in known:
        raise ConfigurationError(
            f"loss: got {wanted!r}, wanted one for a task of kind {subject.task}.{did_you_mean(wanted, known)}"
        )
    if subject.task == "regression":
        kind = wanted or "squared"
        return REGRESSION[kind], _of_numbers(subject, np.asarray(labels, dtype=np.float64), kind)
    gives = subject.model is not None and subject.model.has_scores and subject.score_kind == "probability"
    if wanted in ("brier", "log") and not gives:
        raise NotApplicable(f"the {CLASSES[wanted]} takes probabilities, and the model gives none; use loss: errors")
    kind = wanted or ("brier" if gives else "errors")
    places = {value: place for place, value in enumerate(subject.labels)}
    codes = np.array([places[value] for value in labels.tolist()], dtype=np.int64)
    return CLASSES[kind], _of_decisions(subject, codes) if kind == "errors" else _of_shares(subject, codes, kind)


def _of_numbers(subject: Subject, truth: Floats, kind: str) -> Losses:
    def losses(frame: Any, rows: npt.NDArray[np.int64]) -> Floats:
        off: Floats = np.abs(np.asarray(subject.predict(frame), dtype=np.float64) - truth[rows])
        return off**2 if kind == "squared" else off

    return losses


def _of_decisions(subject: Subject, codes: npt.NDArray[np.int64]) -> Losses:
    names = np.empty(len(subject.labels), dtype=object)
    names[:] = subject.labels

    def losses(frame: Any, rows: npt.NDArray[np.int64]) -> Floats:
        found: Floats = (np.asarray(subject.predict(frame), dtype=object) != names[codes[rows]]).astype(np.float64)
        return found

    return losses


def _of_shares(subject: Subject, codes: npt.NDArray[np.int64], kind: str) -> Losses:
    """The loss of a label that the model does not know is that of a share of 0."""
    assert subject.model is not None  # the caller looked
    classes = list(subject.model.classes or subject.labels)
    columns = np.array([classes.index(value) if value in classes else -1 for value in subject.labels])

    def losses(frame: Any, rows: npt.NDArray[np.int64]) -> Floats:
        shares = subject.predict_probabilities(frame)
        column = columns[codes[rows]]
        hit = np.where(column >= 0, shares[np.arange(len(shares)), np.maximum(column, 0)], 0.0)
        if kind == "log":
            logs: Floats = -np.log(np.maximum(hit, _LEAST))
            return logs
        total: Floats = (shares**2).sum(axis=1) - 2 * hit + 1
        return total / 2 if len(classes) == 2 else total

    return losses
