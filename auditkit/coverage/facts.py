"""What the record itself holds: for each fact what is there, and what is not where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from auditkit.auditing import Audit
from auditkit.policy import Decision


@dataclass(frozen=True, slots=True)
class View:
    """What wants are held against."""

    audit: Audit
    decision: Decision | None
    compared: bool


def day_of(audit: Audit, decision: Decision | None) -> date | None:
    """Return the day of the judgement, or of the run; None if the record has none."""
    if decision is not None:
        return decision.as_of
    try:
        return date.fromisoformat(str(audit.run.get("started"))[:10])
    except ValueError:
        return None


def _baseline(view: View) -> tuple[str, str]:
    return "Change since an earlier audit", "" if view.compared else "No earlier audit was given (--baseline)"


def _data(view: View) -> tuple[str, str]:
    tables = view.audit.provenance.get("data")
    there = isinstance(tables, Mapping) and tables
    return "Digests of the data", "" if there else "No digest of the data"


def _dated(view: View) -> tuple[str, str]:
    day = day_of(view.audit, view.decision)
    return f"Dated {day.isoformat() if day else ''}", "" if day else "The record has no date"


def _deployment(view: View) -> tuple[str, str]:
    given = view.audit.subject.get("deployment")
    return "Environment and risk class", "" if given else "deployment: is not stated in audit.yaml"


def _intervals(view: View) -> tuple[str, str]:
    number = sum(1 for _ in _with_interval(view.audit))
    return f"{number:,} measures with an interval", "" if number else "No measure has an interval"


def _with_interval(audit: Audit) -> Iterator[object]:
    for finding in audit.findings:
        yield from (one for one in finding.measures if one.interval is not None and one.interval.kind == "interval")


def _model(view: View) -> tuple[str, str]:
    there = view.audit.subject.get("model")
    return "Model, its kind and digest", "" if there else "Only predictions were given, no model"


def _policy(view: View) -> tuple[str, str]:
    if view.decision is None:
        return "", "No policy was judged"
    return f"Policy {view.decision.policy}, by its digest", ""


def _rulings(view: View) -> tuple[str, str]:
    if view.decision is None or not view.decision.rulings:
        return "", "No ruling was made"
    waived = sum(one.waiver is not None for one in view.decision.rulings)
    return f"{len(view.decision.rulings)} rulings, {waived} with a waiver", ""


def _seed(view: View) -> tuple[str, str]:
    return "Seed of all randomness", "" if view.audit.provenance.get("seed") is not None else "No seed is recorded"


def _software(view: View) -> tuple[str, str]:
    return "Versions of the software", "" if view.audit.provenance.get("packages") else "No versions are recorded"


def _unmeasured(view: View) -> tuple[str, str]:
    if not view.audit.findings:
        return "", "No auditor ran"
    number = sum(one.status != "measured" for one in view.audit.findings)
    return f"List of what was not measured, with reasons: {number}", ""


def _verdict(view: View) -> tuple[str, str]:
    if view.decision is None:
        return "", "No policy was judged"
    if view.decision.verdict == "not decided":
        return "", "The gate did not decide"
    return f"Gate: {view.decision.verdict}", ""


FACTS: dict[str, Callable[[View], tuple[str, str]]] = {
    "baseline": _baseline,
    "data": _data,
    "dated": _dated,
    "deployment": _deployment,
    "intervals": _intervals,
    "model": _model,
    "policy": _policy,
    "rulings": _rulings,
    "seed": _seed,
    "software": _software,
    "unmeasured": _unmeasured,
    "verdict": _verdict,
}
PLACES = {
    "baseline": "changes",
    "policy": "rulings",
    "rulings": "rulings",
    "verdict": "decision",
    "unmeasured": "unseen",
    "intervals": "groups",
}
