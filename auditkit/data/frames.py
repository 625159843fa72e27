"""Frames of pandas, polars and Arrow, taken in through narwhals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from auditkit.data.table import Table, normalised
from auditkit.errors import DataError


def table_from_frame(frame: object) -> Table:
    """Return a `Table` of a pandas, polars or Arrow frame, or of anything else narwhals can collect.

    Parameters
    ----------
    frame : frame
        Not changed, and not looked at again: rows are taken as they are now.

    Raises
    ------
    DataError
        If it is no frame, has no rows, two columns of one name, or a column auditkit cannot read.

    Examples
    --------
    >>> import pandas as pd
    >>> table_from_frame(pd.DataFrame({"sex": ["f", "m", None]})).coded("sex").values
    ('f', 'm', None)
    """
    if isinstance(frame, Table):
        return frame
    import narwhals.stable.v2 as nw

    # Only pandas and Arrow allow two columns of one name; narwhals would refuse them in words of its own.
    check_names(getattr(frame, "columns" if hasattr(frame, "iloc") else "column_names", ()))
    try:
        eager: Any = nw.from_native(frame)
        eager = eager.collect(backend="pyarrow") if isinstance(eager, nw.LazyFrame) else eager
    except TypeError:
        raise DataError(
            f"the data are a {type(frame).__name__}, not a frame; pass a pandas, polars or pyarrow table, or a file"
        ) from None
    if eager.implementation.is_pandas():
        return arrow_table(_pandas_columns(eager.to_native()))
    arrow = eager.to_arrow()
    return arrow_table(dict(zip(arrow.column_names, arrow.columns, strict=True)))


def check_names(names: Iterable[object]) -> None:
    """Refuse column names that are not text, are blank or occur twice.

    Raises
    ------
    DataError
        Naming the first offender.
    """
    listed = list(names)
    texts = [name for name in listed if isinstance(name, str)]
    if len(texts) < len(listed):
        odd = next(name for name in listed if not isinstance(name, str))
        raise DataError(f"a column is named {odd!r}, no text; rename it, e.g. frame.columns = frame.columns.map(str)")
    if any(not name.strip() for name in texts):
        raise DataError(f"column {[not name.strip() for name in texts].index(True) + 1} has no name; give it one")
    twice = [name for name, count in Counter(texts).items() if count > 1]
    if twice:
        raise DataError(f"column name {twice[0]!r} occurs {Counter(texts)[twice[0]]} times; rename or drop the others")


def arrow_table(columns: Mapping[str, Any], source: Mapping[str, str] | None = None) -> Table:
    """Return a `Table` of Arrow columns by name.

    Raises
    ------
    DataError
        If there are no rows or columns, or a column's type cannot be read.
    """
    import pyarrow as pa

    if not columns:
        raise DataError("the data have no columns; pass a table with at least one")
    table = pa.table({name: normalised(name, column) for name, column in columns.items()})
    if not table.num_rows:
        raise DataError("the data have no rows; pass a table with at least one")
    return Table(table, dict(source or {"format": "frame"}))


def _pandas_columns(frame: Any) -> dict[str, Any]:
    import pyarrow as pa

    columns = {}
    for name in frame.columns:
        try:
            columns[name] = pa.Array.from_pandas(frame[name])
        except (pa.ArrowException, TypeError, ValueError):
            kinds = sorted({type(value).__name__ for value in frame[name].dropna().head(10_000)})
            raise DataError(
                f"column {name!r} mixes {', '.join(kinds)}; convert it to one type, e.g. frame[{name!r}].astype(str)"
            ) from None
    return columns
