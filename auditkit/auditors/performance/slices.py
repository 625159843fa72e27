"""Slices: where, among all combinations of a few columns' values, are errors more frequent?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Interval, Measure
from auditkit.group_rates import two_sided
from auditkit.slicing import SlicedColumn, error_tree, sliced_columns
from auditkit.stats.intervals import wilson_limits, z_quantile
from auditkit.stats.slices import Slice, discoveries, merged, ranked, search
from auditkit.stats.uncertainty import Exact, Normal, Pair, Proportion, Uncertainty
from auditkit.subject import Subject

Array = npt.NDArray[np.float64]
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Half:
    """One half of the rows."""

    codes: tuple[npt.NDArray[np.int32], ...]
    errors: Array


@auditor(title="Slices with more errors", needs=("label", "prediction"), measures=("slices_found", "worst_excess"))
def slices(
    subject: Subject,
    *,
    columns: Sequence[str] = (),
    depth: int = 3,
    bins: int = 4,
    most_columns: int = 12,
    min_slice_size: int = 50,
    false_discovery_rate: float = 0.05,
) -> Iterator[Measure | Evidence]:
    """Which combinations of values are decided wrongly more often than the rest, and by how much.

    Notes
    -----
    Every combination of up to `depth` columns' values that holds at least `min_slice_size` rows is tested on one half of
    the rows, chosen by a keyed hash: binomial tail against the share of errors in all of it, Benjamini-Hochberg at
    `false_discovery_rate`. ``slices_found`` counts the combinations found; 0 is neutral. They are ranked there, by the lower
    bound of their excess, those that overlap by 80 % are merged, and the first ten are shown. The excess (share of errors in
    the slice − in all other rows; 0 is neutral) is then estimated on the other half, with MOVER limits, so that the search
    does not flatter it. Numbers are cut at their quantiles, rare values are taken together. For a regression an error is the
    absolute error, the tail is Pearson's type III with the skewness of the errors, and limits are normal. Rows count, weights
    do not.

    Misleads when
    -------------
    A slice is found because it is large as well as bad: small groups can be worse unseen. A slice names columns that go
    with errors, not what causes them.

    References
    ----------
    .. [1] Chung et al. 2019, Slice Finder, doi:10.1109/ICDE.2019.00139;
       Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    if subject.roles.cluster:
        raise NotApplicable(
            f"rows come in clusters ({subject.roles.cluster!r}); this search takes rows for independent and would find slices by chance"
        )
    chosen, left_out = _chosen(subject, columns, most_columns)
    table = [sliced_columns(subject.table(), column, bins) for column in chosen]
    errors, binary = subject.row_errors()
    first = subject.halves()
    halves = [_Half(tuple(c.codes[some] for c in table), errors[some]) for some in (first, ~first)]
    if min(len(half.errors) for half in halves) < 2 * min_slice_size:
        raise InsufficientData(f"{len(errors):,} rows; two halves need at least {2 * min_slice_size} rows each")
    sizes = [len(column.values) for column in table]
    tested = search(halves[0].codes, sizes, halves[0].errors, depth=depth, least=min_slice_size, binary=binary)
    found = ranked(discoveries(tested, false_discovery_rate), halves[0].errors, binary=binary)
    kept = merged(found, halves[0].codes, _SHOWN)
    unit = "difference" if binary else "target"
    yield _count(len(found), len(errors))
    yield _worst(kept, halves[1], binary, unit)
    yield _table(kept, halves[1], table, binary, _said(len(tested), len(found), len(kept), left_out))
    yield _tree(table, halves, binary)


def _chosen(subject: Subject, columns: Sequence[str], most: int) -> tuple[list[str], int]:
    known = subject.table().columns
    if unknown := [column for column in columns if column not in known]:
        raise NotApplicable(f"there is no column {unknown[0]!r} to slice by; the data have {', '.join(known[:8])} …")
    listed = list(dict.fromkeys(columns or (*subject.roles.sensitive, *subject.features)))
    usable = [column for column in listed if len(subject.table().values(column)) > 1 and column != subject.roles.label]
    if not usable:
        raise NotApplicable("there is no column to slice by: no sensitive column and no feature with two values")
    return usable[:most], len(usable) - len(usable[:most])


