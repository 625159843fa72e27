"""LightGBM models, read from the text that LightGBM itself saves."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Tree

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_ZERO_IS_MISSING, _NAN_IS_MISSING = 1, 2
_LOGISTIC = ("binary sigmoid:1", "cross_entropy")  # whose raw scores are log-odds


def read_lightgbm(estimator: Any, positive: int | None) -> Forest | None:
    """Read a LightGBM estimator or Booster; None if it is something else.

    Raises
    ------
    NotApplicable
        If leaves hold linear models, zeros count as missing, or trees are averaged.
    """
    if not type(estimator).__module__.startswith("lightgbm"):
        return None
    booster = getattr(estimator, "booster_", estimator)
    head, *parts = booster.model_to_string().split("\nTree=")
    if "\naverage_output" in head:
        raise NotApplicable("LightGBM's random forest averages its trees")
    per_step = int(_fields(head)["num_tree_per_iteration"])
    column = 0 if per_step == 1 else positive or 0
    sign = -1.0 if per_step == 1 and positive == 0 else 1.0
    trees = tuple(_tree(_fields(part), sign) for part in parts[column::per_step])

    def matrix(frame: Any) -> Floats:
        return as_numbers(frame, booster.pandas_categorical)

    def output(frame: Any) -> Floats:
        raw = np.asarray(booster.predict(frame, raw_score=positive is not None), dtype=float)
        return sign * raw if raw.ndim == 1 else raw[:, column]

    logistic = _fields(head).get("objective", "") in _LOGISTIC
    units = "target" if positive is None else "log-odds" if logistic else "score"
    return Forest(trees, matrix, np.arange(booster.num_feature()), output, units, 0.0)


def as_numbers(frame: Any, categories: Any, unseen_apart: bool = False) -> Floats:
    """Return a frame as numbers: category columns by their place in the categories of training, or in their own.

    A category that training did not know is missing, or on request the place after the last one.
    """
    if not hasattr(frame, "dtypes"):
        return np.asarray(frame.toarray() if hasattr(frame, "toarray") else frame, dtype=float)
    if all(isinstance(kind, np.dtype) and kind.kind in "fiub" for kind in frame.dtypes):
        return np.array(frame.to_numpy(dtype=float), order="C")
    known = iter(categories or ())
    columns = []
    for name in frame.columns:
        values = frame[name]
        if values.dtype == "category":
            trained = next(known, None)
            codes = (values if trained is None else values.cat.set_categories(trained)).cat.codes.to_numpy(dtype=float)
            codes[codes < 0] = np.nan
            if unseen_apart and trained is not None:
                codes[np.isnan(codes) & values.notna().to_numpy()] = len(trained)
            columns.append(codes)
        else:
            columns.append(values.to_numpy(dtype=float, na_value=np.nan))
    return np.column_stack(columns)


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.split("\n\n", 1)[0].splitlines() if "=" in line)


def _tree(fields: dict[str, str], sign: float) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise NotApplicable("LightGBM's leaves hold linear models")
    leaves = int(fields["num_leaves"])
    values = sign * _numbers(fields, "leaf_value")
    if leaves == 1:
        one = np.array([0])
        return Tree(np.array([LEAF]), np.zeros(1), one, one, values, np.ones(1), np.zeros(1, dtype=bool))
    kinds = _numbers(fields, "decision_type").astype(np.int64)
    missing = kinds >> 2 & 3
    if (missing == _ZERO_IS_MISSING).any():
        raise NotApplicable("LightGBM counts zeros as missing")
    thresholds, categorical = _numbers(fields, "threshold"), kinds & _CATEGORICAL > 0
    default = np.where(missing == _NAN_IS_MISSING, kinds & _DEFAULT_LEFT > 0, thresholds >= 0)
    inner = leaves - 1

    def child(name: str) -> Any:
        places = _numbers(fields, name).astype(np.int64)
        return np.concatenate([np.where(places < 0, inner + ~places, places), np.zeros(leaves, dtype=np.int64)])

    return Tree(
        feature=np.concatenate([_numbers(fields, "split_feature"), np.full(leaves, LEAF)]).astype(np.int64),
        threshold=np.concatenate([thresholds, np.zeros(leaves)]),
        left=child("left_child"),
        right=child("right_child"),
        value=np.concatenate([np.zeros(inner), values]),
        cover=np.concatenate([_numbers(fields, "internal_count"), _numbers(fields, "leaf_count")]),
        missing_left=np.concatenate([default & ~categorical, np.zeros(leaves, dtype=bool)]),
        categories=_categories(fields, thresholds, np.flatnonzero(categorical)),
    )


def _categories(fields: dict[str, str], thresholds: Floats, nodes: Any) -> dict[int, Bits]:
    if not len(nodes):
        return {}
    ends, words = _numbers(fields, "cat_boundaries").astype(np.int64), _numbers(fields, "cat_threshold").astype("<u4")
    found = {}
    for node in nodes.tolist():
        at = int(thresholds[node])
        found[node] = np.unpackbits(words[ends[at] : ends[at + 1]].view(np.uint8), bitorder="little").astype(bool)
    return found


def _numbers(fields: dict[str, str], name: str) -> Floats:
    return np.fromstring(fields[name], dtype=float, sep=" ")
