"""scikit-learn's histogram gradient boosting, with its categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Places, Tree


def read_histogram(estimator: Any, positive: int | None) -> Forest | None:
    """Read a HistGradientBoosting model; None if it is something else."""
    if not type(estimator).__name__.startswith("HistGradientBoosting"):
        return None
    steps = estimator._predictors
    classes = len(steps[0])
    column = 0 if classes == 1 else positive or 0
    sign = -1.0 if classes == 1 and positive == 0 else 1.0
    trees = tuple(_tree(step[column], sign) for step in steps)

    def matrix(frame: Any) -> Floats:
        return np.asarray(estimator._preprocess_X(_table(estimator, frame), reset=False), dtype=float)

    def output(frame: Any) -> Floats:
        table = _table(estimator, frame)
        if positive is None:
            return np.asarray(estimator.predict(table), dtype=float)
        raw = np.asarray(estimator.decision_function(table), dtype=float)
        return sign * raw if raw.ndim == 1 else raw[:, positive]

    constant = sign * float(np.ravel(estimator._baseline_prediction)[column])
    units = "target" if positive is None else "log-odds" if classes == 1 else "score"
    return Forest(trees, matrix, _order(estimator), output, units, constant)


def _table(estimator: Any, frame: Any) -> Any:
    return frame if hasattr(estimator, "feature_names_in_") else np.asarray(frame, dtype=float)


def _order(estimator: Any) -> Places:
    """Its own encoder puts the categorical columns first."""
    categorical = estimator.is_categorical_
    if getattr(estimator, "_preprocessor", None) is None or categorical is None:
        return np.arange(estimator.n_features_in_)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])


def _tree(predictor: Any, sign: float) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    asked = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    categories = {int(node): _among(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]) for node in asked}
    return Tree(
        feature=np.where(leaf, LEAF, nodes["feature_idx"]).astype(np.int64),
        threshold=nodes["num_threshold"].astype(float),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        value=sign * nodes["value"],
        cover=nodes["count"].astype(float),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        categories=categories,
    )


def _among(words: Any) -> Bits:
    return np.unpackbits(np.asarray(words, dtype="<u4").view(np.uint8), bitorder="little").astype(bool)
