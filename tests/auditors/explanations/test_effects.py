"""Effects of single columns: exact where they can be counted, within their budget, and silent where there is nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression

from auditkit.auditing import run_one
from auditkit.auditors.explanations.effects import effects
from auditkit.auditors.explanations.shap_importance import shap_importance
from auditkit.finding import Evidence, Finding
from auditkit.subject import Subject

TOWNS = ["bern", "genf", "basel"]


class Formula:
    """A regression that is a formula; it counts the rows that it is asked for, and the most in one call."""

    def __init__(self, formula: Callable[[pd.DataFrame], pd.Series]) -> None:
        self.formula, self.rows, self.largest = formula, 0, 0

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        self.rows, self.largest = self.rows + len(frame), max(self.largest, len(frame))
        return np.asarray(self.formula(frame), dtype=float)


class Chance(Formula):
    """The same, of two classes."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        found = super().predict(frame)
        return np.column_stack([1 - found, found])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return self.classes_[(self.predict_proba(frame)[:, 1] >= 0.5).astype(int)]


def people(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 60, n),
            "income": rng.lognormal(3, 1, n).round(1),
            "town": rng.choice(TOWNS, n, p=[0.5, 0.3, 0.2]),
            "owner": rng.random(n) < 0.4,
            "y": rng.normal(size=n),
            "c": rng.choice(["no", "yes"], n),
        }
    )


def run(frame: pd.DataFrame, model: object, options: dict[str, object] | None = None, **more: object) -> Finding:
    given = {"label": "y", "features": ["age", "income", "town", "owner"], "task": "regression", **more}
    return run_one(effects, Subject(frame, model=model, **given), effects.options(options or {}))


def evidence(finding: Finding, name: str) -> Evidence:
    return next(found for found in finding.evidence if found.id == f"explanations.effects.{name}")


def linear(frame: pd.DataFrame) -> pd.Series:
    return (
        3 * frame.age + 0.1 * frame.income + frame.town.map({"bern": 1.0, "genf": 5.0, "basel": 2.0}) + 2 * frame.owner
    )


# -------------------------------------------------------------------------------------------------------- what is exact


def test_a_linear_model_gives_its_slope_times_the_distance_from_the_mean() -> None:
    frame = people()
    found = run(frame, Formula(linear))
    drawn = evidence(found, "age")
    assert drawn.kind == "curve"
    assert 15 <= len(drawn.rows) <= 21
    for age, _, value, low, high in drawn.rows:
        assert value == pytest.approx(3 * (age - frame.age.mean()), abs=1e-9)
        assert low < value < high
    whole = found.measure("largest_effect", over="age")
    assert whole.value == pytest.approx(3 * 39)
    assert (whole.interval.low, whole.interval.high) == pytest.approx((117, 117))
    assert (whole.unit, whole.n) == ("target", 1000)


def test_the_best_known_linear_model_agrees_with_its_coefficients() -> None:
    frame = people()
    model = LinearRegression().fit(frame[["age", "income"]], 2 * frame.age - frame.income + frame.y)
    found = run(frame, model, features=["age", "income"])
    for name, slope in zip(("age", "income"), model.coef_, strict=True):
        rows = evidence(found, name).rows
        assert np.polyfit([row[0] for row in rows], [row[2] for row in rows], 1)[0] == pytest.approx(slope)


def test_replacing_a_value_gives_its_own_part_less_the_mean_of_all() -> None:
    frame = people()
    found = run(frame, Formula(linear))
    drawn = evidence(found, "town")
    part = {"bern": 1.0, "genf": 5.0, "basel": 2.0}
    mean = frame.town.map(part).mean()
    assert drawn.kind == "intervals"
    assert [row[0] for row in drawn.rows] == ["genf", "basel", "bern"]
    assert {row[0]: row[1] for row in drawn.rows} == frame.town.value_counts().to_dict()
    for town, _, value, low, high in drawn.rows:
        assert value == pytest.approx(part[town] - mean)
        assert low < value < high
    assert found.measure("largest_effect", over="town").value == pytest.approx(4.0)
    assert found.measure("largest_effect", over="owner").value == pytest.approx(2.0)
    assert "partial dependence" in drawn.caption


