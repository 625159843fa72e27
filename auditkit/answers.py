"""What the model, or a column in its stead, says of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.counting import recoded
from auditkit.data.table import Coded, Table
from auditkit.errors import DataError, ModelError, NotApplicable
from auditkit.models.model import Model
from auditkit.outcome import Outcome
from auditkit.roles import Roles
from auditkit.tally import Codes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answers:
    """How decisions and scores come about.

    Attributes
    ----------
    model : Model or None
    outcome : Outcome
    roles : Roles
    threshold : float or None
        Turns scores into decisions with ≥; None leaves the decision to the model.
    probability : bool
        Whether scores are probabilities.
    """

    model: Model | None
    outcome: Outcome
    roles: Roles
    threshold: float | None
    probability: bool

    @property
    def cut(self) -> float:
        """The threshold, 0.5 by default."""
        return 0.5 if self.threshold is None else self.threshold

    @property
    def possible(self) -> bool:
        """Whether there is a model, or a column of predictions or scores."""
        return bool(self.model is not None or self.roles.prediction or self.roles.score)

    def needed(self) -> Model:
        """Return the model.

        Raises
        ------
        NotApplicable
            If none was given.
        """
        if self.model is None:
            raise NotApplicable("no model was given, only its predictions; pass model=")
        return self.model

    def predict(self, frame: Any) -> npt.NDArray[Any]:
        """Return decisions for a pandas frame, shape (rows,)."""
        model = self.needed()
        if self.outcome.task == "binary" and self.threshold is not None and model.has_scores:
            positive = self.outcome.positive
            other = next((label for label in self.outcome.labels if label != positive), None)
            chosen = np.empty(len(frame), dtype=object)
            chosen[:] = other
            chosen[self.scores(frame) >= self.cut] = positive
            return chosen
        return model.predict(frame[list(self.roles.features)], threads=1)

    def probabilities(self, frame: Any) -> Floats:
        """Return probabilities, shape (rows, classes), in the order of the model's classes."""
        model = self.needed()
        if not model.has_scores:
            raise NotApplicable("the model gives no probabilities; use one with predict_proba")
        return model.probabilities(frame[list(self.roles.features)], threads=1)

    def scores(self, frame: Any) -> Floats:
        """Return the score of the positive label, shape (rows,)."""
        found = self.probabilities(frame)
        classes = self.needed().classes or self.outcome.labels
        return np.ascontiguousarray(found[:, classes.index(self.outcome.positive)])

    def of(self, table: Table, dataset: str) -> tuple[npt.NDArray[Any], Floats | None]:
        """Return decisions (codes into the labels, or numbers) and scores of the positive label, or None.

        Raises
        ------
        NotApplicable
            If there are neither predictions nor a model.
        """
        scores = self._scores(table)
        column = self.roles.prediction
        if column and column in table.columns:
            if self.outcome.task == "regression":
                return table.numbers(column), scores
            return recoded(table.coded(column), self.outcome.labels, f"prediction column {column!r}"), scores
        regression = self.outcome.task == "regression"
        if scores is not None and self.outcome.task == "binary" and (self.model is None or self.threshold is not None):
            return self._decided(scores), scores
        if self.model is None:
            raise NotApplicable(f"the {dataset} data hold no predictions and no model was given")
        answer = self.model.predict(table.frame(columns=list(self.roles.features)), threads=1)
        if regression:
            return np.asarray(answer, dtype=np.float64), scores
        return recoded(_coded(answer), self.outcome.labels, "the model's predictions", ModelError), scores

    def _decided(self, scores: Floats) -> Codes:
        labels = self.outcome.labels
        positive = labels.index(self.outcome.positive)
        other = next((place for place in range(len(labels)) if place != positive), positive)
        return np.where(scores >= self.cut, positive, other).astype(np.int32)

    def _scores(self, table: Table) -> Floats | None:
        column = self.roles.score
        if column and column in table.columns:
            scores = table.numbers(column)
            self.check_scores(column, scores)
            if self.outcome.score_of != self.outcome.positive:
                scores = 1 - scores if self.probability else -scores
            return scores
        if self.model is None or not self.model.has_scores or self.outcome.task == "regression":
            return None
        return self.scores(table.frame(columns=list(self.roles.features)))

    def check_scores(self, column: str, scores: Floats) -> None:
        """Refuse scores that are missing, or no probabilities though they should be.

        Raises
        ------
        DataError
            With how many, and one of them.
        """
        if np.isnan(scores).any():
            raise DataError(f"score column {column!r} is missing in {int(np.isnan(scores).sum()):,} rows")
        outside = (scores < 0) | (scores > 1)
        if self.probability and outside.any():
            raise DataError(
                f"score column {column!r} has {int(outside.sum()):,} values outside [0, 1], "
                f"e.g. {scores[outside][0]:.6g}; say score_kind: rank if it is no probability"
            )


def _coded(answer: npt.NDArray[Any]) -> Coded:
    values, codes = np.unique(answer, return_inverse=True)
    return Coded(codes.astype(np.int32), tuple(v.item() if hasattr(v, "item") else v for v in values))
