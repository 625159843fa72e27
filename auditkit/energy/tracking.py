"""Tracks a training while it runs, with codecarbon on the same short lead as in `measuring`."""

from __future__ import annotations

import json
import os
import time
from contextlib import ContextDecorator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from auditkit.energy.grid import grid_of
from auditkit.energy.measuring import quiet, read, signals_kept, start
from auditkit.energy.training import RECORD_VERSION
from auditkit.errors import ConfigurationError, NotApplicable, OutputError

Mode = Literal["process", "machine"]


class track_training(ContextDecorator):
    """Record the energy of what runs inside a ``with`` block, or of each call of a decorated function.

    Parameters
    ----------
    path : path
        Where the record is written, at the end and in one piece; name it under ``training: {record: …}`` in audit.yaml. A
        block that raises leaves no record.
    country : str, optional
        ISO code of three capitals; without one the grid is the world's average, and says so.
    cpu_watts : float, optional
        Rated power of the processor: nothing is then probed, and the start takes milliseconds instead of a second or two.
    mode : {'process', 'machine'}
        Whose energy: this process, or the whole machine for as long as the block runs.

    Raises
    ------
    ConfigurationError
        If the country is unknown; the message names the nearest.
    AuditkitError
        If codecarbon gives no measurement.
    OutputError
        If the record cannot be written.

    Examples
    --------
    ``with ak.track_training("runs/train.json", country="FRA") as run: model.fit(...)``, then ``run.record``.
    """

    def __init__(
        self, path: str | Path, *, country: str | None = None, cpu_watts: float | None = None, mode: Mode = "process"
    ) -> None:
        self.path, self.mode, self.cpu_watts = Path(path), mode, cpu_watts
        self.record: dict[str, Any] | None = None
        try:
            self.grid = grid_of(country)
        except NotApplicable as error:
            raise ConfigurationError(str(error)) from None
        self._tracker: Any = None
        self._began = 0.0
        self._started = ""

    def __enter__(self) -> track_training:
        import codecarbon

        with quiet(), signals_kept():
            self._tracker = codecarbon.OfflineEmissionsTracker(
                country_iso_code=self.grid.country,
                force_carbon_intensity_g_co2e_kwh=self.grid.intensity,
                force_cpu_power=self.cpu_watts,
                tracking_mode=self.mode,
                measure_power_secs=15,
                output_methods=[],
                allow_multiple_runs=True,
                log_level="critical",
                pue=1.0,
            )
            start(self._tracker)
        self._began, self._started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        return self

    def fit(self, estimator: Any, *arguments: Any, **keywords: Any) -> Any:
        """Fit a scikit-learn estimator and return it, its energy recorded: ``track_training(path).fit(model, rows, labels)``."""
        with self:
            return estimator.fit(*arguments, **keywords)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        with quiet(), signals_kept():
            self._tracker.stop()
        if kind is not None:
            return
        energy, method = read(self._tracker)
        whose = "this process" if self.mode == "process" else "the whole machine"
        self.record = {
            "auditkit_training": RECORD_VERSION,
            "energy_kwh": energy,
            "intensity": self.grid.intensity,
            "country": self.grid.country,
            "grid": self.grid.name,
            "year": self.grid.year,
            "method": f"codecarbon, offline; {method.replace('this process', whose, 1)}",
            "mode": self.mode,
            "seconds": round(seconds, 3),
            "started": self._started,
        }
        _write(self.path, self.record)


def _write(path: Path, record: dict[str, Any]) -> None:
    incoming = path.with_name(f"{path.name}.incoming-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        incoming.replace(path)
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written: {error.strerror or error}; name another path") from None
