"""Auditors at work: one after another in this process, or in a small pool of forked ones that may die."""

from __future__ import annotations

import ctypes
import gc
import json
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.attacks.steps import Step, listening, tell
from auditkit.catalog import select
from auditkit.data.table import Table
from auditkit.declare import Auditor
from auditkit.errors import AuditkitError, DataError, InsufficientData, NotApplicable
from auditkit.finding import Evidence, Finding, FindingStatus, Measure
from auditkit.finding_json import finding_to_json
from auditkit.models.masking import masked
from auditkit.subject import Subject

_MAX_WORKERS = 4
_PR_SET_PDEATHSIG = 1


def run_one(entry: Auditor, subject: Subject, options: Mapping[str, object]) -> Finding:
    """Run one auditor; whatever it raises becomes the status of its finding."""
    status: FindingStatus = "measured"
    reason: str | None = None
    found: list[Measure | Evidence] = []
    try:
        found = _checked(entry, entry.run(subject, options))
        if subject.disclosure == "public":
            found = [item for item in found if isinstance(item, Measure) or item.kind in ("intervals", "table")]
    except NotApplicable as error:
        status, reason = "not applicable", str(error)
    except InsufficientData as error:
        status, reason = "insufficient data", str(error)
    except KeyboardInterrupt:
        raise
    except (
        BaseException
    ) as error:  # the one place where an auditor's failure is contained, also one that is no Exception
        status, reason, found = "error", _told(error, subject), []
    return finding_of(entry, options, status, reason, found)


def _told(error: BaseException, subject: Subject) -> str:
    """Return what was raised, without the rows that other people's code and a DataError may quote: no record holds them."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, AuditkitError) and not isinstance(error, DataError):
        return text
    rows = subject.rows_of()
    if not isinstance(rows, Table):
        return masked(text, rows.columns)
    words = (value for name in rows.columns if rows.types[name] == "text" for value in rows.coded(name).values)
    return masked(text, rows.columns, words)


def _checked(entry: Auditor, found: Sequence[object]) -> list[Measure | Evidence]:
    """Return what an auditor gave if a record can hold it, which knows neither NaN nor infinity."""
    parts = [item for item in found if isinstance(item, Measure | Evidence)]
    if len(parts) < len(found):
        other = next(item for item in found if not isinstance(item, Measure | Evidence))
        raise TypeError(f"it gave a {type(other).__name__}, wanted a Measure or Evidence")
    for part in parts:
        try:
            json.dumps(finding_to_json(finding_of(entry, {}, "measured", None, [part])), allow_nan=False)
        except (TypeError, ValueError) as error:
            name = part.name if isinstance(part, Measure) else part.id
            raise ValueError(
                f"{name!r} cannot be written: {error}; an undefined value is a status with a reason"
            ) from None
    return parts


def finding_of(
    entry: Auditor,
    options: Mapping[str, object],
    status: FindingStatus,
    reason: str | None,
    found: Sequence[Measure | Evidence] = (),
) -> Finding:
    """Return what an auditor found, with its own words on what it does and how."""
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
        volatile=entry.volatile and status != "not applicable",  # why it does not apply, no clock decides
    )


Settings = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one auditor, and all of them, may take.

    Attributes
    ----------
    timeout : float
        Seconds of one auditor; one that overruns has died.
    budget : float
        Seconds of all; what is then not done is left out, and says so.
    began : float
        When all began, of the monotonic clock.
    """

    timeout: float
    budget: float
    began: float

    @property
    def end(self) -> float:
        """When the budget is used up."""
        return self.began + self.budget

    def left_out(self, entry: Auditor, options: Mapping[str, object]) -> Finding:
        """Return the finding of an auditor for which no time was left: it depends on the clock."""
        reason = f"left out: the budget of {self.budget:g} s was used up before it was done"
        return replace(finding_of(entry, options, "skipped", reason), volatile=True)


