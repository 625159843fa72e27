"""The room a document has: long names, texts and lists are cut until it keeps to its size, and what was cut says so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.rendering.language import more_in_record, spoken
from auditkit.rendering.numbers import count

CUT = "Texts that end in … and lists that end in “more” are whole in audit.json."
MOST_CHARTS = 12
_NAMES = frozenset({"title", "label", "name", "strong", "head", "kind", "word"})
# Never cut: pictures, and what links rest on.
_WHOLE = frozenset({"svg", "logo", "evidence_id", "anchor", "id", "link", "block"})
_ENDLESS = re.compile(r"(\S{200})\S{40,}")  # no word is that long
_EMPTY: dict[type, Any] = {str: "", list: [], tuple: (), dict: {}, bool: False}


@dataclass(frozen=True, slots=True)
class Room:
    """How long a name, the cell of a table and a text may be, and how many rows, other items and charts stand in a list.

    Tables of evidence have 25 rows at most already; those that must have all, such as Local Law 144's, keep them while they fit.
    """

    name: int
    cell: int
    text: int
    rows: int
    items: int
    charts: int
    blocks: float = 1.0  # of the tables and figures of a section, this share


# Each is tried in turn until the document keeps to its size; most documents need no more than the first.
ROOMS = (
    Room(name=240, cell=1_200, text=20_000, rows=400, items=400, charts=MOST_CHARTS),
    Room(name=240, cell=1_200, text=20_000, rows=400, items=400, charts=MOST_CHARTS, blocks=0.9),
    Room(name=240, cell=1_200, text=20_000, rows=400, items=400, charts=MOST_CHARTS, blocks=0.75),
    Room(name=160, cell=400, text=4_000, rows=25, items=120, charts=MOST_CHARTS, blocks=0.6),
    Room(name=100, cell=200, text=1_000, rows=25, items=60, charts=8, blocks=0.5),
    Room(name=60, cell=120, text=400, rows=12, items=30, charts=4, blocks=0.4),
    Room(name=40, cell=60, text=200, rows=6, items=12, charts=2, blocks=0.3),
    Room(name=24, cell=32, text=80, rows=3, items=5, charts=0, blocks=0.2),
)


def fit(view: Mapping[str, Any], room: Room) -> dict[str, Any]:
    """Return the view with what is longer than the room cut, and a word of it in the footer.

    Parameters
    ----------
    view : mapping
        What a document says; it is left as it is.
    room : Room

    Returns
    -------
    dict
        The view itself, as a new one, where nothing had to be cut.
    """
    cutter = _Cutter(room)
    made: dict[str, Any] = cutter.mapping(view)
    if cutter.cut and isinstance(made.get("head"), dict):
        made["head"]["footer"] = f"{made['head']['footer']} · {spoken(CUT)}"
    return made


class _Cutter:
    """Walks a view once; counts the charts, and remembers whether anything was cut."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.charts = 0
        self.cut = False

    def mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        block = self._without_drawing(value) if value.get("block") == "figure" else value
        made = {key: self.part(key, part) for key, part in block.items()}
        hidden = _length(block.get("rows")) - _length(made.get("rows"))
        if hidden > 0 and "note" in made:
            made["note"] = f"{made['note']} {more_in_record(hidden)}".strip()
        return made

    def part(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            return value if key in _WHOLE else self.text(value, self.room.name if key in _NAMES else self.room.text)
        if isinstance(value, Mapping):
            return self.mapping(value)
        if isinstance(value, list | tuple):
            return list(self._list(key, list(value)))
        return value

    def text(self, value: str, most: int) -> str:
        found = _ENDLESS.sub(r"\1…", value)
        if len(found) > most:
            found = f"{found[: most - 1]}…"
        self.cut = self.cut or found != value
        return found

    def _list(self, key: str, value: list[Any]) -> Iterator[Any]:
        most = self.room.rows if key in ("rows", "targets") or _cells(value) else self.room.items
        if value and isinstance(value[0], Mapping) and "block" in value[0]:
            most = max(1, math.ceil(len(value) * self.room.blocks))
        for item in value[:most]:
            if isinstance(item, list | tuple):
                yield [self.text(cell, self.room.cell) if isinstance(cell, str) else cell for cell in item]
            elif isinstance(item, str):
                yield item if key in ("evidence", "places") else self.text(item, self.room.cell)
            else:
                yield self.mapping(item) if isinstance(item, Mapping) else item
        if len(value) > most:
            self.cut = self.cut or most != math.ceil(len(value) * self.room.blocks)
            yield from _more(value[0], len(value) - most)

    def _without_drawing(self, block: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a chart, or its table where there are charts enough."""
        self.charts += 1
        if self.charts <= self.room.charts:
            return block
        self.cut = True
        table = dict(block["numbers"])
        return {**table, "caption": block["caption"], "evidence": block["evidence"], "anchor": block["anchor"]}


def _more(like: Any, amount: int) -> Iterator[dict[str, Any]]:
    """Yield an item that counts what a list leaves out, in the form of the items it has; rows are counted in their note."""
    if not isinstance(like, Mapping) or "point" in like or "places" in like:
        return
    if "block" in like:
        yield {
            "block": "note",
            "text": spoken("{n} more tables, figures and notes are in audit.json.", n=count(amount)),
        }
        return
    said = more_in_record(amount)
    empty: dict[str, Any] = {key: _EMPTY.get(type(value)) for key, value in like.items()}
    place = next((key for key in ("text", "value", "title", "ask") if key in like), None)
    if place is not None:
        yield {**empty, place: said} | ({"strong": spoken("And")} if "strong" in like else {})


def _cells(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], list | tuple)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0
