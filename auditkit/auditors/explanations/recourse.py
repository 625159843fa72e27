"""Recourse: could those who are decided adversely change the decision, and is that dearer for some groups?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditkit.bias_audit.drawn import Drawn, Flags, Floats, groups_in
from auditkit.declare import auditor
from auditkit.errors import InsufficientData
from auditkit.explainers.reason_reference import favourable
from auditkit.explainers.recourse import Recourse, recourse_of, require_recourse
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import (
    MIN_GROUP_SIZE,
    Minimum,
    gap_measure,
    gap_of,
    rate_measure,
    rates_evidence,
    two_sided,
)
from auditkit.stats.uncertainty import Exact, Normal
from auditkit.subject import Subject
from auditkit.tally import scalar_key

ID = "explanations.recourse"
_FEWEST = 10  # rows for a mean move


@auditor(
    title="Recourse",
    needs=("model",),
    measures=(
        "share_without_recourse",
        "share_without_recourse_difference",
        "cost",
        "cost_difference",
        "not_searched",
    ),
)
def recourse(
    subject: Subject,
    *,
    rows: int = 500,
    pool: int = 10_000,
    model_rows: int = 400_000,
    seconds: float = 60.0,
    min_group_size: int = MIN_GROUP_SIZE,
) -> Iterator[Measure | Evidence]:
    """How many adverse decisions no permitted change was found to turn, and what the change costs the others, by group.

    Parameters
    ----------
    subject : Subject
        With a model, and with ``recourse`` stating what a person could change.
    rows : int
        Adverse test rows searched at most.
    pool : int
        Test rows among which these are sought.
    model_rows : int
        Rows that the model is asked for at most.
    seconds : float
        Of wall clock, after which the rows that remain are not searched.
    min_group_size : int
        Groups with fewer adverse rows (for a cost: fewer with recourse) are listed without a number.

    Notes
    -----
    Of each adverse row drawn the cheapest permitted change is sought that the model itself decides favourably:
    single columns at up to 8 values each way, then the combinations that these promise, then 384 combinations drawn
    at random and the moves around the nearest for rows that have none yet; what is found is taken back as far as the decision holds.
    share_without_recourse = rows for which none was found / rows searched. cost = Σ over changed columns of weight ×
    shift in mid-percentiles of the training rows (at most 10,000); a category without order counts 1/3, the mean shift between two persons
    drawn at random. 0 is no change, 1 from the bottom of one column to its top. Missing values are not changed, nothing goes beyond the
    training rows. Wilson intervals, and Student's t for costs, over the rows drawn; they know weights and
    clusters; model, permitted changes and search count as given. Differences: highest minus lowest group, pairwise MOVER.

    Misleads when
    -------------
    None found is not none: of the recourse that an exhaustive search finds on grids of 4 columns with pairwise interactions,
    up to 1 % went unfound over ten settings and 12 % in the hardest (a single tree); where a model gives decisions alone, up to
    2 % and 19 %. Groups for which the model is more intricate may lose more.
    Mean cost is over those with recourse only: a group whose hardest cases have none looks cheap, so read both together.
    Columns change one by one here, in life together; a change of the inputs need not be a change for the better, and the model may be another by then. Percentiles are
    a convention of what is equally hard, and the permitted changes are what somebody wrote down.

    References
    ----------
    .. [1] Ustun, Spangher, Liu 2019, Actionable Recourse in Linear Classification, doi:10.1145/3287560.3287566 (total percentile
       shift); Karimi et al. 2022, A Survey of Algorithmic Recourse, doi:10.1145/3527848
    """
    require_recourse(subject)
    drawn = subject.sample(pool)
    adverse = drawn[~favourable(subject, subject.predict(drawn))].head(rows).reset_index(drop=True)
    if len(adverse) < MIN_GROUP_SIZE:
        raise InsufficientData(
            f"{len(adverse):,} of {len(drawn):,} test rows have an adverse decision, at least {MIN_GROUP_SIZE} are needed"
        )
    found = recourse_of(subject, adverse, model_rows=model_rows, seconds=seconds)
    if found.searched.sum() < MIN_GROUP_SIZE:
        limit = f"{seconds:g} seconds" if found.cut == "clock" else f"{model_rows:,} model rows"
        raise InsufficientData(
            f"{int(found.searched.sum()):,} rows were searched within {limit}, at least {MIN_GROUP_SIZE} are needed; raise the limit"
        )
    groups = {column: groups_in(subject, adverse, column) for column in subject.roles.sensitive}
    told = _told(_Searched(found, Drawn.of(subject, adverse)), groups, min_group_size, len(drawn))
    # Where the clock has cut the search, another run gives other numbers.
    yield from (replace(item, volatile=found.cut == "clock") for item in told)


@dataclass(frozen=True, slots=True, eq=False)
class _Searched:
    """What was found, and the weights of the rows."""

    found: Recourse
    drawn: Drawn

    def without(self, group: Group, here: Flags, minimum: Minimum) -> Measure:
        """Return the share of rows of a group for which no way was found."""
        rate = self.drawn.rate(group, ~self.found.has_way, here & self.found.searched)
        return rate_measure("share_without_recourse", rate, "lower", minimum=minimum)

    def cost(self, group: Group, here: Flags, minimum: Minimum) -> Measure:
        """Return the mean cost of the rows of a group that have a way."""
        among = here & self.found.has_way
        empty = Measure(name="cost", value=0.0, unit="percentile shift", direction="lower", group=group)
        count = int(among.sum())
        if count < minimum.group_size:
            reason = f"{count:,} rows with recourse, at least {minimum.group_size} are needed"
            return replace(empty, value=None, status="insufficient", reason=reason, n=count)
        mean = self.drawn.mean(np.nan_to_num(self.found.cost), among)
        if mean.n == 0 or mean.error == 0:
            reason = (
                "the rows have no weight"
                if mean.n == 0
                else "all costs are the same; nothing tells how far the mean may be off"
            )
            return replace(empty, value=None, status="undefined", reason=f"undefined: {reason}", n=count)
        sure = Normal(mean.value, mean.error, "identity", mean.df, 0.0)
        how = "Student's t" if mean.clusters is None else "Student's t, jackknife over buckets of clusters"
        return replace(empty, value=mean.value, n=count, interval=two_sided(sure, how), uncertainty=sure)


def _told(
    searched: _Searched, groups: Mapping[str, Sequence[Scalar]], least: int, drawn: int
) -> Iterator[Measure | Evidence]:
    found, minimum = searched.found, Minimum(least, 1)
    everybody = np.ones(len(found.searched), dtype=np.bool_)
    yield searched.without(Group(), everybody, minimum)
    yield searched.cost(Group(), everybody, Minimum(MIN_GROUP_SIZE, 1))
    left = int((~found.searched).sum())
    none = Interval(left, left, None, "each", "exact", "counted")
    yield Measure(
        name="not_searched",
        value=left,
        unit="count",
        direction="lower",
        n=len(found.searched),
        interval=none,
        uncertainty=Exact(left),
    )
    for column, own in groups.items():
        yield from _by_group(searched, column, own, minimum, _scope(found, drawn))
    yield _changes(searched)
    yield _permitted(found)


def _by_group(
    searched: _Searched, column: str, own: Sequence[Scalar], minimum: Minimum, scope: str
) -> Iterator[Measure | Evidence]:
    values = sorted(set(own), key=scalar_key)
    here = [
        (Group.of({column: value}), np.array([other == value for other in own], dtype=np.bool_)) for value in values
    ]
    without = [searched.without(group, rows, minimum) for group, rows in here]
    costs = [searched.cost(group, rows, minimum) for group, rows in here]
    rates = [
        searched.drawn.rate(group, ~searched.found.has_way, rows & searched.found.searched) for group, rows in here
    ]
    yield from (*without, *costs)
    yield gap_measure(
        "share_without_recourse_difference", "difference", (column,), rates, worst_is="high", minimum=minimum
    )
    sizes = [int((rows & searched.found.has_way).sum()) for _, rows in here]
    yield gap_of("cost_difference", "difference", (column,), costs, sizes)
    yield rates_evidence(
        f"{ID}.without.{column}",
        f"Adverse decisions without recourse by {column}",
        f"Share of adverse rows for which no permitted change was found that turns the decision; {scope}; 95 % Wilson "
        "intervals. None found is not none.",
        (column,),
        without,
    )
    yield rates_evidence(
        f"{ID}.cost.{column}",
        f"Cost of recourse by {column}",
        f"Mean cost in percentile shifts of those with recourse alone; {scope}; 95 % intervals by Student's t. Where groups differ in "
        "the share without recourse, their means speak of differently selected people.",
        (column,),
        costs,
    )


def _scope(found: Recourse, drawn: int) -> str:
    done = int(found.searched.sum())
    said = f"{done:,} adverse of {drawn:,} test rows, {found.model_rows:,} rows asked of the model"
    if not found.cut:
        return said
    limit = "the clock" if found.cut == "clock" else "the limit of model rows"
    again = "; another run may search others" if found.cut == "clock" else ""
    return f"{said}; {limit} left {len(found.searched) - done:,} not searched{again}"


def _changes(searched: _Searched) -> Evidence:
    """Return which columns recourse changes, and how far on the mean where columns hold numbers."""
    found, rows = searched.found, list[tuple[Cell, ...]]()
    for place, axis in enumerate(found.axes):
        changed = found.changed[:, place]
        share = rate_measure("changed", searched.drawn.rate(Group(), changed, found.has_way), "none")
        ends = (share.interval.low, share.interval.high) if share.interval else (None, None)
        rows.append((axis.change.column, share.n, share.value, *ends, _mean_move(searched, place, changed)))
    rows.sort(key=lambda row: (-float(row[2] or 0.0), str(row[0])))
    return Evidence(
        id=f"{ID}.changes",
        kind="intervals",
        title="What recourse changes",
        caption=(
            "Share of the adverse rows with recourse whose cheapest change includes the column; 95 % Wilson intervals, each for "
            f"itself. Mean change: of numbers, where at least {_FEWEST} rows change it."
        ),
        alt=f"Share of recourse that changes each column: {'; '.join(str(row[0]) for row in rows[:6])}",
        columns=(
            Column("column", role="label"),
            Column("n", "rows", "n"),
            Column("changed", "rate", "value"),
            Column("low", "", "low"),
            Column("high", "", "high"),
            Column("mean change"),
        ),
        rows=tuple(rows),
    )


def _mean_move(searched: _Searched, place: int, changed: Flags) -> str:
    found = searched.found
    if not found.axes[place].change.numeric or changed.sum() < _FEWEST:
        return ""
    moves: Floats = np.where(changed, found.values[:, place] - found.own[:, place], 0.0)
    mean = searched.drawn.mean(moves, changed)
    return f"{mean.value:+,.4g}" if mean.n and math.isfinite(mean.value) else ""


def _permitted(found: Recourse) -> Evidence:
    return Evidence(
        id=f"{ID}.permitted",
        kind="table",
        title="Permitted changes",
        caption=(
            "As stated for this audit; every other column stays as it is. Percentiles and farthest values are those of the "
            f"{'training' if found.training == 'train' else 'test'} rows."
        ),
        alt="Columns that may change, how, and the weight of each change",
        columns=(Column("column", role="label"), Column("may change"), Column("cost weight", "", "value")),
        rows=tuple((axis.change.column, str(axis.change), axis.change.cost) for axis in found.axes),
    )
