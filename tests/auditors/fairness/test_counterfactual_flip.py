"""Flip test through real models: what changes, in which direction, at which cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from auditkit.auditing import audit
from auditkit.finding import Evidence, Finding
from auditkit.subject import Subject

ID = "fairness.counterfactual_flip"


class Rule:
    """A model that decides by a function of the rows, and counts the rows it is asked for."""

    def __init__(self, decide: Callable[[pd.DataFrame], np.ndarray], features: list[str]) -> None:
        self.decide, self.feature_names_in_, self.asked = decide, np.array(features, dtype=object), 0
        self.classes_ = np.array([0, 1])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        self.asked += len(frame)
        return np.asarray(self.decide(frame)).astype(int)


def people(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], n),
            "race": rng.choice(["a", "b", "c", None], n),
            "income": rng.normal(30, 8, n).round(2),
        }
    )


def run(model: object, frame: pd.DataFrame, sensitive: list[str], **options: int) -> Finding:
    subject = Subject(frame, model=model, favorable=1, sensitive=sensitive)
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def table(finding: Finding, name: str) -> Evidence:
    return next(item for item in finding.evidence if item.id == f"{ID}.{name}")


def test_every_decision_changes_where_sex_alone_decides() -> None:
    finding = run(Rule(lambda rows: rows.sex == "m", ["sex"]), people(), ["sex"])
    assert finding.measure("share_changed", over="sex").value == 1.0
    frame = people()
    women, men = int((frame.sex == "f").sum()), int((frame.sex == "m").sum())
    assert set(table(finding, "directions.sex").rows) == {
        ("f → m", women, women, women, 0),
        ("m → f", men, men, 0, men),
    }
    assert finding.measure("share_to_favorable", over="sex").value == women / 1000
    assert finding.measure("share_to_unfavorable", over="sex").value == men / 1000


def test_nothing_changes_where_the_model_reads_sex_and_does_not_use_it() -> None:
    finding = run(Rule(lambda rows: rows.income > 30, ["sex", "income"]), people(), ["sex"])
    measure = finding.measure("share_changed", over="sex")
    assert measure.value == 0.0
    assert measure.interval is not None
    assert 0 < measure.interval.high < 0.01


def test_changes_are_those_of_asking_the_model_by_hand() -> None:
    frame = people(800, 3)
    encode = ColumnTransformer([("words", OneHotEncoder(), ["sex"])], remainder="passthrough")
    label = (frame.income + 6 * (frame.sex == "m") + np.random.default_rng(1).normal(0, 4, 800) > 33).astype(int)
    model = Pipeline([("encode", encode), ("fit", LogisticRegression())]).fit(frame[["sex", "income"]], label)
    finding = run(model, frame, ["sex"])
    other = frame.assign(sex=frame.sex.map({"f": "m", "m": "f"}))
    before, after = (model.predict(rows[["sex", "income"]]) for rows in (frame, other))
    changed = finding.measure("share_changed", over="sex")
    assert changed.value == (before != after).mean() > 0
    women = (frame.sex == "f").to_numpy()
    assert finding.measure("share_changed", {"sex": "f"}).value == (before != after)[women].mean()
    rows = {row[0]: row[1:] for row in table(finding, "directions.sex").rows}
    assert rows["f → m"][2:] == ((women & (after > before)).sum(), (women & (after < before)).sum())


def test_missing_values_are_replaced_and_never_put_in() -> None:
    finding = run(Rule(lambda rows: rows.race == "a", ["race"]), people(), ["race"])
    labels = [row[0] for row in table(finding, "directions.race").rows]
    assert "(missing) → a" in labels
    assert not any(label.endswith("→ (missing)") for label in labels)
    assert len(labels) == 9


def test_budget_is_kept_in_rows_of_the_model() -> None:
    model = Rule(lambda rows: rows.race == "a", ["race", "sex"])
    subject = Subject(people(5000), model=model, favorable=1, sensitive=["race", "sex"])
    asked = model.asked
    finding = audit(subject, only=[ID], options={ID: {"model_rows": 1200}}, progress=False)[ID]
    assert 0 < model.asked - asked <= 1200
    assert finding.measure("share_changed", over="race").n == 1200 // 6


def test_decision_follows_the_threshold_that_was_given() -> None:
    frame = people(400, 5)
    label = (frame.income + 8 * (frame.sex == "m") > 34).astype(int)
    encode = ColumnTransformer([("words", OneHotEncoder(), ["sex"])], remainder="passthrough")
    model = Pipeline([("encode", encode), ("fit", LogisticRegression())]).fit(frame[["sex", "income"]], label)
    subject = Subject(frame.assign(y=label), model=model, label="y", favorable=1, sensitive=["sex"], threshold=0.9)
    finding = audit(subject, only=[ID], progress=False)[ID]
    other = frame.assign(sex=frame.sex.map({"f": "m", "m": "f"}))
    before, after = (model.predict_proba(rows[["sex", "income"]])[:, 1] >= 0.9 for rows in (frame, other))
    assert finding.measure("share_changed", over="sex").value == (before != after).mean()


@pytest.mark.parametrize(
    ("column", "kind"), [("category", "category"), ("whole", "int64"), ("flag", "bool"), ("gaps", "float64")]
)
def test_types_of_columns_stay_as_the_model_knows_them(column: str, kind: str) -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 2, 200)
    series = {
        "category": pd.Series(pd.Categorical(np.where(whole == 1, "x", "y"))),
        "whole": pd.Series(whole),
        "flag": pd.Series(whole == 1),
        "gaps": pd.Series(np.where(rng.random(200) < 0.1, np.nan, whole)),
    }[column]
    seen: set[str] = set()

    def decide(rows: pd.DataFrame) -> np.ndarray:
        seen.add(str(rows["s"].dtype))
        return rows["s"].isin(["x", 1, True]).to_numpy()

    finding = run(Rule(decide, ["s"]), pd.DataFrame({"s": series}), ["s"], min_group_size=5)
    assert finding.measure("share_changed", over="s").value == 1.0
    assert seen == {kind}


def test_a_model_that_does_not_read_the_column_is_not_applicable() -> None:
    finding = run(Rule(lambda rows: rows.income > 30, ["income"]), people(), ["sex", "race"])
    assert finding.status == "not applicable"
    assert "does not read sex, race" in str(finding.reason)


def test_predictions_alone_are_not_applicable() -> None:
    frame = people().assign(p=1)
    frame.loc[0, "p"] = 0
    subject = Subject(frame, prediction="p", favorable=1, sensitive=["sex"])
    assert "pass model=" in str(audit(subject, only=[ID], progress=False)[ID].reason)


def test_row_order_changes_nothing() -> None:
    model = Rule(lambda rows: (rows.income > 30) ^ (rows.sex == "m"), ["sex", "income"])
    frame = people(3000)
    one = run(model, frame, ["sex"], model_rows=900)
    other = run(model, frame.sample(frac=1, random_state=1).reset_index(drop=True), ["sex"], model_rows=900)
    assert [m.value for m in one.measures] == [m.value for m in other.measures]


def test_a_longer_word_is_not_cut_short_by_a_shorter_one() -> None:
    class Words(Rule):
        def __init__(self) -> None:
            super().__init__(lambda rows: rows, ["sex"])
            self.classes_ = np.array(["no", "approved"], dtype=object)

        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return np.array(["approved" if sex == "m" else "no" for sex in frame.sex])

    frame = pd.DataFrame({"sex": ["f"] * 200 + ["m"]})
    subject = Subject(frame, model=Words(), favorable="approved", sensitive=["sex"])
    finding = audit(subject, only=[ID], options={ID: {"min_group_size": 1}}, progress=False)[ID]
    assert finding.measure("share_to_favorable", over="sex").value == 200 / 201


def test_bins_are_compared_by_the_median_of_each() -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"age": rng.integers(18, 70, 1000)})
    asked: set[int] = set()

    def decide(rows: pd.DataFrame) -> np.ndarray:
        asked.update(rows.age.tolist())
        return (rows.age >= 40).to_numpy()

    subject = Subject(frame, model=Rule(decide, ["age"]), favorable=1, sensitive=["age"], bins={"age": [40]})
    asked.clear()
    finding = audit(subject, only=[ID], progress=False)[ID]
    older, younger = (int(flags.sum()) for flags in (frame.age >= 40, frame.age < 40))
    assert set(table(finding, "directions.age").rows) == {
        ("under 40 → 40 and over", younger, younger, younger, 0),
        ("40 and over → under 40", older, older, 0, older),
    }
    assert finding.measure("share_changed", {"age": "under 40"}).value == 1.0
    assert asked <= set(frame.age)
