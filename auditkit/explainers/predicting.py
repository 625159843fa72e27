"""How well some columns of a table tell its groups apart: each alone, and all together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.explainers.proxies import column_codes, numbers_of
from auditkit.stats.association import Codes, cramers_v, mutual_information
from auditkit.stats.cross_fit import Flags, Floats, crossed_areas, tabulated
from auditkit.stats.uncertainty import Uncertainty

MOST_LEVELS = 30
TREES, DEPTH, RATE = 60, 3, 0.15
STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """How well something tells groups apart: an AUC of each group asked for against all other rows."""

    name: str
    areas: tuple[Uncertainty, ...]
    cramers_v: float | None = None
    bits: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The groups of some rows and the halves of these rows.

    Attributes
    ----------
    codes : int array, shape (rows,)
        0 … `count` − 1.
    asked : tuple of int
        The groups that are told apart; any others are only what they are told apart from.
    second : bool array, shape (rows,)
    buckets : int array, shape (rows,), or None
        Buckets of clusters.
    """

    codes: Codes
    count: int
    asked: tuple[int, ...]
    second: Flags
    buckets: npt.NDArray[np.integer] | None = None

    def areas(self, scores: Floats) -> tuple[Uncertainty, ...]:
        """Return the AUC of each group asked for."""
        return crossed_areas(scores, self.codes, self.asked, self.second, self.buckets)


def told_alone(frame: Any, columns: Sequence[str], groups: Groups) -> list[Told]:
    """Return how well each column alone tells the groups apart: a table of shares by its value or bin.

    Bins are cut on all rows, without a look at the groups; shares come from the other half.
    """
    found = []
    for column in columns:
        codes = column_codes(frame[column])
        scores = tabulated(codes, groups.codes, groups.count, groups.second)
        strength, bits = cramers_v(codes, groups.codes), mutual_information(codes, groups.codes)
        found.append(Told(column, groups.areas(scores), strength, bits))
    return found


def told_together(frame: Any, columns: Sequence[str], groups: Groups) -> list[Told]:
    """Return how well all columns together tell the groups apart, by a logistic regression and by boosted trees."""
    from threadpoolctl import threadpool_limits

    numbers, levels = _inputs(frame, columns)
    with threadpool_limits(1):  # sums in one order, whatever the machine
        linear, trees = np.empty((2, len(frame), groups.count))
        for half in (~groups.second, groups.second):
            linear[half] = _linear(numbers, levels, groups, ~half)[half]
            trees[half] = _trees(numbers, levels, groups, ~half, half)
    named = (("all columns, logistic regression", linear), ("all columns, boosted trees", trees))
    return [Told(name, groups.areas(scores)) for name, scores in named]


def told_scores(frame: Any, columns: Sequence[str], groups: Groups) -> Floats:
    """Return the share of each group that boosted trees give to each row, fitted to the other half; shape (rows, groups)."""
    from threadpoolctl import threadpool_limits

    numbers, levels = _inputs(frame, columns)
    with threadpool_limits(1):
        scores = np.empty((len(frame), groups.count))
        for half in (~groups.second, groups.second):
            scores[half] = _trees(numbers, levels, groups, ~half, half)
    return scores


def _inputs(frame: Any, columns: Sequence[str]) -> tuple[Floats, Codes]:
    """Return numbers with gaps, and codes of the 30 most frequent values of other columns, all else being one more."""
    numbers, levels = [], []
    for column in columns:
        known = numbers_of(frame[column])
        if known is not None:
            numbers.append(known)
            continue
        codes = column_codes(frame[column]) + 1
        frequent = np.argsort(-np.bincount(codes), kind="stable")[:MOST_LEVELS]
        place = np.full(int(codes.max()) + 1, len(frequent))
        place[frequent] = np.arange(len(frequent))
        levels.append(place[codes])
    empty = np.empty((len(frame), 0))
    return (
        np.column_stack(numbers) if numbers else empty,
        np.column_stack(levels).astype(np.int64) if levels else empty.astype(np.int64),
    )


def _linear(numbers: Floats, levels: Codes, groups: Groups, fitted: Flags) -> Floats:
    """Fit a logistic regression to some rows, on standardised numbers, whether they are missing, and values as 0 and 1."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    parts = []
    for column in numbers.T:
        missing = np.isnan(column)
        column = column / max(1.0, np.abs(column[~missing]).max(initial=0.0))  # noqa: PLW2901  so that no square overflows
        known = column[fitted & ~missing]
        middle, spread = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
        parts.append(np.where(missing, 0.0, (column - middle) / spread) if spread > 0 else np.zeros(len(column)))
        if missing.any():
            parts.append(missing.astype(np.float64))
    for codes in levels.T:
        parts.extend((codes == level).astype(np.float64) for level in range(int(codes.max()) + 1))
    inputs = np.column_stack(parts)
    model = LogisticRegression(max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that is cut short is a predictor like any other
        model.fit(inputs[fitted], groups.codes[fitted])
    return _by_group(model, inputs, groups.count)


def _trees(numbers: Floats, levels: Codes, groups: Groups, fitted: Flags, scored: Flags) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs = np.column_stack([numbers, levels])
    inputs[:, np.isnan(inputs[fitted]).all(axis=0)] = 0.0  # scikit-learn has no bins for a column without a value
    named = [False] * numbers.shape[1] + [True] * levels.shape[1]
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_depth=DEPTH,
        learning_rate=RATE,
        early_stopping=False,
        categorical_features=named if any(named) else None,
        random_state=0,
    )
    model.fit(inputs[fitted], groups.codes[fitted])
    return _by_group(model, inputs[scored], groups.count)


def _by_group(model: Any, inputs: Floats, count: int) -> Floats:
    found = np.zeros((len(inputs), count))
    found[:, model.classes_] = model.predict_proba(inputs)
    return found
