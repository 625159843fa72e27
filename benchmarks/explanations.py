"""Explanations beside shap, KernelExplainer and dice-ml: CPU seconds of one thread, ratios from one process.

    python benchmarks/explanations.py [--quick] [--json FILE] [--dice-venv DIR] [PART ...]

Parts: large, small, dispatch, pipeline, blackbox, recourse, import, auditors; all by default.

large        10,000 rows against a background of 1,000, and path-dependent, 100 trees of LightGBM and XGBoost on 20 numbers.
             shap explains 100 (interventional) and 1,000 (path-dependent) of these rows and its rate is taken on: 10,000
             would take minutes. It is given the whole background (``max_samples``); by default it would cut it to 100.
small        every combination of 1 to 1,000 rows, no background, 10, 100 and 1,000, and four kinds of trees, with shap loaded,
             through the dispatcher with all its checks, in turn with shap, which is given an array, not a frame, and no check; medians.
             Either reads the model anew in each call. Not HistGradientBoosting against a background: shap's values do not add
             up there.
dispatch     the dispatcher beside the bare engine.
pipeline     strings one-hot encoded, then a forest or a logistic regression, beside KernelExplainer on a plain function.
blackbox     the permutation sampler on 14 columns, held against the exact values of the same rows and background.
recourse     counterfactuals per CPU second beside dice-ml (random), which gets an environment of its own.
import       CPU of importing all explanation auditors once scikit-learn is there.
auditors     each explanation auditor on the Adult audit, for information.
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
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
warnings.simplefilter("ignore")

TABLE: list[dict[str, Any]] = []


def add(name: str, ours: float, theirs: float | None, unit: str, bar: str, holds: bool | None, note: str = "") -> None:
    """Print and keep a row."""
    ratio = None if not theirs else theirs / ours
    TABLE.append(
        {"name": name, "ours": ours, "theirs": theirs, "unit": unit, "ratio": ratio, "bar": bar, "holds": holds}
    )
    peer = "" if theirs is None else f"{theirs:10.4g} {ratio:9.3g}x" if ratio else f"{theirs:10.4g}"
    word = "" if holds is None else "holds" if holds else "MISSED"
    print(f"{name:66s} {ours:10.4g} {peer:22s} {unit:10s} {bar:14s} {word:7s} {note}", flush=True)


def cpu(call: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Return median CPU seconds of a call, and its last result."""
    seconds, result = [], None
    for _ in range(repeats):
        began = time.process_time()
        result = call()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), result


def numbers(columns: int = 20) -> tuple[Any, Any, Any]:
    """Return a table of numbers, the same as a frame, and a label with an interaction."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    table = rng.normal(size=(20_000, columns))
    label = ((table[:, 0] * table[:, 1] + table[:, 2] + rng.normal(size=20_000)) > 0).astype(int)
    return table, pd.DataFrame(table, columns=[f"c{i}" for i in range(columns)]), label


def trees(kind: str, table: Any, label: Any) -> Any:
    """Return a fitted forest of 100 trees."""
    import lightgbm
    import xgboost
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    made = {
        "LightGBM": lambda: lightgbm.LGBMClassifier(n_estimators=100, max_depth=6, num_leaves=63, n_jobs=1, verbose=-1),
        "XGBoost": lambda: xgboost.XGBClassifier(n_estimators=100, max_depth=6, n_jobs=1),
        "HistGradientBoosting": lambda: HistGradientBoostingClassifier(max_iter=100, max_depth=6, max_leaf_nodes=63, early_stopping=False),
        "RandomForest, depth 8": lambda: RandomForestClassifier(100, max_depth=8, random_state=0),
    }  # fmt: skip
    return made[kind]().fit(table[:5000], label[:5000])


def ours_of(model: Any, frame: Any, n: int, background: int) -> Any:
    """Return our attributions of the first n rows, against the last rows; 0 background rows: path-dependent."""
    import numpy as np

    from auditkit.explainers.attribution import Task
    from auditkit.explainers.dispatch import explain

    reference = frame[-max(background, 10) :].reset_index(drop=True)
    task = Task(model, None, 1, frame[:n], reference, np.random.default_rng(0), 10**6, path_dependent=background == 0)
    return explain(task)


def shap_of(model: Any, table: Any, n: int, background: int) -> Any:
    """Return shap's values of the same, of class 1."""
    import shap

    if background == 0:
        explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    else:
        explainer = shap.TreeExplainer(model, shap.maskers.Independent(table[-background:], max_samples=background))
    values = explainer.shap_values(table[:n], check_additivity=False)
    return values[..., 1] if values.ndim == 3 else values


