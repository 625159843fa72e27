"""The specific reasons of adverse decisions: what lowered a person's score most, against stated reference rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.table import scalar
from auditkit.errors import ConfigurationError, NotApplicable, did_you_mean
from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import BUDGET
from auditkit.explainers.local import Explanation, explain
from auditkit.explainers.protected import protected_warning, sounds_protected
from auditkit.explainers.reason_reference import (
    Kind,
    Reference,
    decisions_of,
    reference_of,
    require_reasons,
    score_of_favourable,
    towards_favourable,
)
from auditkit.explainers.reason_texts import Compared, Texts, reason_text
from auditkit.finding import Scalar
from auditkit.subject import Subject

MOST, FLOOR = 4, 0.05


@dataclass(frozen=True, slots=True)
class Reason:
    """One factor that lowered a person's score.

    Attributes
    ----------
    column : str
    share : float
        φ towards the favourable outcome, below 0, in the units of the score.
    half_width : float or None
        Of its 95 % interval where it is sampled; None where it is exact.
    sensitive : bool
        Whether the column is a sensitive one, or is named like one; `text` then begins with a warning.
    text : str
    """

    column: str
    share: float
    half_width: float | None
    sensitive: bool
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """One row with its decision and, if that is adverse, its reasons.

    ``base + Σ share of reasons + not_listed + residual = score``.

    Attributes
    ----------
    row : scalar
    decision : scalar
    adverse : bool
    score, base : float
        Of the favourable outcome, in the units of the explanation.
    reasons : tuple of Reason
        At most 4, the one that lowered the score most first.
    not_listed : float
        Σ φ of all other columns, those that raised the score included.
    listed : float or None
        What the reasons listed are of all that lowered the score; None where nothing did.
    residual : float
    warning : str
    """

    row: Scalar
    decision: Scalar
    adverse: bool
    score: float
    base: float
    reasons: tuple[Reason, ...]
    not_listed: float
    listed: float | None
    residual: float
    warning: str


@dataclass(frozen=True, slots=True, eq=False)
class ReasonCodes:
    """Reasons of several persons, with the reference and the explanation they rest on.

    Attributes
    ----------
    persons : tuple of Person
    reference : Reference
    explanation : Explanation
    unexplained : int
        Rows that were asked for and are not among the persons: the budget did not suffice.
    """

    persons: tuple[Person, ...]
    reference: Reference
    explanation: Explanation
    unexplained: int

    def __repr__(self) -> str:
        adverse = sum(person.adverse for person in self.persons)
        with_reasons = sum(bool(person.reasons) for person in self.persons)
        return f"ReasonCodes({len(self.persons):,} rows, {adverse:,} adverse, {with_reasons:,} with reasons; {self.reference.name})"


def reason_codes(
    subject: Subject,
    rows: Any,
    *,
    reference: Reference | Kind | None = None,
    texts: Mapping[str, Texts] | None = None,
    floor: float = FLOOR,
    budget: int = BUDGET,
) -> ReasonCodes:
    """Return the specific reasons of adverse decisions among some rows.

    A column is a reason if its φ against the reference lowered this person's score, by at least `floor` of all that lowered it,
    and, where φ is sampled, by more than its 95 % half-width. The largest come first, ties by name; at most 4. A
    column that the model does not read has φ = 0 and is never one. A sensitive column is not left out, as the rule forbids
    to leave out a principal factor; its text and the person's warning say that it must not have been one.

    Parameters
    ----------
    subject : Subject
    rows : frame, int or sequence of int
        As `explain` takes them.
    reference : {'near-threshold', 'all'} or Reference, optional
    texts : mapping of column to statement, optional
        A text, or a mapping with the keys ``below``, ``above`` and ``missing``; see `reason_text`.
    floor : float
        Of all that lowered the score.
    budget : int
        Rows that a model is asked for at most, where it can only be asked.

    Raises
    ------
    NotApplicable
        As `require_reasons`, or if the model can only be explained without reference rows.
    ConfigurationError
        If `texts` names a column that the model does not read.
    DataError, InsufficientData
        As `explain`.

    Notes
    -----
    12 CFR 1002.9(b)(2) asks for the specific principal reasons. Its Official Interpretation calls more than four unlikely to be
    helpful (comment 9(b)(2)-1), wants the factors really scored and none of the principal ones left out (-4), and
    describes two ways to find them: the factors furthest below the average of applicants at or slightly above the passing
    score, or of all applicants (-5). Shapley values against these rows carry that over to models that are not
    sums of points. This is a computation, no legal advice.
    """
    require_reasons(subject)
    for name in texts or {}:
        if name not in subject.features:
            raise ConfigurationError(
                f"texts name {name!r}, which the model does not read.{did_you_mean(name, subject.features)}"
            )
    compared_with = reference if isinstance(reference, Reference) else reference_of(subject, reference)
    found = explain(subject, rows, reference=compared_with.frame, named=compared_with.name, budget=budget)
    if not found.uses_reference:
        raise NotApplicable(
            f"{found.certificate.method} compares with no reference rows, so no reason can be stated against any"
        )
    decisions, warnings = _decisions(subject, found)
    compared = [Compared.of(compared_with.frame[name], compared_with.name) for name in found.features]
    persons = tuple(
        _person(subject, found, place, decisions[place], warnings[place], compared, texts or {}, floor)
        for place in range(len(found.rows))
    )
    asked = len(rows) if hasattr(rows, "__len__") else 1
    return ReasonCodes(persons, compared_with, found, asked - len(persons))


def _decisions(subject: Subject, found: Explanation) -> tuple[list[Scalar], list[str]]:
    """Return recorded decisions where there are any, else the model's, and where the two are not the same."""
    own = [scalar(decision) for decision in subject.predict(found.given)]
    made = decisions_of(subject, found.given)
    said = "the recorded decision {!r} is not the model's ({!r}), whose factors are then not its reasons"
    return made, ["" if one == two else said.format(one, two) for one, two in zip(made, own, strict=True)]


