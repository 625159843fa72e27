"""The same rows explained again: against other background rows, and by another explainer of the same game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from auditkit.errors import InsufficientData
from auditkit.explainers.attribution import Attributions, Floats, Task
from auditkit.explainers.explained import Explained, explain_rows
from auditkit.explainers.permutation import explain_permutation, model_rows
from auditkit.subject import Subject

Answer = Callable[[Any], Floats]
_NEAR, _SURE = 0.01, 1e-12


def explained_twice(
    subject: Subject, rows: int, background: int, budget: int, fewest: int
) -> tuple[Explained, Explained]:
    """Return test rows explained against two samples of background rows that have none in common, walked anew if sampled.

    The first is that of feature importance; where there are too few rows for two, each gets half of them.

    Raises
    ------
    InsufficientData
        If the model can only be asked, and the budget does not allow to explain the `fewest` rows that are needed.
    """
    source = "train" if subject.summary()["rows"]["train"] else "test"  # type: ignore[index]
    both = subject.sample(2 * background, source)
    size = len(both) // 2
    needed = model_rows(min(rows, fewest), len(subject.features), size)
    if subject.model is not None and subject.model.estimator is None and budget < needed:
        raise InsufficientData(
            f"a budget of {budget:,} model rows explains too few rows, at least {fewest} rows are needed; raise budget to {needed:,}"
        )
    frame, named = subject.sample(rows), f"{source} rows"
    first = explain_rows(subject, frame, reference=both.iloc[:size], named=named, budget=budget)
    second = explain_rows(
        subject, frame, reference=both.iloc[size : 2 * size], named=named, budget=budget, walks="explanations.again"
    )
    return first, second


def answer_as_explained(subject: Subject, given: Explained) -> Answer | None:
    """Return a function that asks the model for the output that was explained, or None if it cannot be asked for.

    That is a probability, its log-odds or the model's own scores of decisions: what says the same of the explained rows.
    """
    found, frame = given.attributions, given.frame[list(given.features)]
    for answer in _answers(subject):
        near = np.abs(answer(frame) - found.output) <= _NEAR * np.maximum(1.0, np.abs(found.output))
        if near.all():
            return answer
    return None


def sampled_twice(subject: Subject, given: Explained, answer: Answer, rows: int, rounds: int) -> tuple[Floats, Floats]:
    """Return what the permutation sampler makes of the first rows, twice, each the mean of `rounds` with walks of their own."""
    features = list(given.features)
    task = Task(
        None,
        answer,
        None,
        given.frame[features].iloc[:rows].reset_index(drop=True),
        given.reference,
        subject.rng("explanations.sampled"),
        model_rows(rows, len(features), len(given.reference)),
    )
    runs = np.stack([explain_permutation(task).values for _ in range(2 * rounds)])
    return runs[:rounds].mean(axis=0), runs[rounds:].mean(axis=0)


def another_game(found: Attributions) -> str | None:
    """Return why the permutation sampler would not answer the question that was answered, or None."""
    if found.asked:
        return "the explanation is the sampler's own; no other explainer applies to this model"
    if not found.uses_background:
        return "the explanation is path-dependent, another game than that against background rows"
    if "sum of encoded" in found.method and not found.method.startswith("linear"):
        return "the explanation adds up encoded columns, another game than that of the original ones"
    return None


def _answers(subject: Subject) -> list[Answer]:
    """Return what a model can be asked for, the simplest first."""
    if subject.task == "regression":
        return [lambda frame: np.asarray(subject.predict(frame), dtype=np.float64)]

    def log_odds(frame: Any) -> Floats:
        p = np.clip(subject.predict_scores(frame), _SURE, 1 - _SURE)
        found: Floats = np.log(p) - np.log1p(-p)
        return found

    model, decides = subject.model, getattr(subject.model and subject.model.estimator, "decision_function", None)
    if model is None or decides is None:
        return [subject.predict_scores, log_odds]
    place = (model.classes or subject.labels).index(subject.positive)

    def decision_scores(frame: Any) -> Floats:
        asked = frame if model.feature_names is None else frame[list(model.feature_names)]
        raw = np.asarray(decides(asked.to_numpy() if model.plain else asked), dtype=np.float64)
        found: Floats = raw[:, place] if raw.ndim == 2 else raw if place else -raw
        return found

    return [subject.predict_scores, log_odds, decision_scores]
