"""Tree ensembles, exactly: each leaf is a game of the conditions on its path, solved once for all rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import PART_ROWS, Attributions, Task, part_of
from auditkit.explainers.trees.forest import Forest, Places
from auditkit.explainers.trees.read_histogram import read_histogram
from auditkit.explainers.trees.read_lightgbm import read_lightgbm
from auditkit.explainers.trees.read_sklearn import read_sklearn
from auditkit.explainers.trees.read_xgboost import read_xgboost
from auditkit.explainers.trees.shares import seconds, shares, values_by_part

MOST_SECONDS = 20.0
READERS: tuple[Callable[[Any, int | None], Forest | None], ...] = (
    read_histogram,
    read_sklearn,
    read_lightgbm,
    read_xgboost,
)


def explain_tree_games(task: Task) -> Attributions | None:
    """Explain trees of scikit-learn, LightGBM or XGBoost, with their categories and missing values, any class.

    The background is used whole. In a pipeline the encoded columns of one original column are one player, so that the
    shares are Shapley values of the original columns, unless the encoded game is asked for.

    Raises
    ------
    NotApplicable
        If the trees are too many or too deep for their tables, or of a kind that cannot be read.
    """
    forest = next((found for read in READERS if (found := read(task.estimator, task.positive)) is not None), None)
    if forest is None:
        return None
    owner, players = _players(task, forest)
    if seconds(forest, owner) > MOST_SECONDS:
        raise NotApplicable(f"{len(forest.trees):,} trees this deep have too many leaves and players for exact tables")
    rows = forest.matrix(task.rows)
    background = None if task.path_dependent else forest.matrix(task.background)
    # One more player for encoded columns that never change, and so get nothing.
    shared = shares(forest, rows, background, owner, players + 1)
    by_part = None
    if task.parts > 1 and background is not None:
        by_part = values_by_part(
            forest, rows[:PART_ROWS], background, part_of(len(background), task.parts), owner, players + 1
        )
    if np.abs(shared.values[:, players]).max(initial=0.0) > 0:
        raise NotApplicable("an encoded column cannot be traced to its original column")
    output = forest.output(task.rows)
    constant = float(np.median(output - shared.total)) if len(output) else 0.0
    grouped = task.owners is not None and not task.encoded_game
    kind = "path-dependent" if task.path_dependent else "interventional"
    return Attributions(
        shared.values[:, :players],
        np.full(len(rows), shared.base + constant),
        output,
        f"trees, {kind}, exact{', original columns as players' if grouped else ''}",
        forest.units,
        uses_background=not task.path_dependent,
        original_columns=grouped,
        by_part=None if by_part is None else by_part[..., :players],
    )


def _players(task: Task, forest: Forest) -> tuple[Places, int]:
    columns = task.rows.shape[1]
    if task.owners is None or task.encoded_game:
        return forest.owner, columns
    owner = task.owners[forest.owner]
    return np.where(owner < 0, task.players, owner), task.players
