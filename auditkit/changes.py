"""What changed since the last approved audit, as the record keeps it: numbers with intervals, rulings, both digests and dates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from auditkit.auditing import Audit
from auditkit.comparing import Change, Comparison, against, compare
from auditkit.coverage.facts import day_of
from auditkit.finding import Group
from auditkit.policy import Baseline, Decision, Ruling
from auditkit.policy.rules import LimitKind

APPROVED = ("pass", "pass with warnings")


@dataclass(frozen=True, slots=True)
class Before:
    """The audit, or the adopted state, that is compared with.

    Attributes
    ----------
    name, digest, day, policy, policy_digest : str
        What is not known is empty. `digest` is that of the evidence, or of a baseline file.
    verdict : str
        Of its gate; empty without one.
    adopted : bool
        Whether it is a file of adopted measures, not an audit.
    """

    name: str
    digest: str
    day: str
    verdict: str = ""
    policy: str = ""
    policy_digest: str = ""
    adopted: bool = False

    @property
    def approved(self) -> bool:
        """Whether its gate let the model pass."""
        return self.verdict in APPROVED


@dataclass(frozen=True, slots=True)
class RulingChange:
    """A rule whose ruling or limit is another one than before; ``""`` and None stand for a rule that was not there.

    `about` is what it runs over.
    """

    rule: str
    about: str
    was: str
    now: str
    limit_was: float | None
    limit_now: float | None
    limit_kind: LimitKind
    unit: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Measures and rulings, compared with an earlier audit."""

    before: Before
    comparison: Comparison
    rulings: tuple[RulingChange, ...] = ()


def since_audit(earlier: Audit, judged: Decision | None, digest: str, now: Audit, decision: Decision | None) -> Changes:
    """Compare an audit with an earlier one.

    Parameters
    ----------
    earlier, judged, digest
        The earlier audit, its decision and the digest of its evidence.
    now, decision
        This audit and its decision.
    """
    day = day_of(earlier, judged)
    before = Before(
        earlier.name,
        digest,
        day.isoformat() if day else "",
        judged.verdict if judged else "",
        judged.policy if judged else "",
        judged.policy_digest if judged else "",
    )
    return Changes(before, compare(earlier, now), _rulings(judged, decision))


def since_baseline(baseline: Baseline, digest: str, name: str, now: Audit) -> Changes:
    """Compare an audit with the measures that a baseline file adopted."""
    compared = against(baseline.measures, now, complete=False)
    return Changes(Before(name, digest, baseline.day, adopted=True), compared)


def _rulings(before: Decision | None, now: Decision | None) -> tuple[RulingChange, ...]:
    first, second = _by_place(before), _by_place(now)
    if not first or not second:
        return ()
    places = [*second, *(place for place in first if place not in second)]
    changed = (_ruling(place, first.get(place), second.get(place)) for place in places)
    return tuple(one for one in changed if (one.was, one.limit_was) != (one.now, one.limit_now))


def _by_place(decision: Decision | None) -> dict[tuple[str, str, str], Ruling]:
    rulings = decision.rulings if decision else ()
    return {(one.rule, _about(one), one.limit_kind): one for one in rulings}


def _about(ruling: Ruling) -> str:
    return " × ".join(ruling.over) if ruling.over else str(ruling.group or Group()) or "all rows"


def _ruling(place: tuple[str, str, str], was: Ruling | None, now: Ruling | None) -> RulingChange:
    rule, about, _ = place
    there = [one for one in (now, was) if one is not None]
    return RulingChange(
        rule,
        about,
        was.status if was else "",
        now.status if now else "",
        was.limit if was else None,
        now.limit if now else None,
        there[0].limit_kind,
        next((one.unit for one in there if one.unit), ""),
    )


# ------------------------------------------------------------------------------------------------- to and from JSON


def to_json(changes: Changes) -> dict[str, Any]:
    """Return the JSON values of a comparison; a bound that does not exist is null."""
    found = changes.comparison
    return {
        "before": asdict(changes.before),
        "confidence": found.confidence,
        "measures": [{**asdict(one), "low": _finite(one.low), "high": _finite(one.high)} for one in found.changes],
        "gone": list(found.gone),
        "new": list(found.new),
        "notes": list(found.notes),
        "rulings": [asdict(one) for one in changes.rulings],
    }


def from_json(data: Mapping[str, Any]) -> Changes:
    """Return the comparison of JSON values."""
    measures = tuple(
        Change(**{**one, "low": _bound(one["low"], -math.inf), "high": _bound(one["high"], math.inf)})
        for one in data["measures"]
    )
    comparison = Comparison(measures, data["confidence"], tuple(data["gone"]), tuple(data["new"]), tuple(data["notes"]))
    return Changes(Before(**data["before"]), comparison, tuple(RulingChange(**one) for one in data["rulings"]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _bound(value: float | None, absent: float) -> float:
    return absent if value is None else value
