"""A decision as workflow commands, which GitHub shows as annotations at the rules of the policy."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.exports.gate_lines import DIED, Line, Sources, deaths, decided, lines, notices, summary
from auditkit.exports.plain_text import visible
from auditkit.policy import Place
from auditkit.record import Record

MOST = 10  # annotations of one kind that GitHub keeps of a step; it drops the others without a word
_KINDS = {"error": "error", "warning": "warning", "note": "notice"}


def github(record: Record, sources: Sources) -> bytes:
    """Return workflow commands, errors first; where GitHub would drop some, the last of a kind says how many more there are."""
    decision = decided(record)
    found = lines(decision, sources)
    errors = [_of_line(line) for line in found if line.level == "error"]
    errors += [
        _command("error", Place(sources.audit, 1, 1), f"{DIED} {death.auditor} died", death.reason)
        for death in deaths(decision)
    ]
    warnings = [_of_line(line) for line in found if line.level == "warning"]
    warnings += [
        _command("warning", notice.place, "auditkit: waivers", notice.text) for notice in notices(decision, sources)
    ]
    verdict = f"::notice title=auditkit::{_data(summary(decision))}"
    told = [verdict, *(_of_line(line) for line in found if line.level == "note")]
    kept = [*_kept(errors, "error"), *_kept(warnings, "warning"), *_kept(told, "notice")]
    return ("\n".join(kept) + "\n").encode("utf-8", "replace")


def _kept(commands: Sequence[str], kind: str) -> list[str]:
    if len(commands) <= MOST:
        return list(commands)
    more = len(commands) - MOST + 1
    text = f"{more} more of this kind; the step's summary and the gate report have them all"
    return [*commands[: MOST - 1], f"::{kind} title=auditkit::{text}"]


def _of_line(line: Line) -> str:
    return _command(_KINDS[line.level], line.place, f"{line.code} {line.name}", line.text)


def _command(kind: str, place: Place, title: str, text: str) -> str:
    where = f"file={_property(place.file)},line={place.line},col={place.column}"
    return f"::{kind} {where},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