def in_process(subject: Subject, chosen: Sequence[Auditor], settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Run auditors one after another in this process; the timeout does not hold here."""
    for entry in sorted(chosen, key=lambda item: item.alone):
        if time.monotonic() >= clock.end:
            yield clock.left_out(entry, settings[entry.id])
        else:
            yield run_one(entry, subject, settings[entry.id])


def isolated(subject: Subject, chosen: Sequence[Auditor], settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Run auditors in a pool of forked processes, at last those that must be alone."""
    workers = max(1, min(_MAX_WORKERS, os.cpu_count() or 1))
    together = [entry for entry in chosen if not entry.alone]
    if len(together) > 1:
        _preload()
    gc.freeze()  # what is loaded now is shared with the workers: their collector must not touch, and so copy, it
    yield from _pool(subject, together, settings, clock, workers)
    yield from _pool(subject, [entry for entry in chosen if entry.alone], settings, clock, 1)


def _preload() -> None:
    """Import now what many auditors use: each worker would else do so by itself."""
    import pandas  # noqa: F401
    import scipy.special  # noqa: F401


@dataclass(slots=True)
class _Worker:
    """A process forked from this one, which has loaded the subject; it runs one auditor after another."""

    process: multiprocessing.process.BaseProcess
    pipe: multiprocessing.connection.Connection
    entry: Auditor
    deadline: float = math.inf


def _pool(
    subject: Subject, waiting: Sequence[Auditor], settings: Settings, clock: Clock, workers: int
) -> Iterator[Finding]:
    queue, running = list(waiting), list[_Worker]()
    try:
        while queue or running:
            if time.monotonic() >= clock.end:
                yield from (clock.left_out(entry, settings[entry.id]) for entry in queue)
                queue.clear()
            while queue and len(running) < workers:
                entry = _next(queue, "", running)
                running.append(_start(entry, subject, settings, clock))
            if not running:
                return
            pause = max(0.0, min(worker.deadline for worker in running) - time.monotonic())
            ready = multiprocessing.connection.wait([worker.pipe for worker in running], pause)
            for worker in [w for w in running if w.pipe in ready or time.monotonic() > w.deadline]:
                finding = _collect(worker, settings[worker.entry.id], worker.pipe in ready, clock)
                if finding is None:
                    continue
                if finding.status in ("error", "skipped") or not queue or time.monotonic() >= clock.end:
                    running.remove(worker)
                    _stop(worker)
                else:
                    others = [other for other in running if other is not worker]
                    _give(worker, _next(queue, _family(worker.entry), others), clock)
                yield finding
    finally:
        for worker in running:
            worker.process.kill()
            worker.process.join()


def _family(entry: Auditor) -> str:
    return entry.id.partition(".")[0]


def _next(queue: list[Auditor], last: str, others: Sequence[_Worker]) -> Auditor:
    """Take the next auditor: of the family that the worker knows already, or one that no other worker has.

    Auditors of a family share what they compute, explanations above all, and a worker cannot see another's.
    """
    busy = {_family(other.entry) for other in others}
    ranks = [(_family(entry) != last, _family(entry) in busy, place) for place, entry in enumerate(queue)]
    return queue.pop(min(ranks)[2])


def _start(entry: Auditor, subject: Subject, settings: Settings, clock: Clock) -> _Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ours, subject, settings, os.getpid()), daemon=False)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, entry)
    _give(worker, entry, clock)
    return worker


def _give(worker: _Worker, entry: Auditor, clock: Clock) -> None:
    worker.entry, worker.deadline = entry, min(time.monotonic() + clock.timeout, clock.end)
    try:
        worker.pipe.send(entry.id)
    except OSError:
        worker.deadline = 0.0  # it died between two auditors: the next look finds it dead


def _work(
    pipe: multiprocessing.connection.Connection,
    other_end: multiprocessing.connection.Connection,
    subject: Subject,
    settings: Settings,
    parent: int,
) -> None:
    _follow(parent)
    other_end.close()
    known = {entry.id: entry for entry in select()[0]}
    with listening(pipe.send):
        while (identifier := pipe.recv()) is not None:
            pipe.send(run_one(known[identifier], subject, settings[identifier]))
    pipe.close()


def _follow(parent: int) -> None:
    """Leave the signals of a terminal to the parent, which ends its workers, and die with it where the system can see to that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)


def _stop(worker: _Worker) -> None:
    try:
        worker.pipe.send(None)
    except OSError:
        worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _collect(worker: _Worker, options: Mapping[str, object], ready: bool, clock: Clock) -> Finding | None:
    """Return what a worker has found, or what it died of; None if it only told a step of its work."""
    answer: Finding | Step | None = None
    if ready:
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            answer = None
    if isinstance(answer, Step):
        tell(answer)
        return None
    if answer is not None:
        return answer
    if not ready:
        worker.process.kill()
    worker.process.join()
    if not ready and time.monotonic() >= clock.end:
        return clock.left_out(worker.entry, options)
    code = worker.process.exitcode
    reason = f"its process ended with code {code} and no result" if ready else f"it ran longer than {clock.timeout:g} s"
    return finding_of(worker.entry, options, "error", reason)
