"""The record as the gate report needs it: five answers for the first page, then the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from auditkit.policy import Decision, Ruling
from auditkit.record import Record
from auditkit.rendering.gaps_view import gaps_table
from auditkit.rendering.numbers import NOTHING, count, interval, limit, number, percent
from auditkit.rendering.numbers import axis as scale
from auditkit.rendering.numbers import tick as tick_label
from auditkit.rendering.shared_view import (
    date_text,
    family_section,
    further_blocks,
    group_blocks,
    head,
    mapping_of,
    method_facts,
    names_of,
    not_measured,
    provenance_facts,
    text_of,
)
from auditkit.rendering.wording import ORDER, headline, how, how_sure, measured, ruling_name, tally_of
from auditkit.stats.planning import MOST

NO_POLICY = "Not decided: no policy was judged."
_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MOST_LEADS = 3
_SEVERITIES = (("block", "Blocking rules"), ("warn", "Warning rules"))


def gate_view(record: Record) -> dict[str, Any]:
    """Return everything the gate report says, as text and positions.

    Examples
    --------
    ``gate_view(record)["verdict"]["word"]`` is "Yes", "No" or "Not decided".
    """
    decision = record.decision
    meta = [f"Judged as of {date_text(record)}" if decision else f"Measured {date_text(record)}"]
    meta += [f"Policy {decision.policy}"] if decision else []
    rulings = _ordered(decision.rulings) if decision else []
    anchors = {id(ruling): f"ruling-{place}" for place, ruling in enumerate(rulings, 1)}
    return {
        "head": head(record, "Gate report", "for deployment to production", meta),
        "verdict": _verdict(record, rulings),
        "why": _why(record, rulings, anchors),
        "sure": _sure(decision, rulings),
        "deciders": _deciders(decision, rulings),
        "unseen": _unseen(record, rulings),
        "rulings": _rulings_table(decision, rulings, anchors),
        "settle": _settle(rulings),
        "gaps": gaps_table(record, columns=1),
        "groups": group_blocks(record, columns=1, ruled=True),
        "intersection_gaps": gaps_table(record, columns=2),
        "intersections": group_blocks(record, columns=2, ruled=True),
        "further": further_blocks(record, ruled=True),
        "explanations": family_section(record, "explanations", "Not measured because no explanation auditor ran."),
        "privacy": family_section(record, "privacy", "Not measured because no privacy auditor ran."),
        "energy": family_section(record, "carbon", "Not measured because no energy auditor ran."),
        "data": family_section(record, "data", "Not measured because no data auditor ran."),
        "risks": _risks(record, rulings),
        "sign": _sign(record),
        "method": method_facts(record.audit),
        "provenance": provenance_facts(record),
        "contents": [{"id": key, "title": title} for key, title in _CONTENTS],
    }


_CONTENTS = (
    ("rulings", "Rulings"),
    ("settle", "What would settle it"),
    ("groups", "By group"),
    ("intersections", "Intersections"),
    ("further", "Further comparisons"),
    ("explanations", "What drives the score"),
    ("data", "Data"),
    ("privacy", "Privacy"),
    ("energy", "Energy"),
    ("risks", "Residual risks"),
    ("sign", "Sign-off"),
    ("method", "Method"),
    ("provenance", "Provenance"),
)


def _ordered(rulings: Iterable[Ruling]) -> list[Ruling]:
    return sorted(rulings, key=lambda ruling: (ruling.severity != "block", ORDER.index(ruling.status)))


def _words(amount: int) -> str:
    return _NUMBER_WORDS[amount] if amount < len(_NUMBER_WORDS) else count(amount)


def _are(amount: int) -> str:
    return "is" if amount == 1 else "are"


# ---------------------------------------------------------------------- 1: may it be deployed


def _verdict(record: Record, rulings: Sequence[Ruling]) -> dict[str, Any]:
    decision = record.decision
    if decision is None:
        return {"word": "Not decided", "status": "missing", "lede": NO_POLICY, "tape": []}
    word, status = {
        "pass": ("Yes", "pass"),
        "pass with warnings": ("Yes", "pass"),
        "fail": ("No", "fail"),
        "not decided": ("Not decided", "missing"),
    }[decision.verdict]
    return {"word": word, "status": status, "lede": _lede(decision, rulings), "tape": _tape(rulings)}


def _lede(decision: Decision, rulings: Sequence[Ruling]) -> str:
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    tally = Counter(ruling.status for ruling in block)
    unsettled = sum(ruling.status == "inconclusive" for ruling in rulings)
    if decision.verdict == "not decided":
        return _undecided(decision, rulings)
    first = {"fail": "FAIL", "pass": "PASS", "pass with warnings": "PASS WITH WARNINGS"}[decision.verdict]
    if unsettled:
        first = f"{first}, and {_words(unsettled)} {'rule' if unsettled == 1 else 'rules'} INCONCLUSIVE"
    parts = [_exceeded(tally["fail"], len(block))]
    if tally["inconclusive"]:
        closes = " and closes the gate" if decision.prove == "compliance" else ""
        parts.append(f"{_words(tally['inconclusive'])} cannot be settled with this test set{closes}")
    if tally["waived"]:
        parts.append(f"{_words(tally['waived'])} {_are(tally['waived'])} waived")
    unknown = tally["insufficient"] + tally["missing"]
    if unknown:
        parts.append(f"{_words(unknown)} could not be judged")
    return f"{first}. {'; '.join(parts)}."


def _exceeded(failed: int, total: int) -> str:
    if not total:
        return "No rule of the policy blocks"
    if total == 1:
        return "The one blocking rule is exceeded" if failed else "The one blocking rule is not exceeded"
    return f"{_words(failed).capitalize()} of {_words(total)} blocking rules {_are(failed)} exceeded"


def _undecided(decision: Decision, rulings: Sequence[Ruling]) -> str:
    if decision.problems:
        died = len(decision.problems)
        return f"Not decided: {_words(died)} {'auditor' if died == 1 else 'auditors'} ended without a result."
    unknown = sum(r.severity == "block" and r.status in ("missing", "insufficient") for r in rulings)
    if unknown and any(r.status not in ("missing", "insufficient") for r in rulings):
        return f"Not decided: {_words(unknown)} blocking {'rule' if unknown == 1 else 'rules'} could not be judged."
    return "Not decided: no rule ran."


def _tape(rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    tape = []
    for severity, name in (("block", "blocking"), ("warn", "warning")):
        statuses = [str(ruling.status) for ruling in rulings if ruling.severity == severity]
        if statuses:
            tape.append({"label": f"{count(len(statuses))} {name}", "statuses": statuses, "text": tally_of(statuses)})
    return tape


# ---------------------------------------------------------------------- 2: why


def _why(record: Record, rulings: Sequence[Ruling], anchors: dict[int, str]) -> dict[str, Any]:
    decision = record.decision
    if decision is None:
        return {
            "question": "Why not decided?",
            "findings": [],
            "problems": [],
            "text": "No policy was given. The numbers below were measured, but no limit was set for them.",
        }
    block = [ruling for ruling in rulings if ruling.severity == "block"]
    against = [
        r for r in block if r.status == "fail" or (r.status == "inconclusive" and decision.prove == "compliance")
    ]
    question = {"fail": "Why not?", "not decided": "Why not decided?"}.get(decision.verdict, "Why?")
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
        return f"{_words(against - _MOST_LEADS).capitalize()} more under Rulings."
    if against:
        return ""
    unknown = [r for r in rulings if r.severity == "block" and r.status in ("missing", "insufficient")]
    if unknown:
        return f"Could not be judged: {'; '.join(f'{ruling_name(r)} ({r.message})' for r in unknown[:5])}."
    if not rulings:
        return "The policy has no rule that applied to this audit."
    kept = sum(r.status == "pass" for r in rulings if r.severity == "block")
    warned = [r for r in rulings if r.severity == "warn" and r.status != "pass"]
    text = f"{_words(kept).capitalize()} blocking {'rule keeps its' if kept == 1 else 'rules keep their'} limit at the stated confidence."
    return f"{text} Warning rules that did not pass: {', '.join(ruling_name(r) for r in warned)}." if warned else text


def _lead(ruling: Ruling, record: Record, anchors: dict[int, str]) -> dict[str, Any]:
    expired = " The waiver for this rule expired." if ruling.waiver_expired else ""
    return {
        "strong": headline(ruling, record.audit),
        "text": measured(ruling),
        "fine": f"{how_sure(ruling)}.{expired}",
        "drawing": _drawing(ruling),
        "link": anchors[id(ruling)],
    }


def _drawing(ruling: Ruling) -> dict[str, Any] | None:
    """Return a ruling's positions on the shared limit line, and its values on an axis of its own."""
    if ruling.value is None:
        return None
    present = [v for v in (ruling.value, ruling.low, ruling.high, ruling.limit) if v is not None]
    ceiling = 1.0 if ruling.unit in ("rate", "ratio", "difference", "probability") and max(present) <= 1 else None
    start, end, _ = scale(min(present), max(present), ceiling=ceiling)
    # A tick gives way to the limit's label.
    far = [at for at in (start, end) if abs(at - ruling.limit) > (end - start) / 5]
    ticks = [{"at": at, "label": tick_label(at)} for at in far]
    name, shown = ruling_name(ruling), number(ruling.value, ruling.unit)
    bounds = interval(ruling.low, ruling.high, ruling.unit) or "none"
    row = _row(ruling, "")
    return {
        **{key: row[key] for key in ("status", "kind", "at", "low", "high", "limit")},
        "scale": {
            "low": ruling.low,
            "point": ruling.value,
            "high": ruling.high,
            "limit": ruling.limit,
            "limit_label": f"limit {number(ruling.limit, ruling.unit)}",
            "beyond": "right" if ruling.limit_kind == "max" else "left",
            "axis": {"low": start, "high": end, "ticks": ticks},
        },
        "alt": f"{name}: measured {shown}, bounds {bounds}, limit {row['limit']}",
    }


