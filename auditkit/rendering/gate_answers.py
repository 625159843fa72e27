"""The first page of the gate report: five questions and their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from auditkit.errors import ON_REQUEST
from auditkit.policy import Decision, Ruling
from auditkit.record import Record
from auditkit.rendering.language import spoken
from auditkit.rendering.numbers import axis as scale
from auditkit.rendering.numbers import count, drawable, interval, number, percent
from auditkit.rendering.numbers import tick as tick_label
from auditkit.rendering.rulings_view import ruling_row, words
from auditkit.rendering.shared_view import mapping_of, names_of, not_measured
from auditkit.rendering.wording import ORDER, headline, how_sure, limit_of, measured, ruling_name, tally_of
from auditkit.stats.planning import MOST

NO_POLICY = "Not decided: no policy was judged."
_MOST_LEADS = 3


def ordered(rulings: Iterable[Ruling]) -> list[Ruling]:
    """Return rulings as they are shown: blocking ones first, then by status."""
    return sorted(rulings, key=lambda ruling: (ruling.severity != "block", ORDER.index(ruling.status)))


# ---------------------------------------------------------------------- 1: may it be deployed


def verdict(record: Record, rulings: Sequence[Ruling]) -> dict[str, Any]:
    """Answer the first question: may it be deployed?"""
    decision = record.decision
    if decision is None:
        return {"word": spoken("Not decided"), "status": "missing", "lede": spoken(NO_POLICY), "tape": []}
    word, status = {
        "pass": ("Yes", "pass"),
        "pass with warnings": ("Yes", "pass"),
        "fail": ("No", "fail"),
        "not decided": ("Not decided", "missing"),
    }[decision.verdict]
    if status == "pass" and any(r.severity == "block" and r.status == "inconclusive" for r in rulings):
        status = "inconclusive"  # the policy lets it pass; the mark does not say that the limit was shown to be kept
    return {"word": spoken(word), "status": status, "lede": _lede(decision, rulings), "tape": _tape(rulings)}


def _lede(decision: Decision, rulings: Sequence[Ruling]) -> str:
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    tally = Counter(ruling.status for ruling in block)
    unsettled = sum(ruling.status == "inconclusive" and ruling.severity != "info" for ruling in rulings)
    if decision.verdict == "not decided":
        return _undecided(decision, rulings)
    first = spoken({"fail": "FAIL", "pass": "PASS", "pass with warnings": "PASS WITH WARNINGS"}[decision.verdict])
    if unsettled == 1:
        first = spoken("{verdict}, and one rule INCONCLUSIVE", verdict=first)
    elif unsettled:
        first = spoken("{verdict}, and {n} rules INCONCLUSIVE", verdict=first, n=words(unsettled))
    parts = [_exceeded(tally["fail"], len(block)) if tally["fail"] else _none_exceeded(decision, tally, len(block))]
    if tally["inconclusive"]:
        n = words(tally["inconclusive"])
        parts.append(
            spoken("{n} cannot be settled with this test set and closes the gate", n=n)
            if decision.prove == "compliance"
            else spoken("{n} cannot be settled with this test set", n=n)
        )
    if tally["waived"]:
        n = words(tally["waived"])
        parts.append(spoken("one is waived") if tally["waived"] == 1 else spoken("{n} are waived", n=n))
    if tally["adopted"]:
        n = words(tally["adopted"])
        parts.append(spoken("{n} exceeded the limit already when the baseline was adopted", n=n))
    unknown = tally["insufficient"] + tally["missing"]
    if unknown:
        parts.append(spoken("{n} could not be judged", n=words(unknown)))
    return f"{first}. {'; '.join(parts)}."


def _exceeded(failed: int, total: int) -> str:
    if total == 1:
        return spoken("The one blocking rule is exceeded")
    if failed == 1:
        return spoken("One of {total} blocking rules is exceeded", total=words(total))
    return spoken("{n} of {total} blocking rules are exceeded", n=words(failed).capitalize(), total=words(total))


def _none_exceeded(decision: Decision, tally: Counter[Any], total: int) -> str:
    """Say what no fail means: limits that are kept, or rules that were left open, waived or adopted and block nothing."""
    if not total:
        return spoken("No rule of the policy blocks")
    if tally["pass"] == total:
        if total == 1:
            return spoken("The one blocking rule is not exceeded")
        return spoken("None of {total} blocking rules is exceeded", total=words(total))
    if decision.verdict == "fail":
        if total == 1:
            return spoken("The one blocking rule is not shown to be exceeded")
        return spoken("None of {total} blocking rules is shown to be exceeded", total=words(total))
    if total == 1:
        return spoken("The one blocking rule does not close the gate")
    return spoken("None of {total} blocking rules closes the gate", total=words(total))


def _undecided(decision: Decision, rulings: Sequence[Ruling]) -> str:
    if decision.problems:
        died = len(decision.problems)
        if died == 1:
            return spoken("Not decided: one auditor ended without a result.")
        return spoken("Not decided: {n} auditors ended without a result.", n=words(died))
    unknown = sum(r.severity == "block" and r.status in ("missing", "insufficient") for r in rulings)
    if unknown and any(r.status not in ("missing", "insufficient") for r in rulings):
        if unknown == 1:
            return spoken("Not decided: one blocking rule could not be judged.")
        return spoken("Not decided: {n} blocking rules could not be judged.", n=words(unknown))
    return spoken("Not decided: no rule ran.")


def _tape(rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    tape = []
    for severity, name in (("block", "blocking"), ("warn", "warning")):
        statuses = [str(ruling.status) for ruling in rulings if ruling.severity == severity]
        if statuses:
            tape.append(
                {"label": f"{count(len(statuses))} {spoken(name)}", "statuses": statuses, "text": tally_of(statuses)}
            )
    return tape


# ---------------------------------------------------------------------- 2: why


def why(record: Record, rulings: Sequence[Ruling], anchors: dict[int, str]) -> dict[str, Any]:
    """Answer the second question: why, or why not?"""
    decision = record.decision
    if decision is None:
        return {
            "question": spoken("Why not decided?"),
            "findings": [],
            "problems": [],
            "text": spoken("No policy was given. The numbers below were measured, but no limit was set for them."),
        }
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    against = [
        r for r in block if r.status == "fail" or (r.status == "inconclusive" and decision.prove == "compliance")
    ]
    question = spoken({"fail": "Why not?", "not decided": "Why not decided?"}.get(decision.verdict, "Why?"))
    problems = [
        {"title": name, "text": f"{why}. Mend the cause and run the audit again; its rules are missing until then."}
        for name, _, why in (p.partition(": ") for p in decision.problems)
    ]
    leads = [_lead(ruling, record, anchors) for ruling in against[:_MOST_LEADS]]
    return {
        "question": question,
        "findings": leads,
        "problems": problems,
        "text": _why_text(decision, rulings, len(against)),
    }


def _why_text(decision: Decision, rulings: Sequence[Ruling], against: int) -> str:
    if against > _MOST_LEADS:
        return spoken("{n} more under Rulings.", n=words(against - _MOST_LEADS).capitalize())
    if against:
        return ""
    unknown = [r for r in rulings if r.severity == "block" and r.status in ("missing", "insufficient")]
    if unknown:
        named = "; ".join(f"{ruling_name(r)} ({r.message})" for r in unknown[:5])
        return spoken("Could not be judged: {names}.", names=named)
    if not rulings:
        return spoken("The policy has no rule that applied to this audit.")
    kept = sum(r.status == "pass" for r in rulings if r.severity == "block")
    warned = [r for r in rulings if r.severity == "warn" and r.status != "pass"]
    if all(r.severity != "block" for r in rulings):
        text = f"{spoken('No rule of the policy blocks')}."
    elif not kept:
        text = spoken("No blocking rule is shown to keep its limit.")
    elif kept == 1:
        text = spoken("One blocking rule keeps its limit at the stated confidence.")
    else:
        text = spoken("{n} blocking rules keep their limit at the stated confidence.", n=words(kept).capitalize())
    if not warned:
        return text
    names = ", ".join(ruling_name(r) for r in warned)
    return f"{text} {spoken('Warning rules that did not pass: {names}.', names=names)}"


def _lead(ruling: Ruling, record: Record, anchors: dict[int, str]) -> dict[str, Any]:
    expired = f" {spoken('The waiver for this rule expired.')}" if ruling.waiver_expired else ""
    return {
        "strong": headline(ruling, record.audit),
        "text": measured(ruling),
        "fine": f"{how_sure(ruling)}.{expired}",
        "drawing": _drawing(ruling),
        "link": anchors[id(ruling)],
        "evidence": ruling.evidence,
    }


def _drawing(ruling: Ruling) -> dict[str, Any] | None:
    """Return a ruling's positions on the shared limit line, and its values on an axis of its own."""
    if ruling.value is None or ruling.limit is None:
        return None
    line = ruling.limit
    present = [v for v in (ruling.value, ruling.low, ruling.high, ruling.limit) if v is not None]
    ceiling = 1.0 if ruling.unit in ("rate", "ratio", "difference", "probability") and max(present) <= 1 else None
    start, end, _ = scale(min(present), max(present), ceiling=ceiling)
    # A tick gives way to the limit's label.
    far = [at for at in (start, end) if abs(at - line) > (end - start) / 5]
    ticks = [{"at": at, "label": tick_label(at)} for at in far]
    name, shown = ruling_name(ruling), number(ruling.value, ruling.unit)
    bounds = interval(ruling.low, ruling.high, ruling.unit) or "none"
    row = ruling_row(ruling, "")
    return {
        **{key: row[key] for key in ("status", "kind", "at", "low", "high", "limit")},
        "scale": {
            "low": None if ruling.low is None else drawable(ruling.low),
            "point": drawable(ruling.value),
            "high": None if ruling.high is None else drawable(ruling.high),
            "limit": drawable(ruling.limit),
            "limit_label": f"{spoken('limit')} {number(ruling.limit, ruling.unit)}",
            "beyond": "right" if ruling.limit_kind == "max" else "left",
            "axis": {"low": start, "high": end, "ticks": ticks},
        },
        "alt": spoken(
            "{name}: measured {value}, bounds {bounds}, limit {limit}",
            name=name,
            value=shown,
            bounds=bounds,
            limit=row["limit"],
        ),
    }


