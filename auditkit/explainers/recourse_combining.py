"""Which combinations of changes are worth asking the model about: those that its answers to the single ones promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.explainers.recourse_asking import Flags, Space, Ways, Whole
from auditkit.explainers.recourse_space import Floats

_SINGLES, _CHEAPEST, _LIKELIEST, _FEW, _CARRIED = 36, 32, 64, 32, 24
_TIE = 1e-9


def cheapest_cost(ways: Ways, rows: int) -> Floats:
    """Return the lowest cost of a way with the decision, for each row; inf where there is none."""
    best = np.full(rows, np.inf)
    np.minimum.at(best, ways.index[ways.flips], ways.cost[ways.flips])
    return best


@dataclass(frozen=True, slots=True, eq=False)
class Promising:
    """A few single changes of each row, shape (rows, singles): value, axis, gain in nearness, cost (inf: none here)."""

    value: Floats
    axis: Whole
    gain: Floats
    cost: Floats

    def as_carried(self, base: Floats) -> Carried:
        """Return them as what combinations start from."""
        count = self.value.shape[1]
        return Carried(
            self.value[..., None], self.axis[..., None], base[:, None] + self.gain, self.cost, np.arange(count)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Combinations that were asked for and do not suffice, shape (rows, carried): values and axes of their parts."""

    value: Floats
    axis: Whole
    near: Floats
    cost: Floats
    place: Whole | None = None


def promising_of(space: Space, tables: tuple[Floats, Floats], axis_of: Whole, base: Floats) -> Promising:
    """Keep of each axis the change that gains most and those that gain most for their cost."""
    table, near = tables
    gain = near - base[:, None]
    rows = np.arange(len(base))
    quota = max(2, _SINGLES // len(space.axes))
    parts: list[tuple[Floats, Whole, Floats, Floats]] = []
    for place, axis in enumerate(space.axes):
        here = np.flatnonzero(axis_of == place)
        own = np.repeat(space.own[:, place], len(here))
        cost = axis.cost(own, table[:, here].ravel()).reshape(len(base), len(here))
        missing = np.isnan(table[:, here])
        most = np.where(missing, -np.inf, gain[:, here])
        rate = np.where(missing, -np.inf, np.where(missing, 0.0, gain[:, here]) / np.maximum(cost, _TIE))
        cost[missing] = np.inf
        # The greatest gain first; equal gains go to the farther value, which is what a model without scores has to offer.
        top = np.lexsort((-np.where(missing, -np.inf, cost), -most), axis=1)[:, :1]
        rate[rows[:, None], top] = np.inf
        picked = np.argsort(-rate, axis=1, kind="stable")[:, : min(quota, len(here))]
        chosen = here[picked]
        parts.append(
            (
                table[rows[:, None], chosen],
                np.full(chosen.shape, place),
                gain[rows[:, None], chosen],
                cost[rows[:, None], picked],
            )
        )
    value, at, gained, cost = (np.concatenate(items, axis=1) for items in zip(*parts, strict=True))
    return Promising(value, at, np.nan_to_num(gained, nan=-np.inf), cost)


def combined(space: Space, carried: Carried, promising: Promising, best: Floats) -> tuple[Ways, Carried]:
    """Ask about combinations with one change more; also return those that do not suffice and come nearest.

    Gains are added up to guess what a combination will do. Asked are the cheapest that should suffice, and the likeliest:
    many where a row has no way yet, few where it has one. None is dearer than what a row already has.
    """
    rows = len(carried.near)
    guess = carried.near[:, :, None] + promising.gain[:, None, :]
    cost = carried.cost[:, :, None] + promising.cost[:, None, :]
    clash = (carried.axis[:, :, :, None] == promising.axis[:, None, None, :]).any(axis=2)
    if carried.place is not None:  # each pair once
        clash |= carried.place[None, :, None] >= np.arange(promising.gain.shape[1])[None, None, :]
    wrong = clash | ~np.isfinite(guess) | ~(cost < best[:, None, None])
    guess, cost, barred = guess.reshape(rows, -1), cost.reshape(rows, -1), wrong.reshape(rows, -1)
    row, place = np.nonzero(_chosen(guess, cost, barred, space.goal, np.asarray(np.isfinite(best), dtype=np.bool_)))
    part, single = np.divmod(place, promising.gain.shape[1])
    values = space.own[row]
    for depth in range(carried.axis.shape[2]):
        values[np.arange(len(row)), carried.axis[row, part, depth]] = carried.value[row, part, depth]
    values[np.arange(len(row)), promising.axis[row, single]] = promising.value[row, single]
    near, flips = space.asked(row, values)
    ways = Ways(row, values, space.costs(row, values).sum(axis=1), near, flips)
    reached = np.full(guess.shape, -np.inf)
    reached[row[~flips], place[~flips]] = near[~flips]
    return ways, _carried(carried, promising, reached, cost)


def _chosen(guess: Floats, cost: Floats, wrong: Flags, goal: float, has_way: Flags) -> Flags:
    chosen = np.zeros(guess.shape, dtype=np.bool_)
    if not guess.size:
        return chosen
    cheap = np.where(wrong | (guess < goal), np.inf, cost)
    known, dear = np.where(wrong, 0.0, guess), np.where(wrong, 0.0, cost)
    likely = np.where(wrong, np.inf, -known - _TIE * dear)  # equal guesses: the farther values
    few, many = np.flatnonzero(has_way), np.flatnonzero(~has_way)
    for table, count, rows in (
        (cheap, _CHEAPEST, np.arange(len(cost))),
        (likely, _FEW, few),
        (likely, _LIKELIEST, many),
    ):
        part = table[rows]
        last = min(count, part.shape[1])
        places = np.argpartition(part, last - 1, axis=1)[:, :last]
        picked = np.isfinite(np.take_along_axis(part, places, axis=1))
        chosen[np.repeat(rows, last)[picked.ravel()], places[picked]] = True
    return chosen


def _carried(carried: Carried, promising: Promising, reached: Floats, cost: Floats) -> Carried:
    count = min(_CARRIED, reached.shape[1])
    rows = np.arange(len(reached))[:, None]
    top = np.argsort(-reached, axis=1, kind="stable")[:, :count]
    part, single = np.divmod(top, promising.gain.shape[1])
    value = np.concatenate([carried.value[rows, part], promising.value[rows, single][..., None]], axis=2)
    axis = np.concatenate([carried.axis[rows, part], promising.axis[rows, single][..., None]], axis=2)
    return Carried(value, axis, reached[rows, top], cost[rows, top])