def large(quick: bool) -> None:
    """10,000 rows x 1,000 background, and path-dependent."""
    table, frame, label = numbers()
    n = 2_000 if quick else 10_000
    for kind in ("LightGBM", "XGBoost"):
        model = trees(kind, table, label)
        ours_of(model, frame, 10, 10)
        for background, theirs_n, bar in ((1000, 100, 100), (0, 1000, 3)):
            seconds, found = cpu(lambda model=model, b=background: ours_of(model, frame, n, b), 3)
            peer, values = cpu(lambda model=model, b=background, m=theirs_n: shap_of(model, table, m, b))
            peer *= n / theirs_n
            off = float(abs(found.values[:theirs_n] - values).max())
            what = f"{n:,} rows x {background:,} background" if background else f"{n:,} rows, path-dependent"
            holds = peer >= bar * seconds and off <= 1e-5
            add(f"{kind}, {what}", seconds, peer, "CPU s", f">= {bar}x", holds, f"largest difference {off:.1g}")


def alternating(calls: list[Callable[[], Any]], least: int, seconds: float) -> list[float]:
    """Return median CPU seconds of calls made in turn, so that what slows the machine slows all of them."""
    taken: list[list[float]] = [[] for _ in calls]
    began = time.process_time()
    while len(taken[0]) < least or (len(taken[0]) < 41 and time.process_time() - began < seconds):
        for one, call in zip(taken, calls, strict=True):
            one.append(cpu(call)[0])
    return [statistics.median(one) for one in taken]


