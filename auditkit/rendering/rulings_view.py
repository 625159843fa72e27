"""The table of rulings: one line each, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.policy import Decision, Ruling
from auditkit.rendering.anchors import places
from auditkit.rendering.language import spoken
from auditkit.rendering.numbers import NOTHING, count, interval, number, percent
from auditkit.rendering.wording import how, how_sure, limit_of, ruling_name

_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SEVERITIES = (("block", "Blocking rules"), ("warn", "Warning rules"), ("info", "For information"))


def words(amount: int) -> str:
    """Return a small number in words."""
    return spoken(_NUMBER_WORDS[amount]) if amount < len(_NUMBER_WORDS) else count(amount)


def rulings_table(decision: Decision | None, rulings: Sequence[Ruling], anchors: dict[int, str]) -> dict[str, Any]:
    """Return the table of rulings, blocking ones first, each with its place on the common scale."""
    groups = []
    for severity, title in _SEVERITIES:
        rows = [ruling_row(ruling, anchors[id(ruling)]) for ruling in rulings if ruling.severity == severity]
        if rows:
            groups.append({"title": spoken(title), "note": _budget(decision, rulings, severity), "rows": rows})
    empty = (
        ""
        if groups
        else (
            spoken("No policy was judged, so there is no ruling.")
            if decision is None
            else spoken("The policy ruled on nothing.")
        )
    )
    return {
        "caption": spoken("All {n} rulings, blocking rules first", n=count(len(rulings))),
        "groups": groups,
        "note": spoken(
            "Dot: measured. Line: from one judged bound to the other. Thick line: a range from lowest to highest estimate. Square: an exact count. Arrow: the line runs on."
        ),
        "empty": empty,
    }


def _budget(decision: Decision | None, rulings: Sequence[Ruling], severity: str) -> str:
    if severity != "block":
        return spoken("they never close the gate") if severity == "warn" else spoken("they never change the verdict")
    if decision is None:
        return ""
    estimates = len({r.rule for r in rulings if r.severity == "block" and r.kind == "interval"})
    shared = spoken("error budget {share}", share=percent(decision.false_alarm))
    if estimates <= 1:
        return shared
    return spoken("{budget} shared equally over the {n} rules on estimates", budget=shared, n=words(estimates))


def ruling_row(ruling: Ruling, anchor: str) -> dict[str, Any]:
    """Return one ruling as a row."""
    at, low, high = (_position(value, ruling) for value in (ruling.value, ruling.low, ruling.high))
    ends = [end for end in (low, high) if end is not None]
    kind = ruling.kind or ("interval" if at is not None else None)
    lowest, highest = (min(ends), max(ends)) if ends else (None, None)
    return {
        "id": anchor,
        "status": ruling.status,
        "name": ruling_name(ruling),
        "sub": " · ".join(part for part in (how(ruling), _waiver_note(ruling), ruling.owner) if part),
        "measured": interval(ruling.low, ruling.high, ruling.unit) if kind == "range" else _valued(ruling),
        "limit": limit_of(ruling),
        "at": _clip(at),
        "low": _clip(lowest),
        "high": _clip(highest),
        "runs_on": highest is not None and highest > _RIGHT,
        "kind": kind,
        "sure": how_sure(ruling),
        "evidence_id": ruling.evidence,
        "places": places(ruling),
        "link": "",
    }


def _valued(ruling: Ruling) -> str:
    return number(ruling.value, ruling.unit) if ruling.value is not None else NOTHING


def _waiver_note(ruling: Ruling) -> str:
    if ruling.waiver is None:
        return spoken("breach adopted with the baseline") if ruling.status == "adopted" else ""
    until = ruling.waiver.until
    day = f"{until.day} {spoken(f'{until:%B}')} {until.year}"
    return spoken("waiver expired {day}", day=day) if ruling.waiver_expired else spoken("waived until {day}", day=day)


_LEFT, _RIGHT = -1.0, 3.0


def _position(value: float | None, ruling: Ruling) -> float | None:
    """Return the distance from the limit as a share of the limit; right of 0 is beyond it."""
    if value is None or ruling.limit is None:
        return None
    distance = (value - ruling.limit) / (abs(ruling.limit) or 1.0)
    return distance if ruling.limit_kind == "max" else -distance


def _clip(place: float | None) -> float | None:
    return None if place is None else min(_RIGHT, max(_LEFT, place))
