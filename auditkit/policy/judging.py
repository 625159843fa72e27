"""Each rule against the measures it speaks of: bounds against limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.auditing import Audit
from auditkit.catalog import catalogue
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.finding import Finding, Group, Measure
from auditkit.planning import rows_needed
from auditkit.policy.baseline import Baseline, Known, place_of
from auditkit.policy.ratios import ratio_of_runs
from auditkit.policy.rules import ANY, Limit, Rule
from auditkit.policy.rulings import Ruling, Status
from auditkit.stats.uncertainty import Uncertainty

Found = tuple[str, Measure]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is held against a limit: an estimate with a lower and an upper bound, each at a confidence of its own."""

    value: float
    low: float
    high: float


def matches(rule: Rule, audit: Audit) -> list[Found]:
    """Return the measures that a rule speaks of, each with its full name."""
    return [
        (f"{finding.id}.{measure.name}", measure)
        for finding in audit.findings
        for measure in finding.measures
        if rule.covers(f"{finding.id}.{measure.name}")
        and measure.dataset in (rule.dataset, "none")
        and _addressed(rule, measure)
    ]


def _addressed(rule: Rule, measure: Measure) -> bool:
    if rule.each_group is not None:
        columns = measure.group.columns
        return len(columns) == 1 if rule.each_group == ANY else columns == (rule.each_group,)
    if rule.group is None:
        return not measure.group and not measure.over
    if rule.group == ANY:
        return len(measure.over) == 1
    if isinstance(rule.group, Mapping):
        return measure.group.as_dict() == {k: None if v == "(missing)" else v for k, v in rule.group.items()}
    over = (rule.group,) if isinstance(rule.group, str) else tuple(rule.group)
    return set(measure.over) == set(over) and len(measure.over) == len(over)


def is_estimate(measure: Measure) -> bool:
    """Return whether chance enters a measure: it is neither an exact count nor a range."""
    return measure.uncertainty is not None and measure.uncertainty.kind not in ("exact", "range")


def rulings_of(
    rule: Rule, found: Sequence[Found], blocking: float, audit: Audit, baseline: Baseline | None
) -> list[Ruling]:
    """Return what one rule says: a ruling for each measure and limit, and one for each that is missing.

    `blocking` is the confidence of a fail that the policy's error budget leaves a blocking rule. A rule that is held against
    several measures, or two limits, shares it equally among them.
    """
    absent = _absent(rule, found, audit)
    if not found:
        return absent or [
            _ruling(rule, rule.measure, None, _plain(rule), rule.confidence, "missing", _unmatched(rule, audit))
        ]
    base = max(rule.confidence, blocking) if rule.severity == "block" else rule.confidence
    held: list[tuple[str, Measure, Limit]] = []
    for name, measure in found:
        try:
            held += [(name, measure, limit) for limit in rule.limits(measure.direction)]
        except ConfigurationError as error:
            absent.append(_ruling(rule, name, measure, Limit(0.0, "max", True), base, "missing", str(error)))
    adjusted = 1 - (1 - base) / max(1, len(held))
    return [_judge(rule, name, measure, limit, adjusted, baseline) for name, measure, limit in held] + absent


def _plain(rule: Rule) -> Limit:
    """Return what a ruling without a measure shows as its limit."""
    return rule.limits("lower")[-1]


def _absent(rule: Rule, found: Sequence[Found], audit: Audit) -> list[Ruling]:
    """Return rulings on auditors that a pattern means and that died, had too little data or were left out: silence is no pass."""
    if not rule.is_pattern:
        return []
    seen = {name.rpartition(".")[0] for name, _ in found}
    lost = [
        finding
        for finding in audit.findings
        if finding.status in ("error", "insufficient data", "skipped")
        and finding.id not in seen
        and any(rule.covers(f"{finding.id}.{name}") for name in _names(finding))
    ]
    limit = _plain(rule)
    return [
        _ruling(rule, f"{finding.id}.*", None, limit, rule.confidence, "missing", finding.reason or finding.status)
        for finding in lost
    ]


def _names(finding: Finding) -> tuple[str, ...]:
    known = catalogue().get(finding.id)
    return known.measures if known is not None else ()


def _unmatched(rule: Rule, audit: Audit) -> str:
    finding_id = rule.measure.rpartition(".")[0]
    roles = audit.subject.get("roles")
    sensitive = roles.get("sensitive", []) if isinstance(roles, Mapping) else []
    unknown = [column for column in rule.columns if column not in sensitive]
    if unknown and sensitive:
        return f"{unknown[0]!r} is no sensitive column of the audit.{did_you_mean(unknown[0], sensitive)}"
    if rule.is_pattern:
        return "no auditor measured anything that the pattern means"
    for finding in audit.findings:
        if finding.id == finding_id:
            if finding.status == "measured":
                return f"not measured for this group or dataset; {_at_hand(rule, finding)}"
            return finding.reason or finding.status
    return f"{finding_id} was skipped"


