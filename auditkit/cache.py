"""Findings that nothing has changed for: kept as JSON, found again by all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from auditkit.declare import Auditor
from auditkit.finding import Evidence, Finding, Measure
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
    the whole package, and the versions of Python and of all packages that are installed; whoever can write to the folder
    can change a verdict, so never restore it from where others can write. Not kept: what depends on a clock or died, and
    audits of a model whose content is not known: a live object, or code (python: …) without a declared version.
    """

    folder: Path

    def of(self, subject: Subject, versions: Mapping[str, object]) -> Keeper | None:
        """Return what keeps the findings of one subject; None where its model's content is not known."""
        if subject.model is not None and not subject.model.content_known:
            return None
        content = {
            "cache": _VERSION,
            "subject": subject.fingerprint(),
            "versions": versions,
            "installed": installed(),
            "python": sys.version,
            "source": source_digest(),
        }
        return Keeper(self.folder, _digest(content))

    def remember(self, files: str, subject: Subject, versions: Mapping[str, object]) -> None:
        """Keep what an audit says of its subject, so that the same files need not be loaded again.

        Parameters
        ----------
        files : str
            A digest of audit.yaml and of the content of all files that it names.
        subject : Subject
        versions : mapping
        """
        keeper = self.of(subject, versions)
        if keeper is not None:
            about = {"name": subject.name, "summary": subject.summary(), "provenance": subject.provenance()}
            write_json(self._subject_file(files, versions), {**about, "base": keeper.base})

    def recall(self, files: str, versions: Mapping[str, object]) -> tuple[Described, Keeper] | None:
        """Return what was said of the subject of these files, and what keeps its findings."""
        data = read_json(self._subject_file(files, versions))
        try:
            return Described(data["name"], data["summary"], data["provenance"]), Keeper(self.folder, data["base"])
        except (KeyError, TypeError):
            return None

    def _subject_file(self, files: str, versions: Mapping[str, object]) -> Path:
        parts = [_VERSION, "subject", files, versions, installed(), sys.version, source_digest()]
        return self.folder / f"{_digest(parts)}.json"


@dataclass(frozen=True, slots=True)
class Described:
    """What an audit says of its subject."""

    name: str
    summary: Mapping[str, object]
    provenance: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Keeper:
    """Findings of one subject."""

    folder: Path
    base: str

    def get(self, entry: Auditor, options: Mapping[str, object]) -> Finding | None:
        """Return a finding that was kept, or None; a file that cannot be read counts as none."""
        try:
            finding = finding_from_json(read_json(self._file(entry.id, options))["finding"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        clocked = entry.volatile and finding.status == "measured"
        return finding if finding.id == entry.id and not clocked else None

    def put(self, finding: Finding, options: Mapping[str, object]) -> None:
        """Keep a finding; a folder that cannot be written is left alone."""
        parts: list[Measure | Evidence] = [*finding.measures, *finding.evidence]
        clocked = finding.volatile or any(part.volatile for part in parts)
        if clocked or finding.status in ("error", "skipped"):
            return
        write_json(self._file(finding.id, options), {"finding": finding_to_json(finding)})

    def _file(self, identifier: str, options: Mapping[str, object]) -> Path:
        return self.folder / f"{_digest([self.base, identifier, _module_digest(identifier), dict(options)])}.json"


def read_json(file: Path) -> Any:
    """Return what a file of the cache holds; an empty mapping where it cannot be read."""
    try:
        found = json.loads(file.read_bytes())
        os.utime(file)
    except (OSError, ValueError):
        return {}
    return found


def write_json(file: Path, data: Mapping[str, object]) -> None:
    """Write a file of the cache whole or not at all; a folder that cannot be written is left alone."""
    content = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    incoming = file.with_suffix(f".incoming-{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / ".gitignore").write_text("*\n")
        incoming.write_bytes(content)
        incoming.replace(file)
        _trim(file.parent)
    except OSError:
        with suppress(OSError):
            incoming.unlink(missing_ok=True)


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
    """Return a digest of the package's own source: every auditor's, that of ``stats/`` and all else."""
    return tree_digest(Path(__file__).parent)


def tree_digest(root: Path) -> str:
    """Return a digest of the Python files of a folder, by their names and content; of one file, of its content."""
    total = hashlib.sha256()
    for file in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
        content = file.read_bytes()
        total.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


@cache
def installed() -> tuple[str, ...]:
    """Return names and versions of all packages that can be imported, as their folders of metadata say."""
    folders = {Path(place) for place in sys.path if place and Path(place).is_dir()}
    return tuple(sorted({file.name for folder in folders for file in folder.glob("*.*-info")}))


@cache
def _module_digest(identifier: str) -> str:
    """Return a digest of the package of an auditor that comes from elsewhere; our own are in `source_digest`."""
    from auditkit.catalog import catalogue

    module = catalogue()[identifier].function.__module__
    if module.startswith("auditkit."):
        return ""
    top = import_module(module.partition(".")[0])
    places = [Path(place) for place in getattr(top, "__path__", [top.__file__] if top.__file__ else [])]
    return _digest([tree_digest(place) for place in places])
