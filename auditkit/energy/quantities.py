"""Energy and mass of CO2e with their units, and the one place where one unit becomes another."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.stats.uncertainty import Range

# Each in the smallest of its kind, so that a factor is a quotient of whole numbers.
_KINDS: tuple[dict[str, int], ...] = (
    {"J": 1, "Wh": 3_600, "kWh": 3_600_000, "MWh": 3_600_000_000},
    {"mgCO2e": 1, "gCO2e": 1_000, "kgCO2e": 1_000_000, "tCO2e": 1_000_000_000},
)


def factor(unit: str, wanted: str) -> float:
    """Return what a number in `unit` is multiplied by to be in `wanted`.

    Raises
    ------
    ValueError
        If one is unknown, or one is an energy and the other a mass.

    Examples
    --------
    >>> factor("kgCO2e", "gCO2e"), factor("kWh", "J")
    (1000.0, 3600000.0)
    """
    for kind in _KINDS:
        if unit in kind and wanted in kind:
            return kind[unit] / kind[wanted]
    known = ", ".join(name for kind in _KINDS for name in kind)
    raise ValueError(f"{unit!r} cannot be given in {wanted!r}; wanted one of {known}, energy and mass apart")


@dataclass(frozen=True, slots=True)
class Quantity:
    """Lowest, central and highest estimate of an energy or of a mass of CO2e, with the unit that they are in.

    Raises
    ------
    ValueError
        If the unit is neither.

    Examples
    --------
    >>> Quantity(Range(0.5, 1.0, 3.0), "kgCO2e").to("gCO2e").amount.high
    3000.0
    """

    amount: Range
    unit: str

    def __post_init__(self) -> None:
        factor(self.unit, self.unit)

    def to(self, unit: str) -> Quantity:
        """Return the same in another unit."""
        return Quantity(self.amount.times(factor(self.unit, unit)), unit)

    def times(self, factor: float) -> Quantity:
        """Return so many times as much, in the same unit."""
        return Quantity(self.amount.times(factor), self.unit)


def emitted(energy: Quantity, intensity: Range) -> Quantity:
    """Return what an energy emits on a grid, in gCO2e: E · I, the lowest of both to the highest of both.

    Parameters
    ----------
    energy : Quantity
    intensity : Range
        gCO2e per kWh.

    Examples
    --------
    >>> emitted(Quantity(Range(1.0, 2.0, 3.0), "kWh"), Range(50.0, 56.0, 90.0)).amount.value
    112.0
    """
    spent = energy.to("kWh").amount
    return Quantity(
        Range(spent.low * intensity.low, spent.value * intensity.value, spent.high * intensity.high), "gCO2e"
    )
