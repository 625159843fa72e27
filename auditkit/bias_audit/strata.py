"""Rates of groups within strata, and two groups compared over all rows and over the strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.errors import InsufficientData
from auditkit.finding import Group
from auditkit.group_rates import Rate, selection
from auditkit.stats.mantel_haenszel import Pooled, mantel_haenszel
from auditkit.stats.uncertainty import Comparison
from auditkit.subject import Subject

MOST_STRATA = 200
Table = dict[Group, dict[Group, Rate]]


def selection_within(subject: Subject, column: str, by: Sequence[str]) -> Table:
    """Return stratum → group of `column` → selection rate, strata in the order of their values.

    Raises
    ------
    InsufficientData
        If there are more than 200 strata.
    """
    table: Table = {}
    for rate in selection(subject.tally([*by, column]), (*by, column), subject.favorable):
        *stratum, own = rate.group.items
        table.setdefault(Group(tuple(stratum)), {})[Group((own,))] = replace(rate, group=Group((own,)))
    if len(table) > MOST_STRATA:
        raise InsufficientData(
            f"{' × '.join(by)} has {len(table):,} strata, at most {MOST_STRATA} are compared; bin it first"
        )
    return table


@dataclass(frozen=True, slots=True)
class Compared:
    """A group against another: the difference over all rows, the one pooled over strata, and strata by direction."""

    group: Group
    crude: Comparison
    pooled: Pooled | None
    higher: int
    lower: int

    @property
    def reversed(self) -> bool:
        """Whether the pooled difference points the other way (Simpson's paradox)."""
        return self.pooled is not None and self.crude.estimate * self.pooled.difference < 0


def compare(group: Group, against: Group, overall: Mapping[Group, Rate], table: Table) -> Compared:
    """Compare two groups, given their rates over all rows and within the strata."""
    pairs = [(groups[group], groups[against]) for groups in table.values() if group in groups and against in groups]
    pooled = mantel_haenszel(
        [one.successes for one, _ in pairs],
        [one.n for one, _ in pairs],
        [other.successes for _, other in pairs],
        [other.n for _, other in pairs],
    )
    signs = [one.successes * other.n - other.successes * one.n for one, other in pairs]
    crude = Comparison("difference", (overall[group].proportion, overall[against].proportion))
    return Compared(group, crude, pooled, sum(sign > 0 for sign in signs), sum(sign < 0 for sign in signs))
