"""An audit and its decision, to and from audit.json: the one record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from auditkit.auditing import Audit
from auditkit.changes import Changes
from auditkit.changes import from_json as changes_from_json
from auditkit.changes import to_json as changes_to_json
from auditkit.coverage.packs import Pack, pack_of
from auditkit.errors import DataError, RecordError
from auditkit.finding_json import fields_of, finding_from_json, finding_to_json, named_group
from auditkit.policy import Decision, Ruling, Waiver, verdict_of

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """An audit with its decision, as audit.json holds them.

    ``evidence_digest`` covers all but ``run``: same input, same digest. `coverage` are the packs it is held against, `changes`
    the comparison with an earlier audit; both stand under ``run``, since choosing them changes no evidence.
    """

    audit: Audit
    decision: Decision | None
    evidence_digest: str = ""
    coverage: tuple[Pack, ...] = ()
    changes: Changes | None = None


def as_json(
    audit: Audit, decision: Decision | None, coverage: Iterable[Pack] = (), changes: Changes | None = None
) -> dict[str, Any]:
    """Return the record as JSON values; what depends on a clock stands under ``run``."""
    steady = [finding for finding in audit.findings if not finding.volatile]
    clocked = [finding for finding in audit.findings if finding.volatile]
    run: dict[str, Any] = {**audit.run, "findings": [finding_to_json(finding) for finding in clocked]}
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": audit.name,
        "subject": dict(audit.subject),
        "provenance": dict(audit.provenance),
        "findings": [finding_to_json(finding) for finding in steady],
        "decision": None,
    }
    if decision is not None:
        body["decision"] = {
            "policy": decision.policy,
            "policy_digest": decision.policy_digest,
            "prove": decision.prove,
            "false_alarm": decision.false_alarm,
            "why": decision.why,
            "rulings": [_ruling(r) for r in decision.rulings if not r.volatile],
            "unused_waivers": list(decision.unused_waivers),
            "not_applied": list(decision.not_applied),
            "baseline": decision.baseline,
            "valid_for_days": decision.valid_for_days,
        }
        run |= {
            "as_of": decision.as_of.isoformat(),
            "rulings": [_ruling(r) for r in decision.rulings if r.volatile],
            "order": [r.rule for r in decision.rulings],
            "verdict": decision.verdict,
            "inconclusive": decision.inconclusive,
            "exit_code": decision.exit_code,
            "problems": list(decision.problems),
            "expiring_waivers": list(decision.expiring_waivers),
        }
    packs = [dict(pack.data) for pack in coverage]
    run |= {"coverage": packs} if packs else {}
    run |= {"changes": changes_to_json(changes)} if changes is not None else {}
    run["evidence_digest"] = hashlib.sha256(canonical(body)).hexdigest()
    run["run_digest"] = hashlib.sha256(canonical(run)).hexdigest()
    return {**body, "run": run}


def canonical(value: object) -> bytes:
    """Return the bytes that digests are taken of: sorted keys, no blanks, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def dump(
    audit: Audit, decision: Decision | None, coverage: Iterable[Pack] = (), changes: Changes | None = None
) -> bytes:
    """Return audit.json."""
    text = json.dumps(as_json(audit, decision, coverage, changes), indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def load(path: str | Path) -> Record:
    """Read audit.json, or that of a report folder.

    Raises
    ------
    DataError
        If the file is missing.
    RecordError
        If it is no audit.json, is of a later version, or its evidence does not match its digest.
    """
    file = Path(path)
    if file.is_dir():
        file /= "audit.json"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"{file.name} cannot be read: {error.strerror}; pass an audit.json or a report folder"
        ) from None
    return from_json(parsed(content, file.name), file.name)


