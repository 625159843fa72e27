"""A decision as a GitLab Code Quality report."""

from __future__ import annotations

from typing import Any

from auditkit.exports.decision_json import as_bytes
from auditkit.exports.gate_lines import DIED, Sources, deaths, decided, lines, notices
from auditkit.exports.plain_text import visible
from auditkit.policy import Place
from auditkit.record import Record

_SEVERITIES = {"error": "blocker", "warning": "major", "waiver": "minor", "note": "info"}


def gitlab(record: Record, sources: Sources) -> bytes:
    """Return a Code Quality report: an issue for each ruling that is no pass, each waiver to look at, each auditor that died.

    A fingerprint knows no number, no status and no line, so that a merge request shows what is new and what is mended.
    """
    decision = decided(record)
    found = [
        _issue(line.ruling.rule, f"{line.code} {line.name}: {line.text}", line.key, line.level, line.place)
        for line in lines(decision, sources)
        if line.level != "none"
    ]
    place = Place(sources.audit, 1, 1)
    found += [
        _issue(DIED, f"{DIED} {death.auditor} died: {death.reason}", death.key, "error", place)
        for death in deaths(decision)
    ]
    found += [
        _issue("auditkit-waivers", notice.text, notice.key, "waiver", notice.place)
        for notice in notices(decision, sources)
    ]
    return as_bytes(found)


def _issue(check: str, text: str, key: str, level: str, place: Place) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": visible(check),
        "fingerprint": key,
        "severity": _SEVERITIES[level],
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
