"""What would it take? The accuracy that is left when the gap between groups is bounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.group_cells import MIN_GROUP_SIZE
from auditkit.group_rates import two_sided
from auditkit.halved_cuts import HalvedCuts, halved_cuts
from auditkit.reductions import retrained
from auditkit.stats.frontier import (
    Cuts,
    GapKind,
    accuracy_at,
    balanced_accuracy_at,
    best_cuts,
    gap_at,
)
from auditkit.stats.intervals import wilson_limits, z_quantile
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject

KINDS = {
    "demographic_parity": "selection rate",
    "equal_opportunity": "true positive rate",
    "equalized_odds": "true or false positive rate",
}
WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
_TRAINED = tuple(width for width in WIDTHS if width <= 0.1)
Row = tuple[Cell, ...]
CAUTION = (
    "Thresholds by group treat people by their group. That is forbidden in many places and decisions; this shows what a bound "
    "on the gap costs, and is no advice to use them"
)


@auditor(
    title="Frontier between accuracy and the gap",
    needs=("label", "score", "sensitive"),
    measures=("accuracy_cost",),
)
def frontier(
    subject: Subject,
    *,
    gap: str = "demographic_parity",
    allowed_gap: float = 0.05,
    min_group_size: int = MIN_GROUP_SIZE,
    retrain: bool = False,
) -> Iterator[Measure | Evidence]:
    """How much accuracy a bound on the gap between groups would cost, with thresholds by group or by training again.

    Notes
    -----
    Thresholds by group are chosen on one half of the rows (by keyed hash) to make most of them right while the gap in
    selection rate (or true positive rate, or both error rates, as `gap` says) is at most a bound, and are then measured on
    the other half: gap and accuracy with Wilson intervals. ``accuracy_cost`` is the accuracy of the model's own
    decisions (its threshold is stated, or the one that its decisions show; without one there is no cost) minus that of
    thresholds that allow a gap of `allowed_gap`, on the same rows, with a paired normal interval; 0 is neutral. Thresholds
    are deterministic; the table has their balanced accuracy too. With `retrain`, fairlearn's exponentiated gradient trains the estimator again on the
    training rows under the same constraint. Groups with fewer rows than needed in either half keep out of it. Rows count,
    weights do not.

    Misleads when
    -------------
    Thresholds by group treat people by their group, which the law of many places forbids: this informs, and is no advice.
    Labels are taken as true; where they are biased, so is the accuracy that seems to be lost.

    References
    ----------
    .. [1] Hardt, Price, Srebro 2016, arXiv:1610.02413;
       Agarwal et al. 2018, A Reductions Approach to Fair Classification, arXiv:1803.02453
    """
    if gap not in KINDS:
        raise ConfigurationError(f"gap: got {gap!r}, wanted one of {', '.join(KINDS)}")
    if subject.task != "binary":
        raise NotApplicable(f"the task is {subject.task}; thresholds on one score need two labels")
    kind = cast("GapKind", gap)
    if subject.roles.cluster:
        raise NotApplicable(
            f"rows come in clusters ({subject.roles.cluster!r}); the intervals here take rows for independent and would be too narrow"
        )
    for (column,) in subject.levels(1):
        found = halved_cuts(subject, column, min_group_size)
        if len(found.groups) < 2:
            yield _nothing(column, f"{len(found.groups)} group has {min_group_size} rows of both outcomes in each half")
            continue
        threshold = found.own_threshold(subject)
        start = None if threshold is None else [group.at(threshold) for group in found.judged]
        rows, allowed = _bounded(found, kind, allowed_gap)
        yield _priced(column, found.judged, start, allowed)
        again = retrained(subject, column, kind, _TRAINED, min_group_size) if retrain else []
        place = (
            found.place(kind)
            if start is None
            else (gap_at(found.judged, start, kind), accuracy_at(found.judged, start))
        )
        whose = (
            ""
            if start
            else ". The model's decisions are not one threshold on its score: its place is measured on all rows"
        )
        yield _drawing(column, kind, found, place, rows, again, f"{CAUTION}. {_who(found)}{whose}")
        yield _table(column, kind, rows, _who(found))


def _bounded(found: HalvedCuts, kind: GapKind, allowed: float) -> tuple[list[Row], list[int] | None]:
    """Return the table's row for each bound, and the cuts of the groups under the bound that is allowed."""
    chosen, judged = found.chosen, found.judged
    rows: list[Row] = []
    within: list[int] | None = None
    n, z = sum(group.n for group in judged), z_quantile(0.975)
    for width in sorted({*WIDTHS, allowed}):
        cuts = best_cuts(chosen, kind, width)
        if cuts is None:
            continue
        thresholds = [float(group.thresholds[cut]) for group, cut in zip(chosen, cuts, strict=True)]
        placed = [group.at(threshold) for group, threshold in zip(judged, thresholds, strict=True)]
        accuracy = accuracy_at(judged, placed)
        low, high = wilson_limits(accuracy, n, z)
        said = "; ".join(f"{name}: {_threshold(t)}" for name, t in zip(found.groups, thresholds, strict=True))
        balanced = balanced_accuracy_at(judged, placed)
        rows.append((f"{width:g}", gap_at(judged, placed, kind), accuracy, low, high, balanced, said))
        if width == allowed:
            within = placed
    return rows, within


