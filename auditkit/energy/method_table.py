"""How the energy of scoring was estimated, as a table."""

from __future__ import annotations

import math

from auditkit.energy.reading import GRADES
from auditkit.energy.sci import FunctionalUnit
from auditkit.energy.scoring import Scored
from auditkit.finding import Column, Evidence

NO_SCI = "not measured: carbon: {sci: …} declares neither M nor R, and none is assumed"


def method_table(taken: Scored, unit: FunctionalUnit | None) -> Evidence:
    """Return method, hardware, grid with its year, duration and rows of a measurement."""
    grid, reading = taken.grid, taken.reading
    spent = math.fsum(run.energy.to("Wh").amount.value for run in taken.runs)
    rows: tuple[tuple[str, str], ...] = (
        ("Method", f"codecarbon {reading.version}, offline; {reading.method}"),
        ("Grade of the method", GRADES[reading.grade]),
        ("Hardware", reading.hardware),
        ("Spread of the range", reading.spread),
        ("Grid", str(grid)),
        ("Spread of the grid's data", grid.spread),
        ("Country", grid.country or "not given: world average"),
        ("Year of the grid's datum", "not dated" if grid.year is None else str(grid.year)),
        ("Software carbon intensity", NO_SCI if unit is None else str(unit)),
        ("Runs", f"{len(taken.runs)} of {taken.seconds / len(taken.runs):.2f} s"),
        ("Rows per round", f"{taken.batch:,}"),
        ("Rows scored", f"{taken.rows:,}"),
        ("Energy in all", f"{spent:.4g} Wh"),
        *_resting(taken),
    )
    whose = "this process" if reading.mode == "process" else "the whole machine, with all else that ran on it"
    return Evidence(
        id="method",
        kind="table",
        title="How the energy was estimated",
        caption=f"Emissions use {grid}. An estimate for {whose}, in a loop over one batch.",
        alt="Method, grid, country, duration and rows of the energy measurement",
        columns=(Column("What", role="label"), Column("Value")),
        rows=rows,
        volatile=True,
    )


def _resting(taken: Scored) -> tuple[tuple[str, str], ...]:
    if taken.resting is None:
        return ()
    watts = taken.resting.energy.to("J").amount.value / taken.resting.seconds
    return (("Counted while nothing was done", f"{watts:.3g} W, over {taken.resting.seconds:.2f} s"),)
