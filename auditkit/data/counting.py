"""Frames, tables and files to tallies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from auditkit.data.binning import bin_labels, binned, checked_cuts
from auditkit.data.frames import table_from_frame
from auditkit.data.scan import Scan, scan
from auditkit.data.table import Coded, Table
from auditkit.errors import DataError
from auditkit.finding import Scalar
from auditkit.score_tally import bucket_of
from auditkit.tally import BUCKET, BUCKETS, LABEL, PREDICTION, Axis, Codes, Tally, scalar_key
from auditkit.weights import whole_weights

Bins = Mapping[str, Sequence[float]]
_BUCKET_AXIS = Axis(BUCKET, tuple(range(BUCKETS)))


def count_rows(
    data: object,
    by: Sequence[str] = (),
    *,
    label: str | None = None,
    prediction: str | None = None,
    weight: str | None = None,
    cluster: str | None = None,
    bins: Bins | None = None,
) -> Tally:
    """Count the rows of a frame or of files by some columns, a label and a prediction.

    Parameters
    ----------
    data : frame, Scan, or path
        pandas, polars, pyarrow; a path (a file, a folder of Parquet files or a pattern) is counted where it lies.
    by : sequence of str
        Columns to count by.
    label, prediction : str, optional
        Columns that become the tally's `LABEL` and `PREDICTION`, over the values of both.
    weight, cluster : str, optional
    bins : mapping of column to cut points, optional
        Numbers of these columns are counted in bins; a number at a cut point belongs to the bin above it.

    Returns
    -------
    Tally
        ``count_rows(a) + count_rows(b) == count_rows(a ∪ b)``.

    Raises
    ------
    DataError
        If a column is missing, or a weight is none.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [24, 25, 61], "y": [0, 1, 1]})
    >>> found = count_rows(frame, ["age"], label="y", bins={"age": [25]})
    >>> [str(group) for group in found.groups(["age"])], found.cube(["age"], [LABEL]).tolist()
    (['under 25', '25 and over'], [[1, 0], [0, 2]])
    """
    rows = scan(data) if isinstance(data, str | Path) else data if isinstance(data, Scan) else table_from_frame(data)
    if isinstance(rows, Scan):
        return _count_files(rows, by, label, prediction, weight, cluster, bins or {})
    cuts = {column: checked_cuts(column, given) for column, given in (bins or {}).items()}
    outcomes = [(name, column) for name, column in ((LABEL, label), (PREDICTION, prediction)) if column is not None]
    values = _shared([rows.values(column) for _, column in outcomes])
    axes = [Axis(column, grouping_values(rows, column, cuts)) for column in by]
    axes += [Axis(name, values) for name, _ in outcomes]
    codes: list[Codes] = [grouping(rows, column, cuts).codes for column in by]
    codes += [recoded(rows.coded(column), values, f"column {column!r}") for _, column in outcomes]
    return count_table(rows, axes, codes, weight, cluster)


def _count_files(
    rows: Scan,
    by: Sequence[str],
    label: str | None,
    prediction: str | None,
    weight: str | None,
    cluster: str | None,
    bins: Bins,
) -> Tally:
    cuts = {column: checked_cuts(column, given) for column, given in bins.items()}
    outcomes = [(name, column) for name, column in ((LABEL, label), (PREDICTION, prediction)) if column is not None]
    keys = [grouping_sql(rows, column, cuts) for column in by] + [rows.column(column) for _, column in outcomes]
    prepare(rows, keys, weight, cluster)
    values = _shared([rows.values(column) for _, column in outcomes])
    axes = [Axis(column, grouping_values(rows, column, cuts)) for column in by]
    axes += [Axis(name, values) for name, _ in outcomes]
    return count_scan(rows, axes, keys, weight, cluster)


def prepare(rows: Scan, keys: Sequence[str], weight: str | None, cluster: str | None) -> None:
    """Group by these keys once, so that the values of columns, gaps and the tally itself need no pass of their own."""
    rows.grouped([*keys, *([_bucket_sql(rows, cluster)] if cluster else ())], weight)


def _bucket_sql(rows: Scan, cluster: str) -> str:
    text = f"CAST({rows.column(cluster)} AS VARCHAR)"
    return f"CAST(concat('0x', substr(md5({text}), 1, 8)) AS BIGINT) % {BUCKETS}"


def grouping(table: Table, column: str, cuts: Bins) -> Coded:
    """Return a column as the codes of its values, or of its bins."""
    return binned(table.numbers(column), cuts[column]) if column in cuts else table.coded(column)


def merged(column: Coded, together: Collection[Scalar], name: Scalar) -> Coded:
    """Return a column with some of its values as one, under a name that comes last."""
    kept = [value for value in column.values if value not in together]
    places = {value: place for place, value in enumerate(kept)}
    lookup = np.array([places.get(value, len(kept)) for value in column.values], dtype=np.int32)
    return Coded(lookup[column.codes], (*kept, name))


def grouping_values(rows: Table | Scan, column: str, cuts: Bins) -> tuple[Scalar, ...]:
    """Return what `grouping` gives values for; of bins all, empty ones too."""
    if column not in cuts:
        return rows.values(column)
    return (*bin_labels(cuts[column]), *((None,) if rows.missing_count(column) else ()))


def grouping_sql(rows: Scan, column: str, cuts: Bins) -> str:
    """Return the same as SQL."""
    where = rows.column(column)
    if column not in cuts:
        return f"CASE WHEN isnan({where}) THEN NULL ELSE {where} END" if rows.types[column] == "number" else where
    above = [f"WHEN {where} >= {cut!r} THEN {_text(label)}" for cut, label in _descending(cuts[column])]
    gone = f"{where} IS NULL OR isnan(CAST({where} AS DOUBLE))"
    return f"CASE WHEN {gone} THEN NULL {' '.join(above)} ELSE {_text(bin_labels(cuts[column])[0])} END"


def count_table(
    table: Table, axes: Sequence[Axis], codes: Sequence[Codes], weight: str | None, cluster: str | None
) -> Tally:
    """Count the rows of a table by codes, with weights and buckets of clusters."""
    all_axes, all_codes = list(axes), list(codes)
    if cluster is not None:
        all_axes.append(_BUCKET_AXIS)
        all_codes.append(cluster_buckets(table, cluster))
    return Tally.of(all_axes, all_codes, None if weight is None else table.numbers(weight))


def count_scan(rows: Scan, axes: Sequence[Axis], keys: Sequence[str], weight: str | None, cluster: str | None) -> Tally:
    """Count rows in their files by SQL expressions, with weights and buckets of clusters."""
    all_axes, all_keys = list(axes), list(keys)
    if cluster is not None:
        all_axes.append(_BUCKET_AXIS)
        _no_gaps(rows, "cluster", cluster)
        all_keys.append(_bucket_sql(rows, cluster))
    return Tally.from_cells(all_axes, rows.grouped(all_keys, weight))


def cluster_buckets(table: Table, cluster: str) -> npt.NDArray[np.int8]:
    """Return the bucket of the cluster of each row, 0 to 99.

    Raises
    ------
    DataError
        If a row has no cluster.
    """
    _no_gaps(table, "cluster", cluster)
    coded = table.coded(cluster)
    buckets = np.array([bucket_of(value) for value in coded.values], dtype=np.int8)
    return np.asarray(buckets[coded.codes], dtype=np.int8)


def check_weights(table: Table, weight: str | None, cluster: str | None) -> None:
    """Refuse weights and clusters that cannot be used, where the table has them.

    Raises
    ------
    DataError
        If a weight is no number, missing, below 0 or out of range, or a row has no cluster.
    """
    if weight is not None and weight in table.columns:
        whole_weights(table.numbers(weight))
    if cluster is not None and cluster in table.columns:
        _no_gaps(table, "cluster", cluster)


def recoded(coded: Coded, values: Sequence[Scalar], what: str, error: type[Exception] = DataError) -> Codes:
    """Return codes into other values.

    Raises
    ------
    DataError
        If a value is not among them; or the error given.
    """
    if coded.values == tuple(values):
        return coded.codes
    position = {value: place for place, value in enumerate(values)}
    unknown = [value for value in coded.values if value not in position]
    if unknown:
        raise error(
            f"{what}: got {unknown[0]!r}, which is no label; the labels are {', '.join(map(repr, values[:10]))}"
        )
    mapping = np.array([position[value] for value in coded.values], dtype=np.int32)
    return np.asarray(mapping[coded.codes], dtype=np.int32)


def _no_gaps(rows: Table | Scan, role: str, column: str) -> None:
    gaps = rows.missing_count(column)
    if gaps:
        raise DataError(f"{role} column {column!r} is missing in {gaps:,} rows; fill them or drop the rows")


def _shared(values: Sequence[tuple[Scalar, ...]]) -> tuple[Scalar, ...]:
    return tuple(sorted({value for some in values for value in some}, key=scalar_key))


def _descending(cuts: Sequence[float]) -> list[tuple[float, str]]:
    return list(zip(cuts, bin_labels(cuts)[1:], strict=True))[::-1]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
