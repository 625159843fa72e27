"""Where a piece of evidence stands in a page: a short id for each, links that lead somewhere, no id twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from auditkit.finding import Evidence
from auditkit.policy import Ruling

METHOD = "method"  # the section that every gate report has


def anchor(evidence: str) -> str:
    """Return the id in a page of what has this id in audit.json, which may hold any character and be of any length.

    Examples
    --------
    >>> anchor("fairness.demographic_parity.sex")
    'e-c6830b02'
    """
    return f"e-{hashlib.sha256(evidence.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def evidence_name(finding: str, evidence: Evidence) -> str:
    """Return the id of a piece of evidence within the whole record: some are named within their finding only."""
    return evidence.id if evidence.id.startswith(finding) else f"{finding}.{evidence.id}"


def shown_evidence(view: object) -> set[str]:
    """Return the ids of all evidence that the blocks of a view name."""
    found: set[str] = set()
    for part in _parts(view, "evidence"):
        named = part["evidence"]
        found |= {named} if isinstance(named, str) else {str(name) for name in named}
    return found


def places(ruling: Ruling) -> list[str]:
    """Return the anchors of what a ruling rests on, the closest first."""
    over = ruling.over or (ruling.group.columns if ruling.group else ())
    closest = [f"{ruling.evidence}.{'+'.join(over)}"] if over else []
    return [anchor(place) for place in (*closest, ruling.measure, ruling.evidence) if place]


def settle(view: Mapping[str, Any]) -> None:
    """Let each id stand once in a page, and each ruling lead to its evidence, or to the methods where it has none there."""
    shown: set[str] = set()
    for part in _parts(view, "anchor"):
        part["anchor"] = "" if part["anchor"] in shown else part["anchor"]
        shown.add(part["anchor"])
    for row in _parts(view, "places"):
        row["link"] = next((place for place in row["places"] if place in shown), METHOD)


def _parts(value: Any, key: str) -> Iterator[dict[str, Any]]:
    """Yield the mappings of a view that have a key which is not empty, in the order of the page."""
    if isinstance(value, dict):
        if value.get(key):
            yield value
        for part in value.values():
            yield from _parts(part, key)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part, key)
