"""A decision as OpenMetrics text, for monitoring."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import get_args

from auditkit.exports.gate_lines import Line, Sources, decided, lines, numbers_of
from auditkit.exports.plain_text import pictured
from auditkit.finding import Group
from auditkit.policy import Decision, Status, Verdict
from auditkit.record import Record

Labels = dict[str, str]
Samples = Iterable[tuple[Labels, float | None]]
_OF_RULINGS = {
    "value": "What was measured; of a rule on the change since the baseline, the change.",
    "low": "Lower bound that was judged.",
    "high": "Upper bound that was judged.",
    "limit": "Limit of the rule.",
    "rows": "Rows that the measure rests on.",
}


def openmetrics(record: Record, sources: Sources) -> bytes:
    """Return OpenMetrics text: what was judged with its bounds and limits, how each rule ended, the verdict, and when.

    Times are values of their own and samples carry none, since a file that a node exporter reads must not have them.
    """
    decision = decided(record)
    found = _labelled(record, lines(decision, sources))
    one: Labels = {"model": record.audit.name, "policy": decision.policy}
    made: list[str] = []
    for name, text in _OF_RULINGS.items():
        values = ((labels, numbers_of(line.ruling).get(name)) for labels, line in found)
        made += _family(f"auditkit_ruling_{name}", "gauge", text, values)
    status = "auditkit_ruling_status"
    states = (
        ({**labels, status: state}, float(line.ruling.status == state))
        for labels, line in found
        for state in get_args(Status)
    )
    made += _family(status, "stateset", "How a rule ended.", states)
    verdict = "auditkit_verdict"
    verdicts = (({**one, verdict: word}, float(decision.verdict == word)) for word in get_args(Verdict))
    made += _family(verdict, "stateset", "The verdict of the policy.", verdicts)
    for name, text, value in _numbers(record, decision):
        made += _family(f"auditkit_{name}", "gauge", text, [(one, value)])
    ends = (
        (labels, _seconds(line.ruling.waiver.until + timedelta(days=1)) if line.ruling.waiver else None)
        for labels, line in found
    )
    name = "auditkit_waiver_end_timestamp_seconds"
    made += _family(name, "gauge", "When a waiver ends, or ended.", ends)
    told = {"version": str(record.audit.provenance.get("auditkit", "")), "evidence_digest": record.evidence_digest}
    info: Labels = {**one, **told, "policy_digest": decision.policy_digest}
    made += _family("auditkit_audit", "info", "What was judged.", [(info, 1.0)])
    return ("\n".join([*made, "# EOF"]) + "\n").encode("utf-8", "replace")


def _numbers(record: Record, decision: Decision) -> list[tuple[str, str, float | None]]:
    days = decision.valid_for_days
    until = None if days is None else _seconds(decision.as_of + timedelta(days=days + 1))
    return [
        ("exit_code", "Exit code of the gate.", float(decision.exit_code)),
        ("inconclusive", "1 if a limit lies between the bounds of a measure.", float(decision.inconclusive)),
        ("auditors_died", "Auditors that died.", float(len(decision.problems))),
        ("waivers_unused", "Waivers that waive nothing.", float(len(decision.unused_waivers))),
        ("waivers_ending", "Waivers that end within 30 days.", float(len(decision.expiring_waivers))),
        ("audited_timestamp_seconds", "When the audit began.", _began(record)),
        ("judged_timestamp_seconds", "The day of the judgement, its first second in UTC.", _seconds(decision.as_of)),
        ("valid_until_timestamp_seconds", "When the decision ends to hold.", until),
    ]


def _family(name: str, kind: str, text: str, samples: Samples) -> list[str]:
    unit = [f"# UNIT {name} seconds"] if name.endswith("_seconds") else []
    suffix = "_info" if kind == "info" else ""
    told = [f"{name}{suffix}{{{_labels(labels)}}} {_number(value)}" for labels, value in samples if value is not None]
    return [f"# TYPE {name} {kind}", *unit, f"# HELP {name} {text}", *told] if told else []


def _number(value: float) -> str:
    """Return the shortest decimal that is exactly this number."""
    return repr(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def _labelled(record: Record, found: Iterable[Line]) -> list[tuple[Labels, Line]]:
    """Return each ruling with labels that no other has."""
    seen: dict[str, int] = {}
    result = []
    for line in found:
        ruling = line.ruling
        labels = {
            "model": record.audit.name,
            "rule": ruling.rule,
            "measure": ruling.measure,
            "over": ", ".join(map(_part, ruling.over)),
            "group": _group(ruling.group),
            "dataset": ruling.dataset,
            "side": ruling.limit_kind,
            "severity": ruling.severity,
        }
        key = _labels(labels)
        seen[key] = seen.get(key, 0) + 1
        result.append((labels if seen[key] == 1 else {**labels, "number": str(seen[key])}, line))
    return result


def _group(group: Group | None) -> str:
    return ", ".join(f"{_part(name)}={_part(value)}" for name, value in group.items) if group else ""


def _part(value: object) -> str:
    if value is None:
        return "(missing)"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ',="') else text


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return pictured(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _began(record: Record) -> float | None:
    try:
        began = datetime.fromisoformat(str(record.audit.run.get("started")))
    except ValueError:
        return None
    return (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp()
