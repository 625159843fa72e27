"""Messages of other people's code, which may quote rows: what they quote is taken out before a record or a terminal has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

MASK = "…"
_SHORTEST = 3  # a shorter value is as likely a word of the message
_QUOTED = re.compile(r"(?<!\w)(?P<sign>['\"`])(?P<inside>.*?)(?:(?P=sign)(?!\w)|$)")
_OF_CODE = re.compile(r"(?:attribute|column|module named|argument|parameter|package|option|class|method|function) $")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d,]*\.\d+|\d{4,}|\d{1,3}(?:,\d{3})+)(?:e[-+]?\d+)?(?!\w)", re.IGNORECASE)


def masked(message: str, columns: Collection[str] = (), values: Iterable[object] = ()) -> str:
    """Return a message without what it quotes of rows.

    Parameters
    ----------
    message : str
    columns : collection of str
        Names that may stay, quoted as they are.
    values : iterable
        Values of the rows: those of three signs and more go wherever they stand, quoted or not.

    Notes
    -----
    Quoted text goes, but for names of columns and of code (``column 'x'``, ``attribute 'x'``, ``'x' object``). So do numbers of four digits
    and more, or with decimals. What is left of a message still says what went wrong.

    Examples
    --------
    >>> masked("could not convert string to float: 'Ada Byron' in column 'income'", ["income"])
    "could not convert string to float: '…' in column 'income'"
    >>> masked("no rule for nurse, 41250.5 a year; 'Coder' object has no attribute 'rules'", [], ["nurse"])
    "no rule for …, … a year; 'Coder' object has no attribute 'rules'"
    """

    def quoted(found: re.Match[str]) -> str:
        before, after = message[: found.start()], message[found.end() :]
        of_code = _OF_CODE.search(before) or after.startswith(" object")
        if found["inside"] in columns or (of_code and found["inside"].replace(".", "").isidentifier()):
            return found[0]
        return f"{found['sign']}{MASK}{found['sign']}"

    text = _NUMBER.sub(MASK, _QUOTED.sub(quoted, message))
    known = {str(value) for value in values if isinstance(value, str)} - set(columns)
    there = sorted((value for value in known if len(value) >= _SHORTEST and value in text), key=lambda one: -len(one))
    for value in there:
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
    return text


def without_rows(message: str, frame: Any) -> str:
    """Return a message without what it quotes of the rows of a pandas frame."""
    columns = [str(column) for column in frame.columns]
    words = [
        value
        for place, kind in enumerate(frame.dtypes)
        if getattr(kind, "kind", "O") == "O"
        for value in frame.iloc[:, place].dropna().unique().tolist()
    ]
    return masked(message, columns, words)
