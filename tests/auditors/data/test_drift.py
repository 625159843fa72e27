"""Drift is found where it is, and random splits are left in peace."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from auditkit.auditors.data.drift import drift
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(seed: int, n: int = 800, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40 + 10 * shift, 10, n).round(),
            "income": rng.exponential(1, n),
            "town": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
            "sex": rng.choice(["f", "m"], n),
            "flag": rng.integers(0, 2, n),
        }
    )
    frame.loc[rng.random(n) < 0.1, "income"] = np.nan
    frame["y"] = rng.choice(["no", "yes"], n)
    return frame


def run(test: pd.DataFrame, train: pd.DataFrame, **more: object) -> tuple[dict[str, Measure], dict[str, Evidence]]:
    subject = Subject(test, train=train, label="y", favorable="yes", sensitive=["sex"], **more)  # type: ignore[arg-type]
    found = drift.run(subject, {})
    return {m.name: m for m in found if isinstance(m, Measure)}, {e.id: e for e in found if isinstance(e, Evidence)}


def test_tables_of_one_source_show_no_drift() -> None:
    measures, evidence = run(rows_of(1), rows_of(2))
    assert (measures["columns_drifted"].value, measures["groups_drifted"].value) == (0, 0)
    interval = measures["classifier_auc"].interval
    assert interval is not None and interval.low <= 0.5 <= interval.high
    assert len(evidence["data.drift.columns"].rows) == 6


def test_a_column_that_moved_is_found_by_test_and_classifier() -> None:
    measures, evidence = run(rows_of(1, shift=1.0), rows_of(2))
    assert measures["columns_drifted"].value == 1
    assert evidence["data.drift.columns"].rows[0][0] == "age"
    assert measures["classifier_auc"].uncertainty is not None
    assert measures["classifier_auc"].uncertainty.lower(0.95) > 0.6
    assert measures["groups_drifted"].value == 2


def test_values_that_are_new_and_missing_values_are_drift() -> None:
    test = rows_of(1)
    test.loc[::3, "town"] = "d"
    assert run(test, rows_of(2))[0]["columns_drifted"].value == 1
    test = rows_of(1)
    test.loc[::3, "town"] = None
    assert run(test, rows_of(2))[0]["columns_drifted"].value == 1


def test_drift_within_one_group_is_named() -> None:
    test = rows_of(1, 2000)
    test.loc[test["sex"] == "f", "age"] += 10
    test.loc[test["sex"] == "m", "age"] -= 10
    _, evidence = run(test, rows_of(2, 2000))
    assert {row[1] for row in evidence["data.drift.groups"].rows} == {"sex = f", "sex = m"}


def test_changes_of_label_and_decision_have_bounds() -> None:
    test = rows_of(1)
    test["y"] = np.where(np.arange(len(test)) % 5 == 0, "no", "yes")
    train = rows_of(2)
    model = LogisticRegression().fit(train[["age"]], train["y"])
    measures, _ = run(test, train, model=model, features=["age"])
    change = measures["label_change"]
    assert float(change.value or 0) == pytest.approx(0.8 - (train["y"] == "yes").mean())
    assert change.interval is not None and change.interval.low > 0.2
    assert measures["prediction_change"].status == "measured"


def test_an_identifier_does_not_tell_the_tables_apart() -> None:
    test, train = rows_of(1), rows_of(2)
    test["id"], train["id"] = [f"t{i}" for i in range(800)], [f"s{i}" for i in range(800)]
    interval = run(test, train)[0]["classifier_auc"].interval
    assert interval is not None and interval.low <= 0.5


def test_without_an_older_table_there_is_nothing_to_compare() -> None:
    with pytest.raises(NotApplicable, match="pass train="):
        drift.run(Subject(rows_of(1), label="y"), {})
    with pytest.raises(InsufficientData, match="at least 100"):
        drift.run(Subject(rows_of(1, 50), train=rows_of(2), label="y"), {})


@pytest.mark.statistics
def test_two_hundred_random_splits_raise_no_more_alarms_than_promised(data_folder: Path) -> None:
    path = data_folder / "adult" / "adult.data"
    if not path.exists():
        pytest.skip("adult.data is not among the real data")
    names = [
        "age",
        "workclass",
        "fnlwgt",
        "education",
        "num",
        "marital",
        "occupation",
        "relationship",
        "race",
        "sex",
        "gain",
        "loss",
        "hours",
        "country",
        "y",
    ]
    frame = pd.read_csv(path, skiprows=1, names=names, skipinitialspace=True).iloc[:6000]
    columns, groups, classified = 0, 0, 0
    for seed in range(200):
        order = np.random.default_rng(seed).permutation(len(frame))
        subject = Subject(
            frame.iloc[order[:2000]], train=frame.iloc[order[2000:]], label="y", sensitive=["sex", "race"]
        )
        found = {m.name: m for m in drift.run(subject, {"rows": 400}) if isinstance(m, Measure)}
        columns += int(found["columns_drifted"].value or 0) > 0
        groups += int(found["groups_drifted"].value or 0) > 0
        uncertainty = found["classifier_auc"].uncertainty
        classified += uncertainty is not None and uncertainty.lower(0.95) > 0.5
    assert max(columns, groups, classified) <= 18  # of 200 at 5 %: more than 18 has a chance of 1 %
