"""Columns made coarser: by a stated hierarchy, or by rules that need none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auditkit.data.table import Coded
from auditkit.errors import DataError, did_you_mean
from auditkit.finding import Scalar

BANDS = 5
Hierarchy = Mapping[str, Sequence[str]]


def levels(name: str, column: Coded, hierarchy: Hierarchy) -> list[Coded]:
    """Return a column at each level of a hierarchy, from finest to coarsest.

    Parameters
    ----------
    name : str
        The column, for messages.
    column : Coded
    hierarchy : mapping of value to its ancestors
        By the value's text; all have the same number of ancestors. A missing value stays missing.

    Raises
    ------
    DataError
        If a value that occurs is not in the hierarchy.
    """
    texts = [None if value is None else _text(value) for value in column.values]
    unknown = [text for text in texts if text is not None and text not in hierarchy]
    if unknown:
        raise DataError(
            f"hierarchy of {name!r}: the value {unknown[0]!r} is not in it.{did_you_mean(unknown[0], list(hierarchy))}"
        )
    depth = len(next(iter(hierarchy.values()), ()))
    return [
        _renamed(column, [None if text is None else hierarchy[text][level] for text in texts]) for level in range(depth)
    ]


def coarser(column: Coded, counts: np.ndarray[tuple[int], np.dtype[np.int64]], fewest: int) -> tuple[str, Coded] | None:
    """Return a column made coarser without a hierarchy, and how; None where there is nothing to do.

    Numbers of more than five values go into five bands of about equal count. Values of all else with fewer than
    `fewest` rows become one value, "other".

    Parameters
    ----------
    column : Coded
    counts : int64 array
        Rows of each code in `column.codes`.
    fewest : int
    """
    rows = np.bincount(column.codes, weights=counts, minlength=len(column.values))
    known = [value for value in column.values if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        if len(known) <= BANDS:
            return None
        middle = (np.cumsum(rows[: len(known)]) - rows[: len(known)] / 2) / rows[: len(known)].sum()
        bands: list[Scalar] = [*np.minimum(BANDS - 1, (middle * BANDS).astype(np.int64)).tolist()]
        return f"in {BANDS} bands", _renamed(column, bands + [None] * (len(column.values) - len(known)))
    rare = [value for value, n in zip(column.values, rows, strict=True) if value is not None and n < fewest]
    if len(rare) < 2:
        return None
    gone = set(rare)
    merged: list[Scalar] = ["\0other" if value in gone else value for value in column.values]
    return f"{len(rare)} values with fewer than {fewest} rows as one", _renamed(column, merged)


def _renamed(column: Coded, values: Sequence[Scalar]) -> Coded:
    distinct = list(dict.fromkeys(values))
    lookup = np.array([distinct.index(value) for value in values], dtype=np.int32)
    return Coded(lookup[column.codes], tuple(distinct))


def _text(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