# ---------------------------------------------------------------------- 3 to 5


def sure(decision: Decision | None, rulings: Sequence[Ruling]) -> dict[str, Any]:
    """Answer the third question: how sure is that?"""
    if decision is None:
        return {
            "text": spoken(
                "Every measure carries its interval, given below. Without a policy nothing was compared with a limit."
            ),
            "open": [],
        }
    stated = sorted(
        {ruling.adjusted_confidence for ruling in rulings if ruling.severity == "block" and ruling.kind == "interval"}
    )
    told = {"chance": percent(decision.false_alarm)}
    text = (
        spoken(
            "A rule fails only where its bound, not its estimate, lies beyond the limit. If every limit were kept, the chance of any blocking fail would be at most {chance}; shared over the rules on estimates, each fail is stated at {sure} confidence or more.",
            **told,
            sure=percent(stated[0]),
        )
        if stated
        else spoken(
            "A rule fails only where its bound, not its estimate, lies beyond the limit. If every limit were kept, the chance of any blocking fail would be at most {chance}.",
            **told,
        )
    )
    rest = {
        "violation": spoken("What stays between the two is inconclusive and does not close the gate."),
        "compliance": spoken("What stays between the two is inconclusive and closes the gate."),
    }
    unsettled = [
        {"strong": spoken("Not settled:"), "text": _unsettled(ruling), "evidence_id": ruling.evidence}
        for ruling in rulings
        if ruling.status == "inconclusive" and ruling.severity == "block"
    ]
    return {"text": f"{text} {rest[decision.prove]}", "open": unsettled}


