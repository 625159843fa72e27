"""Shares of a prediction, with the certificate that they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-4
PART_ROWS = 400


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
    path_dependent : bool
        Trees compare with their own counts of training rows along each path, not with the background.
    encoded_game : bool
        Each encoded column of a pipeline is a player, and an original column gets the sum of its encoded ones; otherwise
        the encoded columns of one original column are one player, replaced together.
    owners : array of int or None
        For the last step of a pipeline: the position of the original column that each encoded one comes from.
    players : int
        Number of original columns.
    parts : int
        Above 1: also explain the first rows against each of so many parts of the background, which shows how far it matters:
        shares are means over background rows, so the variance that the whole of it brings is that between the parts / parts.
    """

    estimator: Any
    answer: Any
    positive: int | None
    rows: Any
    background: Any
    rng: np.random.Generator
    budget: int
    path_dependent: bool = False
    encoded_game: bool = False
    owners: npt.NDArray[np.int64] | None = None
    players: int = 0
    parts: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """For each row, what each column adds to the base to make the output.

    Attributes
    ----------
    values : array, shape (rows, columns)
        Of the first rows of the task: fewer than were given where all would cost too much, and then a note says so.
    base, output : array, shape (rows,)
        ``base + values.sum(axis=1) == output`` up to `additivity_error`.
    halves : array of shape (2, rows, columns), or None
        The values from either half of the samples, where they are sampled: how far noise has gone down.
    fifths : array of shape (5, rows, columns), or None
        The values from each fifth of the samples.
    noise : array of shape (columns,), or None
        Standard error of a sampled value: the root of its mean square over rows.
    uses_background : bool
        False where the base is not the mean output of the background rows, but the trees' own record of training.
    original_columns : bool
        For the last step of a pipeline: whether the values are already those of the original columns.
    asked : int
        Rows that the model was asked for.
    by_part : array of shape (parts, rows, columns), or None
        Values of the first rows, at most 400, against each part of the background, where parts were wanted and the explainer
        knows them.
    """

    values: Floats
    base: Floats
    output: Floats
    method: str
    units: str
    halves: Floats | None = None
    fifths: Floats | None = None
    noise: Floats | None = None
    uses_background: bool = True
    original_columns: bool = False
    asked: int = 0
    by_part: Floats | None = None
    notes: tuple[str, ...] = ()

    @property
    def sizes(self) -> Floats:
        """Return abs(φ), shape (rows, columns); of sampled values 5/2·abs(φ) − 5/3·mean of either half's + 1/6·mean of each fifth's.

        Noise inflates a mean of abs(φ), the more the smaller the sample. A parabola through the means at the whole sample, a
        half and a fifth, taken to no noise at all, has these weights, and takes most of it out of the mean over rows. A
        single entry can be below 0.
        """
        size = np.abs(self.values)
        if self.halves is None or self.fifths is None:
            return size
        found: Floats = 5 / 2 * size - 5 / 3 * np.abs(self.halves).mean(axis=0) + np.abs(self.fifths).mean(axis=0) / 6
        return found

    @property
    def floor(self) -> Floats:
        """Return what the mean of `sizes` would be for a column that does nothing, from noise alone, shape (columns,).

        Of a normal error with standard error s, of half the sample √2·s and of a fifth √5·s, the mean is
        (5/2 − 5/3·√2 + √5/6)·√(2/π)·s.
        """
        if self.noise is None:
            return np.zeros(self.values.shape[1])
        return float((5 / 2 - 5 / 3 * np.sqrt(2) + np.sqrt(5) / 6) * np.sqrt(2 / np.pi)) * self.noise

    @property
    def additivity_error(self) -> float:
        """The largest abs(base + Σ values − output), relative to max(1, abs(output))."""
        gap = np.abs(self.base + self.values.sum(axis=1) - self.output)
        return float(np.max(gap / np.maximum(1.0, np.abs(self.output)), initial=0.0))


class Adapter(Protocol):
    """One way to explain: None where it does not apply."""

    def __call__(self, task: Task) -> Attributions | None:
        """Explain, or decline."""


def part_of(rows: int, parts: int) -> npt.NDArray[np.int64]:
    """Return the part of each background row: in turn, so that parts are as equal as can be."""
    return np.arange(rows) % parts


def signed(values: Floats, task: Task) -> Floats:
    """Turn values of the second class of two into values of the class explained."""
    return -values if task.positive == 0 else values
