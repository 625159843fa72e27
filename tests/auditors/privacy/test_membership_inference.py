"""The threshold attack on real models."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from auditkit.auditors.privacy.membership_inference import membership_inference
from auditkit.errors import ConfigurationError, DataError, InsufficientData, NotApplicable
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
    audits = [auc(Subject(rows(2 * i + 1), train=rows(2 * i + 2), model=model, label="y")) for i in range(25)]
    covered = sum(a.interval.low <= 0.5 <= a.interval.high for a in audits if a.interval)
    assert covered >= 20


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
    with pytest.raises(InsufficientData, match="12 training and 12 other rows"):
        auc(Subject(rows(1), train=rows(2), model=forest(rows(3)), label="y"), max_rows=12)


# --------------------------------------------------------------- shadow models


def test_shadow_models_find_more_than_a_threshold_does() -> None:
    train = rows(2, 600)
    model = RandomForestClassifier(50, min_samples_leaf=5, random_state=0).fit(train[list("abcd")], train["y"])
    found = measures(Subject(rows(1, 600), train=train, model=model, label="y"))
    largest, plain = found["largest_auc"], found["auc"]
    assert float(largest.value or 0) > float(plain.value or 0) + 0.05
    assert largest.interval is not None and "4 attacks, 8 shadow models" in largest.interval.method
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
    assert "1 attack, no shadow models" in method


def test_a_class_of_one_row_and_missing_labels_are_no_obstacle() -> None:
    train = rows(2)
    train.loc[0, "y"] = "rare"
    model = RandomForestClassifier(20, random_state=0).fit(train[list("abcd")], train["y"])
    found = measures(Subject(rows(1), train=train, model=model, label="y", favorable="yes"), shadows=4)
    assert found["largest_auc"].status == "measured"


@pytest.mark.parametrize("shadows", [3, 66, -2])
def test_shadows_come_in_pairs(shadows: int) -> None:
    train = rows(2)
    with pytest.raises(ConfigurationError, match="wanted an even number"):
        measures(Subject(rows(1), train=train, model=forest(train), label="y"), shadows=shadows)


def test_time_that_runs_out_leaves_fewer_shadows_and_says_that_a_clock_decided() -> None:
    train = rows(2)
    subject = Subject(rows(1), train=train, model=forest(train), label="y")
    found = membership_inference.run(subject, {"seconds": 0.0})
    by_name = {item.name: item for item in found if isinstance(item, Measure)}
    method = by_name["largest_auc"].interval.method  # type: ignore[union-attr]
    assert "2 shadow models" in method and "8 were asked for, but 0 s of CPU time allow no more" in method
    assert by_name["largest_auc"].volatile and not by_name["auc"].volatile
    tables = {item.id: item.volatile for item in found if isinstance(item, Evidence)}
    assert tables == {"attacks": True, "attack_curve": False}
    two = measures(subject, shadows=2)["largest_auc"]
    assert two.value == by_name["largest_auc"].value and not two.volatile


def test_a_model_without_a_seed_gives_the_same_numbers_again() -> None:
    train = rows(2)
    model = RandomForestClassifier(10).fit(train[list("abcd")], train["y"])
    subject = Subject(rows(1), train=train, model=model, label="y")
    assert measures(subject, shadows=4) == measures(subject, shadows=4)


def test_rows_learned_by_heart_are_named_and_strangers_are_not() -> None:
    train = rows(2, 600)
    found = measures(Subject(rows(1, 600), train=train, model=forest(train), label="y"))["rows_recognised"]
    assert int(found.value or 0) > 100 and found.n == 600 and found.dataset == "none"
    assert "at most 5% of names wrong" in found.interval.method  # type: ignore[union-attr]
    strange = measures(Subject(rows(1, 600), train=rows(4, 600), model=forest(train), label="y"))["rows_recognised"]
    assert strange.value == 0


def test_the_gap_between_groups_says_who_gives_away_more_and_who_is_not_covered() -> None:
    train, test = rows(2, 1200), rows(1, 1200)
    for frame in (train, test):
        frame["sex"] = np.where(
            np.arange(len(frame)) % 3 == 0, "f", np.where(np.arange(len(frame)) % 50 == 1, "x", "m")
        )
    some = train[train["sex"] == "m"]
    model = RandomForestClassifier(50, random_state=0).fit(some[list("abcd")], some["y"])
    subject = Subject(test, train=train, model=model, label="y", features=list("abcd"), sensitive=["sex"])
    found = measures(subject, shadows=0)
    gap = found["auc_gap"]
    assert str(gap.worst) == "m" and str(gap.best) == "f" and gap.over == ("sex",)
    assert gap.uncertainty is not None and gap.uncertainty.lower(0.95) > 0.1
    assert found["auc_of_group x"].status == "insufficient" and 0 < gap.not_covered < 0.05


def test_a_regression_has_shadow_models_too() -> None:
    def numbers(seed: int) -> pd.DataFrame:
        frame = rows(seed, 600)
        return frame.assign(y=frame["a"] + np.random.default_rng(seed).normal(size=len(frame)))

    train = numbers(2)
    model = RandomForestRegressor(20, min_samples_leaf=5, random_state=0).fit(train[list("abcd")], train["y"])
    found = measures(Subject(numbers(1), train=train, model=model, label="y", task="regression"))
    assert float(found["largest_auc"].value or 0) > float(found["auc"].value or 1) + 0.05
    strange = measures(Subject(numbers(1), train=numbers(5), model=model, label="y", task="regression"))
    assert strange["largest_auc"].uncertainty is not None
    assert strange["largest_auc"].uncertainty.lower(0.975) <= 0.5


def test_training_rows_without_labels_are_an_error_in_one_line() -> None:
    train = rows(2)
    with pytest.raises(DataError, match="train data have no column 'y'"):
        Subject(rows(1), train=train.drop(columns="y"), model=forest(train), label="y")


def test_training_rows_whose_label_is_missing_are_left_out() -> None:
    train = rows(2, 500)
    model = forest(train)
    train.loc[:99, "y"] = None
    found = measures(Subject(rows(1, 500), train=train, model=model, label="y"), shadows=4)
    assert found["auc"].n == 800 and found["largest_auc"].status == "measured"


def test_a_model_trained_on_arrays_is_trained_again_on_arrays() -> None:
    train = rows(2)
    model = RandomForestClassifier(30, random_state=0).fit(train[list("abcd")].to_numpy(), train["y"])
    subject = Subject(rows(1), train=train, model=model, label="y", features=list("abcd"))
    assert "4 shadow models" in measures(subject, shadows=4)["largest_auc"].interval.method  # type: ignore[union-attr]


class Stubborn(RandomForestClassifier):
    """Its training can be asked for once."""

    def fit(self, X: object, y: object, extra: object = None) -> "Stubborn":
        if extra is None:
            raise RuntimeError("extra is needed")
        return super().fit(X, y)


class Unclonable(RandomForestClassifier):
    """Its constructor changes a setting, which scikit-learn's clone refuses."""

    def __init__(self, n_estimators: int = 5) -> None:
        super().__init__(n_estimators=n_estimators + 1)


