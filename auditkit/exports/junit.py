"""A decision as JUnit XML, for the test tabs of CI servers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from auditkit.exports.gate_lines import (
    DIED,
    UNMEASURED,
    Death,
    Line,
    Sources,
    deaths,
    decided,
    lines,
    numbers_of,
    others,
    summary,
)
from auditkit.exports.plain_text import cut, visible
from auditkit.policy import Decision
from auditkit.record import Record

_WORDS = ("status", "severity", "measure", "unit", "limit_kind", "dataset", "message", "why", "owner")


def junit(record: Record, sources: Sources) -> bytes:
    """Return JUnit XML: a testcase for each ruling, its numbers as properties.

    Notes
    -----
    What closes the gate is a ``failure``, or an ``error`` where nothing was measured or an auditor died; so a server that
    trusts the file says what the exit code says. What was not measured and does not block is ``skipped``. Everything else
    that is no pass, also the breach of a rule that only warns, passes with a ``system-out`` that says so.
    """
    decision = decided(record)
    found = lines(decision, sources)
    cases = [_case(line) for line in found] + [_died(death, sources) for death in deaths(decision)]
    ends = Counter(child.tag for case in cases for child in case)
    root = Element("testsuites")
    attributes = {
        "id": "0",
        "name": visible(decision.policy) or "policy",
        "package": "auditkit",
        "hostname": "localhost",
        "timestamp": _timestamp(record, decision),
        "time": "0",
        "tests": str(len(cases)),
        "failures": str(ends["failure"]),
        "errors": str(ends["error"]),
        "skipped": str(ends["skipped"]),
    }
    suite = SubElement(root, "testsuite", attributes)
    head = {
        "model": record.audit.name,
        "verdict": decision.verdict,
        "exit_code": decision.exit_code,
        "as_of": decision.as_of.isoformat(),
        "policy_digest": decision.policy_digest,
        "evidence_digest": record.evidence_digest,
    }
    _properties(suite, head)
    suite.extend(cases)
    SubElement(suite, "system-out").text = "\n".join([summary(decision), *others(decision)])
    SubElement(suite, "system-err")
    ElementTree.indent(root, " ")
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _case(line: Line) -> Element:
    ruling = line.ruling
    attributes = {
        "classname": visible(ruling.measure) or "measure",
        "name": line.name,
        "file": visible(line.place.file),
        "line": str(line.place.line),
        "time": "0",
    }
    case = Element("testcase", attributes)
    told: dict[str, object] = {**{name: getattr(ruling, name) for name in _WORDS}, **numbers_of(ruling)}
    if line.code:
        told["code"] = line.code
    if ruling.waiver is not None:
        told["waived_until"] = ruling.waiver.until.isoformat()
    _properties(case, told)
    unmeasured = ruling.status in UNMEASURED
    if line.level == "error":
        _end(case, "error" if unmeasured else "failure", line.text, line.code)
    elif unmeasured:
        SubElement(case, "skipped", {"message": cut(line.text, 500)})
    elif line.level != "none":
        SubElement(case, "system-out").text = f"{line.level}: {line.text}"
    return case


def _died(death: Death, sources: Sources) -> Element:
    attributes = {"classname": death.auditor or "auditor", "name": f"{death.auditor}: the auditor ran"}
    case = Element("testcase", {**attributes, "file": visible(sources.audit), "line": "1", "time": "0"})
    _end(case, "error", f"died: {death.reason}", DIED)
    return case


def _end(case: Element, tag: str, text: str, code: str) -> None:
    SubElement(case, tag, {"message": cut(text, 500), "type": code}).text = text


def _properties(parent: Element, told: dict[str, object]) -> None:
    made = SubElement(parent, "properties")
    for name, value in told.items():
        if value is not None and value != "":
            said = repr(value) if isinstance(value, int | float) else visible(str(value))
            SubElement(made, "property", {"name": name, "value": said})


def _timestamp(record: Record, decision: Decision) -> str:
    """Return when the audit began, or the day of the judgement, without a time zone as JUnit wants it."""
    try:
        began = datetime.fromisoformat(str(record.audit.run.get("started")))
    except ValueError:
        began = datetime.combine(decision.as_of, datetime.min.time(), UTC)
    return began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
