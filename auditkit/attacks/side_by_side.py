"""Independent pieces of work, each in a process of its own that ends with it, as many at once as there are cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import ModelError
from auditkit.models.masking import masked

Floats = npt.NDArray[np.float64]
Work = Callable[[int], Floats]
_WORKERS_OF_AN_AUDIT = 4
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What one piece of work came to, and its CPU seconds."""

    place: int
    found: Floats
    cpu: float


def processes() -> int:
    """Return how many pieces may be worked on at once: the cores, shared among the workers of an audit if this is one.

    Elsewhere than on Linux it is one: a process forked there may not use the libraries that its parent has used. So it is
    in a worker of somebody's pool, which may not have processes of its own.
    """
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return 1
    cores = len(os.sched_getaffinity(0))
    alone = multiprocessing.parent_process() is None
    return cores if alone else max(1, cores // min(_WORKERS_OF_AN_AUDIT, cores))


def done(work: Work, places: range, at_once: int) -> Iterator[Piece]:
    """Yield what ``work(place)`` gives for each place, as soon as it is there; numerical libraries get one thread.

    Raises
    ------
    ModelError
        If a piece raises, or its process dies.
    """
    if at_once == 1 or len(places) == 1:
        for place in places:
            yield _taken(_attempt(work, place))
        return
    waiting, running = list(places), dict[Any, Any]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                pipe, process = _forked(work, waiting.pop(0))
                running[pipe] = process
            ready = set(multiprocessing.connection.wait(list(running)))
            for pipe in [one for one in running if one in ready]:
                yield _taken(_received(pipe, running.pop(pipe)))
    finally:
        for pipe, process in running.items():
            process.kill()
            process.join()
            pipe.close()


def _received(pipe: Any, process: Any) -> Piece | str:
    answer: Piece | str | None = None
    with contextlib.suppress(EOFError, OSError):
        answer = pipe.recv()
    pipe.close()
    process.join()
    return f"its process ended with code {process.exitcode}" if answer is None else answer


def _taken(answer: Piece | str) -> Piece:
    if isinstance(answer, str):
        raise ModelError(answer)
    return answer


def _attempt(work: Work, place: int) -> Piece | str:
    from threadpoolctl import threadpool_limits

    began = time.process_time()
    try:
        # One thread: sums in one order whatever the machine, and no pool of threads that a fork has left without them.
        with threadpool_limits(1):
            found = work(place)
    except Exception as error:  # the work calls a user's own code, which raises what it likes
        text = masked(" ".join(str(error).split()))  # what it quotes may be rows
        return f"{type(error).__name__}: {text[:160]}"
    return Piece(place, found, time.process_time() - began)


def _forked(work: Work, place: int) -> tuple[Any, Any]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(work, place, theirs), daemon=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads: the child uses none of their locks
        process.start()
    theirs.close()
    return ours, process


def _answer(work: Work, place: int, pipe: Any) -> None:
    _die_with_parent()
    pipe.send(_attempt(work, place))
    pipe.close()


def _die_with_parent() -> None:
    """Let the kernel end this process when the one that forked it is killed, as an audit out of time does with a worker."""
    import ctypes

    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
