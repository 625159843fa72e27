"""Shapley values of a forest's output for few rows: each row meets each background row, in shap's compiled code."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from auditkit.explainers.trees.blocks import players_at_leaves
from auditkit.explainers.trees.forest import LEAF, Floats, Forest, Places, Tree
from auditkit.explainers.trees.shares import Shares

_PER_PAIR = 0.8e-9
_PER_CALL, _FEW = 1.0, 10


def seconds_by_pairs(forest: Forest, owner: Places, pairs: int) -> float:
    """Return about how long pairs take, measured once."""
    return float(_PER_PAIR * pairs * players_at_leaves(forest.trees, owner)[1].sum())


def shares_by_pairs(forest: Forest, rows: Floats, background: Floats | None, owner: Places, players: int) -> Shares:
    """Share each row's output out among players, as `shares` does, by shap's TreeExplainer on the trees as they were read.

    Each player owns one column, and no category is asked. shap's own reading of libraries takes longer than all else for few
    rows. Against a background it compares in single precision, which makes rows cross thresholds that are close (all of
    HistGradientBoosting's are: they are values of training rows). So where the values are no single numbers, it is given ranks
    among thresholds, which are whole numbers, in their place.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

    assert background is not None  # there are no pairs without
    cuts = np.concatenate([tree.threshold for tree in forest.trees])
    if _single(rows) and _single(background):
        cuts = _floored(cuts)
    else:
        known, place = np.unique(cuts, return_inverse=True)
        rows, background, cuts = _ranks(known, rows), _ranks(known, background), place.astype(np.float64)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    ends = np.cumsum([len(tree.feature) for tree in forest.trees])
    given = {"trees": [_as_shap(tree, cut) for tree, cut in zip(forest.trees, np.split(cuts, ends[:-1]), strict=True)]}
    explainer = shap.TreeExplainer(given, masker, feature_perturbation="interventional")
    # in parts: a call that takes long draws a progress bar over whatever stands in the terminal
    step = _FEW
    if len(rows) > _FEW:
        step = max(_FEW, int(_PER_CALL / seconds_by_pairs(forest, owner, len(background))))
    parts = [explainer.shap_values(rows[at : at + step], check_additivity=False) for at in range(0, len(rows), step)]
    values = np.zeros((len(rows), players))
    values[:, owner] = np.concatenate(parts)
    total = np.asarray(explainer.model.predict(rows), dtype=float).ravel()
    return Shares(values, float(np.ravel(explainer.expected_value)[0]), total)


def _single(rows: Floats) -> bool:
    """Return whether single precision holds all values."""
    with np.errstate(over="ignore"):
        return bool(((rows.astype(np.float32) == rows) | np.isnan(rows)).all())


def _floored(cuts: Floats) -> Floats:
    """Return the largest single numbers that are not above thresholds: the same numbers of their kind are below."""
    with np.errstate(over="ignore"):
        near = cuts.astype(np.float32)
    return np.where(near > cuts, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float64)


def _ranks(cuts: Floats, rows: Floats) -> Floats:
    """Return the place of each value among all thresholds; missing stays missing."""
    found: Floats = np.searchsorted(cuts, rows).astype(np.float64)
    found[np.isnan(rows)] = np.nan
    return found


def _as_shap(tree: Tree, threshold: Floats) -> dict[str, Any]:
    leaf = tree.feature == LEAF
    left, right = np.where(leaf, -1, tree.left), np.where(leaf, -1, tree.right)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(tree.missing_left, left, right),
        "features": tree.feature,
        "thresholds": threshold,
        "values": tree.value[:, None],
        "node_sample_weight": tree.cover.copy(),  # it is written into
    }