def test_with_columns_that_go_together_it_is_the_local_effect_and_not_that_of_rows_that_do_not_occur() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 10, 2000)
    frame = pd.DataFrame({"x": x, "same": x, "y": rng.normal(size=2000)})
    found = run(frame, Formula(lambda rows: rows.x * rows.same), {"pdp": True}, features=["x", "same"])
    heights = [row[2] for row in evidence(found, "x").rows]
    # Σ over steps of the mean of `same` among the rows of the step: k, and (0 + 1)/2 of those in the first
    steps = np.diff(heights)
    assert steps[1:] == pytest.approx(np.arange(2, 10))
    assert steps[0] == pytest.approx(x[x <= 1].mean())
    apart = [row[2] for row in evidence(found, "dependence.x").rows if row[0] == "mean"]
    assert np.diff(apart) == pytest.approx(np.full(9, x.mean()))


def test_two_values_of_a_number_are_compared_over_all_rows() -> None:
    frame = people()
    frame["owner"] = frame.owner.astype(int)
    found = run(frame, Formula(lambda rows: rows.owner * rows.age))
    assert found.measure("largest_effect", over="owner").value == pytest.approx(frame.age.mean())


def test_classes_speak_of_the_probability_of_the_positive_label() -> None:
    model = Chance(lambda rows: 0.2 + 0.5 * rows.owner)
    more = {"label": "c", "favorable": "yes", "task": None, "features": ["age", "owner"]}
    found = run(people(), model, **more)
    assert evidence(found, "owner").title == "How P(yes) moves with owner"
    measure = found.measure("largest_effect", over="owner")
    assert (measure.value, measure.unit) == (pytest.approx(0.5), "probability")
    assert found.measure("largest_effect", over="age").value == 0


def test_a_model_of_several_classes_speaks_of_the_positive_one() -> None:
    class Three(Formula):
        classes_ = np.array(["a", "b", "c"])

        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            second = super().predict(rows)
            return np.column_stack([(1 - second) / 2, second, (1 - second) / 2])

        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return self.classes_[self.predict_proba(rows).argmax(axis=1)]

    frame = people().assign(c=np.resize(["a", "b", "c"], 1000))
    more = {"label": "c", "favorable": "b", "task": None, "features": ["age", "owner"]}
    found = run(frame, Three(lambda rows: 0.3 + 0.2 * rows.owner), **more)
    assert found.measure("largest_effect", over="owner").value == pytest.approx(0.2)
    assert "P(b)" in evidence(found, "owner").caption


def test_a_model_of_bare_decisions_speaks_of_the_share_decided() -> None:
    class Bare:
        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return np.where(rows.age >= 40, "yes", "no")

    more = {"label": "c", "favorable": "yes", "task": None, "features": ["age", "income"]}
    found = run(people(), Bare(), **more)
    measure = found.measure("largest_effect", over="age")
    assert (measure.value, measure.unit) == (pytest.approx(1.0), "share")
    assert found.measure("largest_effect", over="income").value == 0


# ------------------------------------------------------------------------------------------------------- which columns


