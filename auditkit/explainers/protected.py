"""Columns whose name says that no credit decision may rest on them, whether or not anybody called them sensitive."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = re.compile(
    r"sex|gender|race|racial|ethnic(ity)?|colou?r|religion|religious|nationality|citizenship|marital|marriage|married|age|"
    r"pregnan(t|cy)|(native|birth) ?(country|place)|national origin|country of (birth|origin)|public assistance",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")


def sounds_protected(column: str) -> bool:
    """Return whether a column's name speaks of what ECOA protects (15 U.S.C. 1691(a)), as whole words.

    It reads names, not contents: ``code_7`` may hold the sex and ``race_time`` no race, so a name that passes proves nothing.

    Examples
    --------
    >>> [name for name in ("sex", "maritalStatus", "native-country", "mileage", "age_of_car", "income") if sounds_protected(name)]
    ['sex', 'maritalStatus', 'native-country', 'age_of_car']
    """
    words = " ".join(_WORDS.split(column))
    return any(_whole(words, found) for found in _NAMES.finditer(words))


def protected_warning(columns: Iterable[str]) -> str:
    """Return what to say when such columns are among the reasons; nothing where there are none."""
    named = ", ".join(repr(column) for column in columns)
    if not named:
        return ""
    return (
        f"{named} lowered the score: ECOA (15 U.S.C. 1691(a)) prohibits decisions on race, color, religion, national origin, "
        "sex, marital status, public assistance and, with exceptions, age; have the model reviewed before any notice"
    )


def _whole(words: str, found: re.Match[str]) -> bool:
    before, after = words[: found.start()], words[found.end() :]
    return not before[-1:].isalpha() and not after[:1].isalpha()
