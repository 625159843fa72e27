"""A decision as SARIF 2.1.0, for code scanning: each result stands where its rule stands."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from auditkit.codes import explained
from auditkit.exports.decision_json import as_bytes
from auditkit.exports.gate_lines import (
    DIED,
    Death,
    Line,
    Sources,
    accepted,
    counted,
    deaths,
    decided,
    lines,
    notices,
    numbers_of,
    summary,
)
from auditkit.exports.plain_text import visible
from auditkit.policy import Decision, Place
from auditkit.record import Record

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(record: Record, sources: Sources) -> bytes:
    """Return SARIF 2.1.0: a result for each ruling that is no pass, and for each auditor that died.

    Notes
    -----
    The id of a result's rule is that of the policy, and its fingerprint knows no number and no line: so a code host knows an
    alert again. What was waived or adopted is a note with a suppression that tells who accepted it.
    """
    decision = decided(record)
    found = [line for line in lines(decision, sources) if line.level != "none"]
    died = deaths(decision)
    descriptors = {line.ruling.rule: _descriptor(line) for line in found}
    if died:
        descriptors[DIED] = _died_descriptor()
    places = {rule: index for index, rule in enumerate(descriptors)}
    results = [_result(line, places[line.ruling.rule]) for line in found]
    results += [_died(death, places[DIED], sources) for death in died]
    version = str(record.audit.provenance.get("auditkit", ""))
    driver = {"name": "auditkit", **({"version": version} if version else {}), "rules": list(descriptors.values())}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"auditkit/{quote(visible(decision.policy), safe='')}/"},
        "invocations": [_invocation(decision, sources)],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "model": record.audit.name,
            "verdict": decision.verdict,
            "exitCode": decision.exit_code,
            "rulings": counted(decision),
            "policyDigest": decision.policy_digest,
            "evidenceDigest": record.evidence_digest,
        },
    }
    return as_bytes({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _descriptor(line: Line) -> dict[str, Any]:
    ruling = line.ruling
    help_parts = [ruling.why, f"Owner: {ruling.owner}" if ruling.owner else "", str(explained(line.code))]
    return {
        "id": ruling.rule,
        "shortDescription": {"text": visible(f"{ruling.rule}: a limit on {ruling.measure}")},
        "fullDescription": {"text": visible(ruling.why) or f"Rule {visible(ruling.rule)} of the policy"},
        "help": {"text": "\n\n".join(part for part in help_parts if part)},
        "properties": {"tags": [visible(ruling.measure.partition(".")[0])]},
    }


def _died_descriptor() -> dict[str, Any]:
    code = explained(DIED)
    return {
        "id": DIED,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.means},
        "help": {"text": str(code)},
    }


def _result(line: Line, index: int) -> dict[str, Any]:
    ruling = line.ruling
    found: dict[str, Any] = {
        "ruleId": ruling.rule,
        "ruleIndex": index,
        "level": line.level,
        "message": {"text": f"{line.code} {line.name}: {line.text}"},
        "locations": [_location(line.place)],
        "partialFingerprints": {"auditkitRuling/v1": line.key},
        "properties": {
            "code": line.code,
            "status": ruling.status,
            "severity": ruling.severity,
            "measure": ruling.measure,
            "unit": ruling.unit,
            "limit_kind": ruling.limit_kind,
            **numbers_of(ruling),
        },
    }
    if ruling.status in ("waived", "adopted"):
        said = accepted(ruling) or "adopted with the baseline; not shown to be worse since"
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": said}]
    return found


def _died(death: Death, index: int, sources: Sources) -> dict[str, Any]:
    return {
        "ruleId": DIED,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": f"{DIED} {death.auditor} died: {death.reason}"},
        "locations": [_location(Place(sources.audit, 1, 1))],
        "partialFingerprints": {"auditkitRuling/v1": death.key},
    }


def _location(place: Place) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    uri = quote(place.file.encode("utf-8", "replace"))
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _invocation(decision: Decision, sources: Sources) -> dict[str, Any]:
    notes = [
        {"level": "warning", "message": {"text": notice.text}, "locations": [_location(notice.place)]}
        for notice in notices(decision, sources)
    ]
    return {
        "executionSuccessful": not decision.problems,
        "exitCode": decision.exit_code,
        "exitCodeDescription": summary(decision),
        **({"toolConfigurationNotifications": notes} if notes else {}),
    }
