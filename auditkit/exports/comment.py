"""A decision as a Markdown comment under a merge request, or the summary of a CI step."""

from __future__ import annotations

import hashlib
import json
import re

from auditkit.exports.gate_lines import Line, Sources, counted, decided, lines, others, summary
from auditkit.exports.plain_text import cut, visible
from auditkit.policy import Decision
from auditkit.record import Record

MOST = 60_000  # bytes; GitHub takes 65,536 signs
_FOR_NOTES = 12_000
_FOR_FOOT = 1_000
_ORDER = {"error": 0, "warning": 1, "note": 2, "none": 3}
_SIGNS = {"fail": "❌", "pass": "✅", "inconclusive": "❔", "missing": "⬜", "insufficient": "⬜"}
_ACTIVE = re.compile(r"[\\`*_{}\[\]()#|~!$^<>&]")
# A code host makes links, mentions and emojis of the text that Markdown leaves, where no backslash is seen any more.
_LINKING = re.compile(r"(?<=[@:#/])(?=[\w/])|(?<=www)(?=\.)|(?<=GH)(?=-)", re.IGNORECASE)

_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def comment(record: Record, sources: Sources) -> bytes:
    """Return Markdown of less than 60 kB that begins with a hidden marker; what is cut is said.

    Notes
    -----
    The first line is the same for each decision of this audit by this policy, and only for these: a bot looks for the comment
    that begins with it and replaces that comment.
    """
    decision = decided(record)
    found = sorted(lines(decision, sources), key=lambda line: _ORDER[line.level])
    head = [
        marker(record),
        f"### auditkit: {_markdown(record.audit.name, 200)}",
        "",
        f"**{_markdown(summary(decision), 400)}**",
        "",
        _counts(decision),
        "",
    ]
    table = ["| ended | rule | measured | limit | says |", "|---|---|---:|---:|---|"]
    foot = [
        "",
        f"Judged as of {decision.as_of.isoformat()}; evidence {_markdown(record.evidence_digest[:12], 12)}, policy "
        f"{_markdown(decision.policy_digest[:12], 12)}. `auditkit explain` tells what a code means.",
    ]
    notes, notes_left = _fitting([f"- {_markdown(text, 600)}" for text in others(decision)], _FOR_NOTES)
    notes += [f"- {notes_left} more notes are in audit.json"] if notes_left else []
    room = MOST - _FOR_FOOT - _size([*head, *table, "", *notes, *foot])
    rows, rows_left = _fitting([_row(line) for line in found], room)
    if rows_left:
        rows.append(f"| | **{rows_left} more rulings were cut here; audit.json and the gate report have all** | | | |")
    parts = [*head, *([*table, *rows] if found else []), *(["", *notes] if notes else []), *foot]
    return ("\n".join(parts) + "\n").encode("utf-8", "replace")


def marker(record: Record) -> str:
    """Return the hidden line by which a bot finds its comment again."""
    key = json.dumps([record.audit.name, decided(record).policy])
    return f"<!-- auditkit:gate:{hashlib.sha256(key.encode()).hexdigest()[:16]} -->"


def _counts(decision: Decision) -> str:
    found = counted(decision)
    return ", ".join(f"{number} {status}" for status, number in found.items()) or "no rule was judged"


def _row(line: Line) -> str:
    ruling = line.ruling
    value = "" if ruling.value is None else f"{ruling.value:.3g}"
    sign = {"min": "≥ ", "max": "≤ ", "measured": ""}[ruling.limit_kind]
    limit = "" if ruling.limit is None else f"{sign}{ruling.limit:.3g}"
    mark = _SIGNS.get(ruling.status, "☑️")
    ended = f"{mark} {ruling.status}" + (" (blocks)" if line.level == "error" else "")
    code = f"{line.code} " if line.code else ""
    return f"| {ended} | {_markdown(line.name, 300)} | {value} | {limit} | {code}{_markdown(line.text, 1000)} |"


def _fitting(texts: list[str], room: int) -> tuple[list[str], int]:
    """Return the first lines that fit into so many bytes, and how many do not."""
    kept: list[str] = []
    for text in texts:
        room -= _size([text])
        if room < 0:
            break
        kept.append(text)
    return kept, len(texts) - len(kept)


def _size(texts: list[str]) -> int:
    return sum(len(text.encode("utf-8", "replace")) + 1 for text in texts)


def _markdown(text: str, most: int) -> str:
    """Return text that Markdown shows as it is, on one line of a table, without links or mentions."""
    parted = []
    for piece in _LINKING.split(cut(visible(text), most)):
        parted.append(_ACTIVE.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), piece))
    return "<!-- -->".join(parted)
