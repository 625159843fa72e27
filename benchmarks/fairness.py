"""Rates by group and their gaps: auditkit's tally beside fairlearn's MetricFrame and aequitas' crosstabs.

All three start from one frame with text columns and give selection rate, true and false positive rate for each group;
auditkit and fairlearn also give the three differences. CPU seconds, medians. aequitas cannot share the
environment (it wants an older pandas), so the benchmark makes one for it; fairlearn is measured here.
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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

SIZES = (10_000, 100_000, 1_000_000)
LEVELS: tuple[tuple[str, ...], ...] = (("sex",), ("sex", "race", "age"))
LABEL, PREDICTION, FAVORABLE = "label", "prediction", "yes"
BARS = {"fairlearn": 10.0, "aequitas": 1.0}

AEQUITAS = """
import json, statistics, sys, time
import pandas as pd
from aequitas.group import Group

path, repeats = sys.argv[1], int(sys.argv[2])
frame = pd.read_csv(path, dtype=str)
frame["score"] = (frame.pop("prediction") == "yes").astype(int)
frame["label_value"] = (frame.pop("label") == "yes").astype(int)
out = {}
for level in json.loads(sys.argv[3]):
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        name = "+".join(level)
        table = frame if len(level) == 1 else frame.assign(**{name: frame[level].agg("|".join, axis=1)})
        Group().get_crosstabs(table[["score", "label_value", name]], attr_cols=[name])
        seconds.append(time.process_time() - began)
    out[name] = statistics.median(seconds)
print(json.dumps(out))
"""


def make_frame(rows: int) -> Any:
    """Return people with three attributes, a label and a prediction, all as text; seeded."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(rows)
    label = rng.random(rows) < 0.3
    prediction = rng.random(rows) < np.where(label, 0.7, 0.1)
    return pd.DataFrame(
        {
            "sex": rng.choice(["Female", "Male"], rows),
            "race": rng.choice(["A", "B", "C", "D", "E"], rows, p=[0.6, 0.2, 0.1, 0.06, 0.04]),
            "age": rng.choice(["18-29", "30-44", "45-59", "60-74", "75+"], rows),
            LABEL: np.where(label, "yes", "no"),
            PREDICTION: np.where(prediction, "yes", "no"),
        }
    )


def cpu(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of this process over `repeats` calls."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def with_auditkit(frame: Any, by: tuple[str, ...]) -> dict[str, float]:
    """Subject, tally, three rates by group and their differences."""
    from auditkit.group_rates import confusion, selection
    from auditkit.subject import Subject

    subject = Subject(frame, label=LABEL, prediction=PREDICTION, favorable=FAVORABLE, sensitive=by)
    tally = subject.tally(by)
    table = confusion(tally, by, FAVORABLE)
    rates = {
        "selection_rate": selection(tally, by, FAVORABLE),
        "true_positive_rate": table.true_positive_rate(),
        "false_positive_rate": table.false_positive_rate(),
    }
    values = {
        name: [rate.successes / rate.denominator for rate in row if rate.denominator] for name, row in rates.items()
    }
    return {name: max(row) - min(row) for name, row in values.items()}


def with_fairlearn(frame: Any, by: tuple[str, ...]) -> dict[str, float]:
    """The same through MetricFrame."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    metrics = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
    }
    label, prediction = (frame[column].eq(FAVORABLE).astype(int) for column in (LABEL, PREDICTION))
    result = MetricFrame(metrics=metrics, y_true=label, y_pred=prediction, sensitive_features=frame[list(by)])
    return {name: float(value) for name, value in result.difference().items()}


def aequitas_python(folder: Path) -> Path | None:
    """Return an interpreter with aequitas, made in `folder` where it is not yet; None where it cannot be installed."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    if _has_aequitas(python):
        return python
    # setuptools still carried pkg_resources then; unpinned, pip goes back to a version that brings gigabytes of torch.
    wanted = ["aequitas==1.1.0", "setuptools<81"]
    command = [str(python), "-m", "pip", "install", "-q", *wanted]
    install = subprocess.run(command, capture_output=True, text=True, check=False)
    if install.returncode == 0 and _has_aequitas(python):
        return python
    print(f"aequitas could not be installed: {install.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return None


def _has_aequitas(python: Path) -> bool:
    command = [str(python), "-W", "ignore", "-c", "import aequitas.group"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def with_aequitas(python: Path, frame: Any, repeats: int) -> dict[str, float]:
    """Return CPU seconds by level, measured in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.csv"
        frame.to_csv(path, index=False)
        levels = json.dumps([list(level) for level in LEVELS])
        command = [str(python), "-W", "ignore", "-c", AEQUITAS, str(path), str(repeats), levels]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def measure(sizes: tuple[int, ...], python: Path | None) -> list[dict[str, object]]:
    """Return one row for each size, level and peer."""
    rows = []
    for size in sizes:
        frame = make_frame(size)
        theirs = with_aequitas(python, frame, 3) if python else {}
        for by in LEVELS:
            mine = with_auditkit(frame, by)
            with_fairlearn(frame.head(1000), by)  # what is imported or made once is not counted
            ours = cpu(partial(with_auditkit, frame, by), 5)
            slow = cpu(partial(with_fairlearn, frame, by), 1 if size > 100_000 else 3)
            peer = with_fairlearn(frame, by) if size <= 100_000 else {}
            worst = max((abs(mine[name] - value) for name, value in peer.items()), default=None)
            name = "+".join(by)
            rows.append(_row(f"{size:,} rows, {name}, fairlearn", ours, slow, "fairlearn", worst))
            if name in theirs:
                rows.append(_row(f"{size:,} rows, {name}, aequitas", ours, theirs[name], "aequitas", None))
    return rows


def _row(name: str, ours: float, theirs: float, peer: str, differs: float | None) -> dict[str, object]:
    ratio, bar = theirs / ours, BARS[peer]
    row: dict[str, object] = {"name": name, "ours": ours, "theirs": theirs, "unit": "CPU s", "ratio": ratio, "bar": bar}
    return row | {"holds": ratio >= bar, "largest_difference": differs}


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(f"{'':44}{'ours':>10}{'theirs':>10}{'ratio':>9}{'bar':>6}  holds  differs by")
    for row in rows:
        differs = "" if row["largest_difference"] is None else f"{row['largest_difference']:.1e}"
        head = f"{row['name']:44}{row['ours']:>10.4f}{row['theirs']:>10.4f}{row['ratio']:>8.1f}×{row['bar']:>5.0f}×"
        print(f"{head}  {'yes' if row['holds'] else 'NO':5}  {differs}")


def main() -> None:
    """Measure, print, and leave with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10k and 100k rows only")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--aequitas-venv", type=Path, metavar="DIR", help="keep aequitas' environment here")
    parser.add_argument("--without-aequitas", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = chosen.aequitas_venv or Path(scratch) / "aequitas"
        python = None if chosen.without_aequitas else aequitas_python(place)
        rows = measure(SIZES[:2] if chosen.quick else SIZES, python)
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(row["holds"] for row in rows))


if __name__ == "__main__":
    main()
