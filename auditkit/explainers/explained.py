"""Rows of a subject with what each column adds to the model's answer: the one door for all that speak of explanations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.attribution import TOLERANCE, Attributions, Task
from auditkit.explainers.dispatch import explain
from auditkit.subject import Subject

ROWS, BACKGROUND, BUDGET = 1000, 2000, 200_000
PARTS, FEWEST_IN_PART = 8, 20
_KNOWN: WeakKeyDictionary[Subject, dict[object, Explained]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an explanation rests on.

    Attributes
    ----------
    method : str
    units : str
        ``log-odds``, ``probability``, ``score`` or ``target``.
    rows : int
        Rows explained.
    background : str
        Size, source, seed and digest of the background rows, or that there is none and what stands in its place.
    additivity_error : float
        The largest abs(base + Σ φ − output) / max(1, abs(output)); above `tolerance` no explanation is given.
    notes : tuple of str
        What was tried before and why it was not used; what was left out.
    """

    method: str
    units: str
    rows: int
    background: str
    additivity_error: float
    tolerance: float = TOLERANCE
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [self.method, self.background, f"largest additivity error {self.additivity_error:.1g}", *self.notes]
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Rows with their attributions.

    Attributes
    ----------
    frame : pandas DataFrame
        The explained rows with all columns of the test table, index 0, 1, …; category columns also know the background's.
    reference : pandas DataFrame
        The background rows, in the features.
    features : tuple of str
        The columns of ``attributions.values``.
    attributions : Attributions
        ``values`` has shape (rows, features).
    certificate : Certificate
    source : str
        Where a background that was drawn came from: ``train`` or ``test``.
    """

    frame: Any
    reference: Any
    features: tuple[str, ...]
    attributions: Attributions
    certificate: Certificate
    source: Literal["train", "test"]


def explained(
    subject: Subject,
    *,
    rows: int = ROWS,
    background: int = BACKGROUND,
    budget: int = BUDGET,
    stratify: str | None = None,
    encoded_game: bool = False,
    path_dependent: bool = False,
    by_part: bool = False,
) -> Explained:
    """Return a sample of test rows, explained; the same question is answered once.

    Parameters
    ----------
    subject : Subject
        With a model.
    rows, background : int
        Sizes of the sample of test rows, and of the background: training rows where there are any.
    budget : int
        Rows that a model is asked for at most, where it can only be asked.
    stratify : str, optional
        A column whose values get rows in proportion to their size.
    encoded_game, path_dependent : bool
        Other games than the default; see `Task`.
    by_part : bool
        Also explain the first rows against each of 8 parts of the background, if these have 20 rows each.

    Raises
    ------
    NotApplicable
        If there is no model, or it gives no probabilities.
    """
    key = (rows, background, budget, stratify, encoded_game, path_dependent, by_part)
    known = _KNOWN.setdefault(subject, {})
    if key not in known:
        require_explainable(subject)
        known[key] = explain_rows(
            subject,
            subject.sample(rows, stratify=stratify),
            background=background,
            budget=budget,
            encoded_game=encoded_game,
            path_dependent=path_dependent,
            by_part=by_part,
        )
    return known[key]


def explain_rows(
    subject: Subject,
    frame: Any,
    *,
    reference: Any = None,
    background: int = BACKGROUND,
    budget: int = BUDGET,
    named: str = "",
    walks: str = "explanations",
    encoded_game: bool = False,
    path_dependent: bool = False,
    by_part: bool = False,
) -> Explained:
    """Explain given rows, against given reference rows or a sample of `background` rows.

    Parameters
    ----------
    subject : Subject
    frame : pandas DataFrame
        Rows with at least the features.
    reference : pandas DataFrame, optional
        Rows to compare with, with at least the features; `named` then says which these are.
    background, budget : int
    named, walks : str
        What the reference rows are; the name of the Generator of sampled walks: another one walks anew.
    encoded_game, path_dependent : bool
        Other games than the default; see `Task`.
    by_part : bool
        Also explain the first rows against each of 8 parts of the background, if these have 20 rows each.

    Raises
    ------
    NotApplicable
        If there is no model, or it gives no probabilities.
    InsufficientData
        If there is nothing to explain or to compare with, or the budget is too small.
    """
    require_explainable(subject)
    features = list(subject.features)
    source: Literal["train", "test"] = "train" if subject.summary()["rows"]["train"] else "test"  # type: ignore[index]
    if reference is None:
        reference, named = subject.sample(background, source), f"{source} rows"
    reference = reference[features].reset_index(drop=True)
    frame = frame.reset_index(drop=True)
    if not len(frame) or not len(reference):
        raise InsufficientData(
            f"{len(frame):,} rows to explain and {len(reference):,} background rows; at least one of either is needed"
        )
    model = subject.model
    assert model is not None  # require_explainable has seen to it
    rows, reference = _of_one_type(model.as_trained(frame[features]), model.as_trained(reference))
    frame = frame.assign(**{name: rows[name] for name in features if rows[name].dtype != frame[name].dtype})
    positive = None if subject.task == "regression" else (model.classes or subject.labels).index(subject.positive)
    answer = subject.predict if positive is None else subject.predict_scores
    rng = subject.rng(walks)
    parts = PARTS if by_part and len(reference) >= PARTS * FEWEST_IN_PART else 1
    task = Task(
        model.estimator,
        answer,
        positive,
        rows,
        reference,
        rng,
        budget,
        path_dependent,
        encoded_game,
        parts=parts,
    )
    found = explain(task)
    digest = hashlib.sha256(reference.to_json(orient="values", date_format="iso").encode()).hexdigest()[:12]
    background_said = (
        f"background {len(reference):,} {named}, seed {subject.seed}, digest {digest}"
        if found.uses_background
        else "base from the trees' own training counts, no background rows"
    )
    certificate = Certificate(
        found.method, found.units, len(found.values), background_said, found.additivity_error, notes=found.notes
    )
    return Explained(frame.iloc[: len(found.values)], reference, tuple(features), found, certificate, source)


def _of_one_type(rows: Any, reference: Any) -> tuple[Any, Any]:
    """Return both with the categories of both: pandas forgets that columns are categories where these differ."""
    import pandas as pd

    rows, reference = rows.copy(deep=False), reference.copy(deep=False)
    for name in rows.columns:
        own, other = rows[name], reference[name]
        if own.dtype == other.dtype or "category" not in (own.dtype, other.dtype):
            continue
        own, other = own.astype("category"), other.astype("category")
        known = dict.fromkeys([*other.cat.categories, *own.cat.categories])
        kind = pd.CategoricalDtype(list(known), ordered=own.cat.ordered)
        rows[name], reference[name] = own.astype(kind), other.astype(kind)
    return rows, reference


def require_explainable(subject: Subject) -> None:
    """Say why there is nothing to explain.

    Raises
    ------
    NotApplicable
        If there is no model, or one of classes that gives no probabilities.
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.task != "regression" and not subject.model.has_scores:
        raise NotApplicable("the model gives no probabilities; shares of a bare decision are not explained")
