"""Permutation importance: known rises, losses by task, budgets, statuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from auditkit.auditors.explanations.permutation_importance import permutation_importance
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(n: int = 800, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "idle": rng.normal(size=n)})
    frame["y"] = 2 * frame["a"] + frame["b"] + rng.normal(size=n)
    return frame


def rises(subject: Subject, **options: object) -> dict[str, Measure]:
    found = permutation_importance.run(subject, {"donors": 5, **options})
    return {item.over[0]: item for item in found if isinstance(item, Measure) and item.name == "rise"}


def test_a_linear_regression_rises_by_twice_the_variance_that_a_column_brings() -> None:
    frame = rows_of(1000)
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    found = rises(Subject(frame, model=model, label="y"))
    for column, truth in (("a", 8.0), ("b", 2.0)):
        interval = found[column].interval
        assert interval is not None and interval.low <= truth <= interval.high
    assert abs(float(found["idle"].value or 0)) < 0.05


def test_a_column_that_the_model_does_not_use_rises_by_exactly_nothing() -> None:
    frame = rows_of()
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    model.coef_[2] = 0.0
    found = rises(Subject(frame, model=model, label="y"))["idle"]
    assert found.value == pytest.approx(0.0, abs=1e-12)


class Decisions:
    """Text labels, text column, no probabilities."""

    classes_ = ("no", "yes")
    feature_names_in_ = ("colour", "b")

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.where(frame["colour"] == "red", "yes", "no")


def test_a_model_of_bare_decisions_is_judged_by_its_errors() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue"], 400), "b": rng.normal(size=400)})
    frame["y"] = np.where(frame["colour"] == "red", "yes", "no")
    found = rises(Subject(frame, model=Decisions(), label="y"))
    assert found["colour"].unit == "share of errors" and 0.4 < float(found["colour"].value or 0) < 0.6
    assert found["b"].value == 0.0


@pytest.mark.parametrize("classes", [2, 3])
def test_the_brier_score_is_that_of_its_definition(classes: int) -> None:
    frame = rows_of(600)
    frame["y"] = pd.qcut(frame["y"], classes, labels=False)
    names = ["a", "b", "idle"]
    model = LogisticRegression().fit(frame[names], frame["y"])
    found = permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 1})
    loss = next(item for item in found if isinstance(item, Measure) and item.name == "loss")
    shares = model.predict_proba(frame[names])
    squares = ((shares - np.eye(classes)[frame["y"]]) ** 2).sum(axis=1)
    assert loss.value == pytest.approx(squares.mean() / (2 if classes == 2 else 1))


def loss_of(subject: Subject, **options: object) -> float:
    found = permutation_importance.run(subject, {"donors": 1, **options})
    return float(next(item for item in found if isinstance(item, Measure) and item.name == "loss").value or 0)


def test_other_losses_are_those_of_their_definitions() -> None:
    frame, names = rows_of(600), ["a", "b", "idle"]
    numbers = LinearRegression().fit(frame[names], frame["y"])
    off = np.abs(numbers.predict(frame[names]) - frame["y"])
    assert loss_of(Subject(frame, model=numbers, label="y"), loss="absolute") == pytest.approx(off.mean())
    frame["y"] = np.where(frame["y"] > 0, "yes", "no")
    model = LogisticRegression().fit(frame[names], frame["y"])
    hit = np.where(frame["y"] == "yes", *model.predict_proba(frame[names]).T[::-1])
    subject = Subject(frame, model=model, label="y")
    assert loss_of(subject, loss="log") == pytest.approx(-np.log(hit).mean())
    assert loss_of(subject, loss="errors") == pytest.approx((model.predict(frame[names]) != frame["y"]).mean())


def test_a_loss_that_does_not_exist_or_lacks_probabilities_is_told() -> None:
    frame = rows_of()
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    with pytest.raises(ConfigurationError, match="Did you mean 'squared'"):
        permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 1, "loss": "sqared"})
    words = pd.DataFrame({"colour": ["red", "blue"] * 50, "b": np.arange(100.0), "y": ["yes", "no"] * 50})
    with pytest.raises(NotApplicable, match="use loss: errors"):
        permutation_importance.run(Subject(words, model=Decisions(), label="y"), {"donors": 1, "loss": "log"})


def test_the_rise_is_that_of_a_loop_over_rows_and_donors() -> None:
    frame = rows_of(60)
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    subject = Subject(frame, model=model, label="y")
    found = rises(subject, donors=59)["a"]  # all others: no chance is left
    total = 0.0
    for _, row in frame.iterrows():
        others = pd.DataFrame([row[["a", "b", "idle"]]] * 60).assign(a=frame["a"].to_numpy())
        was = (model.predict(others.assign(a=row["a"]).iloc[:1])[0] - row["y"]) ** 2
        total += ((model.predict(others) - row["y"]) ** 2 - was).sum()
    assert found.value == pytest.approx(total / (60 * 59))


def test_what_is_shown_is_what_is_judged_and_the_largest_pays_for_being_picked() -> None:
    frame = rows_of(1000)
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    found = permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 5})
    measures = {item.over: item for item in found if isinstance(item, Measure) and item.name == "rise"}
    table = next(item for item in found if isinstance(item, Evidence))
    for row in table.rows:
        interval = measures[(str(row[0]),)].interval
        assert interval is not None and row[3:5] == (interval.low, interval.high)
    largest = next(item for item in found if isinstance(item, Measure) and item.name == "largest_rise")
    alone = measures[("a",)].uncertainty
    assert largest.value == measures[("a",)].value and largest.interval is not None and alone is not None
    assert largest.interval.low == pytest.approx(alone.lower(1 - 0.05 / 3))
    assert largest.interval.high == pytest.approx(alone.upper(0.95))


def test_a_column_that_rarely_matters_has_no_bounds_and_is_not_the_largest() -> None:
    frame = rows_of(1000)
    frame["idle"] = np.where(np.arange(1000) < 4, 50.0, 0.0)
    frame["y"] += frame["idle"]
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    found = permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 5})
    measures = {item.over: item for item in found if isinstance(item, Measure)}
    assert measures[("idle",)].status == "insufficient"
    largest = next(item for item in found if isinstance(item, Measure) and item.name == "largest_rise")
    assert largest.status == "insufficient" and str(largest.reason).startswith("idle looks largest, but")


@pytest.mark.parametrize(("uncommon", "status"), [(49, "insufficient"), (50, "measured")])
@pytest.mark.parametrize("commonest", [0.0, np.nan])
def test_a_column_with_fewer_than_fifty_other_values_than_its_commonest_has_no_bounds(
    uncommon: int, status: str, commonest: float
) -> None:
    frame = rows_of(400)
    frame["idle"] = np.where(np.arange(400) < uncommon, np.linspace(1.0, 1.5, 400), commonest)
    frame["y"] += frame["idle"].fillna(0.0)
    names = ["a", "b", "idle"]
    model = make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), LinearRegression())
    model.fit(frame[names], frame["y"])
    found = rises(Subject(frame, model=model, label="y"))["idle"]
    assert found.status == status and (found.interval is None) == (status == "insufficient")
    if status == "insufficient":
        assert str(found.reason).startswith("49 rows hold another value than the commonest, at least 50")


def test_clusters_widen_the_interval() -> None:
    frame = rows_of(200)
    frame = pd.concat([frame] * 4, ignore_index=True).assign(who=np.tile(np.arange(200), 4))
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    plain = rises(Subject(frame, model=model, label="y"))["a"].interval
    clustered = rises(Subject(frame, model=model, label="y", cluster="who"))["a"].interval
    assert plain is not None and clustered is not None
    assert 1.6 < (clustered.high - clustered.low) / (plain.high - plain.low) < 2.4


def test_a_model_is_never_asked_for_more_than_ten_thousand_rows_nor_beyond_the_budget() -> None:
    asked = []

    class Counted:
        feature_names_in_ = ("a", "b", "idle")

        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            asked.append(len(frame))
            return (2 * frame["a"]).to_numpy()

    frame = rows_of(3000)
    subject = Subject(frame, model=Counted(), label="y", task="regression")
    asked.clear()
    rises(subject, rows=3000, budget=45_000)
    assert max(asked) == 10_000 and 44_900 < sum(asked) <= 45_000


def test_it_is_made_on_request_only() -> None:
    frame = rows_of()
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    with pytest.raises(NotApplicable, match="made on request"):
        permutation_importance.run(Subject(frame, model=model, label="y"), {})


def test_a_budget_limits_the_rows_and_one_too_small_is_told() -> None:
    frame = rows_of()
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    subject = Subject(frame, model=model, label="y")
    assert rises(subject, budget=1600)["a"].n == 100
    with pytest.raises(InsufficientData, match="raise budget to 800"):
        permutation_importance.run(subject, {"donors": 5, "budget": 100})


def test_columns_are_ranked_in_tiers() -> None:
    frame = rows_of(1000)
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    found = permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 5})
    table = next(item for item in found if isinstance(item, Evidence))
    assert [(row[0], row[5]) for row in table.rows] == [("a", "1"), ("b", "2"), ("idle", "3")]


def test_order_of_rows_does_not_matter_and_the_same_comes_again() -> None:
    frame = rows_of(500)
    model = LinearRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    first = permutation_importance.run(Subject(frame, model=model, label="y"), {"donors": 2})
    shuffled = frame.sample(frac=1, random_state=1)
    assert first == permutation_importance.run(Subject(shuffled, model=model, label="y"), {"donors": 2})