def small(quick: bool) -> None:
    """Small jobs: never below 0.95 x shap."""
    import shap  # noqa: F401

    table, frame, label = numbers()
    found: list[tuple[float, str, float, float, str]] = []
    for kind in ("LightGBM", "XGBoost", "HistGradientBoosting", "RandomForest, depth 8"):
        model = trees(kind, table, label)
        # against a background shap's values for HistGradientBoosting do not add up to the output: no peer there
        for background in (0,) if kind == "HistGradientBoosting" else (0, 10, 100, 1000):
            for n in (1, 10, 100) if quick else (1, 10, 100, 1000):
                part = max(1, n // 10) if n * max(background, 1) > 100_000 else n
                method = ours_of(model, frame, n, background).method
                calls = [
                    lambda m=model, n=n, b=background: ours_of(m, frame, n, b),
                    lambda m=model, n=part, b=background: shap_of(m, table, n, b),
                ]
                seconds, peer = alternating(calls, 1 if part < n else 3 if quick else 7, 0.5 if quick else 2.0)
                peer *= n / part
                found.append((peer / seconds, f"{kind}, {n:,} rows, background {background:,}", seconds, peer, method))
    found.sort()
    for ratio, name, seconds, peer, method in found:
        add(f"small: {name}", seconds, peer, "CPU s", ">= 0.95x", ratio >= 0.95, method)
    low = sum(ratio < 0.95 for ratio, *_ in found)
    print(f"  {len(found)} combinations, {low} below 0.95, median {statistics.median(r for r, *_ in found):.3g}x")


def dispatch(quick: bool) -> None:
    """What the dispatcher and its checks add to the bare engine."""
    import numpy as np

    from auditkit.explainers.attribution import Task
    from auditkit.explainers.tree_games import explain_tree_games

    table, frame, label = numbers()
    model = trees("LightGBM", table, label)
    reference = frame[-1000:].reset_index(drop=True)
    for n in (10, 1000, 5000):

        def task(n: int = n) -> Task:
            return Task(model, None, 1, frame[:n], reference, np.random.default_rng(0), 10**6)

        bare, _ = cpu(lambda: explain_tree_games(task()), 9 if quick else 21)
        whole, _ = cpu(lambda n=n: ours_of(model, frame, n, 1000), 9 if quick else 21)
        added = whole - bare
        holds = added <= (0.05 * bare if n >= 1000 else 0.010)
        bar = "<= 5 %" if n >= 1000 else "<= 10 ms"
        add(
            f"dispatch and checks, {n:,} rows: whole, bare",
            whole,
            bare,
            "CPU s",
            bar,
            holds,
            f"adds {1000 * added:.2f} ms, {added / bare:.1%}",
        )


def pipeline(quick: bool) -> None:
    """A mixed pipeline beside KernelExplainer."""
    import numpy as np
    import pandas as pd
    import shap
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from auditkit.explainers.attribution import Task
    from auditkit.explainers.dispatch import explain

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(4000, 8)), columns=[f"n{i}" for i in range(8)])
    words = [f"w{i}" for i in range(6)]
    for place, name in enumerate(words):
        frame[name] = rng.choice([f"v{j}" for j in range(3 + place)], 4000)
    label = (frame["n0"] + (frame["w0"] == "v0") * 2 + rng.normal(size=4000) > 0.5).astype(int)
    names, rows = list(frame.columns), 4 if quick else 10
    for kind, end in (
        ("forest", RandomForestClassifier(100, max_depth=8, random_state=0)),
        ("logistic", LogisticRegression(max_iter=500)),
    ):
        first = ColumnTransformer(
            [("w", OneHotEncoder(sparse_output=False), words), ("n", StandardScaler(), names[:8])]
        )
        model = make_pipeline(first, end).fit(frame, label)
        background = frame[-100:].reset_index(drop=True)

        def plain(values: Any, model: Any = model) -> Any:
            asked = pd.DataFrame(values, columns=names)
            return model.predict_proba(asked.astype(frame.dtypes.to_dict()))[:, 1]

        def mine(n: int, model: Any = model, background: Any = background) -> Any:
            task = Task(model, None, 1, frame[:n], background, np.random.default_rng(0), 10**6)
            return explain(task)

        mine(2)
        n = 500
        seconds, found = cpu(lambda mine=mine, n=n: mine(n), 3)
        kernel = shap.KernelExplainer(plain, background.to_numpy(dtype=object))
        peer, _ = cpu(lambda kernel=kernel: kernel.shap_values(frame[:rows].to_numpy(dtype=object), silent=True))
        ours, theirs = 1000 * seconds / n, 1000 * peer / rows
        add(
            f"pipeline of strings, {kind}: a row of {n}",
            ours,
            theirs,
            "CPU ms",
            ">= 30x",
            theirs >= 30 * ours,
            found.method,
        )


def blackbox(quick: bool) -> None:
    """The sampler against exact values."""
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor

    from auditkit.explainers.attribution import Task
    from auditkit.explainers.dispatch import explain
    from auditkit.explainers.permutation import explain_permutation

    rng, columns = np.random.default_rng(0), 14
    mixing = np.linalg.cholesky(0.4 * np.ones((columns, columns)) + 0.6 * np.eye(columns))
    table = rng.normal(size=(6000, columns)) @ mixing.T
    y = table[:, 0] * table[:, 1] + table[:, 2] + 0.5 * np.sin(2 * table[:, 3]) + 0.3 * table[:, 4] * (table[:, 5] > 0)
    y = y + 0.2 * table[:, 6] + rng.normal(size=6000) * 0.5
    model = HistGradientBoostingRegressor(max_iter=100).fit(table[:3000], y[:3000])
    frame = pd.DataFrame(table, columns=[f"c{i}" for i in range(columns)])
    n = 300 if quick else 1000
    rows, background = frame[3000 : 3000 + n].reset_index(drop=True), frame[:200].reset_index(drop=True)
    task = Task(model, lambda asked: model.predict(asked.to_numpy()), None, rows, background, rng, 10**7)
    exact, runs = explain(task), []
    for seed in range(2 if quick else 8):
        sampled = explain_permutation(replace(task, rng=np.random.default_rng(seed)))
        runs.append(sampled.sizes.mean(axis=0))
    truth, found = np.abs(exact.values).mean(axis=0), np.mean(runs, axis=0)
    clear = found > 2 * sampled.floor
    bias = float(np.abs(found[clear] / truth[clear] - 1).max())
    order = np.argsort(-truth)
    same = [set(order[:10]) == set(np.argsort(-run)[:10]) for run in runs]
    apart = float(1 - truth[order[10]] / truth[order[9]])
    each = sampled.asked / n
    raw = float(np.abs(sampled.values).mean(axis=0).sum() / truth.sum() - 1)
    add("black box, 14 columns: model rows for a row", each, None, "rows", "<= 300", each <= 300)
    add(
        "black box: largest bias of importance, clear columns",
        bias,
        None,
        "share",
        "<= 0.05",
        bias <= 0.05,
        f"{int(clear.sum())} columns, {len(runs)} seeds; plain mean of abs(value): {raw:+.1%}",
    )
    note = f"the tenth and eleventh column are {apart:.1%} apart"
    add(
        "black box: the ten most important are the same, share of seeds",
        float(np.mean(same)),
        None,
        "share",
        ">= 0.5",
        bool(np.mean(same) >= 0.5),
        note,
    )


