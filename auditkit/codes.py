"""Stable codes of what a gate may say: one for each auditor, and one for each way in which a ruling can end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from auditkit.catalog import catalogue
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.policy import Ruling


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for.

    Attributes
    ----------
    code : str
        Such as ``AK-F01``; never given to anything else.
    about : str
        The auditor's id, or empty.
    title, means, matters, mend : str
        What it is, what it means, why it matters, what to do.
    """

    code: str
    about: str
    title: str
    means: str
    matters: str
    mend: str

    def __str__(self) -> str:
        parts = [f"{self.code}  {self.title}", "", self.means]
        parts += ["", "Why it matters", self.matters] if self.matters else []
        parts += ["", "What to do", self.mend] if self.mend else []
        return "\n".join(parts)


@cache
def codes() -> dict[str, Code]:
    """Return all codes, sorted; an auditor's words are those of its own documentation."""
    given = _given()
    found = {}
    known = catalogue()
    for code, identifier in given["auditors"].items():
        entry = known.get(identifier)
        if entry is None:
            continue
        means = "\n\n".join(part for part in (entry.description, entry.method) if part)
        measures = ", ".join(f"{identifier}.{name}" for name in entry.measures)
        options = ", ".join(f"{name}: {value!r}" for name, value in entry.defaults.items()) or "none"
        mend = f"Rules name its measures: {measures}.\nOptions in audit.yaml, under audit: options: {identifier}: {options}."
        found[code] = Code(code, identifier, entry.title, means, f"It misleads when: {entry.caveat}", mend)
    for code, words in given["gate"].items():
        found[code] = Code(code, "", words["title"], words["means"], words["matters"], words["mend"])
    return dict(sorted(found.items()))


@cache
def _given() -> dict[str, Any]:
    from ruamel.yaml import YAML

    text = (resources.files("auditkit") / "codes.yaml").read_text(encoding="utf-8")
    given: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return given


def code_of(identifier: str) -> str:
    """Return an auditor's code; empty for one of another package."""
    return next((code for code, name in _given()["auditors"].items() if name == identifier), "")


def code_of_ruling(ruling: Ruling) -> str:
    """Return the code of how a ruling ended; empty for a pass."""
    if ruling.waiver_expired and ruling.status in ("fail", "inconclusive"):
        return "AK-G06"
    if ruling.of_change and ruling.status == "fail":
        return "AK-G09"
    return {
        "fail": "AK-G01",
        "inconclusive": "AK-G02",
        "insufficient": "AK-G03",
        "missing": "AK-G04",
        "waived": "AK-G07",
        "adopted": "AK-G08",
    }.get(ruling.status, "")


def explained(code: str) -> Code:
    """Return what a code, or that of an auditor's id, means.

    Raises
    ------
    ConfigurationError
        If there is no such code.
    """
    wanted = code_of(code) or code.upper()
    known = codes()
    if wanted not in known:
        raise ConfigurationError(f"there is no code {code!r}.{did_you_mean(wanted, known)}")
    return known[wanted]