# ---------------------------------------------------------------------- 3 to 5


def _sure(decision: Decision | None, rulings: Sequence[Ruling]) -> dict[str, Any]:
    if decision is None:
        return {
            "text": "Every measure carries its interval, given below. Without a policy nothing was compared with a limit.",
            "open": [],
        }
    stated = sorted(
        {ruling.adjusted_confidence for ruling in rulings if ruling.severity == "block" and ruling.kind == "interval"}
    )
    text = (
        "A rule fails only where its bound, not its estimate, lies beyond the limit. If every limit were kept, the chance "
        f"of any blocking fail would be at most {percent(decision.false_alarm)}"
    )
    text += (
        f"; shared over the rules on estimates, each fail is stated at {percent(stated[0])} confidence or more."
        if stated
        else "."
    )
    rest = {
        "violation": "What stays between the two is inconclusive and does not close the gate.",
        "compliance": "What stays between the two is inconclusive and closes the gate.",
    }
    unsettled = [
        {"strong": "Not settled:", "text": _unsettled(ruling)}
        for ruling in rulings
        if ruling.status == "inconclusive" and ruling.severity == "block"
    ]
    return {"text": f"{text} {rest[decision.prove]}", "open": unsettled}


def _unsettled(ruling: Ruling) -> str:
    text = f"{ruling_name(ruling)} is measured at {number(ruling.value, ruling.unit)}, limit {limit(ruling.limit, ruling.limit_kind, ruling.unit)}. {how_sure(ruling)}."
    return f"{text} {_rows_that_settle(ruling)} would settle it." if ruling.rows_needed else text