def _at_hand(rule: Rule, finding: Finding) -> str:
    """Return where the rule's measure was measured, or, where it was not at all, what the auditor measured instead."""
    same = [measure for measure in finding.measures if f"{finding.id}.{measure.name}" == rule.measure]
    elsewhere = sorted({measure.dataset for measure in same})
    if not same:
        return f"{finding.id} measured: {', '.join(sorted({measure.name for measure in finding.measures}))}"
    if rule.dataset not in elsewhere:
        return f"it was measured for dataset: {' or '.join(elsewhere)}"
    gaps = dict.fromkeys(measure.over for measure in same if measure.over)
    if gaps:
        said = [over[0] if len(over) == 1 else f"[{', '.join(over)}]" for over in gaps]
        return f"it was measured over columns, say group: {' or '.join(said[:6])}"
    groups = list(dict.fromkeys(str(measure.group) for measure in same if measure.group.columns == rule.columns))
    if not rule.columns or not groups:
        return "it was measured for all rows and for groups; leave group out, or say each_group with a sensitive column"
    hint = f"; say each_group: {rule.group} for each of them" if isinstance(rule.group, str) else ""
    return f"it was measured for {', '.join(groups[:6])}{' and more' if len(groups) > 6 else ''}{hint}"


def _judge(rule: Rule, name: str, measure: Measure, limit: Limit, adjusted: float, baseline: Baseline | None) -> Ruling:
    stopped = _not_judged(rule, measure, limit)
    if stopped is not None:
        return _ruling(rule, name, measure, limit, adjusted, *stopped)
    if limit.value is None or measure.value is None or measure.uncertainty is None:
        return _ruling(rule, name, measure, limit, adjusted, "pass", "it was measured")
    upper = limit.kind == "max"
    sure = (adjusted, rule.confidence) if upper else (rule.confidence, adjusted)
    was: Known | None = None
    if limit.of_change:
        place = place_of(name, measure.dataset, measure.group, measure.over)
        was = None if baseline is None else baseline.measures.get(place)
        if was is None:
            reason = (
                "no baseline was given; pass --baseline with an earlier audit.json, or adopt one: auditkit gate --update-baseline"
                if baseline is None
                else f"the baseline ({baseline.said}) has no such measure; adopt it again with --update-baseline"
            )
            return _ruling(rule, name, measure, limit, adjusted, "missing", reason)
        if limit.ratio:
            return _judge_ratio(rule, name, measure, limit, adjusted, was)
        bounds = change(measure.value, measure.uncertainty, was, *sure)
    else:
        bounds = Bounds(measure.value, measure.uncertainty.lower(sure[0]), measure.uncertainty.upper(sure[1]))
    if math.isnan(bounds.low) or math.isnan(bounds.high):
        return _ruling(
            rule, name, measure, limit, adjusted, "missing", "its bounds are no numbers, so it cannot be judged"
        )
    status = _status(bounds, limit.value, upper)
    needed = None
    if status == "inconclusive" and was is None:
        needed = rows_needed(measure, limit.value, adjusted)
    said = _sentence(status, limit.value, upper, measure, bounds, sure, was)
    ruling = _ruling(rule, name, measure, limit, adjusted, status, said)
    return replace(
        ruling,
        value=bounds.value,
        low=bounds.low,
        high=bounds.high,
        rows_needed=needed,
        baseline=None if was is None else was.value,
    )


def _judge_ratio(rule: Rule, name: str, measure: Measure, limit: Limit, adjusted: float, was: Known) -> Ruling:
    assert measure.uncertainty is not None and limit.value is not None  # it was asked before
    found = ratio_of_runs(measure.uncertainty, was.uncertainty, adjusted, rule.confidence)
    if isinstance(found, str):
        return _ruling(rule, name, measure, limit, adjusted, "missing", found)
    bounds = Bounds(*found)
    status = _status(bounds, limit.value, upper=True)
    between = "; the limit lies between" if status == "inconclusive" else ""
    said = (
        f"measured {measure.value:.3g}, {bounds.value:.3g} times the baseline, limit at most {limit.value:.3g} times; at least "
        f"{bounds.low:.3g} ({adjusted:.1%}), at most {bounds.high:.3g} ({rule.confidence:.1%}){between}"
    )
    ruling = _ruling(rule, name, measure, limit, adjusted, status, said)
    ends = {"value": bounds.value, "low": bounds.low, "high": bounds.high, "baseline": was.value}
    return replace(ruling, **ends, unit="ratio", kind="interval")  # type: ignore[arg-type]


