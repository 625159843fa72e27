"""How much energy a thousand predictions take, and what that emits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from auditkit.declare import auditor
from auditkit.energy.grid import Grid, grid_of
from auditkit.energy.measuring import HIGH_FACTOR, LOW_FACTOR, SPREAD, Measurement, measure
from auditkit.energy.sci import FunctionalUnit, carbon_intensity
from auditkit.errors import ConfigurationError
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.stats.uncertainty import Range
from auditkit.subject import Subject

SINGLE_CALLS = 51
SINGLE_SECONDS = 1.0
TIMES = "5th to 95th percentile of the timings"


@auditor(
    title="Energy of inference",
    needs=("model",),
    volatile=True,
    alone=True,
    measures=(
        "energy_per_1000",
        "energy_per_1000_correct",
        "emissions_per_1000",
        "emissions_per_year",
        "sci",
        "latency_ms_p50",
        "latency_ms_p95",
        "throughput",
    ),
)
def inference(
    subject: Subject,
    *,
    seconds: float = 3.0,
    batch: int = 1000,
    country: str | None = None,
    predictions_per_year: int | None = None,
) -> Iterable[Measure | Evidence]:
    r"""Energy and emissions of a thousand predictions on this machine, estimated by codecarbon without a network.

    Parameters
    ----------
    subject : Subject
        With a model.
    seconds : float
        Least duration of the loop. Readings below a second are noise.
    batch : int
        Rows scored per round, sampled from the test table.
    country : str, optional
        ISO code of three capitals of where the model will run; default: the subject's. Without one the emissions
        are those of the world's average grid, and say so.
    predictions_per_year : int, optional
        Adds the emissions of a year.

    Notes
    -----
    Energy per 1,000 = 1000 E / (rounds x rows), E being the energy in Wh that codecarbon ascribes to this process
    while the model scores a sampled batch again and again; emissions = energy x carbon intensity of the grid.
    Low to high is 0.5 to 3.4 times the estimate: the spread of power models on machines without a sensor, not a
    confidence interval. Energy per 1,000 correct = energy / accuracy. Where ``carbon: {sci: …}`` declares them, SCI = ((E · I)
    + M) per R. Latency is that of calls with one row.

    Misleads when
    -------------
    The processor has no power sensor (power is then a guess from its load and rated power), memory dominates a small
    model, production hardware differs from this machine, or the model answers from another machine, whose energy is
    not seen. Neither training, nor cooling, nor the making of the hardware is counted.

    References
    ----------
    .. [1] codecarbon, https://mlco2.github.io/codecarbon; ISO/IEC 21031:2024 (software carbon intensity)
    """
    if seconds <= 0 or batch <= 0:
        raise ConfigurationError(
            f"carbon.inference: got {seconds} seconds and a batch of {batch}, both must be above 0"
        )
    if predictions_per_year is not None and not _is_volume(predictions_per_year):
        raise ConfigurationError(f"predictions_per_year: got {predictions_per_year!r}, wanted a whole number above 0")
    grid = grid_of(country if country is not None else _declared_country(subject))
    rows = subject.sample(batch)
    taken = measure(lambda: subject.predict(rows), seconds, grid)
    scored = len(rows) * len(taken.rounds)
    energy = 1000 * taken.energy / scored
    yield _power("energy_per_1000", energy, "Wh", scored)
    yield from _per_correct(subject, energy, scored)
    emissions = energy / 1000 * grid.intensity
    yield _power("emissions_per_1000", emissions, "gCO2e", scored, grid)
    if predictions_per_year is not None:
        yield _power("emissions_per_year", emissions * predictions_per_year / 1e6, "kgCO2e", scored, grid)
    declared = subject.carbon.get("sci")
    if isinstance(declared, Mapping):
        yield _intensity(energy, grid, taken.seconds / scored, FunctionalUnit.of(declared), scored)
    latencies = 1000 * _timings(lambda: subject.predict(rows.iloc[:1]))
    yield _timed("latency_ms_p50", latencies, "ms", "lower")
    yield _slowest(latencies)
    yield _timed("throughput", len(rows) / np.array(taken.rounds), "rows/s", "higher")
    yield _table(taken, grid, len(rows), scored)


def _per_correct(subject: Subject, energy: float, scored: int) -> Iterable[Measure]:
    """Yield the energy of a thousand right decisions: what a wrong one cost is part of it."""
    if subject.task == "regression" or subject.roles.label is None:
        return
    errors, _ = subject.row_errors()
    right = 1 - float(errors.mean())
    if right > 0:
        yield _power("energy_per_1000_correct", energy / right, "Wh", scored)


def _intensity(energy: float, grid: Grid, seconds: float, unit: FunctionalUnit, scored: int) -> Measure:
    spread = Range(*(factor * energy / 1000 for factor in (LOW_FACTOR, 1.0, HIGH_FACTOR)))
    found = carbon_intensity(spread, grid.intensity, seconds, unit)
    method = (
        f"per {unit.unit} ({unit.predictions_per_unit:g} predictions); M: {unit.embodied_kg:g} kg over {unit.lifespan_years:g} "
        f"years, share {unit.resource_share:g}; {grid}; {SPREAD}"
    )
    return Measure(
        name="sci",
        value=found.value,
        unit="gCO2e/unit",
        direction="lower",
        n=scored,
        interval=Interval(found.low, found.high, None, "two", "range", method),
        uncertainty=found,
        volatile=True,
    )


def _slowest(latencies: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Measure:
    value, most = float(np.quantile(latencies, 0.95)), float(latencies.max())
    low = float(np.quantile(latencies, 0.9))
    return Measure(
        name="latency_ms_p95",
        value=value,
        unit="ms",
        direction="lower",
        n=len(latencies),
        interval=Interval(low, most, None, "two", "range", "90th percentile to the slowest of the timings"),
        uncertainty=Range(low, value, most),
        volatile=True,
    )


def _is_volume(value: object) -> bool:
    # An option whose default is None comes from the YAML unchecked.
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _declared_country(subject: Subject) -> str | None:
    country = subject.carbon.get("country")
    return None if country is None else str(country)


def _timings(call: Callable[[], object]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    taken: list[float] = []
    while len(taken) < SINGLE_CALLS and sum(taken) < SINGLE_SECONDS:
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
    return np.array(taken)


def _power(name: str, value: float, unit: str, scored: int, grid: Grid | None = None) -> Measure:
    low, high = LOW_FACTOR * value, HIGH_FACTOR * value
    method = SPREAD if grid is None else f"{grid}; {SPREAD}"
    return Measure(
        name=name,
        value=value,
        unit=unit,
        direction="lower",
        n=scored,
        interval=Interval(low, high, None, "two", "range", method),
        uncertainty=Range(low, value, high),
        volatile=True,
    )


def _timed(name: str, values: np.ndarray[tuple[int], np.dtype[np.float64]], unit: str, direction: str) -> Measure:
    low, middle, high = (float(value) for value in np.quantile(values, [0.05, 0.5, 0.95]))
    return Measure(
        name=name,
        value=middle,
        unit=unit,
        direction="higher" if direction == "higher" else "lower",
        n=len(values),
        interval=Interval(low, high, None, "two", "range", TIMES),
        uncertainty=Range(low, middle, high),
        volatile=True,
    )


def _table(taken: Measurement, grid: Grid, batch: int, scored: int) -> Evidence:
    rows: tuple[tuple[str, str], ...] = (
        ("Method", f"codecarbon {taken.version}, offline; {taken.method}"),
        ("Spread of the range", SPREAD),
        ("Grid", str(grid)),
        ("Country", grid.country or "not given: world average"),
        ("Year of the grid's datum", "not dated" if grid.year is None else str(grid.year)),
        ("Seconds measured", f"{taken.seconds:.2f}"),
        ("Rows per round", f"{batch:,}"),
        ("Rows scored", f"{scored:,}"),
        ("Energy in all", f"{taken.energy:.4g} Wh"),
    )
    return Evidence(
        id="method",
        kind="table",
        title="How the energy was estimated",
        caption=f"Emissions use {grid}. An estimate for this machine and this process, in a loop over one batch.",
        alt="Method, grid, country, duration and rows of the energy measurement",
        columns=(Column("What", role="label"), Column("Value")),
        rows=rows,
        volatile=True,
    )
