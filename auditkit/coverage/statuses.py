"""From a pack and an audit to one status per item, by the item's rule; nothing is ever silently blank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

from auditkit.auditing import Audit
from auditkit.coverage.packs import Item, Pack, Want
from auditkit.finding import Finding
from auditkit.policy import Decision
from auditkit.questions.asking import Question, answered, board_questions, file_questions

Status = Literal["met", "partly", "not", "human input", "not applicable"]
STATUSES: tuple[Status, ...] = ("met", "partly", "not", "human input", "not applicable")
_PEOPLE = frozenset({"card", "datasheet", "questionnaire", "technical_file", "option", "signature", "person"})


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one want.

    Attributes
    ----------
    text : str
        What is there, or what is missing and why; of a text that people write its name alone.
    present : bool
    human : bool
        Whether only a person can give it.
    place : str
        Where the evidence stands: a finding's id, or the kind of the want.
    """

    text: str
    present: bool
    human: bool
    place: str


@dataclass(frozen=True, slots=True)
class Covered:
    """One item with its status and what that rests on; `reason` says why it is no more than it is."""

    item: Item
    status: Status
    found: tuple[Found, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A pack held against an audit.

    Attributes
    ----------
    day : date or None
        The audit's day, at which the pack's age is counted.
    """

    pack: Pack
    items: tuple[Covered, ...]
    day: date | None

    @property
    def counts(self) -> dict[Status, int]:
        """How many items have each status."""
        tally = Counter(one.status for one in self.items)
        return {status: tally[status] for status in STATUSES}

    @property
    def stale(self) -> bool:
        """Whether the pack was more than 180 days old when the audit was judged."""
        return self.day is not None and self.pack.stale(self.day)


def cover(pack: Pack, audit: Audit, decision: Decision | None, *, compared: bool = False) -> Coverage:
    """Hold a pack against an audit.

    Parameters
    ----------
    pack : Pack
    audit : Audit
    decision : Decision, optional
    compared : bool
        Whether the record holds a comparison with an earlier audit.

    Notes
    -----
    *Met* says that the evidence which an item asks for is there, not what it shows: a gap that was measured and exceeds its limit
    is evidence too. With the rule ``all`` an item is met when everything is there, *partly* when something is; ``any`` asks
    for one. What is missing is *human input* where only people can give it, else *not*.
    """
    view = _View(audit, decision, compared)
    return Coverage(pack, tuple(_covered(item, view) for item in pack.items), day_of(audit, decision))


def day_of(audit: Audit, decision: Decision | None) -> date | None:
    """Return the day of the judgement, or of the run; None if the record has none."""
    if decision is not None:
        return decision.as_of
    try:
        return date.fromisoformat(str(audit.run.get("started"))[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _View:
    audit: Audit
    decision: Decision | None
    compared: bool


def _covered(item: Item, view: _View) -> Covered:
    if not _applies(item, view.audit):
        return Covered(item, "not applicable", (), item.otherwise)
    found = tuple(_look(want, view) for want in item.wants)
    status = _status(item, found)
    if status == "met" and item.at_most:
        return Covered(item, "partly", found, item.because)
    return Covered(item, status, found)


def _status(item: Item, found: tuple[Found, ...]) -> Status:
    present = sum(one.present for one in found)
    if present == len(found) or (present and item.rule == "any"):
        return "met"
    if present:
        return "partly"
    return "human input" if all(one.human for one in found) else "not"


def _applies(item: Item, audit: Audit) -> bool:
    roles = audit.subject.get("roles")
    named: Mapping[str, Any] = roles if isinstance(roles, Mapping) else {}
    facts: dict[str, Any] = {
        "model": audit.subject.get("model") is not None,
        "label": bool(named.get("label")),
        "score": bool(named.get("score")) or _measured(audit, "performance.calibration"),
        "sensitive": bool(named.get("sensitive")),
    }
    for key, wanted in item.only_if.items():
        if key == "task" and audit.subject.get("task") not in wanted:
            return False
        if key != "task" and facts[key] != wanted:
            return False
    return True


def _measured(audit: Audit, identifier: str) -> bool:
    return any(one.id == identifier and one.status == "measured" for one in audit.findings)


# ------------------------------------------------------------------------------------------------ one look per kind


def _look(want: Want, view: _View) -> Found:
    found, text, place = _LOOKS[want.kind](want.name, view)
    return Found(text, found, want.kind in _PEOPLE, place)


_Look = tuple[bool, str, str]


def _finding(name: str, view: _View) -> _Look:
    chosen = [one for one in view.audit.findings if fnmatchcase(one.id, name)]
    there = [one for one in chosen if one.status == "measured"]
    if "*" in name:
        family = name.split(".", maxsplit=1)[0]
        if not chosen:
            return False, f"{family.capitalize()}: no auditor of it ran", family
        return bool(there), f"{family.capitalize()}: {len(there)} of {len(chosen)} measured{_ruled(name, view)}", family
    if there:
        return True, f"{there[0].title}{_ruled(f'{name}.*', view)}", name
    return False, _why_not(name, chosen), name


def _why_not(name: str, chosen: list[Finding]) -> str:
    if not chosen:
        return f"{name}: this auditor did not run"
    return f"{chosen[0].title}: not measured because {chosen[0].reason or chosen[0].status}"


def _ruled(pattern: str, view: _View) -> str:
    """Return the tally of rulings that speak of measures, so that evidence against the model is never shown without it."""
    rulings = view.decision.rulings if view.decision else ()
    tally = Counter(one.status for one in rulings if fnmatchcase(one.measure, pattern))
    return f" ({', '.join(f'{number} {status}' for status, number in sorted(tally.items()))})" if tally else ""


def _measure(name: str, view: _View) -> _Look:
    identifier, _, short = name.rpartition(".")
    chosen = [one for one in view.audit.findings if one.id == identifier]
    there = [one for one in chosen for measure in one.measures if measure.name == short and measure.value is not None]
    said = short.replace("_", " ")
    if there:
        return True, f"{there[0].title}: {said}{_ruled(name, view)}", identifier
    if chosen and chosen[0].status == "measured":
        return False, f"{chosen[0].title}: no {said} could be formed", identifier
    return False, _why_not(identifier, chosen), identifier


def _judged(pattern: str, view: _View) -> _Look:
    if view.decision is None:
        return False, "No policy was judged", "rulings"
    rulings = [one for one in view.decision.rulings if fnmatchcase(one.measure, pattern)]
    about = "" if pattern == "*" else f" on {pattern.split('.', maxsplit=1)[0]}"
    if not rulings:
        return False, f"No rule{about} in the policy", "rulings"
    settled = [one for one in rulings if one.status not in ("missing", "insufficient")]
    if not settled:
        return False, f"Rules{about}: none could be judged", "rulings"
    return True, f"{len(settled)} of {len(rulings)} rulings{about} made{_ruled(pattern, view)}", "rulings"


def _record(name: str, view: _View) -> _Look:
    present, absent = _FACTS[name](view)
    return (not absent), absent or present, _PLACES.get(name, "provenance")


def _training(_: str, view: _View) -> _Look:
    return _finding("carbon.training", view)


def _option(name: str, view: _View) -> _Look:
    identifier, _, option = name.rpartition(".")
    given = next((one.options.get(option) for one in view.audit.findings if one.id == identifier), None)
    said = option.replace("_", " ")
    if given in (None, "", [], {}):
        return False, f"Not stated: {said}; state it as an option of {identifier}", identifier
    return True, f"Stated: {said}", identifier


def _card(name: str, view: _View) -> _Look:
    return _said("card", name, name.replace("_", " "), view)


def _datasheet(name: str, view: _View) -> _Look:
    there = (name, "answered") in _datasheet_answers(view.audit)
    said = name.replace("_", " ")
    return there, said, "datasheet"


def _datasheet_answers(audit: Audit) -> set[tuple[object, object]]:
    """Return pairs of key and status of the datasheet's questions."""
    asked = [item for one in audit.findings for item in one.evidence if item.id == "data.datasheet.questions"]
    pairs: set[tuple[object, object]] = set()
    for item in asked:
        names = [column.name for column in item.columns]
        key, status = names.index("key in audit.yaml"), names.index("status")
        pairs |= {(row[key], row[status]) for row in item.rows}
    return pairs


def _said(part: str, key: str, label: str, view: _View) -> _Look:
    texts = view.audit.subject.get(part)
    there = isinstance(texts, Mapping) and bool(str(texts.get(key) or "").strip())
    return there, label, part


def _questionnaire(name: str, view: _View) -> _Look:
    return _answer("questionnaire", board_questions().get(name), name, view)


def _technical_file(name: str, view: _View) -> _Look:
    return _answer("technical_file", file_questions().get(name), name, view)


def _answer(part: str, question: Question | None, key: str, view: _View) -> _Look:
    # A record of another version may ask what this one no longer does.
    asked = question or Question(key, "", key.replace("_", " "))
    return bool(answered(asked, part, view.audit.subject).text), asked.label, part


def _signature(who: str, _: _View) -> _Look:
    return False, f"Signature of {who}: comes after this page, with auditkit sign", "sign"


def _person(what: str, _: _View) -> _Look:
    return False, f"{what[:1].upper()}{what[1:]}", ""


_LOOKS: dict[str, Callable[[str, _View], _Look]] = {
    "finding": _finding,
    "measure": _measure,
    "judged": _judged,
    "record": _record,
    "training": _training,
    "option": _option,
    "card": _card,
    "datasheet": _datasheet,
    "questionnaire": _questionnaire,
    "technical_file": _technical_file,
    "signature": _signature,
    "person": _person,
}


# ------------------------------------------------------------- what the record itself holds: what is there, what is not


def _baseline(view: _View) -> tuple[str, str]:
    return "Change since an earlier audit", "" if view.compared else "No earlier audit was given (--baseline)"


def _data(view: _View) -> tuple[str, str]:
    tables = view.audit.provenance.get("data")
    there = isinstance(tables, Mapping) and tables
    return "Digests of the data", "" if there else "No digest of the data"


def _dated(view: _View) -> tuple[str, str]:
    day = day_of(view.audit, view.decision)
    return f"Dated {day.isoformat() if day else ''}", "" if day else "The record has no date"


def _deployment(view: _View) -> tuple[str, str]:
    given = view.audit.subject.get("deployment")
    return "Environment and risk class", "" if given else "deployment: is not stated in audit.yaml"


def _intervals(view: _View) -> tuple[str, str]:
    number = sum(1 for _ in _with_interval(view.audit))
    return f"{number:,} measures with an interval", "" if number else "No measure has an interval"


def _with_interval(audit: Audit) -> Iterator[object]:
    for finding in audit.findings:
        yield from (one for one in finding.measures if one.interval is not None and one.interval.kind == "interval")


def _model(view: _View) -> tuple[str, str]:
    there = view.audit.subject.get("model")
    return "Model, its kind and digest", "" if there else "Only predictions were given, no model"


def _policy(view: _View) -> tuple[str, str]:
    if view.decision is None:
        return "", "No policy was judged"
    return f"Policy {view.decision.policy}, by its digest", ""


def _rulings(view: _View) -> tuple[str, str]:
    if view.decision is None or not view.decision.rulings:
        return "", "No ruling was made"
    waived = sum(one.waiver is not None for one in view.decision.rulings)
    return f"{len(view.decision.rulings)} rulings, {waived} with a waiver", ""


def _seed(view: _View) -> tuple[str, str]:
    return "Seed of all randomness", "" if view.audit.provenance.get("seed") is not None else "No seed is recorded"


def _software(view: _View) -> tuple[str, str]:
    return "Versions of the software", "" if view.audit.provenance.get("packages") else "No versions are recorded"


def _unmeasured(view: _View) -> tuple[str, str]:
    if not view.audit.findings:
        return "", "No auditor ran"
    number = sum(one.status != "measured" for one in view.audit.findings)
    return f"List of {number} findings that were not measured, with reasons", ""


def _verdict(view: _View) -> tuple[str, str]:
    if view.decision is None:
        return "", "No policy was judged"
    if view.decision.verdict == "not decided":
        return "", "The gate did not decide"
    return f"Gate: {view.decision.verdict}", ""


_FACTS: dict[str, Callable[[_View], tuple[str, str]]] = {
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
_PLACES = {
    "baseline": "changes",
    "policy": "rulings",
    "rulings": "rulings",
    "verdict": "decision",
    "unmeasured": "unseen",
    "intervals": "groups",
}
