"""Files that tell of a training: the record that tracking writes, and codecarbon's own emissions.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditkit.energy.grid import Grid, grid_of
from auditkit.energy.quantities import factor
from auditkit.energy.reading import HIGH_FACTOR, LOW_FACTOR, Reading
from auditkit.errors import DataError, NotApplicable

RECORD_VERSION = 2
_READ = (1, RECORD_VERSION)
_ROUNDING = 0.005  # of intensities, between releases of codecarbon's tables and after rounding


def record_of(reading: Reading, grid: Grid, seconds: float, started: str) -> dict[str, Any]:
    """Return the record of what was tracked, as JSON values."""
    energy, intensity = reading.energy.to("kWh").amount, grid.range
    return {
        "auditkit_training": RECORD_VERSION,
        "energy_kwh": energy.value,
        "low_kwh": energy.low,
        "high_kwh": energy.high,
        "spread": reading.spread,
        "intensity": intensity.value,
        "intensity_low": intensity.low,
        "intensity_high": intensity.high,
        "intensity_why": grid.why,
        "country": grid.country,
        "region": grid.region,
        "grid": grid.name,
        "year": grid.year,
        "method": f"codecarbon {reading.version}, offline; {reading.method}",
        "grade": reading.grade,
        "sensors": list(reading.sensors),
        "hardware": reading.hardware,
        "mode": reading.mode,
        "seconds": round(seconds, 3),
        "started": started,
    }


def failed_record(reason: str, seconds: float, started: str) -> dict[str, Any]:
    """Return the record of a training whose measurement failed: the audit that reads it says why."""
    about = {"seconds": round(seconds, 3), "started": started}
    return {"auditkit_training": RECORD_VERSION, "failed": reason, **about}


def read_training(path: Path) -> dict[str, Any]:
    """Return what a file says of a training, as plain values: our record, or codecarbon's ``emissions.csv``.

    Raises
    ------
    DataError
        If it cannot be read, is neither, or is the record of a measurement that failed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"training: {path.name!r} cannot be read ({error}); track the training again") from None
    return {"tracked": _from_csv(text, path.name) if path.suffix.lower() == ".csv" else _from_record(text, path.name)}


def _from_record(text: str, name: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
        if record["auditkit_training"] not in _READ:
            raise ValueError
        failed = record.get("failed")
        if failed is None:
            low, energy, high = (
                float(record.get(key, record["energy_kwh"])) for key in ("low_kwh", "energy_kwh", "high_kwh")
            )
            if not 0 < low <= energy <= high or not float(record["intensity"]) >= 0:
                raise ValueError
            _ = [record[key] for key in ("country", "grid", "year", "method", "seconds")]
            return dict(record)
    except (ValueError, KeyError, TypeError):
        raise DataError(f"training: {name!r} is no training record; make one with auditkit track") from None
    raise DataError(f"training: the measurement that {name!r} tells of failed: {failed}; track the training again")


def _from_csv(text: str, name: str) -> dict[str, Any]:
    rows = list(csv.DictReader(text.splitlines()))
    try:
        last = rows[-1]
        energy, emissions = float(last["energy_consumed"]), float(last["emissions"])
        seconds, used = float(last["duration"]), emissions * factor("kgCO2e", "gCO2e") / energy
    except (IndexError, KeyError, ValueError, TypeError, ZeroDivisionError):
        raise DataError(f"training: {name!r} is no emissions.csv of codecarbon with a run in it") from None
    grid, doubt = _grid_used(last, used)
    version = f"codecarbon {last.get('codecarbon_version') or ''}".strip()
    counted = f", {last['tracking_mode']} mode" if last.get("tracking_mode") else ""
    return {
        "energy_kwh": energy,
        "low_kwh": energy * LOW_FACTOR,
        "high_kwh": energy * HIGH_FACTOR,
        "intensity": grid.intensity,
        "intensity_low": grid.range.low,
        "intensity_high": grid.range.high,
        "intensity_why": grid.why,
        "country": grid.country,
        "region": grid.region,
        "grid": grid.name,
        "year": grid.year,
        "method": f"{version}{counted}, last of {len(rows)} rows of {name}{doubt}",
        "seconds": seconds,
    }


def _grid_used(row: Mapping[str, str], used: float) -> tuple[Grid, str]:
    """Return the grid that a row was counted with, and what is to be said where that is not the one it names."""
    named, region = row.get("country_iso_code") or None, row.get("region") or None
    cloud = f"{row.get('cloud_provider')}/{row['cloud_region']}" if row.get("cloud_region") else None
    for asked in ((named, cloud), (named, region), (named, None)):
        try:
            grid = grid_of(asked[0], asked[1])
        except NotApplicable:
            continue
        if abs(grid.intensity - used) <= _ROUNDING * max(used, 1.0):
            other = cloud if asked[1] is None else None
            doubt = f"; it names the cloud region {cloud} but was counted with the grid of {grid.name}" if other else ""
            return replace(grid, intensity=used), doubt
    said = row.get("country_name") or "no country"
    doubt = f"; it names {said}, yet no grid known here has the {used:.0f} gCO2e/kWh that it was counted with"
    return Grid(used, named, f"{said} as codecarbon recorded it", None), doubt
