"""How many values are missing, and from whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure, Scalar
from auditkit.stats.uncertainty import Exact, Proportion, WorstPair
from auditkit.subject import Subject

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
LEAST_GROUPS = 2
Flags = npt.NDArray[np.bool_]


@auditor(title="Missing values", measures=("share_missing", "gap"))
def missing_values(subject: Subject, *, min_group_size: int = 30) -> Iterable[Measure | Evidence]:
    r"""Share of missing values by column, and the largest difference between groups in rows that lack any feature.

    Parameters
    ----------
    subject : Subject
        Its features, sensitive columns and label are searched, in the test table.
    min_group_size : int
        Smaller groups are listed, but do not enter the gap.

    Notes
    -----
    share_missing = missing cells / all cells of those columns, an exact count. For each sensitive column, gap = the
    largest minus the smallest share of rows with at least one missing feature over its groups with at least 30 rows;
    0 means that values are missing equally often. Its bounds come from Wilson's limits by MOVER. A table says the same of
    each column that lacks values, with bounds that hold for all of its columns at once (Bonferroni).

    Misleads when
    -------------
    Missing values are written as text ("?", "unknown", -1): name them in na_values, else they count as values. A gap
    says nothing of why values are missing, nor how the model fills them.

    References
    ----------
    .. [1] Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    table = subject.table("test")
    if not table.rows:
        raise InsufficientData("the test table has no rows")
    label = (subject.roles.label,) if subject.roles.label else ()
    columns = tuple(dict.fromkeys((*subject.features, *subject.roles.sensitive, *label)))
    if not columns:
        raise NotApplicable("no features, sensitive columns or label are known; pass features=")
    missing = {column: np.asarray(table.missing(column), dtype=np.bool_) for column in columns}
    yield _share(missing, table.rows)
    yield _by_column(missing, table.rows)
    if subject.features:
        lacking = np.logical_or.reduce([missing[column] for column in subject.features])
        for column in subject.roles.sensitive:
            yield from _by_group(table, column, lacking, min_group_size)
            others = {name: missing[name] for name in (*subject.features, *label) if name != column}
            yield from _columns_by_group(table, column, others, min_group_size)


def _share(missing: dict[str, Flags], rows: int) -> Measure:
    value = sum(int(flags.sum()) for flags in missing.values()) / (rows * len(missing))
    return Measure(
        name="share_missing",
        value=value,
        unit="rate",
        direction="lower",
        n=rows,
        interval=Interval(value, value, None, "two", "exact", "count over all cells"),
        uncertainty=Exact(value),
    )


def _by_column(missing: dict[str, Flags], rows: int) -> Evidence:
    counts = {column: int(flags.sum()) for column, flags in missing.items()}
    ordered = sorted(counts, key=lambda column: (-counts[column], column))
    return Evidence(
        id="by_column",
        kind="table",
        title="Missing values by column",
        caption=f"Of {rows:,} test rows; features, sensitive columns and label, the most incomplete first.",
        alt="Number and share of missing values in each column",
        columns=(Column("Column", role="label"), Column("Missing", "count", "count"), Column("Share", "rate", "value")),
        rows=tuple((column, counts[column], counts[column] / rows) for column in ordered),
    )


def _by_group(table: Table, column: str, lacking: Flags, least: int) -> Iterator[Measure | Evidence]:
    coded = table.coded(column)
    sizes = np.bincount(coded.codes, minlength=len(coded.values))
    hits = np.bincount(coded.codes[lacking], minlength=len(coded.values))
    shares = {
        value: Proportion(int(hits[code]), int(sizes[code])) for code, value in enumerate(coded.values) if sizes[code]
    }
    yield _gap(column, shares, least)
    yield _intervals(column, shares, least)


