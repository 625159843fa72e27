"""Units, ranges of sensors and models, equivalents: one place of conversion, each figure with its source."""

from __future__ import annotations

from datetime import date
from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.energy.equivalents import equivalents, likened
from auditkit.energy.latency import percentile, timings
from auditkit.energy.quantities import Quantity, emitted, factor
from auditkit.energy.reading import HIGH_FACTOR, LOW_FACTOR, Part, Reading
from auditkit.energy.training import by_formula
from auditkit.stats.uncertainty import Range

ENERGIES, MASSES = ("J", "Wh", "kWh", "MWh"), ("mgCO2e", "gCO2e", "kgCO2e", "tCO2e")
AMOUNTS = st.floats(1e-9, 1e9)


@pytest.mark.parametrize(
    ("unit", "wanted", "times"),
    [("kWh", "J", 3.6e6), ("Wh", "kWh", 1e-3), ("MWh", "Wh", 1e6), ("tCO2e", "gCO2e", 1e6), ("mgCO2e", "kgCO2e", 1e-6)],
)
def test_units_are_converted_by_whole_numbers(unit: str, wanted: str, times: float) -> None:
    assert factor(unit, wanted) == times


@given(st.sampled_from([(a, b) for kind in (ENERGIES, MASSES) for a in kind for b in kind]), AMOUNTS)
def test_there_and_back_is_the_same(units: tuple[str, str], amount: float) -> None:
    there = Quantity(Range(amount / 2, amount, amount * 2), units[0]).to(units[1])
    assert there.unit == units[1]
    assert there.to(units[0]).amount.value == pytest.approx(amount)


@pytest.mark.parametrize(("unit", "wanted"), [("kWh", "gCO2e"), ("gCO2e", "Wh"), ("g", "kgCO2e"), ("kg", "kg")])
def test_an_energy_is_no_mass_and_a_gram_of_something_is_no_gram_of_co2e(unit: str, wanted: str) -> None:
    with pytest.raises(ValueError, match="wanted one of"):
        factor(unit, wanted)
    with pytest.raises(ValueError, match="wanted one of"):
        Quantity(Range(1, 1, 1), "kg")


@given(AMOUNTS, st.floats(1, 1000), st.floats(1, 3))
def test_emissions_run_from_the_lowest_of_both_to_the_highest_of_both(
    energy: float, grid: float, spread: float
) -> None:
    found = emitted(
        Quantity(Range(energy / spread, energy, energy * spread), "kWh"), Range(grid / spread, grid, grid * spread)
    ).amount
    assert found.value == pytest.approx(energy * grid)
    assert found.low == pytest.approx(found.value / spread**2)
    assert found.high == pytest.approx(found.value * spread**2)


# --------------------------------------------------------------------------------- sensors


def reading(*parts: Part, mode: str = "process", share: float = 0.4) -> Reading:
    return Reading(parts, mode, share, 10.0, "a processor", "a processor, 2 threads", None, "3.3.2")


def test_a_sensor_narrows_the_range_and_is_named() -> None:
    model = reading(Part("processor", 2.0), Part("memory", 1.0))
    sensor = reading(Part("processor", 2.0, "RAPL"), Part("memory", 1.0), mode="machine", share=1.0)
    guessed, sensed = model.energy.amount, sensor.energy.amount
    assert guessed.value == sensed.value == 3.0
    assert (guessed.low, guessed.high) == (pytest.approx(3 * LOW_FACTOR), pytest.approx(3 * HIGH_FACTOR))
    assert (sensed.low, sensed.high) == (pytest.approx(2 * 0.9 + LOW_FACTOR), pytest.approx(2 * 1.1 + HIGH_FACTOR))
    assert sensed.high - sensed.low < guessed.high - guessed.low
    assert "processor read by RAPL" in sensor.spread and "memory modelled" in sensor.spread
    assert (model.grade, sensor.grade) == (1, 2)
    assert "RAPL" in sensor.conditions and "no sensor" in model.conditions


