"""What training took: tracked while it ran, or by formula from what is declared; always a range, with its method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.energy.grid import Grid, grid_of
from auditkit.energy.quantities import Quantity, emitted
from auditkit.energy.reading import HIGH_FACTOR, LOW_FACTOR, SPREAD
from auditkit.errors import ConfigurationError
from auditkit.stats.uncertainty import Range

MEMORY_WATTS = 0.3725  # per GB, Green Algorithms
# Of three trackers on one machine the two that rest on rated power gave 83 and 95 W, the third 28 W.
DECLARED_LOW, DECLARED_HIGH = 28 / 83, 95 / 83
DECLARED_SPREAD = (
    "low to high is 0.34 to 1.14 times the formula: of three trackers on one machine without a power sensor those that rest on "
    "rated power gave 83 and 95 W, the third 28 W; a spread of power models, not a confidence interval"
)


@dataclass(frozen=True, slots=True)
class TrainingEnergy:
    """Energy of a training.

    Attributes
    ----------
    energy : Quantity
    grid : Grid
    method, spread : str
        To print.
    grade : int
        Which of `GRADES`: 0 declared by formula, 1 estimated while it ran, 2 read from a power sensor.
    """

    energy: Quantity
    grid: Grid
    method: str
    spread: str
    grade: int

    @property
    def emissions(self) -> Quantity:
        """Emissions in kgCO2e: the lowest energy on the lowest datum of the grid to the highest on the highest."""
        return emitted(self.energy, self.grid.range).to("kgCO2e")


def by_formula(declared: Mapping[str, Any], country: str | None = None, region: str | None = None) -> TrainingEnergy:
    """Return the energy of a training from what is declared of it.

    kWh = hours · (cores · watts per core · usage + GPUs · watts per GPU · usage + GB · 0.3725 W) · PUE ÷ 1,000.

    Parameters
    ----------
    declared : mapping
        ``hours``; ``cpu_cores`` with ``watts_per_core``; ``gpus`` with ``watts_per_gpu``; ``memory_gb``; ``usage`` (0 to 1,
        default 1); ``pue`` (at least 1, default 1); ``country`` and ``region``.
    country, region : str, optional
        Used if no country is declared.

    Raises
    ------
    ConfigurationError
        If hours are missing, a number is none or out of range, or cores or GPUs stand there without their watts.
    NotApplicable
        If country or region is unknown.

    Examples
    --------
    >>> given = {"hours": 12, "cpu_cores": 12, "watts_per_core": 12, "memory_gb": 64, "pue": 1.67}
    >>> round(by_formula(given).energy.amount.value, 2)  # 12 h · (144 W + 23.84 W) · 1.67
    3.36

    References
    ----------
    Lannelongue, Grealey, Inouye 2021, Green Algorithms, doi:10.1002/advs.202100707
    """
    hours = _number(declared, "hours", None)
    usage, pue = _number(declared, "usage", 1.0), _number(declared, "pue", 1.0)
    if usage > 1 or pue < 1:
        raise ConfigurationError(
            f"training: got usage {usage:g} and pue {pue:g}, wanted usage up to 1 and pue of at least 1"
        )
    power = _declared_power(declared, usage)
    if not hours * power > 0:
        raise ConfigurationError(
            "training: nothing that takes power; give cpu_cores, gpus or memory_gb, and hours above 0"
        )
    central = hours * power * pue
    if "country" in declared or "region" in declared:
        country, region = declared.get("country"), declared.get("region")
    spent = Quantity(Range(central * DECLARED_LOW, central, central * DECLARED_HIGH), "Wh")
    return TrainingEnergy(
        spent.to("kWh"),
        grid_of(None if country is None else str(country), None if region is None else str(region)),
        f"Green Algorithms formula from what was declared: {hours:g} h at {power:.4g} W, PUE {pue:g}",
        DECLARED_SPREAD,
        0,
    )


def _declared_power(declared: Mapping[str, Any], usage: float) -> float:
    power = 0.0
    for count, watts in (("cpu_cores", "watts_per_core"), ("gpus", "watts_per_gpu")):
        amount = _number(declared, count, 0.0)
        if amount and watts not in declared:
            raise ConfigurationError(f"training: {count} without {watts}; give the rated power, e.g. {watts}: 12")
        power += amount * _number(declared, watts, 0.0) * usage
    return power + _number(declared, "memory_gb", 0.0) * MEMORY_WATTS


def _number(declared: Mapping[str, Any], name: str, default: float | None) -> float:
    value = declared.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"training: {name}: got {value!r}, wanted a number of at least 0")
    return float(value)


def training_energy(given: Mapping[str, Any], country: str | None = None, region: str | None = None) -> TrainingEnergy:
    """Return the energy of a training that was tracked (a record, or what `read_training` gives) or is declared."""
    tracked = given if "energy_kwh" in given else given.get("tracked")
    if tracked is None:
        return by_formula(given, country, region)
    energy = float(tracked["energy_kwh"])
    low, high = (
        float(tracked.get(key, energy * by)) for key, by in (("low_kwh", LOW_FACTOR), ("high_kwh", HIGH_FACTOR))
    )
    return TrainingEnergy(
        Quantity(Range(low, energy, high), "kWh"),
        _tracked_grid(tracked),
        str(tracked["method"]),
        str(tracked.get("spread", SPREAD)),
        int(tracked.get("grade", 1)),
    )


def _tracked_grid(tracked: Mapping[str, Any]) -> Grid:
    year, intensity = tracked["year"], float(tracked["intensity"])
    return Grid(
        intensity,
        tracked["country"],
        str(tracked["grid"]),
        None if year is None else int(year),
        tracked.get("region"),
        float(tracked.get("intensity_low", intensity)),
        float(tracked.get("intensity_high", intensity)),
        str(tracked.get("intensity_why", "one datum")),
    )
