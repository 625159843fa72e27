"""codecarbon on a short lead: nothing it does is left behind, and what it does not do is an error with a reason.

By itself it drops a file and log lines, answers None for a wrong argument or a lock that is held, takes options from
environment variables and from files in the home and working folders, and keeps the name of a region whose grid it did
not find. Each option is therefore passed, and what it counted with is compared with what it was told.
"""

from __future__ import annotations

import inspect
import logging
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Literal

from auditkit.energy.grid import Grid
from auditkit.energy.quieting import named_without_probing, nothing_bound, quiet, signals_kept
from auditkit.energy.reading import Part, Reading
from auditkit.energy.shares import Shares
from auditkit.errors import AuditkitError

Mode = Literal["process", "machine"]
LOOKS = 5
_TOLERANCE = 1e-6
_SENSORS = {"intel_rapl": "RAPL", "windows_emi": "Windows EMI", "intel_power_gadget": "Intel Power Gadget"}
_CHIPS = {"AppleSiliconChip": "powermetrics", "Raspberry": "PMIC"}


class Held:
    """A tracker of codecarbon that was told everything, started and stopped once.

    Parameters
    ----------
    grid : Grid
        Handed over as a number, so that codecarbon cannot silently use another.
    mode : {'process', 'machine'}
        Whose energy.
    every : float
        Seconds between its readings.
    cpu_watts : float, optional
        Rated power of the processor: nothing of it is then probed.
    """

    def __init__(self, grid: Grid, mode: Mode, every: float, cpu_watts: float | None = None) -> None:
        self.grid, self.mode, self.every, self.cpu_watts = grid, mode, every, cpu_watts
        self._tracker: Any = None
        self._logging: tuple[int, list[logging.Handler]] | None = None
        self._shares: Shares | None = None
        self._began = self._seconds = 0.0

    def start(self) -> None:
        """Start it.

        Raises
        ------
        AuditkitError
            If it could not be set up or did not start: it would answer None.
        """
        logger = logging.getLogger("codecarbon")
        self._logging = (logger.level, list(logger.handlers))
        try:
            with quiet(), signals_kept(), named_without_probing(self.cpu_watts):
                self._tracker = self._made()
                begin(self._tracker)
        except AuditkitError:
            silence(self._tracker)
            self._restore()
            raise
        self._shares, self._began = Shares.now(), time.perf_counter()

    def stop(self) -> None:
        """Stop it, whatever happened meanwhile."""
        self._seconds = time.perf_counter() - self._began
        if self._shares is not None:
            self._shares = self._shares.until_now()
        with quiet(), signals_kept(), nothing_bound():
            self._tracker.stop()
            silence(self._tracker)
        self._restore()

    def read(self) -> Reading:
        """Return what it counted.

        Raises
        ------
        AuditkitError
            If it counted nothing, or with another grid than it was given.
        """
        data = counted(self._tracker, self.grid)
        hardware = getattr(self._tracker, "_hardware", ())
        parts = tuple(_parts(data, hardware))
        share = self._shares.of_this_process if self._shares is not None and self.mode == "process" else 1.0
        return Reading(
            parts=parts,
            mode=self.mode,
            share=share,
            seconds=self._seconds,
            processor=str(data.cpu_model or "an unknown processor"),
            hardware=_hardware(data),
            cpu_watts=self.cpu_watts,
            version=version("codecarbon"),
        )

    def _restore(self) -> None:
        if self._logging is not None:
            logger = logging.getLogger("codecarbon")
            logger.setLevel(self._logging[0])
            logger.handlers[:] = self._logging[1]

    def _made(self) -> Any:
        import codecarbon
        from codecarbon.emissions_tracker import BaseEmissionsTracker

        settings: dict[str, Any] = {
            "force_carbon_intensity_g_co2e_kwh": self.grid.intensity,
            "force_cpu_power": self.cpu_watts,
            "force_ram_power": None,
            "force_mode_cpu_load": False,
            "tracking_mode": self.mode,
            "measure_power_secs": self.every,
            "output_methods": [],
            "output_handlers": [],
            "output_dir": tempfile.gettempdir(),
            "emissions_endpoint": None,
            "electricitymaps_api_token": None,
            "api_call_interval": -1,
            "allow_multiple_runs": True,
            "log_level": "critical",
            "logger_preamble": "",
            "project_name": "auditkit",
            "gpu_ids": None,
            "rapl_include_dram": False,
            "rapl_prefer_psys": False,
            "pue": 1.0,
            "wue": 0.0,
        }
        known = inspect.signature(BaseEmissionsTracker.__init__).parameters
        if "output_methods" not in known:
            settings["save_to_file"] = False
        tracker = codecarbon.OfflineEmissionsTracker(
            country_iso_code=self.grid.country,
            region=None,
            cloud_provider=None,
            cloud_region=None,
            country_2letter_iso_code=None,
            **{name: value for name, value in settings.items() if name in known},
        )
        # Else it would read all its tables when it stops, to look the name up.
        tracker._country_name = self.grid.name  # type: ignore[assignment]
        self._look_less_often(tracker)
        return tracker

    def _look_less_often(self, tracker: Any) -> None:
        """Let a process be looked at five times between readings instead of each second: each look lists all processes.

        What a process used is a sum, so its own figure stays the same; of the machine's load codecarbon takes the cube, whose mean
        would not.
        """
        monitor = getattr(tracker, "_scheduler_monitor_power", None)
        if monitor is not None and self.mode == "process":
            monitor.interval = max(1.0, self.every / LOOKS)


