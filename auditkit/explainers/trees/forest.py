"""Trees of any library in one form, and what rows decide at their nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]
LEAF = -1


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A binary tree in arrays of shape (nodes,); node 0 is the root, and children come after their parents or before.

    Attributes
    ----------
    feature : int
        Column that is asked, `LEAF` at a leaf.
    threshold : float
        Left if the value ≤ it.
    left, right : int
    value : float
        What a leaf adds to the output explained.
    cover : float
        Weight of the training rows that came by.
    missing_left : bool
        Where a missing value goes.
    categories : mapping of node to array of bool
        For a categorical question: whether category 0, 1, … goes left; one beyond the array goes where missing ones do.
    """

    feature: Places
    threshold: Floats
    left: Places
    right: Places
    value: Floats
    cover: Floats
    missing_left: Bits
    categories: Mapping[int, Bits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees whose leaf values add up to a model's raw output, up to a constant.

    Attributes
    ----------
    trees : tuple of Tree
    matrix : callable
        Frame or array as the model is given it → floats of shape (rows, columns asked), missing as NaN, rounded as the
        library rounds.
    owner : array of int, shape (columns asked,)
        The position of each column asked in the frame.
    output : callable
        Frame → the raw output explained, shape (rows,).
    units : str
    constant : float or None
        What the output is above the sum of the leaf values; None where only the answers tell.
    """

    trees: tuple[Tree, ...]
    matrix: Callable[[Any], Floats]
    owner: Places
    output: Callable[[Any], Floats]
    units: str
    constant: float | None = None


class Decisions:
    """Which way rows go at nodes, with the values of each column ranked once among all thresholds on it.

    Parameters
    ----------
    forest : Forest
    rows : array, shape (rows, columns asked)
    """

    def __init__(self, forest: Forest, rows: Floats) -> None:
        self.rows = len(rows)
        self._cuts = _thresholds(forest, rows.shape[1])
        self._ranks: list[npt.NDArray[Any]] = []
        self._missing: list[Bits | None] = []
        for column, cuts in enumerate(self._cuts):
            values = np.ascontiguousarray(rows[:, column])
            missing = np.isnan(values)
            self._ranks.append(
                np.searchsorted(cuts, values, side="left").astype(np.uint16 if len(cuts) < 65_000 else np.uint32)
            )
            self._missing.append(missing if missing.any() else None)
        self._values = rows

    def left(self, tree: Tree) -> Bits:
        """Return whether each row goes left, shape (nodes, rows); rows of zeros at leaves."""
        found = np.zeros((len(tree.feature), self.rows), dtype=bool)
        for node, column in enumerate(tree.feature.tolist()):
            if column == LEAF:
                continue
            missing = self._missing[column]
            if node in tree.categories:
                known = tree.categories[node]
                found[node] = self._among(column, known, bool(tree.missing_left[node]))
                continue
            cut = np.searchsorted(self._cuts[column], tree.threshold[node], side="left")
            np.less_equal(self._ranks[column], self._ranks[column].dtype.type(cut), out=found[node])
            if missing is not None:
                found[node][missing] = tree.missing_left[node]
        return found

    def _among(self, column: int, known: Bits, otherwise: bool) -> Bits:
        values = self._values[:, column]
        inside = (values >= 0) & (values < len(known))
        chosen = np.where(inside, values, 0).astype(np.int64)
        return np.where(inside, known[chosen], otherwise)


def _thresholds(forest: Forest, columns: int) -> list[Floats]:
    asked: list[list[Floats]] = [[] for _ in range(columns)]
    for tree in forest.trees:
        numeric = tree.feature != LEAF
        if tree.categories:
            numeric[list(tree.categories)] = False
        for column in np.unique(tree.feature[numeric]).tolist():
            asked[column].append(tree.threshold[numeric & (tree.feature == column)])
    return [np.unique(np.concatenate(parts)) if parts else np.empty(0) for parts in asked]
