"""Rules, waivers and how a policy turns an audit into a decision."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from auditkit.auditing import Audit
from auditkit.catalog import catalogue
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.finding import Finding, Group, Measure, Scalar
from auditkit.planning import rows_needed
from auditkit.yamlfile import Document, load_policy_document

Status = Literal["pass", "fail", "inconclusive", "insufficient", "missing", "waived"]
Severity = Literal["block", "warn"]
Prove = Literal["violation", "compliance"]
Verdict = Literal["pass", "pass with warnings", "fail", "not decided"]
Address = str | tuple[str, ...] | Mapping[str, Scalar] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One limit on one measure.

    ``group``: a column (the gap over it), several (the gap over their intersection), a mapping (that group), or
    None (all rows). ``each_group``: every group of that column.
    """

    id: str
    measure: str
    group: Address = None
    each_group: str | None = None
    min: float | None = None
    max: float | None = None
    confidence: float = 0.95
    severity: Severity = "block"
    why: str = ""
    owner: str = ""
    on_missing: Literal["fail", "warn"] = "fail"
    max_not_covered: float = 0.05
    dataset: str = "test"

    @property
    def limit(self) -> float:
        """The one limit, whichever side it is on."""
        limit = self.min if self.min is not None else self.max
        if limit is None:
            raise ConfigurationError(f"rule {self.id!r} has neither min nor max; give one of them")
        return limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A rule's breach that somebody accepted, until a day (inclusive)."""

    rule: str
    reason: str
    requested_by: str
    approved_by: str
    until: date
    group: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one rule says of one measure; `low` and `high` are the two bounds that were judged."""

    rule: str
    measure: str
    status: Status
    underlying: Status
    message: str
    limit: float
    limit_kind: Literal["min", "max"]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One ruling per rule and measure, and the verdict."""

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
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules (which measure, which limit, how sure, how severe, why, whose) and waivers.

    ``false_alarm`` is the chance, shared equally over the blocking rules on estimates, that a policy whose every
    limit is kept shows any blocking *fail*.
    """

    name: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    prove: Prove = "violation"
    false_alarm: float = 0.05
    digest: str = ""

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read policy.yaml.

        Raises
        ------
        ConfigurationError
            If the file is missing, has an unknown key, a rule without a limit, a measure that no auditor makes, or a
            waiver for a rule that is not there; with file, line and column.
        """
        return _policy(load_policy_document(Path(path)))

    def judge(self, audit: Audit, *, as_of: date | None = None) -> Decision:
        """Judge an audit by its bounds: fail when a limit is shown to be exceeded, pass when it is shown to be kept.

        Parameters
        ----------
        audit : Audit
        as_of : date, optional
            The day that waivers are read at; default today (UTC).

        Returns
        -------
        Decision

        Notes
        -----
        What was not measured is never a pass. With m blocking rules on estimates a blocking fail is stated at
        confidence 1 - false_alarm / m; a pass at the rule's own confidence.
        """
        if not isinstance(audit, Audit):
            raise ConfigurationError(
                f"judge takes an Audit, got {type(audit).__name__}; of what ak.load gives, pass .audit"
            )
        day = as_of or datetime.now(UTC).date()
        matched = [(rule, _matches(rule, audit)) for rule in self.rules]
        estimates = sum(
            rule.severity == "block" and any(_is_estimate(measure) for measure, _ in found) for rule, found in matched
        )
        blocking = 1 - self.false_alarm / max(1, estimates)
        rulings = [ruling for rule, found in matched for ruling in _rulings(rule, found, blocking, audit)]
        waived, unused = _apply_waivers(rulings, self.waivers, day)
        problems = tuple(f"{finding.id}: {finding.reason}" for finding in audit.findings if finding.status == "error")
        verdict, code = verdict_of(waived, self.prove, bool(problems))
        return Decision(
            policy=self.name,
            policy_digest=self.digest,
            as_of=day,
            prove=self.prove,
            false_alarm=self.false_alarm,
            verdict=verdict,
            inconclusive=any(ruling.status == "inconclusive" for ruling in waived),
            exit_code=code,
            rulings=tuple(waived),
            problems=problems,
            unused_waivers=tuple(unused),
        )