DICE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd, dice_ml
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
frame, kind, rows = pd.read_csv(sys.argv[1]), sys.argv[2], int(sys.argv[3])
numbers = json.loads(sys.argv[4])
train, test = frame[:3000], frame[3000:]
names = [c for c in frame.columns if c != "y"]
end = LogisticRegression(max_iter=500) if kind == "logistic" else HistGradientBoostingClassifier(random_state=0)
first = ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(handle_unknown="ignore", sparse_output=False), names[5:])])
model = make_pipeline(first, end).fit(train[names], train["y"])
data = dice_ml.Data(dataframe=train, continuous_features=numbers, outcome_name="y")
explainer = dice_ml.Dice(data, dice_ml.Model(model=model, backend="sklearn"), method="random")
adverse = test[model.predict(test[names]) == 0][names][:rows]
explainer.generate_counterfactuals(adverse[:1], total_CFs=1, desired_class=1, verbose=False)
began, found = time.process_time(), 0
for place in range(len(adverse)):
    try:
        end = explainer.generate_counterfactuals(adverse.iloc[[place]], total_CFs=1, desired_class=1, verbose=False).cf_examples_list[0].final_cfs_df
        found += end is not None and len(end) > 0
    except Exception:
        pass
print(json.dumps({"ms": 1000 * (time.process_time() - began) / len(adverse), "found": int(found), "rows": len(adverse)}))
"""


def recourse(quick: bool, home: Path | None) -> None:
    """Counterfactuals per CPU second."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from auditkit.explainers.recourse import recourse_of
    from auditkit.subject import Subject

    rng, n = np.random.default_rng(0), 6000
    ability = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "age": np.clip(rng.normal(42, 12, n), 19, 80).round().astype(int),
            "income": np.exp(10.4 + 0.36 * ability + rng.normal(0, 0.22, n)).round(-2),
            "years": np.clip(8 + 3 * ability + rng.normal(0, 4, n), 0, None).round(1),
            "amount": np.clip(np.exp(9.2 + rng.normal(0, 0.6, n)), 500, 90_000).round(-2),
            "history": np.clip(70 + 28 * ability + rng.normal(0, 30, n), 0, 400).round().astype(int),
            **{name: rng.choice(list(values), n).astype(object) for name, values in (("purpose", "abcde"), ("region", "abcd"), ("housing", "abc"), ("job", "abcdef"))},
        }
    )  # fmt: skip
    number_names = ["age", "income", "years", "amount", "history"]
    frame["y"] = (
        0.3 + 1.7 * ability - 0.5 * (np.log(frame.amount / frame.income) + 1) + rng.logistic(size=n) > 0
    ).astype(int)
    names = [name for name in frame.columns if name != "y"]
    with tempfile.TemporaryDirectory() as folder:
        python = (home or Path(folder) / "venv") / "bin" / "python"
        if not python.exists():
            venv.create(python.parent.parent, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "dice-ml"], check=True)
        frame.to_csv(Path(folder) / "rows.csv", index=False)
        for kind, end in (
            ("logistic", LogisticRegression(max_iter=500)),
            ("boosted", HistGradientBoostingClassifier(random_state=0)),
        ):
            first = ColumnTransformer(
                [
                    ("n", StandardScaler(), number_names),
                    ("t", OneHotEncoder(handle_unknown="ignore", sparse_output=False), names[5:]),
                ]
            )
            model = make_pipeline(first, end).fit(frame[names][:3000], frame["y"][:3000])
            subject = Subject(
                frame[3000:],
                train=frame[:3000],
                model=model,
                label="y",
                favorable=1,
                features=names,
                recourse={"columns": {}, "default": "free"},
            )
            adverse = frame[3000:][model.predict(frame[names][3000:]) == 0]
            recourse_of(subject, adverse[:20])
            rows = 8 if quick else 30
            call = [
                str(python),
                "-c",
                DICE,
                f"{folder}/rows.csv",
                kind,
                str(rows),
                json.dumps(number_names),
            ]
            try:
                done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=300)
                said = json.loads(done.stdout.splitlines()[-1])
            except (subprocess.SubprocessError, IndexError, ValueError) as error:
                print(f"  dice-ml gave no figure: {type(error).__name__}")
                continue
            for count in (rows, 400):
                given = adverse[:count]
                seconds, found = cpu(lambda s=subject, g=given: recourse_of(s, g, model_rows=10**8, seconds=600))
                mine = 1000 * seconds / len(given)
                note = f"found {int(found.has_way.sum())} of {len(given)}; dice-ml {said['found']} of {said['rows']}, one by one"
                add(
                    f"counterfactuals, {kind}, {len(given)} rows: CPU ms a row",
                    mine,
                    said["ms"],
                    "CPU ms",
                    ">= 10x",
                    said["ms"] >= 10 * mine,
                    note,
                )


