"""How often decisions are right, and how well scores order and match outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Column, Direction, Evidence, Measure, Scalar
from auditkit.group_cells import GroupCells, group_cells
from auditkit.group_rates import (
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    confusion,
    rate_measure,
    rates_evidence,
)
from auditkit.score_cells import ScoreCells
from auditkit.score_measures import score_measures
from auditkit.smooth_measures import Scale, Shares, smooth_measure
from auditkit.subject import Subject
from auditkit.tally import LABEL, PREDICTION, Tally


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
        "pr_auc",
        "brier",
        "log_loss",
    ),
    public=True,
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
    Wilson intervals: accuracy; precision TP/(TP+FP); recall TP/(TP+FN); specificity TN/(TN+FP); false positive rate
    FP/(FP+TN); false negative rate FN/(FN+TP); negative predictive value TN/(TN+FN); false discovery rate FP/(FP+TP); false
    omission rate FN/(FN+TN); base rate (TP+FN)/n; predicted positive rate (TP+FP)/n. By the delta method on the logit (Matthews: artanh) scale: balanced accuracy =
    mean recall over labels (0.5 is neutral for two), F1 = 2TP/(2TP+FP+FN), Matthews correlation = (TP·TN −
    FP·FN)/√((TP+FP)(TP+FN)(TN+FP)(TN+FN)), 0 neutral. ROC AUC (0.5 neutral) from distinct scores, with the score interval
    (Hanley-McNeil variance) below 100 positives or negatives and logit-DeLong above; beyond 2²⁰ distinct scores from a grid
    of 65,536 cells. PR AUC = average precision, the base rate neutral, logit interval from the number of positives. For
    probabilities Brier score = mean (score − outcome)² and log loss = −mean ln(score of the outcome), t intervals; 0 is
    best. Rows with weights: Σw for counts, effective sizes for bounds; clusters: jackknife over 100 buckets. With more than
    two labels all but accuracy and balanced accuracy speak of the positive label against the rest.

    Misleads when
    -------------
    One label is rare: accuracy is then high for a model that never predicts it, while precision, F1 and PR AUC move with the
    base rate and do not compare between groups that differ in it. AUC says nothing of the threshold used; log loss is ruled
    by few confident errors.

    References
    ----------
    .. [1] Wilson 1927, doi:10.1080/01621459.1927.10502953;
       DeLong et al. 1988, doi:10.2307/2531595;
       Newcombe 2006, doi:10.1002/sim.2324;
       Boyd, Eng, Page 2013, doi:10.1007/978-3-642-40994-3_29;
       Chicco, Jurman 2020, doi:10.1186/s12864-019-6413-7
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)
    for by in ((), *(subject.levels(depth) if subject.roles.sensitive else ())):
        measures = [*_decisions(tally, by, subject, minimum), *_scored(subject, by, minimum)]
        yield from measures
        if by:
            yield _counts(tally, by, subject.positive)
            for name, title in (("accuracy", "Accuracy"), ("roc_auc", "ROC AUC")):
                if name == "accuracy" and len(subject.labels) == 2:
                    continue  # fairness.accuracy_equality shows the same
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
        for name, function, low, needed, scale in SMOOTH:
            yield smooth_measure(name, function, table.table, place, minimum, needed, low, scale=scale)


def _balanced(table: GroupCells, place: int, minimum: Minimum) -> Measure:
    size = table.counts.shape[1]
    rows = [[(label, column) for column in range(size)] for label in range(size)]

    def mean_recall(shares: npt.NDArray[np.complex128]) -> complex:
        square = shares.reshape(size, size)
        return complex(np.mean(np.diag(square) / square.sum(axis=1)))

    return smooth_measure("balanced_accuracy", mean_recall, table, place, minimum, rows, 0.0, scale="logit")


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
SMOOTH: tuple[tuple[str, Callable[[Shares], complex], float, list[list[tuple[int, int]]], Scale], ...] = (
    ("f1", _f1, 0.0, [[(0, 1), (1, 0), (1, 1)]], "logit"),
    ("mcc", _matthews, -1.0, [_ACTUAL_0, _ACTUAL_1, _PREDICTED_0, _PREDICTED_1], "fisher"),
)


def _scored(subject: Subject, by: tuple[str, ...], minimum: Minimum) -> Iterator[Measure]:
    try:
        table = subject.scores(by)
    except NotApplicable as lacking:
        if not by:
            yield _no_scores(str(lacking), subject.tally(()).n)
        return
    for place in range(len(table.groups)):
        yield from score_measures(ScoreCells.of(table, place), minimum, probability=subject.score_kind == "probability")


def _no_scores(reason: str, rows: int) -> Measure:
    return Measure(
        name="roc_auc", value=None, unit="probability", direction="higher", n=rows, status="undefined", reason=reason
    )


def _counts(tally: Tally, by: tuple[str, ...], positive: Scalar) -> Evidence:
    """Return rows by group: the count tally that the record keeps."""
    table = confusion(tally, by, positive)
    rows = []
    for group, cells in zip(table.groups, table.cells.tolist(), strict=True):
        (right_negative, false_positive), (false_negative, hit) = cells
        hits, misses = hit + false_negative, right_negative + false_positive
        rows.append((str(group), hits + misses, hits, misses, hit, false_positive, false_negative, right_negative))
    columns = (
        *(Column(name, "rows", "n") for name in ("n", "n+", "n\u2212")),
        *(Column(name, "rows", "count") for name in ("TP", "FP", "FN", "TN")),
    )
    return Evidence(
        id=f"performance.classification.counts.{'+'.join(by)}",
        kind="matrix",
        title=f"Counts by {' and '.join(by)}",
        caption=f"Rows; + is labelled {positive!r}, P is predicted so",
        alt=f"Counts of rows by {' and '.join(by)}, label and prediction",
        columns=(Column(" × ".join(by), role="label"), *columns),
        rows=tuple(rows),
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
