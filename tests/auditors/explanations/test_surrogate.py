"""Rules that imitate the model: read back word by word, checked on other rows, and never hidden."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.svm import LinearSVC

from auditkit.auditing import run_one
from auditkit.auditors.explanations.surrogate import surrogate
from auditkit.explainers.readable import Numbers, Span
from auditkit.explainers.surrogate import fit_surrogate
from auditkit.finding import Finding
from auditkit.subject import Subject


class Rule:
    """A model that is itself a small tree: nobody under 30.5 passes; of the others, those of two towns."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        chance = np.where(frame.age < 30.5, 0.0, np.where(frame.town.isin(["bern", "genf"]), 0.9, 0.6))
        return np.column_stack([1 - chance, chance])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return self.classes_[(self.predict_proba(frame)[:, 1] >= 0.5).astype(int)]


def people(n: int = 2000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 70, n),
            "town": rng.choice(["bern", "genf", "basel", "chur"], n),
            "income": rng.lognormal(3, 1, n).round(2),
            "y": rng.choice(["no", "yes"], n),
        }
    )


def run(test: pd.DataFrame, model: object, options: dict[str, object] | None = None, **more: object) -> Finding:
    given = {"label": "y", "favorable": "yes", "features": ["age", "town", "income"], **more}
    return run_one(surrogate, Subject(test, model=model, **given), surrogate.options(options or {}))


def boosted(train: pd.DataFrame, columns: list[str], words: list[str], y: pd.Series) -> Pipeline:
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    parts = ColumnTransformer([("words", encode, words)], remainder="passthrough")
    end = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    return Pipeline([("encode", parts), ("end", end)]).fit(train[columns], y)


def holds(rule: str, frame: pd.DataFrame) -> np.ndarray:
    """Read a printed rule back, without the code that printed it."""
    found = np.ones(len(frame), dtype=bool)
    if rule == "all rows":
        return found
    for condition in rule.split(" and "):
        part = condition.removeprefix("(").removesuffix(" or missing)")
        missing_too = part != condition
        if match := re.fullmatch(r"(\w+) is missing", part):
            one = frame[match[1]].isna()
        elif match := re.fullmatch(r"(\w+) is not missing", part):
            one = frame[match[1]].notna()
        elif match := re.fullmatch(r"(\S+) ≤ (\w+) < (\S+)", part):
            one = (frame[match[2]] >= float(match[1])) & (frame[match[2]] < float(match[3]))
        elif match := re.fullmatch(r"(\w+) (<|≥) (\S+)", part):
            value = float(match[3])
            one = frame[match[1]] < value if match[2] == "<" else frame[match[1]] >= value
        elif match := re.fullmatch(r"(\w+) is (not|none of) (.+)", part):
            one = ~frame[match[1]].astype(object).fillna("(missing)").astype(str).isin(match[3].split(", "))
        else:
            match = re.fullmatch(r"(\w+) is (?:one of )?(.+)", part)
            one = frame[match[1]].astype(object).fillna("(missing)").astype(str).isin(match[2].split(", "))
        if missing_too:
            name = next(word for word in re.findall(r"\w+", part) if word in frame)
            one |= frame[name].isna()
        found &= one.to_numpy()
    return found


def test_a_model_that_is_a_small_tree_is_found_in_its_own_words() -> None:
    found = run(people(seed=1), Rule(), train=people())
    rules = {row[0]: row for row in found.evidence[0].rows}
    assert set(rules) == {
        "age ≥ 31 and town is one of bern, genf",
        "age ≥ 31 and town is none of bern, genf",
        "age < 31",
    }
    assert [row[3] for row in found.evidence[0].rows] == pytest.approx([0.9, 0.6, 0.0])
    assert found.measure("r_squared").value == pytest.approx(1)
    assert found.measure("agreement").value == 1
    assert found.measure("constant_agreement").value < 0.8
    assert "These rules imitate the model with R² 1.00" in found.evidence[0].caption


