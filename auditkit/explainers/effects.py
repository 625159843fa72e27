"""How the model's output moves with one column: accumulated local effects of numbers, effects of replacement of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.data.counting import cluster_buckets
from auditkit.data.frames import table_from_frame
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.planned import planned
from auditkit.explainers.proxies import numbers_of
from auditkit.explainers.readable import texts_of
from auditkit.stats.accumulated import Curve, accumulated, bins_of, quantile_edges, replaced, unobserved_edges
from auditkit.subject import Subject

BATCH = 10_000
FEWEST_ROWS = 100
MOST_VALUES = 20
SHUFFLED_ROWS = 500
Floats = npt.NDArray[np.float64]
Buckets = npt.NDArray[np.integer]
Kind = Literal["accumulated", "replaced"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A model's output, asked for in batches.

    Attributes
    ----------
    subject : Subject
    unit : str
        ``probability``, ``target`` or, of a model without probabilities, ``share``.
    name : str
        What the output is called, e.g. ``P(yes)``.
    """

    subject: Subject
    unit: str
    name: str

    @classmethod
    def of(cls, subject: Subject) -> Asked:
        """Return how the output of a subject's model is asked for.

        Raises
        ------
        NotApplicable
            If there is no model, or it reads no named columns.
        """
        if subject.model is None:
            raise NotApplicable("no model was given, only its predictions; pass model=")
        if not subject.features:
            raise NotApplicable("the model reads no named columns; pass features=[…]")
        if subject.task == "regression":
            return cls(subject, "target", "the output")
        if subject.model.has_scores:
            return cls(subject, "probability", f"P({subject.positive})")
        return cls(subject, "share", f"the share decided {subject.positive}")

    def output(self, frame: Any) -> Floats:
        """Return the output of each row: a number, the probability of the positive label, or whether that is decided."""
        parts = [self._batch(frame.iloc[start : start + BATCH]) for start in range(0, len(frame), BATCH)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _batch(self, frame: Any) -> Floats:
        if self.unit == "probability":
            return self.subject.predict_scores(frame)
        answer = self.subject.predict(frame)
        if self.unit == "target":
            return np.asarray(answer, dtype=np.float64)
        return np.array([float(one == self.subject.positive) for one in np.asarray(answer).tolist()])

    def with_values(self, frame: Any, column: str, values: Any) -> Floats:
        """Return the output of the rows with the values of a column replaced by a Series' of the same length."""
        changed = frame.copy()
        changed[column] = values.set_axis(frame.index)
        return self.output(changed)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """The effect of one column.

    Attributes
    ----------
    column : str
    kind : {'accumulated', 'replaced'}
        Of a number, or of a value without order.
    points : tuple of float or str
        Edges of bins, ascending; or values, those of largest effect first.
    rows : tuple of int or None
        Rows in the bin that ends at the edge; or rows that have the value.
    curve : Curve
    n : int
        Rows it rests on.
    missing : int
        Rows left out, which miss a value there.
    unnamed : int
        Rows with values too rare to be shown.
    sources : tuple of int
        For each value a row that has it; empty for numbers.
    """

    column: str
    kind: Kind
    points: tuple[float | str, ...]
    rows: tuple[int | None, ...]
    curve: Curve
    n: int
    missing: int
    unnamed: int = 0
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Why a column's effect is not measured: ``undefined`` where there is none, ``insufficient`` where rows are too few."""

    column: str
    status: Literal["undefined", "insufficient"]
    reason: str


def leading_columns(subject: Subject, asked: Asked, frame: Any, most: int, budget: int) -> tuple[list[str], str]:
    """Return the columns that matter most, and by what.

    Parameters
    ----------
    subject : Subject
    asked : Asked
    frame : pandas DataFrame
        Test rows, for where Shapley values cannot be had.
    most : int
    budget : int
        Model rows for the second way.

    Notes
    -----
    By mean abs(φ) over the rows of feature importance, answered once for both. Where there is none, by the mean absolute
    change of the output when the values of one column are shuffled among the rows.
    """
    features = list(subject.features)
    if len(features) <= most:
        return features, "all that the model reads"
    try:
        plan = planned(subject)
        size = plan.given.attributions.sizes[: plan.rows].mean(axis=0)
        features, by = list(plan.given.features), "largest mean abs(φ)"
    except (NotApplicable, InsufficientData):
        size, by = _shuffled(subject, asked, frame, budget), "largest mean change when shuffled"
    order = sorted(range(len(features)), key=lambda place: (-size[place], features[place]))
    chosen = [features[place] for place in order[:most]]
    return chosen, f"the {len(chosen)} columns of {by} out of {len(features)}"


def _shuffled(subject: Subject, asked: Asked, frame: Any, budget: int) -> Floats:
    n = min(len(frame), SHUFFLED_ROWS, budget // (len(subject.features) + 1))
    if n < 2:
        needed = 2 * (len(subject.features) + 1)
        raise InsufficientData(f"a budget of {budget:,} model rows ranks no columns; raise budget to {needed:,}")
    some, rng = frame.iloc[:n], subject.rng("explanations.effects.shuffled")
    plain = asked.output(some)
    changes = [
        np.abs(asked.with_values(some, column, some[column].iloc[rng.permutation(n)]) - plain).mean()
        for column in subject.features
    ]
    return np.array(changes)


def effect_of(asked: Asked, frame: Any, column: str, *, bins: int, fewest: int, budget: int) -> Effect | NoEffect:
    """Return the effect of a column on the output.

    Parameters
    ----------
    asked : Asked
    frame : pandas DataFrame
        Rows in random order, of which the first are taken if the budget is small.
    column : str
    bins : int
        Of numbers, at most.
    fewest : int
        Rows that a bin, and a value that is shown, must have.
    budget : int
        Model rows, at most.

    Raises
    ------
    InsufficientData
        If the budget is too small.
    """
    from pandas.api.types import is_numeric_dtype

    numbers = numbers_of(frame[column])
    if numbers is not None and not is_numeric_dtype(frame[column].dtype):
        return NoEffect(
            column, "undefined", f"{column} holds dates or times; effects are measured of numbers and values"
        )
    rows, numbers = known_rows(frame, column)
    missing, least = len(frame) - len(rows), max(2 * fewest, 2)
    if len(rows) < least:
        reason = f"{len(rows):,} rows have a value of {column}, at least {least} are needed"
        return NoEffect(column, "insufficient", reason)
    if numbers is not None:
        return _accumulated(asked, rows, column, numbers, missing, bins, fewest, budget)
    return _replaced(asked, rows, column, missing, fewest, budget)


def known_rows(frame: Any, column: str) -> tuple[Any, Floats | None]:
    """Return the rows that have a value of a column, and these values if they are numbers."""
    numbers = numbers_of(frame[column])
    known = ~np.isnan(numbers) if numbers is not None else ~frame[column].isna().to_numpy()
    return frame[known].reset_index(drop=True), None if numbers is None else numbers[known]


def within(rows: Any, each: int, budget: int, column: str) -> int:
    """Return how many rows the budget pays for, at `each` model rows for one.

    Raises
    ------
    InsufficientData
        If these are too few to speak of.
    """
    n = min(len(rows), budget // each)
    if n < min(len(rows), FEWEST_ROWS):
        needed = min(len(rows), FEWEST_ROWS) * each
        raise InsufficientData(
            f"{budget:,} model rows for the effect of {column} pay for {n:,} rows, at least {FEWEST_ROWS} are needed: "
            f"{needed:,} model rows; raise budget or name fewer columns"
        )
    return n


def _accumulated(
    asked: Asked, rows: Any, column: str, numbers: Floats, missing: int, bins: int, fewest: int, budget: int
) -> Effect | NoEffect:
    n = within(rows, 2, budget, column)
    rows, numbers = rows.iloc[:n], numbers[:n]
    edges = unobserved_edges(quantile_edges(numbers, bins, fewest), numbers)
    if len(edges) < 2:
        return NoEffect(column, "undefined", f"{column} has one value, all but a few rows that could be told apart")
    place = bins_of(numbers, edges)
    high, low = (_as(rows[column], edges[place + step]) for step in (1, 0))
    differences = asked.with_values(rows, column, high) - asked.with_values(rows, column, low)
    curve = accumulated(numbers, edges, differences, buckets_of(asked.subject, rows))
    counts = np.bincount(place, minlength=len(edges) - 1)
    return Effect(column, "accumulated", tuple(edges.tolist()), (None, *counts.tolist()), curve, n, missing)


def _as(column: Any, values: Floats) -> Any:
    import pandas as pd

    return pd.Series(values).astype(column.dtype)


def _replaced(asked: Asked, rows: Any, column: str, missing: int, fewest: int, budget: int) -> Effect | NoEffect:
    texts = np.array(texts_of(rows[column]), dtype=object)
    values, first, counts = np.unique(texts, return_index=True, return_counts=True)
    order = [place for place in np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist() if counts[place] >= fewest]
    if len(order) < 2:
        reason = f"{column} has {len(order)} values with at least {fewest} rows; an effect needs two"
        return NoEffect(column, "undefined" if len(values) < 2 else "insufficient", reason)
    n = within(rows, len(order) + 1, budget, column)
    sources = tuple(int(first[place]) for place in order)
    contrasts = replacements(asked, rows, column, sources, n)
    ranked = np.argsort(-contrasts.mean(axis=0), kind="stable").tolist()
    curve = replaced(contrasts[:, ranked], buckets_of(asked.subject, rows.iloc[:n]))
    named = [order[place] for place in ranked]
    return Effect(
        column,
        "replaced",
        tuple(str(values[place]) for place in named),
        tuple(int(counts[place]) for place in named),
        curve,
        n,
        missing,
        int(len(rows) - counts[order].sum()),
        tuple(sources[place] for place in ranked),
    )


def replacements(asked: Asked, rows: Any, column: str, sources: Sequence[int], n: int) -> Floats:
    """Return what the output of the first `n` rows changes by with the values of other rows, shape (n, sources)."""
    some = rows.iloc[:n]
    plain = asked.output(some)
    changed = [asked.with_values(some, column, rows[column].iloc[np.full(n, source)]) - plain for source in sources]
    return np.stack(changed, axis=1)


def buckets_of(subject: Subject, rows: Any) -> Buckets | None:
    """Return the buckets of clusters that rows are in, None where rows are independent."""
    cluster = subject.roles.cluster
    known = cluster is not None and cluster in rows.columns
    return cluster_buckets(table_from_frame(rows.reset_index(drop=True)), str(cluster)) if known else None
