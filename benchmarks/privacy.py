"""Re-identification counts: k, l, t and uniqueness of many rows, beside pycanon on fewer, CPU seconds.

    python benchmarks/privacy.py [--quick] [--json FILE] [--pycanon-venv DIR]

10,000,000 rows of four quasi-identifiers and a confidential value of six are counted from a frame already taken in, and
20,000,000 rows of Parquet where they lie. pycanon, which wants an older numpy and pandas, gets an environment of its
own, which this file makes, and 50,000 rows of which it is given three measures; both answers
must agree. What pycanon does not end within four minutes is not counted, so its figure is then a lower bound.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

COLUMNS = ["age", "zip", "sex", "race"]

PEER = """
import json, sys, time
import pandas as pd
from pycanon import anonymity

frame = pd.read_csv(sys.argv[1])
columns = ["age", "zip", "sex", "race"]
found = {}
for name, measure in (("k", None), ("l", anonymity.l_diversity), ("t", anonymity.t_closeness)):
    began = time.process_time()
    value = anonymity.k_anonymity(frame, columns) if measure is None else measure(frame, columns, ["s"])
    found[name] = [float(value), time.process_time() - began]
    print(json.dumps(found), flush=True)
"""


def make_frame(rows: int, zips: int = 500) -> Any:
    """Return seeded rows of integers."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    sizes = {"age": 73, "zip": zips, "sex": 2, "race": 5, "s": 6}
    return pd.DataFrame({name: rng.integers(0, size, rows) for name, size in sizes.items()})


def measured(rows: Any) -> dict[str, float]:
    """Return k, l, t with ordered distance and the number of unique rows."""
    from auditkit.attacks import confidential as of
    from auditkit.attacks.combinations import combinations

    found = combinations(rows, [*COLUMNS, "s"])
    counts = found.class_sizes(COLUMNS)[1]
    cells = of.class_values(found, COLUMNS, "s")
    return {
        "k": int(counts.min()),
        "unique": int((counts == 1).sum()),
        "l": of.distinct_l(cells),
        "entropy l": of.entropy_l(cells),
        "t": of.t_ordered(cells),
        "t equal": of.t_equal(cells),
    }


def timed(make: Any, repeats: int) -> tuple[float, dict[str, float]]:
    """Return median CPU seconds of `measured`, each time on rows taken in anew (not timed)."""
    seconds, found = [], {}
    for _ in range(repeats):
        rows = make()
        began = time.process_time()
        found = measured(rows)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), found


def with_pycanon(frame: Any, folder: Path, home: Path, limit: float) -> dict[str, list[float]]:
    """Return value and CPU seconds by measure, of those that ended within `limit` seconds."""
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "pycanon"], check=True)
    frame.to_csv(folder / "rows.csv", index=False)
    with subprocess.Popen(
        [python, "-c", PEER, str(folder / "rows.csv")], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    ) as peer:
        try:
            said = peer.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            peer.kill()
            said = peer.communicate()[0]
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {}


def main() -> int:
    """Print the table; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pycanon-venv", type=Path)
    given = parser.parse_args()
    from auditkit.data.frames import table_from_frame
    from auditkit.data.scan import scan

    table: list[dict[str, Any]] = []

    def add(name: str, ours: float, theirs: float | None, bar: str, holds: bool | None) -> None:
        ratio = None if theirs is None else theirs / ours
        row = {
            "name": name,
            "ours": ours,
            "theirs": theirs,
            "unit": "CPU s",
            "ratio": ratio,
            "bar": bar,
            "holds": holds,
        }
        table.append(row)
        shown = "" if theirs is None else f"{theirs:9.3f} {ratio:9,.0f}x"
        print(f"{name:64s} {ours:9.4f} {shown:20s} {bar:12s} {'' if holds is None else 'holds' if holds else 'MISSED'}")

    rows = 1_000_000 if given.quick else 10_000_000
    frame = make_frame(rows)
    seconds, found = timed(lambda: table_from_frame(frame), 3 if given.quick else 5)
    print(f"{rows:,} rows: {found}")
    add(f"{rows:,} rows x 4, k, l, t and uniqueness", seconds, None, "<= 1 s", seconds <= 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filed = make_frame(2 * rows)
        filed.to_parquet(folder / "rows.parquet")
        del filed
        seconds, _ = timed(lambda: scan(folder / "rows.parquet"), 1 if given.quick else 3)
        add(f"{2 * rows:,} rows of Parquet where they lie, the same", seconds, None, "", None)
        for zips in (500, 5):
            few = make_frame(5_000 if given.quick else 50_000, zips)
            ours, found = timed(lambda few=few: table_from_frame(few), 25)
            peer = with_pycanon(few, folder, given.pycanon_venv or folder / "venv", 60 if given.quick else 240)
            total = sum(seconds for _, seconds in peer.values())
            print(f"{len(few):,} rows, {zips} zips: {found}; pycanon {peer}")
            agrees = all(abs(value - found[measure]) < 1e-9 for measure, (value, _) in peer.items())
            what = f"{len(few):,} rows, {zips} zips: all, beside pycanon's {', '.join(peer)}"
            add(what, ours, total, ">= 1,000x", agrees and total >= 1000 * ours)
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["holds"] is False for row in table))


if __name__ == "__main__":
    sys.exit(main())
