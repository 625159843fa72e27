"""A last look for rows without a way: combinations drawn from all that are permitted, then the best of them bettered."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from auditkit.explainers.recourse_asking import Space, Ways, Whole
from auditkit.explainers.recourse_space import Floats

_DRAWN, _BETTERED, _ROUNDS, _SEED = 384, 4, 2, 20_190_129


def last_look(space: Space, table: Floats, axis_of: Whole, rows: Whole, most_changes: int) -> Ways:
    """Ask about drawn combinations of up to `most_changes` columns for some rows; then about single moves from the nearest.

    What is drawn depends on nothing but the number of axes, so it is the same each time and for each row.

    Parameters
    ----------
    table : float array, shape (rows, levels of all axes)
        Where each row could go, NaN where nowhere.
    axis_of : int array, shape (levels of all axes,)
    rows : int array
        The rows that have no way yet.
    """
    index, values = _drawn(space, table, axis_of, rows, most_changes)
    near, flips = space.asked(index, values)
    known = [(index, values, near, flips)]
    for _ in range(_ROUNDS):
        index, values = _neighbours(space, table, axis_of, known, most_changes)
        if not len(index):
            break
        known.append((index, values, *space.asked(index, values)))
    index, values, near, flips = (np.concatenate(items) for items in zip(*known, strict=True))
    return Ways(index, values, space.costs(index, values).sum(axis=1), near, flips)


def _drawn(space: Space, table: Floats, axis_of: Whole, rows: Whole, most_changes: int) -> tuple[Whole, Floats]:
    """Draw combinations: a set of columns, then of each one of its values or none, all alike likely."""
    axes = len(space.axes)
    rng = np.random.default_rng(_SEED)
    sets = np.array(list(combinations(range(axes), min(most_changes, axes))))
    chosen = sets[rng.permutation(np.resize(np.arange(len(sets)), max(_DRAWN, len(sets))))[:_DRAWN]]
    shares = rng.random(chosen.shape)
    values = np.repeat(space.own[rows][:, None, :], _DRAWN, axis=1)
    for axis in range(axes):
        part = np.sort(table[rows][:, axis_of == axis], axis=1)  # missing last
        count = (~np.isnan(part)).sum(axis=1)
        draw, place = np.nonzero(chosen == axis)
        level = np.floor(shares[draw, place][None, :] * (count[:, None] + 1)).astype(np.int64) - 1
        moved = np.take_along_axis(part, np.maximum(level, 0), axis=1)
        values[:, draw, axis] = np.where(level < 0, space.own[rows, axis][:, None], moved)
    return _fresh(np.repeat(rows, _DRAWN), values.reshape(-1, axes), space)


def _fresh(index: Whole, values: Floats, space: Space) -> tuple[Whole, Floats]:
    """Leave out what stands twice, and where nothing moves."""
    keys = np.column_stack([index, np.nan_to_num(values, nan=-1e300)])
    _, first = np.unique(keys, axis=0, return_index=True)
    first.sort()
    own = space.own[index[first]]
    first = first[((values[first] != own) & ~np.isnan(own)).any(axis=1)]
    return index[first], values[first]


def _neighbours(
    space: Space,
    table: Floats,
    axis_of: Whole,
    known: list[tuple[Whole, Floats, Floats, np.ndarray]],
    most_changes: int,
) -> tuple[Whole, Floats]:
    """Return all single moves from the nearest combinations of each row that has no way yet."""
    index, values, near, flips = (np.concatenate(items) for items in zip(*known, strict=True))
    open_ = ~np.isin(index, index[flips])
    index, values, near = index[open_], values[open_], near[open_]
    order = np.lexsort((-near, index))
    index, values = index[order], values[order]
    nearest = np.arange(len(index)) - np.searchsorted(index, index, side="left") < _BETTERED
    index, values = index[nearest], values[nearest]
    start, level = np.nonzero(~np.isnan(table[index]))
    moved = values[start]
    moved[np.arange(len(start)), axis_of[level]] = table[index[start], level]
    own = space.own[index[start]]
    few = ((moved != own) & ~np.isnan(own)).sum(axis=1) <= most_changes
    seen = len(np.concatenate([part[0] for part in known]))
    every = _fresh(
        np.concatenate([*(part[0] for part in known), index[start][few]]),
        np.concatenate([*(part[1] for part in known), moved[few]]),
        space,
    )
    return every[0][seen:], every[1][seen:]
