"""Pipelines: the last step is explained on what it sees, and its shares are added up per original column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from auditkit.explainers.attribution import Attributions, Task
from auditkit.explainers.linear import explain_linear
from auditkit.explainers.tree import explain_tree

_SHARED = -2
_CONSTANT = -1


def explain_pipeline(task: Task) -> Attributions | None:
    """Explain a Pipeline by its last step; None if an encoded column mixes several original ones.

    Which original column an encoded one comes from is found by moving each original column by one row and seeing
    what changes: that needs no names, so any transformer will do. The sum of encoded attributions equals the Shapley
    value of the original column for linear models; for others it is another, named quantity.
    """
    steps = getattr(task.estimator, "steps", None)
    if not steps or len(steps) < 2:
        return None
    before, last = task.estimator[:-1], task.estimator[-1]
    both = pd.concat([task.rows, task.background], ignore_index=True)
    encoded = _encode(before, both)
    if encoded is None:
        return None
    owner = _owners(before, both, encoded)
    if (owner == _SHARED).any():
        return None
    frame = pd.DataFrame(encoded, columns=getattr(last, "feature_names_in_", None))
    table: Any = frame if hasattr(last, "feature_names_in_") else encoded
    n = len(task.rows)
    inner = replace(task, estimator=last, rows=table[:n], background=table[n:])
    found = explain_linear(inner) or explain_tree(inner)
    if found is None or np.abs(found.values[:, owner == _CONSTANT]).sum() > 0:
        return None
    values = np.zeros((n, task.rows.shape[1]))
    for column in range(values.shape[1]):
        values[:, column] = found.values[:, owner == column].sum(axis=1)
    return replace(found, values=values, method=f"{found.method}, sum of encoded attributions")


def _encode(before: Any, frame: pd.DataFrame) -> np.ndarray | None:
    encoded = before.transform(frame)
    if hasattr(encoded, "toarray"):
        encoded = encoded.toarray()
    try:
        return np.asarray(encoded, dtype=float)
    except (TypeError, ValueError):
        return None


def _owners(before: Any, frame: pd.DataFrame, encoded: np.ndarray) -> np.ndarray:
    owner = np.full(encoded.shape[1], _CONSTANT)
    moved = np.roll(np.arange(len(frame)), 1)
    for position, column in enumerate(frame.columns):
        shifted = frame.copy(deep=False)
        shifted[column] = frame[column].take(moved).set_axis(frame.index)
        other = _encode(before, shifted)
        if other is None or other.shape != encoded.shape:
            return np.full(encoded.shape[1], _SHARED)
        changed = ((other != encoded) & ~(np.isnan(other) & np.isnan(encoded))).any(axis=0)
        owner = np.where(changed, np.where(owner == _CONSTANT, position, _SHARED), owner)
    return owner
