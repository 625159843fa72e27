"""The technical file of Annex IV: what the audit fills, what people wrote, and how much of each is still open."""

from __future__ import annotations

from datetime import date
from typing import Any

from auditkit.coverage.facts import day_of
from auditkit.coverage.packs import STALE_DAYS
from auditkit.questions.asking import Outline, Point, Section, annex_iv, answered
from auditkit.record import Record
from auditkit.rendering.coverage_view import IN_TECHNICAL_FILE, coverage_part
from auditkit.rendering.numbers import count
from auditkit.rendering.said import HUMAN, said, within
from auditkit.rendering.shared_view import date_text, head, method_facts, provenance_facts
from auditkit.rendering.technical_parts import PARTS, Part

PART = "technical_file"
_TEXTS, _COVERAGE = 80_000, 60_000
NOT_A_DECLARATION = "This file gathers what an audit can fill and what people wrote. It declares nothing, and it is no assessment of conformity."


def technical_view(record: Record) -> dict[str, Any]:
    """Return everything the technical file says.

    Examples
    --------
    ``technical_view(record)["open"]`` is the number of texts that people still owe.
    """
    outline = annex_iv()
    asked = [question for section in outline.sections for point in section.points for question in point.human]
    answers = [answered(question, PART, record.audit.subject) for question in asked]
    shown = dict(zip((one.question.key for one in answers), within([one.text for one in answers], _TEXTS), strict=True))
    parts = {name: make(record) for name, make in PARTS.items()}
    wanted = [name for section in outline.sections for point in section.points for name in point.machine]
    still = sum(not one.text for one in answers)
    filled = sum(not parts[name].reason for name in wanted)
    return {
        "head": head(
            record,
            "Technical file",
            "in the order of Annex IV, Regulation (EU) 2024/1689",
            [f"As of {date_text(record)}"],
        ),
        "lede": (
            f"{count(filled)} of {count(len(wanted))} parts are filled from the audit; {count(still)} of {count(len(answers))} texts "
            "that only people can write are missing."
        ),
        "open": still,
        "filled": filled,
        "state": _state(still, len(answers)),
        "notice": NOT_A_DECLARATION,
        "counts": [_count(section, record, parts) for section in outline.sections],
        "old": _old(record, outline),
        "law": {"text": outline.legal_status, "as_of": outline.legal_status_as_of, "source": outline.source},
        "sections": [_section(section, record, parts, shown) for section in outline.sections],
        "coverage": coverage_part(record, _COVERAGE, IN_TECHNICAL_FILE),
        "method": method_facts(record),
        "provenance": provenance_facts(record),
        "contents": [
            *({"id": section.id, "title": section.title} for section in outline.sections),
            {"id": "coverage", "title": "Coverage"},
            {"id": "method", "title": "Method"},
            {"id": "sign", "title": "Signatures"},
            {"id": "provenance", "title": "Provenance"},
        ],
    }


def _state(still: int, total: int) -> dict[str, str]:
    if not still:
        return {"status": "pass", "title": "No text is missing", "text": "Texts are shown as given, and not checked."}
    text = "Write them under technical_file: in audit.yaml; some also count when they stand under card:."
    return {
        "status": "insufficient",
        "title": f"{HUMAN.capitalize()}: {count(still)} of {count(total)} texts",
        "text": text,
    }


def _old(record: Record, outline: Outline) -> dict[str, str] | None:
    """Warn where the law was looked up more than 180 days before the audit."""
    day = day_of(record.audit, record.decision)
    age = (day - date.fromisoformat(outline.legal_status_as_of)).days if day else 0
    if age <= STALE_DAYS:
        return None
    text = f"The points of Annex IV were looked up {count(age)} days before this audit; more than {STALE_DAYS}. Look again."
    return {"status": "missing", "title": "Points of the law: old", "text": text}


def _count(section: Section, record: Record, parts: dict[str, Part]) -> list[str]:
    machine = [parts[name] for point in section.points for name in point.machine]
    human = [answered(question, PART, record.audit.subject) for point in section.points for question in point.human]
    return [
        section.title,
        f"{count(sum(not part.reason for part in machine))} of {count(len(machine))}",
        f"{count(sum(bool(one.text) for one in human))} of {count(len(human))}",
    ]


def _section(section: Section, record: Record, parts: dict[str, Part], shown: dict[str, str]) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "question": section.question,
        "points": [_point(point, record, parts, shown) for point in section.points],
    }


def _point(point: Point, record: Record, parts: dict[str, Part], shown: dict[str, str]) -> dict[str, Any]:
    machine = [parts[name] for name in point.machine]
    answers = [answered(question, PART, record.audit.subject) for question in point.human]
    return {
        "title": f"{point.point}  {point.title}",
        "blocks": [block for part in machine for block in part.blocks],
        "reasons": [{"strong": "Not filled:", "text": part.reason} for part in machine if part.reason],
        "human": [said(answer, shown[answer.question.key], PART) for answer in answers],
    }