def many_columns(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({f"x{place}": rng.normal(size=n) for place in range(8)} | {"y": rng.normal(size=n)})


@pytest.mark.parametrize("cheap", [False, True], ids=["Shapley", "shuffled"])
def test_the_columns_of_largest_importance_are_shown(cheap: bool) -> None:
    weights = np.array([1, 6, 2, 0, 4, 0, 1, 9])
    names = [f"x{place}" for place in range(8)]
    frame = many_columns()
    if cheap:

        class Bare:
            def predict(self, rows: pd.DataFrame) -> np.ndarray:
                return np.where(rows[names] @ weights > 0, "yes", "no")

        frame["y"] = np.resize(["no", "yes"], len(frame))
        found = run(frame, Bare(), {"most": 3}, features=names, task=None, favorable="yes")
        assert "largest mean change when shuffled" in found.evidence[0].caption
    else:
        model = LinearRegression().fit(frame[names], frame[names] @ weights)
        found = run(frame, model, {"most": 3}, features=names)
        assert "the 3 columns of largest mean abs(φ) out of 8" in found.evidence[0].caption
    assert [measure.over for measure in found.measures] == [("x7",), ("x1",), ("x4",)]


def test_importance_is_not_asked_for_a_second_time() -> None:
    names, frame = [f"x{place}" for place in range(8)], many_columns()
    model = Formula(lambda rows: rows[names].sum(axis=1))
    subject = Subject(frame, model=model, label="y", features=names, task="regression")
    run_one(shap_importance, subject, shap_importance.defaults)
    before = model.rows
    assert run_one(effects, subject, effects.defaults).status == "measured"
    assert model.rows - before == 5 * 2 * len(frame)


def test_named_columns_are_shown_in_their_order() -> None:
    found = run(people(), Formula(linear), {"columns": ["town", "age"]})
    assert [measure.over for measure in found.measures] == [("town",), ("age",)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["agee"]}, "the model reads no column 'agee'. Did you mean 'age'?"),
        ({"columns": []}, "got [], wanted a list of at least one column"),
        ({"columns": "age"}, "got 'age', wanted a list"),
        ({"columns": 5}, "got 5, wanted a list"),
        ({"fewest": 4}, "option 'fewest' of explanations.effects: got 4, wanted at least 5"),
        ({"bins": 0}, "option 'bins' of explanations.effects: got 0"),
    ],
)
def test_wrong_options_get_one_line(options: dict[str, object], said: str) -> None:
    from auditkit.errors import ConfigurationError

    subject = Subject(
        people(), model=Formula(linear), label="y", features=["age", "income", "town", "owner"], task="regression"
    )
    with pytest.raises(ConfigurationError) as caught:
        effects.run(subject, effects.options(options))
    assert said in str(caught.value)


# ---------------------------------------------------------------------------------------------------- what is left out


def test_rows_without_a_value_are_left_out_of_that_column_and_counted() -> None:
    frame = people()
    frame["age"] = frame.age.astype(float)
    frame.loc[::10, "age"] = np.nan
    frame.loc[::4, "town"] = None
    model = Formula(lambda rows: rows.age.fillna(1000) * 2 + rows.town.map({"genf": 3.0}).fillna(0))
    found = run(frame, model)
    assert found.measure("largest_effect", over="age").n == 900
    assert "100 rows without a value of age left out." in evidence(found, "age").caption
    for age, _, value, *_ in evidence(found, "age").rows:
        assert value == pytest.approx(2 * (age - frame.age.mean()), abs=1e-9)
    assert "250 rows without a value of town left out." in evidence(found, "town").caption
    assert {row[0] for row in evidence(found, "town").rows} == set(TOWNS)
    assert "left out" not in evidence(found, "income").caption


def test_rare_values_are_not_named() -> None:
    frame = people()
    frame.loc[:5, "town"] = "hidden village"
    found = run(frame, Formula(lambda rows: (rows.town == "genf") * 1.0))
    assert "hidden village" not in str(found.evidence)
    assert "6 rows with rarer values are not shown as such." in evidence(found, "town").caption


