"""What compares one group of a sensitive column with all other rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.finding import Cell, Column, Evidence, Group, Measure, MeasureStatus
from auditkit.group_cells import GroupCells, Minimum, Rate, group_cells
from auditkit.group_rates import Gap, two_sided
from auditkit.smooth_measures import smooth_measure
from auditkit.stats.facets import conditional_disparity
from auditkit.stats.uncertainty import Pair
from auditkit.subject import Subject
from auditkit.tally import Tally

Shares: TypeAlias = npt.NDArray[np.complex128]
_SPELLED = {
    "KL": "Kullback-Leibler divergence",
    "JS": "Jensen-Shannon divergence",
    "LP": "L2 distance of the label shares",
    "KS": "Kolmogorov-Smirnov distance",
}


def facets(table: GroupCells, place: int) -> GroupCells:
    """Return cells of shape (2, …): all other rows, then the group at `place`."""

    def split(cube: Any) -> Any:
        chosen = cube[place : place + 1]
        return np.concatenate([cube.sum(axis=0, keepdims=True) - chosen, chosen])

    everyone = GroupCells((Group(), table.groups[place]), table.counts, table.weights, table.squares, table.buckets)
    return everyone.mapped(split)


def joined(pair: GroupCells) -> GroupCells:
    """Return the cells of two facets as those of one group, the facet being the first key."""
    moved = None if pair.buckets is None else np.moveaxis(pair.buckets, 1, 0)[None]
    rest = [None if cube is None else cube[None] for cube in (pair.weights, pair.squares)]
    return GroupCells((pair.groups[1],), pair.counts[None], rest[0], rest[1], moved)


def rate_pair(name: str, gap: Gap, first: Rate, second: Rate, group: Group, minimum: Minimum) -> Measure:
    """Return first − second, or first ÷ second, with two-sided MOVER bounds; `group` is the facet it speaks of."""
    short = next((rate for rate in (first, second) if not rate.evaluable(minimum)), None)
    n = first.denominator + second.denominator
    if short is not None:
        which = "the group" if short.group == group else "the other rows"
        status: MeasureStatus = "undefined" if short.denominator == 0 else "insufficient"
        return nothing(name, gap, group, n, status, f"{which}: {short.shortage(minimum)}")
    if gap == "ratio" and second.proportion.lower(0.995) <= 0:
        return nothing(name, gap, group, n, "undefined", "undefined: the rate it divides by may be 0")
    uncertainty = Pair(gap, (first.proportion, second.proportion))
    return Measure(
        name=name,
        value=uncertainty.estimate,
        unit=gap,
        direction="none",
        group=group,
        n=n,
        interval=two_sided(uncertainty, "MOVER on Wilson limits"),
        uncertainty=uncertainty,
    )


def delta_measure(
    name: str,
    unit: str,
    function: Callable[[Shares], complex],
    table: GroupCells,
    minimum: Minimum,
    needed: Sequence[Sequence[tuple[int, ...]]],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Measure:
    """Return a function of the shares of `joined` cells, with an interval by the delta method."""
    shape = table.counts.shape[1:]
    found = smooth_measure(
        name,
        lambda shares: function(shares.reshape(shape)),
        table,
        0,
        minimum,
        needed,
        low,
        high=high,
        unit=unit,
        direction="none",
    )
    return replace(found, group=table.groups[0])


def within_strata(
    name: str, subject: Subject, tally: Tally, keys: tuple[str, str], group: Group, minimum: Minimum
) -> Measure:
    """Return the conditional disparity of a group in labels or predictions; `keys` are the stratum and that key."""
    column, place = group.columns[0], subject.labels.index(subject.favorable)
    cells = group_cells(tally, (), [keys[0], column, keys[1]])
    chosen = tally.axis(column).values.index(group.values[0])

    def collapsed(cube: Any) -> Any:
        favorable = cube[..., place]
        outcome = np.stack([cube.sum(axis=-1) - favorable, favorable], axis=-1)
        facet = outcome[..., chosen, :]
        return np.stack([outcome.sum(axis=-2) - facet, facet], axis=-2)

    table = cells.mapped(collapsed)
    named = GroupCells((group,), table.counts, table.weights, table.squares, table.buckets)
    sides = [[(s, side, y) for s in range(named.counts.shape[1]) for y in (0, 1)] for side in (0, 1)]
    return delta_measure(name, "difference", conditional_disparity, named, minimum, sides)


def nothing(name: str, unit: str, group: Group, n: int, status: MeasureStatus, reason: str) -> Measure:
    """Return a measure without a value."""
    return Measure(name=name, value=None, unit=unit, direction="none", group=group, n=n, status=status, reason=reason)


def facet_table(
    identifier: str,
    title: str,
    caption: str,
    table: GroupCells,
    names: Sequence[tuple[str, str]],
    measures: Sequence[Measure],
) -> Evidence:
    """Return one row per group of `table` and one column per measure, by its short name; the caption spells them out."""
    column = table.groups[0].columns[0]
    values = {(measure.group, measure.name): measure.value for measure in measures}
    sizes = table.counts.reshape(len(table.groups), -1).sum(axis=1).tolist()
    rows: list[tuple[Cell, ...]] = [
        (str(group), int(n), *(values.get((group, name)) for name, _ in names))
        for group, n in zip(table.groups, sizes, strict=True)
    ]
    spelled = "; ".join(f"{short}: {_SPELLED.get(short) or name.replace('_', ' ')}" for name, short in names)
    caption = f"{caption}. {spelled}"
    columns = (
        Column(column, role="label"),
        Column("n", "rows", "n"),
        *(Column(short, "", "value") for _, short in names),
    )
    return Evidence(
        id=identifier, kind="table", title=title, caption=caption, alt=title, columns=columns, rows=tuple(rows)
    )
