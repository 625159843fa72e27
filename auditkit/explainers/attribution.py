"""Shares of a prediction, with the certificate that they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be explained.

    Attributes
    ----------
    estimator : object
        A fitted estimator, or None where only `answer` is known.
    answer : callable
        Frame to output of shape (rows,): the model itself, for black boxes.
    positive : int or None
        Index of the class explained; None for a regression.
    rows, background : pandas DataFrame
        In the original columns.
    rng : Generator
    budget : int
        Rows that a black box may be asked.
    """

    estimator: Any
    answer: Any
    positive: int | None
    rows: Any
    background: Any
    rng: np.random.Generator
    budget: int


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """For each row, what each column adds to the base to make the output.

    Attributes
    ----------
    values : array, shape (rows, columns)
        Of the first rows of the task: fewer than were given where all would cost too much, and then a note says so.
    base, output : array, shape (rows,)
        ``base + values.sum(axis=1) == output`` up to `additivity_error`.
    half : array or None
        The values from half of the samples, where they are sampled: how far noise has gone down.
    uses_background : bool
        False where the base is not the mean output of the background rows, but the trees' own record of training.
    """

    values: Floats
    base: Floats
    output: Floats
    method: str
    units: str
    half: Floats | None = None
    uses_background: bool = True
    notes: tuple[str, ...] = ()

    @property
    def additivity_error(self) -> float:
        """The largest abs(base + Σ values − output), relative to max(1, abs(output))."""
        gap = np.abs(self.base + self.values.sum(axis=1) - self.output)
        return float(np.max(gap / np.maximum(1.0, np.abs(self.output))))


class Adapter(Protocol):
    """One way to explain: None where it does not apply."""

    def __call__(self, task: Task) -> Attributions | None:
        """Explain, or decline."""


def signed(values: Floats, task: Task) -> Floats:
    """Turn values of the second class of two into values of the class explained."""
    return -values if task.positive == 0 else values
