"""The threshold attack on real models."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from auditkit.auditors.privacy.membership_inference import membership_inference
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows(seed: int, n: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    return frame.assign(y=(frame["a"] + random.normal(scale=1.5, size=n) > 0).map({True: "yes", False: "no"}))


def auc(subject: Subject, **options: object) -> Measure:
    return next(item for item in membership_inference.run(subject, options) if isinstance(item, Measure))


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
    curve = next(item for item in results if isinstance(item, Evidence))
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