def test_a_sensor_of_the_whole_processor_is_a_process_s_only_by_its_share() -> None:
    found = reading(Part("processor", 2.0, "RAPL"), share=0.4)
    assert (found.energy.amount.low, found.energy.amount.high) == (pytest.approx(0.4 * 1.8), pytest.approx(2.2))
    assert "40% of the busy time was this process's" in found.spread


# ------------------------------------------------------------------------------ worked examples


def test_worked_examples_of_green_algorithms() -> None:
    """Of greenAlgoR's reference page, an independent implementation: 2 h of 4 cores, and 1 h of a Core i5-9600KF."""
    first = by_formula({"hours": 2, "cpu_cores": 4, "watts_per_core": 15, "memory_gb": 16, "pue": 1.67})
    assert first.grid.intensity == 475
    assert first.emissions.to("gCO2e").amount.value == pytest.approx(104.6455, abs=5e-5)
    second = by_formula({"hours": 1, "cpu_cores": 6, "watts_per_core": 15.8, "memory_gb": 16.77076, "pue": 1.67})
    assert second.energy.to("kWh").amount.value == pytest.approx(0.1687487, abs=5e-8)
    assert emitted(second.energy, Range(51.28, 51.28, 51.28)).amount.value == pytest.approx(8.653432, abs=5e-6)


# ------------------------------------------------------------------------------------ equivalents


def test_each_equivalent_has_a_source_and_its_dates() -> None:
    names = " ".join(one.name for one in equivalents())
    assert all(word in names for word in ("car", "phone", "Paris-New York"))
    for one in equivalents():
        assert one.grams > 0 and len(one.source) > 20
        assert 2015 <= one.year <= date.fromisoformat(one.read_on).year


def test_the_flight_is_the_great_circle_times_the_figure_of_its_source() -> None:
    flight = next(one for one in equivalents() if "flight" in one.name)
    north, east, far_north, far_east = map(radians, (49.0097, 2.5479, 40.6413, -73.7781))  # the airports CDG and JFK
    half = sin((far_north - north) / 2) ** 2 + cos(north) * cos(far_north) * sin((far_east - east) / 2) ** 2
    kilometres = 2 * 6371.0088 * asin(sqrt(half))
    assert flight.grams == pytest.approx(kilometres * 171, rel=1e-3)


def test_what_a_mass_is_like_is_a_range_in_a_table() -> None:
    table = likened(Quantity(Range(0.0875, 0.175, 0.35), "kgCO2e"), "the emissions of training", volatile=False)
    car = table.rows[0]
    assert car[1:4] == (pytest.approx(1.0), pytest.approx(0.5), pytest.approx(2.0))
    assert str(car[4]).startswith("2019: ")


# ----------------------------------------------------------------------------------------- latency


def test_percentiles_need_calls_beyond_them_and_lie_between_their_bounds() -> None:
    import numpy as np

    taken = np.random.default_rng(0).exponential(size=300)
    low, value, high = percentile(taken, 0.95) or (0, 0, 0)
    assert low < value < high
    assert value == pytest.approx(np.quantile(taken, 0.95))
    assert percentile(taken[:39], 0.95) is None and percentile(taken[:199], 0.99) is None


def test_one_call_goes_before_those_that_are_timed() -> None:
    calls: list[int] = []
    assert len(timings(lambda: calls.append(1))) == len(calls) - 1 == 401


@pytest.mark.statistics
def test_percentile_bounds_hold_the_true_one_where_calls_are_alike() -> None:
    import numpy as np

    rng = np.random.default_rng(3)
    truth = -np.log(0.05)
    bounds = [percentile(rng.exponential(size=200), 0.95) or (0, 0, 0) for _ in range(2000)]
    assert 0.93 <= np.mean([low <= truth <= high for low, _, high in bounds]) <= 0.99
