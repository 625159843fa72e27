"""Envelopes as DSSE 1.0 has them, with ed25519 signatures."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import ConfigurationError, RecordError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the id of its key: SHA-256 of the public key's DER form, in hexadecimal digits."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its type and any number of signatures."""

    payload: bytes
    payload_type: str = PAYLOAD_TYPE
    signatures: tuple[Signature, ...] = ()

    @property
    def statement(self) -> dict[str, Any]:
        """The payload as JSON.

        Raises
        ------
        RecordError
            If it is none.
        """
        try:
            found = json.loads(self.payload)
        except ValueError:
            raise RecordError("a statement is not JSON; write the evidence again with auditkit run") from None
        if not isinstance(found, dict):
            raise RecordError("a statement is no JSON object; write the evidence again with auditkit run")
        return found

    def signed(self, key: Ed25519PrivateKey) -> Envelope:
        """Return the envelope with one more signature; a key that signed already signs anew."""
        own = key_id(key.public_key())
        made = Signature(own, key.sign(pae(self.payload_type, self.payload)))
        return replace(self, signatures=(*(one for one in self.signatures if one.keyid != own), made))

    def signed_by(self, keys: Sequence[Ed25519PublicKey]) -> tuple[str, ...]:
        """Return the ids of those keys whose signature is right."""
        from cryptography.exceptions import InvalidSignature

        found = []
        for key in keys:
            for one in self.signatures:
                try:
                    key.verify(one.sig, pae(self.payload_type, self.payload))
                except InvalidSignature:
                    continue
                found.append(key_id(key))
                break
        return tuple(found)

    def as_json(self) -> str:
        """Return one line of JSON."""
        signatures = [{"keyid": one.keyid, "sig": base64.b64encode(one.sig).decode()} for one in self.signatures]
        payload = base64.b64encode(self.payload).decode()
        return json.dumps({"payload": payload, "payloadType": self.payload_type, "signatures": signatures})


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: the pre-authentication encoding of DSSE.

    Examples
    --------
    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope_from(line: str, name: str) -> Envelope:
    """Return the envelope of a line.

    Raises
    ------
    RecordError
        If it is none.
    """
    try:
        data = json.loads(line)
        signatures = tuple(
            Signature(str(one["keyid"]), base64.b64decode(one["sig"], validate=True)) for one in data["signatures"]
        )
        payload = base64.b64decode(data["payload"], validate=True)
        return Envelope(payload, str(data["payloadType"]), signatures)
    except (ValueError, KeyError, TypeError):
        raise RecordError(f"{name} holds a line that is no DSSE envelope; write it again with auditkit run") from None


def key_id(key: Ed25519PublicKey) -> str:
    """Return SHA-256 of a public key's DER form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def new_key(private: Path, public: Path) -> str:
    """Make a key, write both halves as PEM (the private one for its owner's eyes alone), and return its id.

    Raises
    ------
    ConfigurationError
        If a file is there already.
    """
    import os

    _needs_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    shown = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for path in (private, public):
        if path.exists():
            raise ConfigurationError(f"{path.name} exists already; keys are never written over, name another file")
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(secret)
    public.write_bytes(shown)
    return key_id(key.public_key())


def private_key(path: Path, password: bytes | None = None) -> Ed25519PrivateKey:
    """Read a private key (PEM, PKCS 8).

    Raises
    ------
    ConfigurationError
        If it is missing, of another kind, or its password is wrong.
    """
    _needs_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password)
    except TypeError:
        raise ConfigurationError(f"key {path.name}: it has a password; set AUDITKIT_KEY_PASSWORD") from None
    except ValueError:
        raise ConfigurationError(f"key {path.name}: it is no PEM private key, or its password is wrong") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"key {path.name}: wanted an ed25519 key; make one with auditkit keygen")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key (PEM).

    Raises
    ------
    ConfigurationError
        If it is missing or of another kind.
    """
    _needs_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path))
    except ValueError:
        raise ConfigurationError(f"key {path.name}: it is no PEM public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"key {path.name}: wanted an ed25519 key")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"key {path.name} cannot be read: {error.strerror}") from None


def _needs_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ConfigurationError("signatures need the package cryptography; pip install auditkit[sign]") from None
