"""Software carbon intensity: ((E · I) + M) per R, with M and R declared, never assumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.energy.quantities import Quantity, emitted
from auditkit.errors import ConfigurationError
from auditkit.stats.uncertainty import Range

SECONDS_PER_YEAR = 365 * 24 * 3600.0
NEEDED = ("unit", "predictions_per_unit", "embodied_kg", "lifespan_years", "resource_share")


@dataclass(frozen=True, slots=True)
class FunctionalUnit:
    """What R is, and the hardware whose making M is a share of.

    Attributes
    ----------
    unit : str
        R in words, e.g. ``decision``.
    predictions_per_unit : float
        Predictions that one unit takes.
    embodied_kg : float
        TE: kgCO2e of making and disposing of the hardware.
    lifespan_years : float
        How long it is in use.
    resource_share : float
        RS: share of it that is reserved for the model, 0 to 1.
    """

    unit: str
    predictions_per_unit: float
    embodied_kg: float
    lifespan_years: float
    resource_share: float

    def __str__(self) -> str:
        return (
            f"per {self.unit} ({self.predictions_per_unit:g} predictions); M: {self.embodied_kg:g} kg over "
            f"{self.lifespan_years:g} years, share {self.resource_share:g}"
        )

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> FunctionalUnit:
        """Return it from what is declared.

        Raises
        ------
        ConfigurationError
            If anything is missing: neither M nor R is assumed.
        """
        missing = [name for name in NEEDED if name not in declared]
        if missing:
            raise ConfigurationError(
                f"sci: {missing[0]} is missing; M and R are declared, never assumed: {', '.join(NEEDED)}"
            )
        numbers = {name: declared[name] for name in NEEDED[1:]}
        for name, value in numbers.items():
            good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            above = good and (value >= 0 if name in ("embodied_kg", "resource_share") else value > 0)
            if not above or (name == "resource_share" and value > 1):
                raise ConfigurationError(f"sci: {name}: got {value!r}, wanted a number above 0 (a share: 0 to 1)")
        return cls(str(declared["unit"]), **{name: float(value) for name, value in numbers.items()})


def embodied(seconds: float, unit: FunctionalUnit) -> Quantity:
    """Return M of so many seconds of the hardware: TE · TS · RS, with TS = seconds / lifespan.

    Examples
    --------
    >>> one = FunctionalUnit("hour", 1, 1000, 4, 1)
    >>> round(embodied(3600, one).to("gCO2e").amount.value, 1)  # the specification's own example: around 28 g
    28.5
    """
    mass = unit.embodied_kg * unit.resource_share * seconds / (unit.lifespan_years * SECONDS_PER_YEAR)
    return Quantity(Range(mass, mass, mass), "kgCO2e")


def carbon_intensity(energy: Quantity, intensity: Range, seconds: float, unit: FunctionalUnit) -> Quantity:
    """Return SCI in gCO2e per unit, lowest to highest.

    SCI = ((E · I) + M) per R with E the energy of one unit in kWh, I the grid in gCO2e/kWh, and M = TE · TS · RS, TS being the
    unit's seconds over the hardware's lifespan. Offsets have no part in it.

    Parameters
    ----------
    energy : Quantity
        Of one prediction.
    intensity : Range
        gCO2e per kWh.
    seconds : float
        Of one prediction.
    unit : FunctionalUnit

    Examples
    --------
    >>> one = FunctionalUnit("decision", 1, 1000, 4, 0.5)
    >>> energy, grid = Quantity(Range(1.0, 2.0, 3.0), "Wh"), Range(400.0, 400.0, 400.0)
    >>> round(carbon_intensity(energy, grid, 0.1, one).amount.value, 4)  # 2 Wh · 400 g/kWh + 0.1 s of 4 years of 500 kg
    0.8004

    References
    ----------
    ISO/IEC 21031:2024, clauses on the SCI equation and embodied emissions
    """
    running = emitted(energy, intensity).amount
    making = embodied(seconds, unit).to("gCO2e").amount.value
    both = Range(running.low + making, running.value + making, running.high + making)
    return Quantity(both.times(unit.predictions_per_unit), "gCO2e")
