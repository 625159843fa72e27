"""Tallies and their bounds against fairlearn, aequitas, scikit-learn and numpy: CPU seconds and ratios.

    python benchmarks/fairness.py [--quick] [--json FILE] [--aequitas-venv DIR | --without-aequitas]

One thread, one process, medians. fairlearn's seven metrics are count, selection rate, true and false positive rate, false
negative rate, accuracy and precision; ours are those and three more, at every level of sex × race × age at once. "From
strings" counts the whole way from a pandas frame whose three attributes are text; "from codes" starts from small integers in
memory. aequitas needs pandas below 3, so it runs in an environment of its own, which this file makes. The row on ten
million rows runs in a fresh process, so that its peak memory is its own.
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

ATTRIBUTES = {
    "sex": ["Female", "Male"],
    "race": ["A", "B", "C", "D", "E"],
    "age": ["18-29", "30-44", "45-59", "60-74", "75+"],
}
JOINT = tuple(ATTRIBUTES)

AEQUITAS = """
import json, statistics, sys, time
import pandas as pd
from aequitas.group import Group

path, repeats = sys.argv[1], int(sys.argv[2])
frame = pd.read_csv(path, dtype={"sex": str, "race": str, "age": str})
frame = frame.rename(columns={"prediction": "score", "label": "label_value"})
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

FILES = """
import json, resource, sys, time
import numpy, scipy.special, pyarrow
import duckdb
import auditkit as ak
from auditkit.group_rates import gap_measure, rate_measure
sys.path.insert(0, sys.argv[2])
from fairness import all_bounds

began = time.process_time()
tally = ak.count_rows(sys.argv[1], ["sex", "race", "age"], label="label", prediction="prediction")
counted = time.process_time()
measures = all_bounds(tally)
done = time.process_time()
try:  # the high-water mark of this process alone: ru_maxrss begins with its parent's
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
began_plain = time.process_time()
query = f"SELECT sex, race, age, label, prediction, count(*) FROM read_parquet('{sys.argv[1]}') GROUP BY ALL"
duckdb.connect().execute(query).fetchall()
plain = time.process_time() - began_plain
print(json.dumps({"count": counted - began, "all": done - began, "peak": peak, "plain": plain, "measures": measures}))
"""


def make_codes(rows: int) -> dict[str, Any]:
    """Return small integer codes of three attributes, a label and a prediction, and scores; seeded."""
    import numpy as np

    rng = np.random.default_rng(rows)
    codes = {name: rng.integers(0, len(values), rows).astype(np.int8) for name, values in ATTRIBUTES.items()}
    scores = rng.random(rows, dtype=np.float32)
    label = (rng.random(rows, dtype=np.float32) < scores).astype(np.int8)
    return {**codes, "label": label, "prediction": (scores >= 0.5).astype(np.int8), "score": scores}


def make_frame(codes: dict[str, Any]) -> Any:
    """Return the same people with attributes as text."""
    import numpy as np
    import pandas as pd

    text = {name: pd.Series(np.array(values)[codes[name]], dtype="str") for name, values in ATTRIBUTES.items()}
    return pd.DataFrame({**text, "label": codes["label"], "prediction": codes["prediction"]})


