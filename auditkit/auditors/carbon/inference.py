"""How much energy a thousand predictions take, and what that emits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from auditkit.attacks.steps import Step, tell
from auditkit.declare import auditor
from auditkit.energy.equivalents import likened
from auditkit.energy.grid import grid_of
from auditkit.energy.latency import ENOUGH, Seconds, percentile, timings
from auditkit.energy.measures import grade_of, insufficient, measured, ranged, undefined
from auditkit.energy.method_table import method_table
from auditkit.energy.sci import FunctionalUnit, carbon_intensity
from auditkit.energy.scoring import IDLE_SHARE, PER, Scored, score
from auditkit.errors import ConfigurationError
from auditkit.finding import Evidence, Measure
from auditkit.stats.uncertainty import Range
from auditkit.subject import Subject

LIKENED = 1_000_000
REMOTE = "the model answers from another machine, whose energy is not seen from here; ask who runs it"
NAMES = {0.5: "latency_ms_p50", 0.95: "latency_ms_p95", 0.99: "latency_ms_p99"}
MILLISECONDS = 1000
PROBING = 2.0  # seconds that codecarbon may take to find the hardware


@auditor(
    title="Energy of inference",
    needs=("model",),
    volatile=True,
    alone=True,
    public=True,
    measures=(
        "energy_per_1000",
        "energy_per_1000_above_idle",
        "energy_per_1000_correct",
        "emissions_per_1000",
        "energy_per_year",
        "emissions_per_year",
        "sci",
        "method_grade",
        *NAMES.values(),
        "throughput",
    ),
)
def inference(
    subject: Subject,
    *,
    seconds: float = 3.0,
    batch: int = 1000,
    repeats: int = 1,
    mode: str = "process",
    country: str | None = None,
    region: str | None = None,
    predictions_per_year: int | None = None,
) -> Iterator[Measure | Evidence]:
    r"""Energy and emissions of a thousand predictions on this machine, estimated by codecarbon without a network.

    Parameters
    ----------
    subject : Subject
        With a model.
    seconds : float
        Least duration of the loop. Readings below a second are noise.
    batch : int
        Rows scored per round, sampled from the test table.
    repeats : int
        Runs of the loop; a rule on the ratio to a baseline wants 5 of both audits.
    mode : {'process', 'machine'}
        Whose energy: this process, or the whole machine for as long as the loop runs.
    country, region : str, optional
        Where the model will run: an ISO code of three capitals, and a region of it or of a cloud; default: the subject's.
        Without one the emissions are those of the world's average grid, and say so.
    predictions_per_year : int, optional
        Adds energy and emissions of a year; default: the subject's ``carbon: {predictions_per_year: …}``.

    Notes
    -----
    Energy per 1,000 = 1000 E / (rounds x rows), E being the energy in Wh that codecarbon ascribes to this process (or to
    the machine) while the model scores a sampled batch again and again; emissions = energy x carbon intensity of the grid.
    ``energy_per_1000_above_idle`` leaves out what is counted while nothing is done: a process its memory, a machine all that
    runs anyway. Low to high is 0.5 to 3.4 times the estimate, the spread of power models on machines without a
    sensor, narrower where a sensor was read (``method_grade`` 2), and for emissions also the spread of the data on the grid:
    not a confidence interval. Energy per 1,000 correct = energy / accuracy. The figures of a year are multiplied with
    ``carbon: {pue: …}``. Where ``carbon: {sci: …}`` declares them, SCI = ((E · I) + M) per R. Latency is that of calls
    with one row.

    Misleads when
    -------------
    The processor has no power sensor (power is then a guess from its load and rated power), memory dominates a small
    model, other work on the machine makes the loop wait (memory is counted by the clock on the wall), production hardware
    differs from this machine, or the model answers from another machine, whose energy is not seen. Neither training, nor cooling, nor the making of the hardware is counted.

    References
    ----------
    .. [1] codecarbon, https://mlco2.github.io/codecarbon; ISO/IEC 21031:2024 (software carbon intensity)
    """
    _check(seconds, batch, repeats, mode)
    volume = _volume(
        subject.carbon.get("predictions_per_year") if predictions_per_year is None else predictions_per_year
    )
    if country is None and region is None:
        country, region = (_text(subject.carbon.get(name)) for name in ("country", "region"))
    grid = grid_of(country, region)
    rows = subject.sample(batch)
    if subject.model is not None and getattr(subject.model.target, "remote", False):
        yield from _remote(subject, rows)
        return
    tell(Step("energy of inference, hardware and run", 0, repeats, seconds * (repeats + IDLE_SHARE) + PROBING))
    taken = score(
        lambda: subject.predict(rows),
        len(rows),
        seconds=seconds,
        grid=grid,
        mode="machine" if mode == "machine" else "process",
        repeats=repeats,
        resting=True,
    )
    yield from _energies(subject, taken)
    yield measured("emissions_per_1000", taken.emissions, taken.rows, _with_grid(taken))
    if volume is not None:
        yield from _year(taken, volume, _pue(subject))
    unit = _functional_unit(subject)
    if unit is not None:
        yield _intensity(taken, unit)
    yield grade_of(taken.reading, taken.rows)
    yield from _latencies(timings(lambda: subject.predict(rows.iloc[:1])))
    yield _throughput(len(rows) / np.array(taken.rounds))
    yield method_table(taken, unit)
    yield _likened(taken, volume, _pue(subject))


def _check(seconds: float, batch: int, repeats: int, mode: str) -> None:
    if seconds <= 0 or batch <= 0 or repeats <= 0:
        raise ConfigurationError(
            f"carbon.inference: got {seconds} seconds, a batch of {batch} and {repeats} repeats, all must be above 0"
        )
    if mode not in ("process", "machine"):
        raise ConfigurationError(f"carbon.inference: mode: got {mode!r}, wanted 'process' or 'machine'")


def _volume(value: object) -> int | None:
    # An option whose default is None comes from the YAML unchecked.
    if value is None:
        return None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    if number <= 0 or not float(number).is_integer():
        raise ConfigurationError(f"predictions_per_year: got {value!r}, wanted a whole number above 0")
    return int(number)


def _pue(subject: Subject) -> float:
    value = subject.carbon.get("pue", 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < float("inf"):
        raise ConfigurationError(f"carbon: pue: got {value!r}, wanted a number of at least 1")
    return float(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _functional_unit(subject: Subject) -> FunctionalUnit | None:
    declared = subject.carbon.get("sci")
    return FunctionalUnit.of(declared) if isinstance(declared, Mapping) else None


def _remote(subject: Subject, rows: Any) -> Iterator[Measure]:
    """Yield what is known of a model that answers from elsewhere: how long it takes, and that its energy is not known."""
    yield undefined("energy_per_1000", "Wh", None, REMOTE)
    yield undefined("emissions_per_1000", "gCO2e", None, REMOTE)
    yield from _latencies(timings(lambda: subject.predict(rows.iloc[:1])))
    yield _throughput(len(rows) / timings(lambda: subject.predict(rows)))


def _energies(subject: Subject, taken: Scored) -> Iterator[Measure]:
    energy, n, spread = taken.energy, taken.rows, taken.reading.spread
    yield measured("energy_per_1000", energy, n, spread)
    above = taken.above_idle
    if above is None or above <= 0:
        reason = "no more energy was counted than while nothing was done; loop longer (option 'seconds')"
        yield undefined("energy_per_1000_above_idle", "Wh", n, reason)
    else:
        method = f"less what is counted while nothing is done; {spread}"
        yield measured("energy_per_1000_above_idle", energy.times(above), n, method)
    if subject.task == "regression" or subject.roles.label is None:
        return
    errors, _ = subject.row_errors()
    right = 1 - float(errors.mean())
    if right > 0:
        yield measured("energy_per_1000_correct", energy.times(1 / right), n, spread)
    else:
        yield undefined("energy_per_1000_correct", "Wh", n, "no decision is right")


def _year(taken: Scored, volume: int, pue: float) -> Iterator[Measure]:
    times, n = volume / PER * pue, taken.rows
    about = f"{volume:,} predictions a year, PUE {pue:g}"
    yield measured("energy_per_year", taken.energy.times(times).to("kWh"), n, f"{about}; {taken.reading.spread}")
    yield measured("emissions_per_year", taken.emissions.times(times).to("kgCO2e"), n, f"{about}; {_with_grid(taken)}")


def _with_grid(taken: Scored) -> str:
    return f"{taken.grid}; {taken.grid.spread}; {taken.reading.spread}"


def _intensity(taken: Scored, unit: FunctionalUnit) -> Measure:
    found = carbon_intensity(taken.energy.times(1 / PER), taken.grid.range, taken.seconds / taken.rows, unit)
    return ranged("sci", found.amount, f"{found.unit}/unit", taken.rows, f"{unit}; {_with_grid(taken)}")


def _latencies(taken: Seconds) -> Iterator[Measure]:
    for level, name in NAMES.items():
        found = percentile(MILLISECONDS * taken, level)
        if found is None:
            reason = f"{len(taken)} calls fit into the time; the percentile needs {ENOUGH[level]}"
            yield insufficient(name, "ms", len(taken), reason)
        else:
            yield ranged(name, Range(*found), "ms", len(taken), "order statistics around it")


def _throughput(rates: Seconds) -> Measure:
    low, middle, high = (float(value) for value in np.quantile(rates, [0.05, 0.5, 0.95]))
    spread = "5th to 95th percentile of the rounds"
    return ranged("throughput", Range(low, middle, high), "rows/s", len(rates), spread, "higher")


def _likened(taken: Scored, volume: int | None, pue: float) -> Evidence:
    if volume is None:
        return likened(taken.emissions.times(LIKENED / PER), f"the emissions of {LIKENED:,} predictions", volatile=True)
    yearly = taken.emissions.times(volume / PER * pue)
    return likened(yearly, f"the emissions of a year ({volume:,} predictions)", volatile=True)
