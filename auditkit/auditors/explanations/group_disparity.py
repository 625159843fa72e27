"""Which columns carry the gap in the model's output between two groups."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from auditkit.bias_audit.drawn import groups_in
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.explainers.explained import Explained, explain_rows, require_explainable
from auditkit.finding import Cell, Column, Direction, Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import gap_of, two_sided
from auditkit.stats.attribution_gaps import Differences, differences
from auditkit.stats.uncertainty import Exact, Normal
from auditkit.subject import Subject
from auditkit.tally import scalar_key

_ID = "explanations.group_disparity"
_LEVEL = 0.95


@auditor(
    title="What carries the gap between groups",
    needs=("model", "sensitive"),
    measures=("output", "output_gap", "direct_contribution"),
)
def group_disparity(
    subject: Subject,
    *,
    rows: int = 500,
    fewest: int = 50,
    pool: int = 50_000,
    background: int = 2000,
    budget: int = 200_000,
) -> Iterator[Measure | Evidence]:
    """Which columns carry the gap in the model's output between two groups, and whose explanations are larger.

    Parameters
    ----------
    subject : Subject
        With a model and sensitive columns.
    rows : int
        Test rows explained of each group, as many of one as of another where there are as many.
    fewest : int
        Groups with fewer rows are listed and left out.
    pool : int
        Test rows drawn, out of which each group's rows are taken.
    background, budget : int
        As in feature importance.

    Notes
    -----
    Each group's mean output = base + Σ of its mean φ, so the gap in mean output between two groups = Σ over columns of the
    difference in mean φ: a column's part of the gap. output_gap is the largest gap between any two groups (bounds
    simultaneous over pairs); the parts shown are those of that pair. direct_contribution is the part of the sensitive
    column itself, 0 where the model does not read it; its bounds, from 95 % upwards, count that the pair was picked. Mean abs(φ) says for whom a column matters more. Intervals
    (Welch) count the sampling of rows of both groups and of the background, and hold at once for all columns and pairs
    (Bonferroni).

    Misleads when
    -------------
    In log-odds it is the gap in log-odds that is split, not that in rates. A column's part may itself come from the
    sensitive attribute, which the column stands for; a part is no cause, and no justification.

    References
    ----------
    .. [1] Lundberg 2020, Explaining Quantitative Measures of Fairness; Begley et al. 2020, arXiv:2010.07389
    """
    require_explainable(subject)
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…]")
    if fewest < 2 or rows < fewest:
        wanted = "'fewest' of at least 2, and 'rows' of at least as many"
        raise ConfigurationError(f"options of {_ID}: got rows {rows} and fewest {fewest}, wanted {wanted}")
    frame = subject.sample(pool)
    chosen = [one for column in subject.roles.sensitive if (one := _chosen(subject, frame, column, rows, fewest))]
    if not chosen:
        raise InsufficientData(f"no sensitive column has two groups of at least {fewest} test rows")
    taken = _in_turn([found for one in chosen for found in one.places.values()])
    given = explain_rows(subject, frame.iloc[taken], background=background, budget=budget, by_part=True)
    reached = taken[: len(given.frame)]
    for one in chosen:
        yield from _of_column(subject, one, given, reached, fewest)


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """A sensitive column, the rows taken of each group of it, and the rows that each of its groups has."""

    column: str
    places: dict[Scalar, npt.NDArray[np.int64]]
    sizes: dict[Scalar, int]


def _chosen(subject: Subject, frame: Any, column: str, rows: int, fewest: int) -> _Chosen | None:
    """Return the first rows of each group that is large enough; None if there are not two."""
    own = np.empty(len(frame), dtype=object)
    own[:] = groups_in(subject, frame, column)
    places = {value: np.flatnonzero([one == value for one in own]) for value in sorted({*own.tolist()}, key=scalar_key)}
    large = {value: found[:rows] for value, found in places.items() if len(found) >= fewest}
    return _Chosen(column, large, {value: len(found) for value, found in places.items()}) if len(large) > 1 else None


def _in_turn(places: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Return rows of all groups in turn, each once: where a budget cuts them short, it does so for all groups alike."""
    ranks = np.concatenate([np.arange(len(found)) for found in places])
    ordered = np.concatenate(places)[np.argsort(ranks, kind="stable")]
    return ordered[np.sort(np.unique(ordered, return_index=True)[1])]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The explained rows of one group."""

    group: Group
    values: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]
    output: npt.NDArray[np.float64]
    by_part: npt.NDArray[np.float64] | None


def _parts(chosen: _Chosen, given: Explained, reached: npt.NDArray[np.int64]) -> list[_Part]:
    found = given.attributions
    made = []
    for value, places in chosen.places.items():
        here = np.isin(reached, places)
        by_part = None if found.by_part is None else found.by_part[:, here[: found.by_part.shape[1]]]
        group = Group.of({chosen.column: value})
        made.append(_Part(group, found.values[here], found.sizes[here], found.output[here], by_part))
    return made


def _of_column(
    subject: Subject, chosen: _Chosen, given: Explained, reached: npt.NDArray[np.int64], fewest: int
) -> Iterator[Measure | Evidence]:
    column = chosen.column
    parts = [part for part in _parts(chosen, given, reached) if len(part.output) >= fewest]
    if len(parts) < 2:
        raise InsufficientData(f"the budget explains fewer than {fewest} rows of each group of {column}; raise budget")
    units = given.certificate.units
    means = [_mean(part, units, subject) for part in parts]
    yield from means
    gap = gap_of("output_gap", "difference", (column,), means, [len(part.output) for part in parts])
    yield replace(gap, unit=units, direction="lower")
    high = max(range(len(parts)), key=lambda place: _level(parts[place].output))
    low = min(range(len(parts)), key=lambda place: _level(parts[place].output))
    pair = (parts[high], parts[low])
    by_part = None
    if pair[0].by_part is not None and pair[1].by_part is not None:
        by_part = (pair[0].by_part.mean(axis=1), pair[1].by_part.mean(axis=1))
    carried = differences(pair[0].values, pair[1].values, by_part)
    yield _direct(column, given, carried, sum(len(part.output) for part in pair), math.comb(len(parts), 2))
    comparisons = len(given.features) * math.comb(len(parts), 2)
    left_out = [
        f"{'(missing)' if value is None else value} ({n:,} rows)" for value, n in chosen.sizes.items() if n < fewest
    ]
    note = f" Left out, fewer than {fewest} rows: {', '.join(left_out)}." if left_out else ""
    yield _carried(column, given, pair, carried, comparisons, note)
    size_parts = None
    if pair[0].by_part is not None and pair[1].by_part is not None:
        size_parts = (np.abs(pair[0].by_part).mean(axis=1), np.abs(pair[1].by_part).mean(axis=1))
    yield _larger(column, given, pair, differences(pair[0].sizes, pair[1].sizes, size_parts), comparisons)


def _level(output: npt.NDArray[np.float64]) -> float:
    """Return the mean; where all are the same, that number itself, as a mean of it is off by rounding, and so a gap of means."""
    return float(output[0]) if np.ptp(output) == 0 else float(output.mean())


def _mean(part: _Part, units: str, subject: Subject) -> Measure:
    n, mean = len(part.output), _level(part.output)
    spread = float(part.output.std(ddof=1)) if np.ptp(part.output) > 0 else 0.0
    uncertainty = Normal(mean, spread / math.sqrt(n), "identity", n - 1.0)
    better: Direction = "higher" if subject.positive == subject.favorable else "lower"
    if subject.task == "regression":
        better = "none"
    return Measure(
        name="output",
        value=mean,
        unit=units,
        direction=better,
        group=part.group,
        n=n,
        interval=two_sided(uncertainty, "Student's t"),
        uncertainty=uncertainty,
    )


def _direct(column: str, given: Explained, carried: Differences, n: int, pairs: int) -> Measure:
    base = Measure(
        name="direct_contribution", value=0.0, unit=given.certificate.units, direction="none", over=(column,), n=n
    )
    if column not in given.features:
        exact = Interval(0.0, 0.0, None, "each", "exact", "the model does not read the column")
        return replace(base, interval=exact, uncertainty=Exact(0.0))
    place = given.features.index(column)
    freedom = float(carried.freedom[place])
    # the pair was picked: at 95 %, one-sided, the bounds are those of so many pairs at once, and wider than that above
    picked = float(stdtrit(freedom, 1 - (1 - _LEVEL) / pairs) / stdtrit(freedom, _LEVEL))
    uncertainty = Normal(float(carried.value[place]), picked * float(carried.error[place]), "identity", freedom)
    method = "Welch" if pairs == 1 else f"Welch, for the pair picked out of {pairs}"
    return replace(base, value=uncertainty.value, interval=two_sided(uncertainty, method), uncertainty=uncertainty)


def _rows(given: Explained, found: Differences, n: int, comparisons: int) -> tuple[tuple[Cell, ...], ...]:
    half = found.half_width(_LEVEL, comparisons)
    order = sorted(range(len(found.value)), key=lambda place: (-abs(found.value[place]), given.features[place]))
    return tuple(
        (
            given.features[place],
            n,
            float(found.value[place]),
            float(found.value[place] - half[place]),
            float(found.value[place] + half[place]),
        )
        for place in order
    )


def _columns(name: str, units: str) -> tuple[Column, ...]:
    return (
        Column("column", role="label"),
        Column("rows", "rows", "n"),
        Column(name, units, "value"),
        Column("low", units, "low"),
        Column("high", units, "high"),
    )


def _carried(
    column: str, given: Explained, pair: tuple[_Part, _Part], carried: Differences, comparisons: int, note: str
) -> Evidence:
    units = given.certificate.units
    gap = _level(pair[0].output) - _level(pair[1].output)
    residual = gap - float(carried.value.sum())
    first, second = (str(part.group) for part in pair)
    return Evidence(
        id=f"{_ID}.carried.{column}",
        kind="intervals",
        title=f"What carries the gap by {column}",
        caption=(
            f"{first} less {second}, difference in mean φ ({units}). Together {float(carried.value.sum()):.3g} of a gap of "
            f"{gap:.3g} in mean output, residual {residual:.1g}. 95 % intervals hold at once for {comparisons} comparisons; "
            f"{given.certificate}.{note}"
        ),
        alt=f"Parts of the gap by {column}, largest first: {', '.join(given.features[p] for p in np.argsort(-np.abs(carried.value))[:5].tolist())}",
        columns=_columns("difference in mean φ", units),
        rows=_rows(given, carried, sum(len(part.output) for part in pair), comparisons),
    )


def _larger(column: str, given: Explained, pair: tuple[_Part, _Part], found: Differences, comparisons: int) -> Evidence:
    first, second = (str(part.group) for part in pair)
    return Evidence(
        id=f"{_ID}.sizes.{column}",
        kind="intervals",
        title=f"For whom columns matter more, by {column}",
        caption=(
            f"{first} less {second}, difference in mean abs(φ) ({given.certificate.units}): above 0 the column moves the output of "
            f"the first group more. 95 % intervals hold at once for {comparisons} comparisons."
        ),
        alt=f"Difference in mean size of shares by {column}",
        columns=_columns("difference in mean abs(φ)", given.certificate.units),
        rows=_rows(given, found, sum(len(part.output) for part in pair), comparisons),
    )
