"""Columns that stand for a sensitive one: those that go together with it closely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.finding import Scalar
from auditkit.stats.association import Codes, cramers_v, quantile_codes


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
    groups = {name: _codes_of(own) for name, own in sensitive.items()}
    found: dict[str, Proxy] = {}
    for column in columns:
        codes = _codes(frame[column])
        known = [(cramers_v(codes, own), name) for name, own in groups.items()]
        strong = [Proxy(name, strength) for strength, name in known if strength is not None and strength >= least]
        if strong:
            found[column] = max(strong, key=lambda proxy: proxy.strength)
    return found


def _codes(column: Any) -> Codes:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype):
        return quantile_codes(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _codes_of([None if missing else value for value, missing in zip(column, column.isna(), strict=True)])


def _codes_of(values: Sequence[Any]) -> Codes:
    places: dict[Any, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)
