"""What changed since the last approved audit: numbers with intervals, rulings, what is new and what vanished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from auditkit.changes import Before, Changes, RulingChange
from auditkit.comparing import Change, Comparison
from auditkit.record import Record
from auditkit.rendering.numbers import NOTHING, count, interval, limit, number, percent
from auditkit.rendering.said import short
from auditkit.rendering.shared_view import date_text
from auditkit.rendering.wording import STATUS_WORDS, measure_name

NOTHING_GIVEN = "No earlier audit was given, so nothing is said about change. Name one with --baseline audit.json."
MOST_ROWS, MOST_NAMES, LEVEL = 15, 8, 0.95
_FAMILIES = ("performance", "fairness", "privacy", "explanations", "carbon", "data")


def changes_part(record: Record, most: int = MOST_ROWS) -> dict[str, Any]:
    """Return the section: who is compared, what moved, which rulings are others, what only one of the two has."""
    changes = record.changes
    if changes is None:
        return {"empty": NOTHING_GIVEN, "facts": [], "notes": [], "tables": [], "told": "", "warning": None}
    found = changes.comparison
    tables = [table for table in (_rulings(changes, most), _moved(found, most, _ruled(record))) if table]
    return {
        "empty": "",
        "facts": _facts(record, changes.before),
        "warning": _warning(changes.before),
        "notes": [{"strong": "Hard to compare:", "text": f"{note}."} for note in found.notes] + _only_one(changes),
        "tables": tables,
        "told": told(found),
    }


def told(found: Comparison) -> str:
    """Return how many measures were compared, how many are shown to have changed, and what silence means."""
    tally = Counter(str(one.moved) for one in found.changes)
    if not found.changes:
        return "No measure stands in both."
    shown = len(found.changes) - tally["not shown"]
    parts = [f"{count(tally[word])} {said}" for word, said in _MOVED.items() if tally[word]]
    what = (
        f"{count(shown)} are shown to have changed ({', '.join(parts)})" if shown else "none is shown to have changed"
    )
    return (
        f"{count(len(found.changes))} measures stand in both; {what}. The bounds hold for all of them at once at {percent(LEVEL)}. "
        "Where no change is shown, that does not say that there is none."
    )


_MOVED = {"worse": "worse", "better": "better", "moved": "moved, where neither way is better"}


# ------------------------------------------------------------------------------------------------------- who is who


def _facts(record: Record, before: Before) -> list[dict[str, Any]]:
    decision = record.decision
    then = ", ".join(filter(None, (before.name, _day(before.day))))
    now = ", ".join((record.audit.name, date_text(record)))
    facts = [
        ("Then", f"{then}{_gate(before.verdict, before.policy)}", False),
        ("Then, file adopted, sha256" if before.adopted else "Then, evidence sha256", before.digest, True),
        ("Now", f"{now}{_gate(decision.verdict, decision.policy) if decision else ''}", False),
        ("Now, evidence sha256", record.evidence_digest, True),
    ]
    if decision is not None and before.policy_digest:
        same = before.policy_digest == decision.policy_digest
        facts.append(("Policy", "the same, by its digest" if same else "another one than then", False))
    return [
        {"label": label, "value": value or "none", "mono": mono and bool(value), "missing": not value}
        for label, value, mono in facts
    ]


def _gate(verdict: str, policy: str) -> str:
    return f"; gate: {verdict} (policy {policy})" if verdict else "; no policy was judged"


def _day(day: str) -> str:
    try:
        read = date.fromisoformat(day)
    except ValueError:
        return ""
    return f"{read.day} {read:%B} {read.year}"


def _warning(before: Before) -> dict[str, str] | None:
    if before.adopted:
        text = (
            "It is a file of measures that were adopted, not an audit: it holds what rules speak of and nothing else."
        )
        return {"status": "adopted", "title": "Compared with an adopted state", "text": text}
    if before.approved:
        return None
    text = f"Its gate said {before.verdict!r}." if before.verdict else "No policy was judged then."
    return {
        "status": "missing",
        "title": "Not an approved audit",
        "text": f"{text} What is better than it may still be bad.",
    }


# -------------------------------------------------------------------------------------------------------- what moved


def _ruled(record: Record) -> frozenset[str]:
    return frozenset(ruling.measure for ruling in record.decision.rulings) if record.decision else frozenset()


def _moved(found: Comparison, most: int, ruled: frozenset[str]) -> dict[str, Any] | None:
    moved = sorted((one for one in found.changes if one.moved != "not shown"), key=lambda one: _order(one, ruled))
    # Several findings may hold one rate or its complement, such as recall and misses; it is shown once.
    shown = list({_quantity(one): one for one in reversed(moved)}.values())[::-1]
    if not shown:
        return None
    more = f" {count(len(shown) - most)} more in audit.json." if len(shown) > most else ""
    return {
        "block": "table",
        "title": "Measures that are shown to have changed",
        "caption": "First what rules speak of, then what got worse; a rate and its complement once",
        "columns": _columns("Measure", "Of", ">Then", ">Now", ">Change", "Bounds of the change", "So it"),
        "rows": [_row(one) for one in shown[:most]],
        "note": f"Both audits are taken as independent; each bound is stated at {percent(found.confidence)}.{more}",
        "evidence": [one.measure.rpartition(".")[0] for one in shown[:most]],
        "anchor": "",
    }


def _order(one: Change, ruled: frozenset[str]) -> tuple[object, ...]:
    """Sort what rules speak of first, then what got worse; counts come after estimates, groups after all rows."""
    family = one.measure.split(".", maxsplit=1)[0]
    place = _FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES)
    moved = ("worse", "better", "moved").index(one.moved) if one.moved != "not shown" else len(_MOVED)
    size = abs(one.now - one.was) / max(abs(one.now), abs(one.was))
    group = one.about != "all rows"
    return one.measure not in ruled, moved, one.kind == "exact", place, group, -size, one.measure, one.about


def _quantity(one: Change) -> tuple[object, ...]:
    """Return what is the same for a rate and its complement, and for one measure that two findings hold."""
    if one.unit != "rate":
        return measure_name(one.measure), one.about, one.was, one.now
    return one.about, *(round(abs(value - 0.5), 12) for value in (one.was, one.now)), abs(round(one.now - one.was, 12))


def _row(one: Change) -> list[str]:
    bounds = "exact" if one.kind == "exact" else interval(one.low, one.high, one.unit)
    word = {"worse": "got worse", "better": "got better"}.get(one.moved, "moved")
    then, now = number(one.was, one.unit), number(one.now, one.unit)
    return [
        measure_name(one.measure),
        short(one.about, 80),
        then,
        now,
        signed(one.now - one.was, one.unit),
        bounds,
        word,
    ]


def signed(value: float, unit: str) -> str:
    """Return a change with its sign.

    Examples
    --------
    >>> signed(0.25, "rate"), signed(-0.25, "rate"), signed(0, "rate")
    ('+0.250', '−0.250', '0')
    """
    return f"+{number(value, unit)}" if value > 0 else number(value, unit)


def _rulings(changes: Changes, most: int) -> dict[str, Any] | None:
    if not changes.rulings:
        return None
    more = len(changes.rulings) - most
    return {
        "block": "table",
        "title": "Rules whose ruling or limit is another one",
        "caption": "A limit that was loosened, and a rule that went, are changes too",
        "columns": _columns("Rule", "Of", "Ruling then", "Ruling now", ">Limit then", ">Limit now"),
        "rows": [_ruling(one) for one in changes.rulings[:most]],
        "note": f"{count(more)} more in audit.json." if more > 0 else "",
        "evidence": "decision",
        "anchor": "",
    }


def _ruling(one: RulingChange) -> list[str]:
    def limited(value: float | None) -> str:
        return NOTHING if value is None else limit(value, one.limit_kind, one.unit)

    def ruled(status: str) -> str:
        return STATUS_WORDS.get(status, "no such rule")

    return [
        short(one.rule, 80),
        short(one.about, 80),
        ruled(one.was),
        ruled(one.now),
        limited(one.limit_was),
        limited(one.limit_now),
    ]


def _only_one(changes: Changes) -> list[dict[str, str]]:
    found = changes.comparison
    return [
        {"strong": f"{what} ({count(len(names))}):", "text": _names(names)}
        for what, names in (("Vanished since then", found.gone), ("New since then", found.new))
        if names
    ]


def _names(names: Sequence[str]) -> str:
    more = f"; and {count(len(names) - MOST_NAMES)} more in audit.json." if len(names) > MOST_NAMES else "."
    return "; ".join(short(name, 120) for name in names[:MOST_NAMES]) + more


def _columns(*titles: str) -> list[dict[str, str]]:
    """Return columns; a title that begins with > stands to the right."""
    return [{"title": title.lstrip(">"), "align": "right" if title.startswith(">") else "left"} for title in titles]
