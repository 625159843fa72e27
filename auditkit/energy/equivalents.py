"""What a mass of CO2e is like: things of daily life, each with its source and the year of its figure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from auditkit.energy.quantities import Quantity
from auditkit.finding import Column, Evidence
from auditkit.stats.uncertainty import Range


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Something that emits so many grams of CO2e.

    Attributes
    ----------
    name : str
        In the plural, to print.
    grams : float
        gCO2e of one.
    year : int
        Year of the figure.
    read_on : str
        When the source was read, ISO.
    source : str
    """

    name: str
    grams: float
    year: int
    read_on: str
    source: str

    def like(self, mass: Quantity) -> Range:
        """Return how many of it emit as much as a mass."""
        return mass.to("gCO2e").amount.times(1 / self.grams)


@cache
def equivalents() -> tuple[Equivalent, ...]:
    """Return those of the file ``equivalents.json``.

    Examples
    --------
    >>> [one.grams for one in equivalents()][:2]
    [175, 12.4]
    """
    text = resources.files("auditkit.energy").joinpath("equivalents.json").read_text(encoding="utf-8")
    return tuple(Equivalent(**entry) for entry in json.loads(text))


def likened(mass: Quantity, of: str, *, volatile: bool) -> Evidence:
    """Return a table of what a mass is like; `of` says whose it is: "the emissions of a year"."""
    rows = tuple((one.name, *_ends(one.like(mass)), f"{one.year}: {one.source}") for one in equivalents())
    return Evidence(
        id="equivalents",
        kind="table",
        title=f"What {of} are like",
        caption=(
            f"Central, lowest and highest estimate of {of}, divided by what one of each emits. Pictures for people, not "
            "measures: the figures of other sources differ by half and more."
        ),
        alt=f"What {of} are like, in kilometres by car, charges of a phone and shares of a flight",
        columns=(
            Column("As much as", role="label"),
            Column("Central", role="value"),
            Column("Low", role="low"),
            Column("High", role="high"),
            Column("Year and source"),
        ),
        rows=rows,
        volatile=volatile,
    )


def _ends(found: Range) -> tuple[float, float, float]:
    return found.value, found.low, found.high
