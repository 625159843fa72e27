"""How an audit tells where it is: a bar, lines of text, lines of JSON, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]


@contextmanager
def reporting(progress: bool | Progress) -> Iterator[Progress]:
    """Give a callable that is told each auditor that is done: a bar with the time left, the caller's own, or nothing."""
    if callable(progress):
        yield progress
    elif progress and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("auditing", total=None)
            yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
    else:
        yield lambda _name, _done, _total: None


def json_lines(write: Callable[[str], None]) -> Progress:
    """Return a callable that writes one JSON object for each auditor that is done."""
    began = time.monotonic()

    def report(name: str, done: int, total: int) -> None:
        event = {"event": "auditor", "id": name, "done": done, "of": total}
        write(json.dumps({**event, "seconds": round(time.monotonic() - began, 3)}))

    return report
