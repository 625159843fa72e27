"""How the search asks the model: rows with other values on their axes, in batches, within limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.explainers.recourse_space import Axis, Floats

Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
Asked = tuple[Floats, Flags]
BATCH = 10_000


class Stopped(Exception):
    """A limit is reached; the rows in work are not searched."""

    def __init__(self, why: Literal["budget", "clock"]) -> None:
        self.why: Literal["budget", "clock"] = why
        super().__init__(why)


@dataclass(slots=True)
class Limits:
    """What the search may cost: rows of the model first, and seconds of wall clock that only stop what hangs."""

    model_rows: int
    seconds: float
    used: int = 0
    _until: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.seconds

    def spend(self, rows: int) -> None:
        """Count rows before they are asked for.

        Raises
        ------
        Stopped
            If a limit is reached.
        """
        if self.used + rows > self.model_rows:
            raise Stopped("budget")
        if time.monotonic() > self._until:
            raise Stopped("clock")
        self.used += rows


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The rows in work: their inputs, their axes, and how the model is asked about other values.

    Attributes
    ----------
    frame : pandas DataFrame
    axes : sequence of Axis
    own : float array, shape (rows, axes)
        Where each row stands.
    ask : function of a frame
        Returns how near each row is to the favourable decision, higher is nearer, and which rows have it.
    goal : float
        The nearness from which rows are likely to have it.
    limits : Limits
    """

    frame: Any
    axes: Sequence[Axis]
    own: Floats
    ask: Callable[[Any], Asked]
    goal: float
    limits: Limits

    @classmethod
    def of(cls, frame: Any, axes: Sequence[Axis], ask: Callable[[Any], Asked], goal: float, limits: Limits) -> Space:
        """Return the space of some rows."""
        frame = frame.reset_index(drop=True)
        own = np.column_stack([axis.encode(frame[axis.change.column]) for axis in axes])
        return cls(frame, axes, own, ask, goal, limits)

    def rows(self, index: Whole, values: Floats) -> Any:
        """Return rows with their values on the axes replaced, shape of `values` (rows, axes)."""
        chosen = self.frame.iloc[index].reset_index(drop=True)
        for place, axis in enumerate(self.axes):
            if not np.array_equal(values[:, place], self.own[index, place], equal_nan=True):
                name = axis.change.column
                chosen[name] = axis.decode(values[:, place], chosen[name])
        return chosen

    def asked(self, index: Whole, values: Floats) -> Asked:
        """Ask the model, at most `BATCH` rows a call."""
        near, flips = np.empty(len(index)), np.zeros(len(index), dtype=np.bool_)
        for start in range(0, len(index), BATCH):
            part = slice(start, start + BATCH)
            self.limits.spend(len(index[part]))
            near[part], flips[part] = self.ask(self.rows(index[part], values[part]))
        return near, flips

    def costs(self, index: Whole, values: Floats) -> Floats:
        """Return the cost on each axis, shape (rows, axes)."""
        own = self.own[index]
        return np.column_stack([axis.cost(own[:, place], values[:, place]) for place, axis in enumerate(self.axes)])


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Rows with values at which the model was asked: index of the row, values, cost, nearness, whether it has the decision."""

    index: Whole
    values: Floats
    cost: Floats
    near: Floats
    flips: Flags
