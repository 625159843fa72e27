"""One look per kind of evidence: is it there, and what is there, or why not?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditkit.auditing import Audit
from auditkit.coverage.facts import FACTS, PLACES, View
from auditkit.coverage.packs import Want
from auditkit.finding import Finding
from auditkit.questions.asking import Question, answered, board_questions, file_questions

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


def look(want: Want, view: View) -> Found:
    """Return what is found for a want."""
    found, text, place = _LOOKS[want.kind](want.name, view)
    return Found(text, found, want.kind in _PEOPLE, place)


_Look = tuple[bool, str, str]


def _finding(name: str, view: View) -> _Look:
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


def _ruled(pattern: str, view: View) -> str:
    """Return the tally of rulings that speak of measures, so that evidence against the model is never shown without it."""
    rulings = view.decision.rulings if view.decision else ()
    tally = Counter(one.status for one in rulings if fnmatchcase(one.measure, pattern))
    return f" ({', '.join(f'{number} {status}' for status, number in sorted(tally.items()))})" if tally else ""


def _measure(name: str, view: View) -> _Look:
    identifier, _, short = name.rpartition(".")
    chosen = [one for one in view.audit.findings if one.id == identifier]
    there = [one for one in chosen for measure in one.measures if measure.name == short and measure.value is not None]
    said = short.replace("_", " ")
    if there:
        return True, f"{there[0].title}: {said}{_ruled(name, view)}", identifier
    if chosen and chosen[0].status == "measured":
        return False, f"{chosen[0].title}: no {said} could be formed", identifier
    return False, _why_not(identifier, chosen), identifier


def _judged(pattern: str, view: View) -> _Look:
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


def _record(name: str, view: View) -> _Look:
    present, absent = FACTS[name](view)
    return (not absent), absent or present, PLACES.get(name, "provenance")


def _training(_: str, view: View) -> _Look:
    return _finding("carbon.training", view)


def _option(name: str, view: View) -> _Look:
    identifier, _, option = name.rpartition(".")
    given = next((one.options.get(option) for one in view.audit.findings if one.id == identifier), None)
    said = option.replace("_", " ")
    if given in (None, "", [], {}):
        return False, f"Not stated: {said}; state it as an option of {identifier}", identifier
    return True, f"Stated: {said}", identifier


def _card(name: str, view: View) -> _Look:
    return _said("card", name, name.replace("_", " "), view)


def _datasheet(name: str, view: View) -> _Look:
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


def _said(part: str, key: str, label: str, view: View) -> _Look:
    texts = view.audit.subject.get(part)
    there = isinstance(texts, Mapping) and bool(str(texts.get(key) or "").strip())
    return there, label, part


def _questionnaire(name: str, view: View) -> _Look:
    return _answer("questionnaire", board_questions().get(name), name, view)


def _technical_file(name: str, view: View) -> _Look:
    return _answer("technical_file", file_questions().get(name), name, view)


def _answer(part: str, question: Question | None, key: str, view: View) -> _Look:
    # A record of another version may ask what this one no longer does.
    asked = question or Question(key, "", key.replace("_", " "))
    return bool(answered(asked, part, view.audit.subject).text), asked.label, part


def _signature(who: str, _: View) -> _Look:
    return False, f"Signature of {who}: comes after this page, with auditkit sign", "sign"


def _person(what: str, _: View) -> _Look:
    return False, f"{what[:1].upper()}{what[1:]}", ""


_LOOKS: dict[str, Callable[[str, View], _Look]] = {
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