def _person(
    subject: Subject,
    found: Explanation,
    place: int,
    decision: Scalar,
    warning: str,
    compared: Sequence[Compared],
    texts: Mapping[str, Texts],
    floor: float,
) -> Person:
    sign = towards_favourable(subject)
    shares = sign * found.shares[place]
    half = None if found.half_width is None else found.half_width[place]
    adverse = decision != subject.favorable
    picked = principal(shares, half, found.features, floor) if adverse and not warning else []
    reasons = []
    for at in picked:
        name = found.features[at]
        text = reason_text(name, found.value(place, at), compared[at], texts.get(name))
        flagged = name in subject.roles.sensitive or sounds_protected(name)
        said = f"WARNING, sensitive: {text}" if flagged else text
        reasons.append(Reason(name, float(shares[at]), None if half is None else float(half[at]), flagged, said))
    rest = np.delete(shares, picked)
    lowered = -math.fsum(shares[shares < 0].tolist())
    listed = -math.fsum(reason.share for reason in reasons) / lowered if lowered > 0 else None
    return Person(
        found.rows[place],
        decision,
        bool(adverse),
        score_of_favourable(subject, found.units, float(found.output[place])),
        score_of_favourable(subject, found.units, float(found.base[place])),
        tuple(reasons),
        math.fsum(rest.tolist()),
        listed,
        sign * float(found.residual[place]),
        "; ".join(
            part
            for part in (warning, protected_warning(reason.column for reason in reasons if reason.sensitive))
            if part
        ),
    )


def principal(
    shares: Floats, half_width: Floats | None, names: Sequence[str], floor: float = FLOOR, most: int = MOST
) -> list[int]:
    """Return which shares are reasons, the largest first: below 0 by noise and floor, at most `most`, ties by name.

    Parameters
    ----------
    shares : array, shape (columns,)
        Towards the favourable outcome.
    half_width : array, shape (columns,), or None
    names : sequence of str
    floor : float
        Of all that lowered the score.
    most : int

    Examples
    --------
    >>> principal(np.array([-3.0, 1.0, -0.1, -3.0, 0.0]), None, list("dcbaz"))
    [3, 0]
    """
    lowered = -math.fsum(shares[shares < 0].tolist())
    if lowered <= 1e-9 * max(1.0, float(np.abs(shares).max(initial=0.0))):
        return []
    least = floor * lowered
    noise = np.zeros(len(shares)) if half_width is None else half_width
    able = [at for at in range(len(shares)) if shares[at] < 0 and -shares[at] >= least and -shares[at] > noise[at]]
    return sorted(able, key=lambda at: (round(float(shares[at]) / lowered, 9), names[at]))[:most]
