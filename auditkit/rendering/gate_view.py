"""The record as the gate report needs it: five answers for the first page, then the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.policy import Ruling
from auditkit.record import Record
from auditkit.rendering.changes_view import changes_part
from auditkit.rendering.coverage_view import IN_GATE_REPORT, coverage_part
from auditkit.rendering.gaps_view import gaps_table
from auditkit.rendering.gate_answers import deciders, ordered, sure, unseen, verdict, why
from auditkit.rendering.judged_view import judged_table
from auditkit.rendering.language import spoken
from auditkit.rendering.numbers import NOTHING, count, number
from auditkit.rendering.questions_view import open_questions
from auditkit.rendering.rulings_view import rulings_table
from auditkit.rendering.shared_view import (
    date_text,
    family_section,
    further_blocks,
    group_blocks,
    head,
    mapping_of,
    method_facts,
    provenance_facts,
    text_of,
)
from auditkit.rendering.wording import how_sure, limit_of, ruling_name
from auditkit.stats.planning import MOST


def gate_view(record: Record) -> dict[str, Any]:
    """Return everything the gate report says, as text and positions.

    Examples
    --------
    ``gate_view(record)["verdict"]["word"]`` is "Yes", "No" or "Not decided".
    """
    decision = record.decision
    meta = [
        spoken("Judged as of {day}", day=date_text(record))
        if decision
        else spoken("Measured {day}", day=date_text(record))
    ]
    meta += [spoken("Policy {name}", name=decision.policy)] if decision else []
    rulings = ordered(decision.rulings) if decision else []
    anchors = {id(ruling): f"ruling-{place}" for place, ruling in enumerate(rulings, 1)}
    return {
        "head": head(record, spoken("Gate report"), spoken("for deployment to production"), meta),
        "verdict": verdict(record, rulings),
        "why": why(record, rulings, anchors),
        "sure": sure(decision, rulings),
        "deciders": deciders(decision, rulings),
        "unseen": unseen(record, rulings),
        "rulings": rulings_table(decision, rulings, anchors),
        "settle": _settle(rulings),
        "judged": judged_table(record),
        "gaps": gaps_table(record, columns=1),
        "groups": group_blocks(record, columns=1, ruled=True),
        "intersection_gaps": gaps_table(record, columns=2),
        "intersections": group_blocks(record, columns=2, ruled=True),
        "further": further_blocks(record, ruled=True),
        "explanations": family_section(
            record, "explanations", spoken("Not measured because no explanation auditor ran."), "deciding", ruled=True
        ),
        "privacy": family_section(
            record, "privacy", spoken("Not measured because no privacy auditor ran."), ruled=True
        ),
        "energy": family_section(
            record, "carbon", spoken("Not measured because no energy auditor ran."), "energy", ruled=True
        ),
        # Whole, whether or not a rule speaks of it: the model card has no tables of the data.
        "data": family_section(record, "data", spoken("Not measured because no data auditor ran."), "data"),
        "risks": _risks(record, rulings),
        "changes": changes_part(record),
        "coverage": coverage_part(record, _COVERAGE, IN_GATE_REPORT),
        "questions": open_questions(record),
        "sign": _sign(record),
        "method": method_facts(record, ruled=True),
        "provenance": provenance_facts(record),
        "contents": [{"id": key, "title": spoken(title)} for key, title in _CONTENTS],
    }


_COVERAGE = 34_000  # bytes of HTML for items of frameworks; the rest stands in the document of coverage
_CONTENTS = (
    ("rulings", "Rulings"),
    ("settle", "What would settle it"),
    ("groups", "By group"),
    ("intersections", "Intersections"),
    ("further", "Further comparisons"),
    ("explanations", "What drives the score"),
    ("data", "Data"),
    ("privacy", "Privacy"),
    ("energy", "Energy"),
    ("risks", "Residual risks"),
    ("changes", "Change since the last approved audit"),
    ("questions", "Questions for people"),
    ("coverage", "Coverage"),
    ("sign", "Sign-off"),
    ("method", "Method"),
    ("provenance", "Provenance"),
)


# ---------------------------------------------------------------------- what would settle it, risks, sign-off


def _settle(rulings: Sequence[Ruling]) -> dict[str, Any]:
    unsettled = [ruling for ruling in rulings if ruling.status == "inconclusive"]
    rows = [
        [
            ruling_name(ruling),
            limit_of(ruling),
            *_needed(ruling),
        ]
        for ruling in unsettled
        if ruling.rows_needed
    ]
    rest = [ruling_name(ruling) for ruling in unsettled if not ruling.rows_needed]
    note = spoken("No number of rows is known for: {names}.", names=", ".join(rest)) if rest else ""
    empty = "" if unsettled else spoken("No rule is inconclusive, so nothing waits for more rows.")
    columns = [
        {"title": spoken(title), "align": align}
        for title, align in (
            ("Rule", "left"),
            ("Limit", "right"),
            ("Rows needed", "right"),
            ("Rows now", "right"),
            ("Times this set", "right"),
        )
    ]
    return {"columns": columns, "rows": rows, "note": note, "empty": empty}


def _needed(ruling: Ruling) -> list[str]:
    needed, rows = ruling.rows_needed or 0, ruling.rows or 0
    if not rows:
        return [number(float(needed)), NOTHING, NOTHING]
    if needed > MOST * rows:
        return [f"more than {count(MOST)} × these", count(rows), f"> {count(MOST)}"]
    return [number(float(needed)), count(rows), number(needed / rows)]


def _risks(record: Record, rulings: Sequence[Ruling]) -> dict[str, Any]:
    items: list[dict[str, Any]] = [
        {"strong": f"{ruling_name(r)}:", "text": f"{how_sure(r)}.", "status": r.status, "evidence_id": r.evidence}
        for r in rulings
        if r.status != "pass"
    ]
    stated = text_of(mapping_of(record.audit.subject.get("card")).get("limitations"))
    items += [{"strong": spoken("Stated by the owner:"), "text": stated, "status": None}] if stated else []
    caveats = [
        {"strong": spoken("{title} misleads when:", title=f.title), "text": f.caveat, "status": None}
        for f in record.audit.findings
        if f.caveat and f.status == "measured"
    ]
    return {
        "items": items,
        "caveats": caveats,
        "empty": "" if items else spoken("No ruling other than pass, and no limitation was stated by the owner."),
    }


def _sign(record: Record) -> dict[str, Any]:
    return {
        "status": "missing",
        "title": spoken("Not signed"),
        "text": spoken(
            "A signature covers evidence {digest} and no other.", digest=record.evidence_digest[:8] or "none"
        ),
        "rows": [spoken("Owner of the model"), spoken("Risk owner"), spoken("Independent reviewer")],
        "headers": [spoken("Role"), spoken("Name"), spoken("Conditions"), spoken("Signature"), spoken("Date")],
    }