def mixed(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 70, n).astype(float),
            "income": rng.lognormal(3, 1.5, n),
            "town": rng.choice([f"t{i}" for i in range(40)], n, p=np.arange(1, 41) / 820),
            "job": rng.choice(["a", "b", "c", None], n),
            "owner": rng.random(n) < 0.3,
            "tiny": rng.integers(0, 5, n) * 1e-9 + 1e-3,
        }
    )
    frame.loc[rng.random(n) < 0.2, "income"] = np.nan
    frame.loc[rng.random(n) < 0.1, "age"] = np.nan
    output = (
        frame.income.fillna(60).clip(upper=90) / 30
        + frame.town.isin(["t39", "t38", "t20", "t3"]) * 1.5
        + (frame.job == "a") * 1.0
        + frame.owner * 0.8
        + frame.tiny.gt(1e-3 + 2.5e-9) * 1.1
        + frame.age.isna() * 2.0
    )
    return frame, output.to_numpy(dtype=float)


@pytest.mark.parametrize("seed", range(6))
def test_printed_rules_read_back_are_the_leaves_each_row_is_in_exactly_one(seed: int) -> None:
    frame, output = mixed(1500, seed)
    tree = fit_surrogate(frame, list(frame.columns), output, depth=4, leaves=12, fewest=20)
    assert len(tree.rules) == 12
    for rows in (frame, mixed(1500, seed + 100)[0]):
        leaves = tree.leaves(rows)
        for leaf, rule in enumerate(tree.rules):
            assert np.array_equal(holds(rule, rows), leaves == leaf), rule


@pytest.mark.parametrize("seed", range(3))
def test_no_leaf_and_no_named_value_has_fewer_rows_than_asked_and_depth_is_kept(seed: int) -> None:
    frame, output = mixed(800, seed)
    tree = fit_surrogate(frame, list(frame.columns), output, depth=3, leaves=12, fewest=25)
    assert np.bincount(tree.leaves(frame)).min() >= 25
    assert len(tree.rules) <= 8
    counts = frame.town.value_counts()
    named = {text for rule in tree.rules for text in re.findall(r"t\d+", rule)}
    assert all(counts[town] >= 25 for town in named)


def test_the_tree_is_that_of_scikit_learn_on_numbers() -> None:
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(900, 3)), columns=["one", "two", "three"])
    output = np.where(frame.one > 0.3, frame.two, -frame.three) + rng.normal(size=900) * 0.1
    tree = fit_surrogate(frame, list(frame.columns), output, depth=4, leaves=12, fewest=20)
    plain = DecisionTreeRegressor(max_depth=4, max_leaf_nodes=12, min_samples_leaf=20, random_state=0)
    expected = plain.fit(frame.to_numpy(), output).predict(frame.to_numpy())
    place = tree.leaves(frame)
    means = np.bincount(place, weights=output) / np.bincount(place)
    assert means[place] == pytest.approx(expected)


def test_fidelity_is_measured_on_test_rows_with_leaves_from_training_rows() -> None:
    train, test = people(3000), people(3000, 1)
    y = np.where(train.income + train.age + 20 * (train.town == "bern") > 80, "yes", "no")
    model = boosted(train, ["age", "town", "income"], ["town"], y)
    found = run(test, model, train=train)
    rows = found.evidence[0].rows
    output = model.predict_proba(test[["age", "town", "income"]])[:, 1]
    imitated, decided = np.empty(3000), np.empty(3000, dtype=object)
    for row in rows:
        here = holds(str(row[0]), test)
        imitated[here], decided[here] = row[4], row[5]
        if row[1] is not None:
            assert row[1] == here.sum()
            assert row[3] == pytest.approx(output[here].mean())
    constant = model.predict_proba(train[["age", "town", "income"]])[:, 1].mean()
    base = ((output - constant) ** 2).sum()
    assert found.measure("r_squared").value == pytest.approx(1 - ((output - imitated) ** 2).sum() / base)
    assert found.measure("r_squared").value == pytest.approx(r2_score(output, imitated), abs=0.01)
    own = model.predict(test[["age", "town", "income"]])
    assert found.measure("agreement").value == pytest.approx((own == decided).mean())
    assert found.measure("constant_agreement").value == pytest.approx(max((own == v).mean() for v in ("yes", "no")))
    assert found.measure("agreement").interval.method == "Wilson"


