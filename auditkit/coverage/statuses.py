"""From a pack and an audit to one status per item, by the item's rule; nothing is ever silently blank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from auditkit.auditing import Audit
from auditkit.coverage.facts import View, day_of
from auditkit.coverage.looks import Found, look
from auditkit.coverage.packs import Item, Pack
from auditkit.policy import Decision

Status = Literal["met", "partly", "not", "human input", "not applicable"]
STATUSES: tuple[Status, ...] = ("met", "partly", "not", "human input", "not applicable")


@dataclass(frozen=True, slots=True)
class Covered:
    """One item with its status and what that rests on; `reason` says why it is no more than it is."""

    item: Item
    status: Status
    found: tuple[Found, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A pack held against an audit.

    Attributes
    ----------
    day : date or None
        The audit's day, at which the pack's age is counted.
    """

    pack: Pack
    items: tuple[Covered, ...]
    day: date | None

    @property
    def counts(self) -> dict[Status, int]:
        """How many items have each status."""
        tally = Counter(one.status for one in self.items)
        return {status: tally[status] for status in STATUSES}

    @property
    def stale(self) -> bool:
        """Whether the pack was more than 180 days old when the audit was judged."""
        return self.day is not None and self.pack.stale(self.day)


def cover(pack: Pack, audit: Audit, decision: Decision | None, *, compared: bool = False) -> Coverage:
    """Hold a pack against an audit.

    Parameters
    ----------
    pack : Pack
    audit : Audit
    decision : Decision, optional
    compared : bool
        Whether the record holds a comparison with an earlier audit.

    Notes
    -----
    *Met* says that the evidence which an item asks for is there, not what it shows: a gap that was measured and exceeds its limit
    is evidence too. With the rule ``all`` an item is met when everything is there, *partly* when something is; ``any`` asks
    for one. What is missing is *human input* where only people can give it, else *not*.
    """
    view = View(audit, decision, compared)
    return Coverage(pack, tuple(_covered(item, view) for item in pack.items), day_of(audit, decision))


def _covered(item: Item, view: View) -> Covered:
    if not _applies(item, view.audit):
        return Covered(item, "not applicable", (), item.otherwise)
    found = tuple(look(want, view) for want in item.wants)
    status = _status(item, found)
    if status == "met" and item.at_most:
        return Covered(item, "partly", found, item.because)
    return Covered(item, status, found)


def _status(item: Item, found: tuple[Found, ...]) -> Status:
    present = sum(one.present for one in found)
    if present == len(found) or (present and item.rule == "any"):
        return "met"
    if present:
        return "partly"
    return "human input" if all(one.human for one in found) else "not"


def _applies(item: Item, audit: Audit) -> bool:
    roles = audit.subject.get("roles")
    named: Mapping[str, Any] = roles if isinstance(roles, Mapping) else {}
    facts: dict[str, Any] = {
        "model": audit.subject.get("model") is not None,
        "label": bool(named.get("label")),
        "score": bool(named.get("score")) or _measured(audit, "performance.calibration"),
        "sensitive": bool(named.get("sensitive")),
    }
    for key, wanted in item.only_if.items():
        if key == "task" and audit.subject.get("task") not in wanted:
            return False
        if key != "task" and facts[key] != wanted:
            return False
    return True


def _measured(audit: Audit, identifier: str) -> bool:
    return any(one.id == identifier and one.status == "measured" for one in audit.findings)