def cpu(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of this process over `repeats` calls."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def lattice(by: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the overall level, each column, and each combination of them."""
    from auditkit.group_cells import levels

    return [(), *levels(by, len(by))]


def all_rates(tally: Any) -> dict[tuple[str, ...], dict[str, float]]:
    """Return the gap in each rate at every level of a tally."""
    import numpy as np

    from auditkit.group_cells import rate_table

    by = tuple(name for name in tally.names if name in ATTRIBUTES)
    tables = {level: rate_table(tally, level, 1) for level in lattice(by)}
    return {
        level: {name: float(np.nanmax(values) - np.nanmin(values)) for name, values in table.items()}
        for level, table in tables.items()
    }


def all_bounds(tally: Any) -> int:
    """Make every rate, gap and ratio with its bounds at every level; return how many."""
    from auditkit.group_rates import base_rate, confusion, gap_measure, rate_measure, selection

    made = 0
    by = tuple(name for name in tally.names if name in ATTRIBUTES)
    for level in lattice(by):
        cells = confusion(tally, level, 1)
        for rates in (
            selection(tally, level, 1),
            base_rate(tally, level, 1),
            cells.true_positive_rate(),
            cells.false_positive_rate(),
            cells.positive_predictive_value(),
            cells.accuracy(),
            cells.rate([(1, 0)], [(1, 0), (1, 1)]),
        ):
            made += len([rate_measure("rate", rate, "none") for rate in rates])
            if level:
                made += len([gap_measure("gap", gap, level, rates) for gap in ("difference", "ratio")])
    return made


def from_codes(codes: dict[str, Any], by: tuple[str, ...]) -> Any:
    from auditkit.tally import LABEL, PREDICTION, Axis, Tally

    axes = [Axis(name, tuple(ATTRIBUTES[name])) for name in by]
    axes += [Axis(LABEL, (0, 1)), Axis(PREDICTION, (0, 1))]
    return Tally.of(axes, [*(codes[name] for name in by), codes["label"], codes["prediction"]])


def from_strings(frame: Any, by: tuple[str, ...]) -> Any:
    import auditkit as ak

    return ak.count_rows(frame, by, label="label", prediction="prediction")


def bare_bincount(codes: dict[str, Any]) -> Any:
    """Return the cells by one bincount, written out for these very columns."""
    import numpy as np

    key = codes["sex"].astype(np.int16)
    for name, size in (("race", 5), ("age", 5), ("label", 2), ("prediction", 2)):
        key = key * size + codes[name]
    return np.bincount(key, minlength=200)


def with_fairlearn(frame: Any, by: tuple[str, ...]) -> dict[str, float]:
    """Return the gaps of seven metrics through MetricFrame."""
    from fairlearn.metrics import (
        MetricFrame,
        count,
        false_negative_rate,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import accuracy_score, precision_score

    metrics = {
        "n": count,
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "accuracy": accuracy_score,
        "precision": precision_score,
    }
    result = MetricFrame(
        metrics=metrics, y_true=frame["label"], y_pred=frame["prediction"], sensitive_features=frame[list(by)]
    )
    return {name: float(value) for name, value in result.difference().items()}


def with_repaired_fairlearn(frame: Any, by: tuple[str, ...]) -> dict[str, float]:
    """The same with fairlearn's elementwise np.stack bypassed."""
    import numpy as np
    from fairlearn.metrics import _annotated_metric_function as module

    class Bypassed:
        def __getattr__(self, name: str) -> object:
            return np.asarray if name == "stack" else getattr(np, name)

    module.np = Bypassed()
    try:
        return with_fairlearn(frame, by)
    finally:
        module.np = np


def fairlearn_bootstraps(frame: Any, replicates: int) -> None:
    from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

    MetricFrame(
        metrics={"selection_rate": selection_rate, "true_positive_rate": true_positive_rate},
        y_true=frame["label"],
        y_pred=frame["prediction"],
        sensitive_features=frame[["race"]],
        n_boot=replicates,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )


def grouped_auc(codes: dict[str, Any], means: bool) -> list[float]:
    from auditkit.finding import Group
    from auditkit.score_tally import ScoreTally
    from auditkit.stats.auc import auc_from_counts

    groups = [Group.of({"race": value}) for value in ATTRIBUTES["race"]]
    found = ScoreTally.of(groups, codes["race"], codes["score"], codes["label"] == 1, means=means)
    return [auc_from_counts(positives, negatives) for _, positives, negatives in found.cells]


def sklearn_auc(codes: dict[str, Any]) -> list[float]:
    from sklearn.metrics import roc_auc_score

    rows = [codes["race"] == place for place in range(5)]
    return [float(roc_auc_score(codes["label"][row], codes["score"][row])) for row in rows]


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
        levels = json.dumps([["sex"], list(JOINT)])
        command = [str(python), "-W", "ignore", "-c", AEQUITAS, str(path), str(repeats), levels]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def measure(rows: int, python: Path | None) -> list[dict[str, object]]:
    """Return the rows that compare with fairlearn, aequitas and numpy on frames of one size."""
    codes = make_codes(rows)
    frame = make_frame(codes)
    with_fairlearn(frame.head(1000), JOINT)  # what is imported or made once is not counted
    all_rates(from_strings(frame.head(1000), JOINT))
    theirs = {by: cpu(partial(with_fairlearn, frame, by), 1) for by in (("sex",), JOINT)}
    repaired = cpu(partial(with_repaired_fairlearn, frame, ("sex",)), 1)
    size = f"{rows:,} rows"
    made = []
    for by in (("sex",), JOINT):
        name = "+".join(by)
        codes_cpu = cpu(lambda by=by: all_rates(from_codes(codes, by)), 15)
        text_cpu = cpu(lambda by=by: all_rates(from_strings(frame, by)), 7)
        # At 100,000 rows and fewer the fixed cost of the lattice, not the rows, is most of it.
        made.append(_row(f"{size}, {name}, codes / fairlearn", codes_cpu, theirs[by], 5000 if rows >= 10**6 else 500))
        made.append(_row(f"{size}, {name}, strings / fairlearn", text_cpu, theirs[by], 300))
        if by == ("sex",):
            made.append(_row(f"{size}, {name}, strings / repaired fairlearn", text_cpu, repaired, 20))
    floor, ours = cpu(lambda: bare_bincount(codes), 15), cpu(lambda: from_codes(codes, JOINT), 15)
    made.append(_row(f"{size}, tally from codes / bare bincount", ours, floor, 1 / 1.5))
    if python is not None:
        for name, seconds in with_aequitas(python, frame, 3).items():
            ours = cpu(lambda name=name: all_rates(from_strings(frame, tuple(name.split("+")))), 7)
            made.append(_row(f"{size}, {name}, strings / aequitas", ours, seconds, 4))
    tally = from_codes(codes, JOINT)
    made.append(_row(f"{size}, all bounds of the lattice, at most 0.1 s", cpu(lambda: all_bounds(tally), 5), 0.1, 1))
    mine, peer = all_rates(tally)[JOINT], with_repaired_fairlearn(frame, JOINT)
    made.append(
        _exact(f"{size}, largest difference from fairlearn", max(abs(mine[n] - v) for n, v in peer.items()), 1e-12)
    )
    return made


def measure_bootstraps(replicates: int) -> list[dict[str, object]]:
    """Return the row on bounds against fairlearn's bootstrap, at 2,000 rows; fewer replicates are scaled to 1,000."""
    codes = make_codes(2000)
    frame = make_frame(codes)
    tally = from_codes(codes, ("race",))
    ours = cpu(lambda: all_bounds(tally), 5)
    theirs = cpu(lambda: fairlearn_bootstraps(frame, replicates), 1) * 1000 / replicates
    return [_row(f"2,000 rows, bounds / fairlearn, 1,000 bootstraps (from {replicates})", ours, theirs, 1000)]


def measure_auc(rows: int) -> list[dict[str, object]]:
    """Return the rows on AUC by group, beyond 2²⁰ distinct scores."""
    codes = make_codes(rows)
    theirs_cpu = cpu(lambda: sklearn_auc(codes), 1)
    made = []
    for means, words, bar in ((False, "AUC alone", 50), (True, "with mean scores for calibration", 20)):
        ours = cpu(lambda means=means: grouped_auc(codes, means), 5)
        made.append(_row(f"{rows:,} rows, AUC by race, {words} / scikit-learn", ours, theirs_cpu, bar))
    differs = max(abs(a - b) for a, b in zip(grouped_auc(codes, False), sklearn_auc(codes), strict=True))
    made.append(_exact(f"{rows:,} rows, AUC by race, largest difference", differs, 1e-5))
    return made


def measure_files(rows: int) -> list[dict[str, object]]:
    """Return the rows on a Parquet file that is never loaded."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    codes = make_codes(rows)
    columns = {name: pa.DictionaryArray.from_arrays(codes[name], values) for name, values in ATTRIBUTES.items()}
    table = pa.table({**columns, "label": codes["label"], "prediction": codes["prediction"]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        parquet.write_table(table, path)
        del table, columns, codes
        command = [sys.executable, "-c", FILES, str(path), str(Path(__file__).parent)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    size = f"{rows:,} rows of Parquet"
    return [
        _row(f"{size}, counted / DuckDB's own GROUP BY", found["count"], found["plain"], 1 / 1.3),
        _row(f"{size}, {found['measures']} bounds and the count, at most 0.5 s", found["all"], 0.5, 1),
        {**_row(f"{size}, peak memory, at most 300 MB", found["peak"], 300.0, 1), "unit": "MB"},
    ]


def _row(name: str, ours: float, theirs: float, bar: float) -> dict[str, object]:
    ratio = theirs / ours
    return {
        "name": name,
        "ours": ours,
        "theirs": theirs,
        "unit": "CPU s",
        "ratio": ratio,
        "bar": bar,
        "holds": ratio >= bar,
    }


def _exact(name: str, differs: float, bar: float) -> dict[str, object]:
    row: dict[str, object] = {"name": name, "ours": differs, "theirs": 0.0, "unit": "difference", "ratio": differs}
    return row | {"bar": bar, "holds": differs <= bar}


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(f"{'':68}{'ours':>11}{'theirs':>11}{'unit':>12}{'ratio':>11}{'bar':>9}  holds")
    for row in rows:
        head = f"{row['name']:68}{row['ours']:>11.4g}{row['theirs']:>11.4g}{row['unit']:>12}"
        print(f"{head}{row['ratio']:>11.4g}{row['bar']:>9.3g}  {'yes' if row['holds'] else 'NO'}")


def main() -> None:
    """Measure, print, and leave with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="100,000 rows, 2 million scores, 2 million rows of Parquet"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--aequitas-venv", type=Path, metavar="DIR", help="keep aequitas' environment here")
    parser.add_argument("--without-aequitas", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = chosen.aequitas_venv or Path(scratch) / "aequitas"
        python = None if chosen.without_aequitas else aequitas_python(place)
        rows = measure(100_000 if chosen.quick else 1_000_000, python)
    rows += measure_bootstraps(5 if chosen.quick else 50)
    rows += measure_auc(2_000_000 if chosen.quick else 10_000_000)
    rows += measure_files(2_000_000 if chosen.quick else 10_000_000)
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(row["holds"] for row in rows))


if __name__ == "__main__":
    main()
