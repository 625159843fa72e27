"""How far a long attack is, told to whoever listens: a bar, lines of JSON, the process that forked this one, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Of `total` pieces of work, `done` are done; what is left takes about so many seconds."""

    what: str
    done: int
    total: int
    seconds_left: float

    def __str__(self) -> str:
        return f"{self.what} {self.done} of {self.total}, {self.seconds_left:.0f} s left"


Listener = Callable[[Step], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let `listener` hear each step until the block ends; the innermost listener alone is told."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(step: Step) -> None:
    """Tell a step.

    Examples
    --------
    >>> with listening(lambda step: print(step)):
    ...     tell(Step("shadow models", 2, 8, 11.6))
    shadow models 2 of 8, 12 s left
    """
    if _listeners:
        _listeners[-1](step)
