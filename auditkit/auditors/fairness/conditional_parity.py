"""Conditional parity: is the favourable decision equally frequent in all groups among comparable people?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auditkit.bias_audit.strata import Compared, Table, compare, selection_within
from auditkit.declare import auditor
from auditkit.errors import ON_REQUEST, ConfigurationError, DataError, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Measure
from auditkit.group_cells import group_cells
from auditkit.group_rates import (
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Gap,
    Minimum,
    Rate,
    extreme_measure,
    gap_measure,
    selection,
)
from auditkit.subject import Subject
from auditkit.tally import PREDICTION

ID = "fairness.conditional_parity"


@auditor(
    title="Conditional parity",
    needs=("prediction", "sensitive"),
    measures=("difference", "ratio", "pooled_difference", "pooled_ratio"),
)
def conditional_parity(
    subject: Subject,
    *,
    strata: list[str] | None = None,
    reference: dict[str, object] | None = None,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
) -> Iterator[Measure | Evidence]:
    """How far groups are apart in selection rate within strata, such as departments, and pooled over them.

    Parameters
    ----------
    subject : Subject
    strata : list of str
        The columns whose combined values make people comparable. Without them the auditor does not run.
    reference : mapping of column to group, optional
        The group that others are compared with in the pooled figures; default the largest.
    min_group_size, min_denominator : int
        Groups with fewer rows in a stratum do not enter its gap; pooled figures use all rows.

    Notes
    -----
    Within a stratum, difference = highest minus lowest P(decision favourable | group, stratum); the measure is the
    largest over the strata (0: the same in each), ratio the smallest. pooled_difference and pooled_ratio of a group against
    the reference are those of Mantel and Haenszel, weights n1 n2 / n in each stratum; 0 and 1 mean the same. Intervals:
    pairwise MOVER for gaps, the error shared among strata; Sato's variance for the difference, Greenland and Robins' for
    the ratio, the delta method or a jackknife where rows have weights or clusters. Where the pooled difference points the other way than that over all rows (Simpson's paradox), the table
    says so.

    Misleads when
    -------------
    A stratum is itself a result of unequal treatment: comparing within it hides that treatment. Strata point in different
    directions: a pooled number then describes none of them. What is not among the strata is not held equal.

    References
    ----------
    .. [1] Mantel, Haenszel 1959, doi:10.1093/jnci/22.4.719; Bickel, Hammel, O'Connell 1975,
       doi:10.1126/science.187.4175.398; Greenland, Robins 1985, doi:10.2307/2530643; Sato 1989, doi:10.2307/2531784
    """
    by = _columns(strata or [], subject)
    minimum = Minimum(min_group_size, min_denominator)
    for column in subject.roles.sensitive:
        if column in by:
            continue
        found = selection_within(subject, column, by)
        yield from _worst_gaps(found.rates, column, minimum)
        yield _by_stratum(found.rates, column, by, minimum)
        tally = subject.tally([column])
        overall = {rate.group: rate for rate in selection(tally, (column,), subject.favorable)}
        cells = group_cells(tally, (column,), [PREDICTION])
        rows = (cells.counts if cells.weights is None else cells.weights).sum(axis=1)
        against = _reference(dict(zip(cells.groups, rows.tolist(), strict=True)), column, dict(reference or {}))
        compared = [compare(group, against, overall, found) for group in overall if group != against]
        for item in compared:
            yield from (item.difference, item.ratio)
        yield _summary(compared, against, column, by)


def _columns(strata: Sequence[str], subject: Subject) -> tuple[str, ...]:
    if not strata:
        raise NotApplicable(f"{ON_REQUEST}: no strata were named; pass options {{{ID}: {{strata: [column, …]}}}}")
    if not [column for column in subject.roles.sensitive if column not in strata]:
        raise NotApplicable("no sensitive column is left to compare within the strata; pass sensitive=[…]")
    return tuple(dict.fromkeys(strata))


# ------------------------------------------------------------------------------------------------- within the strata


def _worst_gaps(table: Table, column: str, minimum: Minimum) -> Iterator[Measure]:
    """Yield the largest difference and the smallest ratio within a stratum, both groups named with their stratum."""
    total = sum(rate.n for groups in table.values() for rate in groups.values())
    gaps: tuple[Gap, Gap] = ("difference", "ratio")
    for gap in gaps:
        found = [_gap(gap, column, stratum, groups, minimum) for stratum, groups in table.items()]
        known = [measure for measure in found if measure.value is not None]
        covered = sum((measure.n or 0) * (1 - measure.not_covered) for measure in known)
        if not known:
            yield replace(
                found[0], n=total, not_covered=1.0, reason=f"no stratum has two groups to compare: {found[0].reason}"
            )
        else:
            worst = extreme_measure(gap, gap, known)
            yield replace(worst, n=total, not_covered=1 - covered / total if total else 1.0)


def _gap(gap: Gap, column: str, stratum: Group, groups: dict[Group, Rate], minimum: Minimum) -> Measure:
    measure = gap_measure(gap, gap, (column,), list(groups.values()), minimum=minimum)
    if measure.worst is None or measure.best is None:
        return measure
    return replace(
        measure, worst=Group(measure.worst.items + stratum.items), best=Group(measure.best.items + stratum.items)
    )


def _by_stratum(table: Table, column: str, by: tuple[str, ...], minimum: Minimum) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for stratum, groups in table.items():
        usable = [rate for rate in groups.values() if rate.evaluable(minimum)]
        ordered = sorted(usable, key=lambda rate: rate.proportion.estimate)
        n = sum(rate.n for rate in groups.values())
        if len(ordered) < 2:
            rows.append((str(stratum), n, None, None, None, None, None))
            continue
        low, high = ordered[0], ordered[-1]
        gap = high.proportion.estimate - low.proportion.estimate
        rows.append(
            (str(stratum), n, str(high.group), high.proportion.estimate, str(low.group), low.proportion.estimate, gap)
        )
    return Evidence(
        id=f"{ID}.strata.{column}",
        kind="table",
        title=f"Selection rate by {column} in each {' and '.join(by)}",
        caption="In each stratum the group selected most often and the one selected least often; empty where fewer than two groups have enough rows.",
        alt=f"Highest and lowest selection rate over {column} in each stratum",
        columns=(
            Column(" × ".join(by), role="label"),
            Column("n", "count", "n"),
            Column("Highest"),
            Column("Rate", "rate", "value"),
            Column("Lowest"),
            Column("Rate of lowest", "rate", "value"),
            Column("Gap", "difference", "value"),
        ),
        rows=tuple(rows),
    )


# -------------------------------------------------------------------------------------------------- over the strata


def _reference(rows: dict[Group, float], column: str, named: dict[str, object]) -> Group:
    if column in named:
        found = next((group for group in rows if group.values == (named[column],)), None)
        if found is None:
            raise ConfigurationError(f"option 'reference' of {ID}: {named[column]!r} does not occur in {column!r}")
        return found
    known = [group for group in rows if None not in group.values]
    if not known:
        raise DataError(f"column {column!r} has only missing values; nothing can be compared")
    return max(known, key=lambda group: rows[group])


def _summary(compared: Sequence[Compared], against: Group, column: str, by: tuple[str, ...]) -> Evidence:
    turned = [str(item.group) for item in compared if item.reversed]
    within = " and ".join(by)
    caption = (
        f"Selection rate minus that of {against}: over all rows, and pooled over the strata of {within} (Mantel-Haenszel) "
        f"with its 95 % interval. Higher, lower: strata in which the group is selected more, less often than {against}."
    )
    if turned:
        caption += (
            f" The direction reverses for {', '.join(turned)}: what holds over all rows does not hold among people of the "
            f"same {within} (Simpson's paradox)."
        )
    return Evidence(
        id=f"{ID}.pooled.{column}",
        kind="table",
        title=f"Selection rate by {column} within {within}: the direction reverses"
        if turned
        else f"Selection rate by {column}, over all rows and within {within}",
        caption=caption,
        alt=f"Difference in selection rate from {against}, over all rows and within strata",
        columns=(
            Column(column, role="label"),
            Column("Over all rows", "difference", "value"),
            Column("Within strata", "difference", "value"),
            Column("Low", "difference", "low"),
            Column("High", "difference", "high"),
            Column("Ratio within", "ratio", "value"),
            Column("Higher in", "count", "count"),
            Column("Lower in", "count", "count"),
            Column("Reading"),
        ),
        rows=tuple(_row(item) for item in compared),
    )


def _row(item: Compared) -> tuple[Cell, ...]:
    shown, pooled = item.difference.interval, item.difference.value
    if pooled is None or shown is None:
        reason = item.difference.reason
        return (str(item.group), item.crude.estimate, None, None, None, None, item.higher, item.lower, reason)
    sure = "" if shown.low > 0 or shown.high < 0 else "; its interval contains 0"
    reading = "direction reverses" if item.reversed else "same direction"
    if pooled == 0 or item.crude.estimate == 0:
        reading = "no difference"
    return (
        str(item.group),
        item.crude.estimate,
        pooled,
        shown.low,
        shown.high,
        item.ratio.value,
        item.higher,
        item.lower,
        reading + sure,
    )