def _threshold(value: float) -> str:
    return "nobody" if math.isinf(value) else f"{value:.3g}"


def _changed(groups: Sequence[Cuts], before: Sequence[int], after: Sequence[int]) -> tuple[int, int]:
    """Return rows that become right, and rows that become wrong, from some cuts to others."""
    gained = lost = 0
    for group, old, new in zip(groups, before, after, strict=True):
        hits, false = int(group.hits[new] - group.hits[old]), int(group.false[new] - group.false[old])
        gained += max(hits, 0) + max(-false, 0)
        lost += max(-hits, 0) + max(false, 0)
    return gained, lost


def _priced(column: str, judged: Sequence[Cuts], start: Sequence[int] | None, allowed: Sequence[int] | None) -> Measure:
    if allowed is None:
        return _nothing(column, "no thresholds keep the gap within the bound")
    if start is None:
        return _nothing(
            column, "the model's decisions are not one threshold on its score, so none can be set against them"
        )
    gained, lost = _changed(judged, start, allowed)
    n = sum(group.n for group in judged)
    value = (lost - gained) / n
    error = math.sqrt(max(1.0, gained + lost - (lost - gained) ** 2 / n)) / n
    uncertainty = Normal(value, error, "identity", None, -1.0, 1.0)
    return Measure(
        name="accuracy_cost",
        value=value,
        unit="difference",
        direction="lower",
        over=(column,),
        n=n,
        interval=two_sided(uncertainty, "paired normal, second half"),
        uncertainty=uncertainty,
    )


def _nothing(column: str, reason: str) -> Measure:
    return Measure(
        name="accuracy_cost",
        value=None,
        unit="difference",
        direction="lower",
        over=(column,),
        n=0,
        status="insufficient",
        reason=reason,
    )


def _drawing(
    column: str,
    kind: GapKind,
    found: HalvedCuts,
    place: tuple[float, float],
    rows: Sequence[Row],
    again: Sequence[tuple[float, float]],
    caption: str,
) -> Evidence:
    judged = found.judged
    points: list[Row] = [
        ("thresholds by group", row[1], row[2]) for row in sorted(rows, key=lambda row: float(str(row[1])))
    ]
    scores = np.unique(np.concatenate([group.thresholds[1:] for group in judged]))
    common = [[group.at(float(t)) for group in judged] for t in np.quantile(scores, np.linspace(0.02, 0.98, 33))]
    curve = sorted((gap_at(judged, cuts, kind), accuracy_at(judged, cuts)) for cuts in common)
    best = -1.0
    for gap, accuracy in curve:
        if accuracy > best:  # what no other common threshold beats in both
            best = accuracy
            points.append(("one threshold for all", gap, accuracy))
    points.append(("this model", *place))
    points += [("trained again", gap, accuracy) for gap, accuracy in again]
    return Evidence(
        id=f"fairness.frontier.{column}",
        kind="curve",
        title=f"Accuracy against the gap in {KINDS[kind]}, by {column}",
        caption=caption,
        alt="; ".join(f"{name}: gap {gap:.3f}, accuracy {accuracy:.3f}" for name, gap, accuracy in points[:12]),
        columns=(
            Column("how", role="label"),
            Column(f"gap in {KINDS[kind]}", "difference", "x"),
            Column("accuracy", "rate", "y"),
        ),
        rows=tuple(points),
    )


def _table(column: str, kind: GapKind, rows: Sequence[Row], who: str) -> Evidence:
    return Evidence(
        id=f"fairness.frontier.{column}.thresholds",
        kind="table",
        title=f"Thresholds by {column} under a bound on the gap",
        caption=f"Chosen on one half of the rows, measured on the other; the gap is in {KINDS[kind]}. {who}",
        alt="Table of bounds, gaps, accuracies and thresholds",
        columns=(
            Column("bound", role="label"),
            Column("gap measured", "difference", "value"),
            Column("accuracy", "rate", "value"),
            Column("from", "rate", "low"),
            Column("to", "rate", "high"),
            Column("balanced accuracy", "rate", "value"),
            Column("threshold of each group"),
        ),
        rows=tuple(rows),
    )


def _who(found: HalvedCuts) -> str:
    return f"{found.left_out} groups are too small to be in it" if found.left_out else "All groups are in it"