def _deciders(decision: Decision | None, rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    if decision is None:
        return [{"strong": "Nobody:", "text": "no policy was given.", "status": None}]
    owners = sorted({ruling.owner for ruling in rulings if ruling.owner})
    items: list[dict[str, Any]] = [
        {"strong": "Limits:", "text": f"policy {decision.policy}. {decision.why}".strip(), "status": None},
        {
            "strong": "Rules owned by:",
            "text": f"{', '.join(owners)}." if owners else "nobody is named.",
            "status": None,
        },
    ]
    for ruling in rulings:
        if ruling.waiver is None:
            continue
        waiver = ruling.waiver
        until = f"{waiver.until.day} {waiver.until:%B} {waiver.until.year}"
        if ruling.waiver_expired:
            text = f"waiver approved by {waiver.approved_by} expired {until} and no longer counts."
            items.append({"strong": f"{ruling_name(ruling)}:", "text": text, "status": ruling.status})
        else:
            text = (
                f"“{waiver.reason}”; asked by {waiver.requested_by}, approved by {waiver.approved_by}, until {until}."
            )
            items.append({"strong": f"{ruling_name(ruling)}:", "text": text, "status": "waived"})
    items += [{"strong": "Unused waiver:", "text": f"{text}.", "status": None} for text in decision.unused_waivers]
    return items


def _unseen(record: Record, rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    audit = record.audit
    items = [
        {"strong": f"{f.title}:", "text": f"{not_measured(f)}."}
        for f in audit.findings
        if f.status != "measured" and not (f.reason or "").startswith("the task is ")
    ]
    known = {f.id for f in audit.findings if f.status != "measured"}
    items += [
        {"strong": f"{ruling_name(r)}:", "text": f"{r.message}."}
        for r in rulings
        if r.status in ("insufficient", "missing") and r.evidence not in known
    ]
    items += [
        {
            "strong": f"{ruling_name(r)}:",
            "text": f"groups with {percent(r.not_covered)} of the rows are too small and stand outside the gap.",
        }
        for r in rulings
        if r.not_covered > 0 and r.status not in ("insufficient", "missing")
    ]
    if audit.subject.get("favorable_inferred") and audit.subject.get("favorable") is not None:
        assumed = f"assumed to be {audit.subject['favorable']!r}; nobody named it."
        items.append({"strong": "The favourable outcome:", "text": assumed})
    skipped = names_of(audit.provenance.get("skipped"))
    items += [{"strong": "Skipped:", "text": f"{', '.join(skipped)}."}] if skipped else []
    sensitive = names_of(mapping_of(audit.subject.get("roles")).get("sensitive"))
    compared = (
        f"only {', '.join(sensitive)} {_are(len(sensitive))} compared."
        if sensitive
        else "no column was named, so no groups were compared."
    )
    items += [
        {"strong": "Other groups:", "text": compared},
        {"strong": "The labels:", "text": "taken as true."},
        {"strong": "Retraining:", "text": "one model, one split; causes were not studied."},
    ]
    return items


# ---------------------------------------------------------------------- rulings


def _rulings_table(decision: Decision | None, rulings: Sequence[Ruling], anchors: dict[int, str]) -> dict[str, Any]:
    groups = []
    for severity, title in _SEVERITIES:
        rows = [_row(ruling, anchors[id(ruling)]) for ruling in rulings if ruling.severity == severity]
        if rows:
            groups.append({"title": title, "note": _budget(decision, rulings, severity), "rows": rows})
    empty = (
        ""
        if groups
        else ("No policy was judged, so there is no ruling." if decision is None else "The policy ruled on nothing.")
    )
    return {
        "caption": f"All {count(len(rulings))} rulings, blocking rules first",
        "groups": groups,
        "note": "Dot: measured. Line: from one judged bound to the other. Thick line: a range from lowest to highest estimate. Square: an exact count. Arrow: the line runs on.",
        "empty": empty,
    }


def _budget(decision: Decision | None, rulings: Sequence[Ruling], severity: str) -> str:
    if severity == "warn":
        return "they never close the gate"
    if decision is None:
        return ""
    estimates = len({r.rule for r in rulings if r.severity == "block" and r.kind == "interval"})
    shared = f"error budget {percent(decision.false_alarm)}"
    return f"{shared} shared equally over the {_words(estimates)} rules on estimates" if estimates > 1 else shared


def _row(ruling: Ruling, anchor: str) -> dict[str, Any]:
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
        "limit": limit(ruling.limit, ruling.limit_kind, ruling.unit),
        "at": _clip(at),
        "low": _clip(lowest),
        "high": _clip(highest),
        "runs_on": highest is not None and highest > _RIGHT,
        "kind": kind,
        "sure": how_sure(ruling),
        "evidence_id": ruling.evidence,
    }


def _valued(ruling: Ruling) -> str:
    return number(ruling.value, ruling.unit) if ruling.value is not None else NOTHING


def _waiver_note(ruling: Ruling) -> str:
    if ruling.waiver is None:
        return ""
    day = f"{ruling.waiver.until.day} {ruling.waiver.until:%b} {ruling.waiver.until.year}"
    return f"waiver expired {day}" if ruling.waiver_expired else f"waived until {day}"


_LEFT, _RIGHT = -1.0, 3.0


def _position(value: float | None, ruling: Ruling) -> float | None:
    """Return the distance from the limit as a share of the limit; right of 0 is beyond it."""
    if value is None:
        return None
    distance = (value - ruling.limit) / (abs(ruling.limit) or 1.0)
    return distance if ruling.limit_kind == "max" else -distance


def _clip(place: float | None) -> float | None:
    return None if place is None else min(_RIGHT, max(_LEFT, place))


# ---------------------------------------------------------------------- what would settle it, risks, sign-off


def _settle(rulings: Sequence[Ruling]) -> dict[str, Any]:
    unsettled = [ruling for ruling in rulings if ruling.status == "inconclusive"]
    rows = [
        [
            ruling_name(ruling),
            limit(ruling.limit, ruling.limit_kind, ruling.unit),
            *_needed(ruling),
        ]
        for ruling in unsettled
        if ruling.rows_needed
    ]
    rest = [ruling_name(ruling) for ruling in unsettled if not ruling.rows_needed]
    note = f"No number of rows is known for: {', '.join(rest)}." if rest else ""
    empty = "" if unsettled else "No rule is inconclusive, so nothing waits for more rows."
    columns = [
        {"title": title, "align": align}
        for title, align in (
            ("Rule", "left"),
            ("Limit", "right"),
            ("Rows needed", "right"),
            ("Rows now", "right"),
            ("Times this set", "right"),
        )
    ]
    return {"columns": columns, "rows": rows, "note": note, "empty": empty}


def _rows_that_settle(ruling: Ruling) -> str:
    needed, rows = ruling.rows_needed or 0, ruling.rows or 0
    if rows and needed > MOST * rows:
        return f"Only more than {count(MOST)} times these rows"
    return f"About {number(float(needed))} test rows"


def _needed(ruling: Ruling) -> list[str]:
    needed, rows = ruling.rows_needed or 0, ruling.rows or 0
    if not rows:
        return [number(float(needed)), NOTHING, NOTHING]
    if needed > MOST * rows:
        return [f"more than {count(MOST)} × these", count(rows), f"> {count(MOST)}"]
    return [number(float(needed)), count(rows), number(needed / rows)]


def _risks(record: Record, rulings: Sequence[Ruling]) -> dict[str, Any]:
    items: list[dict[str, Any]] = [
        {"strong": f"{ruling_name(r)}:", "text": f"{how_sure(r)}.", "status": r.status}
        for r in rulings
        if r.status != "pass"
    ]
    stated = text_of(mapping_of(record.audit.subject.get("card")).get("limitations"))
    items += [{"strong": "Stated by the owner:", "text": stated, "status": None}] if stated else []
    caveats = [
        {"strong": f"{f.title} misleads when:", "text": f.caveat, "status": None}
        for f in record.audit.findings
        if f.caveat and f.status == "measured"
    ]
    return {
        "items": items,
        "caveats": caveats,
        "empty": "" if items else "No ruling other than pass, and no limitation was stated by the owner.",
    }


def _sign(record: Record) -> dict[str, Any]:
    return {
        "status": "missing",
        "title": "Not signed",
        "text": f"A signature covers evidence {record.evidence_digest[:8] or 'none'} and no other.",
        "rows": ["Owner of the model", "Risk owner", "Independent reviewer"],
        "headers": ["Role", "Name", "Conditions", "Signature", "Date"],
    }
