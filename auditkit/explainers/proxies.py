"""Columns that stand for a sensitive one: those that go together with it closely."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.finding import Scalar
from auditkit.stats.association import Codes, cramers_v, quantile_codes

_EPOCH = datetime.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Proxy:
    """The sensitive column that a column goes together with most, and Cramér's V of the two."""

    column: str
    strength: float


def proxies_of(
    frame: Any, columns: Iterable[str], sensitive: Mapping[str, Sequence[Scalar]], least: float
) -> dict[str, Proxy]:
    """Return those of some columns whose Cramér's V with a sensitive one is at least `least`.

    Parameters
    ----------
    frame : pandas DataFrame
    columns : iterable of str
        Numbers are cut into 10 bins of equal size; a missing value is a value.
    sensitive : mapping of column to its groups
        One group for each row of `frame`.
    least : float
    """
    groups = {name: value_codes(own) for name, own in sensitive.items()}
    found: dict[str, Proxy] = {}
    for column in columns:
        codes = column_codes(frame[column])
        known = [(cramers_v(codes, own), name) for name, own in groups.items()]
        strong = [Proxy(name, strength) for strength, name in known if strength is not None and strength >= least]
        if strong:
            found[column] = max(strong, key=lambda proxy: proxy.strength)
    return found


def column_codes(column: Any) -> Codes:
    """Return a column as codes: numbers and dates in bins of equal size, other values as they are; missing is −1."""
    known = numbers_of(column)
    return quantile_codes(known) if known is not None else np.asarray(column.factorize()[0], dtype=np.int64)


def numbers_of(column: Any) -> npt.NDArray[np.float64] | None:
    """Return numbers, or dates as days since 1970, with NaN where they are missing or infinite; None of other values."""
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    if is_bool_dtype(column.dtype):
        return None
    if is_numeric_dtype(column.dtype):
        found = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(found), found, np.nan)
    if is_datetime64_any_dtype(column.dtype):
        return np.array([np.nan if value != value else value.timestamp() / 86400 for value in column], dtype=np.float64)
    first = next((value for value, missing in zip(column, column.isna(), strict=True) if not missing), None)
    if isinstance(first, datetime.date):
        days = [
            value.toordinal() - _EPOCH if not missing else np.nan
            for value, missing in zip(column, column.isna(), strict=True)
        ]
        return np.array(days, dtype=np.float64)
    return None


def value_codes(values: Sequence[Any]) -> Codes:
    """Return codes of values in the order in which they first occur."""
    places: dict[Any, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)
