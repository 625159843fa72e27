"""How often decisions are right, and how well scores order and match outcomes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Column, Direction, Evidence, Group, Measure, MeasureStatus
from auditkit.group_cells import GroupCells, group_cells
from auditkit.group_rates import (
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    confusion,
    levels,
    rate_measure,
    rates_evidence,
    two_sided,
)
from auditkit.smooth_measures import smooth_measure
from auditkit.stats.auc import auc_from_counts, delong_standard_error
from auditkit.stats.uncertainty import AreaUnderCurve, Normal
from auditkit.subject import Subject
from auditkit.tally import LABEL, PREDICTION, Counts, Tally


@auditor(
    title="Performance of the classifier",
    needs=("label", "prediction"),
    measures=(
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "specificity",
        "false_positive_rate",
        "false_negative_rate",
        "negative_predictive_value",
        "false_discovery_rate",
        "false_omission_rate",
        "base_rate",
        "predicted_positive_rate",
        "f1",
        "mcc",
        "roc_auc",
        "brier",
    ),
)
def classification(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
) -> Iterator[Measure | Evidence]:
    """How often the decisions are right, overall and by group, and how well the scores order and match outcomes.

    Notes
    -----
    Accuracy, precision TP/(TP+FP) and recall TP/(TP+FN) with Wilson intervals; balanced accuracy = mean recall over
    labels and F1 = 2TP/(2TP+FP+FN) with normal intervals from shrunken proportions; ROC AUC from distinct scores with
    the score interval (Hanley-McNeil variance) below 100 positives or negatives and logit-DeLong above; Brier score =
    mean (score − outcome)² with a normal interval, for probabilities only. With more than two labels, precision,
    recall, F1 and AUC speak of the positive label against the rest.

    Misleads when
    -------------
    One label is rare: accuracy is then high for a model that never predicts it. AUC says nothing of the threshold used.

    References
    ----------
    .. [1] Wilson 1927, doi:10.1080/01621459.1927.10502953;
       DeLong et al. 1988, doi:10.2307/2531595;
       Newcombe 2006, doi:10.1002/sim.2324
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)
    for by in ((), *(levels(subject.roles.sensitive, depth) if subject.roles.sensitive else ())):
        measures = [*_decisions(tally, by, subject, minimum), *_scores(subject, by, minimum)]
        yield from measures
        if by:
            for name, title in (("accuracy", "Accuracy"), ("roc_auc", "ROC AUC")):
                drawn = [measure for measure in measures if measure.name == name]
                if drawn:
                    yield rates_evidence(
                        f"performance.classification.{name}.{'+'.join(by)}",
                        f"{title} by {' and '.join(by)}",
                        f"{title} in each group with its 95 % interval",
                        by,
                        drawn,
                    )
    yield _matrix(tally.marginal(LABEL, PREDICTION))


def _decisions(tally: Tally, by: tuple[str, ...], subject: Subject, minimum: Minimum) -> Iterator[Measure]:
    table = confusion(tally, by, subject.positive)
    whole = group_cells(tally, by, [LABEL, PREDICTION])
    diagonal = [(place, place) for place in range(len(subject.labels))]
    everything = [(row, column) for row in range(len(subject.labels)) for column in range(len(subject.labels))]
    for rate in whole.rate(diagonal, everything):
        yield rate_measure("accuracy", rate, "higher", minimum=minimum)
    for name, direction, successes, among in RATES:
        for rate in table.rate(successes, among):
            yield rate_measure(name, rate, direction, minimum=minimum)
    for place in range(len(whole.groups)):
        yield _balanced(whole, place, minimum)
        for name, function, low, needed in SMOOTH:
            yield smooth_measure(name, function, table.table, place, minimum, needed, low)


def _balanced(table: GroupCells, place: int, minimum: Minimum) -> Measure:
    size = table.counts.shape[1]
    rows = [[(label, column) for column in range(size)] for label in range(size)]

    def mean_recall(shares: npt.NDArray[np.complex128]) -> complex:
        square = shares.reshape(size, size)
        return complex(np.mean(np.diag(square) / square.sum(axis=1)))

    return smooth_measure("balanced_accuracy", mean_recall, table, place, minimum, rows, 0.0)


def _f1(shares: npt.NDArray[np.complex128]) -> complex:
    _, false_positive, false_negative, hit = shares
    return complex(2 * hit / (2 * hit + false_positive + false_negative))


def _matthews(shares: npt.NDArray[np.complex128]) -> complex:
    right, false_positive, false_negative, hit = shares
    sides = (hit + false_positive) * (hit + false_negative) * (right + false_positive) * (right + false_negative)
    return complex((hit * right - false_positive * false_negative) / np.sqrt(sides))


