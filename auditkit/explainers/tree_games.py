"""Tree ensembles, exactly: each leaf is a game of the conditions on its path, solved once for all rows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import PART_ROWS, Attributions, Task, part_of
from auditkit.explainers.trees.by_pairs import shares_by_pairs
from auditkit.explainers.trees.cheapest import MOST_SECONDS, cheapest
from auditkit.explainers.trees.forest import Floats, Forest, Places
from auditkit.explainers.trees.read_histogram import read_histogram
from auditkit.explainers.trees.read_lightgbm import read_lightgbm
from auditkit.explainers.trees.read_sklearn import read_sklearn
from auditkit.explainers.trees.read_xgboost import read_xgboost
from auditkit.explainers.trees.shares import seconds, shares, values_by_part
from auditkit.explainers.trees.stack import total_of

_FEWEST = 5
READERS: tuple[Callable[[Any, int | None], Forest | None], ...] = (
    read_histogram,
    read_sklearn,
    read_lightgbm,
    read_xgboost,
)


def explain_trees(task: Task) -> Attributions | None:
    """Explain trees as `explain_tree_games`, by shap's compiled code too where shap is loaded: importing it takes 1.8 CPU seconds.

    Not HistGradientBoosting, which shap itself gets wrong: nobody waits for less there, and double precision is at hand.
    """
    wrong = type(task.estimator).__name__.startswith("HistGradientBoosting")
    return explain_tree_games(task, compiled="shap" in sys.modules and not wrong)


def explain_tree_games(task: Task, compiled: bool = False) -> Attributions | None:
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
    way = cheapest(forest, owner, len(task.rows), 0 if task.path_dependent else len(task.background), compiled)
    if way is None:
        raise NotApplicable(f"{len(forest.trees):,} trees this deep have too many leaves and players for exact tables")
    rows = forest.matrix(task.rows)
    background = None if task.path_dependent else forest.matrix(task.background)
    # One more player for encoded columns that never change, and so get nothing.
    shared = way(forest, rows, background, owner, players + 1)
    by_part = None
    if task.parts > 1 and background is not None and (way is shares or seconds(forest, owner) <= MOST_SECONDS):
        by_part = values_by_part(
            forest, rows[:PART_ROWS], background, part_of(len(background), task.parts), owner, players + 1
        )
    if np.abs(shared.values[:, players]).max(initial=0.0) > 0:
        raise NotApplicable("an encoded column cannot be traced to its original column")
    output, constant = _output(task, forest, rows, shared.total)
    grouped = task.owners is not None and not task.encoded_game
    kind = "path-dependent" if task.path_dependent else "interventional"
    exactly = "pair by pair (shap)" if way is shares_by_pairs else "exact"
    return Attributions(
        shared.values[:, :players],
        np.full(len(rows), shared.base + constant),
        output,
        f"trees, {kind}, {exactly}{', original columns as players' if grouped else ''}",
        forest.units,
        uses_background=not task.path_dependent,
        original_columns=grouped,
        by_part=None if by_part is None else by_part[..., :players],
    )


def _output(task: Task, forest: Forest, rows: Floats, total: Floats) -> tuple[Floats, float]:
    """Return the model's own answers, and what it adds to its trees, the same for all rows.

    Where the model does not say what it adds: the median, so that a row that is off stands out. One row, or two, would make up
    for its own error; background rows stand beside it then.
    """
    if forest.constant is not None or len(rows) >= _FEWEST:
        output = forest.output(task.rows)
        return output, float(np.median(output - total)) if forest.constant is None else forest.constant
    some = task.background[:_FEWEST]
    both = pd.concat([task.rows, some]) if isinstance(task.rows, pd.DataFrame) else np.concatenate([task.rows, some])
    output = forest.output(both)
    apart = output - np.concatenate([total, total_of(forest, forest.matrix(some))])
    return output[: len(rows)], float(np.median(apart))


def _players(task: Task, forest: Forest) -> tuple[Places, int]:
    columns = task.rows.shape[1]
    if task.owners is None or task.encoded_game:
        return forest.owner, columns
    owner = task.owners[forest.owner]
    return np.where(owner < 0, task.players, owner), task.players
