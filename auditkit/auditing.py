"""Runs auditors on a subject: order, progress, isolation of failures, time."""

from __future__ import annotations

import gc
import math
import multiprocessing
import multiprocessing.connection
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from auditkit.catalog import select
from auditkit.declare import Auditor
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable, did_you_mean
from auditkit.finding import Evidence, Finding, FindingStatus, Measure
from auditkit.subject import Subject

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("numpy", "pandas", "pyarrow", "narwhals", "scikit-learn", "scipy", "shap", "codecarbon", "duckdb", "skops")
Progress = Callable[[str, int, int], None]
_MAX_WORKERS = 4
_TIMEOUT = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All findings on one subject, with what is needed to trust them. It knows no decision.

    Examples
    --------
    ``audit["fairness.demographic_parity"]`` is a finding, ``audit.measures`` all measures as a frame.
    """

    name: str
    subject: Mapping[str, object]
    provenance: Mapping[str, object]
    findings: tuple[Finding, ...]
    run: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        measured = sum(finding.status == "measured" for finding in self.findings)
        return f"Audit({self.name!r}, {measured} of {len(self.findings)} findings measured)"

    def __getitem__(self, identifier: str) -> Finding:
        for finding in self.findings:
            if finding.id == identifier:
                return finding
        raise KeyError(f"no finding {identifier!r}.{did_you_mean(identifier, [f.id for f in self.findings])}")

    @property
    def measures(self) -> pd.DataFrame:
        """One row per measure: finding, name, group, value, bounds shown, n, status."""
        import pandas as pd

        return pd.DataFrame([_row(finding, measure) for finding in self.findings for measure in finding.measures])


def _row(finding: Finding, measure: Measure) -> dict[str, object]:
    return {
        "finding": finding.id,
        "measure": measure.name,
        "dataset": measure.dataset,
        "over": ", ".join(measure.over),
        "group": str(measure.group),
        "value": measure.value,
        "low": measure.interval.low if measure.interval else None,
        "high": measure.interval.high if measure.interval else None,
        "n": measure.n,
        "unit": measure.unit,
        "status": measure.status,
        "reason": measure.reason,
    }


def audit(
    subject: Subject,
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
    isolate: bool = False,
    timeout: float = _TIMEOUT,
    progress: bool | Progress = True,
) -> Audit:
    """Run the auditors on a subject.

    Parameters
    ----------
    subject : Subject
    only, skip : iterable of str
        Auditor ids or families.
    options : mapping of id to options
    isolate : bool
        Run each auditor in a process of its own, so that one that dies or overruns `timeout` (seconds) costs its
        finding alone. The command line does so.
    progress : bool or callable
        True shows a bar; a callable gets (auditor id, done, total).

    Returns
    -------
    Audit

    Raises
    ------
    ConfigurationError
        If an auditor or an option does not exist.
    """
    if not isinstance(subject, Subject):
        raise ConfigurationError(
            f"audit takes a Subject, got {type(subject).__name__}; build one with ak.Subject(frame, …)"
        )
    chosen, left_out = select(only, skip)
    known = {entry.id for entry in select()[0]}
    for name in options or {}:
        if name not in known:
            raise ConfigurationError(
                f"options name the auditor {name!r}, which does not exist.{did_you_mean(name, known)}"
            )
    settings = {entry.id: entry.options((options or {}).get(entry.id, {})) for entry in chosen}
    began, clock = datetime.now(UTC), time.perf_counter()
    runner = _isolated if isolate and hasattr(os, "fork") else _in_process
    findings: list[Finding] = []
    with _reporter(progress) as report:
        for finding in runner(subject, chosen, settings, timeout):
            findings.append(finding)
            report(finding.id, len(findings), len(chosen))
    return Audit(
        name=subject.name,
        subject=subject.summary(),
        provenance={
            **_versions(),
            **subject.provenance(),
            "options": {name: dict(values) for name, values in sorted(settings.items())},
            "skipped": left_out,
        },
        findings=tuple(sorted(findings, key=lambda finding: finding.id)),
        run={
            "started": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
            "host": platform.node(),
            "platform": platform.platform(),
            "python": sys.version.split()[0],
        },
    )


def run_one(entry: Auditor, subject: Subject, options: Mapping[str, object]) -> Finding:
    """Run one auditor; whatever it raises becomes the status of its finding."""
    status: FindingStatus = "measured"
    reason: str | None = None
    found: list[Measure | Evidence] = []
    try:
        found = entry.run(subject, options)
    except NotApplicable as error:
        status, reason = "not applicable", str(error)
    except InsufficientData as error:
        status, reason = "insufficient data", str(error)
    except (Exception, SystemExit) as error:  # the one place where an auditor's failure is contained
        status, reason = "error", f"{type(error).__name__}: {error}"
    return _finding(entry, options, status, reason, found)


def _finding(
    entry: Auditor,
    options: Mapping[str, object],
    status: FindingStatus,
    reason: str | None,
    found: Sequence[Measure | Evidence] = (),
) -> Finding:
    return Finding(
        id=entry.id,
        title=entry.title,
        status=status,
        reason=" ".join(reason.split()) if reason else None,
        description=entry.description,
        method=entry.method,
        caveat=entry.caveat,
        reference=entry.reference,
        options={name: list(value) if isinstance(value, tuple) else value for name, value in options.items()},
        measures=tuple(item for item in found if isinstance(item, Measure)),
        evidence=tuple(item for item in found if isinstance(item, Evidence)),
        volatile=entry.volatile,
    )


Settings = Mapping[str, Mapping[str, object]]


def _in_process(subject: Subject, chosen: Sequence[Auditor], settings: Settings, _: float) -> Iterator[Finding]:
    for entry in sorted(chosen, key=lambda item: item.alone):
        yield run_one(entry, subject, settings[entry.id])


def _isolated(subject: Subject, chosen: Sequence[Auditor], settings: Settings, timeout: float) -> Iterator[Finding]:
    workers = max(1, min(_MAX_WORKERS, os.cpu_count() or 1))
    together = [entry for entry in chosen if not entry.alone]
    gc.freeze()  # what is loaded now is shared with the workers: their collector must not touch, and so copy, it
    yield from _pool(subject, together, settings, timeout, workers)
    yield from _pool(subject, [entry for entry in chosen if entry.alone], settings, timeout, 1)


@dataclass(slots=True)
class _Worker:
    """A process forked from this one, which has loaded the subject; it runs one auditor after another."""

    process: multiprocessing.process.BaseProcess
    pipe: multiprocessing.connection.Connection
    entry: Auditor
    deadline: float = math.inf


def _pool(
    subject: Subject, waiting: Sequence[Auditor], settings: Settings, timeout: float, workers: int
) -> Iterator[Finding]:
    queue, running = list(waiting), list[_Worker]()
    try:
        while queue or running:
            while queue and len(running) < workers:
                running.append(_start(queue.pop(0), subject, settings, timeout))
            pause = max(0.0, min(worker.deadline for worker in running) - time.monotonic())
            ready = multiprocessing.connection.wait([worker.pipe for worker in running], pause)
            for worker in [w for w in running if w.pipe in ready or time.monotonic() > w.deadline]:
                finding = _collect(worker, settings[worker.entry.id], worker.pipe in ready, timeout)
                if finding.status == "error" or not queue:
                    running.remove(worker)
                    _stop(worker)
                else:
                    _give(worker, queue.pop(0), timeout)
                yield finding
    finally:
        for worker in running:
            worker.process.kill()
            worker.process.join()


def _start(entry: Auditor, subject: Subject, settings: Settings, timeout: float) -> _Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ours, subject, settings), daemon=False)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, entry)
    _give(worker, entry, timeout)
    return worker


def _give(worker: _Worker, entry: Auditor, timeout: float) -> None:
    worker.entry, worker.deadline = entry, time.monotonic() + timeout
    try:
        worker.pipe.send(entry.id)
    except OSError:
        worker.deadline = 0.0  # it died between two auditors: the next look finds it dead


def _work(
    pipe: multiprocessing.connection.Connection,
    other_end: multiprocessing.connection.Connection,
    subject: Subject,
    settings: Settings,
) -> None:
    other_end.close()
    known = {entry.id: entry for entry in select()[0]}
    while (identifier := pipe.recv()) is not None:
        pipe.send(run_one(known[identifier], subject, settings[identifier]))
    pipe.close()


def _stop(worker: _Worker) -> None:
    try:
        worker.pipe.send(None)
    except OSError:
        worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _collect(worker: _Worker, options: Mapping[str, object], ready: bool, timeout: float) -> Finding:
    finding: Finding | None = None
    if ready:
        try:
            finding = worker.pipe.recv()
        except (EOFError, OSError):
            finding = None
    if finding is not None:
        return finding
    if not ready:
        worker.process.kill()
    worker.process.join()
    code = worker.process.exitcode
    reason = f"its process ended with code {code} and no result" if ready else f"it ran longer than {timeout:g} s"
    return _finding(worker.entry, options, "error", reason)


def _versions() -> dict[str, object]:
    versions: dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    try:
        own = version("auditkit")
    except PackageNotFoundError:
        own = "0+unknown"
    return {"auditkit": own, "packages": versions}


class _reporter:
    """A progress bar (rich), a callable, or nothing."""

    def __init__(self, progress: bool | Progress) -> None:
        self._progress = progress
        self._bar: object | None = None

    def __enter__(self) -> Progress:
        if callable(self._progress):
            return self._progress
        if not self._progress or not sys.stderr.isatty():
            return lambda _name, _done, _total: None
        from rich.console import Console
        from rich.progress import Progress as Bar

        bar = Bar(console=Console(stderr=True), transient=True)
        task = bar.add_task("auditing", total=None)
        bar.start()
        self._bar = bar

        def report(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        return report

    def __exit__(self, *_: object) -> None:
        stop = getattr(self._bar, "stop", None)
        if stop is not None:
            stop()
