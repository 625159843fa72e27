"""The cells that every group metric, gap and interval is a function of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.errors import DataError
from auditkit.finding import Group, Scalar

Codes: TypeAlias = npt.NDArray[np.integer]
Counts: TypeAlias = npt.NDArray[np.int64]
LABEL, PREDICTION = "\0label", "\0prediction"  # no column has these names
_DENSE_LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Axis:
    """A named key of the cells and the values that its codes stand for."""

    name: str
    values: tuple[Scalar, ...]


def scalar_key(value: Scalar) -> tuple[int, float, str]:
    """Sort key for mixed scalars: numbers first, then text, missing last."""
    if value is None:
        return (2, 0.0, "")
    if isinstance(value, bool | int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of rows by group columns × label × prediction.

    Attributes
    ----------
    axes : tuple of Axis
    codes : int64 array, shape (cells, axes)
        Sorted, distinct; a cell without rows is absent.
    counts : int64 array, shape (cells,)

    Notes
    -----
    ``tally(a) + tally(b) == tally(a ∪ b)``: counts are integers, so chunks, files and sites add up exactly.
    """

    axes: tuple[Axis, ...]
    codes: Counts
    counts: Counts

    @classmethod
    def of(cls, axes: Sequence[Axis], columns: Sequence[Codes]) -> Tally:
        """Count rows in one pass over their codes.

        Parameters
        ----------
        axes : sequence of Axis
        columns : sequence of integer arrays, shape (rows,)
            One for each axis, indices into its values.

        Raises
        ------
        DataError
            If there is no axis, or the product of all cardinalities exceeds 2**62.
        """
        sizes = [max(1, len(axis.values)) for axis in axes]
        space = 1
        for size in sizes:
            space *= size
        if not axes or space >= 1 << 62:
            raise DataError(
                f"a tally over {len(axes)} columns has {space:.3g} possible cells; name fewer sensitive columns"
            )
        key = _key(columns, sizes, space)
        if space <= _DENSE_LIMIT:
            dense = np.bincount(key, minlength=space)
            cells = np.flatnonzero(dense)
            counts = dense[cells]
        else:
            cells, counts = np.unique(key, return_counts=True)
        return cls(tuple(axes), _split(cells, sizes), counts.astype(np.int64))

    @property
    def n(self) -> int:
        """Rows counted."""
        return int(self.counts.sum())

    def axis(self, name: str) -> Axis:
        """Return the axis of that name."""
        return self.axes[self._index(name)]

    def _index(self, name: str) -> int:
        for index, axis in enumerate(self.axes):
            if axis.name == name:
                return index
        raise KeyError(f"the tally has no column {name!r}, only {[axis.name for axis in self.axes]}")

    def marginal(self, *names: str) -> Tally:
        """Return the tally over these columns alone, in this order."""
        picked = [self._index(name) for name in names]
        axes = [self.axes[index] for index in picked]
        sizes = [max(1, len(axis.values)) for axis in axes]
        key = np.zeros(len(self.counts), dtype=np.int64)
        for index, size in zip(picked, sizes, strict=True):
            key = key * size + self.codes[:, index]
        cells, inverse = np.unique(key, return_inverse=True)
        counts = np.zeros(len(cells), dtype=np.int64)
        np.add.at(counts, inverse, self.counts)
        return Tally(tuple(axes), _split(cells, sizes), counts)

    def groups(self, by: Sequence[str]) -> list[Group]:
        """Return the observed groups over `by`, in the order of their values; one empty group if `by` is empty."""
        if not by:
            return [Group()]
        table = self.marginal(*by)
        rows = [tuple(axis.values[code] for axis, code in zip(table.axes, row, strict=True)) for row in table.codes]
        return [
            Group(tuple(zip(by, row, strict=True))) for row in sorted(rows, key=lambda r: [scalar_key(v) for v in r])
        ]

    def cube(self, by: Sequence[str], keys: Sequence[str]) -> Counts:
        """Return counts of shape (groups, *sizes of keys), groups as in `groups(by)`."""
        order = {group: index for index, group in enumerate(self.groups(by))}
        table = self.marginal(*by, *keys)
        cube = np.zeros((len(order), *(len(self.axis(key).values) for key in keys)), dtype=np.int64)
        width = len(by)
        for row, count in zip(table.codes, table.counts, strict=True):
            values = tuple(axis.values[code] for axis, code in zip(table.axes[:width], row, strict=False))
            cube[(order[Group(tuple(zip(by, values, strict=True)))], *row[width:])] += count
        return cube

    def __add__(self, other: Tally) -> Tally:
        if [axis.name for axis in self.axes] != [axis.name for axis in other.axes]:
            raise DataError("tallies over different columns cannot be added; count both over the same ones")
        axes = [
            Axis(mine.name, tuple(sorted({*mine.values, *theirs.values}, key=scalar_key)))
            for mine, theirs in zip(self.axes, other.axes, strict=True)
        ]
        codes = np.concatenate([_recode(self, axes), _recode(other, axes)])
        whole = Tally(tuple(axes), codes, np.concatenate([self.counts, other.counts]))
        return whole.marginal(*(axis.name for axis in axes))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and self._cells() == other._cells()

    __hash__ = None  # type: ignore[assignment]

    def _cells(self) -> dict[tuple[object, ...], int]:
        return {
            tuple((axis.name, axis.values[code]) for axis, code in zip(self.axes, row, strict=True)): int(count)
            for row, count in zip(self.codes, self.counts, strict=True)
        }


def _key(columns: Sequence[Codes], sizes: Sequence[int], space: int) -> Codes:
    narrow: npt.DTypeLike = np.int16 if space < 1 << 15 else np.int32 if space < 1 << 31 else np.int64
    key = columns[0].astype(narrow)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        key *= size
        key += column.astype(narrow, copy=False)
    return key


def _split(cells: Codes, sizes: Sequence[int]) -> Counts:
    remaining = cells.astype(np.int64)
    split = np.empty((len(cells), len(sizes)), dtype=np.int64)
    for index in range(len(sizes) - 1, -1, -1):
        remaining, split[:, index] = np.divmod(remaining, sizes[index])
    return split


def _recode(tally: Tally, axes: Sequence[Axis]) -> Counts:
    recoded = np.empty_like(tally.codes)
    for index, axis in enumerate(axes):
        position = {value: place for place, value in enumerate(axis.values)}
        mapping = np.array([position[value] for value in tally.axes[index].values], dtype=np.int64)
        recoded[:, index] = mapping[tally.codes[:, index]]
    return recoded


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTally:
    """Counts of positives and negatives by group and distinct score; it never enters the record.

    Attributes
    ----------
    groups : tuple of Group
    cells : tuple of (scores, positives, negatives), one for each group
        Scores ascending and distinct, float64; counts int64.
    """

    groups: tuple[Group, ...]
    cells: tuple[tuple[npt.NDArray[np.float64], Counts, Counts], ...]

    @classmethod
    def of(
        cls, groups: Sequence[Group], group: Codes, score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]
    ) -> ScoreTally:
        """Count rows by group and distinct score: one sort for all groups."""
        order = np.lexsort((score, group))
        starts = np.searchsorted(group[order], np.arange(len(groups) + 1))
        cells = []
        for index in range(len(groups)):
            rows = order[starts[index] : starts[index + 1]]
            values, inverse = np.unique(score[rows], return_inverse=True)
            hits = np.bincount(inverse, weights=positive[rows], minlength=len(values)).astype(np.int64)
            cells.append((values, hits, np.bincount(inverse, minlength=len(values)).astype(np.int64) - hits))
        return cls(tuple(groups), tuple(cells))
