"""Where a person could go: values on an axis for each column that may change, and what it costs to get there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from auditkit.data.permitted import Change, Permitted
from auditkit.data.table import scalar
from auditkit.finding import Scalar

Floats = npt.NDArray[np.float64]
LEVELS = 8  # values tried in each direction before any is refined
CATEGORIES = 20  # the most frequent categories tried where none are named
FLAT = 1 / 3  # the mean percentile shift between two persons drawn at random, of a column without ties
_TINY = 1e-9
_POWERS = (1e3, 1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4)


class Axis(Protocol):
    """One column that may change; NaN is a value that is missing and stays so."""

    @property
    def change(self) -> Change:
        """What is permitted."""

    def encode(self, column: Any) -> Floats:
        """Return a pandas column as positions on the axis."""

    def decode(self, positions: Floats, like: Any) -> Any:
        """Return positions as a pandas column of the type of `like`."""

    def levels(self, own: Floats) -> Floats:
        """Return where each row could go, shape (rows, levels), NaN where nowhere."""

    def cost(self, own: Floats, new: Floats) -> Floats:
        """Return the weighted cost of each move; 0 where nothing moves."""

    def between(self, own: Floats, new: Floats, share: Floats) -> Floats:
        """Return the position at this share of the cost from `own` to `new`, never `own`; `new` if there is none nearer."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberAxis:
    """A numeric column; distance is counted in mid-percentiles of the training rows, linear between their values.

    Attributes
    ----------
    change : Change
    support, ranks : float arrays
        Distinct values of the training rows, and the share of rows below plus half the share at each.
    step : float or None
        New values are multiples of it.
    """

    change: Change
    support: Floats
    ranks: Floats
    step: float | None

    def encode(self, column: Any) -> Floats:
        """Return the numbers."""
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)

    def decode(self, positions: Floats, like: Any) -> Any:
        """Return the numbers in the column's own type."""
        import pandas as pd

        return pd.Series(positions).astype(like.dtype).array

    def levels(self, own: Floats) -> Floats:
        """Return `LEVELS` values in equal percentile steps each way, or every multiple of the step where these are fewer."""
        ways = {"up": (1,), "down": (-1,), "both": (1, -1)}[self.change.direction]
        return np.concatenate([self._one_way(own, way) for way in ways], axis=1)

    def _one_way(self, own: Floats, way: int) -> Floats:
        end = self._end(own, way)[:, None]
        start = own[:, None]
        rank, last = self._rank(start), self._rank(end)
        shares = np.arange(1, LEVELS + 1) / LEVELS
        found = self._snapped(np.interp(rank + (last - rank) * shares, self.ranks, self.support), way)
        found[:, -1] = end[:, 0]
        if self.step is not None:
            beyond = np.floor(way * start / self.step + _TINY)  # whole steps up to one's own value
            every = way * self._rounded((beyond + np.arange(1, LEVELS + 1)) * self.step)
            few = np.floor(way * end / self.step + _TINY) - beyond <= LEVELS
            found = np.where(few, every, found)
        low, high = (self.change.least, self.change.most)
        edges = (self.support[0], self.support[-1])
        wrong = ~(way * (found - start) > 0) | (way * (found - end) > _TINY * np.maximum(1, np.abs(end)))
        wrong |= (found < (-np.inf if low is None else low)) | (found > (np.inf if high is None else high))
        wrong |= (found < edges[0]) | (found > edges[1])
        found[wrong] = np.nan
        found[:, 1:][found[:, 1:] == found[:, :-1]] = np.nan
        return found

    def _end(self, own: Floats, way: int) -> Floats:
        """Return the farthest value one way: within the training rows, the limits and `farthest`, on the step."""
        limit = self.change.most if way > 0 else self.change.least
        edge = float(self.support[-1] if way > 0 else self.support[0])
        far = np.full(len(own), edge if limit is None else min(way * limit, way * edge) * way)
        if self.change.farthest is not None:
            far = way * np.minimum(way * far, way * (own + way * self.change.farthest))
        return far if self.step is None else way * self._rounded(np.floor(way * far / self.step + _TINY) * self.step)

    def _snapped(self, values: Floats, way: int) -> Floats:
        """Return the next multiple of the step, away from one's own value."""
        if self.step is None:
            return values
        return way * self._rounded(np.ceil(way * values / self.step - _TINY) * self.step)

    def _rounded(self, values: npt.NDArray[Any]) -> Floats:
        return np.asarray(np.round(values, 10), dtype=np.float64)

    def _rank(self, values: Floats) -> Floats:
        # Beyond the training rows lies nobody: 0 and 1, so that coming back among them is not free.
        return np.interp(values, self.support, self.ranks, left=0.0, right=1.0)

    def cost(self, own: Floats, new: Floats) -> Floats:
        """Return weight × shift in mid-percentiles."""
        moved = np.nan_to_num(np.abs(self._rank(new) - self._rank(own)))
        return self.change.cost * np.where(new == own, 0.0, moved)

    def between(self, own: Floats, new: Floats, share: Floats) -> Floats:
        """Return the value at a share of the percentiles between, snapped away from `own`."""
        first, last = self._rank(own), self._rank(new)
        middle = np.interp(first + (last - first) * share, self.ranks, self.support)
        low, high = np.minimum(own, new), np.maximum(own, new)
        middle = np.clip(middle, low, high)
        snapped = np.where(new > own, self._snapped(middle, 1), self._snapped(middle, -1))
        outside = (snapped == own) | (snapped < low) | (snapped > high)
        outside |= (snapped < self.support[0]) | (snapped > self.support[-1])
        if self.change.least is not None:
            outside |= snapped < self.change.least
        if self.change.most is not None:
            outside |= snapped > self.change.most
        return np.where(outside, new, snapped)