def _policy(document: Document) -> Policy:
    data = document.data
    known = set(catalogue())
    rules: list[Rule] = []
    for index, entry in enumerate(data.get("rules", [])):
        finding, _, name = str(entry["measure"]).rpartition(".")
        if finding not in known or not name:
            hint = did_you_mean(finding or name, known)
            raise document.error(f"no auditor makes the measure {entry['measure']!r}.{hint}", "rules", index, "measure")
        made = catalogue()[finding].measures
        if made and name not in made:
            hint = did_you_mean(name, made)
            raise document.error(f"{finding} makes no measure {name!r}.{hint}", "rules", index, "measure")
        group = entry.get("group")
        rules.append(Rule(**{**entry, "group": tuple(group) if isinstance(group, list) else group}))
    waivers = [_waiver(document, index, entry) for index, entry in enumerate(data.get("waivers") or [])]
    canonical = json.dumps(data, sort_keys=True, default=str, separators=(",", ":"))
    return Policy(
        name=str(data["policy"]),
        rules=tuple(rules),
        waivers=tuple(waivers),
        prove=data.get("prove", "violation"),
        false_alarm=float(data.get("false_alarm", 0.05)),
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _waiver(document: Document, index: int, entry: Mapping[str, object]) -> Waiver:
    if str(entry["requested_by"]).strip().casefold() == str(entry["approved_by"]).strip().casefold():
        raise document.error(
            "a waiver is requested and approved by two different people", "waivers", index, "approved_by"
        )
    until = entry["until"]
    try:
        day = until if isinstance(until, date) else date.fromisoformat(str(until))
    except ValueError:
        raise document.error(
            f"until: got {until!r}, wanted a date like 2027-06-30", "waivers", index, "until"
        ) from None
    return Waiver(**{**entry, "until": day})  # type: ignore[arg-type]


def _matches(rule: Rule, audit: Audit) -> list[tuple[Measure, Finding]]:
    finding_id, _, name = rule.measure.rpartition(".")
    return [
        (measure, finding)
        for finding in audit.findings
        if finding.id == finding_id
        for measure in finding.measures
        if measure.name == name and measure.dataset in (rule.dataset, "none") and _addressed(rule, measure)
    ]


def _addressed(rule: Rule, measure: Measure) -> bool:
    if rule.each_group is not None:
        return measure.group.columns == (rule.each_group,)
    if rule.group is None:
        return not measure.group and not measure.over
    if isinstance(rule.group, Mapping):
        return measure.group.as_dict() == {k: None if v == "(missing)" else v for k, v in rule.group.items()}
    over = (rule.group,) if isinstance(rule.group, str) else tuple(rule.group)
    return set(measure.over) == set(over) and len(measure.over) == len(over)


def _is_estimate(measure: Measure) -> bool:
    return measure.uncertainty is not None and measure.uncertainty.kind not in ("exact", "range")


def _rulings(rule: Rule, found: Sequence[tuple[Measure, Finding]], blocking: float, audit: Audit) -> list[Ruling]:
    if not found:
        return [_ruling(rule, None, rule.confidence, "missing", _why_missing(rule, audit))]
    base = max(rule.confidence, blocking) if rule.severity == "block" else rule.confidence
    adjusted = 1 - (1 - base) / len(found) if rule.each_group else base
    return [_judge(rule, measure, adjusted) for measure, _ in found]


def _why_missing(rule: Rule, audit: Audit) -> str:
    finding_id = rule.measure.rpartition(".")[0]
    roles = audit.subject.get("roles")
    sensitive = roles.get("sensitive", []) if isinstance(roles, Mapping) else []
    named = [rule.group] if isinstance(rule.group, str) else list(rule.group or ())
    unknown = [column for column in [*named, *filter(None, [rule.each_group])] if column not in sensitive]
    if unknown and sensitive:
        return f"{unknown[0]!r} is no sensitive column of the audit.{did_you_mean(unknown[0], sensitive)}"
    for finding in audit.findings:
        if finding.id == finding_id:
            if finding.status == "measured":
                names = sorted({m.name for m in finding.measures})
                return f"not measured for this group or dataset; {finding_id} measured: {', '.join(names)}"
            return finding.reason or finding.status
    return f"{finding_id} was skipped"


def _judge(rule: Rule, measure: Measure, adjusted: float) -> Ruling:
    if measure.status != "measured" or measure.value is None:
        status: Status = "insufficient" if measure.status in ("insufficient", "suppressed") else "missing"
        return _ruling(rule, measure, adjusted, status, measure.reason or measure.status)
    if measure.not_covered > rule.max_not_covered:
        text = (
            f"{measure.not_covered:.1%} of the rows are in groups too small to judge; "
            f"the policy allows {rule.max_not_covered:.1%}"
        )
        return _ruling(rule, measure, adjusted, "insufficient", text)
    if measure.uncertainty is None:
        return _ruling(rule, measure, adjusted, "missing", "the measure carries no bounds, so it cannot be judged")
    upper_limit = rule.max is not None
    low = measure.uncertainty.lower(adjusted if upper_limit else rule.confidence)
    high = measure.uncertainty.upper(rule.confidence if upper_limit else adjusted)
    if (low > rule.limit) if upper_limit else (high < rule.limit):
        status = "fail"
    elif (high <= rule.limit) if upper_limit else (low >= rule.limit):
        status = "pass"
    else:
        status = "inconclusive"
    needed = rows_needed(measure, rule.limit, adjusted) if status == "inconclusive" else None
    ruling = _ruling(rule, measure, adjusted, status, "")
    return replace(
        ruling, low=low, high=high, rows_needed=needed, message=_sentence(status, rule, measure, low, high, adjusted)
    )


def _sentence(status: Status, rule: Rule, measure: Measure, low: float, high: float, adjusted: float) -> str:
    sign = "at most" if rule.max is not None else "at least"
    head = f"measured {measure.value:.3g}, limit {sign} {rule.limit:.3g}"
    if measure.uncertainty is not None and measure.uncertainty.kind == "exact":
        return f"{head}; an exact count"
    between = "; the limit lies between" if status == "inconclusive" else ""
    outside = f"; {measure.not_covered:.2%} of the rows are in groups too small to count" if measure.not_covered else ""
    if measure.uncertainty is not None and measure.uncertainty.kind == "range":
        return f"{head}; range {low:.3g} to {high:.3g}{between}{outside}"
    sure_low, sure_high = (adjusted, rule.confidence) if rule.max is not None else (rule.confidence, adjusted)
    return f"{head}; at least {low:.3g} ({sure_low:.1%}), at most {high:.3g} ({sure_high:.1%}){between}{outside}"


def _ruling(rule: Rule, measure: Measure | None, adjusted: float, status: Status, message: str) -> Ruling:
    over = measure.over if measure else ()
    if measure is None and isinstance(rule.group, str | tuple):
        over = (rule.group,) if isinstance(rule.group, str) else rule.group
    group = measure.group if measure and measure.group else None
    if measure is None and isinstance(rule.group, Mapping):
        group = Group.of(rule.group)
    kind = measure.interval.kind if measure and measure.interval else None
    return Ruling(
        rule=rule.id,
        measure=rule.measure,
        dataset=rule.dataset,
        group=group,
        over=over,
        status=status,
        underlying=status,
        value=measure.value if measure else None,
        unit=measure.unit if measure else "",
        kind=kind,
        limit=rule.limit,
        limit_kind="max" if rule.max is not None else "min",
        confidence=rule.confidence,
        adjusted_confidence=adjusted,
        severity=rule.severity,
        why=rule.why,
        owner=rule.owner,
        on_missing=rule.on_missing,
        rows=measure.n if measure else None,
        not_covered=measure.not_covered if measure else 0.0,
        message=message,
        evidence=rule.measure.rpartition(".")[0],
        worst=measure.worst if measure else None,
        best=measure.best if measure else None,
        volatile=measure.volatile if measure else False,
    )


def _apply_waivers(rulings: Sequence[Ruling], waivers: Sequence[Waiver], day: date) -> tuple[list[Ruling], list[str]]:
    used: set[int] = set()
    result = list(rulings)
    for index, ruling in enumerate(result):
        if ruling.status not in ("fail", "inconclusive"):  # what was not measured cannot be waived
            continue
        for number, waiver in enumerate(waivers):
            if waiver.rule != ruling.rule or (
                waiver.group and (not ruling.group or ruling.group.as_dict() != dict(waiver.group))
            ):
                continue
            used.add(number)
            if waiver.until >= day:
                result[index] = replace(ruling, status="waived", waiver=waiver)
                break
            result[index] = replace(ruling, waiver=waiver, waiver_expired=True)
    unused = [f"{w.rule}: nothing to waive" for number, w in enumerate(waivers) if number not in used]
    return result, unused


def verdict_of(rulings: Sequence[Ruling], prove: Prove, died: bool) -> tuple[Verdict, int]:
    """Return the verdict and the exit code that follow from rulings; `died`: an auditor did."""
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    unknown = [r for r in block if r.status in ("missing", "insufficient") and r.on_missing == "fail"]
    failed = any(r.status == "fail" or (r.status == "inconclusive" and prove == "compliance") for r in block)
    if died or unknown:
        return ("fail" if failed else "not decided"), 3
    if failed:
        return "fail", 1
    if not any(r.status in ("pass", "fail", "inconclusive", "waived") for r in rulings):
        return "not decided", 5
    return ("pass" if all(r.status == "pass" for r in rulings) else "pass with warnings"), 0