@pytest.mark.parametrize("kind", ["object", "category", "string"])
def test_types_of_text_are_handed_on_as_they_came(kind: str) -> None:
    frame = people()
    frame["town"] = frame.town.astype(kind)
    assert (
        run(frame, Formula(lambda rows: (rows.town == "genf") * 1.0)).measure("largest_effect", over="town").value == 1
    )


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        (7.0, "undefined", "one value"),
        (np.nan, "insufficient", "0 rows have a value of odd, at least 40 are needed"),
        ("all", "undefined", "1 values with at least 20 rows"),
        (pd.date_range("2020-01-01", periods=1000), "undefined", "holds dates or times"),
        ([datetime.date(2020, 1, 1 + day % 28) for day in range(1000)], "undefined", "holds dates or times"),
        ([f"person {row}" for row in range(1000)], "insufficient", "0 values with at least 20 rows"),
        (np.arange(1000) == 0, "insufficient", "1 values with at least 20 rows"),
        ([0.0] * 998 + [1.0, 2.0], "undefined", "one value, all but a few rows"),
    ],
    ids=["constant", "missing", "one text", "times", "dates", "names", "one true", "two others"],
)
def test_columns_without_an_effect_to_see_say_why(values: object, status: str, said: str) -> None:
    found = run(people().assign(odd=values), Formula(lambda rows: rows.age * 1.0), features=["age", "odd"])
    measure = found.measure("largest_effect", over="odd")
    assert (measure.value, measure.status) == (None, status)
    assert said in str(measure.reason)
    assert found.measure("largest_effect", over="age").value == pytest.approx(39)


def test_no_edge_is_the_value_of_fewer_than_five_people() -> None:
    frame = people()
    frame.loc[0, "income"] = 987_654.3
    found = run(frame, Formula(linear), {"pdp": True})
    assert "987654" not in str(found).replace(",", "").replace("_", "")
    edges = [row[0] for row in evidence(found, "income").rows]
    assert (frame.income >= edges[-1]).sum() >= 5
    assert (frame.income <= edges[0]).sum() >= 5


# -------------------------------------------------------------------------------------------------------------- budget


@pytest.mark.parametrize("budget", [2000, 10_000, 60_000])
def test_the_model_is_asked_for_no_more_rows_than_the_budget_in_calls_of_at_most_10_000(budget: int) -> None:
    frame, model = people(8000), Formula(linear)
    options = {"rows": 8000, "budget": budget, "pdp": budget > 20_000, "interactions": budget > 20_000}
    subject = Subject(frame, model=model, label="y", features=["age", "income", "town", "owner"], task="regression")
    model.rows, model.largest = 0, 0
    found = run_one(effects, subject, effects.options(options))
    assert found.status == "measured", found.reason
    assert budget / 4 < model.rows <= budget
    assert model.largest <= 10_000


def test_a_budget_that_is_too_small_says_how_large_it_must_be() -> None:
    found = run(people(), Formula(linear), {"budget": 300})
    assert found.status == "insufficient data"
    assert "pay for 37 rows, at least 100 are needed: 200 model rows" in str(found.reason)


def test_the_same_rows_give_the_same_bytes_and_few_rows_say_so() -> None:
    options = {"pdp": True, "interactions": True}
    assert run(people(), Formula(linear), options) == run(people(), Formula(linear), options)
    assert run(people(99), Formula(linear)).reason == "99 test rows, at least 100 are needed"


def test_rows_of_one_cluster_count_together() -> None:
    frame = people()
    twice = pd.concat([frame] * 10, ignore_index=True).assign(who=np.tile(np.arange(1000), 10))
    model = Formula(lambda rows: rows.age * rows.income)
    one, ten = run(frame, model), run(twice, model, {"rows": 10_000}, cluster="who")
    width = [row[4] - row[3] for row in evidence(one, "age").rows]
    again = [row[4] - row[3] for row in evidence(ten, "age").rows]
    assert np.mean(again) == pytest.approx(np.mean(width), rel=0.3)


# ----------------------------------------------------------------------------------------------------------- on request


def test_dependence_says_how_many_rows_go_the_other_way_and_shows_no_row() -> None:
    frame = people()
    model = Formula(lambda rows: np.where(rows.owner, -1.0, 2.0) * rows.age)
    found = run(frame, model, {"pdp": True, "columns": ("age",)})
    share = found.measure("against_direction", over="age")
    assert share.value == pytest.approx(frame.owner.mean(), abs=0.03)
    assert share.interval.method == "Wilson"
    drawn = evidence(found, "dependence.age")
    assert {row[0] for row in drawn.rows} == {"mean", "10 % of rows", "90 % of rows"}
    top, mean, bottom = (
        [row[2] for row in drawn.rows if row[0] == name] for name in ("90 % of rows", "mean", "10 % of rows")
    )
    assert all(low < middle < high for low, middle, high in zip(bottom, mean, top, strict=True))
    assert len(drawn.rows) <= 63


