"""What changed between two audits: each measure that both have, with the interval of its change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from auditkit.auditing import Audit
from auditkit.finding import Direction, Group, Measure
from auditkit.policy.baseline import Known, Place, baseline_of, place_of
from auditkit.policy.judging import Bounds, change

Moved = Literal["worse", "better", "moved", "not shown"]
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Change:
    """One measure in both audits.

    Attributes
    ----------
    measure, about : str
        Its name, and what it speaks of.
    was, now : float
    low, high : float
        Bounds of the change that hold at once for all measures compared.
    kind : {'interval', 'exact', 'range'}
    moved : {'worse', 'better', 'moved', 'not shown'}
        "moved": shown to have changed, where neither way is better.
    """

    measure: str
    about: str
    unit: str
    was: float
    now: float
    low: float
    high: float
    kind: str
    moved: Moved


@dataclass(frozen=True, slots=True)
class Comparison:
    """Changes, largest surprise first, and what only one of two audits has.

    Attributes
    ----------
    confidence : float
        Of each bound, so that all hold at once at 95 % (Bonferroni).
    gone, new : tuple of str
        Measures that only the first, or only the second audit has.
    notes : tuple of str
        What makes the audits hard to compare: other data, another model, other options.
    """

    changes: tuple[Change, ...]
    confidence: float
    gone: tuple[str, ...]
    new: tuple[str, ...]
    notes: tuple[str, ...]


def compare(first: Audit, second: Audit) -> Comparison:
    """Return what changed from one audit to another.

    Notes
    -----
    The bounds of a change take both audits as independent. Where both rest on the same people, they are wider than they
    need be. Exact counts are compared as they are, ranges by their extremes.
    """
    return against(baseline_of(first).measures, second, notes=_notes(first, second))


def against(
    before: Mapping[Place, Known], second: Audit, *, complete: bool = True, notes: Iterable[str] = ()
) -> Comparison:
    """Return what changed since measures that were kept, as `compare` does.

    Parameters
    ----------
    before : mapping of place to Known
    second : Audit
    complete : bool
        Whether `before` holds all measures of its audit; if not, what it lacks is not called new.
    notes : iterable of str
        What makes the two hard to compare.
    """
    after = _measures(second)
    both = [place for place in after if place in before]
    estimates = [place for place in both if not _certain(before[place], after[place])]
    confidence = 1 - (1 - LEVEL) / 2 / max(1, len(estimates))
    changes = [_change(place, before[place], after[place], confidence) for place in both]
    order = {"worse": 0, "better": 1, "moved": 2, "not shown": 3}
    changes.sort(key=lambda one: (order[one.moved], -abs(one.now - one.was), one.measure, one.about))
    return Comparison(
        tuple(changes),
        confidence,
        tuple(_named(place) for place in before if place not in after),
        tuple(_named(place) for place in after if complete and place not in before),
        tuple(notes),
    )


def _measures(audit: Audit) -> dict[Place, Measure]:
    return {
        place_of(f"{finding.id}.{measure.name}", measure.dataset, measure.group, measure.over): measure
        for finding in audit.findings
        for measure in finding.measures
        if measure.value is not None and measure.uncertainty is not None
    }


def _certain(was: Known, now: Measure) -> bool:
    kinds = ("exact", "range")
    return was.uncertainty.kind in kinds and now.uncertainty is not None and now.uncertainty.kind in kinds


def _change(place: Place, was: Known, now: Measure, confidence: float) -> Change:
    assert now.value is not None and now.uncertainty is not None  # _measures keeps no others
    bounds = change(now.value, now.uncertainty, was, confidence, confidence)
    kinds = {was.uncertainty.kind, now.uncertainty.kind}
    kind = "exact" if kinds == {"exact"} else "range" if "range" in kinds else "interval"
    about = " × ".join(now.over) if now.over else str(now.group) if now.group else "all rows"
    if now.dataset not in ("test", "none"):
        about += f", {now.dataset}"
    moved = _moved(bounds, now.direction)
    return Change(place[0], about, now.unit, float(was.value), float(now.value), bounds.low, bounds.high, kind, moved)


def _moved(bounds: Bounds, direction: Direction) -> Moved:
    if bounds.low <= 0 <= bounds.high:
        return "not shown"
    if direction == "none":
        return "moved"
    return "worse" if (bounds.low > 0) == (direction == "lower") else "better"


def _named(place: Place) -> str:
    measure, dataset, group, over = place
    about = " × ".join(over) if over else str(Group.of(json.loads(group)))
    parts = [part for part in (about, "" if dataset in ("test", "none") else dataset) if part]
    return f"{measure} ({', '.join(parts)})" if parts else measure


def _notes(first: Audit, second: Audit) -> Iterator[str]:
    said_of = {
        "data": "the data are not the same",
        "model": "the model is not the same",
        "options": "the options are not the same",
        "auditkit": "the version of auditkit is not the same",
    }
    for key, said in said_of.items():
        if first.provenance.get(key) != second.provenance.get(key):
            yield said
