"""What looks odd in the values of one column of a table, and which columns say the same; no value of a row is handed on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.data.table import Table
from auditkit.finding import Scalar

_SPELLED = "?|-|--|.|*|n/a|na|nan|null|none|nil|missing|unknown|undefined|not available|#n/a|#na|#null!|<na>"
SPELLED = frozenset(_SPELLED.split("|"))
_SENTINELS = frozenset((-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
FAR, _TINY = 5.0, 1e-290
_UNIQUE, _FEWEST = 0.98, 50


@dataclass(frozen=True, slots=True)
class TextOddities:
    """What is odd in a column of texts.

    Attributes
    ----------
    spelled : int
        Cells that spell missing.
    mixed, numeric : bool
        5 % to 95 % of the others are numbers; or more are.
    variants : int
        Values that are another value but for case and blanks.
    """

    spelled: int = 0
    mixed: bool = False
    numeric: bool = False
    variants: int = 0


def identifies(table: Table, column: str) -> bool:
    """Whether texts or whole numbers have a value of their own in 98 % of the rows that have one, of at least 50."""
    known = table.rows - table.missing_count(column)
    if known < _FEWEST or table.types[column] not in ("text", "category", "integer"):
        return False
    return len(table.values(column)) - bool(table.missing_count(column)) >= _UNIQUE * known


def text_oddities(table: Table, column: str) -> TextOddities:
    """Return what is odd in a column of texts; nothing of a column that holds other things."""
    coded = table.coded(column)
    if not any(isinstance(value, str) for value in coded.values):
        return TextOddities()
    counts = np.bincount(coded.codes, minlength=len(coded.values)).tolist()
    spelled = numbers = others = 0
    folded, distinct = set(), 0
    for value, n in zip(coded.values, counts, strict=True):
        if value is None:
            continue
        text = " ".join(str(value).split()).casefold()
        if not text or text in SPELLED:
            spelled += n
            continue
        folded.add(text)
        distinct += 1
        if _NUMBER.fullmatch(text):
            numbers += n
        else:
            others += n
    share = numbers / max(1, numbers + others)
    return TextOddities(spelled, 0.05 <= share <= 0.95, share > 0.95, distinct - len(folded))


def sentinels(values: Sequence[Scalar]) -> list[float]:
    """Return ends of the range that are codes people use for missing: below all else, or more than twice the next.

    Examples
    --------
    >>> sentinels([1, 4, 3, 999]), sentinels([-1, 0, 2]), sentinels([97, 98, 99])
    ([999.0], [-1.0], [])
    """
    numbers = sorted(float(value) for value in values if value is not None)
    if len(numbers) < 3:
        return []
    low = [numbers[0]] if numbers[0] in _SENTINELS and numbers[0] < 0 <= numbers[1] else []
    high = [numbers[-1]] if numbers[-1] in _SENTINELS and numbers[-1] > 2 * max(numbers[-2], 1.0) else []
    return low + high


def far_share(numbers: np.ndarray) -> float | None:
    """Return the share more than 5 robust standard deviations from the median; None where half the rows have one value.

    A robust standard deviation is 1.4826 times the median distance from the median. Expected are 6e-7 of normal numbers, and
    1.1 % of numbers with heavy tails (Student's t with 3 degrees of freedom).

    Examples
    --------
    >>> far_share(np.array([1.0, 2, 3, 4, 100])), far_share(np.array([0.0, 0, 0, 9]))
    (0.2, None)
    """
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return None
    away = np.abs(known / 2 - np.median(known / 2))  # halves: a difference of two numbers cannot overflow
    spread = 1.4826 * float(np.median(away))
    return float((away > FAR * spread).mean()) if spread > 0 else None


def rounded(value: float, up: bool) -> float:
    """Return a number with two significant digits, away from the values that it bounds: a range, but no row's value.

    Examples
    --------
    >>> rounded(8675309421.0, True), rounded(-0.01234, False), rounded(17, False), rounded(0, True)
    (8700000000.0, -0.013, 17.0, 0.0)
    """
    if value == 0 or not math.isfinite(value):
        return float(value)
    if abs(value) < _TINY:
        return (0.0 if value < 0 else _TINY) if up else (0.0 if value > 0 else -_TINY)
    digits = 1 - math.floor(math.log10(abs(value)))
    scaled = round(value * 10.0**digits, 9)
    found = float((math.ceil if up else math.floor)(scaled))
    text = f"{found:.0f}e{-digits}"
    return float(text) if math.isfinite(float(text)) else value


def same_columns(table: Table) -> Iterator[tuple[str, str]]:
    """Yield columns with an earlier one whose values stand for the same rows, one to one; identifiers are left out."""
    seen: dict[tuple[int, ...], list[str]] = {}
    for column in table.columns:
        coded = table.coded(column)
        if len(coded.values) < 2 or len(coded.values) > table.rows // 2:
            continue
        shape = tuple(np.sort(np.bincount(coded.codes)).tolist())
        for earlier in seen.setdefault(shape, []):
            pairs = table.coded(earlier).codes.astype(np.int64) * len(coded.values) + coded.codes
            if len(np.unique(pairs)) == len(coded.values):
                yield column, earlier
                break
        else:
            seen[shape].append(column)
