"""What it takes to score rows, in a loop over one batch, once or in runs that are repeated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from auditkit.energy.grid import Grid
from auditkit.energy.held import Mode
from auditkit.energy.measuring import Measurement, idle, measure
from auditkit.energy.quantities import Quantity, emitted
from auditkit.energy.reading import Reading
from auditkit.stats.uncertainty import Range

PER = 1000
IDLE_SHARE = 1 / 3  # of the loop's seconds


@dataclass(frozen=True, slots=True)
class Scored:
    """Runs of a loop that scored rows.

    Attributes
    ----------
    runs : tuple of Measurement
    batch : int
        Rows of each round.
    grid : Grid
    resting : Measurement or None
        The same for as long as nothing was done.
    """

    runs: tuple[Measurement, ...]
    batch: int
    grid: Grid
    resting: Measurement | None = None

    @property
    def rows(self) -> int:
        """Rows that were scored in all."""
        return self.batch * sum(len(run.rounds) for run in self.runs)

    @property
    def seconds(self) -> float:
        """Seconds of all loops."""
        return math.fsum(run.seconds for run in self.runs)

    @property
    def reading(self) -> Reading:
        """The reading of the first run, for its method and hardware."""
        return self.runs[0].reading

    @property
    def rounds(self) -> tuple[float, ...]:
        """Seconds of each round."""
        return tuple(seconds for run in self.runs for seconds in run.rounds)

    @property
    def energy(self) -> Quantity:
        """Energy of a thousand predictions in Wh; with its runs and conditions where there are several."""
        amounts = [run.energy.amount for run in self.runs]
        low, value, high = (math.fsum(ends) for ends in zip(*((a.low, a.value, a.high) for a in amounts), strict=True))
        scale = PER / self.rows
        runs = tuple(
            PER * amount.value / (self.batch * len(run.rounds)) for run, amount in zip(self.runs, amounts, strict=True)
        )
        return Quantity(Range(low * scale, value * scale, high * scale, runs, self.reading.conditions), "Wh")

    @property
    def emissions(self) -> Quantity:
        """Emissions of a thousand predictions in gCO2e; the grid's datum is one of the conditions."""
        energy, grid = self.energy, self.grid
        found = emitted(energy, grid.range).amount
        runs = tuple(
            emitted(Quantity(Range(run, run, run), energy.unit), grid.range).amount.value for run in energy.amount.runs
        )
        conditions = f"{energy.amount.conditions}; {grid.name}, {grid.year}: {grid.intensity:g} gCO2e/kWh"
        return Quantity(Range(found.low, found.value, found.high, runs, conditions), "gCO2e")

    @property
    def above_idle(self) -> float | None:
        """Share of the energy that is not counted when nothing is done; None where that was not measured."""
        if self.resting is None:
            return None
        spent = math.fsum(run.energy.amount.value for run in self.runs)
        power = self.resting.energy.amount.value / self.resting.seconds
        return 1 - power * self.seconds / spent


def score(
    work: Callable[[], object],
    batch: int,
    *,
    seconds: float,
    grid: Grid,
    mode: Mode = "process",
    repeats: int = 1,
    resting: bool = False,
) -> Scored:
    """Score a batch again and again for at least `seconds`, `repeats` times.

    Parameters
    ----------
    work : callable without arguments
        Scores the batch once.
    batch : int
        Rows of it.
    seconds : float
        Least duration of each run.
    grid : Grid
    mode : {'process', 'machine'}
    repeats : int
        Runs.
    resting : bool
        Measure also what is counted while nothing is done, for a third of the time.

    Raises
    ------
    AuditkitError
        If codecarbon gives no measurement.
    """
    work()  # what a first call loads is no part of it
    runs = tuple(measure(work, seconds, grid, mode) for _ in range(repeats))
    return Scored(runs, batch, grid, idle(seconds * IDLE_SHARE, grid, mode) if resting else None)
