"""scikit-learn's trees, forests and gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.explainers.trees.forest import LEAF, Floats, Forest, Tree

_AVERAGED = ("DecisionTree", "ExtraTree", "RandomForest")
_BOOSTED = ("GradientBoosting",)
_FEW = 200


def read_sklearn(estimator: Any, positive: int | None) -> Forest | None:
    """Read a DecisionTree, ExtraTree(s), RandomForest or GradientBoosting model; None if it is something else."""
    name = type(estimator).__name__
    if not type(estimator).__module__.startswith(("sklearn.tree", "sklearn.ensemble")):
        return None
    if name.startswith(_AVERAGED):
        return _averaged(estimator, positive)
    return _boosted(estimator, positive) if name.startswith(_BOOSTED) else None


def _averaged(estimator: Any, positive: int | None) -> Forest | None:
    members = getattr(estimator, "estimators_", [estimator])
    if members[0].tree_.value.shape[1] != 1:
        return None  # several outputs
    column = positive or 0
    known = [member.tree_ for member in members]
    trees = tuple(_tree(tree, tree.value[:, 0, column] / len(known)) for tree in known)

    def output(frame: Any) -> Floats:
        """Ask the trees one by one, which is what a forest does, but for the threads that take longer than few rows."""
        names = getattr(estimator, "feature_names_in_", None)
        if len(frame) > _FEW or (names is not None and list(getattr(frame, "columns", names)) != list(names)):
            table = frame if names is not None else np.asarray(frame)
            found = estimator.predict(table) if positive is None else estimator.predict_proba(table)[:, positive]
            return np.asarray(found, dtype=float)
        asked = _rounded(frame).astype(np.float32)
        answers = np.concatenate([tree.predict(asked) for tree in known]).reshape(len(known), len(asked), -1)
        return np.asarray(answers[..., column].mean(axis=0), dtype=float)

    units = "target" if positive is None else "probability"
    return Forest(trees, _rounded, np.arange(estimator.n_features_in_), output, units, 0.0)


def _boosted(estimator: Any, positive: int | None) -> Forest | None:
    classes = estimator.estimators_.shape[1]
    column = 0 if classes == 1 else positive or 0
    sign = -1.0 if classes == 1 and positive == 0 else 1.0
    rate = sign * estimator.learning_rate
    trees = tuple(
        _tree(member.tree_, rate * member.tree_.value[:, 0, 0]) for member in estimator.estimators_[:, column]
    )

    def output(frame: Any) -> Floats:
        table = frame if hasattr(estimator, "feature_names_in_") else np.asarray(frame)
        if positive is None:
            return np.asarray(estimator.predict(table), dtype=float)
        raw = np.asarray(estimator.decision_function(table), dtype=float)
        return sign * raw if raw.ndim == 1 else raw[:, positive]

    # half of the log-odds where the loss is exponential, and known up to a shift where there are several classes
    margin = "score" if estimator.loss == "exponential" or classes > 1 else "log-odds"
    units = "target" if positive is None else margin
    return Forest(trees, _rounded, np.arange(estimator.n_features_in_), output, units)


def _rounded(frame: Any) -> Floats:
    if hasattr(frame, "toarray"):
        frame = frame.toarray()
    return np.asarray(frame, dtype=np.float32).astype(float)


def _tree(tree: Any, value: Floats) -> Tree:
    return Tree(
        feature=np.maximum(tree.feature, LEAF),  # scikit-learn's leaves ask column -2
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        value=value,
        cover=tree.weighted_n_node_samples,
        missing_left=tree.missing_go_to_left.view(bool),
    )
