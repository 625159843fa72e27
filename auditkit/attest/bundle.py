"""audit.intoto.jsonl: one envelope a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditkit.attest.dsse import Envelope, envelope_from, private_key
from auditkit.attest.statements import digests_of, envelopes, previous_of, stated_digests
from auditkit.errors import ConfigurationError, OutputError, RecordError
from auditkit.record import Record, head_of, parsed

BUNDLE = "audit.intoto.jsonl"
MANIFEST = "manifest.json"


def written(found: Sequence[Envelope]) -> bytes:
    """Return the content of the file."""
    return "".join(f"{one.as_json()}\n" for one in found).encode()


def read(folder: Path) -> tuple[Envelope, ...]:
    """Return the envelopes of a report folder.

    Raises
    ------
    RecordError
        If there are none, or a line is none.
    """
    file = folder / BUNDLE
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise RecordError(f"{folder.name} has no {BUNDLE} that can be read; write it with auditkit run") from None
    found = tuple(envelope_from(line, BUNDLE) for line in lines if line.strip())
    if not found:
        raise RecordError(f"{BUNDLE} holds no statement; write it again with auditkit run")
    return found


def sign(folder: Path, key: Path, *, password: bytes | None = None, previous: Path | None = None) -> tuple[str, int]:
    """Add a signature to each statement of a report folder; return the key's id and how many keys signed.

    Parameters
    ----------
    folder : Path
    key : Path
        A private key.
    password : bytes, optional
    previous : Path, optional
        The statements of the audit before: a folder or its audit.intoto.jsonl. Only the first signature can name it.

    Raises
    ------
    ConfigurationError, RecordError, OutputError
        If the key cannot be used, the folder was changed after it was written, or it cannot be written.
    """
    secret = private_key(key, password)
    found = read(folder)
    files = folder_files(folder)
    digests = digests_of(files)
    if previous is not None and any(one.signatures for one in found):
        raise ConfigurationError(
            "the statements are signed already, so the audit before can no longer be named in them"
        )
    _unchanged(found, digests)
    head = head_of(parsed(files["audit.json"]))
    if previous is not None:
        found = envelopes(head, digests, _digest_of(previous))
    elif [one.payload for one in found] != [one.payload for one in envelopes(head, digests, previous_of(found))]:
        raise RecordError("a statement does not follow from audit.json; nobody should sign this; run the audit again")
    signed = tuple(one.signed(secret) for one in found)
    _write(folder, head, digests, written(signed))
    return signed[0].signatures[-1].keyid, len(signed[0].signatures)


def _digest_of(previous: Path) -> str:
    before = previous / BUNDLE if previous.is_dir() else previous
    try:
        return hashlib.sha256(before.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{before.name} cannot be read: {error.strerror}") from None


def folder_files(folder: Path) -> dict[str, bytes]:
    """Return the files that a folder's statements speak of: all but the statements and the manifest."""
    return {
        entry.name: entry.read_bytes()
        for entry in sorted(folder.iterdir())
        if entry.is_file() and entry.name not in (BUNDLE, MANIFEST)
    }


def _unchanged(found: Sequence[Envelope], digests: Mapping[str, str]) -> None:
    stated = stated_digests(found[0].statement.get("subject"))
    for name in sorted({*stated, *digests, "audit.json"}):
        if name not in digests or stated.get(name) != digests[name]:
            raise RecordError(
                f"{name} is not what the statements speak of; nobody should sign this; run the audit again"
            )


def manifest(record: Record, digests: Mapping[str, str]) -> bytes:
    """Return the manifest of a report folder: the digests of all its files, the statements among them.

    Parameters
    ----------
    record : Record
        Its findings are not needed.
    digests : mapping of name to SHA-256
        Of all files but the manifest.
    """
    listed = {
        "auditkit": record.audit.provenance["auditkit"],
        "evidence_digest": record.evidence_digest,
        "record_digest": digests["audit.json"],
        "files": dict(sorted(digests.items())),
    }
    return (json.dumps(listed, indent=1) + "\n").encode()


def _write(folder: Path, head: Record, digests: Mapping[str, str], content: bytes) -> None:
    """Replace the statements, and their digest in the manifest."""
    try:
        listed = manifest(head, {**digests, **digests_of({BUNDLE: content})})
        for name, data in ((BUNDLE, content), (MANIFEST, listed)):
            incoming = folder / f".{name}.incoming"
            incoming.write_bytes(data)
            incoming.replace(folder / name)
    except OSError as error:
        raise OutputError(f"{folder.name} cannot be written: {error.strerror or error}") from None
