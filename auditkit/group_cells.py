"""From a tally to the counts and rates of each group, weights and clusters included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import NotApplicable
from auditkit.finding import Group, Scalar
from auditkit.stats.uncertainty import EffectiveProportion, Proportion
from auditkit.stats.weighting import clustered_proportion, estimated_clusters, weighted_proportion
from auditkit.tally import BUCKET, LABEL, PREDICTION, Counts, Tally

MIN_GROUP_SIZE = 30
MIN_DENOMINATOR = 10
MIN_CLUSTERS = 30
DEPTH = 2
Floats = npt.NDArray[np.float64]
Cell = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Minimum:
    """The evidence that a group must have to be judged: rows, and rows in the measure's own denominator."""

    group_size: int = MIN_GROUP_SIZE
    denominator: int = MIN_DENOMINATOR


DEFAULT_MINIMUM = Minimum()


@dataclass(frozen=True, slots=True)
class Rate:
    """Successes over a denominator in one group, of which `n` rows there are in all.

    Where rows have weights or clusters, `effective` is the weighted share with its effective size, and `clusters`
    about how many clusters the denominator has.
    """

    group: Group
    successes: int
    denominator: int
    n: int
    effective: EffectiveProportion | None = None
    clusters: float | None = None

    def evaluable(self, minimum: Minimum) -> bool:
        """Whether the rows suffice to say anything; a denominator of 0 never does."""
        return self.n >= minimum.group_size and self.enough(minimum)

    def enough(self, minimum: Minimum) -> bool:
        """Whether the denominator and its clusters suffice, whatever the size of the group."""
        few = self.clusters is not None and self.clusters < MIN_CLUSTERS
        return self.denominator >= max(1, minimum.denominator) and not few

    def shortage(self, minimum: Minimum) -> str:
        """Return what is lacking."""
        if self.n < minimum.group_size:
            return f"{self.n:,} rows, at least {minimum.group_size} are needed"
        if self.denominator < max(1, minimum.denominator):
            return f"{self.denominator:,} rows in the denominator, at least {max(1, minimum.denominator)} are needed"
        return f"about {self.clusters or 0:.0f} clusters in the denominator, at least {MIN_CLUSTERS} are needed"

    @property
    def proportion(self) -> Proportion | EffectiveProportion:
        """The rate with its Wilson limits."""
        return self.effective or Proportion(self.successes, self.denominator)


@dataclass(frozen=True, slots=True)
class GroupCells:
    """Rows of each group by some keys; weights and buckets where rows have them.

    Attributes
    ----------
    groups : tuple of Group
    counts : int array, shape (groups, *keys)
    weights, squares : float arrays of that shape, or None
        Σw and Σw².
    buckets : float array, shape (groups, 100, *keys), or None
        Σw by bucket of clusters.
    """

    groups: tuple[Group, ...]
    counts: Counts
    weights: Floats | None = None
    squares: Floats | None = None
    buckets: Floats | None = None

    def mapped(self, function: Any) -> GroupCells:
        """Return the cells after a linear map of their keys, the same for counts, weights and buckets."""
        rest = (None if cube is None else function(cube) for cube in (self.weights, self.squares, self.buckets))
        return GroupCells(self.groups, function(self.counts), *rest)

    def rate(self, successes: Sequence[Cell], among: Sequence[Cell]) -> list[Rate]:
        """Return the rate of some cells among others, by group."""
        axes = tuple(range(1, self.counts.ndim))
        total = self.counts.sum(axis=axes)
        hits, base = _summed(self.counts, successes), _summed(self.counts, among)
        return [
            Rate(group, int(hits[i]), int(base[i]), int(total[i]), *self._effective(i, successes, among))
            for i, group in enumerate(self.groups)
        ]

    def _effective(
        self, place: int, successes: Sequence[Cell], among: Sequence[Cell]
    ) -> tuple[EffectiveProportion | None, float | None]:
        if self.weights is None or self.squares is None:
            return None, None
        base = float(sum(self.weights[(place, *cell)] for cell in among))
        if base <= 0:
            return None, None
        if self.buckets is None:
            hit, hit2, base2 = (
                float(sum(cube[(place, *cell)] for cell in cells))
                for cube, cells in ((self.weights, successes), (self.squares, successes), (self.squares, among))
            )
            return weighted_proportion(hit, hit2, base, base2), None
        hits, bases = _summed(self.buckets[place], successes), _summed(self.buckets[place], among)
        rows = int(sum(self.counts[(place, *cell)] for cell in among))
        return clustered_proportion(hits, bases, rows), estimated_clusters(bases > 0)


def _summed(cube: Any, cells: Sequence[Cell]) -> npt.NDArray[Any]:
    """Return the sum of some cells of the last axes."""
    picked: list[Any] = [cube[(..., *cell)] for cell in cells]
    return np.asarray(np.sum(picked, axis=0))