def imports(_: bool) -> None:
    """CPU of importing the explanation auditors."""
    code = (
        "import time, sklearn.pipeline, sklearn.ensemble, sklearn.linear_model\n"
        "began = time.process_time()\n"
        "import importlib, pkgutil, auditkit.auditors.explanations as family\n"
        "[importlib.import_module(one.name) for one in pkgutil.iter_modules(family.__path__, family.__name__ + '.')]\n"
        "import sys\n"
        "print(time.process_time() - began, 'shap' in sys.modules)"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(5)
    ]
    seconds = statistics.median(float(one[0]) for one in said)
    add(
        "import of the explanation auditors, after scikit-learn",
        seconds,
        None,
        "CPU s",
        "<= 0.3",
        seconds <= 0.3,
        f"shap loaded: {said[0][1]}",
    )


def auditors(_: bool) -> None:
    """Each explanation auditor on Adult."""
    sys.path.insert(0, str(Path(__file__).parent))
    from auditkit.catalog import catalogue
    from auditkit.run import subject_from

    folder = Path(tempfile.mkdtemp())
    subprocess.run(
        [sys.executable, str(Path(__file__).parent / "adult.py"), str(folder)], check=True, capture_output=True
    )
    subject = subject_from(folder / "audit.yaml")
    for name, entry in catalogue().items():
        if name.startswith("explanations."):
            options = {"explanations.permutation_importance": {"donors": 5}}.get(name, {})
            try:
                seconds, _ = cpu(lambda entry=entry, options=options: entry.run(subject, {**entry.defaults, **options}))
            except Exception as error:
                print(f"  {name}: {error}")
                continue
            add(f"Adult, {name}", seconds, None, "CPU s", "", None)


PARTS: dict[str, Callable[..., None]] = {
    "large": large,
    "small": small,
    "dispatch": dispatch,
    "pipeline": pipeline,
    "blackbox": blackbox,
    "recourse": recourse,
    "import": imports,
    "auditors": auditors,
}


def main() -> int:
    """Print the table; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--dice-venv", type=Path)
    given = parser.parse_args()
    for name in given.parts or PARTS:
        if name == "recourse":
            recourse(given.quick, given.dice_venv)
        else:
            PARTS[name](given.quick)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  after {name}: peak resident memory {peak:,.0f} MB")
    if given.json:
        given.json.write_text(json.dumps(TABLE, indent=1))
    return int(any(row["holds"] is False for row in TABLE))


if __name__ == "__main__":
    sys.exit(main())
