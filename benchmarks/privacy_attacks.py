"""Membership inference beside LiRA, written here as its authors describe it, and beside sacroml's: AUC and CPU seconds.

    python benchmarks/privacy_attacks.py [--quick] [--json FILE] [--sacroml-venv DIR | --without-sacroml]

Four targets on 2,000 rows each, attacked with 2,000 others, on seeds that nothing was tuned on. Ours is the audit as a user
runs it, with its eight shadow models: the largest AUC of its attacks, and RMIA alone, which is chosen beforehand. LiRA
online has eight shadow models of its own, each row in exactly four of them, the log odds of the true label cut at 0.001,
and two variances, a row's own and one for all rows (what its authors do with few models): the better one counts. sacroml
runs LiRA with sixteen in each of its ways, its reports off, in an environment of its own, which this file makes (it is
large: torch comes with it). Judged is its default, "offline"; its way with the highest AUC on a target, which nobody knows
beforehand, stands below. Differences are paired by seed, with their standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

ROWS = 2000
SHADOWS = 8
SEEDS = tuple(range(7001, 7011))
DEFAULT = "offline"
TARGETS = ("RF", "RF leaf 20", "HistGB", "LogReg")

MODELS = """
def model(name):
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return {
        "RF": lambda: RandomForestClassifier(100, random_state=0),
        "RF leaf 20": lambda: RandomForestClassifier(100, min_samples_leaf=20, random_state=0),
        "HistGB": lambda: HistGradientBoostingClassifier(random_state=0),
        "LogReg": lambda: LogisticRegression(C=0.1, max_iter=1000),
    }[name]()
"""

PEER = (
    MODELS
    + """
import json, logging, sys, tempfile, time, warnings
import numpy as np
from sacroml.attacks.likelihood_attack import LIRAAttack
from sacroml.attacks.target import Target

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
x, y, half = given["x"], given["y"], len(given["y"]) // 2
for name in json.loads(sys.argv[2]):
    fitted = model(name).fit(x[:half], y[:half])
    target = Target(model=fitted, X_train=x[:half], y_train=y[:half], X_test=x[half:], y_test=y[half:])
    for mode, fixed in (("offline", False), ("online-carlini", False), ("online-carlini", True)):
        with tempfile.TemporaryDirectory() as folder:
            attack = LIRAAttack(output_dir=folder, write_report=False, n_shadow_models=16, mode=mode, fix_variance=fixed)
            began = time.process_time()
            attack.attack(target)
            seconds = time.process_time() - began
        found = attack.attack_metrics[0]
        way = mode + (", one variance" if fixed else "")
        print(json.dumps([name, way, float(found["AUC"]), float(np.interp(0.01, found["fpr"], found["tpr"])), seconds]), flush=True)
"""
)


@dataclass
class Found:
    """AUC and CPU seconds of one way to attack one target, by seed."""

    auc: list[float] = field(default_factory=list)
    tpr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, auc: float, tpr: float, seconds: float) -> None:
        """Add a seed."""
        self.auc.append(auc)
        self.tpr.append(tpr)
        self.seconds.append(seconds)


def data(seed: int) -> tuple[Any, Any]:
    """Return members, then as many others, in random order within each."""
    import numpy as np
    from sklearn.datasets import make_classification

    x, y = make_classification(2 * ROWS, 20, n_informative=10, flip_y=0.1, random_state=seed)
    order = np.random.default_rng(seed).permutation(2 * ROWS)
    return x[order], y[order]


def model(name: str) -> Any:
    """Return the target's estimator, the same one as in the peer's process."""
    scope: dict[str, Any] = {}
    exec(MODELS, scope)  # the peer is handed the same lines as text
    return scope["model"](name)


def cpu() -> float:
    """Return CPU seconds of this process and of those it has started and ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def ours(x: Any, y: Any, fitted: Any) -> tuple[dict[str, float], float, float]:
    """Return the AUC of each attack of the audit, its largest TPR at 1 %, and CPU seconds."""
    import pandas as pd

    from auditkit.auditors.privacy.membership_inference import membership_inference
    from auditkit.finding import Evidence, Measure
    from auditkit.subject import Subject

    names = [f"x{place}" for place in range(x.shape[1])]
    frame = pd.DataFrame(x, columns=names).assign(y=y)
    began = cpu()
    subject = Subject(frame[ROWS:], train=frame[:ROWS], model=fitted, label="y", features=names, seed=0)
    found = list(membership_inference.run(subject, {"shadows": SHADOWS, "seconds": 1e6}))
    seconds = cpu() - began
    table = next(item for item in found if isinstance(item, Evidence) and item.id == "attacks")
    by_name = {item.name: item.value for item in found if isinstance(item, Measure)}
    areas = {str(row[0]): float(str(row[2])) for row in table.rows}
    return areas, float(str(by_name["tpr_at_1_percent"])), seconds