def _not_judged(rule: Rule, measure: Measure, limit: Limit) -> tuple[Status, str] | None:
    if measure.status != "measured" or measure.value is None:
        status: Status = "insufficient" if measure.status in ("insufficient", "suppressed") else "missing"
        return status, measure.reason or measure.status
    if measure.not_covered > rule.max_not_covered:
        text = (
            f"{measure.not_covered:.1%} of the rows are in groups too small to judge; "
            f"the policy allows {rule.max_not_covered:.1%}"
        )
        return "insufficient", text
    if measure.uncertainty is None and limit.kind != "measured":
        return "missing", "the measure carries no bounds, so it cannot be judged"
    return None


def _status(bounds: Bounds, limit: float, upper: bool) -> Status:
    if (bounds.low > limit) if upper else (bounds.high < limit):
        return "fail"
    if (bounds.high <= limit) if upper else (bounds.low >= limit):
        return "pass"
    return "inconclusive"


def change(value: float, now: Uncertainty, was: Known, low_sure: float, high_sure: float) -> Bounds:
    r"""Return the change since the baseline with bounds.

    Of estimates by MOVER from the bounds of each, as if both were independent:
    :math:`d - \sqrt{(a-l_a)^2+(u_b-b)^2}` and :math:`d + \sqrt{(u_a-a)^2+(b-l_b)^2}`. Where both rest on the same people,
    who mostly answer alike, the true bounds are narrower. Exact counts differ exactly; of ranges the extremes are taken.
    """
    difference = value - was.value
    kinds = {now.kind, was.uncertainty.kind}
    if kinds == {"exact"}:
        return Bounds(difference, difference, difference)
    if "range" in kinds:
        low = now.lower(low_sure) - was.uncertainty.upper(low_sure)
        return Bounds(difference, low, now.upper(high_sure) - was.uncertainty.lower(high_sure))
    below = math.hypot(value - now.lower(low_sure), was.uncertainty.upper(low_sure) - was.value)
    above = math.hypot(now.upper(high_sure) - value, was.value - was.uncertainty.lower(high_sure))
    return Bounds(difference, difference - below, difference + above)


def _sentence(
    status: Status,
    limit: float,
    upper: bool,
    measure: Measure,
    bounds: Bounds,
    sure: tuple[float, float],
    was: Known | None,
) -> str:
    sign = "at most" if upper else "at least"
    head = f"measured {measure.value:.3g}, limit {sign} {limit:.3g}"
    if was is not None:
        head = (
            f"measured {measure.value:.3g}, was {was.value:.3g}; change {bounds.value:+.3g}, limit {sign} {limit:+.3g}"
        )
    if measure.uncertainty is not None and measure.uncertainty.kind == "exact" and bounds.low == bounds.high:
        return f"{head}; an exact count"
    between = "; the limit lies between" if status == "inconclusive" else ""
    outside = f"; {measure.not_covered:.2%} of the rows are in groups too small to count" if measure.not_covered else ""
    if measure.uncertainty is not None and measure.uncertainty.kind == "range":
        return f"{head}; range {bounds.low:.3g} to {bounds.high:.3g}{between}{outside}"
    return f"{head}; at least {bounds.low:.3g} ({sure[0]:.1%}), at most {bounds.high:.3g} ({sure[1]:.1%}){between}{outside}"


def _ruling(
    rule: Rule, name: str, measure: Measure | None, limit: Limit, adjusted: float, status: Status, message: str
) -> Ruling:
    over = measure.over if measure else ()
    if measure is None and isinstance(rule.group, str | tuple) and rule.group != ANY:
        over = (rule.group,) if isinstance(rule.group, str) else rule.group
    group = measure.group if measure and measure.group else None
    if measure is None and isinstance(rule.group, Mapping):
        group = Group.of(rule.group)
    kind = measure.interval.kind if measure and measure.interval else None
    return Ruling(
        rule=rule.id,
        measure=name,
        dataset=rule.dataset,
        group=group,
        over=over,
        status=status,
        underlying=status,
        value=measure.value if measure else None,
        unit=measure.unit if measure else "",
        kind=kind,
        limit=limit.value,
        limit_kind=limit.kind,
        of_change=limit.of_change,
        confidence=rule.confidence,
        adjusted_confidence=adjusted,
        severity=rule.severity,
        why=rule.why,
        owner=rule.owner,
        on_missing=rule.on_missing,
        rows=measure.n if measure else None,
        not_covered=measure.not_covered if measure else 0.0,
        message=message,
        evidence=name.rpartition(".")[0],
        worst=measure.worst if measure else None,
        best=measure.best if measure else None,
        volatile=measure.volatile if measure else False,
    )
