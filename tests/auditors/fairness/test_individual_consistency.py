"""Individual consistency: by scikit-learn's neighbours, extremes, what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.stats.neighbours import neighbour_agreement
from auditkit.subject import Subject

ID = "fairness.individual_consistency"


def run(frame: pd.DataFrame, **options: int) -> Finding:
    sensitive = ["sex"] if "sex" in frame else []
    subject = Subject(frame, prediction="p", favorable=1, sensitive=sensitive)
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def people(n: int = 1000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], n),
            "age": rng.integers(18, 70, n),
            "income": rng.normal(30, 8, n),
            "job": rng.choice(["a", "b", "c"], n),
        }
    )


def test_agreement_is_that_of_scikit_learns_neighbours() -> None:
    rng = np.random.default_rng(1)
    queries, pool = rng.normal(size=(700, 4)), rng.normal(size=(900, 4))
    of_queries, of_pool = rng.integers(0, 3, 700), rng.integers(0, 3, 900)
    nearest = NearestNeighbors(n_neighbors=7).fit(pool).kneighbors(queries, return_distance=False)
    expected = (of_pool[nearest] == of_queries[:, None]).mean(axis=1)
    assert neighbour_agreement(queries, pool, of_queries, of_pool, 7) == pytest.approx(expected)


def test_all_rows_as_near_as_the_last_count() -> None:
    pool = np.array([[0.0], [1.0], [1.0], [1.0], [5.0]])
    found = neighbour_agreement(np.array([[0.0]]), pool, np.array([1]), np.array([1, 1, 0, 0, 1]), 2)
    assert found[0] == 0.5


def test_two_labels_give_zemels_definition() -> None:
    rng = np.random.default_rng(2)
    queries, pool, of_queries, of_pool = (
        rng.normal(size=(50, 2)),
        rng.normal(size=(300, 2)),
        rng.integers(0, 2, 50),
        rng.integers(0, 2, 300),
    )
    nearest = NearestNeighbors(n_neighbors=5).fit(pool).kneighbors(queries, return_distance=False)
    zemel = 1 - np.abs(of_queries - of_pool[nearest].mean(axis=1)).mean()
    assert neighbour_agreement(queries, pool, of_queries, of_pool, 5).mean() == pytest.approx(zemel)


def test_a_model_that_decides_all_alike_is_consistent_and_one_that_tosses_a_coin_is_not() -> None:
    frame = people()
    frame["p"] = 1
    frame.loc[0, "p"] = 0
    smooth = run(frame).measure("consistency")
    assert smooth.value is not None
    assert smooth.value > 0.99
    coin = run(frame.assign(p=np.random.default_rng(3).integers(0, 2, 1000))).measure("consistency")
    assert coin.interval is not None
    assert coin.interval.low < 0.5 < coin.interval.high


def test_sensitive_column_is_no_part_of_being_alike() -> None:
    frame = people()
    frame["p"] = (frame.sex == "m").astype(int)
    measure = run(frame).measure("consistency")
    assert measure.value == pytest.approx(0.5, abs=0.07)


def test_order_of_the_rows_changes_nothing_and_ties_are_common() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.integers(0, 4, 800), "z": rng.choice(["a", "b"], 800), "p": rng.integers(0, 2, 800)})
    one, other = run(frame), run(frame.sample(frac=1, random_state=2).reset_index(drop=True))
    assert [m.value for m in one.measures] == [m.value for m in other.measures]


def test_columns_that_name_each_row_are_left_out_and_said() -> None:
    frame = people().assign(p=lambda rows: (rows.income > 30).astype(int), name=[f"n{i}" for i in range(1000)])
    finding = run(frame)
    assert "not used: name" in finding.evidence[0].caption
    only = frame[["name", "p"]]
    assert run(only).status == "not applicable"


def test_missing_numbers_do_not_stop_it() -> None:
    frame = people().assign(p=lambda rows: (rows.income > 30).astype(int))
    frame.loc[::7, "income"] = np.nan
    assert run(frame).measure("consistency").value is not None


def test_too_few_rows_are_said() -> None:
    frame = people(60).assign(p=lambda rows: (rows.income > 30).astype(int))
    finding = run(frame)
    assert finding.status == "insufficient data"
    assert "at least 120" in str(finding.reason)


def test_german_credit_has_a_consistency_for_each_group(data_folder: Path) -> None:
    data = pd.read_csv(data_folder / "german" / "german.csv")
    predictions = pd.read_csv(data_folder / "german" / "oracle_predictions.csv.gz", keep_default_na=False)
    frame = data.loc[predictions.row].reset_index(drop=True)
    frame["p"], frame["sex"] = predictions.y_pred, predictions.sex
    finding = run(frame, min_group_size=10)
    assert finding.status == "measured"
    assert {m.group.as_dict().get("sex") for m in finding.measures} == {None, "female", "male"}
    assert all(m.value is None or 0.3 < m.value <= 1 for m in finding.measures)


def test_a_pool_that_holds_the_rows_themselves_gives_the_consistency_of_aif360() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(400, 3))
    labels = (inputs[:, 0] + rng.normal(0, 0.5, 400) > 0).astype(int)
    # aif360 0.6.1, consistency_score(inputs, labels, n_neighbors=5)
    assert neighbour_agreement(inputs, inputs, labels, labels, 5).mean() == pytest.approx(0.8305)
