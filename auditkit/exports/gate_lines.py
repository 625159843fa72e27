"""What all outputs of a decision say of a ruling: how it counts, where its rule stands, and in what words."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from auditkit.codes import code_of_ruling
from auditkit.errors import ConfigurationError
from auditkit.exports.plain_text import visible
from auditkit.policy import Decision, Place, Ruling
from auditkit.record import Record

Level = Literal["error", "warning", "note", "none"]
UNMEASURED = ("missing", "insufficient")
DIED = "AK-G05"
_NUMBERS = ("value", "low", "high", "limit", "baseline", "rows", "rows_needed", "confidence", "adjusted_confidence")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a decision comes from: the place of each rule, and audit.yaml; paths as a code host shows them."""

    rules: Mapping[str, Place] = field(default_factory=dict)
    policy: str = "policy.yaml"
    audit: str = "audit.yaml"

    def of(self, rule: str) -> Place:
        """Return where a rule stands, or the beginning of the policy."""
        return self.rules.get(rule, Place(self.policy, 1, 1))


@dataclass(frozen=True, slots=True)
class Line:
    """One ruling as a line of an output.

    Attributes
    ----------
    level : {'error', 'warning', 'note', 'none'}
        ``error``: it closes the gate; ``none``: a pass.
    name, text : str
        What was ruled on, the same in each audit; and what was found. Both on one line.
    code : str
        Such as ``AK-G01``; empty for a pass.
    key : str
        The same in each audit, whatever the numbers and wherever the rule stands.
    """

    ruling: Ruling
    level: Level
    name: str
    text: str
    code: str
    place: Place
    key: str


@dataclass(frozen=True, slots=True)
class Death:
    """An auditor that died: its id, why, and a key that stays the same."""

    auditor: str
    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A waiver that wants a look: what is said of it, where its rule stands, and a key that stays the same."""

    text: str
    place: Place
    key: str


def decided(record: Record) -> Decision:
    """Return a record's decision.

    Raises
    ------
    ConfigurationError
        If there is none.
    """
    if record.decision is None:
        raise ConfigurationError("nothing was judged, so there is no decision to write; name a policy")
    return record.decision


def lines(decision: Decision, sources: Sources) -> list[Line]:
    """Return all rulings in the order of the policy."""
    both = Counter(_about(ruling) for ruling in decision.rulings)
    keys: Counter[str] = Counter()
    found = []
    for ruling in decision.rulings:
        name = name_of(ruling)
        if both[_about(ruling)] > 1 and ruling.limit_kind != "measured":
            name += ", lower limit" if ruling.limit_kind == "min" else ", upper limit"
        plain = [*_about(ruling), ruling.limit_kind, ruling.of_change]
        key = _digest(plain)
        keys[key] += 1
        found.append(
            Line(
                ruling=ruling,
                level=level_of(ruling, decision),
                name=visible(name),
                text=text_of(ruling),
                code=code_of_ruling(ruling),
                place=sources.of(ruling.rule),
                key=key if keys[key] == 1 else _digest([*plain, keys[key]]),
            )
        )
    return found


def deaths(decision: Decision) -> list[Death]:
    """Return the auditors that died."""
    split = (problem.partition(": ") for problem in decision.problems)
    return [Death(visible(name), visible(reason), _digest([DIED, name])) for name, _, reason in split]


def level_of(ruling: Ruling, decision: Decision) -> Level:
    """Return how a ruling counts, as the verdict counts it."""
    if ruling.status == "pass":
        return "none"
    if ruling.severity == "info" or ruling.status in ("waived", "adopted"):
        return "note"
    closes = ruling.status == "fail" or (ruling.status == "inconclusive" and decision.prove == "compliance")
    if ruling.status in UNMEASURED:
        closes = ruling.on_missing == "fail"
    return "error" if closes and ruling.severity == "block" else "warning"


def name_of(ruling: Ruling) -> str:
    """Return rule, measure and what it speaks of."""
    dataset = "" if ruling.dataset in ("test", "none") else f" ({ruling.dataset})"
    return f"{ruling.rule}: {ruling.measure}{where(ruling)}{dataset}"


def where(ruling: Ruling) -> str:
    """Return the columns of a gap, or the group."""
    return f" over {' × '.join(ruling.over)}" if ruling.over else f" for {ruling.group}" if ruling.group else ""


def text_of(ruling: Ruling) -> str:
    """Return what was found, who accepted it, and why the rule is there."""
    parts = [f"{ruling.status}: {ruling.message}", accepted(ruling)]
    if ruling.why:
        parts.append(f"why the rule: {ruling.why}")
    if ruling.owner:
        parts.append(f"owner: {ruling.owner}")
    return visible("; ".join(part for part in parts if part))


def numbers_of(ruling: Ruling) -> dict[str, float]:
    """Return the numbers of a ruling by name; a bound that is not finite is none."""
    found = {name: getattr(ruling, name) for name in _NUMBERS}
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


def accepted(ruling: Ruling) -> str:
    """Return who waived a breach and until when; empty without a waiver."""
    waiver = ruling.waiver
    if waiver is None:
        return ""
    state = "waiver expired on" if ruling.waiver_expired else "waived until"
    people = f"asked for by {waiver.requested_by}, approved by {waiver.approved_by}"
    return visible(f"{state} {waiver.until.isoformat()} ({people}): {waiver.reason}")


def summary(decision: Decision) -> str:
    """Return the verdict in a line."""
    mark = ", INCONCLUSIVE in part" if decision.inconclusive else ""
    return visible(f"{decision.verdict.upper()}{mark} (policy {decision.policy}, exit code {decision.exit_code})")


def notices(decision: Decision, sources: Sources) -> list[Notice]:
    """Return the waivers that want a look."""
    told = [("waiver ends soon", text) for text in decision.expiring_waivers]
    told += [("unused waiver", text) for text in decision.unused_waivers]
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for kind, text in told:
        rule = text.partition(": ")[0]
        seen[kind, rule] += 1
        key = _digest([kind, rule, seen[kind, rule]])
        found.append(Notice(visible(f"{kind}: {text}"), sources.of(rule), key))
    return found


def others(decision: Decision) -> list[str]:
    """Return what else belongs to the decision, a line each."""
    return [
        *(visible(f"died: {text}") for text in decision.problems),
        *(notice.text for notice in notices(decision, Sources())),
        *(visible(f"not for this deployment: {text}") for text in decision.not_applied),
        *([visible(f"compared with {decision.baseline}")] if decision.baseline else []),
    ]


def counted(decision: Decision) -> dict[str, int]:
    """Return how many rulings ended in each way, without those in which none did."""
    found: Counter[str] = Counter(ruling.status for ruling in decision.rulings)
    order = ("fail", "inconclusive", "missing", "insufficient", "waived", "adopted", "pass")
    return {status: found[status] for status in order if found[status]}


def _about(ruling: Ruling) -> tuple[str, ...]:
    group = json.dumps(ruling.group.as_dict() if ruling.group else {}, default=str)
    return ruling.rule, ruling.measure, ruling.dataset, group, json.dumps(ruling.over)


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