def group_cells(tally: Tally, by: Sequence[str], keys: Sequence[str]) -> GroupCells:
    """Return the cells of each group over `by`, by `keys`."""
    counts = tally.cube(by, keys)
    groups = tuple(tally.groups(by))
    clustered = BUCKET in tally.names
    if tally.weights is None and not clustered:
        return GroupCells(groups, counts)
    weights, squares = tally.weight_cubes(by, keys)
    buckets = tally.weight_cubes(by, [BUCKET, *keys])[0] if clustered else None
    return GroupCells(groups, counts, weights, squares, buckets)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by actually positive × predicted positive for each group.

    Attributes
    ----------
    table : GroupCells
        Counts of shape (groups, 2, 2): [actual, predicted], 1 is positive.
    """

    table: GroupCells

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups."""
        return self.table.groups

    @property
    def cells(self) -> Counts:
        """Counts, shape (groups, 2, 2)."""
        return self.table.counts

    def rate(self, successes: Sequence[tuple[int, int]], among: Sequence[tuple[int, int]]) -> list[Rate]:
        """Return the rate of some cells (actual, predicted) among others, by group."""
        return self.table.rate(successes, among)

    def true_positive_rate(self) -> list[Rate]:
        """Return TP / (TP + FN) by group."""
        return self.rate([(1, 1)], [(1, 0), (1, 1)])

    def false_positive_rate(self) -> list[Rate]:
        """Return FP / (FP + TN) by group."""
        return self.rate([(0, 1)], [(0, 0), (0, 1)])

    def positive_predictive_value(self) -> list[Rate]:
        """Return TP / (TP + FP) by group."""
        return self.rate([(1, 1)], [(0, 1), (1, 1)])

    def accuracy(self) -> list[Rate]:
        """Return (TP + TN) / n by group."""
        return self.rate([(0, 0), (1, 1)], [(0, 0), (0, 1), (1, 0), (1, 1)])


def confusion(tally: Tally, by: Sequence[str], positive: Scalar) -> Confusion:
    """Collapse labels and predictions to positive and not.

    Raises
    ------
    NotApplicable
        If the tally has no labels.
    """
    if LABEL not in tally.names:
        raise NotApplicable("no label column was named; pass label=")
    _need_predictions(tally)
    labels, decisions = (_one_against_rest(tally.axis(name).values, positive) for name in (LABEL, PREDICTION))
    table = group_cells(tally, by, [LABEL, PREDICTION])
    return Confusion(table.mapped(lambda cube: np.einsum("...lp,al,bp->...ab", cube, labels, decisions)))


def selection(tally: Tally, by: Sequence[str], favorable: Scalar) -> list[Rate]:
    """Return the share of rows that the model decides favourably, by group."""
    _need_predictions(tally)
    return _share(tally, by, PREDICTION, favorable)


def _need_predictions(tally: Tally) -> None:
    if PREDICTION not in tally.names:
        raise NotApplicable("the test data hold no predictions and no model was given")


def base_rate(tally: Tally, by: Sequence[str], label: Scalar) -> list[Rate]:
    """Return the share of rows with that label, by group."""
    if LABEL not in tally.names:
        raise NotApplicable("no label column was named; pass label=")
    return _share(tally, by, LABEL, label)


def _share(tally: Tally, by: Sequence[str], key: str, value: Scalar) -> list[Rate]:
    keep = _one_against_rest(tally.axis(key).values, value)
    table = group_cells(tally, by, [key]).mapped(lambda cube: np.einsum("...p,bp->...b", cube, keep))
    return table.rate([(1,)], [(0,), (1,)])


def _one_against_rest(values: Sequence[Scalar], chosen: Scalar) -> Counts:
    index = list(values).index(chosen)
    keep = np.zeros((2, len(values)), dtype=np.int64)
    keep[0], keep[:, index] = 1, (0, 1)
    return keep


def levels(sensitive: Sequence[str], depth: int = DEPTH) -> Iterator[tuple[str, ...]]:
    """Yield each sensitive column, then each combination of them up to `depth` columns.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    if not sensitive:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…]")
    for size in range(1, max(1, depth) + 1):
        yield from combinations(sensitive, size)


def rate_table(tally: Tally, by: Sequence[str], positive: Scalar) -> dict[str, Floats]:
    """Return n and the rates of each group as plain arrays, shape (groups,): the point values alone, for many groups fast.

    NaN is a rate without a denominator. Where rows have weights, all but ``n`` are weighted.

    Examples
    --------
    >>> from auditkit.tally import Axis
    >>> import numpy as np
    >>> axes = [Axis("sex", ("f", "m")), Axis(LABEL, (0, 1)), Axis(PREDICTION, (0, 1))]
    >>> found = Tally.of(axes, [np.array([0, 0, 1]), np.array([1, 0, 1]), np.array([1, 1, 0])])
    >>> rate_table(found, ["sex"], 1)["true_positive_rate"].tolist()
    [1.0, 0.0]
    """
    cells = confusion(tally, by, positive).table
    counts = cells.counts.sum(axis=(1, 2))
    (tn, fp), (fn, tp) = np.moveaxis(cells.counts if cells.weights is None else cells.weights, 0, -1)
    n = tn + fp + fn + tp
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "n": counts.astype(np.float64),
            "base_rate": (tp + fn) / n,
            "selection_rate": (tp + fp) / n,
            "true_positive_rate": tp / (tp + fn),
            "false_positive_rate": fp / (fp + tn),
            "false_negative_rate": fn / (tp + fn),
            "true_negative_rate": tn / (fp + tn),
            "precision": tp / (tp + fp),
            "negative_predictive_value": tn / (tn + fn),
            "accuracy": (tp + tn) / n,
        }
