"""Runs work in a loop under codecarbon and gives its energy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditkit.energy.grid import Grid
from auditkit.energy.held import Held, Mode
from auditkit.energy.quantities import Quantity
from auditkit.energy.reading import Reading

# codecarbon leaves out what came less than 0.05 s after its last reading.
SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a loop took.

    Attributes
    ----------
    reading : Reading
    rounds : tuple of float
        Seconds of each round.
    """

    reading: Reading
    rounds: tuple[float, ...]

    @property
    def energy(self) -> Quantity:
        """Energy of the loop, lowest to highest, in Wh."""
        return self.reading.energy.to("Wh")

    @property
    def seconds(self) -> float:
        """Wall time of the loop."""
        return sum(self.rounds)


def measure(work: Callable[[], object], seconds: float, grid: Grid, mode: Mode = "process") -> Measurement:
    """Repeat `work` for at least `seconds` and return the energy that was taken meanwhile.

    Sub-second readings are noise, so the work is looped (3 s or more) and the energy divided by its rounds.

    Parameters
    ----------
    work : callable without arguments
        One round.
    seconds : float
        Least duration of the loop; at least one round is run.
    grid : Grid
        Handed to codecarbon, so that its own figure cannot silently use another grid.
    mode : {'process', 'machine'}
        Whose energy: this process, or the whole machine.

    Raises
    ------
    AuditkitError
        If codecarbon gives no measurement; the message says at what step.
    """
    held = Held(grid, mode, every=1)
    held.start()
    try:
        rounds = tuple(_loop(work, max(seconds, SHORTEST)))
    finally:
        held.stop()
    return Measurement(held.read(), rounds)


def idle(seconds: float, grid: Grid, mode: Mode = "process") -> Measurement:
    """Return what is counted while nothing is done: of a process its memory, of a machine all that runs anyway."""
    return measure(lambda: time.sleep(SHORTEST / 4), seconds, grid, mode)


def _loop(work: Callable[[], object], seconds: float) -> Iterator[float]:
    begin = before = time.perf_counter()
    while before - begin < seconds or before == begin:
        work()
        now = time.perf_counter()
        yield now - before
        before = now
