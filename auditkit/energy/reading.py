"""What a tracker counted, by part of the machine, and between what limits the true energy lies."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.energy.quantities import Quantity, factor
from auditkit.stats.uncertainty import Range

# Three trackers read 28, 83 and 95 W off one machine without a sensor, codecarbon being the lowest; beside wattmeters
# it has also been seen at about twice the reading of other tools. Hence 1/2 to 95/28 of its figure.
LOW_FACTOR = 0.5
HIGH_FACTOR = 95 / 28
SPREAD = (
    "low to high is 0.5 to 3.4 times codecarbon's estimate: three trackers put 28, 83 and 95 W on one machine without "
    "a power sensor (codecarbon 28 W), and codecarbon has been reported at twice the reading of other tools; "
    "a spread of power models, not a confidence interval"
)
SENSOR_ERROR = 0.1
GRADES = ("declared by formula", "estimated while it ran", "read from a power sensor while it ran")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the machine: its energy in kWh, and the sensor it was read from; no name where power is a model's."""

    name: str
    kilowatt_hours: float
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tracker counted.

    Attributes
    ----------
    parts : tuple of Part
    mode : str
        ``process`` or ``machine``: whose energy.
    share : float
        Share of the machine's busy processor time that was this process's; 1 in the machine's mode.
    seconds : float
        From start to stop.
    processor, hardware : str
    cpu_watts : float or None
        Rated power that was stated.
    version : str
        Of codecarbon.
    """

    parts: tuple[Part, ...]
    mode: str
    share: float
    seconds: float
    processor: str
    hardware: str
    cpu_watts: float | None
    version: str

    @property
    def energy(self) -> Quantity:
        """Lowest, central and highest estimate; central is codecarbon's own figure.

        A part that a model gives the power of is between 0.5 and 3.4 times its figure. A sensor errs by a tenth at most, an
        allowance of auditkit's own; since it counts all that the processor does, the low end is this process's share of it.
        """
        low = sum(part.kilowatt_hours * self._factors(part)[0] for part in self.parts)
        high = sum(part.kilowatt_hours * self._factors(part)[1] for part in self.parts)
        return Quantity(Range(low, sum(part.kilowatt_hours for part in self.parts), high), "kWh")

    def _factors(self, part: Part) -> tuple[float, float]:
        if not part.sensor:
            return LOW_FACTOR, HIGH_FACTOR
        share = self.share if part.name == "processor" else 1.0
        return (1 - SENSOR_ERROR) * share, 1 + SENSOR_ERROR

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors that were read."""
        return tuple(dict.fromkeys(part.sensor for part in self.parts if part.sensor))

    @property
    def grade(self) -> int:
        """Which of `GRADES`: 2 where sensors counted more than half of the energy."""
        sensed = sum(part.kilowatt_hours for part in self.parts if part.sensor)
        return 2 if sensed > sum(part.kilowatt_hours for part in self.parts) / 2 else 1

    @property
    def spread(self) -> str:
        """How low and high came about, as a sentence."""
        if not self.sensors:
            return SPREAD
        read = ", ".join(f"{part.name} read by {part.sensor}" for part in self.parts if part.sensor)
        modelled = ", ".join(part.name for part in self.parts if not part.sensor)
        rest = f"; {modelled} modelled, 0.5 to 3.4 times codecarbon's estimate" if modelled else ""
        own = f", of which {self.share:.0%} of the busy time was this process's" if self.mode == "process" else ""
        return f"{read}, within {SENSOR_ERROR:.0%}{own}{rest}; not a confidence interval"

    @property
    def method(self) -> str:
        """How power came about, to print."""
        whose = "this process" if self.mode == "process" else "the whole machine"
        joules = factor("kWh", "J")
        watts = ", ".join(f"{part.kilowatt_hours * joules / self.seconds:.1f} W {part.name}" for part in self.parts)
        rated = f", rated power stated as {self.cpu_watts:g} W" if self.cpu_watts is not None else ""
        return f"{whose} on {self.processor}: {watts}{rated}"

    @property
    def conditions(self) -> str:
        """What must be the same for two figures to be comparable, beside the grid: hardware and method."""
        rated = "" if self.cpu_watts is None else f"; rated {self.cpu_watts:g} W"
        return (
            f"{self.hardware}; codecarbon {self.version}, {self.mode}, {'+'.join(self.sensors) or 'no sensor'}{rated}"
        )
