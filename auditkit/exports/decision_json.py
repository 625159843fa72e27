"""A decision as JSON: all that was ruled, every number in full."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from auditkit.exports.gate_lines import Line, Sources, counted, decided, lines
from auditkit.finding_json import fields_of
from auditkit.record import Record

VERSION = 1


def decision_json(record: Record, sources: Sources) -> bytes:
    """Return the decision as JSON."""
    decision = decided(record)
    found = {
        "auditkit_decision": VERSION,
        "name": record.audit.name,
        "policy": decision.policy,
        "policy_digest": decision.policy_digest,
        "evidence_digest": record.evidence_digest,
        "as_of": decision.as_of.isoformat(),
        "valid_for_days": decision.valid_for_days,
        "verdict": decision.verdict,
        "inconclusive": decision.inconclusive,
        "exit_code": decision.exit_code,
        "prove": decision.prove,
        "false_alarm": decision.false_alarm,
        "counts": counted(decision),
        "rulings": [ruling_json(line) for line in lines(decision, sources)],
        "died": list(decision.problems),
        "unused_waivers": list(decision.unused_waivers),
        "expiring_waivers": list(decision.expiring_waivers),
        "not_applied": list(decision.not_applied),
        "baseline": decision.baseline,
    }
    return as_bytes(found)


def ruling_json(line: Line) -> dict[str, Any]:
    """Return one ruling with its code, level and place."""
    ruling, waiver = line.ruling, line.ruling.waiver
    place = {"file": line.place.file, "line": line.place.line, "column": line.place.column}
    groups = {name: getattr(ruling, name) for name in ("group", "worst", "best")}
    return {
        "code": line.code,
        "level": line.level,
        "place": place,
        **{name: _finite(value) for name, value in fields_of(ruling).items()},
        "over": list(ruling.over),
        **{name: group.as_dict() if group else None for name, group in groups.items()},
        "waiver": None
        if waiver is None
        else {
            **fields_of(waiver),
            "until": waiver.until.isoformat(),
            "group": dict(waiver.group) if isinstance(waiver.group, Mapping) else waiver.group,
        },
    }


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_bytes(value: object) -> bytes:
    """Return JSON in UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")
