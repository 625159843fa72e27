"""What every auditor of the catalogue owes, tested once for all of them."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from auditkit.auditing import run_one
from auditkit.catalog import catalogue
from auditkit.finding import Finding
from auditkit.subject import Subject

STEADY = sorted(name for name, entry in catalogue().items() if not entry.volatile)
FAST = {
    "carbon.inference": {"seconds": 0.2},
    "fairness.conditional_parity": {"strata": ["purpose"]},
    "fairness.local_law_144": {"sex": "sex", "race_ethnicity": "region"},
}


@cache
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    n = 900
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], n),
            "region": rng.choice(["north", "south", None], n, p=[0.5, 0.4, 0.1]),
            "age": rng.integers(18, 70, n),
            "income": rng.normal(30, 8, n).round(2),
            "purpose": rng.choice(["car", "home", "study"], n),
        }
    )
    frame.loc[::17, "income"] = np.nan
    chance = 1 / (1 + np.exp(-(frame.income.fillna(30) - 30) / 6 - (frame.sex == "m") * 0.5))
    frame["repaid"] = np.where(rng.random(n) < chance, "yes", "no")
    frame["income"] = frame.income.fillna(30.0)
    return frame.iloc[:450].reset_index(drop=True), frame.iloc[450:].reset_index(drop=True)


@cache
def model() -> Pipeline:
    train, _ = frames()
    encode = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), ["purpose"]),
            ("numbers", StandardScaler(), ["age", "income"]),
        ]
    )
    return Pipeline([("encode", encode), ("fit", LogisticRegression())]).fit(
        train[["purpose", "age", "income"]], train.repaid
    )


def subject(order: np.ndarray | None = None) -> Subject:
    train, test = frames()
    if order is not None:
        test, train = test.iloc[order].reset_index(drop=True), train.iloc[order].reset_index(drop=True)
    return Subject(
        test,
        train=train,
        model=model(),
        label="repaid",
        favorable="yes",
        sensitive=["sex", "region"],
        quasi_identifiers=["age", "sex"],
        carbon={"country": "FRA"},
    )


def run(name: str, given: Subject) -> Finding:
    entry = catalogue()[name]
    return run_one(entry, given, entry.options(FAST.get(name, {})))


def numbers(finding: Finding) -> list[tuple[object, ...]]:
    return [(m.name, m.dataset, m.group, m.over, m.value, m.n, m.status, m.interval) for m in finding.measures]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_auditor_is_documented_and_named_after_its_file(name: str) -> None:
    entry = catalogue()[name]
    assert entry.function.__module__ == f"auditkit.auditors.{name}"
    assert entry.function.__name__ == name.rpartition(".")[2]
    for text in (entry.title, entry.description, entry.method, entry.caveat, entry.reference):
        assert text.strip(), name


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_auditor_runs_or_says_why_not(name: str) -> None:
    finding = run(name, subject())
    assert finding.status in ("measured", "not applicable"), finding.reason
    if finding.status == "measured":
        assert finding.measures
        assert {measure.name for measure in finding.measures} <= set(catalogue()[name].measures)
        assert all(
            measure.n is not None or measure.volatile or measure.status != "measured" for measure in finding.measures
        )
    else:
        assert finding.reason


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_auditor_says_why_it_cannot_run_on_a_bare_table(name: str) -> None:
    finding = run_one(catalogue()[name], Subject(pd.DataFrame({"x": [1, 2, 3]})), catalogue()[name].defaults)
    assert finding.status in ("not applicable", "insufficient data", "measured"), finding.reason
    assert finding.status == "measured" or finding.reason


@pytest.mark.parametrize("name", STEADY)
def test_same_subject_same_measures_and_the_subject_is_untouched(name: str) -> None:
    given = subject()
    before = given.table().digest
    assert numbers(run(name, given)) == numbers(run(name, given))
    assert given.table().digest == before


@pytest.mark.parametrize("name", STEADY)
def test_row_order_does_not_matter(name: str) -> None:
    first = run(name, subject())
    second = run(name, subject(np.random.default_rng(5).permutation(450)))
    assert first.status == second.status
    for one, two in zip(numbers(first), numbers(second), strict=True):
        assert one[:4] == two[:4]
        assert one[4:] == two[4:]
