"""Whom to explain, and what a terminal says of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from auditkit.explainers.explained import BUDGET
from auditkit.explainers.local import explain
from auditkit.explainers.reason_codes import FLOOR, Person, ReasonCodes, reason_codes
from auditkit.explainers.reason_reference import Kind, decisions_of, favourable, require_reasons
from auditkit.explainers.reason_texts import read_texts
from auditkit.explainers.wording import shown
from auditkit.subject import Subject

LIMIT = 1000
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Explained:
    """What was found of some persons.

    Attributes
    ----------
    codes : ReasonCodes or None
        None for a regression, or where nobody is meant.
    text : str
    notes : tuple of str
        Who was left out, and what must not go unread.
    """

    codes: ReasonCodes | None
    text: str
    notes: tuple[str, ...] = ()


def explain_persons(
    subject: Subject,
    whom: list[int] | Literal["adverse", "all"],
    *,
    limit: int = LIMIT,
    reference: Kind | None = None,
    texts: Path | None = None,
    budget: int = BUDGET,
    csv: bool = False,
) -> Explained:
    """Explain rows of the test table; of one row its whole explanation, of several the reasons alone.

    Parameters
    ----------
    subject : Subject
    whom : list of int, 'adverse' or 'all'
    limit : int
        The most rows where they are not named one by one.
    reference : {'near-threshold', 'all'}, optional
    texts : Path, optional
        See `read_texts`.
    budget : int
    csv : bool
        Whether reasons are to be written to a file, which a regression has none of.

    Raises
    ------
    NotApplicable, InsufficientData, DataError, ConfigurationError
        As `reason_codes`.
    """
    given = read_texts(texts, subject.features) if texts is not None else None
    if subject.task != "regression" or whom == "adverse" or csv or reference or texts:
        require_reasons(subject)
    places, total = (whom, len(whom)) if isinstance(whom, list) else _found(subject, whom, limit)
    if not places:
        return Explained(None, f"no decision is adverse: all are {subject.favorable!r}; nothing to explain")
    notes = [f"the first {len(places):,} of {total:,} rows; raise --limit for more"] if len(places) < total else []
    if subject.task == "regression":
        explanation = explain(subject, places, budget=budget)
        return Explained(None, "\n\n".join(explanation.text(row) for row in explanation.rows[:_SHOWN]), tuple(notes))
    codes = reason_codes(subject, places, reference=reference, texts=given, budget=budget)
    return Explained(codes, _text(codes), (*notes, *_notes(codes)))


def person_text(codes: ReasonCodes, person: Person) -> str:
    """Return a person's reasons as lines for a terminal."""
    units = codes.explanation.units
    head = f"row {person.row}: decision {shown(person.decision)}"
    if not person.adverse:
        return f"{head}, which is favourable; there are no reasons to give"
    lines = [f"  {at}. {reason.text} ({reason.share:+.3g} {units})" for at, reason in enumerate(person.reasons, 1)]
    if person.listed is not None and lines:
        lines.append(f"  these are {person.listed:.0%} of all that lowered the score")
    if not lines and not person.warning:
        lines = [
            f"  no single column lowered the score by {FLOOR:.0%} of all that did and more than noise, against {codes.reference.name}"
        ]
    warned = [f"  WARNING: {person.warning}"] if person.warning else []
    return "\n".join([f"{head}, adverse", *lines, *warned])


def _found(subject: Subject, whom: Literal["adverse", "all"], limit: int) -> tuple[list[int], int]:
    table = subject.table()
    if whom == "all":
        return list(range(min(limit, table.rows))), table.rows
    column = subject.roles.prediction
    frame = table.frame(columns=list(dict.fromkeys([*subject.features, *([column] if column else [])])))
    adverse = np.flatnonzero(~favourable(subject, decisions_of(subject, frame)))
    return adverse[:limit].tolist(), len(adverse)


def _text(codes: ReasonCodes) -> str:
    reference = f"Compared with {len(codes.reference):,} {codes.reference.name}: {codes.reference.note}."
    one = [codes.explanation.text(codes.persons[0].row)] if len(codes.persons) == 1 else []
    persons = [person_text(codes, person) for person in codes.persons[:_SHOWN]]
    more = [f"and {len(codes.persons) - _SHOWN:,} more: write them with --out"] if len(codes.persons) > _SHOWN else []
    return "\n\n".join([*one, *persons, *more, reference])


def _notes(codes: ReasonCodes) -> list[str]:
    flagged = sum(any(reason.sensitive for reason in person.reasons) for person in codes.persons)
    without = sum(person.adverse and not person.reasons for person in codes.persons)
    differing = sum(person.adverse and not person.reasons and bool(person.warning) for person in codes.persons)
    said = (
        (codes.unexplained, "{} could not be explained within --budget"),
        (flagged, "{} with a sensitive column among the reasons: no notice may rest on it; read the warning"),
        (
            without,
            f"{{}} with an adverse decision and no reason, {differing:,} of them because the model decided otherwise",
        ),
    )
    return [text.format(f"{count:,} row{'s' * (count != 1)}") for count, text in said if count]