def lira_online(x: Any, y: Any, fitted: Any, name: str, seed: int) -> tuple[dict[str, Any], float]:
    """Return the scores of LiRA online with either variance, and CPU seconds."""
    import numpy as np
    from scipy.stats import norm

    began = time.process_time()
    rng = np.random.default_rng(seed + 1)
    inside = rng.random((SHADOWS, len(y))).argsort(axis=0) < SHADOWS // 2

    def log_odds(one: Any) -> Any:
        p = np.clip(one.predict_proba(x)[np.arange(len(y)), y], 1e-3, 1 - 1e-3)
        return np.log(p) - np.log1p(-p)

    seen = []
    for number, half in enumerate(inside):
        shadow = model(name)
        if "random_state" in shadow.get_params():
            shadow.set_params(random_state=1000 * seed + number)
        seen.append(log_odds(shadow.fit(x[half], y[half])))
    observed, among = log_odds(fitted), np.array(seen)
    scores = {}
    for way in ("own variance", "one variance"):
        densities = []
        for member in (True, False):
            of = np.where(inside == member, among, np.nan)
            mean, spread = np.nanmean(of, axis=0), np.nanstd(of, axis=0)
            spread = spread if way == "own variance" else np.sqrt(np.nanmean((of - mean) ** 2))
            densities.append(norm.logpdf(observed, mean, spread + 1e-8))
        scores[way] = densities[0] - densities[1]
    return scores, time.process_time() - began


def sacroml(home: Path) -> Path | None:
    """Return the Python of an environment with sacroml, made if it is not there; None if it cannot be installed."""
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        made = subprocess.run([python, "-m", "pip", "install", "--quiet", "sacroml==2.0.1"], check=False)
        if made.returncode:
            return None
    return python


