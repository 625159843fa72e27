"""Slices with more errors: the search over all combinations against divexplorer's, CPU seconds.

    python benchmarks/slices.py [--quick] [--json FILE] [--divexplorer-venv DIR]

100,000 rows of eight columns of text, errors planted in one pair of values. Ours finds every combination of up to three
values that at least 1 % of the rows have, with its error rate; divexplorer, which knows no longest, those of any number, and
both counts are printed. Ours starts from the frame: text to codes, search, false discoveries, rank and merge. divexplorer
gets an environment of its own, which this file makes.
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
import venv
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

COLUMNS, VALUES, DEPTH, SUPPORT = 8, 5, 3, 0.01

PEER = """
import json, statistics, sys, time
import pandas as pd
from divexplorer import DivergenceExplorer

frame = pd.read_csv(sys.argv[1])
frame["error"] = frame["error"].astype(bool)
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    found = DivergenceExplorer(frame).get_pattern_divergence(min_support=float(sys.argv[3]), boolean_outcomes=["error"])
    seconds.append(time.process_time() - began)
best = found[found["length"] > 0].sort_values("error_div", ascending=False).iloc[0]
print(json.dumps({"seconds": statistics.median(seconds), "patterns": len(found) - 1, "best": sorted(best["itemset"]), "rate": float(best["error"])}))
"""


def make_frame(rows: int) -> Any:
    """Return columns of text and errors: 10 % of all rows, 40 % where c0 is v1 and c3 is v2; seeded."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.25, 0.2, 0.1, 0.05])
    frame = pd.DataFrame(
        {f"c{i}": rng.choice([f"v{j}" for j in range(VALUES)], rows, p=shares) for i in range(COLUMNS)}
    )
    bad = (frame.c0 == "v1") & (frame.c3 == "v2")
    frame["error"] = (rng.random(rows) < np.where(bad, 0.4, 0.1)).astype(int)
    return frame


def with_auditkit(frame: Any) -> dict[str, Any]:
    """Return how many slices were searched, the leading one and its error rate."""
    import numpy as np

    from auditkit.data.frames import table_from_frame
    from auditkit.slicing import sliced_columns
    from auditkit.stats.slices import discoveries, merged, ranked, search

    table = table_from_frame(frame)
    columns = [sliced_columns(table, f"c{i}", 4) for i in range(COLUMNS)]
    codes = [column.codes for column in columns]
    errors = np.asarray(frame["error"], dtype=np.float64)
    sizes = [len(column.values) for column in columns]
    tested = search(codes, sizes, errors, depth=DEPTH, least=int(SUPPORT * len(frame)), binary=True)
    kept = merged(ranked(discoveries(tested, 0.05), errors, binary=True), codes, 10)
    best = kept[0][0]
    said = sorted(f"{columns[c].name}={columns[c].values[v]}" for c, v in zip(best.columns, best.values, strict=True))
    return {"patterns": len(tested), "best": said, "rate": best.total / best.n}


def peer_python(folder: Path) -> Path | None:
    """Return an interpreter with divexplorer, made in `folder` where it is not yet."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    check = [str(python), "-W", "ignore", "-c", "import divexplorer"]
    if subprocess.run(check, capture_output=True, check=False).returncode:
        install = subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "divexplorer"], capture_output=True, text=True, check=False
        )
        if install.returncode:
            print(f"divexplorer could not be installed: {install.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
    return python


def measure(rows: int, python: Path) -> list[dict[str, object]]:
    """Return the row of one size."""
    frame = make_frame(rows)
    found = with_auditkit(frame)
    seconds = []
    for _ in range(7):
        began = time.process_time()
        with_auditkit(frame)
        seconds.append(time.process_time() - began)
    ours = statistics.median(seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        frame.to_csv(path, index=False)
        command = [str(python), "-W", "ignore", "-c", PEER, str(path), "3", str(SUPPORT)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    print(f"ours: {found}\ntheirs: { {k: v for k, v in theirs.items() if k != 'seconds'} }")
    ratio = theirs["seconds"] / ours
    name = f"{rows:,} rows × {COLUMNS} columns, {found['patterns']:,} slices / divexplorer"
    row: dict[str, object] = {"name": name, "ours": ours, "theirs": theirs["seconds"], "unit": "CPU s"}
    return [row | {"ratio": ratio, "bar": 50, "holds": ratio >= 50}]


def main() -> None:
    """Measure, print, and leave with 1 if the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--divexplorer-venv", type=Path, metavar="DIR", help="keep divexplorer's environment here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        python = peer_python(chosen.divexplorer_venv or Path(scratch) / "divexplorer")
        if python is None:
            sys.exit(2)
        rows = measure(20_000 if chosen.quick else 100_000, python)
    for row in rows:
        print(
            f"{row['name']}: {row['ours']:.4f} / {row['theirs']:.3f} {row['unit']}, ratio {row['ratio']:.1f}, bar {row['bar']}, "
            f"{'holds' if row['holds'] else 'MISSED'}"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(row["holds"] for row in rows))


if __name__ == "__main__":
    main()