def test_rules_that_do_not_describe_the_model_are_shown_with_a_sentence_that_says_so() -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(3000, 8)), columns=list("abcdefgh"))
    y = np.where(np.prod(np.sign(frame.to_numpy()[:, :6]), axis=1) > 0, "yes", "no")
    model = RandomForestClassifier(30, random_state=0).fit(frame, y)
    found = run(frame.assign(y=y), model, features=list("abcdefgh"))
    assert found.measure("r_squared").value < 0.3
    assert found.evidence[0].caption.startswith("These rules do not describe the model well: R²")
    assert len(found.evidence[0].rows) > 1
    lenient = run(frame.assign(y=y), model, {"bar": 0.0}, features=list("abcdefgh"))
    assert lenient.evidence[0].rows == found.evidence[0].rows


def test_without_training_rows_other_test_rows_make_the_rules() -> None:
    found = run(people(), Rule())
    assert "Made from 1,000 other test rows, checked on 1,000 test rows" in found.evidence[0].caption


def test_a_regression_has_no_decisions_to_agree_with() -> None:
    frame = people()
    frame["y"] = frame.income * 2 + frame.age
    model = LinearRegression().fit(frame[["age", "income"]], frame.y)
    found = run(frame, model, features=["age", "income"], favorable=None)
    assert [m.name for m in found.measures] == ["r_squared"]
    assert found.measures[0].value > 0.8
    assert len(found.evidence[0].columns) == 5


def test_a_model_without_probabilities_is_imitated_in_its_decisions() -> None:
    frame = people()
    y = np.where(frame.age > 40, "yes", "no")
    found = run(frame, LinearSVC(max_iter=10_000).fit(frame[["age"]], y), features=["age"])
    assert found.measure("agreement").value > 0.97
    assert found.evidence[0].columns[3].name == "mean share decided yes of the model"


def test_of_more_than_two_classes_the_output_is_that_of_the_positive_one_and_decisions_are_all() -> None:
    frame = people(3000)
    frame["y"] = np.select([frame.age < 30, frame.age < 50], ["low", "middle"], "high")
    model = Pipeline(
        [
            ("encode", ColumnTransformer([("w", OneHotEncoder(), ["town"])], remainder="passthrough")),
            ("end", RandomForestClassifier(20, max_depth=6, random_state=0)),
        ]
    ).fit(frame[["age", "town", "income"]], frame.y)
    found = run(frame, model, favorable="high")
    assert {row[5] for row in found.evidence[0].rows} == {"high", "middle"}
    assert found.measure("r_squared").value > 0.9


class Constant(Rule):
    """The same for everybody."""

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        return np.tile([0.75, 0.25], (len(frame), 1))


def test_a_model_with_one_answer_has_one_rule_and_no_r_squared() -> None:
    found = run(people(), Constant())
    assert [row[0] for row in found.evidence[0].rows] == ["all rows"]
    assert found.measure("r_squared").status == "undefined"
    assert found.measure("agreement").value == found.measure("constant_agreement").value == 1
    assert "nothing to imitate" in found.evidence[0].caption


def test_rules_with_few_test_rows_show_no_figures_and_none_follows_from_the_others() -> None:
    train, test = people(2000), people(2000, 1)
    test = test[(test.age >= 31) | (np.arange(2000) < 30)]
    found = run(test, Rule(), train=train)
    hidden = [row for row in found.evidence[0].rows if row[1] is None]
    assert len(hidden) == 2
    assert all(row[2] is None and row[3] is None and row[6] is None for row in hidden)
    assert "fewer than 20 test rows" in found.evidence[0].caption


