"""Proxies: by scikit-learn's own AUC, what is left out, how bad input is met, and that nothing is found in noise."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, contingency
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from auditkit.auditing import run_one
from auditkit.auditors.data.proxies import proxies
from auditkit.finding import Finding
from auditkit.subject import Subject

ROWS = 2000


def people(n: int = ROWS, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n, p=[0.4, 0.6])
    shift = (sex == "m").astype(float)
    return pd.DataFrame(
        {
            "sex": sex,
            "height": rng.normal(shift * 1.5),
            "club": np.where(rng.random(n) < 0.8, np.where(sex == "m", "chess", "choir"), "none"),
            "noise": rng.normal(size=n),
            "y": rng.integers(0, 2, n),
        }
    )


def run(frame: pd.DataFrame, options: dict[str, object] | None = None, **more: object) -> Finding:
    given: dict[str, object] = {"label": "y", "sensitive": ["sex"], **more}
    return run_one(proxies, Subject(frame, **given), proxies.options(options or {}))


def table(found: Finding, column: str = "sex") -> dict[object, tuple[object, ...]]:
    evidence = next(item for item in found.evidence if item.id == f"data.proxies.{column}")
    return {row[0]: row for row in evidence.rows}


def beside(found: Finding, column: str = "sex") -> dict[object, tuple[object, ...]]:
    return table(found, f"beside.{column}")


def test_auc_of_one_column_is_that_of_shares_in_the_other_half() -> None:
    frame = people()
    audited = Subject(frame, label="y", sensitive=["sex"])
    drawn = audited.sample(20_000)
    order = drawn.groupby("sex").cumcount() % 2
    areas = []
    for half in (0, 1):
        other, own = drawn[order != half], drawn[order == half]
        base = (other.sex == "f").mean()
        counts = (other.sex == "f").groupby(other.club).agg(["sum", "count"])
        share = (counts["sum"] + 10 * base) / (counts["count"] + 10)
        areas.append(roc_auc_score(own.sex == "f", own.club.map(share)))
    row = table(run(frame))["club"]
    assert row[2] == pytest.approx(np.mean(areas), abs=1e-12)
    assert row[3] < row[2] < row[4]


def cramers_v_of(frame: pd.DataFrame) -> float:
    """Bergsma's correction of scipy's value."""
    crossed = pd.crosstab(frame.club, frame.sex).to_numpy()
    (r, c), n = crossed.shape, crossed.sum()
    squared = contingency.association(crossed) ** 2 * (min(r, c) - 1) - (r - 1) * (c - 1) / (n - 1)
    return float(np.sqrt(squared / (min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1)))


def test_telling_columns_come_first_and_noise_is_at_chance() -> None:
    found = run(people())
    names = list(table(found))
    assert names == ["all columns, logistic regression", "all columns, boosted trees", "club", "height", "noise"]
    assert beside(found)["club"][2] == pytest.approx(cramers_v_of(people()), abs=1e-12)
    noise = table(found)["noise"]
    assert noise[3] < 0.5 < noise[4]
    assert "2 of 3 columns alone are shown to be better than chance" in found.evidence[0].caption
    joint, strongest = found.measure("joint_auc", over="sex"), found.measure("strongest_auc", over="sex")
    assert strongest.value == table(found)["club"][2]
    assert joint.value > strongest.value
    assert joint.direction == "lower" and joint.n == ROWS


def test_all_columns_together_equal_a_logistic_regression_made_by_hand() -> None:
    frame = people()[["sex", "height", "noise", "y"]]
    drawn = Subject(frame, label="y", sensitive=["sex"]).sample(20_000)
    order = drawn.groupby("sex").cumcount() % 2
    areas = []
    for half in (0, 1):
        other, own = drawn[order != half], drawn[order == half]
        middle, spread = other[["height", "noise"]].mean(), other[["height", "noise"]].std(ddof=0)
        model = LogisticRegression().fit((other[["height", "noise"]] - middle) / spread, other.sex)
        scores = model.decision_function((own[["height", "noise"]] - middle) / spread)
        areas.append(roc_auc_score(own.sex == "m", scores))
    assert table(run(frame))["all columns, logistic regression"][2] == pytest.approx(np.mean(areas), abs=1e-4)


def test_of_more_groups_each_is_told_from_all_others_and_the_largest_counts() -> None:
    rng = np.random.default_rng(3)
    frame = people()
    frame["region"] = rng.choice(["a", "b", "c"], ROWS, p=[0.5, 0.35, 0.15])
    frame.loc[: ROWS // 100, "region"] = "rare"
    frame["post"] = np.where(frame.region == "c", 1.0, rng.normal(size=ROWS))
    found = run(frame, sensitive=["region"], features=["post", "noise"])
    whole = found.measure("joint_auc", over="region")
    each = {m.group.values[0]: m for m in found.measures if m.name == "joint_auc" and m.group}
    assert set(each) == {"a", "b", "c"}
    assert whole.value == max(m.value for m in each.values()) == each["c"].value
    assert whole.interval.low < each["c"].interval.low  # more comparisons share the error
    assert beside(found, "region")["post"][2] == "c from all others"
    assert "Not told apart: rare (21 rows)" in found.evidence[0].caption


def test_rows_without_the_sensitive_value_are_left_out_and_counted() -> None:
    frame = people()
    frame.loc[frame.index % 10 == 0, "sex"] = None
    found = run(frame)
    assert found.measure("joint_auc", over="sex").n == ROWS - 200
    assert "200 rows (missing)" in found.evidence[0].caption


def test_missing_values_of_a_column_are_values_that_may_tell() -> None:
    frame = people()
    frame.loc[frame.sex == "f", "noise"] = np.nan
    frame.loc[frame.sex == "m", "club"] = None
    rows = table(run(frame))
    assert rows["noise"][2] > 0.99
    assert rows["club"][2] > 0.99
    assert rows["all columns, logistic regression"][2] > 0.99
    assert rows["all columns, boosted trees"][2] > 0.99


def test_dates_are_ordered_and_constants_and_identifiers_say_nothing() -> None:
    frame = people()
    born = [datetime.date(1990 if sex == "m" else 1970, 1, 1 + i % 28) for i, sex in enumerate(frame.sex)]
    frame = frame.assign(born=born, constant=1.0, key=[f"id{i}" for i in range(ROWS)])
    frame["stamp"] = pd.to_datetime(frame.born)
    found = run(frame)
    rows = table(found)
    assert rows["born"][2] > 0.99
    assert rows["stamp"][2] > 0.99
    assert rows["constant"][2:5] == (0.5, 0.5, 0.5)
    assert rows["key"][2] == 0.5
    assert beside(found)["constant"][2:] == (None, 0.0)


@pytest.mark.parametrize("scale", [1e300, 1e-200])
def test_huge_and_tiny_numbers_are_numbers(scale: float) -> None:
    frame = people()
    plain, rows = table(run(frame)), table(run(frame.assign(height=frame.height * scale)))
    for name in ("height", "all columns, boosted trees"):
        assert rows[name][2] == pytest.approx(plain[name][2], abs=0.02)  # other rows in each half
    if scale > 1:
        name = "all columns, logistic regression"
        assert rows[name][2] == pytest.approx(plain[name][2], abs=0.02)


def test_a_column_without_any_value_says_nothing_and_hurts_nobody() -> None:
    rows = table(run(people().assign(gone=np.nan, empty=None)))
    assert rows["gone"][2:5] == rows["empty"][2:5] == (0.5, 0.5, 0.5)
    assert rows["all columns, boosted trees"][2] > 0.8


def test_infinite_numbers_count_as_missing() -> None:
    frame = people()
    frame.loc[frame.sex == "f", "noise"] = np.inf
    assert table(run(frame))["noise"][2] > 0.99


def test_training_rows_are_used_where_there_are_any() -> None:
    found = run(people(300, 1), train=people())
    assert found.measure("joint_auc", over="sex").dataset == "train"
    assert found.measure("joint_auc", over="sex").n == ROWS


def test_the_importance_for_the_model_stands_beside_and_is_that_of_feature_importance() -> None:
    from auditkit.auditors.explanations.shap_importance import shap_importance

    frame = people()
    model = LogisticRegression().fit(frame[["height", "noise"]], frame.y)
    audited = Subject(frame, model=model, label="y", sensitive=["sex"])
    given = run_one(proxies, audited, proxies.defaults)
    shown = next(
        e for e in run_one(shap_importance, audited, shap_importance.defaults).evidence if e.kind == "intervals"
    )
    means = {row[0]: row[2] for row in shown.rows}
    rows = beside(given)
    for name in ("height", "noise"):
        assert rows[name][-1] == pytest.approx(means[name] / sum(means.values()), rel=1e-12)
    without = run_one(proxies, audited, proxies.options({"importance": False}))
    assert len(without.evidence[1].columns) == len(given.evidence[1].columns) - 1


def test_a_model_that_cannot_be_explained_costs_the_importance_alone() -> None:
    from sklearn.svm import LinearSVC

    frame = people()
    model = LinearSVC().fit(frame[["height", "noise"]], frame.y)
    found = run(frame, model=model)
    assert found.status == "measured"
    assert "No importance: the model gives no probabilities" in found.evidence[1].caption


def test_rows_of_one_cluster_stay_in_one_half_and_widen_the_interval() -> None:
    base = people(200)
    frame = pd.concat([base.assign(person=np.arange(200))] * 10, ignore_index=True)
    plain = run(frame.drop(columns="person"))
    found = run(frame, cluster="person")
    honest, naive = (f.measure("joint_auc", over="sex") for f in (found, plain))
    assert honest.interval.high - honest.interval.low > 2 * (naive.interval.high - naive.interval.low)
    identifiers = base.assign(person=np.arange(200), key=[f"k{i}" for i in range(200)])
    repeated = pd.concat([identifiers] * 10, ignore_index=True)
    assert table(run(repeated, cluster="person"))["key"][2] == 0.5


@pytest.mark.parametrize(
    ("frame", "more", "status", "reason"),
    [
        (people(), {"sensitive": []}, "not applicable", "no sensitive columns were named"),
        (people(), {"features": ["sex"]}, "not applicable", "no columns but sensitive ones"),
        (people(120), {}, "insufficient data", "two groups of at least 100 test rows"),
    ],
)
def test_what_cannot_be_measured_says_why(
    frame: pd.DataFrame, more: dict[str, object], status: str, reason: str
) -> None:
    found = run(frame, **more)
    assert found.status == status
    assert reason in found.reason
    assert not found.measures


def test_more_groups_than_asked_for_are_the_largest() -> None:
    rng = np.random.default_rng(5)
    frame = people().assign(town=rng.choice(list("abcdef"), ROWS, p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.1]))
    found = run(frame, {"most_groups": 2}, sensitive=["town"])
    assert {m.group.values[0] for m in found.measures if m.group} == {"a", "b"}


def test_adult_relationship_gives_sex_away_and_native_country_race(data_folder) -> None:
    path = next((p for p in (data_folder / "adult").glob("adult.data*") if p.is_file()), None)
    if path is None:
        pytest.skip("adult.data is not among the real data")
    names = ["age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation", "relationship"]
    names += ["race", "sex", "gain", "loss", "hours", "country", "y"]
    frame = pd.read_csv(path, names=names, skipinitialspace=True)
    found = run(frame, {"rows": 10_000}, sensitive=["sex", "race"])
    assert list(table(found, "sex"))[2] == "relationship"
    assert list(table(found, "race"))[2] == "country"
    assert found.measure("joint_auc", over="sex").interval.low > 0.9


# --------------------------------------------------------------------------------------------------------- promises


def noise(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], n, p=[0.3, 0.7]),
            "region": rng.choice(["a", "b", "c"], n, p=[0.6, 0.25, 0.15]),
            "word": rng.choice(list("abcdefgh"), n),
            "flag": (rng.random(n) < 0.02).astype(float),
            "many": rng.integers(0, 200, n).astype(str),
            "x1": rng.normal(size=n),
            "x2": rng.exponential(size=n),
            "y": rng.integers(0, 2, n),
        }
    )


@pytest.mark.statistics
def test_where_nothing_is_related_half_is_covered_and_bounds_above_it_are_rare() -> None:
    rng = np.random.default_rng(11)
    replicates = 150
    misses = {"sex": 0, "region": 0}
    above = {(name, column): 0 for name in ("joint_auc", "strongest_auc") for column in misses}
    for _ in range(replicates):
        found = run(noise(rng, 800), sensitive=["sex", "region"])
        for column in misses:
            misses[column] += any(not row[3] <= 0.5 <= row[4] for row in table(found, column).values())
            for name in ("joint_auc", "strongest_auc"):
                above[name, column] += found.measure(name, over=column).interval.low > 0.5
    print(f"some interval misses 0.5: {misses}; lower bound above 0.5: {above}; of {replicates}")
    for count in (*misses.values(), *above.values()):
        assert binomtest(count, replicates, 0.05, alternative="greater").pvalue >= 0.001
