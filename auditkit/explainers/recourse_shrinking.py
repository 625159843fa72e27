"""Ways that have the decision made cheaper: changes dropped that are not needed, the others taken back as far as it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditkit.explainers.recourse_asking import Flags, Space, Ways, Whole
from auditkit.explainers.recourse_space import Floats

_KEPT = 4  # ways per row that are made cheaper
_HALVINGS = 7
_NEARLY = 7 / 8  # from the second column on, what the first has left is seldom more than this


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The cheapest way of each row: values on the axes (NaN where none was found) and its cost on each (NaN likewise)."""

    values: Floats
    costs: Floats

    @property
    def has_way(self) -> Flags:
        """Which rows have one."""
        return np.asarray(~np.isnan(self.costs).any(axis=1), dtype=np.bool_)


def kept(space: Space, known: Sequence[Ways]) -> Ways:
    """Return the cheapest ways of each row that have the decision, each set of columns once."""
    parts = [(ways.index[ways.flips], ways.values[ways.flips], ways.cost[ways.flips]) for ways in known]
    index, values, cost = (np.concatenate(items) for items in zip(*parts, strict=True))
    order = np.lexsort((cost, index))
    index, values, cost = index[order], values[order], cost[order]
    index, values, cost = _narrowed(
        index, values, cost, _first_of_each(np.column_stack([index, _moved(space, index, values)]))
    )
    place = np.arange(len(index)) - np.searchsorted(index, index, side="left")
    index, values, cost = _narrowed(index, values, cost, place < _KEPT)
    return Ways(index, values, cost, np.zeros(len(index)), np.ones(len(index), dtype=np.bool_))


def _narrowed(index: Whole, values: Floats, cost: Floats, rows: Flags) -> tuple[Whole, Floats, Floats]:
    return index[rows], values[rows], cost[rows]


def _first_of_each(keys: Whole) -> Flags:
    first = np.zeros(len(keys), dtype=np.bool_)
    first[np.unique(keys, axis=0, return_index=True)[1]] = True
    return first


def _moved(space: Space, index: Whole, values: Floats) -> Flags:
    own = space.own[index]
    return np.asarray((values != own) & ~(np.isnan(values) & np.isnan(own)), dtype=np.bool_)


def made_cheaper(space: Space, ways: Ways, most_changes: int) -> Ways:
    """Return the ways with changes dropped or taken back, the dearest first, as long as the model keeps the decision."""
    turns = min(most_changes, len(space.axes))
    ways = _dropped(space, ways, turns)
    done = np.zeros(ways.values.shape, dtype=np.bool_)
    for turn in range(turns):
        axis, some = _dearest(space, ways, done)
        done[some, axis[some]] = True
        ways = _taken_back(space, ways, axis, some, 1 / 2 if turn == 0 else _NEARLY)
    return replace(ways, cost=space.costs(ways.index, ways.values).sum(axis=1))


def _dearest(space: Space, ways: Ways, done: Flags) -> tuple[Whole, Flags]:
    """Return of each way the dearest change that is not done yet, and whether there is one."""
    costs = np.where(done | ~_moved(space, ways.index, ways.values), -1.0, space.costs(ways.index, ways.values))
    return costs.argmax(axis=1), np.asarray(costs.max(axis=1) >= 0, dtype=np.bool_)


def _dropped(space: Space, ways: Ways, turns: int) -> Ways:
    done = np.zeros(ways.values.shape, dtype=np.bool_)
    values = ways.values.copy()
    for _ in range(turns):
        now = replace(ways, values=values)
        axis, some = _dearest(space, now, done)
        done[some, axis[some]] = True
        some &= _moved(space, ways.index, values).sum(axis=1) > 1
        rows = np.flatnonzero(some)
        trial = values[rows]
        trial[np.arange(len(rows)), axis[rows]] = space.own[ways.index[rows], axis[rows]]
        _, flips = space.asked(ways.index[rows], trial)
        values[rows[flips]] = trial[flips]
    return replace(ways, values=values)


def _taken_back(space: Space, ways: Ways, axis: Whole, some: Flags, first: float) -> Ways:
    """Halve the distance on one axis of each way, 7 times at most; with `first` above 1/2, only where that much holds."""
    values = ways.values.copy()
    start, end = (side[np.arange(len(axis)), axis] for side in (space.own[ways.index], ways.values))
    low, high = np.zeros(len(axis)), np.ones(len(axis))
    share = np.full(len(axis), first)
    open_ = some.copy()
    for turn in range(_HALVINGS):
        middle = _between(space, axis, start, end, share)
        now = values[np.arange(len(axis)), axis]
        rows = np.flatnonzero(open_ & (middle != now))
        trial = values[rows]
        trial[np.arange(len(rows)), axis[rows]] = middle[rows]
        _, holds = space.asked(ways.index[rows], trial)
        values[rows[holds]] = trial[holds]
        held = np.zeros(len(axis), dtype=np.bool_)
        held[rows[holds]] = True
        held |= middle == now
        if turn == 0 and first > 1 / 2:
            open_ &= held & (middle != now)
        high, low = np.where(held, share, high), np.where(held, low, share)
        share = (low + high) / 2
    return replace(ways, values=values)


def _between(space: Space, axis: Whole, start: Floats, end: Floats, share: Floats) -> Floats:
    middle = end.copy()
    for place, one in enumerate(space.axes):
        here = axis == place
        if here.any():
            middle[here] = one.between(start[here], end[here], share[here])
    return middle


def cheapest(space: Space, ways: Ways) -> Found:
    """Return the cheapest way of each row."""
    values = np.full(space.own.shape, np.nan)
    costs = np.full(space.own.shape, np.nan)
    order = np.lexsort((ways.cost, ways.index))
    first = order[np.r_[True, np.diff(ways.index[order]) > 0]] if len(order) else order
    values[ways.index[first]] = ways.values[first]
    costs[ways.index[first]] = space.costs(ways.index[first], ways.values[first])
    return Found(values, costs)