@dataclass(frozen=True, slots=True, eq=False)
class CategoryAxis:
    """A column of categories, by their places; those in order are apart by percentiles, others by a flat cost.

    Attributes
    ----------
    change : Change
    values : tuple of scalars
        Every category; in order where there is one.
    targets : float array
        Places that may be taken, ascending.
    ranks : float array or None
        Mid-percentile of each place; None where categories have no order.
    """

    change: Change
    values: tuple[Scalar, ...]
    targets: Floats
    ranks: Floats | None

    def encode(self, column: Any) -> Floats:
        """Return the place of each category; NaN if it is missing, or not in the order."""
        places = {value: float(place) for place, value in enumerate(self.values)}
        return np.asarray(column.map(lambda value: places.get(scalar(value), np.nan)), dtype=np.float64)

    def decode(self, positions: Floats, like: Any) -> Any:
        """Return the categories in the column's own type; where the place is NaN, those of `like`."""
        import pandas as pd

        known = ~np.isnan(positions)
        table = pd.Series(list(self.values), dtype=object).astype(like.dtype).array
        column = table.take(np.where(known, positions, 0).astype(np.int64))
        if not known.all():
            column[~known] = like.array[~known]
        return column

    def levels(self, own: Floats) -> Floats:
        """Return the categories that may be taken."""
        found = np.repeat(self.targets[None, :], len(own), axis=0)
        start = own[:, None]
        wrong = (found == start) | np.isnan(start)
        if self.ranks is not None and self.change.direction != "both":
            wrong |= (found < start) if self.change.direction == "up" else (found > start)
        found[wrong] = np.nan
        return found

    def cost(self, own: Floats, new: Floats) -> Floats:
        """Return weight × shift in mid-percentiles, or weight × 1/3 where categories have no order."""
        if self.ranks is None:
            return self.change.cost * np.where((new == own) | np.isnan(new), 0.0, FLAT)
        places = [np.nan_to_num(side).astype(np.int64) for side in (own, new)]
        moved = np.abs(self.ranks[places[1]] - self.ranks[places[0]])
        return self.change.cost * np.where((new == own) | np.isnan(own) | np.isnan(new), 0.0, moved)

    def between(self, own: Floats, new: Floats, share: Floats) -> Floats:
        """Return a permitted category between two, where they have an order."""
        if self.ranks is None:
            return new
        middle = np.nan_to_num(own + (new - own) * share)
        upward = self.targets[np.minimum(np.searchsorted(self.targets, middle), len(self.targets) - 1)]
        downward = self.targets[np.maximum(np.searchsorted(self.targets, middle, side="right") - 1, 0)]
        found = np.where(new > own, upward, downward)
        inside = (np.minimum(own, new) < found) & (found < np.maximum(own, new))
        return np.where(inside, found, new)


def axes_of(permitted: Permitted, frame: Any, training: Any) -> tuple[Axis, ...]:
    """Return the axes of the permitted changes.

    Parameters
    ----------
    frame : pandas DataFrame
        Rows that may hold categories which the training rows do not.
    training : pandas DataFrame
        Rows whose percentiles make the cost.
    """
    return tuple(
        _numbers(change, training[change.column])
        if change.numeric
        else _categories(change, frame[change.column], training[change.column])
        for change in permitted.changes
    )


def _numbers(change: Change, training: Any) -> NumberAxis:
    values = training.to_numpy(dtype=np.float64, na_value=np.nan)
    values = values[np.isfinite(values)]
    if not len(values):
        return NumberAxis(change, np.zeros(1), np.full(1, 0.5), change.step)
    support, counts = np.unique(values, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / len(values)
    return NumberAxis(change, support, ranks, change.step or _rounding(support))


def _rounding(values: Floats) -> float | None:
    """Return the largest power of ten, from 1,000 to 0.0001, of which all values are multiples."""
    for power in _POWERS:
        scaled = values / power
        if (np.abs(scaled - np.round(scaled)) <= 1e-6).all():
            return power
    return None


def _categories(change: Change, own: Any, training: Any) -> CategoryAxis:
    counts = _counts(training)
    if change.order:
        values: Sequence[Scalar] = change.order
        at = np.array([counts.get(value, 0) for value in values], dtype=np.float64)
        ranks = (np.cumsum(at) - at / 2) / max(1.0, at.sum())
    else:
        values, ranks = sorted({*counts, *_counts(own), *(change.to or ())}, key=_key), None
    often: Sequence[Scalar] = sorted(counts, key=lambda value: (-counts[value], _key(value)))[:CATEGORIES]
    wanted = change.to if change.to is not None else change.order or often
    if hasattr(own.dtype, "categories"):  # a model is not given a category that its column cannot hold
        wanted = [value for value in wanted if value in {scalar(held) for held in own.dtype.categories}]
    targets = np.sort(np.array([float(values.index(value)) for value in wanted]))
    return CategoryAxis(change, tuple(values), targets, ranks)


def _counts(column: Any) -> Mapping[Scalar, int]:
    found = column.value_counts(dropna=True)
    return {scalar(value): int(count) for value, count in found.items() if count}


def _key(value: Scalar) -> tuple[str, str]:
    return (type(value).__name__, str(value))
