"""Whether a report folder is what was stated, signed, still holds, and shows the numbers of its record. Offline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from auditkit.attest.bundle import BUNDLE, MANIFEST, folder_files, manifest, read
from auditkit.attest.dsse import PAYLOAD_TYPE, Envelope, public_key
from auditkit.attest.statements import (
    EVIDENCE,
    EXPIRES,
    PREVIOUS,
    STATEMENT,
    SUMMARY,
    TEST_RESULT,
    digests_of,
    envelopes,
    previous_of,
    stated_digests,
)
from auditkit.errors import DataError, RecordError
from auditkit.policy import Policy
from auditkit.record import Record, head_of, parsed, with_findings

VALID, INVALID, FAILED = 0, 4, 1


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `passed` is None for what could not be looked at."""

    what: str
    passed: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks, and the exit code that follows: 4 if the evidence is invalid or expired, else the gate's own."""

    checks: tuple[Check, ...]
    exit_code: int


def verify(
    folder: Path,
    keys: Sequence[Path] = (),
    *,
    threshold: int = 1,
    policy: Path | None = None,
    model: Path | None = None,
    previous: Path | None = None,
    templates: Path | None = None,
    as_of: date | None = None,
) -> Verification:
    """Check a report folder without network, model or data.

    Parameters
    ----------
    folder : Path
    keys : sequence of Path
        Public keys that are trusted; without any, signatures are not checked, and the check says so.
    threshold : int
        So many of them must have signed every statement.
    policy : Path, optional
        The policy that must have been judged.
    model : Path, optional
        The model file that must be the one that was audited.
    previous : Path, optional
        The statements that the audit before left, if the chain is to be checked.
    templates : Path, optional
        The templates that the documents were written with, if not the built-in ones.
    as_of : date, optional
        The day on which it must hold; default today (UTC).

    Raises
    ------
    RecordError
        If the folder holds no statements or no record that can be read.
    DataError
        If the model file cannot be read.
    """
    found = read(folder)
    files = folder_files(folder)
    digests = digests_of(files)
    if "audit.json" not in files:
        raise DataError(f"{folder.name} has no audit.json; write it again with auditkit run")
    data = parsed(files["audit.json"])
    record = head_of(data)
    day = as_of or datetime.now(UTC).date()
    checks = [
        _signatures(found, keys, threshold),
        _files(found, digests),
        _statements(found, record, digests),
        _manifest(folder, record, digests),
        _documents(record, data, files, templates),
        _expiry(found, day),
    ]
    if policy is not None:
        checks.append(_policy(record, policy))
    if model is not None:
        checks.append(_model(record, model))
    if previous is not None:
        checks.append(_chain(found, previous))
    if any(check.passed is False for check in checks):
        return Verification(tuple(checks), INVALID)
    code = VALID if record.decision is None else record.decision.exit_code
    return Verification((*checks, _verdict(record)), code)


def _signatures(found: Sequence[Envelope], paths: Sequence[Path], threshold: int) -> Check:
    what = "signatures"
    signed = min(len(one.signatures) for one in found)
    if not paths:
        state = f"signed by {signed}, no key was given to check them with" if signed else "UNSIGNED"
        return Check(what, None, state)
    keys = [public_key(path) for path in paths]
    right = [set(one.signed_by(keys)) for one in found]
    kinds = {one.payload_type for one in found}
    by_all = set.intersection(*right)
    if kinds != {PAYLOAD_TYPE}:
        return Check(what, False, f"a payload has the type {min(kinds - {PAYLOAD_TYPE})!r}")
    if len(by_all) < threshold:
        return Check(what, False, f"{len(by_all)} of the keys given signed every statement, wanted {threshold}")
    return Check(what, True, f"every statement is signed by {', '.join(one[:16] for one in sorted(by_all))}")


def _files(found: Sequence[Envelope], digests: dict[str, str]) -> Check:
    stated: dict[str, Any] = {}
    for one in found:
        if one.statement.get("predicateType") == EVIDENCE:
            stated |= stated_digests(one.statement.get("subject"))
    wrong = [
        f"{name} is missing"
        if name not in digests
        else f"{name} was added"
        if name not in stated
        else f"{name} was changed"
        for name in sorted({*stated, *digests})
        if name not in digests or stated.get(name) != digests[name]
    ]
    if wrong:
        return Check("files", False, "; ".join(wrong))
    return Check("files", True, f"all {len(digests)} files have the digests that are stated")


