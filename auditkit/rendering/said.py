"""Texts of people in a page of limited size: whole where they fit, else cut evenly with a pointer to the record."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from auditkit.questions.asking import Answer

CUT = " … (the rest is in audit.json)"
HUMAN = "human input needed"


def within(texts: Sequence[str], budget: int) -> list[str]:
    """Return texts that together keep to so many bytes of HTML; the longest are cut, and all of these to one length.

    Examples
    --------
    >>> within(["short", "x" * 100], 40)
    ['short', 'xxx … (the rest is in audit.json)']
    """
    if sum(map(_size, texts)) <= budget:
        return list(texts)
    cap = _cap(sorted(map(_size, texts)), budget)
    return [text if _size(text) <= cap else _cut(text, cap) for text in texts]


def _cap(sizes: list[int], budget: int) -> int:
    """Return the greatest length that all can have at once: what short ones leave goes to the long ones."""
    left = budget
    for place, size in enumerate(sizes):
        share = left // (len(sizes) - place)
        if size > share:
            return share
        left -= size
    return sizes[-1]


def _cut(text: str, cap: int) -> str:
    low, high = 0, len(text)
    room = max(0, cap - _size(CUT))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[:middle]) <= room else (low, middle - 1)
    return text[:low] + CUT


def _size(text: str) -> int:
    return len(html.escape(text, quote=True).encode("utf-8", "surrogatepass"))


def said(answer: Answer, text: str, part: str) -> dict[str, Any]:
    """Return one question as the block of answers takes it; `text` is the answer as far as the page has room."""
    key = f"card.{answer.question.card}" if answer.from_card else f"{part}.{answer.question.key}"
    return {"ask": answer.question.ask, "text": text or HUMAN, "key": key, "missing": not text}


def short(text: str, most: int = 150) -> str:
    """Return a text cut to so many characters, for tables of many rows.

    Examples
    --------
    >>> short("one two three", 8)
    'one tw …'
    """
    return text if len(text) <= most else f"{text[: most - 2].rstrip()} …"
