"""Tracks a training while it runs, with codecarbon on the same short lead as in `measuring`."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from contextlib import ContextDecorator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from auditkit.energy.grid import grid_of
from auditkit.energy.held import Held, Mode
from auditkit.energy.quieting import probes
from auditkit.energy.records import failed_record, record_of
from auditkit.errors import AuditkitError, ConfigurationError, NotApplicable, OutputError

EVERY = 15.0  # seconds between readings: one costs some milliseconds of processor time


class track_training(ContextDecorator):
    """Record the energy of what runs inside a ``with`` block, or of each call of a decorated function.

    Parameters
    ----------
    path : path
        Where the record is written, at the end and in one piece; name it under ``training: {record: …}`` in audit.yaml. A
        block that raises leaves no record.
    country : str, optional
        ISO code of three capitals; without one the grid is the world's average, and says so.
    region : str, optional
        A region of the country (``California``, ``SE3``) or of a cloud (``gcp/europe-west9``).
    cpu_watts : float, optional
        Rated power of the processor: nothing is then probed, and the start takes milliseconds instead of a second or two.
    mode : {'process', 'machine'}
        Whose energy: this process, or the whole machine for as long as the block runs.

    Attributes
    ----------
    record : dict or None
        What was written.
    failure : AuditkitError or None
        Why the measurement, or the writing of it, failed after the block had run: what was trained is kept, a warning is
        given, and an audit that reads the record says the reason.

    Raises
    ------
    ConfigurationError
        If country or region is unknown (the message names the nearest), or the power or the mode makes no sense.
    AuditkitError
        If codecarbon does not start; nothing has run then.
    OutputError
        If the record's folder cannot be made; nothing has run then.

    Examples
    --------
    ``with ak.track_training("runs/train.json", country="FRA") as run: model.fit(...)``, then ``run.record``.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        country: str | None = None,
        region: str | None = None,
        cpu_watts: float | None = None,
        mode: Mode = "process",
    ) -> None:
        if mode not in ("process", "machine"):
            raise ConfigurationError(f"track_training: mode: got {mode!r}, wanted 'process' or 'machine'")
        if cpu_watts is not None and not 0 < cpu_watts < float("inf"):
            raise ConfigurationError(f"track_training: cpu_watts: got {cpu_watts!r}, wanted watts above 0")
        self.path, self.mode, self.cpu_watts = Path(path), mode, cpu_watts
        self.record: dict[str, Any] | None = None
        self.failure: AuditkitError | None = None
        try:
            self.grid = grid_of(country, region)
        except NotApplicable as error:
            raise ConfigurationError(str(error)) from None
        self._held: Held | None = None
        self._began = 0.0
        self._started = ""

    def __enter__(self) -> track_training:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.path.parent} cannot be made: {error.strerror or error}; name another path"
            ) from None
        self.record, self.failure = None, None
        held = Held(self.grid, self.mode, EVERY, self.cpu_watts)
        with _told(probes(self.cpu_watts)):
            held.start()
        self._held = held
        self._began, self._started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        return self

    def fit(self, estimator: Any, *arguments: Any, **keywords: Any) -> Any:
        """Fit a scikit-learn estimator and return it, its energy recorded: ``track_training(path).fit(model, rows, labels)``."""
        with self:
            return estimator.fit(*arguments, **keywords)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds, held = time.perf_counter() - self._began, self._held
        if held is None:
            return
        self._held = None
        held.stop()
        if kind is not None:
            return
        try:
            try:
                self.record = record_of(held.read(), self.grid, seconds, self._started)
            except AuditkitError as failed:
                self.failure = failed
            _write(self.path, self.record or failed_record(str(self.failure), seconds, self._started))
        except OutputError as failed:
            self.failure = self.failure or failed
        if self.failure is not None:
            warnings.warn(
                f"the training ran, but its energy is not recorded: {self.failure}", RuntimeWarning, stacklevel=2
            )


class _told:
    """Says on a terminal, for as long as it takes, that the hardware is being looked for."""

    def __init__(self, long: bool) -> None:
        self._shown = long and sys.stderr.isatty()

    def __enter__(self) -> None:
        if self._shown:
            sys.stderr.write("auditkit: looking for the hardware's power sensors …")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[2K")


def _write(path: Path, record: dict[str, Any]) -> None:
    incoming = path.with_name(f"{path.name}.incoming-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        incoming.replace(path)
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written: {error.strerror or error}; name another path") from None