def _statements(found: Sequence[Envelope], record: Record, digests: dict[str, str]) -> Check:
    """Hold the statements against those that the record gives rise to, so that no line says or lacks something else."""
    expected = [one.payload for one in envelopes(record, digests, previous_of(found))]
    if [one.payload for one in found] != expected:
        kinds = [one.statement.get("predicateType") for one in found]
        wanted = [EVIDENCE, TEST_RESULT, SUMMARY][: len(expected)]
        if kinds != wanted:
            return Check(
                "statements", False, f"{len(found)} statements of {len(expected)} are there, or in another order"
            )
        return Check("statements", False, "a statement does not follow from audit.json and the files")
    if any(one.statement.get("_type") != STATEMENT for one in found):
        return Check("statements", False, "a statement is of an unknown type")
    return Check("statements", True, "they follow from audit.json, whose own digests hold")


def _manifest(folder: Path, record: Record, digests: dict[str, str]) -> Check:
    try:
        listed = (folder / MANIFEST).read_bytes()
        right = manifest(record, {**digests, **digests_of({BUNDLE: (folder / BUNDLE).read_bytes()})})
    except OSError:
        return Check("manifest", False, f"{MANIFEST} cannot be read")
    return Check(
        "manifest", listed == right, "it lists these files" if listed == right else "it lists other files or digests"
    )


def _documents(head: Record, data: Any, files: dict[str, bytes], templates: Path | None) -> Check:
    """Write the documents again from audit.json: the same version gives the same bytes, so every number is the record's."""
    from auditkit.auditing import package_versions
    from auditkit.rendering.documents import DOCUMENTS, FORMATS, documents_for, render

    what = "documents"
    own, theirs = package_versions()["auditkit"], head.audit.provenance.get("auditkit")
    if own != theirs:
        return Check(
            what, None, f"written by auditkit {theirs}, this is {own}; only that version writes the same bytes"
        )
    record = with_findings(head, data)
    there = [name for name in DOCUMENTS if any(f"{name}.{fmt}" in files for fmt in FORMATS)]
    again = render(record, documents=dict.fromkeys((*documents_for(record), *there)), templates=templates)
    changed = [name for name, content in again.items() if files.get(name) != content]
    if changed:
        hint = "" if templates is not None else "; with own templates, name them with --templates"
        return Check(what, False, f"{', '.join(changed)} do not show what audit.json says{hint}")
    return Check(what, True, f"all {len(again)} show the numbers of audit.json")


def _expiry(found: Sequence[Envelope], day: date) -> Check:
    for one in found:
        predicate = one.statement.get("predicate")
        if isinstance(predicate, dict) and EXPIRES in predicate:
            try:
                last = date.fromisoformat(str(predicate[EXPIRES]))
            except ValueError:
                return Check("expiry", False, f"it ends on {str(predicate[EXPIRES])[:40]!r}, which is no date")
            if day > last:
                return Check("expiry", False, f"it held until {last.isoformat()}; audit again")
            return Check("expiry", True, f"it holds until {last.isoformat()}")
    return Check("expiry", True, "no day is stated on which it ends")


def _policy(record: Record, path: Path) -> Check:
    wanted = Policy.load(path).digest
    judged = None if record.decision is None else record.decision.policy_digest
    if judged != wanted:
        return Check("policy", False, f"{path.name} is not the policy that was judged")
    return Check("policy", True, f"{path.name} is the policy that was judged")


def _model(record: Record, path: Path) -> Check:
    audited = record.audit.provenance.get("model")
    wanted = str(audited.get("digest", "")).removeprefix("sha256:") if isinstance(audited, Mapping) else ""
    if not wanted:
        return Check("model", False, "the audit names no model: it took predictions from the data")
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}; name the file of the model") from None
    if found != wanted:
        return Check("model", False, f"{path.name} is not the model that was audited")
    return Check("model", True, f"{path.name} is the model that was audited")


def _chain(found: Sequence[Envelope], previous: Path) -> Check:
    file = previous / BUNDLE if previous.is_dir() else previous
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordError(f"{file.name} cannot be read: {error.strerror}") from None
    predicate = found[0].statement["predicate"]
    named = predicate.get(PREVIOUS, {}).get("digest", {}).get("sha256")
    if named != digest:
        return Check(
            "chain", False, "the statements name another audit before this one" if named else "they name none before"
        )
    return Check("chain", True, "the statements name this audit before them")


def _verdict(record: Record) -> Check:
    if record.decision is None:
        return Check("verdict", None, "no policy was judged")
    return Check(
        "verdict", record.decision.exit_code == 0, f"{record.decision.verdict}, exit code {record.decision.exit_code}"
    )


def lines(found: Verification) -> Iterator[str]:
    """Yield one line for each check."""
    word = {True: "ok", False: "NO", None: "--"}
    for check in found.checks:
        yield f"{word[check.passed]:3} {check.what}: {check.said}"
