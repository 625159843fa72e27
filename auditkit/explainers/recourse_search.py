"""The search: single changes, then combinations that these promise, then as little of each as suffices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.explainers.recourse_asking import Space, Ways, Whole
from auditkit.explainers.recourse_combining import cheapest_cost, combined, promising_of
from auditkit.explainers.recourse_last_look import last_look
from auditkit.explainers.recourse_shrinking import Found, cheapest, kept, made_cheaper
from auditkit.explainers.recourse_space import Floats

_FIRST_BLOCK, _BLOCK = 64, 512


def blocks(rows: int) -> Iterator[slice]:
    """Yield a small block first, so that even of a slow model something is known before the clock ends the search."""
    start, size = 0, _FIRST_BLOCK
    while start < rows:
        yield slice(start, start + size)
        start, size = start + size, _BLOCK


def search(space: Space, most_changes: int) -> Found:
    """Return the cheapest way found for each row of the space.

    Raises
    ------
    Stopped
        If a limit is reached.
    """
    base, _ = space.asked(np.arange(len(space.own)), space.own)
    singles, axis_of, near = _singles(space)
    known = [singles]
    if most_changes > 1 and len(space.axes) > 1:
        promising = promising_of(space, near, axis_of, base)
        carried = promising.as_carried(base)
        best = cheapest_cost(singles, len(base))
        for _ in range(1, min(most_changes, len(space.axes))):
            ways, carried = combined(space, carried, promising, best)
            known.append(ways)
            best = np.minimum(best, cheapest_cost(ways, len(base)))
        known.append(last_look(space, near[0], axis_of, np.flatnonzero(~np.isfinite(best)), most_changes))
    return cheapest(space, made_cheaper(space, kept(space, known), most_changes))


def _singles(space: Space) -> tuple[Ways, Whole, tuple[Floats, Floats]]:
    """Ask for every level of every axis alone; also return the axis of each column, and values and nearness as tables."""
    levels = [axis.levels(space.own[:, place]) for place, axis in enumerate(space.axes)]
    axis_of = np.repeat(np.arange(len(levels)), [part.shape[1] for part in levels])
    table = np.concatenate(levels, axis=1)
    index, column = np.nonzero(~np.isnan(table))
    values = space.own[index]
    values[np.arange(len(index)), axis_of[column]] = table[index, column]
    near, flips = space.asked(index, values)
    nearness = np.full(table.shape, np.nan)
    nearness[index, column] = near
    return Ways(index, values, space.costs(index, values).sum(axis=1), near, flips), axis_of, (table, nearness)
