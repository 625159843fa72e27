"""What accuracy is left when groups get thresholds of their own and a gap is bounded: a frontier from score cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Cells = tuple[Array, Counts, Counts]
GapKind = Literal["demographic_parity", "equal_opportunity", "equalized_odds"]
_CENTRES = 201
_STEPS = 41  # of each rate, where two rates are bounded at once


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """All thresholds of one group, highest first: what is decided positive with each.

    Attributes
    ----------
    thresholds : float array, shape (cuts,)
        Decide positive at or above; the first is infinite: nobody. NaN where decisions are known and no threshold.
    hits, false : int arrays, shape (cuts,)
        True and false positives.
    positives, negatives : int
    """

    thresholds: Array
    hits: Counts
    false: Counts
    positives: int
    negatives: int

    @classmethod
    def of(cls, cells: Cells) -> Cuts:
        """Return the cuts between distinct scores."""
        scores, positives, negatives = cells
        hits = np.concatenate([[0], np.cumsum(positives[::-1])]).astype(np.int64)
        false = np.concatenate([[0], np.cumsum(negatives[::-1])]).astype(np.int64)
        return cls(np.concatenate([[np.inf], scores[::-1]]), hits, false, int(hits[-1]), int(false[-1]))

    @classmethod
    def of_decisions(cls, confusion: Counts) -> Cuts:
        """Return the one cut that decisions are: counts of shape (2, 2), [actual, predicted], 1 is positive."""
        (true_negatives, false), (missed, hits) = confusion.tolist()
        return cls(np.array([np.nan]), np.array([hits]), np.array([false]), hits + missed, false + true_negatives)

    @property
    def fewest(self) -> int:
        """Rows of the rarer outcome."""
        return min(self.positives, self.negatives)

    @property
    def n(self) -> int:
        """Rows of the group."""
        return self.positives + self.negatives

    @property
    def right(self) -> Counts:
        """Rows decided rightly at each cut."""
        return self.hits + self.negatives - self.false

    @property
    def selection_rate(self) -> Array:
        """Share decided positive at each cut."""
        return (self.hits + self.false) / self.n

    @property
    def true_positive_rate(self) -> Array:
        """Share of positives decided so."""
        return self.hits / max(1, self.positives)

    @property
    def false_positive_rate(self) -> Array:
        """Share of negatives decided positive."""
        return self.false / max(1, self.negatives)

    def with_rows_of(self, other: Cuts) -> Cuts:
        """Return the cuts of the rows of both."""
        thresholds = -np.unique(-np.concatenate([self.thresholds, other.thresholds]))
        mine, theirs = (np.searchsorted(-cuts.thresholds, -thresholds, side="right") - 1 for cuts in (self, other))
        return Cuts(
            thresholds,
            self.hits[mine] + other.hits[theirs],
            self.false[mine] + other.false[theirs],
            self.positives + other.positives,
            self.negatives + other.negatives,
        )

    def at(self, threshold: float) -> int:
        """Return the cut that a threshold makes."""
        return int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1


def best_cuts(groups: Sequence[Cuts], kind: GapKind, widest: float) -> list[int] | None:
    """Return the cut of each group that makes most rows right while the gap is at most `widest`; None if there is none.

    The bounded rates of all groups must lie in one window of that width; windows on a grid are tried, and within each a
    group takes its best cut. Deterministic thresholds: nobody is decided by a lot.

    References
    ----------
    Hardt, Price, Srebro 2016, arXiv:1610.02413, whose randomised thresholds bound what these can reach
    """
    if kind == "equalized_odds":
        return _best_in_boxes(groups, widest)
    rates = [g.selection_rate if kind == "demographic_parity" else g.true_positive_rate for g in groups]
    lows = np.unique(
        np.concatenate([np.linspace(0, 1, _CENTRES), *(rate[:: max(1, len(rate) // _CENTRES)] for rate in rates)])
    )
    total = np.zeros(len(lows))
    chosen = np.zeros((len(groups), len(lows)), dtype=np.int64)
    for place, (group, rate) in enumerate(zip(groups, rates, strict=True)):
        first = np.searchsorted(rate, lows - 1e-12, side="left")
        last = np.searchsorted(rate, lows + widest + 1e-12, side="right")
        best = _range_argmax(group.right, first, last)
        chosen[place] = best
        total += np.where(best >= 0, group.right[best], -np.inf)
    window = int(np.argmax(total))
    return None if not np.isfinite(total[window]) else chosen[:, window].tolist()


def _range_argmax(values: Counts, first: Counts, last: Counts) -> Counts:
    """Return the place of the largest value in each half-open range, −1 where it is empty: a sparse table."""
    tables = [np.arange(len(values))]
    while (1 << len(tables)) <= len(values):
        half, before = 1 << (len(tables) - 1), tables[-1]
        left, right = before[:-half], before[half:]
        tables.append(np.where(values[left] >= values[right], left, right))
    width = last - first
    level = np.where(width > 0, np.frexp(np.maximum(1, width))[1] - 1, 0)
    found = np.full(len(first), -1, dtype=np.int64)
    for depth, table in enumerate(tables):
        rows = np.flatnonzero((level == depth) & (width > 0))
        left, right = table[first[rows]], table[last[rows] - (1 << depth)]
        found[rows] = np.where(values[left] >= values[right], left, right)
    return found


def _best_in_boxes(groups: Sequence[Cuts], widest: float) -> list[int] | None:
    grid = np.linspace(0, 1, _STEPS)
    lows = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    lows = lows[lows[:, 0] >= lows[:, 1] - widest]
    total = np.zeros(len(lows))
    chosen = np.zeros((len(groups), len(lows)), dtype=np.int64)
    for place, group in enumerate(groups):
        # rates rise together along the cuts, so the cuts within a box are a range
        tpr, fpr = group.true_positive_rate, group.false_positive_rate
        first = np.maximum(
            np.searchsorted(tpr, lows[:, 0] - 1e-12, side="left"), np.searchsorted(fpr, lows[:, 1] - 1e-12, side="left")
        )
        last = np.minimum(
            np.searchsorted(tpr, lows[:, 0] + widest + 1e-12, side="right"),
            np.searchsorted(fpr, lows[:, 1] + widest + 1e-12, side="right"),
        )
        best = _range_argmax(group.right, first, last)
        chosen[place] = best
        total += np.where(best >= 0, group.right[best], -np.inf)
    window = int(np.argmax(total))
    return None if not np.isfinite(total[window]) else chosen[:, window].tolist()


def gap_at(groups: Sequence[Cuts], cuts: Sequence[int], kind: GapKind) -> float:
    """Return the gap that these cuts leave between groups."""

    def spread(rates: list[float]) -> float:
        return max(rates) - min(rates)

    if kind == "demographic_parity":
        return spread([float(g.selection_rate[c]) for g, c in zip(groups, cuts, strict=True)])
    true = spread([float(g.true_positive_rate[c]) for g, c in zip(groups, cuts, strict=True)])
    if kind == "equal_opportunity":
        return true
    return max(true, spread([float(g.false_positive_rate[c]) for g, c in zip(groups, cuts, strict=True)]))


def common_threshold(groups: Sequence[Cuts], decisions: Sequence[Cuts]) -> float | None:
    """Return the one threshold that makes these decisions (their first cuts) in all groups, or None.

    It is known by its counts: as many true and false positives in each group. Of several that make the same, the lowest.
    """
    thresholds = np.unique(np.concatenate([group.thresholds for group in groups]))
    same = np.ones(len(thresholds), dtype=np.bool_)
    for group, made in zip(groups, decisions, strict=True):
        place = np.searchsorted(-group.thresholds, -thresholds, side="right") - 1
        same &= (group.hits[place] == made.hits[0]) & (group.false[place] == made.false[0])
    found = np.flatnonzero(same)
    return float(thresholds[found[0]]) if len(found) else None


def balanced_accuracy_at(groups: Sequence[Cuts], cuts: Sequence[int]) -> float | None:
    """Return the mean of the shares of positives and of negatives decided rightly, over all rows; None without either."""
    positives, negatives = sum(g.positives for g in groups), sum(g.negatives for g in groups)
    if not positives or not negatives:
        return None
    hits = sum(int(g.hits[c]) for g, c in zip(groups, cuts, strict=True))
    false = sum(int(g.false[c]) for g, c in zip(groups, cuts, strict=True))
    return (hits / positives + 1 - false / negatives) / 2


def accuracy_at(groups: Sequence[Cuts], cuts: Sequence[int]) -> float:
    """Return the share of rows that these cuts decide rightly."""
    right = sum(int(group.right[cut]) for group, cut in zip(groups, cuts, strict=True))
    return right / sum(group.n for group in groups)
