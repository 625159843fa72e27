"""--output FORMAT[=PATH]: what a decision is written as, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from auditkit.errors import ConfigurationError, OutputError, did_you_mean

Wanted = tuple[tuple[str, Path | None], ...]


def parsed(_: click.Context, __: click.Parameter, values: Sequence[str]) -> Wanted:
    """Return format and path of each ``--output``; no path, or ``-``, is standard output.

    Raises
    ------
    ConfigurationError
        If a format does not exist, or a path's folder.
    """
    from auditkit.exports.gate_outputs import OUTPUTS

    found = []
    for value in values:
        name, _given, path = value.partition("=")
        if name not in OUTPUTS:
            raise ConfigurationError(f"--output: there is no format {name!r}.{did_you_mean(name, OUTPUTS)}")
        place = Path(path) if path and path != "-" else None
        if place is not None and not place.parent.is_dir():
            raise ConfigurationError(f"--output {name}: no such folder for {place.name!r}; make it first")
        found.append((name, place))
    return tuple(found)


outputs = click.option(
    "--output",
    "wanted",
    multiple=True,
    callback=parsed,
    metavar="FORMAT[=PATH]",
    help="Write the decision also as json, junit, sarif, github, gitlab, comment, badge or openmetrics; repeatable.",
)


def write_outputs(record: Any, places: Mapping[str, tuple[str, int, int]], wanted: Wanted) -> None:
    """Write each output, whole or not at all; on GitHub also the step's summary.

    Raises
    ------
    OutputError
        If a path cannot be written.
    """
    from auditkit.exports.gate_outputs import written

    for name, place in wanted:
        content = written(record, name, places)
        if place is None:
            click.echo(content.decode(), nl=False)
        else:
            incoming = place.with_name(f".{place.name}.incoming-{os.getpid()}")
            try:
                incoming.write_bytes(content)
                incoming.replace(place)
            except OSError as error:
                incoming.unlink(missing_ok=True)
                raise OutputError(
                    f"{place.name} cannot be written: {error.strerror or error}; name another path"
                ) from None
        summary = os.environ.get("GITHUB_STEP_SUMMARY") if name == "github" else None
        if summary:
            with Path(summary).open("ab") as stream:
                stream.write(written(record, "comment", places))
