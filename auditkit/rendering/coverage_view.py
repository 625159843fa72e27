"""Coverage packs in a page: how many items have each status, and each item with its evidence and what is still wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from auditkit.coverage.packs import STALE_DAYS, Pack
from auditkit.coverage.statuses import STATUSES, Coverage, Covered, cover
from auditkit.finding import Finding
from auditkit.record import Record
from auditkit.rendering.anchors import anchor, evidence_name
from auditkit.rendering.numbers import count
from auditkit.rendering.said import short
from auditkit.rendering.shared_view import date_text, head, provenance_facts

EMPTY = (
    "The audit was held against no framework. Choose some with coverage: in audit.yaml, or auditkit render --coverage; "
    "auditkit list --coverage names them."
)
MEANING = (
    "Met: the evidence that an item asks for stands in this audit, whatever it shows. Whether a law or standard is kept is for people "
    "to judge."
)
WORDS = {status: status.capitalize() for status in STATUSES}
# What each status looks like: the shapes of rulings, never the cross of a fail.
_SHAPES = {
    "met": "pass",
    "partly": "inconclusive",
    "not": "missing",
    "human input": "insufficient",
    "not applicable": "",
}
# Which section of a page holds what: a family of findings, or a part of the record.
IN_GATE_REPORT = {
    "fairness": "groups",
    "performance": "groups",
    "explanations": "explanations",
    "privacy": "privacy",
    "carbon": "energy",
    "data": "data",
    "questionnaire": "questions",
    "datasheet": "data",
    **{name: name for name in ("decision", "rulings", "unseen", "changes", "provenance", "groups", "sign")},
}
IN_TECHNICAL_FILE = {
    **dict.fromkeys(("explanations", "privacy", "carbon", "data", "performance", "rulings", "decision"), "development"),
    **dict.fromkeys(("fairness", "groups"), "working"),
    "changes": "lifecycle",
    "unseen": "method",
    "sign": "sign",
    "provenance": "provenance",
    "technical_file": "general",
}
_PEOPLE = {
    "card": "card:",
    "questionnaire": "questionnaire:",
    "technical_file": "technical_file:",
    "datasheet": "datasheet:",
}
_ROW, _FOUND, _WHOLE = 420, 60, 230_000


def coverage_part(record: Record, budget: int, sections: Mapping[str, str]) -> dict[str, Any]:
    """Return the section of a page: counts by status, warnings, and items.

    Parameters
    ----------
    record : Record
    budget : int
        Items are left to the document of coverage once so many bytes of HTML are used.
    sections : mapping
        Which section of the page holds what, for links; empty for a page that shows no evidence, which then names it by its id.
    """
    held = coverages(record)
    tables, left = [], budget
    for place, one in enumerate(held):
        rows = list(_fitting(_rows(record, one, sections), left // (len(held) - place)))
        left -= sum(map(_size, rows))
        tables.append(_table(one, rows))
    return {
        "empty": "" if held else EMPTY,
        "meaning": MEANING,
        "counts": _counts(held),
        "warnings": [warning for one in held for warning in _warnings(one)],
        "tables": tables,
    }


def coverages(record: Record) -> list[Coverage]:
    """Return the record's packs, each held against its audit."""
    compared = record.changes is not None
    return [cover(pack, record.audit, record.decision, compared=compared) for pack in record.coverage]


def _counts(held: Iterable[Coverage]) -> dict[str, Any] | None:
    rows = [
        [
            short(one.pack.title, 80),
            *(count(number) for number in one.counts.values()),
            _day(one.pack.legal_status_as_of),
        ]
        for one in held
    ]
    heads = ["Framework", *WORDS.values(), "Law as of"]
    columns = [{"title": head, "align": "left" if head in ("Framework", "Law as of") else "right"} for head in heads]
    note = f"Counts of items. {MEANING}"
    table = {
        "block": "table",
        "title": "Items by status",
        "caption": "",
        "columns": columns,
        "rows": rows,
        "note": note,
    }
    return {**table, "evidence": "run.coverage", "anchor": ""} if rows else None


