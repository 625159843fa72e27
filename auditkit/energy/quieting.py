"""What is put back after codecarbon has started or stopped, and what it need not look for."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Stated:
    """Stands for codecarbon's table of rated powers where the power is stated."""

    model: str
    tdp: None = None


def probes(cpu_watts: float | None) -> bool:
    """Return whether a start has to look for the hardware first, which takes a second or two."""
    from codecarbon.core import hardware_cache

    return cpu_watts is None and not getattr(hardware_cache, "_plans", None)


@contextmanager
def named_without_probing(cpu_watts: float | None) -> Iterator[None]:
    """Spare a start codecarbon's search for the processor's name where its power is stated: a second and more."""
    from codecarbon.core import hardware_cache

    if cpu_watts is None or getattr(hardware_cache, "_tdp", "") is not None:
        yield
        return
    hardware_cache._tdp = _Stated(_processor_name())  # type: ignore[assignment]
    try:
        yield
    finally:
        hardware_cache._tdp = None


def _processor_name() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "a processor"


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
def nothing_bound() -> Iterator[None]:
    """Keep urllib3, which codecarbon imports when it stops, from binding a socket to see whether there is IPv6."""
    if "urllib3.util.connection" in sys.modules:
        yield
        return
    was = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = was
        imported = sys.modules.get("urllib3.util.connection")
        if imported is not None:
            imported.HAS_IPV6 = was  # type: ignore[attr-defined]  # what it would have found, or asks a name server for in vain


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
