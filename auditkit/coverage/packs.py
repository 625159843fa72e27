"""A pack as data: read from YAML, checked against its schema, kept in the record as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.questions.asking import board_questions, file_questions
from auditkit.yamlfile import Document, load_yaml, schema

STALE_DAYS = 180


@dataclass(frozen=True, slots=True)
class Want:
    """One piece of evidence that an item asks for: a kind such as ``finding``, and which."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a framework asks for.

    Attributes
    ----------
    rule : {'all', 'any'}
        Whether all of the evidence is wanted, or any of it.
    at_most, because : str
        ``partly`` where evidence can never show the whole, and what remains for people.
    only_if, otherwise
        For which audits it is asked, and why it is not applicable to others.
    """

    id: str
    text: str
    wants: tuple[Want, ...]
    rule: Literal["all", "any"] = "all"
    at_most: str = ""
    because: str = ""
    source: str = ""
    only_if: Mapping[str, Any] = field(default_factory=dict)
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """What one framework asks for, as it stood on a day.

    Attributes
    ----------
    data : mapping
        The pack as written, which is what the record keeps.
    digest : str
        SHA-256 of it.
    """

    id: str
    title: str
    version: str
    source: str
    legal_status: str
    legal_status_as_of: date
    superseded_by: str
    note: str
    items: tuple[Item, ...]
    data: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)
    digest: str = ""

    def age(self, day: date) -> int:
        """Return how many days before `day` its legal status was looked up."""
        return (day - self.legal_status_as_of).days

    def stale(self, day: date) -> bool:
        """Return whether that is more than 180 days."""
        return self.age(day) > STALE_DAYS


def built_in() -> dict[str, Path]:
    """Return the packs that come with auditkit, by name."""
    folder = Path(str(resources.files("auditkit") / "coverage" / "frameworks"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_packs(chosen: Iterable[str], folder: Path) -> tuple[Pack, ...]:
    """Read the packs that were chosen.

    Parameters
    ----------
    chosen : iterable of str
        Names of built-in packs, or paths of YAML files.
    folder : Path
        To which those paths are relative.

    Raises
    ------
    ConfigurationError
        If there is no such pack, a file is wrong (with its line), or two packs have one name.
    """
    found: dict[str, Pack] = {}
    for name in chosen:
        pack = load_pack(_path(name, folder))
        if pack.id in found:
            raise ConfigurationError(f"coverage: the pack {pack.id!r} is chosen twice; name each pack once")
        found[pack.id] = pack
    return tuple(found.values())


def _path(name: str, folder: Path) -> Path:
    known = built_in()
    if name in known:
        return known[name]
    if Path(name).suffix in (".yaml", ".yml"):
        return folder / name
    for path in known.values():
        if name in _replaced(path):
            raise ConfigurationError(f"coverage: {name!r} is no longer in force; {path.stem} took its place")
    raise ConfigurationError(
        f"coverage: there is no pack {name!r}; wanted {', '.join(known)} or the path of a YAML file.{_close(name, known)}"
    )


def _close(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known)
    return hint if "Did you mean" in hint else ""


def _replaced(path: Path) -> tuple[str, ...]:
    return tuple(load_yaml(path, schema("coverage")).data.get("replaces", ()))


def load_pack(path: Path) -> Pack:
    """Read one pack.

    Raises
    ------
    ConfigurationError
        With file, line and column: an unknown key, a finding or question that does not exist, an id that stands twice.
    """
    document = load_yaml(path, schema("coverage"))
    _check_items(document)
    return pack_of(document.data)


def pack_of(data: Mapping[str, Any]) -> Pack:
    """Return the pack of data that were checked, from a file or a record."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Pack(
        id=data["pack"],
        title=data["title"],
        version=data["version"],
        source=data["source"],
        legal_status=data["legal_status"],
        legal_status_as_of=date.fromisoformat(data["legal_status_as_of"]),
        superseded_by=data.get("superseded_by") or "",
        note=data.get("note", ""),
        items=tuple(map(_item, data["items"])),
        data=data,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _item(data: Mapping[str, Any]) -> Item:
    plain = {key: value for key, value in data.items() if key != "wants"}
    wants = tuple(Want(kind, name) for want in data["wants"] for kind, name in want.items())
    return Item(**plain, wants=wants)


# ------------------------------------------------------------------------------------------ what a schema cannot say


def _check_items(document: Document) -> None:
    seen: set[str] = set()
    for place, item in enumerate(document.data["items"]):
        if item["id"] in seen:
            raise document.error(f"the item {item['id']!r} stands twice; give each its own id", "items", place, "id")
        seen.add(item["id"])
        for number, want in enumerate(item["wants"]):
            ((kind, name),) = want.items()
            problem = _unknown(kind, name)
            if problem:
                raise document.error(problem, "items", place, "wants", number, kind)


def _unknown(kind: str, name: str) -> str:
    """Return what is wrong with a want whose name nothing has; empty if all is well."""
    if kind in ("measure", "judged"):
        known = _measures()
    elif kind == "finding":
        known = _findings()
    elif kind == "option":
        known = _options()
    elif kind in ("card", "datasheet"):
        known = list(schema("audit")["properties"][kind]["properties"])
    elif kind == "questionnaire":
        known = list(board_questions())
    elif kind == "technical_file":
        known = list(file_questions())
    else:
        return ""
    if any(fnmatchcase(one, name) for one in known):
        return ""
    return f"there is no {kind} {name!r}.{did_you_mean(name, known)}"


def _findings() -> list[str]:
    from auditkit.catalog import catalogue

    return list(catalogue())


def _measures() -> list[str]:
    from auditkit.catalog import catalogue

    return [f"{entry.id}.{measure}" for entry in catalogue().values() for measure in entry.measures]


def _options() -> list[str]:
    from auditkit.catalog import catalogue

    return [f"{entry.id}.{option}" for entry in catalogue().values() for option in entry.defaults]