_ACTUAL_0, _ACTUAL_1, _PREDICTED_0, _PREDICTED_1 = (
    [(0, 0), (0, 1)],
    [(1, 0), (1, 1)],
    [(0, 0), (1, 0)],
    [(0, 1), (1, 1)],
)
_ALL = [*_ACTUAL_0, *_ACTUAL_1]
RATES: tuple[tuple[str, Direction, list[tuple[int, int]], list[tuple[int, int]]], ...] = (
    ("precision", "higher", [(1, 1)], _PREDICTED_1),
    ("recall", "higher", [(1, 1)], _ACTUAL_1),
    ("specificity", "higher", [(0, 0)], _ACTUAL_0),
    ("false_positive_rate", "lower", [(0, 1)], _ACTUAL_0),
    ("false_negative_rate", "lower", [(1, 0)], _ACTUAL_1),
    ("negative_predictive_value", "higher", [(0, 0)], _PREDICTED_0),
    ("false_discovery_rate", "lower", [(0, 1)], _PREDICTED_1),
    ("false_omission_rate", "lower", [(1, 0)], _PREDICTED_0),
    ("base_rate", "none", _ACTUAL_1, _ALL),
    ("predicted_positive_rate", "none", _PREDICTED_1, _ALL),
)
# Each with its least value and the sets of cells that must hold rows.
SMOOTH = (
    ("f1", _f1, 0.0, [[(0, 1), (1, 0), (1, 1)]]),
    ("mcc", _matthews, -1.0, [_ACTUAL_0, _ACTUAL_1, _PREDICTED_0, _PREDICTED_1]),
)


def _nothing(
    name: str, group: Group, n: int, status: MeasureStatus, reason: str, direction: Direction = "higher"
) -> Measure:
    return Measure(
        name=name, value=None, unit="rate", direction=direction, group=group, n=n, status=status, reason=reason
    )


def _scores(subject: Subject, by: tuple[str, ...], minimum: Minimum) -> Iterator[Measure]:
    try:
        table = subject.scores(by)
    except NotApplicable as lacking:
        if not by:
            yield _nothing("roc_auc", Group(), subject.table().rows, "undefined", str(lacking))
        return
    for group, (scores, positives, negatives) in zip(table.groups, table.cells, strict=True):
        yield _auc(group, positives, negatives, minimum)
        if subject.score_kind == "probability":
            yield _brier(group, scores, positives, negatives, minimum)


def _auc(group: Group, positives: Counts, negatives: Counts, minimum: Minimum) -> Measure:
    hits, misses = int(positives.sum()), int(negatives.sum())
    n = hits + misses
    if min(hits, misses) == 0:
        return _nothing(
            "roc_auc", group, n, "undefined", "undefined: one of the two outcomes does not occur in these rows"
        )
    if group and (n < minimum.group_size or min(hits, misses) < minimum.denominator):
        return _nothing(
            "roc_auc", group, n, "insufficient", f"{min(hits, misses)} rows of the rarer outcome are too few"
        )
    value = float(auc_from_counts(positives, negatives))
    error = float(delong_standard_error(positives, negatives)) if min(hits, misses) > 1 else None
    uncertainty = AreaUnderCurve(value, hits, misses, error)
    method = "score interval, Hanley-McNeil variance" if min(hits, misses) < 100 else "logit-DeLong"
    return Measure(
        name="roc_auc",
        value=value,
        unit="probability",
        direction="higher",
        group=group,
        n=n,
        interval=two_sided(uncertainty, method),
        uncertainty=uncertainty,
    )


def _brier(
    group: Group, scores: npt.NDArray[np.float64], positives: Counts, negatives: Counts, minimum: Minimum
) -> Measure:
    n = int(positives.sum() + negatives.sum())
    if n < 2 or (group and n < minimum.group_size):
        return _nothing(
            "brier", group, n, "insufficient", f"{n:,} rows, at least {minimum.group_size} are needed", "lower"
        )
    losses = np.concatenate([(1 - scores) ** 2, scores**2])
    counts = np.concatenate([positives, negatives]).astype(np.float64)
    mean = math.fsum((losses * counts).tolist()) / n
    square = math.fsum((losses**2 * counts).tolist()) / n
    if square - mean**2 <= 1e-15:
        return _nothing("brier", group, n, "insufficient", "all losses are the same, so no bound can be given", "lower")
    uncertainty = Normal(mean, math.sqrt(max(0.0, square - mean**2) / (n - 1)), "identity", n - 1.0, 0.0, 1.0)
    return Measure(
        name="brier",
        value=mean,
        unit="squared probability",
        direction="lower",
        group=group,
        n=n,
        interval=two_sided(uncertainty, "t"),
        uncertainty=uncertainty,
    )


def _matrix(tally: Tally) -> Evidence:
    cube = tally.cube((), [LABEL, PREDICTION])[0]
    labels = tally.axis(LABEL).values
    return Evidence(
        id="performance.classification.confusion",
        kind="matrix",
        title="Labels and predictions, counts",
        caption="Rows are what was recorded, columns what the model predicted",
        alt="Table of counts by recorded label and predicted label",
        columns=(
            Column("recorded", role="label"),
            *(Column(f"predicted {label}", "rows", "count") for label in labels),
        ),
        rows=tuple((str(label), *(int(cell) for cell in row)) for label, row in zip(labels, cube, strict=True)),
    )