def test_dependence_is_that_of_scikit_learn() -> None:
    frame = people()
    names = ["age", "income"]
    model = RandomForestRegressor(20, max_depth=6, random_state=0).fit(frame[names], frame.age * np.log(frame.income))
    drawn = evidence(run(frame, model, {"pdp": True}, features=names), "dependence.income")
    rows = [row for row in drawn.rows if row[0] == "mean"]
    grid = np.array([row[1] for row in rows])
    theirs = partial_dependence(model, frame[names], ["income"], custom_values={"income": grid}, method="brute")
    mine = np.array([row[2] for row in rows]) + model.predict(frame[names]).mean()
    assert mine == pytest.approx(theirs["average"][0], abs=1e-9)


def test_a_flat_dependence_has_no_direction() -> None:
    measure = run(people(), Formula(lambda rows: rows.age * 0.0), {"pdp": True}).measure(
        "against_direction", over="age"
    )
    assert (measure.status, measure.reason) == (
        "undefined",
        "undefined: the partial dependence is flat, it has no direction",
    )


def test_dependence_of_values_is_a_table() -> None:
    found = run(people(), Formula(linear), {"pdp": True})
    drawn = evidence(found, "dependence.town")
    assert drawn.kind == "table"
    assert [row[0] for row in drawn.rows] == ["genf", "basel", "bern"]
    assert found.measure("against_direction", over="town").value == 0


def test_interactions_are_0_of_a_sum_and_found_in_a_product() -> None:
    frame = people()
    frame["age"] -= 40
    none = run(frame, Formula(linear), {"interactions": True})
    known = [measure for measure in none.measures if measure.name == "interaction"]
    assert len(known) == 6
    assert [measure.value for measure in known] == pytest.approx([0.0] * 6, abs=1e-20)
    model = Formula(lambda rows: rows.age * np.where(rows.owner, 1.0, -1.0) + rows.income * 0.001)
    found = run(frame, model, {"interactions": True})
    assert found.measure("interaction", over=("age", "owner")).value > 0.8
    assert found.measure("interaction", over=("age", "income")).value == pytest.approx(0.0, abs=1e-12)
    assert found.measure("interaction", over=("town", "owner")).value == pytest.approx(0.0, abs=1e-12)
    assert evidence(found, "interactions").rows[0][0] == "age × owner"


def test_what_lacks_rows_on_request_takes_nothing_from_the_rest() -> None:
    frame = people().astype({"age": float})
    frame.loc[20:, "age"] = frame.age[20:].where(frame.index[20:] % 2 == 0)
    frame.loc[20:, "town"] = frame.town[20:].where(frame.index[20:] % 2 == 1)
    found = run(frame, Formula(lambda rows: rows.age.fillna(0)), {"columns": ["age", "town"], "interactions": True})
    measure = found.measure("interaction", over=("age", "town"))
    assert (measure.value, measure.status) == (None, "insufficient")
    assert "20 rows without a missing value allow for 20 rows; interactions of 2 columns need at least 30" in str(
        measure.reason
    )
    assert found.measure("largest_effect", over="age").status == "measured"
    small = run(people(), Formula(linear), {"pdp": True, "budget": 7000})
    assert small.measure("against_direction", over="age").status == "insufficient"
    assert small.measure("largest_effect", over="age").status == "measured"


def test_nothing_is_made_that_was_not_asked_for() -> None:
    assert {measure.name for measure in run(people(), Formula(linear)).measures} == {"largest_effect"}


def test_without_a_model_it_says_what_to_pass() -> None:
    found = run_one(effects, Subject(people(), label="y", prediction="age", task="regression"), effects.defaults)
    assert (found.status, found.reason) == ("not applicable", "no model was given, only its predictions; pass model=")
