"""The command that runs another one and records the energy that it took: track."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

Mode = Literal["machine", "process"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--out", type=click.Path(path_type=Path), default=Path("training.json"), help="Where the record goes.")
@click.option("--country", metavar="ISO", help="Three capitals, e.g. FRA; without it the world's average grid.")
@click.option("--region", help="A region of the country, e.g. California, or of a cloud, e.g. gcp/europe-west9.")
@click.option("--cpu-watts", type=float, help="Rated power of the processor; nothing is then probed.")
@click.option(
    "--mode",
    type=click.Choice(["machine", "process"]),
    default="machine",
    show_default=True,
    help="Whose energy: the whole machine, with all else that runs on it; or COMMAND and its children alone, of each of which "
    "some seconds may be missed.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def track(
    out: Path,
    country: str | None,
    region: str | None,
    cpu_watts: float | None,
    mode: Mode,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND (after --) and record the energy that was taken meanwhile, by the whole machine unless --mode says otherwise.

    Leaves with the command's own exit code; a command that fails leaves no record.
    """
    import subprocess
    import warnings

    from auditkit.energy.tracking import track_training

    click.echo("auditkit: setting up the measurement", err=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what failed is told below, in one line and with an exit code
        with track_training(out, country=country, region=region, cpu_watts=cpu_watts, mode=mode) as run:
            try:
                code = subprocess.call(command)
            except OSError as error:
                raise click.UsageError(f"{command[0]!r} cannot be run: {error.strerror or error}") from None
            if code:
                raise click.exceptions.Exit(code if code > 0 else 128 - code)
    if run.failure is not None:
        raise run.failure
    record = run.record or {}
    click.echo(f"wrote {out}: {record['energy_kwh']:.3g} kWh in {record['seconds']:.1f} s, {record['method']}")
    return 0
