"""How much carbon a kilowatt-hour of electricity emits, by country."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from auditkit.errors import NotApplicable

WORLD_AVERAGE = 475.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The carbon intensity of an electricity grid.

    Attributes
    ----------
    intensity : float
        gCO2e per kWh.
    country : str or None
        ISO 3166-1 alpha-3 code; None for the world average.
    name : str
        Name to print.
    year : int or None
        Year of the datum.
    """

    intensity: float
    country: str | None
    name: str
    year: int | None

    def __str__(self) -> str:
        dated = f", {self.year}" if self.year else ""
        return f"{self.name}{dated}: {self.intensity:.0f} gCO2e/kWh"


def grid_of(country: str | None) -> Grid:
    """Return the grid of a country, or the world average when no country is given.

    Parameters
    ----------
    country : str or None
        ISO 3166-1 alpha-3 code in capitals, e.g. ``FRA``.

    Raises
    ------
    NotApplicable
        If the country is unknown: nothing is put in its place, since grids differ by a factor of 30.

    Examples
    --------
    >>> str(grid_of(None))
    'world average (no country given): 475 gCO2e/kWh'
    """
    if country is None:
        return Grid(WORLD_AVERAGE, None, "world average (no country given)", None)
    known = _known_grids()
    if country not in known:
        near = _near(country, known)
        raise NotApplicable(f"no grid for the country {country!r}; pass an ISO code of three capitals.{near}")
    return known[country]


def _known_grids() -> dict[str, Grid]:
    from codecarbon.input import DataSource

    mix = DataSource().get_global_energy_mix_data()  # type: ignore[no-untyped-call]
    return {
        code: Grid(float(entry["carbon_intensity"]), code, str(entry["country_name"]), int(entry["year"]))
        for code, entry in mix.items()
        if entry.get("carbon_intensity") is not None
    }


def _near(country: str, known: dict[str, Grid]) -> str:
    by_word = {code.lower(): code for code in known} | {grid.name.lower(): code for code, grid in known.items()}
    close = difflib.get_close_matches(country.lower(), by_word, n=3, cutoff=0.6)
    codes = dict.fromkeys(by_word[word] for word in close)
    named = ", ".join(f"{code} ({known[code].name})" for code in codes)
    return f" Nearest: {named}." if named else ""
