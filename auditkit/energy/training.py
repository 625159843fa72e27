"""What training took: declared, tracked, or read from codecarbon's own file; always a range, with its method."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.energy.grid import Grid, grid_of
from auditkit.energy.measuring import HIGH_FACTOR, LOW_FACTOR, SPREAD
from auditkit.errors import ConfigurationError, DataError
from auditkit.stats.uncertainty import Range

RECORD_VERSION = 1
MEMORY_WATTS = 0.3725  # per GB, Green Algorithms
# Of three trackers on one machine the two that rest on rated power gave 83 and 95 W, the third 28 W.
DECLARED_LOW, DECLARED_HIGH = 28 / 83, 95 / 83
DECLARED_SPREAD = (
    "low to high is 0.34 to 1.14 times the formula: of three trackers on one machine without a power sensor those that rest on "
    "rated power gave 83 and 95 W, the third 28 W; a spread of power models, not a confidence interval"
)
GRADES = ("declared by formula", "estimated while it ran")


@dataclass(frozen=True, slots=True)
class TrainingEnergy:
    """Energy of a training.

    Attributes
    ----------
    kilowatt_hours : Range
    grid : Grid
    method, spread : str
        To print.
    grade : int
        0 declared by formula, 1 estimated while it ran.
    """

    kilowatt_hours: Range
    grid: Grid
    method: str
    spread: str
    grade: int

    @property
    def kilograms(self) -> Range:
        """Emissions in kgCO2e: kWh × gCO2e/kWh ÷ 1,000."""
        low, value, high = (
            x * self.grid.intensity / 1000
            for x in (self.kilowatt_hours.low, self.kilowatt_hours.value, self.kilowatt_hours.high)
        )
        return Range(low, value, high)


def by_formula(declared: Mapping[str, Any], country: str | None = None) -> TrainingEnergy:
    """Return the energy of a training from what is declared of it.

    kWh = hours · (cores · watts per core · usage + GPUs · watts per GPU · usage + GB · 0.3725 W) · PUE ÷ 1,000.

    Parameters
    ----------
    declared : mapping
        ``hours``; ``cpu_cores`` with ``watts_per_core``; ``gpus`` with ``watts_per_gpu``; ``memory_gb``; ``usage`` (0 to 1,
        default 1); ``pue`` (at least 1, default 1); ``country``.
    country : str, optional
        Used if none is declared.

    Raises
    ------
    ConfigurationError
        If hours are missing, a number is none or out of range, or cores or GPUs stand there without their watts.

    Examples
    --------
    >>> given = {"hours": 12, "cpu_cores": 12, "watts_per_core": 12, "memory_gb": 64, "pue": 1.67}
    >>> round(by_formula(given).kilowatt_hours.value, 2)  # 12 h · (144 W + 23.84 W) · 1.67
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
    power = 0.0
    for count, watts in (("cpu_cores", "watts_per_core"), ("gpus", "watts_per_gpu")):
        amount = _number(declared, count, 0.0)
        if amount and watts not in declared:
            raise ConfigurationError(f"training: {count} without {watts}; give the rated power, e.g. {watts}: 12")
        power += amount * _number(declared, watts, 0.0) * usage
    power += _number(declared, "memory_gb", 0.0) * MEMORY_WATTS
    if not hours * power > 0:
        raise ConfigurationError(
            "training: nothing that takes power; give cpu_cores, gpus or memory_gb, and hours above 0"
        )
    central = hours * power * pue / 1000
    where = declared.get("country", country)
    return TrainingEnergy(
        Range(central * DECLARED_LOW, central, central * DECLARED_HIGH),
        grid_of(None if where is None else str(where)),
        f"Green Algorithms formula from what was declared: {hours:g} h at {power:.4g} W, PUE {pue:g}",
        DECLARED_SPREAD,
        0,
    )


def _number(declared: Mapping[str, Any], name: str, default: float | None) -> float:
    value = declared.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"training: {name}: got {value!r}, wanted a number of at least 0")
    return float(value)


def read_training(path: Path) -> dict[str, Any]:
    """Return what a file says of a training, as plain values: our record, or codecarbon's ``emissions.csv``.

    Raises
    ------
    DataError
        If it cannot be read, or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"training: {path.name!r} cannot be read ({error}); track the training again") from None
    if path.suffix.lower() == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        try:
            last = rows[-1]
            energy, kilograms = float(last["energy_consumed"]), float(last["emissions"])
            return {
                "tracked": {
                    "energy_kwh": energy,
                    "intensity": 1000 * kilograms / energy,
                    "country": last.get("country_iso_code") or None,
                    "grid": last.get("country_name") or "as codecarbon recorded it",
                    "year": None,
                    "method": f"codecarbon {last.get('codecarbon_version', '')}, last of {len(rows)} rows of {path.name}".replace(
                        "  ", " "
                    ),
                    "seconds": float(last["duration"]),
                }
            }
        except (IndexError, KeyError, ValueError, ZeroDivisionError):
            raise DataError(f"training: {path.name!r} is no emissions.csv of codecarbon with a run in it") from None
    try:
        record = json.loads(text)
        if record["auditkit_training"] != RECORD_VERSION or not float(record["energy_kwh"]) > 0:
            raise ValueError
        names = ("energy_kwh", "intensity", "country", "grid", "year", "method", "seconds")
        return {"tracked": {name: record[name] for name in names}}
    except (ValueError, KeyError, TypeError):
        raise DataError(f"training: {path.name!r} is no training record; make one with auditkit track") from None


def training_energy(given: Mapping[str, Any], country: str | None = None) -> TrainingEnergy:
    """Return the energy of a training that was tracked (a record, or what `read_training` gives) or is declared."""
    tracked = given if "energy_kwh" in given else given.get("tracked")
    if tracked is None:
        return by_formula(given, country)
    energy = float(tracked["energy_kwh"])
    year = tracked["year"]
    grid = Grid(
        float(tracked["intensity"]), tracked["country"], str(tracked["grid"]), None if year is None else int(year)
    )
    return TrainingEnergy(
        Range(energy * LOW_FACTOR, energy, energy * HIGH_FACTOR), grid, str(tracked["method"]), SPREAD, 1
    )