def _warnings(one: Coverage) -> Iterator[dict[str, str]]:
    pack, title = one.pack, short(one.pack.title, 80)
    if pack.superseded_by:
        yield {"status": "missing", "title": f"{title}: superseded", "text": f"{short(pack.superseded_by, 300)}."}
    if one.stale and one.day is not None:
        text = (
            f"Its legal status was looked up on {_day(pack.legal_status_as_of)}, {count(pack.age(one.day))} days before this audit; "
            f"more than {STALE_DAYS}. Look again before relying on it."
        )
        yield {"status": "missing", "title": f"{title}: old", "text": text}
    if one.day is None:
        text = "The record has no date, so nobody can say whether this pack was old."
        yield {"status": "missing", "title": f"{title}: age not known", "text": text}


def _table(one: Coverage, rows: list[dict[str, Any]]) -> dict[str, Any]:
    left = len(one.items) - len(rows)
    about = " ".join(filter(None, (short(one.pack.note, 400), f"Source: {short(one.pack.source, 200)}.")))
    further = f" {count(left)} of its items stand in the document of coverage." if left else ""
    return {
        "title": _titled(one.pack),
        "caption": short(one.pack.legal_status, 500),
        "lines": rows,
        "note": f"{about}{further}",
    }


def _titled(pack: Pack) -> str:
    title, version = short(pack.title, 80), short(pack.version, 80)
    return title if version in title else f"{title} ({version})"


def _fitting(rows: Iterable[dict[str, Any]], budget: int) -> Iterator[dict[str, Any]]:
    """Yield the first rows that keep to the budget."""
    for row in rows:
        budget -= _size(row)
        if budget < 0:
            return
        yield row


def _size(row: dict[str, Any]) -> int:
    texts = [row["id"], row["text"], *(part["text"] for part in row["evidence"]), *row["open"]]
    return _ROW + sum(_FOUND + len(text) for text in texts)


def _rows(record: Record, held: Coverage, sections: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    findings = {finding.id: finding for finding in record.audit.findings}
    for one in held.items:
        yield {
            "id": short(one.item.id, 80),
            "text": short(one.item.text, 240),
            "shape": _SHAPES[one.status],
            "word": WORDS[one.status],
            "evidence": [*_measured(one, findings, sections), *_given(one, sections)],
            "open": list(_open(one)),
        }


def _measured(one: Covered, findings: Mapping[str, Finding], sections: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what the audit holds, each with the place that shows it."""
    for found in one.found:
        if not found.present or found.place in _PEOPLE:
            continue
        finding = findings.get(found.place)
        link = sections.get(found.place.split(".", maxsplit=1)[0], "")
        part: dict[str, Any] = {"text": short(found.text), "link": link, "id": found.place if finding else ""}
        if finding is not None and sections:
            anchors = [anchor(evidence_name(finding.id, item)) for item in finding.evidence]
            part |= {"places": [*anchors, anchor(finding.id)]}
        yield part


def _given(one: Covered, sections: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what people said, one line for each part of audit.yaml."""
    for place, names in _by_part(one, present=True).items():
        yield {
            "text": short(f"Said under {_PEOPLE[place]} {', '.join(names)}"),
            "link": sections.get(place, ""),
            "id": "",
        }


def _open(one: Covered) -> Iterator[str]:
    """Yield what is not there: what was not measured and why, what people still owe, what remains for them in any case."""
    for found in one.found:
        if not found.present and found.place not in _PEOPLE:
            yield short(found.text)
    for place, names in _by_part(one, present=False).items():
        yield short(f"To be said under {_PEOPLE[place]} {', '.join(names)}", 200)
    if one.reason:
        yield short(f"For people: {one.reason}" if one.found else one.reason, 240)


def _by_part(one: Covered, *, present: bool) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for found in one.found:
        if found.present is present and found.place in _PEOPLE:
            gathered.setdefault(found.place, []).append(found.text)
    return gathered


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def coverage_view(record: Record) -> dict[str, Any]:
    """Return everything the document of coverage says.

    Examples
    --------
    ``coverage_view(record)["coverage"]["counts"]["rows"]`` has one row for each framework.
    """
    packs = [(f"Pack {pack.id}, sha256", pack.digest) for pack in record.coverage]
    return {
        "head": head(record, "Coverage", "what frameworks ask for", [f"As of {date_text(record)}"]),
        "coverage": coverage_part(record, _WHOLE, {}),
        "packs": [
            {"label": short(label, 80), "value": digest, "mono": True, "missing": False} for label, digest in packs
        ],
        "provenance": provenance_facts(record),
    }
