"""Runs work in a loop under codecarbon and gives its energy, with codecarbon held on a short lead.

No file, no log line, no socket, no signal handler stays behind, and a measurement that failed raises instead of
being 0: codecarbon swallows its own exceptions and then answers None.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from auditkit.energy.grid import Grid
from auditkit.errors import AuditkitError

# Three trackers read 28, 83 and 95 W off one machine without a sensor, codecarbon being the lowest; beside wattmeters
# it has also been seen at about twice the reading of other tools. Hence 1/2 to 95/28 of its figure.
LOW_FACTOR = 0.5
HIGH_FACTOR = 95 / 28
SPREAD = (
    "low to high is 0.5 to 3.4 times codecarbon's estimate: three trackers put 28, 83 and 95 W on one machine without "
    "a power sensor (codecarbon 28 W), and codecarbon has been reported at twice the reading of other tools; "
    "a spread of power models, not a confidence interval"
)
WATT_HOURS = 1000.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a loop took.

    Attributes
    ----------
    energy : float
        Energy of this process by codecarbon's estimate, in Wh.
    seconds : float
        Wall time of the loop.
    rounds : tuple of float
        Seconds of each round.
    method : str
        How power was estimated, to print.
    version : str
        Version of codecarbon.
    """

    energy: float
    seconds: float
    rounds: tuple[float, ...]
    method: str
    version: str


def measure(work: Callable[[], object], seconds: float, grid: Grid) -> Measurement:
    """Repeat `work` for at least `seconds` and return the energy that this process took.

    Sub-second readings are noise, so the work is looped (3 s or more) and the energy divided by its rounds.

    Parameters
    ----------
    work : callable without arguments
        One round.
    seconds : float
        Least duration of the loop; at least one round is run.
    grid : Grid
        Handed to codecarbon, so that its own figure cannot silently use another grid.

    Raises
    ------
    AuditkitError
        If codecarbon gives no measurement; the message says at what step.
    """
    import codecarbon

    with quiet(), signals_kept():
        tracker = codecarbon.OfflineEmissionsTracker(
            country_iso_code=grid.country,
            force_carbon_intensity_g_co2e_kwh=grid.intensity,
            tracking_mode="process",
            measure_power_secs=1,
            output_methods=[],
            allow_multiple_runs=True,
            log_level="critical",
            pue=1.0,
        )
        start(tracker)
        try:
            rounds = tuple(_loop(work, seconds))
        finally:
            tracker.stop()
        energy, method = read(tracker)
    return Measurement(energy * WATT_HOURS, sum(rounds), rounds, method, version("codecarbon"))


def start(tracker: Any) -> None:
    """Start a tracker; codecarbon itself would swallow what goes wrong."""
    try:
        tracker.start()
    except AttributeError as error:
        raise AuditkitError(f"codecarbon could not be set up ({error}); skip this auditor or reinstall it") from error
    if getattr(tracker, "_start_time", None) is None:
        raise AuditkitError("codecarbon did not start (another instance holds its lock, or an option was refused)")


def _loop(work: Callable[[], object], seconds: float) -> Iterator[float]:
    begin = before = time.perf_counter()
    while before - begin < seconds or before == begin:
        work()
        now = time.perf_counter()
        yield now - before
        before = now


def read(tracker: Any) -> tuple[float, str]:
    """Return kWh and the method of a tracker that was stopped.

    Raises
    ------
    AuditkitError
        If it holds no measurement.
    """
    data = getattr(tracker, "final_emissions_data", None)
    if data is None or data.energy_consumed is None:
        raise AuditkitError("codecarbon ended without a measurement; run the audit again or skip this auditor")
    if not data.energy_consumed > 0:
        raise AuditkitError(f"codecarbon measured {data.energy_consumed!r} kWh; loop longer (option 'seconds')")
    processor = data.cpu_model or "an unknown processor"
    method = f"this process on {processor}: {data.cpu_power:.1f} W processor, {data.ram_power:.1f} W memory"
    if data.gpu_count:
        method += f", {data.gpu_power:.1f} W graphics"
    return float(data.energy_consumed), method


@contextmanager
def quiet() -> Iterator[None]:
    """Let codecarbon log nothing."""
    # The level that is passed to the tracker applies only after it has logged its first lines.
    logger = logging.getLogger("codecarbon")
    was = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was


@contextmanager
def signals_kept() -> Iterator[None]:
    """Put back the signal handlers that codecarbon replaces."""
    watched = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in watched]
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in zip(watched, before, strict=True):
                if handler is not None and signal.getsignal(number) is not handler:
                    signal.signal(number, handler)
