"""From a tally to rates by group, their gaps and ratios, with bounds and the evidence rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.finding import Column, Dataset, Direction, Evidence, Group, Interval, Measure, MeasureStatus, Scalar
from auditkit.stats.planning import expected_gap
from auditkit.stats.uncertainty import Extreme, Proportion, Uncertainty, WorstPair
from auditkit.tally import LABEL, PREDICTION, Counts, Tally

LEVEL = 0.95
MIN_GROUP_SIZE = 30
MIN_DENOMINATOR = 10
Gap = Literal["difference", "ratio"]


@dataclass(frozen=True, slots=True)
class Minimum:
    """The evidence that a group must have to be judged: rows, and rows in the measure's own denominator."""

    group_size: int = MIN_GROUP_SIZE
    denominator: int = MIN_DENOMINATOR


DEFAULT_MINIMUM = Minimum()


@dataclass(frozen=True, slots=True)
class Rate:
    """Successes over a denominator in one group, of which `n` rows there are in all."""

    group: Group
    successes: int
    denominator: int
    n: int

    def evaluable(self, minimum: Minimum) -> bool:
        """Whether the rows suffice to say anything; a denominator of 0 never does."""
        return self.n >= minimum.group_size and self.denominator >= max(1, minimum.denominator)

    @property
    def proportion(self) -> Proportion:
        """The rate with its Wilson limits."""
        return Proportion(self.successes, self.denominator)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by actually positive × predicted positive for each group; shape (groups, 2, 2)."""

    groups: tuple[Group, ...]
    cells: Counts

    def rate(self, successes: Sequence[tuple[int, int]], among: Sequence[tuple[int, int]]) -> list[Rate]:
        """Return the rate of some cells (actual, predicted) among others, by group."""
        total = self.cells.sum(axis=(1, 2))
        hits = sum((self.cells[:, a, p] for a, p in successes), np.zeros(len(total), dtype=np.int64))
        base = sum((self.cells[:, a, p] for a, p in among), np.zeros(len(total), dtype=np.int64))
        return [
            Rate(group, int(k), int(d), int(n)) for group, k, d, n in zip(self.groups, hits, base, total, strict=True)
        ]

    def true_positive_rate(self) -> list[Rate]:
        """Return TP / (TP + FN) by group."""
        return self.rate([(1, 1)], [(1, 0), (1, 1)])

    def false_positive_rate(self) -> list[Rate]:
        """Return FP / (FP + TN) by group."""
        return self.rate([(0, 1)], [(0, 0), (0, 1)])


def confusion(tally: Tally, by: Sequence[str], positive: Scalar) -> Confusion:
    """Collapse labels and predictions to positive and not."""
    if LABEL not in [axis.name for axis in tally.axes]:
        raise NotApplicable("no label column was named; pass label=")
    cube = tally.cube(by, [LABEL, PREDICTION])
    index = tally.axis(LABEL).values.index(positive)
    rest = [place for place in range(cube.shape[1]) if place != index]
    cells = np.empty((len(cube), 2, 2), dtype=np.int64)
    cells[:, 1, 1] = cube[:, index, index]
    cells[:, 1, 0] = cube[:, index, rest].sum(axis=1)
    cells[:, 0, 1] = cube[:, rest, index].sum(axis=1)
    cells[:, 0, 0] = cube[:, rest][:, :, rest].sum(axis=(1, 2))
    return Confusion(tuple(tally.groups(by)), cells)


def selection(tally: Tally, by: Sequence[str], favorable: Scalar) -> list[Rate]:
    """Return the share of rows that the model decides favourably, by group."""
    cube = tally.cube(by, [PREDICTION])
    index = tally.axis(PREDICTION).values.index(favorable)
    total = cube.sum(axis=1)
    return [
        Rate(group, int(k), int(n), int(n)) for group, k, n in zip(tally.groups(by), cube[:, index], total, strict=True)
    ]


def levels(sensitive: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield each sensitive column, then each pair of them.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    if not sensitive:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…]")
    yield from ((column,) for column in sensitive)
    yield from combinations(sensitive, 2)


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
    if rate.group and not rate.evaluable(minimum):
        reason = _shortage(rate, minimum)
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
        interval=two_sided(rate.proportion, "Wilson"),
        uncertainty=rate.proportion,
    )


def _shortage(rate: Rate, minimum: Minimum) -> str:
    if rate.n < minimum.group_size:
        return f"{rate.n:,} rows, at least {minimum.group_size} are needed"
    return f"{rate.denominator:,} rows in the denominator, at least {minimum.denominator} are needed"


def two_sided(uncertainty: Uncertainty, method: str, level: float = LEVEL) -> Interval:
    """Return the two-sided interval that is shown for one estimate."""
    one_sided = 1 - (1 - level) / 2
    return Interval(uncertainty.lower(one_sided), uncertainty.upper(one_sided), level, "two", "interval", method)


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
    if gap == "ratio" and highest.successes == 0:
        return _nothing(name, gap, over, total, "undefined", "undefined: the rate is 0 in every group", left_out)
    pair = WorstPair(gap, tuple(rate.proportion for rate in usable))
    sizes = [rate.denominator for rate in usable]
    pooled = sum(rate.successes for rate in usable) / sum(sizes)
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
