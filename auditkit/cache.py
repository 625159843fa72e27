"""Findings that nothing has changed for: kept as JSON, found again by all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from auditkit.declare import Auditor
from auditkit.finding import Finding
from auditkit.finding_json import finding_from_json, finding_to_json
from auditkit.subject import Subject

FOLDER = ".auditkit-cache"
MOST_BYTES = 64 * 2**20
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of findings.

    Parameters
    ----------
    folder : Path
        Made when the first finding is kept; a .gitignore in it keeps it out of version control.

    Notes
    -----
    A finding is found again by a digest of the data's content, the roles, the model, the options, the seed, the source of
    the whole package, and the versions of Python and of the packages; whoever can write to the folder can change a
    verdict, so never restore it from where others can write. Not kept: what depends on a clock or died, and audits of
    a model that is code (python: …) or has no digest, since its content is not known.
    """

    folder: Path

    def of(self, subject: Subject, versions: Mapping[str, object]) -> Keeper | None:
        """Return what keeps the findings of one subject; None where its model's content is not known."""
        if subject.model is not None and (subject.model.kind == "python" or not subject.model.digest):
            return None
        content = {
            "cache": _VERSION,
            "subject": subject.fingerprint(),
            "versions": versions,
            "python": sys.version,
            "source": source_digest(),
        }
        return Keeper(self.folder, _digest(content))


@dataclass(frozen=True, slots=True)
class Keeper:
    """Findings of one subject."""

    folder: Path
    base: str

    def get(self, entry: Auditor, options: Mapping[str, object]) -> Finding | None:
        """Return a finding that was kept, or None; a file that cannot be read counts as none."""
        if entry.volatile:
            return None
        file = self._file(entry.id, options)
        try:
            data = json.loads(file.read_bytes())
            finding = finding_from_json(data["finding"])
            os.utime(file)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return finding if finding.id == entry.id else None

    def put(self, finding: Finding, options: Mapping[str, object]) -> None:
        """Keep a finding; a folder that cannot be written is left alone."""
        if finding.volatile or finding.status in ("error", "skipped"):
            return
        file = self._file(finding.id, options)
        content = json.dumps({"finding": finding_to_json(finding)}, ensure_ascii=False, allow_nan=False).encode()
        incoming = file.with_suffix(f".incoming-{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n")
            incoming.write_bytes(content)
            incoming.replace(file)
            _trim(self.folder)
        except OSError:
            incoming.unlink(missing_ok=True)

    def _file(self, identifier: str, options: Mapping[str, object]) -> Path:
        return self.folder / f"{_digest([self.base, identifier, _module_digest(identifier), dict(options)])}.json"


def _trim(folder: Path) -> None:
    """Remove the files that were not used for longest, down to the most bytes."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > MOST_BYTES:
            file.unlink(missing_ok=True)


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@cache
def source_digest() -> str:
    """Return a digest of the package's own source."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        total.update(str(file.relative_to(root)).encode())
        total.update(file.read_bytes())
    return total.hexdigest()


@cache
def _module_digest(identifier: str) -> str:
    """Return a digest of the file of an auditor of another package; the package's own are in `source_digest`."""
    from auditkit.catalog import catalogue

    module = catalogue()[identifier].function.__module__
    if module.startswith("auditkit."):
        return ""
    file = import_module(module).__file__
    return "" if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()
