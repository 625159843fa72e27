"""Whatever code of a model ends the process with, the command line decides on the exit code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def kept_alive() -> Iterator[None]:
    """Make ``os._exit`` in this process what ``sys.exit`` is, so that a model that calls it is no pass; children may end.

    A library in C that ends the process is beyond this; who must be sure looks for the audit.json, as `auditing_apart` does.
    """
    leave, owner = os._exit, os.getpid()

    def left(status: int) -> NoReturn:
        if os.getpid() != owner:
            leave(status)
        raise SystemExit(status)

    os._exit = left
    try:
        yield
    finally:
        os._exit = leave
