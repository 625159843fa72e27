"""One rate by group as a finding: the rates, their gap and ratio over groups, and each group against a reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from auditkit.errors import ConfigurationError
from auditkit.finding import Cell, Column, Direction, Evidence, Group, Measure, Scalar
from auditkit.group_cells import DEPTH, Minimum, Rate
from auditkit.group_rates import Gap, gap_measure, rate_measure, rates_evidence, two_sided
from auditkit.stats.uncertainty import Pair

Levels = Callable[[int], Iterable[tuple[str, ...]]]
Rates = Callable[[tuple[str, ...]], Sequence[Rate]]
RULES = ("largest", "best")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a rate is compared over groups.

    Attributes
    ----------
    finding : str
        Id of the auditor.
    name, title, caption : str
        Name of the rate's measure, and words for its table.
    direction : {'higher', 'lower', 'none'}
    worst_is : {'low', 'high'}
        Which end of the rate is the worse one for the group.
    minimum : Minimum
    depth : int
        Up to how many columns are combined.
    reference : str
        ``largest`` (the group with most rows) or ``best`` (the group at the better end).
    reference_group : mapping, optional
        A named reference; it wins over the rule where its columns are compared.
    """

    finding: str
    name: str
    title: str
    caption: str
    direction: Direction
    worst_is: Literal["low", "high"] = "low"
    minimum: Minimum = field(default_factory=Minimum)
    depth: int = DEPTH
    reference: str = "largest"
    reference_group: Mapping[str, Scalar] | None = None

    def __post_init__(self) -> None:
        if self.reference not in RULES:
            raise ConfigurationError(
                f"reference: got {self.reference!r}, wanted one of {', '.join(RULES)}, or reference_group: {{column: value}}"
            )


def compared(comparison: Comparison, levels: Levels, rates: Rates) -> Iterator[Measure | Evidence]:
    """Yield the overall rate; for each combination of columns the rates, their gap and ratio, and the reference table.

    `levels` gives the combinations up to a depth, as `Subject.levels` does.

    Raises
    ------
    NotApplicable
        If there is no sensitive column.
    """
    c = comparison
    yield rate_measure(c.name, rates(())[0], c.direction)
    for over in levels(c.depth):
        found = rates(over)
        measures = [rate_measure(c.name, rate, c.direction, minimum=c.minimum) for rate in found]
        yield from measures
        gaps: tuple[Gap, Gap] = ("difference", "ratio")
        for gap in gaps:
            yield gap_measure(gap, gap, over, found, worst_is=c.worst_is, minimum=c.minimum)
        place = f"{c.finding}.{'+'.join(over)}"
        yield rates_evidence(place, f"{c.title} by {' and '.join(over)}", c.caption, over, measures)
        yield from against_reference(c, over, found)


def against_reference(
    comparison: Comparison, over: tuple[str, ...], rates: Sequence[Rate]
) -> Iterator[Measure | Evidence]:
    """Yield each group's difference from, and ratio to, the reference group, and a table that names the rule."""
    c = comparison
    usable = [rate for rate in rates if rate.evaluable(c.minimum)]
    reference, rule = _reference(c, over, usable)
    if reference is None:
        return
    measures: list[Measure] = []
    for rate in usable:
        if rate.group != reference.group:
            measures += [_against("difference", rate, reference), *_ratio(rate, reference)]
    yield from measures
    yield _table(c, over, usable, reference, rule, measures)


def _reference(c: Comparison, over: tuple[str, ...], usable: Sequence[Rate]) -> tuple[Rate | None, str]:
    known = [rate for rate in usable if None not in rate.group.values]
    if len(usable) < 2 or not known:
        return None, ""
    if c.reference_group is not None and set(over) <= set(c.reference_group):
        wanted = Group.of({column: c.reference_group[column] for column in over})
        named = next((rate for rate in known if rate.group == wanted), None)
        return named, "named in the options"
    if c.reference == "best":
        end = max if c.worst_is == "low" else min
        return end(known, key=lambda rate: rate.proportion.estimate), "the group at the better end"
    return max(known, key=lambda rate: rate.n), "the largest group"


def _against(gap: Gap, rate: Rate, reference: Rate) -> Measure:
    uncertainty = Pair(gap, (rate.proportion, reference.proportion))
    return Measure(
        name=f"{gap}_to_reference",
        value=uncertainty.estimate,
        unit=gap,
        direction="none",
        group=rate.group,
        best=reference.group,
        n=rate.denominator,
        interval=two_sided(uncertainty, "MOVER on Wilson limits"),
        uncertainty=uncertainty,
    )


def _ratio(rate: Rate, reference: Rate) -> Iterator[Measure]:
    if reference.proportion.lower(0.995) > 0:  # else the ratio has no upper bound
        yield _against("ratio", rate, reference)


def _table(
    c: Comparison,
    over: tuple[str, ...],
    usable: Sequence[Rate],
    reference: Rate,
    rule: str,
    measures: Sequence[Measure],
) -> Evidence:
    found = {(measure.group, measure.unit): measure for measure in measures}
    rows: list[tuple[Cell, ...]] = []
    for rate in sorted(usable, key=lambda rate: -rate.proportion.estimate):
        cells: list[Cell] = [str(rate.group), rate.n, rate.proportion.estimate]
        for unit in ("difference", "ratio"):
            measure = found.get((rate.group, unit))
            shown = measure.interval if measure else None
            cells += [measure.value if measure else None, shown.low if shown else None, shown.high if shown else None]
        rows.append(tuple(cells))
    return Evidence(
        id=f"{c.finding}.{'+'.join(over)}.reference",
        kind="table",
        title=f"{c.title}: each group against {reference.group}",
        caption=(
            f"Reference: {reference.group}, {rule}; another reference gives other numbers. 95 % intervals by MOVER, each "
            "for itself; the rules of a policy correct for the number of groups"
        ),
        alt=f"Table of {c.title.lower()} in each group, with difference from and ratio to {reference.group}",
        columns=(
            Column(" × ".join(over), role="label"),
            Column("n", "rows", "n"),
            Column(c.title, "rate", "value"),
            Column("difference", "difference", "value"),
            Column("from", "difference", "low"),
            Column("to", "difference", "high"),
            Column("ratio", "ratio", "value"),
            Column("from", "ratio", "low"),
            Column("to", "ratio", "high"),
        ),
        rows=tuple(rows),
    )