def begin(tracker: Any) -> None:
    """Start a tracker; codecarbon itself would swallow what goes wrong."""
    if not hasattr(tracker, "run_id"):  # the last thing that its constructor sets
        raise AuditkitError("codecarbon could not be set up (it refused an option); skip this auditor or reinstall it")
    try:
        tracker.start()
    except AttributeError as error:
        raise AuditkitError(f"codecarbon could not be set up ({error}); skip this auditor or reinstall it") from error
    if getattr(tracker, "_start_time", None) is None:
        raise AuditkitError("codecarbon did not start (another instance holds its lock, or an option was refused)")


def silence(tracker: Any) -> None:
    """Stop the threads of a tracker that could not be started or stopped; they would read and log for ever."""
    for name in ("_scheduler", "_scheduler_monitor_power"):
        scheduler = getattr(tracker, name, None)
        if scheduler is not None:
            scheduler.stop()


def counted(tracker: Any, grid: Grid) -> Any:
    """Return the data of a tracker that was stopped.

    Raises
    ------
    AuditkitError
        If there are none, if the energy is not above 0, or if the emissions are not those of the grid it was given.
    """
    data = getattr(tracker, "final_emissions_data", None)
    if data is None or data.energy_consumed is None:
        raise AuditkitError("codecarbon ended without a measurement; run the audit again or skip this auditor")
    if not data.energy_consumed > 0:
        raise AuditkitError(f"codecarbon measured {data.energy_consumed!r} kWh; loop longer (option 'seconds')")
    used = 1000 * float(data.emissions) / float(data.energy_consumed)
    if abs(used - grid.intensity) > _TOLERANCE * grid.intensity:
        raise AuditkitError(
            f"codecarbon counted with {used:.4g} gCO2e/kWh, though it was given {grid}; pin another version of it"
        )
    if data.country_iso_code != grid.country:
        raise AuditkitError(
            f"codecarbon names the country {data.country_iso_code!r}, though it was given {grid.country!r}"
        )
    return data


def _parts(data: Any, hardware: Any) -> Iterator[Part]:
    sensors = dict.fromkeys(("processor", "memory", "graphics"), "")
    for item in hardware:
        kind, mode = type(item).__name__, str(getattr(item, "_mode", ""))
        if kind == "CPU":
            sensors["processor"] = _SENSORS.get(mode, "")
        elif kind == "GPU":
            sensors["graphics"] = "NVML" if "NVIDIA" in str(data.gpu_model).upper() else "the graphics driver"
        elif kind in _CHIPS:
            name = {"CPU": "processor", "RAM": "memory", "GPU": "graphics"}.get(str(getattr(item, "chip_part", "")), "")
            sensors |= {name: _CHIPS[kind]} if name else {}
    yield Part("processor", float(data.cpu_energy), sensors["processor"])
    yield Part("memory", float(data.ram_energy), sensors["memory"])
    if data.gpu_count:
        yield Part("graphics", float(data.gpu_energy), sensors["graphics"])


def _hardware(data: Any) -> str:
    memory = f"{float(data.ram_total_size or 0):.0f} GB memory"
    graphics = f", {data.gpu_model}" if data.gpu_count else ""
    return f"{data.cpu_model or 'an unknown processor'}, {data.cpu_count} threads, {memory}{graphics}"
