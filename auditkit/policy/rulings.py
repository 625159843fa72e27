"""What a policy says of an audit: rulings and the verdict that follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from auditkit.finding import Group
from auditkit.policy.rules import LimitKind, Prove, Severity, Waiver

Status = Literal["pass", "fail", "inconclusive", "insufficient", "missing", "waived", "adopted"]
Verdict = Literal["pass", "pass with warnings", "fail", "not decided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one rule says of one measure; `low` and `high` are the two bounds that were judged.

    Of a rule on the change since the baseline, `value`, `low` and `high` are those of the change, and `baseline` is what was
    measured then. ``adopted``: a breach that the baseline file accepted and that is not shown to be worse now.
    """

    rule: str
    measure: str
    status: Status
    underlying: Status
    message: str
    limit: float | None
    limit_kind: LimitKind
    confidence: float
    adjusted_confidence: float
    severity: Severity
    dataset: str = "test"
    group: Group | None = None
    over: tuple[str, ...] = ()
    value: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    kind: Literal["interval", "range", "exact"] | None = None
    why: str = ""
    owner: str = ""
    on_missing: Literal["fail", "warn"] = "fail"
    waiver: Waiver | None = None
    waiver_expired: bool = False
    rows_needed: int | None = None
    rows: int | None = None
    not_covered: float = 0.0
    evidence: str = ""
    worst: Group | None = None
    best: Group | None = None
    volatile: bool = False
    baseline: float | None = None
    of_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One ruling per rule and measure, and the verdict.

    Attributes
    ----------
    problems : tuple of str
        Auditors that died, and why.
    unused_waivers, expiring_waivers : tuple of str
        Waivers that waive nothing, and those that end within 30 days.
    not_applied : tuple of str
        Rules for another environment or risk class.
    valid_for_days : int or None
        How many days it holds.
    baseline : str
        What changes were measured against, in words; empty without a baseline.
    """

    policy: str
    policy_digest: str
    as_of: date
    prove: Prove
    false_alarm: float
    verdict: Verdict
    inconclusive: bool
    exit_code: int
    rulings: tuple[Ruling, ...]
    problems: tuple[str, ...] = ()
    unused_waivers: tuple[str, ...] = ()
    expiring_waivers: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    baseline: str = ""
    why: str = ""
    valid_for_days: int | None = None

    def __repr__(self) -> str:
        counts = Counter(ruling.status for ruling in self.rulings)
        said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        return f"Decision({self.policy!r}, {self.verdict}, exit code {self.exit_code}: {said or 'no rulings'})"


def verdict_of(
    rulings: Sequence[Ruling], prove: Prove, *, died: bool = False, unused: bool = False
) -> tuple[Verdict, int]:
    """Return the verdict and the exit code that follow from rulings; `died`: an auditor did; `unused`: a waiver is."""
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    unknown = [r for r in block if r.status in ("missing", "insufficient") and r.on_missing == "fail"]
    failed = any(r.status == "fail" or (r.status == "inconclusive" and prove == "compliance") for r in block)
    if died or unknown:
        return ("fail" if failed else "not decided"), 3
    if failed:
        return "fail", 1
    if not any(r.status not in ("missing", "insufficient") for r in rulings):
        return "not decided", 5
    told = [ruling for ruling in rulings if ruling.severity != "info"]
    quiet = not unused and all(r.status == "pass" for r in told)
    return ("pass" if quiet else "pass with warnings"), 0
