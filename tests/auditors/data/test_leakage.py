"""Leaks that were planted are found, and clean data are left in peace."""

import numpy as np
import pandas as pd
import pytest

from auditkit.auditors.data.leakage import leakage
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(seed: int, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "town": rng.choice(list("pqrs"), n)})
    frame["y"] = np.where(frame["a"] + rng.normal(size=n) > 0, "yes", "no")
    return frame


def run(
    test: pd.DataFrame, train: pd.DataFrame | None = None, **roles: object
) -> tuple[dict[str, Measure], list[Evidence]]:
    subject = Subject(test, train=train, label="y", favorable="yes", **roles)  # type: ignore[arg-type]
    found = leakage.run(subject, {})
    return {m.name: m for m in found if isinstance(m, Measure)}, [e for e in found if isinstance(e, Evidence)]


def test_clean_tables_leak_nothing() -> None:
    measures, _ = run(rows_of(1), rows_of(2))
    assert {name: measures[name].value for name in ("columns_leaking", "share_seen_in_training", "share_conflicting", "columns_target_encoded")} == {
        "columns_leaking": 0,
        "share_seen_in_training": 0.0,
        "share_conflicting": 0.0,
        "columns_target_encoded": 0,
    }  # fmt: skip
    assert 0.6 < float(measures["largest_column_auc"].value or 0) < 0.9


@pytest.mark.parametrize("kind", ["number", "word"])
def test_a_column_that_is_the_answer_is_found(kind: str) -> None:
    test = rows_of(1)
    test["answer"] = (test["y"] == "yes") * 2.5 if kind == "number" else "is_" + test["y"]
    measures, evidence = run(test)
    assert measures["columns_leaking"].value == 1
    assert evidence[0].rows[0][0] == "answer"


def test_rows_that_were_seen_in_training_are_counted() -> None:
    train = rows_of(2)
    test = pd.concat([rows_of(1, 300), train.iloc[:100]])
    measure = run(test, train)[0]["share_seen_in_training"]
    assert measure.value == pytest.approx(0.25)
    assert measure.interval is not None and measure.interval.low > 0.2


def test_equal_rows_with_other_labels_are_counted() -> None:
    test = rows_of(1, 400)
    double = test.iloc[:50].assign(y=lambda rows: np.where(rows["y"] == "yes", "no", "yes"))
    assert run(pd.concat([test, double]))[0]["share_conflicting"].value == pytest.approx(100 / 450)


def test_a_mean_of_the_label_by_town_is_found() -> None:
    train, test = rows_of(2), rows_of(1)
    means = (train["y"] == "yes").groupby(train["town"]).mean()
    for frame in (train, test):
        frame["town_rate"] = frame["town"].map(means)
    measures, evidence = run(test, train)
    assert measures["columns_target_encoded"].value == 1
    assert next(e for e in evidence if e.id.endswith("target_encoded")).rows == (("town_rate", "town"),)


def test_time_and_persons_that_overlap_are_counted() -> None:
    train, test = rows_of(2), rows_of(1)
    train["day"] = pd.date_range("2024-01-01", periods=600)
    test["day"] = pd.date_range("2025-08-01", periods=600)  # training ends on 2025-08-22
    train["person"], test["person"] = np.arange(600), np.arange(450, 1050)
    measures, _ = run(test, train, time="day", cluster="person")
    assert measures["share_before_training_ends"].value == pytest.approx(22 / 600)
    assert measures["share_of_known_clusters"].value == pytest.approx(150 / 600)


def test_a_regression_is_judged_at_its_median() -> None:
    test = rows_of(1)
    test["y"] = test["a"] * 2
    found = leakage.run(Subject(test, label="y"), {})
    assert next(m.value for m in found if isinstance(m, Measure) and m.name == "columns_leaking") == 1


def test_what_is_needed_is_told() -> None:
    with pytest.raises(NotApplicable, match="pass label="):
        leakage.run(Subject(rows_of(1).drop(columns="y").assign(p=1), prediction="p"), {})
    with pytest.raises(InsufficientData, match="at least 100"):
        run(rows_of(1, 40))
