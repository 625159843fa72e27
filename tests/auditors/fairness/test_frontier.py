"""The frontier on rows: what a bound costs, who is left out, and training again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID = "fairness.frontier"


def people(rows: int = 4000) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"g": rng.choice(["a", "b", "few"], rows, p=[0.5, 0.48, 0.02]), "x": rng.normal(size=rows)})
    chance = 1 / (1 + np.exp(-(1.5 * frame.x + np.where(frame.g == "a", 1.0, -1.0))))
    frame["y"] = (rng.random(rows) < chance).astype(int)
    return frame.assign(s=chance)


def frontier(frame: pd.DataFrame, **options: object) -> Finding:
    subject = Subject(frame, label="y", score="s", favorable=1, sensitive=["g"])
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


@pytest.mark.parametrize("gap", ["demographic_parity", "equal_opportunity", "equalized_odds"])
def test_a_bound_on_the_gap_costs_accuracy_and_the_measured_gap_is_near_it(gap: str) -> None:
    found = frontier(people(), gap=gap)
    cost = found.measure("accuracy_cost", over="g")
    assert cost.interval.low < cost.value < cost.interval.high
    assert cost.value > 0
    table = next(item for item in found.evidence if item.id.endswith(".thresholds"))
    row = next(row for row in table.rows if row[0] == "0.05")
    assert row[1] <= 0.05 + 0.08  # chosen on one half, measured on the other
    assert "1 groups are too small" in table.caption


def test_the_drawing_has_the_model_s_place_and_says_that_it_is_no_advice() -> None:
    figure = frontier(people()).evidence[0]
    assert {"this model", "thresholds by group", "one threshold for all"} <= {row[0] for row in figure.rows}
    assert "forbidden" in figure.caption
    assert "no advice" in figure.caption


def placed(frame: pd.DataFrame, **roles: object) -> tuple[Finding, tuple[object, ...]]:
    subject = Subject(frame, label="y", score="s", favorable=1, sensitive=["g"], **roles)
    found = audit(subject, only=[ID], progress=False)[ID]
    return found, next(row for row in found.evidence[0].rows if row[0] == "this model")


def test_the_model_s_place_is_that_of_its_decisions_whatever_threshold_made_them() -> None:
    frame = people().assign(d=lambda f: (f.s >= 0.2).astype(int))
    found, place = placed(frame, prediction="d")
    stated, same = placed(frame, threshold=0.2)
    assert place == same
    assert found.measures == stated.measures
    assert place != placed(frame)[1]
    assert found.measure("accuracy_cost", over="g").value < 0  # 0.2 is a poor threshold: the bound costs nothing


def test_decisions_by_more_than_one_threshold_have_a_place_and_no_price() -> None:
    frame = people().assign(d=lambda f: (f.s >= np.where(f.g == "a", 0.7, 0.4)).astype(int))
    found, place = placed(frame, prediction="d")
    usable = frame[frame.g != "few"]
    rates = usable.groupby("g").d.mean()
    assert place[1:] == pytest.approx((rates.max() - rates.min(), (usable.d == usable.y).mean()), abs=1e-12)
    cost = found.measure("accuracy_cost", over="g")
    assert (cost.status, "not one threshold" in cost.reason) == ("insufficient", True)
    assert any(row[0] == "thresholds by group" for row in found.evidence[0].rows)
    assert "measured on all rows" in found.evidence[0].caption


def test_clustered_rows_are_not_taken_for_independent() -> None:
    frame = people().assign(c=lambda f: f.index // 9)
    subject = Subject(frame, label="y", score="s", favorable=1, sensitive=["g"], cluster="c")
    found = audit(subject, only=[ID], progress=False)[ID]
    assert (found.status, "clusters ('c')" in found.reason) == ("not applicable", True)


def test_balanced_accuracy_stands_beside_accuracy() -> None:
    table = frontier(people()).evidence[1]
    place = [column.name for column in table.columns].index("balanced accuracy")
    assert all(0.5 < row[place] < 1 for row in table.rows)


def test_training_again_has_no_place_where_one_group_alone_has_enough_rows() -> None:
    from auditkit.reductions import retrained

    frame = people(300).assign(g=lambda f: np.where(f.index < 20, "few", "a"))
    model = LogisticRegression().fit(frame[["x"]], frame.y)
    subject = Subject(frame, train=frame, model=model, label="y", favorable=1, sensitive=["g"])
    assert retrained(subject, "g", "demographic_parity", [0.1], 30) == []


def test_an_unknown_gap_and_other_tasks_are_refused() -> None:
    assert "wanted one of" in frontier(people(), gap="parity").reason
    frame = people().assign(y=lambda f: np.where(f.x > 1, 2, f.y))
    subject = Subject(frame, label="y", prediction="y", favorable=1, sensitive=["g"])
    assert audit(subject, only=[ID], progress=False)[ID].status == "not applicable"


def test_one_group_alone_is_insufficient() -> None:
    frame = people().assign(g=lambda f: np.where(f.index < 40, "few", "a"))
    assert frontier(frame).measure("accuracy_cost", over="g").status == "insufficient"


def test_training_again_lowers_the_gap() -> None:
    frame = people(1500)
    frame = frame[frame.g != "few"].reset_index(drop=True)
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["g"]), remainder="passthrough"), LogisticRegression()
    ).fit(frame[["g", "x"]], frame.y)
    subject = Subject(frame, train=frame, model=model, label="y", favorable=1, sensitive=["g"])
    found = audit(subject, only=[ID], options={ID: {"retrain": True}}, progress=False)[ID]
    assert found.status == "measured", found.reason
    rows = found.evidence[0].rows
    again = [row for row in rows if row[0] == "trained again"]
    place = next(row for row in rows if row[0] == "this model")
    assert again
    assert min(row[1] for row in again) < place[1] / 2


def test_training_again_without_training_rows_is_not_applicable() -> None:
    subject = Subject(people(600), label="y", score="s", favorable=1, sensitive=["g"])
    found = audit(subject, only=[ID], options={ID: {"retrain": True}}, progress=False)[ID]
    assert (found.status, "needs a model" in found.reason) == ("not applicable", True)