def _unsettled(ruling: Ruling) -> str:
    text = spoken(
        "{name} is measured at {value}, limit {limit}. {sure}.",
        name=ruling_name(ruling),
        value=number(ruling.value, ruling.unit),
        limit=limit_of(ruling),
        sure=how_sure(ruling),
    )
    return f"{text} {spoken('{rows} would settle it.', rows=_rows_that_settle(ruling))}" if ruling.rows_needed else text


def deciders(decision: Decision | None, rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    """Answer the fourth question: who decided what?"""
    if decision is None:
        return [{"strong": spoken("Nobody:"), "text": spoken("no policy was given."), "status": None}]
    owners = sorted({ruling.owner for ruling in rulings if ruling.owner})
    items: list[dict[str, Any]] = [
        {
            "strong": spoken("Limits:"),
            "text": f"{spoken('policy {name}.', name=decision.policy)} {decision.why}".strip(),
            "status": None,
        },
        {
            "strong": spoken("Rules owned by:"),
            "text": f"{', '.join(owners)}." if owners else spoken("nobody is named."),
            "status": None,
        },
    ]
    for ruling in rulings:
        if ruling.waiver is None:
            continue
        waiver = ruling.waiver
        until = f"{waiver.until.day} {spoken(f'{waiver.until:%B}')} {waiver.until.year}"
        if ruling.waiver_expired:
            text = spoken(
                "waiver approved by {who} expired {until} and no longer counts.", who=waiver.approved_by, until=until
            )
            items.append(
                {
                    "strong": f"{ruling_name(ruling)}:",
                    "text": text,
                    "status": ruling.status,
                    "evidence_id": ruling.evidence,
                }
            )
        else:
            text = spoken(
                "“{reason}”; asked by {asker}, approved by {approver}, until {until}.",
                reason=waiver.reason,
                asker=waiver.requested_by,
                approver=waiver.approved_by,
                until=until,
            )
            items.append(
                {"strong": f"{ruling_name(ruling)}:", "text": text, "status": "waived", "evidence_id": ruling.evidence}
            )
    if decision.baseline:
        items.append({"strong": spoken("Compared with:"), "text": f"{decision.baseline}.", "status": None})
    items += [
        {
            "strong": f"{ruling_name(ruling)}:",
            "text": spoken("adopted with the baseline; {reason}.", reason=ruling.message),
            "evidence_id": ruling.evidence,
            "status": "adopted",
        }
        for ruling in rulings
        if ruling.status == "adopted"
    ]
    items += [
        {"strong": spoken("Waiver ends soon:"), "text": f"{text}.", "status": None}
        for text in decision.expiring_waivers
    ]
    items += [
        {"strong": spoken("Not for this deployment:"), "text": f"{text}.", "status": None}
        for text in decision.not_applied
    ]
    items += [
        {"strong": spoken("Unused waiver:"), "text": f"{text}.", "status": None} for text in decision.unused_waivers
    ]
    return items


def unseen(record: Record, rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    """Answer the fifth question: what was not looked at?"""
    audit = record.audit
    gathered = {
        ON_REQUEST: spoken("Made on request only:"),
        "left out of a public record": spoken("Left out of a public record, since it shows parts of the rows:"),
        "left out: it takes long": spoken("Left out by --fast, since it takes long:"),
        "left out: the budget": spoken("Left out, since the time was used up:"),
    }
    items = [
        {"strong": f"{f.title}:", "text": f"{not_measured(f)}."}
        for f in audit.findings
        if f.status != "measured" and not (f.reason or "").startswith(("the task is ", *gathered))
    ]
    for beginning, said in gathered.items():
        titles = [f.title for f in audit.findings if (f.reason or "").startswith(beginning)]
        items += [{"strong": said, "text": f"{'; '.join(titles)}."}] if titles else []
    items += [
        {"strong": spoken("Not shown:"), "text": f"{text}."} for text in names_of(audit.subject.get("suppressed"))
    ]
    known = {f.id for f in audit.findings if f.status != "measured"}
    items += [
        {"strong": f"{ruling_name(r)}:", "text": f"{r.message}.", "evidence_id": r.evidence}
        for r in rulings
        if r.status in ("insufficient", "missing") and r.evidence not in known
    ]
    items += [
        {
            "strong": f"{ruling_name(r)}:",
            "text": spoken(
                "groups with {share} of the rows are too small and stand outside the gap.", share=percent(r.not_covered)
            ),
            "evidence_id": r.evidence,
        }
        for r in rulings
        if r.not_covered > 0 and r.status not in ("insufficient", "missing")
    ]
    if audit.subject.get("favorable_inferred") and audit.subject.get("favorable") is not None:
        assumed = spoken("assumed to be {value}; nobody named it.", value=repr(audit.subject["favorable"]))
        items.append({"strong": spoken("The favourable outcome:"), "text": assumed})
    skipped = names_of(audit.provenance.get("skipped"))
    items += [{"strong": spoken("Skipped:"), "text": f"{', '.join(skipped)}."}] if skipped else []
    sensitive = names_of(mapping_of(audit.subject.get("roles")).get("sensitive"))
    compared = (
        spoken("only {names} is compared.", names=sensitive[0])
        if len(sensitive) == 1
        else spoken("only {names} are compared.", names=", ".join(sensitive))
        if sensitive
        else spoken("no column was named, so no groups were compared.")
    )
    items += [
        {"strong": spoken("Other groups:"), "text": compared},
        {"strong": spoken("The labels:"), "text": spoken("taken as true.")},
        {"strong": spoken("Retraining:"), "text": spoken("one model, one split; causes were not studied.")},
    ]
    return items


def _rows_that_settle(ruling: Ruling) -> str:
    needed, rows = ruling.rows_needed or 0, ruling.rows or 0
    if rows and needed > MOST * rows:
        return spoken("Only more than {n} times these rows", n=count(MOST))
    return spoken("About {n} test rows", n=number(float(needed)))
