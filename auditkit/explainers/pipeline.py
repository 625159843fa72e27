"""Pipelines: the last step is explained on what it sees, and its shares are added up per original column."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.explainers.attribution import Attributions, Floats, Task
from auditkit.explainers.last_steps import LAST_STEPS, white_box
from auditkit.explainers.tracing import UNKNOWN, trace

if TYPE_CHECKING:
    import pandas as pd

_SHARED = -2
_CONSTANT = -1
_MIXTURES = 3


def explain_pipeline(task: Task) -> Attributions | None:
    """Explain a Pipeline by its last step; None if that step is neither linear nor trees.

    Which original column an encoded one comes from is read off the fitted transformers; where one is unknown, each
    original column is moved by one row to see what changes, which any transformer allows. Where the last step is explained per
    encoded column, an original column gets the sum of encoded attributions: its Shapley value for linear models; for
    others another, named quantity.

    Raises
    ------
    NotApplicable
        If an encoded column mixes several original ones, or cannot be traced.
    """
    import pandas as pd

    steps = getattr(task.estimator, "steps", None)
    if not steps or len(steps) < 2:
        return None
    before, last = task.estimator[:-1], task.estimator[-1]
    both = pd.concat([task.rows, task.background], ignore_index=True)
    encoded = _encode(before, both)
    if encoded is None:
        return None
    owner = trace(before, list(both.columns))
    if owner is None or len(owner) != encoded.shape[1]:
        owner = np.full(encoded.shape[1], UNKNOWN)
    if (owner == UNKNOWN).any():
        owner = np.where(owner == UNKNOWN, _owners(before, both, encoded), owner)
        if (owner == _SHARED).any() or not _separate(before, both, encoded, owner):
            raise NotApplicable("an encoded column mixes several original ones, or rows")
    frame = pd.DataFrame(encoded, columns=getattr(last, "feature_names_in_", None))
    table: Any = frame if hasattr(last, "feature_names_in_") else encoded
    n = len(task.rows)
    inner = replace(task, estimator=last, rows=table[:n], background=table[n:], owners=owner, players=len(both.columns))
    found, notes = white_box(inner, LAST_STEPS)
    if found is None:
        raise NotApplicable("; ".join(notes) or f"its last step, {type(last).__name__}, is neither linear nor trees")
    if found.original_columns:
        return replace(found, notes=(*found.notes, *notes))
    if np.abs(found.values[:, owner == _CONSTANT]).sum() > 0:
        raise NotApplicable("an encoded column cannot be traced to its original column")
    values = _summed(found.values, owner, task.rows.shape[1])
    by_part = None if found.by_part is None else _summed(found.by_part, owner, task.rows.shape[1])
    method = f"{found.method}, sum of encoded attributions"
    return replace(found, values=values, by_part=by_part, method=method, notes=(*found.notes, *notes))


def _summed(values: Floats, owner: np.ndarray, columns: int) -> Floats:
    return np.stack([values[..., owner == column].sum(axis=-1) for column in range(columns)], axis=-1)


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


def _separate(before: Any, frame: pd.DataFrame, encoded: np.ndarray, owner: np.ndarray) -> bool:
    """Return whether rows mixed from two are encoded to the mixture of both rows' encodings: all that follows rests on it."""
    rng, places = np.random.default_rng(0), np.arange(len(frame))
    for _ in range(_MIXTURES):
        other = rng.permutation(places)
        own = rng.random(frame.shape) < 1 / 2
        mixed = frame.copy(deep=False)
        for position, column in enumerate(frame.columns):
            taken = np.where(own[:, position], places, other)
            mixed[column] = frame[column].take(taken).set_axis(frame.index)
        found = _encode(before, mixed)
        expected = np.where(own[:, np.maximum(owner, 0)], encoded, encoded[other])
        if found is None or found.shape != encoded.shape or not np.allclose(found, expected, 1e-9, 1e-12, True):
            return False
    return True
