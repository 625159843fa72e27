"""The score cells of one group as its measures need them: weights, their squares, and weights without each bucket."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.finding import Direction, Group, Measure, MeasureStatus
from auditkit.group_cells import MIN_CLUSTERS, Minimum
from auditkit.group_rates import two_sided
from auditkit.score_tally import ScoreTally
from auditkit.stats.uncertainty import Uncertainty
from auditkit.stats.weighting import estimated_clusters, jackknife_variance
from auditkit.tally import BUCKETS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCells:
    """One group's scores.

    Attributes
    ----------
    group : Group
    scores : float array, shape (cells,)
        Ascending.
    counts, weights, squares : arrays, shape (cells, 2)
        Rows, Σw and Σw² of negatives and positives.
    certified_error : float
        How far an AUC of these cells can be from that of the rows; 0 for distinct scores.
    buckets : tuple of (cells, Σw of negatives and positives there), one for each bucket of clusters that holds rows; or None
    """

    group: Group
    scores: Array
    counts: npt.NDArray[np.int64]
    weights: Array
    squares: Array
    buckets: tuple[tuple[npt.NDArray[np.int64], Array], ...] | None
    certified_error: float = 0.0

    @classmethod
    def of(cls, tally: ScoreTally, place: int) -> ScoreCells:
        """Return the cells of a group of a tally."""
        scores, positives, negatives = tally.cells[place]
        counts = np.stack([negatives, positives], axis=1)
        if tally.weighted is None:
            plain = counts.astype(np.float64)
            return cls(tally.groups[place], scores, counts, plain, plain, None, tally.certified_error(place))
        entries = tally.weighted[place]
        weights, squares = np.zeros(counts.shape), np.zeros(counts.shape)
        np.add.at(weights, entries.cell, entries.weights)
        np.add.at(squares, entries.cell, entries.squares)
        if not tally.clustered:
            return cls(tally.groups[place], scores, counts, weights, squares, None)
        rows = [np.flatnonzero(entries.bucket == bucket) for bucket in np.unique(entries.bucket)]
        buckets = tuple((entries.cell[some], entries.weights[some]) for some in rows)
        return cls(tally.groups[place], scores, counts, weights, squares, buckets)

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.counts.sum())

    @property
    def rarer(self) -> int:
        """Rows of the rarer outcome."""
        return int(self.counts.sum(axis=0).min())

    @property
    def clusters(self) -> float | None:
        """About how many clusters there are, or None."""
        if self.buckets is None:
            return None
        return estimated_clusters(np.arange(BUCKETS) < len(self.buckets))

    @property
    def df(self) -> float:
        """Degrees of freedom of a mean: Kish's size less one, or the buckets less one."""
        if self.buckets is not None:
            return max(1.0, len(self.buckets) - 1.0)
        return max(1.0, float(self.weights.sum()) ** 2 / float(self.squares.sum()) - 1)

    def effective(self, side: int) -> int:
        """Return Kish's size of the negatives (0) or positives (1), at least 1."""
        return max(1, round(float(self.weights[:, side].sum()) ** 2 / float(self.squares[:, side].sum())))

    def jackknife(self, function: Callable[[Array], float]) -> float:
        """Return the standard error of a function of weights, leaving out one bucket at a time."""
        if self.buckets is None:
            raise ValueError("rows have no clusters")
        left_out = np.empty(len(self.buckets))
        for place, (cell, mass) in enumerate(self.buckets):
            rest = self.weights.copy()
            rest[cell] -= mass
            left_out[place] = function(np.maximum(rest, 0.0))
        return math.sqrt(jackknife_variance(left_out)) if np.isfinite(left_out).all() else math.nan

    def shortage(self, minimum: Minimum, *, both: bool) -> tuple[MeasureStatus, str] | None:
        """Return why nothing can be measured: `both` outcomes are needed, or rows alone."""
        if both and self.rarer == 0:
            return "undefined", "undefined: one of the two outcomes does not occur in these rows"
        if self.group and self.n < minimum.group_size:
            return "insufficient", f"{self.n:,} rows, at least {minimum.group_size} are needed"
        if both and self.group and self.rarer < minimum.denominator:
            return (
                "insufficient",
                f"{self.rarer:,} rows of the rarer outcome, at least {minimum.denominator} are needed",
            )
        if self.n < 2:
            return "insufficient", "1 row, at least 2 are needed"
        if self.clusters is not None and self.clusters < MIN_CLUSTERS:
            return "insufficient", f"about {self.clusters:.0f} clusters, at least {MIN_CLUSTERS} are needed"
        return None

    def measure(
        self,
        name: str,
        uncertainty: Uncertainty,
        method: str,
        *,
        unit: str = "rate",
        direction: Direction = "higher",
        value: float | None = None,
        expected: float | None = None,
    ) -> Measure:
        """Return a measure of these rows with its two-sided interval."""
        return Measure(
            name=name,
            value=uncertainty.estimate if value is None else value,
            unit=unit,
            direction=direction,
            group=self.group,
            n=self.n,
            interval=two_sided(
                uncertainty, "jackknife over buckets of clusters" if self.buckets is not None else method
            ),
            uncertainty=uncertainty,
            expected=expected,
        )

    def nothing(
        self, name: str, status: MeasureStatus, reason: str, *, unit: str = "rate", direction: Direction = "higher"
    ) -> Measure:
        """Return a measure without a value."""
        return Measure(
            name=name,
            value=None,
            unit=unit,
            direction=direction,
            group=self.group,
            n=self.n,
            status=status,
            reason=reason,
        )
