"""The tables of grids that come with codecarbon, read as files: importing codecarbon would take longer than reading them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from auditkit.errors import AuditkitError

POUNDS_PER_MWH = 0.45359237  # gCO2e per kWh: 1 lb/MWh = 453.59237 g per 1,000 kWh
_SOURCES = ("coal", "nuclear", "solar", "wind", "biofuel")
_ELSEWHERE = {"oil": "petroleum", "gas": "natural_gas", "hydroelectricity": "hydroelectricity"}
_BY_SOURCE = "the figure that is published, and its sources' life-cycle factors weighted by the mix"
_NORDIC = ("SWE", "NOR", "FIN")


@dataclass(frozen=True, slots=True)
class Datum:
    """One grid: gCO2e per kWh, its name and year, and how far the data on it reach."""

    intensity: float
    name: str
    year: int | None
    low: float
    high: float
    why: str
    country: str


@cache
def _folder() -> Path:
    spec = find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise AuditkitError("codecarbon is not installed, and with it no table of grids; pip install codecarbon")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


@cache
def _json(*parts: str) -> Any:
    return json.loads(_folder().joinpath(*parts).read_text(encoding="utf-8"))


@cache
def countries() -> Mapping[str, Datum]:
    """Return the grids of countries by ISO 3166-1 alpha-3 code."""
    factors = _json("private_infra", "carbon_intensity_per_source.json")
    mixes = _json("private_infra", "global_energy_mix.json")
    found = {code: _country(code, entry, factors) for code, entry in mixes.items()}
    return {code: datum for code, datum in found.items() if datum is not None}


def world(otherwise: float) -> float:
    """Return the average of the world, gCO2e per kWh."""
    return float(_json("private_infra", "carbon_intensity_per_source.json").get("world_average", otherwise))


def _country(code: str, entry: Mapping[str, Any], factors: Mapping[str, Any]) -> Datum | None:
    published, mixed = entry.get("carbon_intensity"), _by_source(entry, factors)
    # A published 0 is a gap in the table: no grid emits nothing over the lives of its plants.
    data = [float(value) for value in (published, mixed) if value]
    if not data:
        return None
    why = _BY_SOURCE if len(data) > 1 else "one datum"
    return Datum(data[0], str(entry["country_name"]), int(entry["year"]), min(data), max(data), why, code)


def _by_source(entry: Mapping[str, Any], factors: Mapping[str, Any]) -> float | None:
    """Return Σ share · life-cycle factor over the sources; None where they are not nearly the whole mix."""
    named = {f"{name}_TWh": name for name in _SOURCES} | {f"{name}_TWh": key for name, key in _ELSEWHERE.items()}
    amounts = {key: float(entry.get(column) or 0.0) for column, key in named.items()}
    total, known = float(entry.get("total_TWh") or 0.0), sum(amounts.values())
    if total <= 0 or abs(known - total) > 0.05 * total:
        return None
    return sum(float(factors[key]) * amount for key, amount in amounts.items()) / known


@cache
def regions(country: str) -> Mapping[str, Datum]:
    """Return the grids of a country's regions by name in small letters; none of most countries."""
    own = countries()[country]
    if country == "USA":
        table = _json("private_infra", "2023", "usa_emissions.json")
        year = int(table["_source"]["year"])
        states = {key: entry for key, entry in table.items() if not key.startswith("_") and key != "usa"}
        return {
            key: _within(own, key.title(), float(entry["emissions"]) * POUNDS_PER_MWH, year)
            for key, entry in states.items()
        }
    if country == "CAN":
        return _provinces(own)
    if country == "CHN":
        table = _json("private_infra", "2023", "china_provincial_emissions.json")["data"]
        found = [_within(own, e["description"], float(e["emission_factor"]), int(e["year"])) for e in table.values()]
        return {name: datum for entry, datum in zip(table.values(), found, strict=True) for name in entry["names"]}
    if country in _NORDIC:
        zones = _json("private_infra", "nordic_emissions.json")["data"]
        return {
            key.lower(): _within(own, f"{e['description']} ({key})", float(e["emission_factor"]), int(e["year"]))
            for key, e in zones.items()
            if key[:2] == {"SWE": "SE", "NOR": "NO", "FIN": "FI"}[country]
        }
    return {}


def _provinces(own: Datum) -> Mapping[str, Datum]:
    factors = _json("private_infra", "carbon_intensity_per_source.json")
    keys = {"naturalGas": "natural_gas", "hydro": "hydroelectricity"}
    table = _json("private_infra", "2023", "canada_energy_mix.json")
    found = {}
    for name, mix in table.items():
        parts = {source: share for source, share in mix.items() if source != "total"}
        known = {
            source: float(factors[keys.get(source, source)]) for source in parts if keys.get(source, source) in factors
        }
        intensity = sum(known[source] * float(parts[source]) for source in known) / float(mix["total"])
        found[name] = _within(own, name.title(), intensity, 2023)
    return found


def _within(own: Datum, name: str, intensity: float, year: int | None) -> Datum:
    """Return a region's grid: what it is fed with comes from its own plants and from the rest of the country's."""
    low, high = min(intensity, own.low), max(intensity, own.high)
    return Datum(intensity, f"{name}, {own.name}", year, low, high, "the region's datum and its country's", own.country)


@cache
def cloud_regions() -> Mapping[str, Datum]:
    """Return the grids of a cloud's regions by ``cloud/region``."""
    known, found = countries(), {}
    with _folder().joinpath("cloud", "impact.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            own, name = known.get(row["countryIsoCode"]), f"{row['provider']}/{row['region']}"
            if own is None or not row["impact"]:
                continue
            place = row["city"] or row["state"] or row["country_name"]
            inside = _within(own, f"{name} ({place})", float(row["impact"]), None)
            found[name] = inside
    return found
