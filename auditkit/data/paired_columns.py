"""One column of two tables, on one footing: as numbers that can be ordered, or as codes of the values of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.table import Table

_ORDERED = ({"integer", "number"}, {"date"}, {"time"})


@dataclass(frozen=True, slots=True, eq=False)
class PairedColumn:
    """A column of two tables.

    Attributes
    ----------
    first, second : arrays, shape (rows,) of either table
        Numbers with NaN where missing; or codes from 0, missing being a value like others.
    values : int
        How many values codes stand for; 0 for numbers.
    """

    name: str
    first: npt.NDArray[Any]
    second: npt.NDArray[Any]
    values: int

    @property
    def ordered(self) -> bool:
        """Whether these are numbers."""
        return self.values == 0


def paired_column(first: Table, second: Table, name: str, few: int) -> PairedColumn:
    """Return a column of two tables as numbers, if both hold numbers or dates with more than `few` values, else as codes.

    Which it is depends on both tables' values together, so that it says nothing about which rows are in which.
    """
    together = list(dict.fromkeys([*first.values(name), *second.values(name)]))
    kinds = {first.types[name], second.types[name]}
    if any(kinds <= one for one in _ORDERED) and sum(value is not None for value in together) > few:
        if kinds <= _ORDERED[0]:
            return PairedColumn(name, first.numbers(name), second.numbers(name), 0)
        known = sorted(value for value in together if value is not None)
        ranks: dict[Any, float] = {value: float(rank) for rank, value in enumerate(known)}
        ranks[None] = np.nan  # dates: their order is all that is needed
        return PairedColumn(name, _placed(first, name, ranks), _placed(second, name, ranks), 0)
    places = {value: place for place, value in enumerate(together)}
    codes = [_placed(table, name, places) for table in (first, second)]
    return PairedColumn(name, codes[0], codes[1], max(1, len(together)))


def _placed(table: Table, name: str, places: dict[Any, Any]) -> npt.NDArray[Any]:
    coded = table.coded(name)
    found = np.array([places[value] for value in coded.values])
    return found[coded.codes] if len(found) else np.empty(0, dtype=np.int64)


def numbers_rows(pair: PairedColumn) -> bool:
    """Whether a column numbers the rows: whole numbers, hardly one twice, with few gaps between them."""
    if not pair.ordered:
        return False
    both = np.concatenate([pair.first, pair.second])
    known = both[np.isfinite(both)]
    if len(known) < 0.98 * len(both) or not len(known) or (known != np.floor(known)).any():
        return False
    distinct = len(np.unique(known))
    return distinct >= 0.98 * len(known) and float(np.ptp(known)) < 1.5 * len(known)
