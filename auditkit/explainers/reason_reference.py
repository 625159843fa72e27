"""Whom a person with an adverse decision is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from auditkit.data.table import scalar
from auditkit.errors import NotApplicable
from auditkit.explainers.explained import BACKGROUND, require_explainable
from auditkit.finding import Scalar
from auditkit.subject import Subject

POOL, NEAREST, FEWEST = 10_000, 200, 30
_NEAR, _LEAST = 10, 4  # a tenth of the approved is near, a quarter still is where these would be too few
Kind = Literal["near-threshold", "all"]
KINDS: tuple[Kind, ...] = ("near-threshold", "all")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Whom a person is compared with.

    Attributes
    ----------
    frame : pandas DataFrame
        In the model's features.
    kind : {'near-threshold', 'all'}
    name : str
    digest : str
        The first 12 digits of the rows' SHA-256; the certificate of the explanation shows the same.
    note : str
        How the rows were chosen, and why no others.
    """

    frame: Any
    kind: Kind
    name: str
    digest: str
    note: str

    def __len__(self) -> int:
        return len(self.frame)

    def halves(self) -> tuple[Reference, Reference]:
        """Return every other row, and the rest: how far reasons hang on which rows there happen to be."""
        first, second = (self.frame.iloc[start::2].reset_index(drop=True) for start in (0, 1))
        return replace(self, frame=first, digest=_digest(first)), replace(self, frame=second, digest=_digest(second))


def require_reasons(subject: Subject) -> None:
    """Say why there are no reasons to give.

    Raises
    ------
    NotApplicable
        Without a model with scores, for a regression, or where the score explained is not the favourable outcome's.
    """
    if subject.task == "regression":
        raise NotApplicable("the task is a regression; reasons need a decision that can be adverse")
    require_explainable(subject)
    if subject.task == "multiclass" and subject.positive != subject.favorable:
        raise NotApplicable(
            f"the score explained is that of {subject.positive!r}, and reasons need that of {subject.favorable!r}; "
            f"say positive: {subject.favorable!r}"
        )


def reference_of(subject: Subject, kind: Kind | None = None, *, size: int = BACKGROUND, pool: int = POOL) -> Reference:
    """Return the reference rows: approved at or just above the threshold, or all applicants.

    Near the threshold: of up to `pool` training rows (test rows where there are none) those that the model decides favourably,
    with the lowest scores: a tenth of them, at least 30 and at most 200. Default: these if 120 are decided favourably, else all.

    Raises
    ------
    NotApplicable
        As `require_reasons`, or if those near the threshold were asked for by name and are too few.
    """
    require_reasons(subject)
    rows: Any = subject.summary()["rows"]
    source = "train" if rows["train"] else "test"
    features = list(subject.features)
    if kind != "all":
        frame = subject.sample(pool, source)
        approved = frame[favourable(subject, subject.predict(frame))]
        if len(approved) >= FEWEST * _LEAST:
            near = min(NEAREST, max(FEWEST, len(approved) // _NEAR))
            order = np.argsort(towards_favourable(subject) * subject.predict_scores(approved), kind="stable")[:near]
            scores = subject.predict_scores(approved.iloc[order])
            chosen = approved.iloc[order][features].reset_index(drop=True)
            note = (
                f"the {near:,} of {len(approved):,} favourably decided {source} rows that score lowest "
                f"(score of {subject.positive!r} {scores.min():.3g} to {scores.max():.3g})"
            )
            return Reference(
                chosen, "near-threshold", "approved applicants at or just above the threshold", _digest(chosen), note
            )
        few = f"{len(approved):,} of {len(frame):,} {source} rows are decided favourably, {FEWEST * _LEAST} are needed to speak of those near the threshold"
        if kind == "near-threshold":
            raise NotApplicable(f"{few}; use the reference all")
    chosen = subject.sample(size, source)[features].reset_index(drop=True)
    note = f"{len(chosen):,} {source} rows" + ("" if kind == "all" else f"; {few}")
    return Reference(chosen, "all", "all applicants", _digest(chosen), note)


def favourable(subject: Subject, decisions: Sequence[Any] | Any) -> Any:
    """Return which decisions are the favourable one, a bool array."""
    return np.array([scalar(decision) == subject.favorable for decision in decisions], dtype=np.bool_)


def decisions_of(subject: Subject, frame: Any) -> list[Scalar]:
    """Return the recorded decision of each row where there is a column of them, else the model's."""
    column = subject.roles.prediction
    recorded = column is not None and column in frame.columns
    return [scalar(decision) for decision in (frame[column] if recorded else subject.predict(frame))]


def towards_favourable(subject: Subject) -> int:
    """Return 1 where the score explained is the favourable outcome's, −1 where it is the other's of two."""
    return 1 if subject.positive == subject.favorable else -1


def score_of_favourable(subject: Subject, units: str, score: float) -> float:
    """Return the favourable outcome's score from the positive one's: 1 − p of a probability, −s of log-odds.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [0, 1], "p": [0, 1]})
    >>> subject = Subject(frame, label="y", prediction="p", positive=1, favorable=0)
    >>> score_of_favourable(subject, "probability", 0.75), score_of_favourable(subject, "log-odds", 2.0)
    (0.25, -2.0)
    """
    if towards_favourable(subject) > 0:
        return score
    return 1 - score if units == "probability" else -score


def _digest(frame: Any) -> str:
    return hashlib.sha256(frame.to_json(orient="values").encode()).hexdigest()[:12]