def _excess(item: Slice, half: _Half, binary: bool) -> tuple[int, Uncertainty | None]:
    """Return rows of the slice in a half, and its excess over all other rows there; None where too few are."""
    held = item.rows(half.codes)
    n, rest = int(held.sum()), int((~held).sum())
    if n < 10 or rest < 10:
        return n, None
    inside, outside = half.errors[held], half.errors[~held]
    if binary:
        pair = (Proportion(int(inside.sum()), n), Proportion(int(outside.sum()), rest))
        return n, Pair("difference", pair)
    variance = float(inside.var(ddof=1)) / n + float(outside.var(ddof=1)) / rest
    return n, Normal(float(inside.mean() - outside.mean()), variance**0.5, "identity", float(n - 1))


def _count(found: int, rows: int) -> Measure:
    return Measure(
        name="slices_found",
        value=found,
        unit="count",
        direction="lower",
        n=rows,
        interval=Interval(found, found, None, "two", "exact", "a count of what this search found"),
        uncertainty=Exact(found),
    )


def _worst(kept: Sequence[tuple[Slice, list[Slice]]], half: _Half, binary: bool, unit: str) -> Measure:
    n, excess = _excess(kept[0][0], half, binary) if kept else (0, None)
    if excess is None:
        reason = (
            "undefined: no slice was found" if not kept else f"{n} rows of the slice in the second half are too few"
        )
        return Measure(
            name="worst_excess",
            value=None,
            unit=unit,
            direction="lower",
            n=n,
            status="insufficient" if kept else "undefined",
            reason=reason,
        )
    return Measure(
        name="worst_excess",
        value=excess.estimate,
        unit=unit,
        direction="lower",
        n=n,
        interval=two_sided(excess, "MOVER on Wilson limits, second half" if binary else "t, second half"),
        uncertainty=excess,
    )


def _said(tested: int, found: int, shown: int, left_out: int) -> str:
    beyond = f"; {left_out} more columns were not searched" if left_out else ""
    merged = f", of which those that overlap are merged and {shown} shown" if found else ""
    return (
        f"Of {tested:,} combinations tested on one half of the rows {found:,} are found to have more errors{merged}; errors and excess "
        f"measured on the other, 95 % intervals{beyond}"
    )


def _table(
    kept: Sequence[tuple[Slice, list[Slice]]],
    half: _Half,
    columns: Sequence[SlicedColumn],
    binary: bool,
    caption: str,
) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for item, others in kept:
        n, excess = _excess(item, half, binary)
        shown = None if excess is None else two_sided(excess, "")
        error = float(half.errors[item.rows(half.codes)].mean()) if n else None
        rows.append(
            (
                "; ".join(columns[c].says(v) for c, v in zip(item.columns, item.values, strict=True)),
                n,
                error,
                None if excess is None else excess.estimate,
                None if shown is None else shown.low,
                None if shown is None else shown.high,
                len(others),
            )
        )
    unit = "rate" if binary else "target"
    return Evidence(
        id="performance.slices.found",
        kind="table",
        title="Slices with more errors than the rest",
        caption=caption,
        alt="Table of slices, their rows, errors and excess over all other rows",
        columns=(
            Column("slice", role="label"),
            Column("n", "rows", "n"),
            Column("errors", unit, "value"),
            Column("more than the rest by", "difference" if binary else "target", "value"),
            Column("from", unit, "low"),
            Column("to", unit, "high"),
            Column("slices merged", "slices", "count"),
        ),
        rows=tuple(rows),
    )


def _tree(columns: Sequence[SlicedColumn], halves: Sequence[_Half], binary: bool) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    z = z_quantile(0.975)
    for words, held in error_tree(columns, halves[0].codes, halves[0].errors, halves[1].codes):
        n = int(held.sum())
        mean = float(halves[1].errors[held].mean()) if n else None
        low, high = wilson_limits(mean, n, z) if binary and mean is not None else (None, None)
        rows.append((words, n, mean, low, high))
    return Evidence(
        id="performance.slices.tree",
        kind="table",
        title="A tree of errors",
        caption="A shallow tree fitted to errors on one half of the rows; its leaves measured on the other, most errors first",
        alt="Table of leaves with their rows and errors",
        columns=(
            Column("rows where", role="label"),
            Column("n", "rows", "n"),
            Column("errors", "rate" if binary else "target", "value"),
            Column("from", "rate", "low"),
            Column("to", "rate", "high"),
        ),
        rows=tuple(sorted(rows, key=lambda row: (-(row[2] if isinstance(row[2], float) else -1.0), str(row[0])))),
    )
