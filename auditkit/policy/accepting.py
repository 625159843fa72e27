"""Breaches that somebody accepted: waivers that end, and a baseline that was adopted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from auditkit.auditing import Audit
from auditkit.finding import MISSING_LABEL
from auditkit.policy.baseline import Baseline, place_of
from auditkit.policy.judging import change
from auditkit.policy.rules import ANY, Waiver
from auditkit.policy.rulings import Ruling

SOON = timedelta(days=30)


def adopt(rulings: Sequence[Ruling], baseline: Baseline | None, audit: Audit) -> list[Ruling]:
    """Return rulings with breaches of the adopted baseline marked, unless they are shown to be worse now."""
    if baseline is None or not baseline.adopted:
        return list(rulings)
    measures = {
        place_of(f"{finding.id}.{measure.name}", measure.dataset, measure.group, measure.over): measure
        for finding in audit.findings
        for measure in finding.measures
    }
    result = []
    for ruling in rulings:
        place = place_of(ruling.measure, ruling.dataset, ruling.group, ruling.over)
        measure = measures.get(place)
        breach = ruling.status in ("fail", "inconclusive") and not ruling.of_change
        if not breach or (ruling.rule, ruling.limit_kind, place) not in baseline.adopted or measure is None:
            result.append(ruling)
            continue
        assert measure.value is not None and measure.uncertainty is not None  # it was judged
        was = baseline.measures[place]
        upper = ruling.limit_kind == "max"
        sure = ruling.adjusted_confidence
        bounds = change(measure.value, measure.uncertainty, was, sure, sure)
        worse = bounds.low > 0 if upper else bounds.high < 0
        moved = f"was {was.value:.3g} when the baseline was adopted"
        if worse:
            bound = bounds.low if upper else bounds.high
            result.append(
                replace(ruling, message=f"{ruling.message}; {moved}, and is worse by at least {abs(bound):.3g}")
            )
        else:
            message = f"{ruling.message}; {moved}, not shown to be worse ({sure:.1%})"
            result.append(replace(ruling, status="adopted", baseline=was.value, message=message))
    return result


def waive(
    rulings: Sequence[Ruling], waivers: Sequence[Waiver], day: date
) -> tuple[list[Ruling], tuple[str, ...], tuple[str, ...]]:
    """Return rulings with waivers applied, the waivers that waive nothing, and those that end within 30 days."""
    used: set[int] = set()
    soon: dict[int, str] = {}
    result = list(rulings)
    for index, ruling in enumerate(result):
        if ruling.status not in ("fail", "inconclusive"):  # what was not measured cannot be waived
            continue
        for number, waiver in enumerate(waivers):
            if not _means(waiver, ruling):
                continue
            used.add(number)
            if waiver.until >= day:
                result[index] = replace(ruling, status="waived", waiver=waiver)
                if waiver.until - day <= SOON:
                    soon[number] = (
                        f"{waiver.rule}: ends on {waiver.until.isoformat()}, in {(waiver.until - day).days} days"
                    )
                break
            result[index] = replace(ruling, waiver=waiver, waiver_expired=True)
    unused = tuple(f"{w.rule}: nothing to waive" for number, w in enumerate(waivers) if number not in used)
    return result, unused, tuple(soon[number] for number in sorted(soon))


def _means(waiver: Waiver, ruling: Ruling) -> bool:
    if waiver.rule != ruling.rule:
        return False
    if waiver.group is None:
        return True
    if isinstance(waiver.group, Mapping):
        wanted = {column: None if value == MISSING_LABEL else value for column, value in waiver.group.items()}
        return ruling.group is not None and ruling.group.as_dict() == wanted
    if waiver.group == ANY:
        return len(ruling.over) == 1
    named = [waiver.group] if isinstance(waiver.group, str) else waiver.group
    return set(named) == set(ruling.over)
