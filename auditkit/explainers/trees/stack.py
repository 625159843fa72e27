"""All trees of a forest in one set of arrays, for few rows that walk down all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Places, Tree


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Trees one after another; arrays of shape (nodes,) as in `Tree`, children counted from the first tree's root.

    Attributes
    ----------
    roots : int array, shape (trees,)
    children : int array, shape (nodes, 2)
        Right and left.
    categorical : int array, shape (nodes,)
        The row of a node in `left_of`, or -1 for a number.
    left_of : bool array, shape (categorical nodes, most categories + 1)
        Whether a category goes left; the last column: where the missing and the unknown go.
    """

    roots: Places
    feature: Places
    threshold: Floats
    children: Places
    value: Floats
    cover: Floats
    missing_left: Bits
    categorical: Places | None
    left_of: Bits | None

    def goes_left(self, node: Places, values: Floats) -> Bits:
        """Return whether values go left at nodes."""
        left: Bits = values <= self.threshold[node]
        missing = np.isnan(values)
        if missing.any():
            left[missing] = self.missing_left[node[missing]]
        if self.categorical is None or self.left_of is None:
            return left
        asked = np.flatnonzero(self.categorical[node] >= 0)
        most, given = self.left_of.shape[1] - 1, values[asked]
        code = np.where((given >= 0) & (given < most), given, most).astype(np.int64)
        left[asked] = self.left_of[self.categorical[node[asked]], code]
        return left

    def total_of(self, rows: Floats) -> Floats:
        """Return the sum of the leaf values that rows come to, shape (rows,)."""
        node, row = np.tile(self.roots, len(rows)), np.repeat(np.arange(len(rows)), len(self.roots))
        while len(inner := np.flatnonzero(self.feature[node] != LEAF)):
            at = node[inner]
            left = self.goes_left(at, rows[row[inner], self.feature[at]])
            node[inner] = self.children[at, left.view(np.uint8)]
        total: Floats = np.bincount(row, weights=self.value[node], minlength=len(rows)).astype(np.float64)
        return total


def stacked(trees: Sequence[Tree]) -> Stack:
    """Return trees, of which there is at least one, as a stack."""
    starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    offset = np.repeat(starts[:-1], np.diff(starts))
    right, left = np.concatenate([tree.right for tree in trees]), np.concatenate([tree.left for tree in trees])
    missing_left = np.concatenate([tree.missing_left for tree in trees])
    known = {
        start + node: one for tree, start in zip(trees, starts, strict=False) for node, one in tree.categories.items()
    }
    categorical, left_of = _categories(known, missing_left) if known else (None, None)
    return Stack(
        roots=starts[:-1],
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        children=np.stack([right + offset, left + offset], axis=1),
        value=np.concatenate([tree.value for tree in trees]),
        cover=np.concatenate([tree.cover for tree in trees]),
        missing_left=missing_left,
        categorical=categorical,
        left_of=left_of,
    )


def total_of(forest: Forest, rows: Floats) -> Floats:
    """Return the sum of the leaf values that rows come to, shape (rows,): the forest's raw output up to a constant."""
    if not forest.trees:
        return np.zeros(len(rows))
    return stacked(forest.trees).total_of(rows)


def _categories(known: dict[int, Bits], missing_left: Bits) -> tuple[Places, Bits]:
    categorical = np.full(len(missing_left), -1)
    categorical[list(known)] = np.arange(len(known))
    left_of = np.repeat(missing_left[list(known)][:, None], max(map(len, known.values())) + 1, axis=1)
    for place, one in enumerate(known.values()):
        left_of[place, : len(one)] = one
    return categorical, left_of