def _gap(column: str, shares: dict[Scalar, Proportion], least: int) -> Measure:
    judged = {value: share for value, share in shares.items() if share.n >= max(least, 1)}
    rows = sum(share.n for share in shares.values())
    covered = sum(share.n for share in judged.values())
    if len(judged) < LEAST_GROUPS:
        return Measure(
            name="gap",
            value=None,
            unit="difference",
            direction="lower",
            over=(column,),
            n=rows,
            status="insufficient",
            reason=f"{len(judged)} groups of {column!r} have at least {least} rows; a gap needs two",
            not_covered=1 - covered / rows,
        )
    uncertainty = WorstPair("difference", tuple(judged.values()))
    return Measure(
        name="gap",
        value=uncertainty.estimate,
        unit="difference",
        direction="lower",
        over=(column,),
        worst=Group.of({column: max(judged, key=lambda value: judged[value].estimate)}),
        best=Group.of({column: min(judged, key=lambda value: judged[value].estimate)}),
        n=covered,
        interval=Interval(
            uncertainty.lower(LEVEL), uncertainty.upper(LEVEL), LEVEL, "each", "interval", "MOVER on Wilson limits"
        ),
        uncertainty=uncertainty,
        not_covered=1 - covered / rows,
    )


def _intervals(column: str, shares: dict[Scalar, Proportion], least: int) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for value, share in sorted(shares.items(), key=lambda item: -item[1].estimate):
        low, high = share.limits(Z)
        rows.append((str(Group.of({column: value})), share.n, share.estimate, low, high))
    return Evidence(
        id=f"by_{column}",
        kind="intervals",
        title=f"Rows with a missing feature by {column}",
        caption=f"Share of the group's test rows that lack at least one feature, with its 95 % interval (Wilson). "
        f"Groups below {least} rows do not enter the gap.",
        alt=f"Share of rows with a missing feature in each group of {column}",
        columns=(
            Column(column, role="label"),
            Column("Rows", "count", "n"),
            Column("Share with a missing feature", "rate", "value"),
            Column("Low", "rate", "low"),
            Column("High", "rate", "high"),
        ),
        rows=tuple(rows),
    )


def _columns_by_group(table: Table, group: str, missing: dict[str, Flags], least: int) -> Iterator[Evidence]:
    """Yield how far the groups are apart in each column that lacks values, the farthest first."""
    coded = table.coded(group)
    sizes = np.bincount(coded.codes, minlength=len(coded.values))
    judged = np.flatnonzero(sizes >= max(least, 1)).tolist()
    lacking = {column: flags for column, flags in missing.items() if flags.any()}
    if len(judged) < LEAST_GROUPS or not lacking:
        return
    at_once = 1 - (1 - LEVEL) / len(lacking)
    rows: list[tuple[Cell, ...]] = []
    for column, flags in lacking.items():
        hits = np.bincount(coded.codes[flags], minlength=len(coded.values))
        shares = {code: Proportion(int(hits[code]), int(sizes[code])) for code in judged}
        pair = WorstPair("difference", tuple(shares.values()))
        most = max(judged, key=lambda code: shares[code].estimate)
        fewest = min(judged, key=lambda code: shares[code].estimate)
        named = [str(Group.of({group: coded.values[code]})) for code in (most, fewest)]
        shown = named[0], shares[most].estimate, named[1], shares[fewest].estimate
        rows.append((column, *shown, pair.estimate, pair.lower(at_once), pair.upper(at_once)))
    rows.sort(key=lambda row: (-float(row[5]), str(row[0])))  # type: ignore[arg-type]
    yield Evidence(
        id=f"columns_by_{group}",
        kind="table",
        title=f"Missing values of each column by {group}",
        caption=(
            f"The groups of {least} rows and more that lack the most and the fewest values, and their difference; low and "
            f"high each hold at 95 % for all {len(rows):,} columns with missing values together. Above 0 in low: not by chance."
        ),
        alt=f"Columns with missing values, with the groups of {group} that lack the most and the fewest",
        columns=(
            Column("Column", role="label"),
            Column("Most in"),
            Column("Missing, most", "rate", "value"),
            Column("Fewest in"),
            Column("Missing, fewest", "rate", "value"),
            Column("Difference", "difference", "value"),
            Column("Low", "difference", "low"),
            Column("High", "difference", "high"),
        ),
        rows=tuple(rows),
    )
