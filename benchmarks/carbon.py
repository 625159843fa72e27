"""Energy: how soon tracking starts, what it adds to a training, and whether its figures are codecarbon's own.

    python benchmarks/carbon.py [--quick] [--json FILE]

The peer is codecarbon by itself, offline, with the same options. Each start is made in a process of its own, in which
codecarbon is imported already. A training of 30 seconds on the wall (5 with --quick) is tracked by both at once, so that they
see the same load; what tracking adds is the processor time of all threads but that of the training, start and stop with it.
It looks at the machine by the clock on the wall, so the bar is a share of that too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

WATTS = 45.0
START_MS, OVERHEAD, AGREEMENT = 50.0, 0.01, 0.01

OURS = """
from auditkit.energy.tracking import track_training
def made():
    run = track_training({path!r}, country="FRA", cpu_watts={watts})
    run.__enter__()
"""
THEIRS = """
def made():
    codecarbon.OfflineEmissionsTracker(
        country_iso_code="FRA", tracking_mode="process", output_methods=[], log_level="critical", force_cpu_power={watts}
    ).start()
"""
START = """
import logging, os, time, codecarbon
logging.disable(logging.CRITICAL)
{how}
wall, cpu = time.perf_counter(), time.process_time()
made()
print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
os._exit(0)
"""


def start_of(how: str, watts: float | None, repeats: int) -> tuple[float, float]:
    """Return milliseconds of a start: the shortest by the clock on the wall, and the median of processor time."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        code = START.format(how=how.format(path=str(Path(folder) / "a.json"), watts=watts))
        for _ in range(repeats):
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            found.append([1000 * float(part) for part in done.stdout.split()])
    walls, cpus = zip(*found, strict=True)
    return min(walls), statistics.median(cpus)  # other work on the machine only adds to the wall


def train(seconds: float) -> float:
    """Fit small models for so many seconds on the wall, and return the processor time of this thread."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 20))
    labels = (rows[:, 0] + rng.normal(size=2000) > 0).astype(int)
    until, began = time.perf_counter() + seconds, time.thread_time()
    while time.perf_counter() < until:
        LogisticRegression(max_iter=200).fit(rows, labels)
    return time.thread_time() - began


def both(seconds: float, mode: Any) -> tuple[float, float, float, float]:
    """Track one load with both; return our kWh and grams, and theirs."""
    import logging

    import codecarbon

    from auditkit.energy.quantities import factor
    from auditkit.energy.tracking import track_training

    logging.getLogger("codecarbon").disabled = True
    with tempfile.TemporaryDirectory() as folder:
        peer = codecarbon.OfflineEmissionsTracker(
            country_iso_code="FRA", tracking_mode=mode, output_methods=[], log_level="critical", force_cpu_power=WATTS
        )
        with track_training(Path(folder) / "a.json", country="FRA", cpu_watts=WATTS, mode=mode) as run:
            peer.start()
            train(seconds)
            peer.stop()
    logging.getLogger("codecarbon").disabled = False
    assert run.record is not None
    theirs = peer.final_emissions_data
    energy = run.record["energy_kwh"]
    grams = factor("kgCO2e", "gCO2e") * float(theirs.emissions)
    return energy, energy * run.record["intensity"], float(theirs.energy_consumed), grams


def added(seconds: float, mode: Any) -> tuple[float, float]:
    """Return the processor seconds that tracking adds to a training, and those of the training."""
    from auditkit.energy.tracking import track_training

    with tempfile.TemporaryDirectory() as folder:
        run = track_training(Path(folder) / "a.json", country="FRA", cpu_watts=WATTS, mode=mode)
        before = time.process_time()
        with run:
            spent = train(seconds)
        return time.process_time() - before - spent, spent


def main() -> int:
    """Print the table; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    seconds, repeats = (5.0, 3) if given.quick else (30.0, 5)
    train(0.1)  # what the training imports is no part of what tracking adds
    table: list[dict[str, Any]] = []

    def add(name: str, ours: float, theirs: float | None, unit: str, bar: str, holds: bool | None) -> None:
        ratio = None if theirs is None else theirs / ours
        table.append(
            {"name": name, "ours": ours, "theirs": theirs, "unit": unit, "ratio": ratio, "bar": bar, "holds": holds}
        )
        shown = "" if theirs is None else f"{theirs:12.5g}  x{ratio:.4g}"
        print(
            f"{name:52s} {ours:12.5g} {shown:24s} {unit:7s} {bar:14s} {'' if holds is None else 'holds' if holds else 'MISSED'}"
        )

    print(f"{'':52s} {'ours':>12s} {'theirs':>12s}  theirs/ours")
    wall, cpu = start_of(OURS, WATTS, 4 * repeats)
    peer_wall, peer_cpu = start_of(THEIRS, WATTS, repeats)
    add("start, power stated: shortest on the wall", wall, peer_wall, "ms", f"{START_MS:g} ms at rest", None)
    add("start, power stated: processor time", cpu, peer_cpu, "CPU ms", f"<= {START_MS:g} ms", cpu <= START_MS)
    wall, cpu = start_of(OURS, None, repeats)
    peer_wall, _ = start_of(THEIRS, None, repeats)
    add("start, hardware looked for: shortest on the wall", wall, peer_wall, "ms", "", None)
    for mode in ("process", "machine"):
        more, spent = added(seconds, mode)
        name = f"added to {seconds:g} s of training ({spent:.1f} CPU s), {mode}"
        add(name, more, None, "CPU s", f"<= {OVERHEAD:.0%}", more <= OVERHEAD * seconds)
        energy, grams, peer_energy, peer_grams = both(seconds, mode)
        close = abs(energy / peer_energy - 1) <= AGREEMENT
        joules = 3.6e6
        add(
            f"energy of {seconds:g} s, {mode}",
            energy * joules,
            peer_energy * joules,
            "J",
            f"within {AGREEMENT:.0%}",
            close,
        )
        close = abs(grams / peer_grams - 1) <= AGREEMENT
        add(f"emissions of {seconds:g} s, {mode}", grams, peer_grams, "gCO2e", f"within {AGREEMENT:.0%}", close)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return int(any(row["holds"] is False for row in table))


if __name__ == "__main__":
    raise SystemExit(main())