def test_an_estimator_that_cannot_be_cloned_leaves_the_threshold_attack_and_says_why() -> None:
    train = rows(2)
    model = Unclonable().fit(train[list("abcd")], train["y"])
    found = measures(Subject(rows(1), train=train, model=model, label="y"))
    method = found["largest_auc"].interval.method  # type: ignore[union-attr]
    assert "1 attack, no shadow models: the model cannot be cloned (RuntimeError: Cannot clone object" in method
    assert "RMIA" not in found["rows_recognised"].interval.method  # type: ignore[union-attr]


def test_a_clone_that_cannot_be_trained_leaves_the_threshold_attack_and_says_why() -> None:
    train = rows(2)
    model = Stubborn(10, random_state=0).fit(train[list("abcd")], train["y"], extra=1)
    found = measures(Subject(rows(1), train=train, model=model, label="y"))
    method = found["largest_auc"].interval.method  # type: ignore[union-attr]
    assert "1 attack, no shadow models: RuntimeError: extra is needed" in method


def test_rows_of_both_tables_do_not_hide_that_the_others_are_told_apart() -> None:
    train, test = rows(2), rows(1)
    plain = auc(Subject(test, train=train, model=forest(train), label="y"))
    leaking = pd.concat([test, train.iloc[:200]], ignore_index=True)
    mixed = auc(Subject(leaking, train=train, model=forest(train), label="y"))
    assert plain.n == 800 and mixed.n == 400
    assert float(mixed.value or 0) == pytest.approx(float(plain.value or 0), abs=0.05)
    found = membership_inference.run(Subject(leaking, train=train, model=forest(train), label="y"), {"shadows": 0})
    caption = next(item.caption for item in found if isinstance(item, Evidence) and item.id == "attacks")
    assert "left out: 400 of those drawn" in caption


def test_one_table_given_as_both_is_not_called_private() -> None:
    train = rows(2)
    with pytest.raises(InsufficientData, match=r"0 training and 0 other rows .* equal no other row of both tables"):
        auc(Subject(train, train=train, model=forest(train), label="y"))


@pytest.mark.statistics
def test_leaving_equal_rows_out_accuses_nobody_where_tables_differ_in_size() -> None:
    """Values so few that most rows equal another; ten times as many training rows as others.

    Without the rows that stand in both tables alone, 44 of the 60 intervals would cover one half.
    """
    rng, covered = np.random.default_rng(11), 0
    model = forest(rows(0))
    for _ in range(60):
        frame = pd.DataFrame((2 * rng.normal(size=(11_000, 4))).round(0) / 2, columns=list("abcd"))
        frame["y"] = np.where(frame["a"] + rng.normal(scale=1.5, size=11_000) > 0, "yes", "no")
        found = auc(Subject(frame.iloc[:1000], train=frame.iloc[1000:], model=model, label="y", seed=3))
        assert found.interval is not None and found.n is not None and 100 < found.n < 1000
        covered += found.interval.low <= 0.5 <= found.interval.high
    assert covered >= 51  # 95 % promised; of 60 the exact one-sided p of less is below .001
