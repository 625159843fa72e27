"""XGBoost models, read from the Universal Binary JSON that XGBoost itself saves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Tree
from auditkit.explainers.trees.read_lightgbm import as_numbers
from auditkit.explainers.trees.ubjson import read_ubjson

_LEAST = np.float32(-np.inf)
LOGISTIC = ("binary:logistic", "binary:logitraw", "reg:logistic")  # whose margins are log-odds


def read_xgboost(estimator: Any, positive: int | None) -> Forest | None:
    """Read an XGBoost estimator or Booster; None if it is something else.

    Raises
    ------
    NotApplicable
        If it is no ensemble of plain trees, or a leaf holds several outputs.
    """
    if not type(estimator).__module__.startswith("xgboost"):
        return None
    booster = estimator.get_booster() if hasattr(estimator, "get_booster") else estimator
    learner = read_ubjson(bytes(booster.save_raw("ubj")))["learner"]
    if learner["gradient_booster"].get("name") != "gbtree":
        raise NotApplicable(f"XGBoost's {learner['gradient_booster'].get('name')} is no sum of plain trees")
    saved = learner["gradient_booster"]["model"]
    classes = max(1, int(learner["learner_model_param"]["num_class"]))
    column = 0 if classes == 1 else positive or 0
    sign = -1.0 if classes == 1 and positive == 0 else 1.0
    chosen = [tree for tree, group in zip(saved["trees"], saved["tree_info"], strict=True) if group == column]
    best = getattr(estimator, "best_iteration", None) if learner.get("attributes", {}).get("best_iteration") else None
    if best is not None:
        per_step = max(1, int(saved["gbtree_model_param"].get("num_parallel_tree", 1)))
        chosen = chosen[: (best + 1) * per_step]
    known = _trained(saved.get("cats"), learner.get("feature_types", []))
    most = max((len(listed) for listed in known or ()), default=0)
    trees = tuple(_tree(tree, sign, most) for tree in chosen)

    def matrix(frame: Any) -> Floats:
        return as_numbers(frame, known, unseen_apart=True).astype(np.float32).astype(float)

    def output(frame: Any) -> Floats:
        raw = np.asarray(estimator.predict(frame, output_margin=positive is not None), dtype=float)
        return sign * raw if raw.ndim == 1 else raw[:, column]

    logistic = learner["objective"]["name"] in LOGISTIC
    units = "target" if positive is None else "log-odds" if logistic else "score"
    return Forest(trees, matrix, np.arange(booster.num_features()), output, units)


def _trained(saved: dict[str, Any] | None, kinds: list[str]) -> list[list[Any]] | None:
    """Return the categories of training, column by column; None where the model goes by those of the frame."""
    if not saved or not saved.get("enc"):
        return None
    found: list[list[Any]] = []
    for kind, own in zip(kinds, saved["enc"], strict=True):
        if kind != "c":
            continue
        if "offsets" not in own:
            found.append(list(own["values"]))
            continue
        if not len(own["values"]):
            return None  # trained on numbers that were called categories
        text = bytes(int(value) & 0xFF for value in own["values"])
        found.append([text[at:end].decode() for at, end in pairwise(own["offsets"])])
    return found


def _tree(saved: dict[str, Any], sign: float, most: int) -> Tree:
    if int(saved["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise NotApplicable("XGBoost's leaves hold several outputs")
    left = saved["left_children"].astype(np.int64)
    conditions = saved["split_conditions"].astype(np.float32)
    leaf = left < 0
    # left if value < threshold, in single precision: the same as value ≤ the number before the threshold
    before = np.nextafter(conditions, _LEAST)
    feature, right = saved["split_indices"].astype(np.int64), saved["right_children"].astype(np.int64)
    feature[leaf], left[leaf], right[leaf] = LEAF, 0, 0
    before[leaf], conditions[~leaf] = 0, 0
    return Tree(
        feature=feature,
        threshold=before.astype(float),
        left=left,
        right=right,
        value=sign * conditions.astype(float),
        cover=saved["sum_hessian"].astype(float),
        missing_left=saved["default_left"].astype(bool),
        categories=_categories(saved, most) if len(saved["categories_nodes"]) else {},
    )


def _categories(saved: dict[str, Any], most: int) -> dict[int, Bits]:
    """The categories listed at a node go right; all others left, also one that training did not know."""
    found = {}
    for node, at, size in zip(
        saved["categories_nodes"], saved["categories_segments"], saved["categories_sizes"], strict=True
    ):
        right = np.array(saved["categories"][at : at + size], dtype=np.int64)
        goes_left = np.ones(max(256, most + 1, int(right.max(initial=0)) + 1), dtype=bool)
        goes_left[right] = False
        found[int(node)] = goes_left
    return found
