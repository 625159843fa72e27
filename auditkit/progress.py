"""How an audit tells where it is: a bar, lines of text, lines of JSON, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auditkit.attacks.steps import Step, listening

Progress = Callable[[str, int, int], None]


@contextmanager
def reporting(progress: bool | Progress) -> Iterator[Progress]:
    """Give a callable that is told each auditor that is done: a bar with the time left, the caller's own, or nothing.

    The bar, and lines of JSON, also tell how far a long auditor is.
    """
    if isinstance(progress, JsonLines):
        with listening(progress.step):
            yield progress
    elif callable(progress):
        yield progress
    elif progress and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("auditing", total=None)
            with listening(lambda step: bar.update(task, description=str(step))):
                yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
    else:
        yield lambda _name, _done, _total: None


class JsonLines:
    """Writes one JSON object for each auditor that is done, and for each step of a long one."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._began = write, time.monotonic()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Write an auditor that is done."""
        self._line({"event": "auditor", "id": name, "done": done, "of": total})

    def step(self, step: Step) -> None:
        """Write a step of an auditor that is not done yet."""
        left = round(step.seconds_left, 1)
        self._line({"event": "step", "what": step.what, "done": step.done, "of": step.total, "seconds_left": left})

    def _line(self, event: dict[str, object]) -> None:
        self._write(json.dumps({**event, "seconds": round(time.monotonic() - self._began, 3)}))


def json_lines(write: Callable[[str], None]) -> Progress:
    """Return a callable that writes one JSON object for each auditor that is done."""
    return JsonLines(write)
