"""A small tree that imitates a model's output on the original columns, and its leaves as rules in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.explainers.readable import Floats, Numbers, Span, Words, readable

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Where a node sends its rows: to `below` if the value is smaller than `at`."""

    column: int
    at: float
    missing_below: bool
    below: Split | int
    above: Split | int


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A tree whose leaves are numbered from the left.

    Attributes
    ----------
    columns : tuple of Numbers or Words
    root : Split or int
        A number is a leaf.
    rules : tuple of str
        The condition of each leaf.
    """

    columns: tuple[Numbers | Words, ...]
    root: Split | int
    rules: tuple[str, ...]

    def leaves(self, frame: Any) -> Places:
        """Return the leaf of each row, by the very conditions that the rules print."""
        found = np.zeros(len(frame), dtype=np.int64)
        inputs: dict[int, Floats] = {}

        def send(node: Split | int, rows: Places) -> None:
            if isinstance(node, int):
                found[rows] = node
                return
            if node.column not in inputs:
                inputs[node.column] = self.columns[node.column].read(frame)
            values = inputs[node.column][rows]
            below = np.where(np.isnan(values), node.missing_below, values < node.at)
            send(node.below, rows[below])
            send(node.above, rows[~below])

        send(self.root, np.arange(len(frame)))
        return found


def fit_surrogate(
    frame: Any, columns: Sequence[str], output: Floats, *, depth: int, leaves: int, fewest: int
) -> Surrogate:
    """Fit a regression tree to a model's output.

    Numbers enter as ranks, values without order by the mean output of their rows, the order in which the best cut of all
    partitions is found for squared errors. Each threshold is written as short as the rows permit, and applied as
    it is written.

    Parameters
    ----------
    frame : pandas DataFrame
    columns : sequence of str
    output : array, shape (rows,)
    depth, leaves : int
        At most.
    fewest : int
        Rows of a leaf, and of a value that may be named, at least.

    References
    ----------
    .. [1] Breiman et al. 1984, Classification and Regression Trees, 4.5; Fisher 1958, doi:10.1080/01621459.1958.10501479
    """
    from sklearn.tree import DecisionTreeRegressor

    read = tuple(readable(frame, column, output, fewest) for column in columns)
    values = np.column_stack([column.read(frame) for column in read])
    ranks = np.column_stack([_ranks(column) for column in values.T])
    if len(frame) < 2 * fewest or leaves < 2 or depth < 1:
        return Surrogate(read, 0, ("all rows",))
    model = DecisionTreeRegressor(
        max_depth=depth, max_leaf_nodes=leaves, min_samples_leaf=max(1, fewest), random_state=0
    )
    tree = model.fit(ranks, output).tree_
    return _grown(tree, read, values, ranks)


def _ranks(values: Floats) -> Floats:
    """Return dense ranks: exact in single precision, in which the tree compares, and finite."""
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64)
    return np.where(np.isnan(values), np.nan, ranks)


def _grown(tree: Any, read: tuple[Numbers | Words, ...], values: Floats, ranks: Floats) -> Surrogate:
    rules: list[str] = []

    def grow(node: int, rows: Places, spans: dict[int, Span]) -> Split | int:
        if tree.children_left[node] < 0:
            said = [read[column].words(span) for column, span in spans.items()]
            rules.append(" and ".join(part for part in said if part) or "all rows")
            return len(rules) - 1
        column, missing_below = int(tree.feature[node]), bool(tree.missing_go_to_left[node])
        own = ranks[rows, column]
        left = np.where(np.isnan(own), missing_below, own <= tree.threshold[node])
        at = _cut(read[column], values[rows[left], column], values[rows[~left], column])
        span = spans.get(column, Span())
        below = Span(span.low, min(span.high, at), span.missing and missing_below)
        above = Span(max(span.low, at), span.high, span.missing and not missing_below)
        first = grow(int(tree.children_left[node]), rows[left], {**spans, column: below})
        second = grow(int(tree.children_right[node]), rows[~left], {**spans, column: above})
        return Split(column, at, missing_below, first, second)

    root = grow(0, np.arange(len(values)), {})
    return Surrogate(read, root, tuple(rules))


def _cut(column: Numbers | Words, left: Floats, right: Floats) -> float:
    left, right = left[~np.isnan(left)], right[~np.isnan(right)]
    if not len(right):
        return math.inf
    if not len(left):
        return -math.inf
    return column.between(float(left.max()), float(right.min()))
