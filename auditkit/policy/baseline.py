"""What was measured before: an earlier audit, or the small file that adopts today's state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Group
from auditkit.policy.rulings import Decision, Ruling
from auditkit.stats.uncertainty import Uncertainty, from_dict

VERSION = 1
Place = tuple[str, str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Known:
    """One measure as it was."""

    value: float
    uncertainty: Uncertainty


@dataclass(frozen=True, slots=True)
class Baseline:
    """Measures as they were, and the breaches that were adopted with them.

    Attributes
    ----------
    measures : mapping of place to Known
        A place is measure, dataset, group and columns of a gap.
    adopted : frozenset of (rule, limit, place)
        Breaches that block only where they are shown to be worse.
    said : str
        What it is, in words.
    day : str
        When it was adopted, as an ISO date; empty for an audit.
    """

    measures: Mapping[Place, Known] = field(default_factory=dict)
    adopted: frozenset[tuple[str, str, Place]] = frozenset()
    said: str = ""
    day: str = ""


def place_of(measure: str, dataset: str, group: Group | None, over: Iterable[str]) -> Place:
    """Return where a measure is found again in another audit."""
    return measure, dataset, json.dumps(group.as_dict() if group else {}, sort_keys=True), tuple(over)


def baseline_of(audit: Audit, said: str = "an earlier audit") -> Baseline:
    """Return the measures of an audit as a baseline; nothing in it is adopted."""
    found = {}
    for finding in audit.findings:
        for measure in finding.measures:
            if measure.value is None or measure.uncertainty is None or measure.status != "measured":
                continue
            place = place_of(f"{finding.id}.{measure.name}", measure.dataset, measure.group, measure.over)
            found[place] = Known(measure.value, measure.uncertainty)
    return Baseline(found, frozenset(), said)


def adopting(audit: Audit, decision: Decision, day: date) -> bytes:
    """Return the baseline file that adopts a decision: what each ruling was measured at, and which were breaches.

    One line per ruling, sorted, so that a change is a line in a diff.
    """
    known = baseline_of(audit).measures
    entries = {}
    for ruling in decision.rulings:
        place = _place(ruling)
        was = known.get(place)
        if was is None:
            continue
        entry = {
            "rule": ruling.rule,
            "limit": ruling.limit_kind,
            "measure": ruling.measure,
            "dataset": ruling.dataset,
            "group": ruling.group.as_dict() if ruling.group else {},
            "over": list(ruling.over),
            "value": was.value,
            "uncertainty": was.uncertainty.as_dict(),
            "adopted": ruling.underlying in ("fail", "inconclusive") and not ruling.of_change,
        }
        entries[ruling.rule, place, ruling.limit_kind] = json.dumps(entry, sort_keys=True, ensure_ascii=False)
    head = {"auditkit_baseline": VERSION, "adopted_on": day.isoformat(), "policy": decision.policy}
    lines = sorted(set(entries.values()))
    body = ",\n".join(f"  {line}" for line in lines)
    start = json.dumps(head, ensure_ascii=False)[1:-1]
    return f'{{{start}, "measures": [\n{body}\n]}}\n'.encode()


def _place(ruling: Ruling) -> Place:
    return place_of(ruling.measure, ruling.dataset, ruling.group, ruling.over)


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises
    ------
    ConfigurationError
        If it is missing or damaged.
    """
    try:
        content = path.read_bytes()
        data: dict[str, Any] = json.loads(content)
        if data["auditkit_baseline"] != VERSION:
            raise ConfigurationError(f"{path.name} has version {data['auditkit_baseline']!r}, wanted {VERSION}")
        measures: dict[Place, Known] = {}
        adopted = set()
        for entry in data["measures"]:
            place = place_of(entry["measure"], entry["dataset"], Group.of(entry["group"]), entry["over"])
            measures[place] = Known(float(entry["value"]), from_dict(entry["uncertainty"]))
            if entry["adopted"]:
                adopted.add((str(entry["rule"]), str(entry["limit"]), place))
        day = date.fromisoformat(data["adopted_on"])
    except OSError as error:
        raise ConfigurationError(
            f"baseline {path.name} cannot be read: {error.strerror}; write one with auditkit gate --update-baseline"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"baseline {path.name} is damaged ({type(error).__name__}: {error}); write it again with --update-baseline"
        ) from None
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Baseline(
        measures, frozenset(adopted), f"{path.name}, adopted on {day.isoformat()}, sha256 {digest}", day.isoformat()
    )
