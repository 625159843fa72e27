"""The cells that every group metric, gap and interval is a function of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.errors import DataError
from auditkit.finding import Group, Scalar
from auditkit.weights import WEIGHT_UNIT, Whole, exact_weight_sums, whole_weights

Codes: TypeAlias = npt.NDArray[np.integer]
Counts: TypeAlias = npt.NDArray[np.int64]
LABEL, PREDICTION, BUCKET = "\0label", "\0prediction", "\0bucket"  # no column has these names
BUCKETS = 100
_DENSE_LIMIT = 1 << 22
_WIDEST_KEY = 1 << 62
_CHUNK = 1 << 17


@dataclass(frozen=True, slots=True)
class Axis:
    """A named key of the cells and the values that its codes stand for, in the order they are shown in."""

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
    """Counts of rows by group columns × label × prediction, and their weights where rows have any.

    Attributes
    ----------
    axes : tuple of Axis
    codes : int64 array, shape (cells, axes)
        Sorted, distinct; a cell without rows is absent.
    counts : int64 array, shape (cells,)
    weights, squares : object arrays of int, shape (cells,), or None
        Σw in units of 2⁻²⁰ and Σw² in units of 2⁻⁴⁰, w rounded to the unit: exact, whatever their size.

    Notes
    -----
    ``tally(a) + tally(b) == tally(a ∪ b)``: all sums are integers, so chunks, files and sites add up exactly. Rows of
    clusters have `BUCKET` as a further key: a fixed hash of the cluster modulo 100, for variances by jackknife.
    """

    axes: tuple[Axis, ...]
    codes: Counts
    counts: Counts
    weights: Whole | None = None
    squares: Whole | None = None

    @classmethod
    def of(cls, axes: Sequence[Axis], columns: Sequence[Codes], weight: npt.NDArray[np.float64] | None = None) -> Tally:
        """Count rows in one pass over their codes.

        Parameters
        ----------
        axes : sequence of Axis
        columns : sequence of integer arrays, shape (rows,)
            One for each axis, indices into its values; int8 is fastest.
        weight : float array, shape (rows,), optional
            Weights ≥ 0, at least 1/1,000 where not 0.

        Raises
        ------
        DataError
            If there is no axis, or a weight is negative, not finite or too small for the unit.
        """
        if not axes:
            raise DataError("a tally needs at least one column to count by; name a label, prediction or group column")
        sizes = [max(1, len(axis.values)) for axis in axes]
        space = math.prod(sizes)
        if space > _DENSE_LIMIT or len(columns[0]) == 0 or weight is not None:
            return cls._sparse(axes, columns, sizes, weight)
        dense = _dense(columns, sizes, space)
        cells = np.flatnonzero(dense)
        return cls(tuple(axes), _split(cells, sizes), dense[cells])

    @classmethod
    def _sparse(
        cls,
        axes: Sequence[Axis],
        columns: Sequence[Codes],
        sizes: Sequence[int],
        weight: npt.NDArray[np.float64] | None,
    ) -> Tally:
        key = np.zeros(len(columns[0]), dtype=np.int64)
        space = 1
        for column, size in zip(columns, sizes, strict=True):
            if space * size >= _WIDEST_KEY:  # number the combinations seen so far: no key is ever too wide
                _, key = np.unique(key, return_inverse=True)
                space = int(key.max(initial=0)) + 1
            key = key * size + column
            space *= size
        _, first, index, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        codes = np.stack([np.asarray(column)[first] for column in columns], axis=1).astype(np.int64)
        order = np.lexsort(codes.T[::-1])
        if weight is None:
            return cls(tuple(axes), codes[order], counts[order].astype(np.int64))
        whole = whole_weights(weight)
        sums, squares = exact_weight_sums(whole, index, len(counts))
        return cls(tuple(axes), codes[order], counts[order].astype(np.int64), sums[order], squares[order])

    @classmethod
    def from_cells(
        cls, axes: Sequence[Axis], cells: Sequence[tuple[tuple[Scalar, ...], int, int | None, int | None]]
    ) -> Tally:
        """Return the tally of distinct keys that were counted elsewhere.

        Parameters
        ----------
        axes : sequence of Axis
        cells : sequence of (values, n, Σw, Σw²)
            Values in the order of the axes; sums in units of 2⁻²⁰ and 2⁻⁴⁰, or None.

        Raises
        ------
        DataError
            If a value is not among those of its axis.
        """
        positions = [{value: place for place, value in enumerate(axis.values)} for axis in axes]
        codes = np.empty((len(cells), len(axes)), dtype=np.int64)
        for row, (values, *_) in enumerate(cells):
            for place, (axis, value) in enumerate(zip(axes, values, strict=True)):
                if value not in positions[place]:
                    raise DataError(
                        f"{axis.name.strip(chr(0))} holds {value!r}, which is not among {axis.values[:10]!r}"
                    )
                codes[row, place] = positions[place][value]
        counts = np.array([n for _, n, _, _ in cells], dtype=np.int64)
        if not cells or cells[0][2] is None:
            return cls(tuple(axes), codes, counts).marginal(*(axis.name for axis in axes))
        sums = [np.array([cell[place] for cell in cells], dtype=object) for place in (2, 3)]
        return cls(tuple(axes), codes, counts, *sums).marginal(*(axis.name for axis in axes))

    @property
    def n(self) -> int:
        """Rows counted."""
        return int(self.counts.sum())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(axis.name for axis in self.axes)

    def axis(self, name: str) -> Axis:
        """Return the axis of that name."""
        return self.axes[self._index(name)]

    def _index(self, name: str) -> int:
        for index, axis in enumerate(self.axes):
            if axis.name == name:
                return index
        raise KeyError(f"the tally has no column {name!r}, only {list(self.names)}")

    def marginal(self, *names: str) -> Tally:
        """Return the tally over these columns alone, in this order."""
        picked = [self._index(name) for name in names]
        axes = tuple(self.axes[index] for index in picked)
        codes, index = _distinct(self.codes[:, picked], [max(1, len(axis.values)) for axis in axes])
        return Tally(
            axes,
            codes,
            _added(self.counts, index, len(codes)),
            None if self.weights is None else _added(self.weights, index, len(codes)),
            None if self.squares is None else _added(self.squares, index, len(codes)),
        )

    def groups(self, by: Sequence[str]) -> list[Group]:
        """Return the observed groups over `by`, in the order of their values; one empty group if `by` is empty."""
        if not by:
            return [Group()]
        table = self.marginal(*by)
        values = [axis.values for axis in table.axes]
        return [
            Group(tuple((name, value[code]) for name, value, code in zip(by, values, row, strict=True)))
            for row in table.codes.tolist()
        ]

    def cube(self, by: Sequence[str], keys: Sequence[str]) -> Counts:
        """Return counts of rows, shape (groups, *sizes of keys), groups as in `groups(by)`."""
        table, place, shape = self._places(by, keys)
        cube = np.zeros(shape, dtype=np.int64)
        cube[place] = table.counts
        return cube

    def weight_cubes(self, by: Sequence[str], keys: Sequence[str]) -> tuple[npt.NDArray[np.float64], ...]:
        """Return Σw and Σw², each of shape (groups, *sizes of keys); the counts twice if rows have no weights."""
        table, place, shape = self._places(by, keys)
        cubes = []
        for sums, unit in ((table.weights, WEIGHT_UNIT), (table.squares, WEIGHT_UNIT**2)):
            cube = np.zeros(shape)
            cube[place] = table.counts if sums is None else sums.astype(np.float64) * unit
            cubes.append(cube)
        return tuple(cubes)

    def _places(self, by: Sequence[str], keys: Sequence[str]) -> tuple[Tally, tuple[Any, ...], tuple[int, ...]]:
        table = self.marginal(*by, *keys)
        width = len(by)
        groups, index = _distinct(table.codes[:, :width], [max(1, len(axis.values)) for axis in table.axes[:width]])
        place = (index, *(table.codes[:, column] for column in range(width, table.codes.shape[1])))
        return table, place, (max(1, len(groups)), *(len(self.axis(key).values) for key in keys))

    def __add__(self, other: Tally) -> Tally:
        if self.names != other.names:
            raise DataError("tallies over different columns cannot be added; count both over the same ones")
        if (self.weights is None) != (other.weights is None):
            raise DataError("a tally with weights and one without cannot be added; count both with weights")
        axes = tuple(
            mine
            if mine.values == theirs.values
            else Axis(mine.name, tuple(sorted({*mine.values, *theirs.values}, key=scalar_key)))
            for mine, theirs in zip(self.axes, other.axes, strict=True)
        )
        codes = np.concatenate([_recode(self, axes), _recode(other, axes)])
        whole = Tally(
            axes,
            codes,
            np.concatenate([self.counts, other.counts]),
            None if self.weights is None else np.concatenate([self.weights, _given(other.weights)]),
            None if self.squares is None else np.concatenate([self.squares, _given(other.squares)]),
        )
        return whole.marginal(*self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and self._cells() == other._cells()

    __hash__ = None  # type: ignore[assignment]

    def _cells(self) -> dict[tuple[object, ...], tuple[int, int | None, int | None]]:
        weights = [None] * len(self.counts) if self.weights is None else self.weights.tolist()
        squares = [None] * len(self.counts) if self.squares is None else self.squares.tolist()
        return {
            tuple((axis.name, axis.values[code]) for axis, code in zip(self.axes, row, strict=True)): (n, w, w2)
            for row, n, w, w2 in zip(self.codes.tolist(), self.counts.tolist(), weights, squares, strict=True)
        }

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: axes, and one list of codes, n, Σw and Σw² (in their units, as text) for each cell."""
        weighted = self.weights is not None and self.squares is not None
        cells = [[*row, count] for row, count in zip(self.codes.tolist(), self.counts.tolist(), strict=True)]
        if weighted:
            pairs = zip(_given(self.weights).tolist(), _given(self.squares).tolist(), strict=True)
            cells = [[*cell, str(w), str(w2)] for cell, (w, w2) in zip(cells, pairs, strict=True)]
        return {
            "axes": [{"name": axis.name, "values": list(axis.values)} for axis in self.axes],
            "weighted": weighted,
            "cells": cells,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tally:
        """Return the tally that ``as_dict`` wrote."""
        axes = tuple(Axis(axis["name"], tuple(axis["values"])) for axis in data["axes"])
        width, cells = len(axes), data["cells"]
        codes = np.array([cell[:width] for cell in cells], dtype=np.int64).reshape(len(cells), width)
        counts = np.array([cell[width] for cell in cells], dtype=np.int64)
        if not data["weighted"]:
            return cls(axes, codes, counts)
        sums = [np.array([int(cell[width + place]) for cell in cells], dtype=object) for place in (1, 2)]
        return cls(axes, codes, counts, *sums)


def _dense(columns: Sequence[Codes], sizes: Sequence[int], space: int) -> Counts:
    """Count over all possible cells, chunk by chunk: the key stays narrow and in the cache."""
    narrow: Any = np.uint8 if space <= 1 << 8 else np.uint16 if space <= 1 << 16 else np.int32
    rows = len(columns[0])
    total = np.zeros(space, dtype=np.int64)
    for start in range(0, rows, _CHUNK):
        chunk = slice(start, min(rows, start + _CHUNK))
        key = columns[0][chunk].astype(narrow)
        for column, size in zip(columns[1:], sizes[1:], strict=True):
            np.multiply(key, narrow(size if size < space else 0), out=key)
            np.add(key, column[chunk].astype(narrow, copy=False), out=key)
        total += np.bincount(key, minlength=space)
    return total


def _split(cells: Counts, sizes: Sequence[int]) -> Counts:
    remaining = cells.astype(np.int64)
    split = np.empty((len(cells), len(sizes)), dtype=np.int64)
    for index in range(len(sizes) - 1, -1, -1):
        remaining, split[:, index] = np.divmod(remaining, sizes[index])
    return split


def _distinct(codes: Counts, sizes: Sequence[int]) -> tuple[Counts, Counts]:
    """Return the distinct rows of codes, sorted, and the place of each row among them."""
    if math.prod(sizes) >= _WIDEST_KEY:
        found, index = np.unique(codes, axis=0, return_inverse=True)
        return found, index.reshape(-1)
    key = np.zeros(len(codes), dtype=np.int64)
    for column, size in enumerate(sizes):
        key = key * size + codes[:, column]
    cells, index = np.unique(key, return_inverse=True)
    return _split(cells, sizes), index


def _added(values: npt.NDArray[Any], index: Counts, size: int) -> npt.NDArray[Any]:
    total = np.zeros(size, dtype=values.dtype)
    np.add.at(total, index, values)
    return total


def _given(values: Whole | None) -> Whole:
    return np.zeros(0, dtype=object) if values is None else values


def _recode(tally: Tally, axes: Sequence[Axis]) -> Counts:
    recoded = np.empty_like(tally.codes)
    for index, axis in enumerate(axes):
        position = {value: place for place, value in enumerate(axis.values)}
        mapping = np.array([position[value] for value in tally.axes[index].values], dtype=np.int64)
        recoded[:, index] = mapping[tally.codes[:, index]]
    return recoded