def with_sacroml(python: Path, x: Any, y: Any, folder: Path) -> list[tuple[str, str, float, float, float]]:
    """Return target, way, AUC, TPR at 1 % and CPU seconds."""
    import numpy as np

    np.savez(folder / "rows.npz", x=x, y=y)
    command = [python, "-c", PEER, str(folder / "rows.npz"), json.dumps(TARGETS)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [tuple(json.loads(line)) for line in said.splitlines() if line.startswith("[")]


def measured(seeds: tuple[int, ...], python: Path | None) -> dict[tuple[str, str], Found]:
    """Return what each way found, by target and way."""
    from sklearn.metrics import roc_auc_score, roc_curve

    table: dict[tuple[str, str], Found] = {}
    with tempfile.TemporaryDirectory() as name:
        for seed in seeds:
            x, y = data(seed)
            truth = [1] * ROWS + [0] * ROWS
            for target in TARGETS:
                fitted = model(target).fit(x[:ROWS], y[:ROWS])
                areas, tpr, seconds = ours(x, y, fitted)
                for way, auc in (*areas.items(), ("largest", max(areas.values()))):
                    table.setdefault((target, way), Found()).add(
                        auc, tpr if way == "largest" else float("nan"), seconds
                    )
                scores, seconds = lira_online(x, y, fitted, target, seed)
                for way, score in scores.items():
                    false, true, _ = roc_curve(truth, score, drop_intermediate=False)
                    at = float(true[false <= 0.01].max())
                    found = table.setdefault((target, f"LiRA online, {way}"), Found())
                    found.add(float(roc_auc_score(truth, score)), at, seconds)
                print(f"seed {seed} {target}", file=sys.stderr, flush=True)
            if python is not None:
                for target, way, auc, tpr, seconds in with_sacroml(python, x, y, Path(name)):
                    table.setdefault((target, f"sacroml LiRA16 {way}"), Found()).add(auc, tpr, seconds)
    return table


def best(table: dict[tuple[str, str], Found], target: str, start: str) -> tuple[str, Found]:
    """Return the way with the highest mean AUC among those whose name begins so."""
    ways = {way: found for (of, way), found in table.items() if of == target and way.startswith(start)}
    way = max(ways, key=lambda one: sum(ways[one].auc))
    return way, ways[way]


def rows_of(table: dict[tuple[str, str], Found], peer: bool) -> list[dict[str, Any]]:
    """Return the rows of the table, and judge them."""
    import numpy as np

    rows: list[dict[str, Any]] = []

    def add(name: str, one: float, other: float | None, unit: str, bar: str, holds: bool | None) -> None:
        ratio = other / one if other is not None and unit == "CPU s" else None
        rows.append(
            {"name": name, "ours": one, "theirs": other, "unit": unit, "ratio": ratio, "bar": bar, "holds": holds}
        )

    kept = 0
    for target in TARGETS:
        found = table[target, "largest"]
        way, reference = best(table, target, "LiRA online")
        gap = np.array(found.auc) - np.array(reference.auc)
        kept += bool(gap.mean() >= 0)
        error = gap.std(ddof=1) / len(gap) ** 0.5 if len(gap) > 1 else float("nan")
        name = f"{target}: AUC, largest of four attacks | {way} (paired {gap.mean():+.4f} ± {error:.4f}, {(gap >= 0).sum()} of {len(gap)})"
        add(name, float(np.mean(found.auc)), float(np.mean(reference.auc)), "AUC", "", None)
        add(
            f"{target}: AUC, RMIA alone",
            float(np.mean(table[target, "RMIA"].auc)),
            float(np.mean(reference.auc)),
            "AUC",
            "",
            None,
        )
        add(f"{target}: TPR at 1 %", float(np.mean(found.tpr)), float(np.mean(reference.tpr)), "rate", "", None)
    add("targets with an AUC of at least LiRA online's", kept, None, "of 4", ">= 3", kept >= 3)
    for target in TARGETS if peer else ():
        found, default = table[target, "largest"], table[target, f"sacroml LiRA16 {DEFAULT}"]
        way, other = best(table, target, "sacroml")
        higher = bool(np.mean(found.auc) >= np.mean(default.auc))
        ours_auc = float(np.mean(found.auc))
        add(
            f"{target}: AUC | sacroml LiRA16 as it comes",
            ours_auc,
            float(np.mean(default.auc)),
            "AUC",
            "no lower",
            higher,
        )
        add(f"{target}: TPR at 1 %, the same", float(np.mean(found.tpr)), float(np.mean(default.tpr)), "rate", "", None)
        one, two = float(np.median(found.seconds)), float(np.median(default.seconds))
        add(f"{target}: CPU, the same", one, two, "CPU s", ">= 2x", two >= 2 * one)
        add(f"{target}: AUC | its best way, {way}", ours_auc, float(np.mean(other.auc)), "AUC", "", None)
    return rows


def main() -> int:
    """Print the table; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sacroml-venv", type=Path)
    parser.add_argument("--without-sacroml", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        python = None if given.without_sacroml else sacroml(given.sacroml_venv or Path(name) / "venv")
        table = measured(SEEDS[:2] if given.quick else SEEDS, python)
    if python is None:
        print("sacroml was not measured")
    rows = rows_of(table, python is not None)
    for row in rows:
        shown = "" if row["theirs"] is None else f"{row['theirs']:9.4f}"
        shown += "" if row["ratio"] is None else f" {row['ratio']:6.1f}x"
        holds = {None: "", True: "holds", False: "MISSED"}[row["holds"]]
        print(f"{row['name']:104s} {row['ours']:9.4f} {shown:18s} {row['unit']:6s} {row['bar']:9s} {holds}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))
    return int(any(row["holds"] is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
