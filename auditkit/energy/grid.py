"""How much carbon a kilowatt-hour of electricity emits, by country, region of a country and region of a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from auditkit.energy.grid_data import Datum, cloud_regions, countries, regions, world
from auditkit.errors import NotApplicable, nearest
from auditkit.stats.uncertainty import Range

WORLD_AVERAGE = 475.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The carbon intensity of an electricity grid.

    Attributes
    ----------
    intensity : float
        gCO2e per kWh: the datum that central figures use.
    country : str or None
        ISO 3166-1 alpha-3 code; None for the world average and for a cloud's own figure.
    name : str
        Name to print.
    year : int or None
        Year of the datum.
    region : str or None
        Region within the country, or cloud and its region: ``gcp/europe-west9``.
    low, high : float
        Lowest and highest of the data that are at hand on the same grid; of the whole world, of all countries.
    why : str
        What low and high are, to print.
    """

    intensity: float
    country: str | None
    name: str
    year: int | None
    region: str | None = None
    low: float | None = field(default=None)
    high: float | None = field(default=None)
    why: str = "one datum"

    def __str__(self) -> str:
        dated = f", {self.year}" if self.year else ""
        return f"{self.name}{dated}: {self.intensity:.0f} gCO2e/kWh"

    @property
    def range(self) -> Range:
        """Lowest, central and highest datum, gCO2e per kWh."""
        low = self.intensity if self.low is None else self.low
        high = self.intensity if self.high is None else self.high
        return Range(min(low, self.intensity), self.intensity, max(high, self.intensity))

    @property
    def spread(self) -> str:
        """How far the data reach, as a sentence."""
        found = self.range
        return f"grid data {found.low:.0f} to {found.high:.0f} gCO2e/kWh ({self.why})"


def grid_of(country: str | None, region: str | None = None) -> Grid:
    """Return the grid of a country or region, or the world average when neither is given.

    Parameters
    ----------
    country : str or None
        ISO 3166-1 alpha-3 code in capitals, e.g. ``FRA``.
    region : str, optional
        A state of the USA, a province of Canada or China, a bidding zone of Sweden, Norway or Finland (``SE3``), or a
        region of a cloud with the cloud's name before it (``gcp/europe-west9``).

    Raises
    ------
    NotApplicable
        If it is unknown; the message names the nearest. Nothing is put in its place, since grids differ by a factor of 30.

    Examples
    --------
    >>> str(grid_of(None)), grid_of("SWE", "SE3").year
    ('world average (no country given): 475 gCO2e/kWh', 2025)
    """
    if region is not None and "/" in region:
        return _cloud(region, country)
    if country is None:
        if region is not None:
            raise NotApplicable(f"the region {region!r} without a country; give country too, e.g. USA")
        return _world()
    known = countries()
    if country not in known:
        words = {code.lower(): code for code in known} | {datum.name.lower(): code for code, datum in known.items()}
        near = _nearest(country, words, {code: f"{code} ({datum.name})" for code, datum in known.items()})
        raise NotApplicable(f"no grid for the country {country!r}; pass an ISO code of three capitals.{near}")
    return _of(known[country], country, None) if region is None else _region(country, known[country].name, region)


def _of(datum: Datum, country: str | None, region: str | None) -> Grid:
    return Grid(datum.intensity, country, datum.name, datum.year, region, datum.low, datum.high, datum.why)


def _region(country: str, name: str, region: str) -> Grid:
    known = regions(country)
    if not known:
        raise NotApplicable(
            f"no regions are known of {country} ({name}); leave region out, and the grid is the country's"
        )
    found = known.get(region.lower())
    if found is None:
        near = _nearest(region, {key: key for key in known}, {key: datum.name for key, datum in known.items()})
        raise NotApplicable(f"no grid for the region {region!r} of {country}.{near or ' ' + _some(known)}")
    return _of(found, country, region)


def _cloud(region: str, country: str | None) -> Grid:
    known = cloud_regions()
    found = known.get(region.lower())
    if found is None:
        clouds = ", ".join(sorted({key.split("/")[0] for key in known}))
        near = _nearest(region, {key: key for key in known}, {key: datum.name for key, datum in known.items()})
        raise NotApplicable(
            f"no grid for the cloud region {region!r}; figures are known of {clouds} alone, of others give the country.{near}"
        )
    code, datum = found.country, found
    if country is not None and country != code:
        raise NotApplicable(
            f"the cloud region {region!r} is in {code}, but the country given is {country}; leave one out"
        )
    return _of(datum, code, region.lower())


@cache
def _world() -> Grid:
    found = sorted(datum.intensity for datum in countries().values())
    return Grid(
        world(WORLD_AVERAGE),
        None,
        "world average (no country given)",
        None,
        None,
        found[0],
        found[-1],
        "the lowest and highest of all countries, since no country was given",
    )


def _nearest(given: str, words: Mapping[str, str], shown: Mapping[str, str]) -> str:
    codes = dict.fromkeys(words[word] for word in nearest(given.lower(), words))
    named = ", ".join(shown[code] for code in codes)
    return f" Nearest: {named}." if named else ""


def _some(known: Iterable[str]) -> str:
    return f"Known are {', '.join(sorted(known)[:4])}, …"
