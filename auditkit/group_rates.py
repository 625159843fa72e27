"""From rates by group to measures: their gaps and ratios, with bounds and the evidence rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from auditkit.finding import Column, Dataset, Direction, Evidence, Interval, Measure, MeasureStatus
from auditkit.group_cells import (
    DEFAULT_MINIMUM,
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Confusion,
    Minimum,
    Rate,
    base_rate,
    confusion,
    levels,
    selection,
)
from auditkit.stats.intervals import z_quantile
from auditkit.stats.planning import expected_gap, smallest_gap
from auditkit.stats.uncertainty import Extreme, Uncertainty, WorstPair

__all__ = [
    "DEFAULT_MINIMUM",
    "DEPTH",
    "LEVEL",
    "MIN_DENOMINATOR",
    "MIN_GROUP_SIZE",
    "Confusion",
    "Gap",
    "Minimum",
    "Rate",
    "base_rate",
    "confusion",
    "extreme_measure",
    "gap_measure",
    "gap_of",
    "levels",
    "rate_measure",
    "rates_evidence",
    "selection",
    "two_sided",
]
LEVEL = 0.95
Gap = Literal["difference", "ratio"]


def rate_measure(
    name: str,
    rate: Rate,
    direction: Direction,
    *,
    dataset: Dataset = "test",
    minimum: Minimum = DEFAULT_MINIMUM,
    unit: str = "rate",
) -> Measure:
    """Return a rate with its Wilson interval, or why there is none."""
    if rate.denominator == 0:
        reason = f"undefined: no row of {rate.group or 'the data'} is in the denominator"
        return Measure(
            name=name,
            value=None,
            unit=unit,
            direction=direction,
            dataset=dataset,
            group=rate.group,
            n=0,
            status="undefined",
            reason=reason,
        )
    if (rate.group and not rate.evaluable(minimum)) or not rate.enough(Minimum(0, 1)):
        reason = rate.shortage(minimum)
        return Measure(
            name=name,
            value=None,
            unit=unit,
            direction=direction,
            dataset=dataset,
            group=rate.group,
            n=rate.denominator,
            status="insufficient",
            reason=reason,
        )
    return Measure(
        name=name,
        value=rate.proportion.estimate,
        unit=unit,
        direction=direction,
        dataset=dataset,
        group=rate.group,
        n=rate.denominator,
        interval=two_sided(rate.proportion, wilson_of(rate)),
        uncertainty=rate.proportion,
    )


def wilson_of(rate: Rate) -> str:
    """Return the name of the interval of a rate."""
    if rate.clusters is not None:
        return "Wilson at the effective size, jackknife over buckets of clusters"
    return "Wilson" if rate.effective is None else "Wilson at the effective size of the weights"


def two_sided(uncertainty: Uncertainty, method: str, level: float = LEVEL) -> Interval:
    """Return the two-sided interval that is shown for one estimate."""
    low, high = uncertainty.limits(z_quantile(1 - (1 - level) / 2))
    return Interval(low, high, level, "two", "interval", method)


def gap_measure(
    name: str,
    gap: Gap,
    over: tuple[str, ...],
    rates: Sequence[Rate],
    *,
    worst_is: Literal["low", "high"] = "low",
    minimum: Minimum = DEFAULT_MINIMUM,
) -> Measure:
    """Return the largest difference or the smallest ratio of a rate over groups, with both groups named.

    ``difference`` = highest − lowest rate; ``ratio`` = lowest ÷ highest rate. The interval's ends are one-sided: the
    end on the violation side is simultaneous over all pairs of groups, the other is not corrected.
    """
    total = sum(rate.n for rate in rates)
    usable = [rate for rate in rates if rate.evaluable(minimum)]
    left_out = 1 - sum(rate.n for rate in usable) / total if total else 1.0
    if len(usable) < 2:
        reason = (
            f"{len(usable)} of {len(rates)} groups have the {minimum.group_size} rows and {minimum.denominator} in the "
            "denominator that a comparison needs"
        )
        return _nothing(name, gap, over, total, "insufficient", reason, left_out)
    lowest = min(usable, key=lambda rate: rate.proportion.estimate)
    highest = max(usable, key=lambda rate: rate.proportion.estimate)
    if gap == "ratio" and highest.proportion.estimate <= 0:
        return _nothing(name, gap, over, total, "undefined", "undefined: the rate is 0 in every group", left_out)
    pair = WorstPair(gap, tuple(rate.proportion for rate in usable))
    sizes = [max(1, round(rate.proportion.n)) for rate in usable]
    pooled = sum(rate.proportion.estimate * size for rate, size in zip(usable, sizes, strict=True)) / sum(sizes)
    worst, best = (lowest, highest) if worst_is == "low" else (highest, lowest)
    return Measure(
        name=name,
        unit=gap,
        direction=_direction(gap),
        over=over,
        value=pair.estimate,
        n=total,
        worst=worst.group,
        best=best.group,
        interval=Interval(
            pair.lower(LEVEL), pair.upper(LEVEL), LEVEL, "each", "interval", "pairwise MOVER on Wilson limits"
        ),
        uncertainty=pair,
        not_covered=left_out,
        expected=expected_gap(sizes, pooled, gap) if 0 < pooled < 1 else None,
        detectable=smallest_gap(sizes, pooled, gap),
    )


def gap_of(name: str, gap: Gap, over: tuple[str, ...], members: Sequence[Measure], rows: Sequence[int]) -> Measure:
    """Return the largest difference or smallest ratio over groups of any measure that has bounds of its own.

    Parameters
    ----------
    members : sequence of Measure
        One for each group; those without a value are left out and counted as not covered.
    rows : sequence of int
        Rows of each group.
    """
    total = sum(rows)
    usable = [member for member in members if member.value is not None and member.uncertainty is not None]
    covered = sum(n for member, n in zip(members, rows, strict=True) if member in usable)
    left_out = 1 - covered / total if total else 1.0
    if len(usable) < 2:
        reason = f"{len(usable)} of {len(members)} groups have enough rows for a comparison"
        return _nothing(name, gap, over, total, "insufficient", reason, left_out)
    lowest = min(usable, key=lambda member: member.value or 0.0)
    highest = max(usable, key=lambda member: member.value or 0.0)
    if gap == "ratio" and ((highest.value or 0) <= 0 or (lowest.value or 0) < 0):
        return _nothing(name, gap, over, total, "undefined", "undefined: no group is above 0", left_out)
    pair = WorstPair(gap, tuple(member.uncertainty for member in usable if member.uncertainty is not None))
    worst, best = (highest, lowest) if lowest.direction == "lower" else (lowest, highest)
    method = f"pairwise MOVER on each group's limits ({usable[0].interval.method if usable[0].interval else 'own'})"
    return Measure(
        name=name,
        unit=gap,
        direction=_direction(gap),
        over=over,
        value=pair.estimate,
        n=total,
        worst=worst.group,
        best=best.group,
        interval=Interval(pair.lower(LEVEL), pair.upper(LEVEL), LEVEL, "each", "interval", method),
        uncertainty=pair,
        not_covered=left_out,
    )


def extreme_measure(name: str, gap: Gap, members: Sequence[Measure]) -> Measure:
    """Return the larger gap (smaller ratio) of several rates over the same groups."""
    known = [member for member in members if member.value is not None and member.uncertainty is not None]
    left_out = max(member.not_covered for member in members)
    if len(known) < len(members):
        lacking = next(member for member in members if member.value is None)
        return _nothing(name, gap, members[0].over, lacking.n, lacking.status, lacking.reason, left_out)
    of: Literal["max", "min"] = "max" if gap == "difference" else "min"
    both = Extreme(of, tuple(member.uncertainty for member in known if member.uncertainty is not None))
    decisive = (max if of == "max" else min)(known, key=lambda member: member.value or 0.0)
    return Measure(
        name=name,
        unit=gap,
        direction=_direction(gap),
        over=members[0].over,
        value=both.estimate,
        n=decisive.n,
        worst=decisive.worst,
        best=decisive.best,
        interval=Interval(
            both.lower(LEVEL), both.upper(LEVEL), LEVEL, "each", "interval", "pairwise MOVER on Wilson limits"
        ),
        uncertainty=both,
        not_covered=left_out,
        expected=decisive.expected,
        detectable=decisive.detectable,
    )


def _nothing(
    name: str,
    gap: Gap,
    over: tuple[str, ...],
    n: int | None,
    status: MeasureStatus,
    reason: str | None,
    left_out: float,
) -> Measure:
    return Measure(
        name=name,
        value=None,
        unit=gap,
        direction=_direction(gap),
        over=over,
        n=n,
        status=status,
        reason=reason,
        not_covered=left_out,
    )


def _direction(gap: Gap) -> Direction:
    return "lower" if gap == "difference" else "higher"


def rates_evidence(
    identifier: str, title: str, caption: str, over: Sequence[str], measures: Sequence[Measure]
) -> Evidence:
    """Return the table behind a dot-and-whisker drawing: one row per group, highest first, insufficient ones last."""
    ordered = sorted(measures, key=lambda m: (m.value is None, -(m.value or 0.0), str(m.group)))
    rows = tuple(
        (
            str(measure.group),
            measure.n,
            measure.value,
            measure.interval.low if measure.interval else None,
            measure.interval.high if measure.interval else None,
            measure.reason,
        )
        for measure in ordered
    )
    columns = (
        Column(" × ".join(over) or "all", role="label"),
        Column("n", "rows", "n"),
        Column("value", measures[0].unit if measures else "rate", "value"),
        Column("low", "", "low"),
        Column("high", "", "high"),
        Column("reason"),
    )
    shown = "; ".join(f"{row[0] or 'all'} {row[2]:.3g}" for row in rows[:6] if isinstance(row[2], float))
    return Evidence(
        id=identifier,
        kind="intervals",
        title=title,
        caption=caption,
        alt=f"{title}. {shown}",
        columns=columns,
        rows=rows,
    )
