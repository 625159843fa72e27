"""Rows that were drawn: their groups, and rates and means over them that know weights and clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.binning import binned
from auditkit.data.counting import cluster_buckets
from auditkit.data.frames import table_from_frame
from auditkit.data.table import scalar
from auditkit.finding import Group, Scalar
from auditkit.group_cells import Rate
from auditkit.stats.weighting import clustered_proportion, estimated_clusters, jackknife_variance, weighted_proportion
from auditkit.subject import Subject
from auditkit.tally import BUCKETS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def groups_in(subject: Subject, frame: Any, column: str) -> list[Scalar]:
    """Return the group of each row: its value, or its bin where cut points were stated; missing is None."""
    bins = subject.summary()["bins"]
    cuts = bins.get(column) if isinstance(bins, dict) else None
    if cuts is None:
        return [scalar(value) for value in frame[column].astype(object).where(frame[column].notna(), None)]
    coded = binned(frame[column].to_numpy(dtype=np.float64, na_value=np.nan), cuts)
    return [coded.values[code] for code in coded.codes]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its standard error and the degrees of freedom of that; `clusters` where rows have any."""

    value: float
    error: float
    df: float
    n: int
    clusters: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Weights and buckets of clusters of the rows drawn; ones and None where rows have none."""

    weights: Floats
    buckets: npt.NDArray[np.integer] | None
    weighted: bool

    @classmethod
    def of(cls, subject: Subject, frame: Any) -> Drawn:
        """Read the roles of weight and cluster in the rows drawn."""
        weight, cluster = subject.roles.weight, subject.roles.cluster
        weights = frame[weight].to_numpy(dtype=np.float64) if weight else np.ones(len(frame))
        return cls(weights, cluster_buckets(table_from_frame(frame), cluster) if cluster else None, weight is not None)

    def rate(self, group: Group, hits: Flags, among: Flags) -> Rate:
        """Return the share of hits among some of the rows."""
        n, inside = int(among.sum()), hits & among
        plain = Rate(group, int(inside.sum()), n, n)
        weights = self.weights
        if (self.buckets is None and not self.weighted) or float(weights[among].sum()) <= 0:
            return plain
        if self.buckets is None:
            sums = [float((weights[rows] ** power).sum()) for rows in (inside, among) for power in (1, 2)]
            return Rate(group, plain.successes, n, n, weighted_proportion(*sums))
        hit, base = (self._by_bucket(weights * rows) for rows in (inside, among))
        return Rate(group, plain.successes, n, n, clustered_proportion(hit, base, n), estimated_clusters(base > 0))

    def mean(self, values: Floats, among: Flags) -> Mean:
        """Return the mean over some of the rows, of which there is at least one; n is 0 where they have no weight."""
        own, picked = self.weights[among], values[among]
        base = math.fsum(own.tolist())
        if base <= 0:
            return Mean(0.0, 0.0, 1.0, 0)
        mean = math.fsum((own * picked).tolist()) / base
        n = len(picked)
        if self.buckets is None:
            spread = math.fsum(((own * (picked - mean)) ** 2).tolist()) / base**2
            return Mean(mean, math.sqrt(spread * n / max(1, n - 1)), max(1.0, n - 1.0), n)
        sums = self._by_bucket(np.where(among, self.weights * values, 0.0))
        bases = self._by_bucket(np.where(among, self.weights, 0.0))
        used = bases > 0
        clusters, count = estimated_clusters(used), int(used.sum())
        if count < 2:
            return Mean(mean, 0.0, 1.0, n, clusters)
        left_out = (sums.sum() - sums[used]) / (bases.sum() - bases[used])
        return Mean(mean, math.sqrt(jackknife_variance(left_out)), count - 1.0, n, clusters)

    def _by_bucket(self, values: Floats) -> Floats:
        buckets = np.zeros(len(values), dtype=np.int8) if self.buckets is None else self.buckets
        return np.bincount(buckets, weights=values, minlength=BUCKETS).astype(np.float64)
