"""The threshold attack on real models."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from auditkit.auditors.privacy.membership_inference import membership_inference
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows(seed: int, n: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    return frame.assign(y=(frame["a"] + random.normal(scale=1.5, size=n) > 0).map({True: "yes", False: "no"}))


def auc(subject: Subject, **options: object) -> Measure:
    return measures(subject, **{"shadows": 0, **options})["auc"]


def measures(subject: Subject, **options: object) -> dict[str, Measure]:
    found = membership_inference.run(subject, options)
    return {f"{item.name} {item.group}".strip(): item for item in found if isinstance(item, Measure)}


def forest(frame: pd.DataFrame) -> RandomForestClassifier:
    return RandomForestClassifier(30, random_state=0).fit(frame[list("abcd")], frame["y"])


def test_a_model_that_never_saw_either_table_gives_nothing_away() -> None:
    measure = auc(Subject(rows(1), train=rows(2), model=forest(rows(3)), label="y"))
    assert measure.interval is not None
    assert measure.interval.low < 0.5 < measure.interval.high


def test_the_interval_covers_one_half_in_most_null_audits() -> None:
    model = forest(rows(0))
    audits = [auc(Subject(rows(2 * i + 1), train=rows(2 * i + 2), model=model, label="y")) for i in range(60)]
    covered = sum(a.interval.low <= 0.5 <= a.interval.high for a in audits if a.interval)
    assert covered >= 52


def test_a_model_that_learned_by_heart_is_found_out() -> None:
    train = rows(2)
    measure = auc(Subject(rows(1), train=train, model=forest(train), label="y"))
    assert measure.interval is not None
    assert measure.interval.low > 0.7
    assert measure.direction == "lower"
    assert "retraining" in measure.interval.method


def test_both_sides_have_equally_many_rows() -> None:
    train = rows(2, 300)
    assert auc(Subject(rows(1), train=train, model=forest(train), label="y")).n == 600
    assert auc(Subject(rows(1), train=train, model=forest(train), label="y"), max_rows=50).n == 100


def test_order_of_rows_does_not_matter() -> None:
    test, train = rows(1), rows(2)
    model = forest(train)
    there = auc(Subject(test, train=train, model=model, label="y"), max_rows=100)
    shuffled = Subject(test.sample(frac=1, random_state=0), train=train.iloc[::-1], model=model, label="y")
    assert auc(shuffled, max_rows=100) == there


def test_a_regression_is_attacked_by_its_errors() -> None:
    def numbers(seed: int) -> pd.DataFrame:
        frame = rows(seed)
        return frame.assign(y=frame["a"] + np.random.default_rng(seed).normal(size=len(frame)))

    train = numbers(2)
    model = RandomForestRegressor(20, random_state=0).fit(train[list("abcd")], train["y"])
    assert float(auc(Subject(numbers(1), train=train, model=model, label="y", task="regression")).value or 0) > 0.7


def test_the_curve_has_fifty_points() -> None:
    train = rows(2)
    results = membership_inference.run(Subject(rows(1), train=train, model=forest(train), label="y"), {})
    curve = next(item for item in results if isinstance(item, Evidence) and item.id == "attack_curve")
    assert (curve.kind, len(curve.rows)) == ("curve", 50)


def test_without_training_rows_it_says_what_to_pass() -> None:
    with pytest.raises(NotApplicable, match="train"):
        auc(Subject(rows(1), model=forest(rows(2)), label="y"))


def test_without_a_model_it_says_what_to_pass() -> None:
    frame = rows(1).assign(p="yes")
    with pytest.raises(NotApplicable, match="pass model="):
        auc(Subject(frame, train=frame, prediction="p", label="y"))


def test_without_a_label_it_says_what_to_pass() -> None:
    with pytest.raises(NotApplicable, match="pass label="):
        auc(Subject(rows(1), train=rows(2), model=forest(rows(3)), features=list("abcd")))


def test_a_handful_of_rows_is_not_attacked() -> None:
    with pytest.raises(InsufficientData, match="12 rows of each table"):
        auc(Subject(rows(1), train=rows(2), model=forest(rows(3)), label="y"), max_rows=12)


# --------------------------------------------------------------- shadow models


def test_shadow_models_find_more_than_a_threshold_does() -> None:
    train = rows(2, 600)
    model = RandomForestClassifier(50, min_samples_leaf=5, random_state=0).fit(train[list("abcd")], train["y"])
    found = measures(Subject(rows(1, 600), train=train, model=model, label="y"))
    largest, plain = found["largest_auc"], found["auc"]
    assert float(largest.value or 0) > float(plain.value or 0) + 0.05
    assert largest.interval is not None and "3 attacks, 8 shadow models" in largest.interval.method
    assert largest.uncertainty is not None and largest.uncertainty.lower(0.95) > 0.5


def test_a_target_that_saw_neither_table_is_not_accused() -> None:
    found = measures(Subject(rows(1), train=rows(2), model=forest(rows(3)), label="y"))
    assert found["largest_auc"].uncertainty is not None
    assert found["largest_auc"].uncertainty.lower(0.975) <= 0.5


def test_rates_need_ten_mistaken_rows() -> None:
    train = rows(2)
    found = measures(Subject(rows(1), train=train, model=forest(train), label="y"), shadows=0)
    assert found["tpr_at_1_percent"].status == found["tpr_at_0_1_percent"].status == "insufficient"
    train = rows(2, 1200)
    found = measures(Subject(rows(1, 1200), train=train, model=forest(train), label="y"), shadows=4)
    assert float(found["tpr_at_1_percent"].value or 0) > 0.3


def test_groups_that_leak_more_are_shown() -> None:
    train, test = rows(2, 1200), rows(1, 1200)
    for frame in (train, test):
        frame["sex"] = np.where(np.arange(len(frame)) % 3 == 0, "f", "m")
    quiet = train[train["sex"] == "m"]
    model = RandomForestClassifier(50, random_state=0).fit(
        pd.concat([quiet, rows(9, 3000).assign(sex="m")])[list("abcd")], pd.concat([quiet, rows(9, 3000)])["y"]
    )
    found = measures(
        Subject(test, train=train, model=model, label="y", features=list("abcd"), sensitive=["sex"]), shadows=0
    )
    assert float(found["auc_of_group m"].value or 0) > 0.7 > float(found["auc_of_group f"].value or 1)


class Uncloned:
    """A model that scikit-learn cannot clone."""

    classes_ = ("no", "yes")
    feature_names_in_ = tuple("abcd")

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-frame["a"].to_numpy()))
        return np.column_stack([1 - p, p])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.where(frame["a"] > 0, "yes", "no")


def test_what_cannot_be_trained_again_is_attacked_by_threshold_alone_and_says_why() -> None:
    found = measures(Subject(rows(1), train=rows(2), model=Uncloned(), label="y"))
    method = found["largest_auc"].interval.method  # type: ignore[union-attr]
    assert "largest of 1 attacks, no shadow models" in method


def test_a_class_of_one_row_and_missing_labels_are_no_obstacle() -> None:
    train = rows(2)
    train.loc[0, "y"] = "rare"
    model = RandomForestClassifier(20, random_state=0).fit(train[list("abcd")], train["y"])
    found = measures(Subject(rows(1), train=train, model=model, label="y", favorable="yes"), shadows=4)
    assert found["largest_auc"].status == "measured"


@pytest.mark.parametrize("shadows", [3, 66])
def test_shadows_come_in_pairs(shadows: int) -> None:
    train = rows(2)
    with pytest.raises(ConfigurationError, match="wanted an even number"):
        measures(Subject(rows(1), train=train, model=forest(train), label="y"), shadows=shadows)


def test_time_that_runs_out_leaves_fewer_shadows_and_says_that_a_clock_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditkit.attacks import shadows as module

    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    train = rows(2)
    found = measures(Subject(rows(1), train=train, model=forest(train), label="y"), seconds=25.0)
    assert re.search("[246] shadow models", found["largest_auc"].interval.method)  # type: ignore[union-attr]
    assert found["largest_auc"].volatile and not found["auc"].volatile
