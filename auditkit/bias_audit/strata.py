"""Rates of groups within strata, and two groups compared over all rows and over the strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import InsufficientData
from auditkit.finding import Group, Measure
from auditkit.group_cells import GroupCells, Rate, group_cells, selection
from auditkit.group_rates import Minimum, two_sided
from auditkit.smooth_measures import smooth_measure
from auditkit.stats.mantel_haenszel import mantel_haenszel
from auditkit.stats.uncertainty import Normal, Pair
from auditkit.subject import Subject
from auditkit.tally import PREDICTION

MOST_STRATA = 200
Table = dict[Group, dict[Group, Rate]]
NAMES = (("pooled_difference", "difference"), ("pooled_ratio", "ratio"))


@dataclass(frozen=True, slots=True)
class Strata:
    """Selection rates by stratum and group, and the cells they come from.

    Attributes
    ----------
    rates : mapping of stratum to group to rate
    cells : GroupCells
        Groups are stratum and group together; keys: not selected, selected.
    weighted : bool
        Whether rows have weights or clusters.
    """

    rates: Table
    cells: GroupCells
    weighted: bool


def selection_within(subject: Subject, column: str, by: Sequence[str]) -> Strata:
    """Return selection rates of the groups of `column` within strata, in the order of their values.

    Raises
    ------
    InsufficientData
        If there are more than 200 strata.
    """
    tally = subject.tally([*by, column])
    table: Table = {}
    for rate in selection(tally, (*by, column), subject.favorable):
        *stratum, own = rate.group.items
        table.setdefault(Group(tuple(stratum)), {})[Group((own,))] = replace(rate, group=Group((own,)))
    if len(table) > MOST_STRATA:
        raise InsufficientData(
            f"{' × '.join(by)} has {len(table):,} strata, at most {MOST_STRATA} are compared; bin it first"
        )
    favorable = tally.axis(PREDICTION).values.index(subject.favorable)

    def selected(cube: Any) -> Any:
        hits = cube[..., favorable]
        return np.stack([cube.sum(axis=-1) - hits, hits], axis=-1)

    cells = group_cells(tally, (*by, column), [PREDICTION]).mapped(selected)
    return Strata(table, cells, subject.weighted)


@dataclass(frozen=True, slots=True)
class Compared:
    """A group against another: the difference over all rows, the one pooled over strata, and strata by direction."""

    group: Group
    crude: Pair
    difference: Measure
    ratio: Measure
    higher: int
    lower: int

    @property
    def reversed(self) -> bool:
        """Whether the pooled difference points the other way (Simpson's paradox)."""
        return self.difference.value is not None and self.crude.estimate * self.difference.value < 0


def compare(group: Group, against: Group, overall: Mapping[Group, Rate], strata: Strata) -> Compared:
    """Compare two groups, given their rates over all rows and within the strata."""
    both = [stratum for stratum, groups in strata.rates.items() if group in groups and against in groups]
    pairs = [(strata.rates[stratum][group], strata.rates[stratum][against]) for stratum in both]
    gaps = [one.proportion.estimate - other.proportion.estimate for one, other in pairs]
    crude = Pair("difference", (overall[group].proportion, overall[against].proportion))
    if strata.weighted and both:
        measures = _weighted(group, _paired(strata.cells, both, group, against))
    else:
        measures = _counted(group, pairs)
    return Compared(group, crude, *measures, sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps))


def _counted(group: Group, pairs: Sequence[tuple[Rate, Rate]]) -> tuple[Measure, Measure]:
    found = mantel_haenszel(
        [one.successes for one, _ in pairs],
        [one.n for one, _ in pairs],
        [other.successes for _, other in pairs],
        [other.n for _, other in pairs],
    )
    if found is None or found.difference_error == 0:
        lacking = "no stratum has rows of both groups" if found is None else "no variation within the strata"
        first, second = (_insufficient(name, unit, group, lacking) for name, unit in NAMES)
        return first, second
    difference = Normal(found.difference, found.difference_error, "identity", None, -1.0, 1.0)
    first = _measured(*NAMES[0], group, difference, found.n, "Mantel-Haenszel, Sato's variance")
    if found.ratio is None or not found.log_ratio_error:
        return first, _insufficient(*NAMES[1], group, "a group has no favourable decision in these strata")
    ratio = Normal(found.ratio, found.log_ratio_error, "log")
    return first, _measured(*NAMES[1], group, ratio, found.n, "Mantel-Haenszel, Greenland-Robins variance")


def _measured(name: str, unit: str, group: Group, uncertainty: Normal, n: int, method: str) -> Measure:
    return Measure(
        name=name,
        value=uncertainty.value,
        unit=unit,
        direction="none",
        group=group,
        n=n,
        interval=two_sided(uncertainty, method),
        uncertainty=uncertainty,
    )


def _insufficient(name: str, unit: str, group: Group, reason: str) -> Measure:
    return Measure(
        name=name, value=None, unit=unit, direction="none", group=group, status="insufficient", reason=reason
    )


# ------------------------------------------------------------------------------------------ rows with weights, clusters


def _paired(cells: GroupCells, strata: Sequence[Group], group: Group, against: Group) -> GroupCells:
    """Return the cells of two groups as one table, keys stratum × (group, against) × (not selected, selected)."""
    place = {found: index for index, found in enumerate(cells.groups)}
    picked = [[place[Group(stratum.items + who.items)] for who in (group, against)] for stratum in strata]

    def of(cube: Any) -> Any:
        return None if cube is None else cube[picked][None]

    # Buckets stand between the groups and the keys.
    buckets = None if cells.buckets is None else np.moveaxis(cells.buckets[picked], 2, 0)[None]
    return GroupCells((group,), of(cells.counts), of(cells.weights), of(cells.squares), buckets)


def _weighted(group: Group, table: GroupCells) -> tuple[Measure, Measure]:
    shape = table.counts.shape[1:]

    def parts(shares: npt.NDArray[np.complex128]) -> tuple[Any, ...]:
        cells = shares.reshape(shape)
        rows = cells.sum(axis=2)
        return cells[:, 0, 1], rows[:, 0], cells[:, 1, 1], rows[:, 1], rows.sum(axis=1)

    def difference(shares: npt.NDArray[np.complex128]) -> complex:
        hits, own, others_hits, others, n = parts(shares)
        return complex(((hits * others - others_hits * own) / n).sum() / (own * others / n).sum())

    def ratio(shares: npt.NDArray[np.complex128]) -> complex:
        hits, own, others_hits, others, n = parts(shares)
        return complex((hits * others / n).sum() / (others_hits * own / n).sum())

    none = Minimum(0, 0)
    strata = range(shape[0])
    rows = [[(s, g, d) for d in (0, 1)] for s in strata for g in (0, 1)]
    hits = [[(s, 1, 1) for s in strata]]
    first = smooth_measure(NAMES[0][0], difference, table, 0, none, rows, -1.0, unit="difference", direction="none")
    second = smooth_measure(NAMES[1][0], ratio, table, 0, none, hits, 0.0, high=None, unit="ratio", direction="none")
    return first, second
