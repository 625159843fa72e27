"""More than two labels: each label against the rest, and their mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Direction, Evidence, Group, Measure
from auditkit.group_cells import Cell, GroupCells, Rate, group_cells
from auditkit.group_rates import (
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Gap,
    Minimum,
    gap_of,
    rate_measure,
    rates_evidence,
)
from auditkit.score_cells import ScoreCells
from auditkit.score_measures import score_measures
from auditkit.smooth_measures import smooth_measure
from auditkit.subject import Subject
from auditkit.tally import LABEL, PREDICTION

CLASS = "class"  # a column of this name stands for the label that a measure speaks of
MACRO = ("macro_precision", "macro_recall", "macro_f1")
Shares = npt.NDArray[np.complex128]


@auditor(
    title="Performance by label (more than two)",
    needs=("label", "prediction"),
    measures=("precision", "recall", "f1", "roc_auc", *MACRO, *(f"{name}_difference" for name in MACRO)),
    public=True,
)
def multiclass(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
) -> Iterator[Measure | Evidence]:
    """How well each label is predicted against the rest, and on average over labels, overall and by group.

    Notes
    -----
    For label c: precision = n(c, c) / n predicted c, recall = n(c, c) / n labelled c, with Wilson intervals; F1 = 2 n(c, c)
    / (n labelled c + n predicted c) by the delta method; where the model gives probabilities, ROC AUC of the probability of c
    against the rest. Macro values are plain means over labels, each label counting the
    same however rare, by the delta method over all cells of the confusion matrix; gaps between groups carry pairwise MOVER
    bounds. In a policy, ``group: {class: …}`` names a label.

    Misleads when
    -------------
    A macro mean hides a label that is never found behind others that are; a rare label's row in it rests on few rows.

    References
    ----------
    .. [1] Opitz, Burst 2019, Macro F1 and Macro F1, arXiv:1911.03347
    """
    if subject.task != "multiclass":
        raise NotApplicable(
            f"the task is {subject.task}; performance.{'classification' if subject.labels else 'regression'} measures it"
        )
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)
    whole = group_cells(tally, (), [LABEL, PREDICTION])
    size = len(subject.labels)
    yield from _by_label(whole, subject, minimum)
    yield from _areas(subject, minimum)
    yield from (_macro(name, whole, 0, size, minimum) for name in MACRO)
    for by in subject.levels(depth) if subject.roles.sensitive else ():
        table = group_cells(tally, by, [LABEL, PREDICTION])
        rows = [int(n) for n in table.counts.sum(axis=(1, 2))]
        for name in MACRO:
            measures = [_macro(name, table, place, size, minimum) for place in range(len(table.groups))]
            yield from measures
            gap: Gap = "difference"
            yield gap_of(f"{name}_difference", gap, by, measures, rows)
            if name == "macro_f1":
                yield rates_evidence(
                    f"performance.multiclass.{'+'.join(by)}",
                    f"Macro F1 by {' and '.join(by)}",
                    "Mean over labels of F1 against the rest; 95 % intervals",
                    by,
                    measures,
                )


def _by_label(table: GroupCells, subject: Subject, minimum: Minimum) -> Iterator[Measure | Evidence]:
    size = len(subject.labels)
    direction: Direction = "higher"
    drawn = []
    for place, label in enumerate(subject.labels):
        group = Group.of({CLASS: label})
        labelled: list[Cell] = [(place, other) for other in range(size)]
        predicted: list[Cell] = [(other, place) for other in range(size)]
        for name, among in (("precision", predicted), ("recall", labelled)):
            rate = table.rate([(place, place)], among)[0]
            named = Rate(group, rate.successes, rate.denominator, rate.n, rate.effective, rate.clusters)
            measure = rate_measure(name, named, direction, minimum=Minimum(0, minimum.denominator))
            drawn += [measure] if name == "recall" else []
            yield measure
        either = list(dict.fromkeys([*labelled, *predicted]))
        one = GroupCells((group,), table.counts, table.weights, table.squares, table.buckets)
        yield smooth_measure(
            "f1",
            _f1_of(place, size),
            one,
            0,
            Minimum(0, minimum.denominator),
            [either],
            0.0,
            direction=direction,
            scale="logit",
        )
    yield rates_evidence(
        "performance.multiclass.labels", "Recall by label", "Share of each label found; 95 % intervals", (CLASS,), drawn
    )


def _areas(subject: Subject, minimum: Minimum) -> Iterator[Measure]:
    """Yield the ROC AUC of each label against the rest, where the model gives probabilities."""
    try:
        tallies = subject.class_scores()
    except NotApplicable:
        return
    for label, tally in zip(subject.labels, tallies, strict=True):
        for measure in score_measures(ScoreCells.of(tally, 0), minimum, probability=False):
            if measure.name == "roc_auc":
                yield replace(measure, group=Group.of({CLASS: label}))


def _f1_of(place: int, size: int) -> Callable[[Shares], complex]:
    def f1(shares: Shares) -> complex:
        square = shares.reshape(size, size)
        return complex(2 * square[place, place] / (square[place].sum() + square[:, place].sum()))

    return f1


def _macro(name: str, table: GroupCells, place: int, size: int, minimum: Minimum) -> Measure:
    def mean(shares: Shares) -> complex:
        square = shares.reshape(size, size)
        hits, labelled, predicted = np.diag(square), square.sum(axis=1), square.sum(axis=0)
        if name == "macro_precision":
            return complex(np.mean(hits / predicted))
        return complex(np.mean(hits / labelled if name == "macro_recall" else 2 * hits / (labelled + predicted)))

    rows = [[(label, other) for other in range(size)] for label in range(size)]
    columns = [[(other, label) for other in range(size)] for label in range(size)]
    either = [[*row, *column] for row, column in zip(rows, columns, strict=True)]
    needed = {"macro_precision": columns, "macro_recall": rows, "macro_f1": either}[name]
    return smooth_measure(name, mean, table, place, minimum, needed, 0.0, scale="logit")
