"""What is predicted: the task, its labels, and which of them is positive and which favourable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditkit.data.scan import Scan
from auditkit.data.table import Table
from auditkit.errors import DataError
from auditkit.finding import Scalar
from auditkit.roles import Roles, Task
from auditkit.tally import scalar_key

_MOST_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """The task and its labels.

    Attributes
    ----------
    task : {'binary', 'multiclass', 'regression'}
    labels : tuple
        Sorted; empty for a regression.
    favorable : scalar
        The label that is good for the person.
    favorable_inferred : bool
        Whether nobody said so.
    positive : scalar
        The label that TP, TPR and precision speak of.
    score_of : scalar
        The label that a score column is the score of.
    """

    task: Task
    labels: tuple[Scalar, ...]
    favorable: Scalar
    favorable_inferred: bool
    positive: Scalar
    score_of: Scalar


def outcome_of(
    rows: Table | Scan,
    roles: Roles,
    classes: Sequence[Scalar] | None,
    *,
    task: Task | None,
    favorable: Scalar,
    positive: Scalar,
    score_of: Scalar,
) -> Outcome:
    """Infer the task and check the labels.

    Raises
    ------
    DataError
        If labels are missing, of one class, more than two for a binary task, unknown to the model, or the favourable or
        positive value does not occur.
    """
    found, labels = _task_and_labels(rows, roles, classes, task)
    last = labels[-1] if labels else None
    good = _known_label(found, labels, "favorable", favorable, last)
    hit = _known_label(found, labels, "positive", positive, good)
    if roles.score and positive is None and score_of is None and labels and good != last:
        raise DataError(
            f"score: {roles.score!r} is the score of which label? The favourable one is {good!r}, the last in order "
            f"{last!r}; say positive or score_of"
        )
    return Outcome(found, labels, good, favorable is None, hit, _known_label(found, labels, "score_of", score_of, hit))


def _task_and_labels(
    rows: Table | Scan, roles: Roles, classes: Sequence[Scalar] | None, task: Task | None
) -> tuple[Task, tuple[Scalar, ...]]:
    column = roles.label or roles.prediction
    if column is None:
        labels = tuple(sorted(classes, key=scalar_key)) if classes else ()
        return task or ("binary" if len(labels) == 2 else "multiclass" if labels else "regression"), labels
    if roles.label and (gaps := rows.missing_count(roles.label)):
        raise DataError(
            f"label column {roles.label!r} is missing in {gaps:,} of {rows.rows:,} rows; drop them or fill them first"
        )
    values = rows.values(column)
    words = next((v for v in [*values, *(classes or ())] if isinstance(v, str)), None)
    if task == "regression" and words is not None:
        raise DataError(
            f"task is regression, but {column!r} or the model says {words!r}; wanted numbers, or say binary or multiclass"
        )
    continuous = rows.types[column] == "number" or all(isinstance(v, float) for v in values)
    many = len(values) > _MOST_CLASSES and all(isinstance(v, int | float) for v in values)
    if task == "regression" or (task is None and (many or (continuous and any(_fraction(v) for v in values)))):
        return "regression", ()
    labels = tuple(v for v in values if v is not None)
    if classes:
        extra = [v for v in labels if v not in classes]
        if extra:
            raise DataError(f"label {extra[0]!r} in {column!r} is not among the model's classes {list(classes)!r}")
        if roles.label is None or len(labels) >= 2:
            labels = tuple(classes)
    if roles.label and len(labels) < 2:
        raise DataError(f"label column {column!r} has one class, {labels[0]!r}; performance and error rates need two")
    if task == "binary" and len(labels) > 2:
        raise DataError(
            f"task is binary, but {column!r} has {len(labels)} labels: {list(labels)[:6]!r}; say multiclass"
        )
    labels = tuple(sorted(labels, key=scalar_key))
    return task or ("binary" if len(labels) <= 2 else "multiclass"), labels


def _known_label(task: Task, labels: Sequence[Scalar], role: str, value: Scalar, default: Scalar) -> Scalar:
    if task == "regression" or value is None:
        return default
    if value in labels:
        return value
    close = {_squeeze(label): label for label in labels}.get(_squeeze(value))
    if close is not None:
        raise DataError(
            f"{role}: {value!r} does not occur, but {close!r} does, which differs by case, blanks or punctuation; "
            f"write {close!r}, or clean the data"
        )
    raise DataError(f"{role}: {value!r} does not occur; the labels are {', '.join(repr(v) for v in labels[:10])}")


def _fraction(value: Scalar) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _squeeze(value: Scalar) -> str:
    return "".join(ch for ch in str(value).casefold() if ch.isalnum() or ch in "<>=-+")
