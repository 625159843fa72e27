"""Columns as a tree reads them, and the words in which it says what it read."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.explainers.proxies import numbers_of
from auditkit.finding import MISSING_LABEL

Floats = npt.NDArray[np.float64]
MOST_LEVELS = 20
_EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a column: from `low` to below `high`, and whether missing values belong to it."""

    low: float = -math.inf
    high: float = math.inf
    missing: bool = True


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers or dates, with NaN where they are missing."""

    name: str
    dates: bool
    gaps: bool

    def read(self, frame: Any) -> Floats:
        """Return numbers, shape (rows,)."""
        known = numbers_of(frame[self.name])
        return np.full(len(frame), np.nan) if known is None else known

    def between(self, below: float, above: float) -> float:
        """Return the shortest number above one and at most another: a whole one between whole ones."""
        if self.dates:
            day = math.floor(above)
            return float(day) if day > below else above
        middle, whole = below + (above - below) / 2, below.is_integer() and above.is_integer()
        for digits in range(1, 18):
            short = float(f"{middle:.{digits}g}")
            if below < short <= above and (short.is_integer() or not whole):
                return short
        return above

    def words(self, span: Span) -> str:
        """Return the condition of a part of the column; nothing where it is all of it."""
        low, high = span.low > -math.inf, span.high < math.inf
        if span.low == math.inf or span.high == -math.inf:
            return f"{self.name} is missing"
        if not (low or high):
            return f"{self.name} is not missing" if self.gaps and not span.missing else ""
        if low and high:
            said = f"{self._number(span.low)} ≤ {self.name} < {self._number(span.high)}"
        else:
            said = f"{self.name} ≥ {self._number(span.low)}" if low else f"{self.name} < {self._number(span.high)}"
        return f"({said} or missing)" if self.gaps and span.missing else said

    def _number(self, value: float) -> str:
        if self.dates:
            moment = _EPOCH + datetime.timedelta(days=value)
            return str(moment.date()) if value == math.floor(value) else moment.isoformat(" ")
        text = f"{Decimal(repr(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Words:
    """A column of values without order, in the order of the output's mean; `None` stands for all rarer values.

    Each value is a number for the tree, its place in `levels`.
    """

    name: str
    levels: tuple[str | None, ...]
    gaps: bool = False

    def read(self, frame: Any) -> Floats:
        """Return places in `levels`, shape (rows,)."""
        places = {level: float(place) for place, level in enumerate(self.levels)}
        rest = places[None]
        return np.array([places.get(text, rest) for text in texts_of(frame[self.name])], dtype=np.float64)

    def between(self, below: float, above: float) -> float:
        """Return the number between two places."""
        return math.floor(below + (above - below) / 2) + 0.5

    def words(self, span: Span) -> str:
        """Return the condition of a part of the column; nothing where it is all of it."""
        inside = [level for place, level in enumerate(self.levels) if span.low <= place < span.high]
        outside = [level for level in self.levels if level not in inside]
        if not outside:
            return ""
        if None in inside:
            return f"{self.name} is {_listed(outside, 'not', 'none of')}"
        return f"{self.name} is {_listed(inside, '', 'one of')}"


def _listed(levels: list[str | None], single: str, several: str) -> str:
    shown = [_quoted(level) for level in sorted(level for level in levels if level is not None)]
    return f"{single} {shown[0]}".strip() if len(shown) == 1 else f"{several} {', '.join(shown)}"


def _quoted(text: str) -> str:
    return f"'{text}'" if "," in text or " and " in text or text != text.strip() or not text else text


def texts_of(column: Any) -> list[str]:
    """Return the values of a column as texts; missing ones are ``(missing)``."""
    return [MISSING_LABEL if gap else str(value) for value, gap in zip(column, column.isna(), strict=True)]


def readable(frame: Any, column: str, output: Floats, fewest: int) -> Numbers | Words:
    """Return how a column is read.

    Parameters
    ----------
    frame : pandas DataFrame
    column : str
    output : array, shape (rows,)
        What orders values that have no order of their own.
    fewest : int
        Values with fewer rows, and those beyond the 20 most frequent, are taken together and never named.
    """
    from pandas.api.types import is_numeric_dtype

    known = numbers_of(frame[column])
    if known is not None:
        return Numbers(column, not is_numeric_dtype(frame[column].dtype), bool(np.isnan(known).any()))
    texts = np.array(texts_of(frame[column]), dtype=object)
    values, place, counts = np.unique(texts, return_inverse=True, return_counts=True)
    frequent = [code for code in np.argsort(-counts, kind="stable")[:MOST_LEVELS].tolist() if counts[code] >= fewest]
    means = {str(values[code]): float(output[place == code].mean()) for code in frequent}
    rare = ~np.isin(place, frequent)
    middle = float(output[rare].mean()) if rare.any() else float(output.mean())
    named: list[tuple[float, str | None]] = [(mean, text) for text, mean in means.items()]
    ordered = sorted([*named, (middle, None)], key=lambda pair: (pair[0], pair[1] or ""))
    return Words(column, tuple(level for _, level in ordered))