def parsed(content: bytes, name: str = "audit.json") -> Any:
    """Return the JSON of a record's bytes.

    Raises
    ------
    RecordError
        If it is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not JSON ({error}); pass an audit.json") from None


def from_json(data: Any, name: str = "audit.json") -> Record:
    """Return the record of parsed JSON; errors as in `load`."""
    return with_findings(head_of(data, name), data, name)


def head_of(data: Any, name: str = "audit.json") -> Record:
    """Return the record without its findings, once its digests and its verdict hold; errors as in `load`.

    This is what statements are made of, at half the time.
    """
    if not isinstance(data, dict) or "schema_version" not in data:
        raise RecordError(f"{name} is no audit record (it has no schema_version); pass an audit.json")
    if not isinstance(data["schema_version"], int) or data["schema_version"] > SCHEMA_VERSION:
        raise RecordError(
            f"{name} has schema version {data['schema_version']!r}, this auditkit reads up to {SCHEMA_VERSION}; update auditkit"
        )
    try:
        digest = hashlib.sha256(canonical({k: v for k, v in data.items() if k != "run"})).hexdigest()
        run = dict(data["run"])
        if digest != run["evidence_digest"]:
            raise RecordError(f"{name} was changed after it was written: its evidence does not match its digest")
        if (
            hashlib.sha256(canonical({k: v for k, v in run.items() if k != "run_digest"})).hexdigest()
            != run["run_digest"]
        ):
            raise RecordError(f"{name} was changed after it was written: its verdict or run does not match its digest")
        decision = _read_decision(data["decision"], run)
        coverage = tuple(pack_of(pack) for pack in run.get("coverage", ()))
        changes = changes_from_json(run["changes"]) if "changes" in run else None
        if decision is not None and not _consistent(decision):
            raise RecordError(f"{name} is damaged: its verdict does not follow from its rulings")
        audit = Audit(
            name=data["name"],
            subject=data["subject"],
            provenance=data["provenance"],
            findings=(),
            run={
                k: run[k]
                for k in ("started", "seconds", "host", "platform", "python", "cached", "presentation")
                if k in run
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(name, error) from None
    return Record(audit, decision, digest, coverage, changes)


def with_findings(head: Record, data: Any, name: str = "audit.json") -> Record:
    """Return the record that a head is of, with the findings of its JSON; errors as in `load`."""
    try:
        found = [finding_from_json(item) for item in [*data["findings"], *data["run"]["findings"]]]
        ordered = tuple(sorted(found, key=lambda finding: finding.id))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(name, error) from None
    return replace(head, audit=replace(head.audit, findings=ordered))


def _damaged(name: str, error: Exception) -> RecordError:
    return RecordError(f"{name} is damaged: {type(error).__name__}: {error}; write it again with auditkit run")


def _consistent(decision: Decision) -> bool:
    expected = verdict_of(
        decision.rulings, decision.prove, died=bool(decision.problems), unused=bool(decision.unused_waivers)
    )
    return expected == (decision.verdict, decision.exit_code)


# ---------------------------------------------------------------------- writing


def _ruling(ruling: Ruling) -> dict[str, Any]:
    waiver = ruling.waiver
    return {
        **fields_of(ruling),
        "group": ruling.group.as_dict() if ruling.group else None,
        "over": list(ruling.over),
        "worst": ruling.worst.as_dict() if ruling.worst else None,
        "best": ruling.best.as_dict() if ruling.best else None,
        "waiver": {
            **fields_of(waiver),
            "until": waiver.until.isoformat(),
            "group": dict(waiver.group) if isinstance(waiver.group, Mapping) else None,
        }
        if waiver
        else None,
    }


# ---------------------------------------------------------------------- reading


def _read_ruling(data: Mapping[str, Any]) -> Ruling:
    waiver = data["waiver"]
    return Ruling(
        **{
            **data,
            "group": named_group(data["group"]),
            "over": tuple(data["over"]),
            "worst": named_group(data["worst"]),
            "best": named_group(data["best"]),
            "waiver": Waiver(**{**waiver, "until": date.fromisoformat(waiver["until"])}) if waiver else None,
        }
    )


def _read_decision(data: Mapping[str, Any] | None, run: Mapping[str, Any]) -> Decision | None:
    if data is None:
        return None
    rulings = [_read_ruling(item) for item in [*data["rulings"], *run["rulings"]]]
    place = {rule: index for index, rule in reversed(list(enumerate(run["order"])))}
    rulings.sort(key=lambda ruling: place[ruling.rule])
    return Decision(
        **{key: data[key] for key in ("policy", "policy_digest", "prove", "false_alarm", "why")},
        **{key: run[key] for key in ("verdict", "inconclusive", "exit_code")},
        as_of=date.fromisoformat(run["as_of"]),
        rulings=tuple(rulings),
        problems=tuple(run["problems"]),
        unused_waivers=tuple(data["unused_waivers"]),
        expiring_waivers=tuple(run.get("expiring_waivers", ())),
        not_applied=tuple(data.get("not_applied", ())),
        baseline=data.get("baseline", ""),
        valid_for_days=data.get("valid_for_days"),
    )
