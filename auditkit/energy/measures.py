"""What was counted or timed as measures of a finding: volatile, each with a range and how it came about."""

from __future__ import annotations

from auditkit.energy.quantities import Quantity
from auditkit.energy.reading import GRADES, Reading
from auditkit.finding import Direction, Interval, Measure
from auditkit.stats.uncertainty import Exact, Range


def ranged(name: str, amount: Range, unit: str, n: int | None, method: str, direction: Direction = "lower") -> Measure:
    """Return a measure between the ends of a range; `method` says what they are."""
    return Measure(
        name=name,
        value=amount.value,
        unit=unit,
        direction=direction,
        n=n,
        interval=Interval(amount.low, amount.high, None, "two", "range", method),
        uncertainty=amount,
        volatile=True,
    )


def measured(name: str, quantity: Quantity, n: int, method: str) -> Measure:
    """Return the measure of a quantity, in its own unit."""
    return ranged(name, quantity.amount, quantity.unit, n, method)


def undefined(name: str, unit: str, n: int | None, reason: str, direction: Direction = "lower") -> Measure:
    """Return a measure that has no value, and why."""
    return Measure(
        name=name, value=None, unit=unit, direction=direction, n=n, status="undefined", reason=reason, volatile=True
    )


def insufficient(name: str, unit: str, n: int | None, reason: str, direction: Direction = "lower") -> Measure:
    """Return a measure for which there is too little, and how much there should be."""
    return Measure(
        name=name, value=None, unit=unit, direction=direction, n=n, status="insufficient", reason=reason, volatile=True
    )


def grade_of(reading: Reading, n: int) -> Measure:
    """Return how well the energy is known: 1 estimated while it ran, 2 read from a power sensor."""
    grade = reading.grade
    return Measure(
        name="method_grade",
        value=grade,
        unit="count",
        direction="higher",
        n=n,
        interval=Interval(grade, grade, None, "two", "exact", GRADES[grade]),
        uncertainty=Exact(grade),
        volatile=True,
    )
