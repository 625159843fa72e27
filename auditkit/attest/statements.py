"""What is stated about a report folder: in-toto statements of the test result, the evidence and the verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from auditkit.attest.dsse import Envelope
from auditkit.policy import Decision, Ruling
from auditkit.record import Record

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
EVIDENCE = "urn:auditkit:predicate:evidence:v1"
PREVIOUS = "urn:auditkit:previousAttestation"
EXPIRES = "urn:auditkit:expires"
PASSED_LEVEL = "AUDITKIT_GATE_PASSED"


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return SHA-256 of each file, in hexadecimal digits, ordered by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def envelopes(record: Record, digests: Mapping[str, str], previous: str | None = None) -> tuple[Envelope, ...]:
    """Return unsigned envelopes about a report folder.

    Parameters
    ----------
    record : Record
        Its findings are not needed.
    digests : mapping of name to SHA-256
        Of all files of the folder but the manifest and the statements themselves.
    previous : str, optional
        SHA-256 of the statements of the audit before, so that none can be taken out of the row unseen.

    Returns
    -------
    tuple of Envelope
        The evidence; with a decision also the test result, and last the verification summary, which names the digests of
        the others: a line that is taken away is missed.
    """
    subjects = [_digested(name, digest) for name, digest in sorted(digests.items())]
    made = [_enveloped(subjects, EVIDENCE, _evidence(record, previous))]
    decision = record.decision
    if decision is None:
        return tuple(made)
    made.append(_enveloped(subjects, TEST_RESULT, _test_result(decision)))
    model = _model(record)
    about = [model] if model is not None else [_digested("audit.json", digests["audit.json"])]
    inputs = [
        {"uri": f"audit.intoto.jsonl#{number}", "digest": {"sha256": hashlib.sha256(one.payload).hexdigest()}}
        for number, one in enumerate(made)
    ]
    made.append(_enveloped(about, SUMMARY, _summary(record, decision, inputs)))
    return tuple(made)


def _enveloped(subjects: list[dict[str, Any]], kind: str, predicate: dict[str, Any]) -> Envelope:
    statement = {"_type": STATEMENT, "subject": subjects, "predicateType": kind, "predicate": predicate}
    return Envelope(json.dumps(statement, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def _digested(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest}}


def _inputs(record: Record) -> list[dict[str, Any]]:
    found = []
    data = record.audit.provenance.get("data")
    for name, about in sorted(data.items()) if isinstance(data, Mapping) else ():
        digest = {key: about[key] for key in ("sha256",) if about.get(key)}
        found.append({"name": f"data: {name}", "digest": {**digest, "contentSha256": about["content_sha256"]}})
    model = _model(record)
    return found + ([model] if model is not None else [])


def _model(record: Record) -> dict[str, Any] | None:
    model = record.audit.provenance.get("model")
    if not isinstance(model, Mapping) or not model.get("digest"):
        return None
    return {"name": f"model: {record.audit.name}", "digest": {"sha256": str(model["digest"]).removeprefix("sha256:")}}


def _evidence(record: Record, previous: str | None) -> dict[str, Any]:
    expires = expiry(record.decision)
    return {
        "auditkit": record.audit.provenance.get("auditkit"),
        "name": record.audit.name,
        "evidenceDigest": {"sha256": record.evidence_digest},
        "inputs": _inputs(record),
        "policy": _policy(record.decision) if record.decision is not None else None,
        **({EXPIRES: expires.isoformat()} if expires is not None else {}),
        **({PREVIOUS: {"digest": {"sha256": previous}}} if previous is not None else {}),
    }


def _policy(decision: Decision) -> dict[str, Any]:
    return {"uri": f"urn:auditkit:policy:{decision.policy}", "digest": {"sha256": decision.policy_digest}}


def _test_result(decision: Decision) -> dict[str, Any]:
    result = {"pass": "PASSED", "pass with warnings": "WARNED"}.get(decision.verdict, "FAILED")
    block = [ruling for ruling in decision.rulings if ruling.severity == "block"]
    failed = [
        r
        for r in block
        if r.status in ("fail", "missing", "insufficient")
        or (r.status == "inconclusive" and decision.prove == "compliance")
    ]
    passed = [ruling for ruling in decision.rulings if ruling.status == "pass"]
    warned = [ruling for ruling in decision.rulings if ruling not in failed and ruling not in passed]
    return {
        "result": result,
        "configuration": [_policy(decision)],
        "passedTests": [_test(ruling) for ruling in passed],
        "warnedTests": [_test(ruling) for ruling in warned],
        "failedTests": [_test(ruling) for ruling in failed] + [f"died: {problem}" for problem in decision.problems],
    }


def _test(ruling: Ruling) -> str:
    about = " × ".join(ruling.over) if ruling.over else str(ruling.group) if ruling.group else ""
    return " ".join(part for part in (f"{ruling.rule}: {ruling.measure}", about) if part)


def _summary(record: Record, decision: Decision, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    passed = decision.exit_code == 0
    deployment = record.audit.subject.get("deployment")
    environment = deployment.get("environment") if isinstance(deployment, Mapping) else None
    where = f"?environment={environment}" if environment else ""
    started = str(record.audit.run.get("started", f"{decision.as_of.isoformat()}T00:00:00+00:00"))
    return {
        "verifier": {"id": "urn:auditkit", "version": {"auditkit": str(record.audit.provenance.get("auditkit"))}},
        "timeVerified": datetime.fromisoformat(started).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": f"urn:auditkit:model:{record.audit.name}{where}",
        "policy": _policy(decision),
        "inputAttestations": inputs,
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [PASSED_LEVEL if passed else "FAILED"],
    }


def expiry(decision: Decision | None) -> date | None:
    """Return the last day on which a decision holds: the policy's own, or the first end of a waiver it rests on."""
    if decision is None:
        return None
    ends = [
        ruling.waiver.until for ruling in decision.rulings if ruling.status == "waived" and ruling.waiver is not None
    ]
    if decision.valid_for_days is not None:
        ends.append(decision.as_of + timedelta(days=decision.valid_for_days))
    return min(ends, default=None)


def stated_digests(subject: object) -> dict[str, Any]:
    """Return digests by name of a statement's subject, which may be anything once it was changed."""
    parts = [part for part in subject if isinstance(part, dict)] if isinstance(subject, list) else []
    digests = {str(part.get("name")): part.get("digest") for part in parts}
    return {name: digest.get("sha256") if isinstance(digest, dict) else None for name, digest in digests.items()}


def previous_of(found: Iterable[Envelope]) -> str | None:
    """Return the digest of the statements before that these name, which may be anything once they were changed."""
    named = None
    for one in found:
        predicate = one.statement.get("predicate")
        if isinstance(predicate, dict) and PREVIOUS in predicate:
            named = _previous(predicate[PREVIOUS])
    return named


def _previous(link: object) -> str:
    digest = link.get("digest") if isinstance(link, dict) else None
    return str(digest.get("sha256")) if isinstance(digest, dict) else ""