@pytest.mark.parametrize(
    ("frame", "model", "options", "status", "reason"),
    [
        (people(80), Rule(), {}, "insufficient data", "40 rows to make or to check rules with, at least 100"),
        (people(), None, {}, "not applicable", "no model was given"),
        (people(), Rule(), {"depth": 0}, "error", "option 'depth' of explanations.surrogate: got 0"),
    ],
)
def test_what_cannot_be_measured_says_why(
    frame: pd.DataFrame, model: object, options: dict[str, object], status: str, reason: str
) -> None:
    found = run(frame.assign(p=frame.y), model, options, **({} if model else {"prediction": "p"}))
    assert found.status == status
    assert reason in found.reason


def test_rows_of_one_cluster_stay_on_one_side_and_widen_the_bounds() -> None:
    base = people(400)
    y = np.where(base.income + base.age > 70, "yes", "no")
    model = boosted(base, ["age", "town", "income"], ["town"], y)
    frame = pd.concat([base.assign(person=np.arange(400))] * 10, ignore_index=True)
    plain, clustered = run(frame, model), run(frame, model, cluster="person")
    for name in ("r_squared", "agreement"):
        widths = [f.measure(name).interval.high - f.measure(name).interval.low for f in (plain, clustered)]
        assert widths[1] > 1.5 * widths[0]


def test_dates_infinite_numbers_and_awkward_words_are_written_so_that_they_can_be_read() -> None:
    n = 400
    born = [datetime.date(1950 + i % 50, 3, 14) for i in range(n)]
    frame = pd.DataFrame(
        {
            "born": born,
            "size": np.where(np.arange(n) % 3 == 0, np.inf, np.arange(n) * 1e30),
            "kind": np.where(np.arange(n) % 2 == 0, "salt and pepper, mixed", "plain"),
        }
    )
    output = np.array([float(day.year >= 1980) for day in born])
    assert fit_surrogate(frame, ["born"], output, depth=1, leaves=2, fewest=20).rules == (
        "born < 1980-03-14",
        "born ≥ 1980-03-14",
    )
    output = (frame["size"] == np.inf).to_numpy(dtype=float)
    assert fit_surrogate(frame, ["size"], output, depth=1, leaves=2, fewest=20).rules == (
        "size is not missing",
        "size is missing",
    )
    output = (frame.kind == "plain").to_numpy(dtype=float)
    rules = fit_surrogate(frame, ["kind"], output, depth=1, leaves=2, fewest=20).rules
    assert "kind is plain" in rules
    assert "kind is not plain" in rules or "kind is 'salt and pepper, mixed'" in rules


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [(30, 31, 31), (5060, 5178, 5100), (0.123, 0.1234, 0.1232), (-3, -2, -2), (-0.6, 0.7, 0.05), (1e-9, 2e-9, 2e-9)],
)
def test_thresholds_are_the_shortest_numbers_that_part_the_rows(below: float, above: float, expected: float) -> None:
    found = Numbers("x", dates=False, gaps=False).between(float(below), float(above))
    assert below < found <= above
    assert found == pytest.approx(expected, rel=1e-12)
    assert "e" not in Numbers("x", dates=False, gaps=False).words(Span(found)).removeprefix("x ≥ ")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_threshold_parts_any_two_numbers(one: float, two: float) -> None:
    below, above = sorted((one, two))
    if below < above:
        assert below < Numbers("x", dates=False, gaps=False).between(below, above) <= above


def test_same_rows_in_another_order_give_the_same_rules() -> None:
    frame = people(2000)
    y = np.where(frame.income + frame.age > 70, "yes", "no")
    model = boosted(frame, ["age", "town", "income"], ["town"], y)
    first, second = run(frame, model), run(frame.sample(frac=1, random_state=3), model)
    assert first.evidence == second.evidence
