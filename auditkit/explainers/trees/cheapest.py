"""Several ways to the same shares of trees: which of them takes least for so many rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from auditkit.explainers.trees.by_pairs import seconds_by_pairs, shares_by_pairs
from auditkit.explainers.trees.forest import Floats, Forest, Places
from auditkit.explainers.trees.levels import seconds_by_levels, shares_by_levels
from auditkit.explainers.trees.shares import Shares, seconds, shares
from auditkit.explainers.trees.walks import MOST_PLAYERS, shares_by_walks

Way: TypeAlias = Callable[[Forest, Floats, Floats | None, Places, int], Shares]
MOST_SECONDS, _MOST_SECONDS_BY_PAIRS = 20.0, 5.0
_WALKED, _WALKED_BESIDE_COMPILED, _FEW_PAIRS, _COMPILED, _FEW_ROWS = 1000, 20, 2000, 10_000, 20
_WALKED_STEPS, _FEW_STEPS = 3e8, 2e7


def cheapest(forest: Forest, owner: Places, rows: int, background: int, compiled: bool = False) -> Way | None:
    """Return the cheapest way, or None if all take too long; 0 background rows: path-dependent.

    Walks cost least for a few pairs of rows and background rows, levels for few rows by path, tables for many. Where there is
    little to do, the trees are not looked at to tell what it takes, which would take longer. With `compiled`, what lies between
    walks and tables, up to 10,000 pairs, is left to shap's code if each column is a player of its own and no category is
    asked; it counts in single precision.
    """
    if not forest.trees:
        return shares
    steps = rows * max(1, background) * sum(len(tree.feature) for tree in forest.trees)
    if not background:
        return _by_path(forest, owner, rows, steps)
    alone = len(np.unique(owner)) == len(owner) and not any(tree.categories for tree in forest.trees)
    return _against(forest, owner, rows * background, steps, compiled and alone)


def _by_path(forest: Forest, owner: Places, rows: int, steps: int) -> Way | None:
    if rows <= _FEW_ROWS and steps <= _FEW_STEPS:
        return shares_by_levels
    by_tables, by_levels = seconds(forest, owner), seconds_by_levels(forest, owner, rows)
    if by_levels < min(by_tables, MOST_SECONDS):
        return shares_by_levels
    return shares if by_tables <= MOST_SECONDS else None


def _against(forest: Forest, owner: Places, pairs: int, steps: int, compiled: bool) -> Way | None:
    walked = _WALKED_BESIDE_COMPILED if compiled else _WALKED
    if pairs <= walked and steps <= _WALKED_STEPS and int(owner.max(initial=0)) < MOST_PLAYERS:
        return shares_by_walks
    compiled = compiled and pairs <= _COMPILED
    if compiled and pairs <= _FEW_PAIRS and steps <= _FEW_STEPS:
        return shares_by_pairs
    by_tables = seconds(forest, owner)
    if compiled and seconds_by_pairs(forest, owner, pairs) < min(by_tables, _MOST_SECONDS_BY_PAIRS):
        return shares_by_pairs
    return shares if by_tables <= MOST_SECONDS else None
