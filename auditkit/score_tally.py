"""Counts of positives and negatives by group and score: what AUC, calibration and thresholds are functions of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.errors import DataError
from auditkit.finding import Group
from auditkit.tally import BUCKETS, Codes, Counts
from auditkit.weights import WEIGHT_UNIT, whole_weights

Floats: TypeAlias = npt.NDArray[np.float64]
MOST_SCORES = 1 << 20
GRID = 1 << 16
_CHUNK = 1 << 16
_MANTISSA, _OCTAVES = 10, 32  # 32 halvings of the distance from 0 (and from 1), each in 1,024 cells
_SUM_UNIT = 2.0**-26  # scores are added as multiples of this: exact below 2²⁷ rows a cell


@dataclass(frozen=True, slots=True, eq=False)
class WeightedCells:
    """Weights by distinct score and bucket of clusters in one group; arrays of one length.

    Attributes
    ----------
    cell : int array
        Index into the group's scores.
    bucket : int array
        0 where rows have no clusters.
    weights, squares : float arrays, shape (entries, 2)
        Σw and Σw² of negatives and positives.
    """

    cell: Counts
    bucket: Counts
    weights: Floats
    squares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTally:
    """Counts of positives and negatives by group and score; it never enters the record.

    Attributes
    ----------
    groups : tuple of Group
    cells : tuple of (scores, positives, negatives), one for each group
        Scores ascending, float64; counts int64. On the grid a score is the mean of its cell.
    exact : bool
        Whether cells are distinct scores; else they are those of a grid of 65,536 cells, narrow in proportion to the
        distance from 0 and from 1, like a grid on the logit scale.
    weighted : tuple of WeightedCells, or None
    clustered : bool
        Whether the buckets of `weighted` are those of clusters.

    Notes
    -----
    Distinct scores are kept while there are at most 2²⁰ of them, as seen on the 1/64 of them that a fixed hash picks.
    """

    groups: tuple[Group, ...]
    cells: tuple[tuple[Floats, Counts, Counts], ...]
    exact: bool = True
    weighted: tuple[WeightedCells, ...] | None = None
    clustered: bool = False

    @classmethod
    def of(
        cls,
        groups: Sequence[Group],
        group: Codes,
        score: Floats,
        positive: npt.NDArray[np.bool_],
        *,
        weight: Floats | None = None,
        bucket: Codes | None = None,
        grid: bool | None = None,
        means: bool = True,
    ) -> ScoreTally:
        """Count rows by group and score.

        Parameters
        ----------
        groups : sequence of Group
        group : int array, shape (rows,)
            Index into `groups`.
        score : float array, shape (rows,)
        positive : bool array, shape (rows,)
        weight, bucket : arrays, shape (rows,), optional
            Weights and buckets of clusters; distinct scores are then always kept.
        grid : bool, optional
            Take the grid, or never; by default it is taken beyond 2²⁰ distinct scores within [0, 1].
        means : bool
            On the grid, keep the mean score of each cell, which calibration needs and an AUC does not; else its middle.
        """
        weighted = weight is not None or bucket is not None
        if grid is None:
            many = not weighted and len(score) > MOST_SCORES and _many(score)
            grid = many and bool(score.min() >= 0 and score.max() <= 1)
        if grid:
            return _on_grid(tuple(groups), group, score, positive, means)
        order = np.lexsort((score, group)) if len(groups) > 1 else np.argsort(score, kind="stable")
        starts = np.searchsorted(group[order], np.arange(len(groups) + 1)) if len(groups) > 1 else [0, len(order)]
        cells, extra = [], []
        for index in range(len(groups)):
            rows = order[starts[index] : starts[index + 1]]
            values, place = _runs(score[rows])
            hits = np.bincount(place[positive[rows]], minlength=len(values)).astype(np.int64)
            cells.append((values, hits, np.bincount(place, minlength=len(values)).astype(np.int64) - hits))
            if weighted:
                extra.append(
                    _weighted(
                        place,
                        positive[rows],
                        None if weight is None else weight[rows],
                        None if bucket is None else bucket[rows],
                    )
                )
        return cls(tuple(groups), tuple(cells), True, tuple(extra) if weighted else None, bucket is not None)

    def certified_error(self, place: int) -> float:
        """Return how far the AUC of a group can be from that of its rows: ½ Σ f⁺·f⁻ over cells, 0 for distinct scores."""
        if self.exact:
            return 0.0
        _, positives, negatives = self.cells[place]
        pairs = float(positives.sum()) * float(negatives.sum())
        return float(positives.astype(np.float64) @ negatives) / (2 * pairs) if pairs else 0.0

    def __add__(self, other: ScoreTally) -> ScoreTally:
        if self.exact != other.exact or self.weighted is not None or other.weighted is not None:
            raise DataError(
                "score tallies add up when both are unweighted and both of distinct scores, or both of the grid"
            )
        groups = tuple(dict.fromkeys((*self.groups, *other.groups)))
        return ScoreTally(groups, tuple(_joined(group, self, other) for group in groups), self.exact)


def bucket_of(value: object) -> int:
    """Return the bucket of a cluster, 0 to 99: a fixed hash of its text, the same wherever rows live."""
    import hashlib

    return int(hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest()[:8], 16) % BUCKETS


def _runs(ordered: Floats) -> tuple[Floats, Counts]:
    fresh = np.empty(len(ordered), dtype=np.bool_)
    fresh[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh], np.cumsum(fresh) - 1


def _weighted(
    place: Counts, positive: npt.NDArray[np.bool_], weight: Floats | None, bucket: Codes | None
) -> WeightedCells:
    rows = len(place)
    mass = np.ones(rows) if weight is None else whole_weights(weight) * WEIGHT_UNIT
    drawn = np.zeros(rows, dtype=np.int64) if bucket is None else np.asarray(bucket, dtype=np.int64)
    order = np.lexsort((mass, positive, drawn, place))  # so that the order of the rows changes no sum
    key, index = np.unique((place * BUCKETS + drawn)[order], return_inverse=True)
    sums = np.zeros((2, len(key), 2))
    side = positive[order].astype(np.int64)
    for total, values in zip(sums, (mass[order], mass[order] ** 2), strict=True):
        np.add.at(total, (index, side), values)
    return WeightedCells(key // BUCKETS, key % BUCKETS, sums[0], sums[1])


def _many(score: npt.NDArray[np.floating[Any]]) -> bool:
    """Whether there are more than 2²⁰ distinct scores, judged by those that a fixed hash picks: row order is nothing."""
    wide = score.dtype == np.float64
    picked: npt.NDArray[np.floating[Any]] = score[:0]
    fresh: list[npt.NDArray[np.floating[Any]]] = []
    for start in range(0, len(score), _CHUNK):
        chunk = np.ascontiguousarray(score[start : start + _CHUNK])
        words = chunk.view(np.uint32)
        if wide:  # of the low halves alone: the high ones hold the exponent, the same for half of all scores
            words = words[::2] ^ (words[1::2] << np.uint32(7))
        fresh.append(chunk[words * np.uint32(0x9E3779B1) < np.uint32(1 << 26)])
        if len(fresh) == 20:  # once there are too many, more rows change nothing
            picked, fresh = np.unique(np.concatenate([picked, *fresh])), []
            if 64 * len(picked) > MOST_SCORES:
                return True
    return 64 * len(np.unique(np.concatenate([picked, *fresh]))) > MOST_SCORES


def grid_cell(score: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int32]:
    """Return the cell, 0 to 65,535, of scores in [0, 1]: the leading bits of the distance from the nearer end."""
    near = np.minimum(score, 1 - score).astype(np.float32)
    cell: npt.NDArray[np.int32] = near.view(np.int32) >> (23 - _MANTISSA)
    cell -= (126 - _OCTAVES) << _MANTISSA
    np.clip(cell, 0, GRID // 2 - 1, out=cell)
    cell ^= np.multiply(score > 0.5, GRID - 1, dtype=np.int32)
    return cell


def _on_grid(
    groups: tuple[Group, ...], group: Codes, score: Floats, positive: npt.NDArray[np.bool_], with_means: bool
) -> ScoreTally:
    counts = np.zeros(2 * GRID * len(groups), dtype=np.int64)
    sums = np.zeros(GRID * len(groups))
    for start in range(0, len(score), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        cell, drawn = grid_cell(score[chunk]), group[chunk].astype(np.int32)
        drawn <<= 17
        drawn += cell
        if with_means:
            whole = np.rint(np.multiply(score[chunk], 1 / _SUM_UNIT, dtype=np.float64))
            np.add.at(sums, (drawn - cell >> 1) + cell, whole)
        drawn += np.multiply(positive[chunk], GRID, dtype=np.int32)
        np.add.at(counts, drawn, 1)
    table, means = counts.reshape(-1, 2, GRID), sums.reshape(-1, GRID)
    middles = _middles()
    cells = []
    for place in range(len(groups)):
        total = table[place].sum(axis=0)
        used = np.flatnonzero(total)
        score_of = means[place, used] * _SUM_UNIT / total[used] if with_means else middles[used]
        cells.append((score_of, table[place, 1, used], table[place, 0, used]))
    return ScoreTally(groups, tuple(cells), False)


def _middles() -> Floats:
    """Return the middle of each cell of the grid."""
    ends = (np.arange(GRID // 2 + 1, dtype=np.int32) + ((126 - _OCTAVES) << _MANTISSA)) << (23 - _MANTISSA)
    low = ends.view(np.float32).astype(np.float64)
    half = (low[:-1] + low[1:]) / 2
    return np.concatenate([half, 1 - half[::-1]])


def _joined(group: Group, *tallies: ScoreTally) -> tuple[Floats, Counts, Counts]:
    parts = [tally.cells[tally.groups.index(group)] for tally in tallies if group in tally.groups]
    scores, positives, negatives = (np.concatenate(column) for column in zip(*parts, strict=True))
    key = scores if tallies[0].exact else grid_cell(scores)
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    hits, misses = np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=np.int64)
    np.add.at(hits, index, positives)
    np.add.at(misses, index, negatives)
    if tallies[0].exact:
        return scores[first], hits, misses
    mass = np.zeros(len(first))
    np.add.at(mass, index, scores * (positives + negatives))
    return mass / (hits + misses), hits, misses
