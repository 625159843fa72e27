"""Every explainer equals brute force on small games, and its shares add up in the reviewer's own columns."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from auditkit.errors import InsufficientData, ModelError
from auditkit.explainers.attribution import Task
from auditkit.explainers.dispatch import explain
from auditkit.explainers.permutation import explain_permutation
from auditkit.explainers.shap_trees import explain_shap_trees

RNG = np.random.default_rng(0)
NUMBERS = pd.DataFrame(RNG.normal(size=(300, 3)), columns=["a", "b", "c"])
TARGET = (NUMBERS.a + NUMBERS.a * NUMBERS.b + RNG.normal(size=300) * 0.3 > 0).astype(int)
MIXED = NUMBERS.assign(job=RNG.choice(["x", "y", "z"], 300), town=RNG.choice(["p", "q"], 300))


def task(
    estimator: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    answer: object,
    positive: int | None = 1,
    budget: int = 10**6,
) -> Task:
    return Task(estimator, answer, positive, rows, background, np.random.default_rng(1), budget)


def brute_force(answer: object, rows: pd.DataFrame, background: pd.DataFrame) -> np.ndarray:
    columns = list(rows.columns)
    worth = {}
    for size in range(len(columns) + 1):
        for coalition in combinations(columns, size):
            values = []
            for _, row in rows.iterrows():
                mixed = background.copy()
                for name in coalition:
                    mixed[name] = row[name]
                values.append(np.mean(answer(mixed)))
            worth[frozenset(coalition)] = np.array(values)
    shares = np.zeros((len(rows), len(columns)))
    m = len(columns)
    for place, name in enumerate(columns):
        for coalition in [c for c in worth if name not in c]:
            weight = factorial(len(coalition)) * factorial(m - len(coalition) - 1) / factorial(m)
            shares[:, place] += weight * (worth[coalition | {name}] - worth[coalition])
    return shares


def test_linear_closed_form_equals_brute_force() -> None:
    model = LogisticRegression().fit(NUMBERS, TARGET)
    rows, background = NUMBERS[:5], NUMBERS[100:140]
    found = explain(task(model, rows, background, None))
    assert found.method == "linear, closed form"
    np.testing.assert_allclose(found.values, brute_force(model.decision_function, rows, background), atol=1e-9)


def test_linear_regression_is_explained_in_its_target() -> None:
    model = LinearRegression().fit(NUMBERS, NUMBERS.a * 2)
    found = explain(task(model, NUMBERS[:5], NUMBERS[100:140], None, positive=None))
    assert (found.units, found.additivity_error < 1e-9) == ("target", True)


@pytest.mark.parametrize("positive", [0, 1])
def test_forest_equals_brute_force_for_either_class(positive: int) -> None:
    model = RandomForestClassifier(10, max_depth=4, random_state=0).fit(NUMBERS.to_numpy(), TARGET)
    rows, background = NUMBERS[:4], NUMBERS[100:125]
    found = explain(task(model, rows.to_numpy(), background.to_numpy(), None, positive))
    expected = brute_force(lambda frame: model.predict_proba(frame.to_numpy())[:, positive], rows, background)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


def test_a_background_of_300_rows_is_used_whole() -> None:
    model = RandomForestRegressor(5, max_depth=3, random_state=0).fit(NUMBERS.to_numpy(), NUMBERS.a)
    found = explain(task(model, NUMBERS.to_numpy()[:3], NUMBERS.to_numpy(), None, positive=None))
    assert found.base[0] == pytest.approx(model.predict(NUMBERS.to_numpy()).mean(), abs=1e-9)


def test_histogram_boosting_is_never_explained_interventionally() -> None:
    model = HistGradientBoostingClassifier(max_iter=20).fit(NUMBERS.to_numpy(), TARGET)
    found = explain_shap_trees(task(model, NUMBERS.to_numpy()[:50], NUMBERS.to_numpy()[100:], None))
    assert found is not None
    assert "path-dependent" in found.method
    assert found.additivity_error < 1e-6


@pytest.mark.parametrize(
    "end",
    [LogisticRegression(), RandomForestClassifier(10, random_state=0), HistGradientBoostingClassifier(max_iter=20)],
)
@pytest.mark.parametrize("encoder", [OneHotEncoder(sparse_output=False), OrdinalEncoder()])
def test_a_pipeline_with_strings_is_explained_in_its_original_columns(end: object, encoder: object) -> None:
    encode = ColumnTransformer([("words", encoder, ["job", "town"])], remainder="passthrough")
    model = Pipeline([("encode", encode), ("end", end)]).fit(MIXED, TARGET)
    found = explain(task(model, MIXED[:40], MIXED[100:160], None))
    assert ("sum of encoded attributions" in found.method) == isinstance(end, LogisticRegression)
    assert found.values.shape == (40, 5)
    assert found.additivity_error < 1e-4
    assert np.abs(found.values).mean(axis=0).argmax() == 0


def test_a_step_that_mixes_columns_is_left_to_the_black_box() -> None:
    mix = FunctionTransformer(lambda frame: np.c_[frame["a"] + frame["b"], frame["c"]])
    model = Pipeline([("mix", mix), ("end", LogisticRegression())]).fit(NUMBERS, TARGET)
    found = explain(task(model, NUMBERS[:5], NUMBERS[100:140], lambda frame: model.predict_proba(frame)[:, 1]))
    assert found.method == "permutation sampling on the original columns"


def test_permutation_sampling_takes_strings_adds_up_and_comes_close_to_brute_force() -> None:
    encode = ColumnTransformer([("words", OneHotEncoder(), ["job", "town"])], remainder="passthrough")
    model = Pipeline([("encode", encode), ("end", RandomForestClassifier(10, random_state=0))]).fit(MIXED, TARGET)

    def answer(frame: pd.DataFrame) -> np.ndarray:
        return model.predict_proba(frame)[:, 1]

    rows, background = MIXED[:3], MIXED[100:120].reset_index(drop=True)
    exact = brute_force(answer, rows, background)
    repeated = pd.concat([rows] * 20, ignore_index=True)
    found = [
        explain_permutation(Task(None, answer, 1, repeated, background, np.random.default_rng(s), 10**6))
        for s in range(20)
    ]
    assert max(each.additivity_error for each in found) < 1e-12
    mean = np.mean([each.values for each in found], axis=0).reshape(20, 3, 5).mean(axis=0)
    np.testing.assert_allclose(mean, exact, atol=0.02)


def test_an_explainer_that_is_passed_over_leaves_a_note() -> None:
    mix = FunctionTransformer(lambda frame: np.c_[frame["a"] + frame["b"], frame["c"]])
    model = Pipeline([("mix", mix), ("end", LogisticRegression())]).fit(NUMBERS, TARGET)
    found = explain(task(model, NUMBERS[:5], NUMBERS[100:140], lambda frame: model.predict_proba(frame)[:, 1]))
    assert "pipeline: not used, an encoded column mixes several original ones, or rows" in found.notes


@pytest.mark.parametrize(
    "step",
    [
        lambda frame: np.c_[frame["a"].rank(), frame["b"], frame["c"]],  # of rows among rows
        lambda frame: np.c_[frame["a"], frame["b"], (frame["a"] > 1.2) & (frame["b"] > 1.2)],  # seldom mixes
    ],
)
def test_a_step_that_mixes_rows_or_seldom_mixes_columns_is_found_out(step: object) -> None:
    model = Pipeline([("step", FunctionTransformer(step)), ("end", LogisticRegression())]).fit(NUMBERS, TARGET)
    kept = NUMBERS[~((NUMBERS["a"] > 1) & (NUMBERS["b"] > 1))]  # in no row is anything mixed yet
    found = explain(task(model, kept[:60], kept[100:200], lambda frame: model.predict_proba(frame)[:, 1]))
    assert found.method == "permutation sampling on the original columns"


def test_a_step_of_ones_own_that_takes_each_column_for_itself_is_looked_into() -> None:
    step = FunctionTransformer(lambda frame: np.c_[np.tanh(frame["a"]), frame["b"] ** 2, frame["c"] > 0])
    model = Pipeline([("step", step), ("end", LogisticRegression())]).fit(NUMBERS, TARGET)
    found = explain(task(model, NUMBERS[:5], NUMBERS[100:140], None))
    assert found.method.startswith("linear, closed form")
    expected = brute_force(model.decision_function, NUMBERS[:5], NUMBERS[100:140])
    np.testing.assert_allclose(found.values, expected, atol=1e-9)


@pytest.mark.parametrize("end", [LogisticRegression(), RandomForestClassifier(5, random_state=0)])
def test_a_model_trained_on_an_array_reads_a_frame_without_a_warning(end: object) -> None:
    model = end.fit(NUMBERS.to_numpy(), TARGET)
    assert "permutation" not in explain(task(model, NUMBERS[:20], NUMBERS[100:140], None)).method


WIDE = pd.DataFrame(RNG.normal(size=(1500, 18)), columns=[f"c{place}" for place in range(18)])


def test_deep_forests_against_a_large_background_are_sampled_and_the_notes_say_why() -> None:
    model = RandomForestClassifier(20, random_state=0).fit(WIDE, RNG.integers(0, 2, 1500))
    found = explain(task(model, WIDE[:100], WIDE, lambda rows: model.predict_proba(rows)[:, 1], budget=20_000))
    assert found.method == "permutation sampling on the original columns"
    assert found.asked <= 20_000
    for part in ("too many leaves and players for exact tables", "take too long", "of 100 rows only"):
        assert any(part in note for note in found.notes)


def test_middling_forests_explain_the_first_rows_only_and_say_so() -> None:
    model = RandomForestClassifier(2, random_state=0).fit(WIDE, RNG.integers(0, 2, 1500))
    found = explain(task(model, WIDE, WIDE, None))
    assert found.method == "trees, interventional (shap)"
    assert 100 <= len(found.values) < len(WIDE)
    assert "the first rows only: the trees are many and deep" in found.notes


def test_a_budget_too_small_says_what_is_needed() -> None:
    with pytest.raises(
        InsufficientData, match=r"explains 4 rows of 3 columns, at least 20 are needed; raise budget to 860"
    ):
        explain(task(None, NUMBERS[:50], NUMBERS[100:140], lambda rows: rows["a"].to_numpy(), budget=230))


def test_an_answer_that_is_not_finite_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="not finite"):
        explain(task(None, NUMBERS[:30], NUMBERS[100:140], lambda rows: np.full(len(rows), np.nan)))


def test_a_black_box_gets_at_most_10000_rows_a_call_and_what_it_is_said_to_get() -> None:
    calls: list[int] = []

    def answer(rows: pd.DataFrame) -> np.ndarray:
        calls.append(len(rows))
        return rows["a"].to_numpy() * rows["b"].to_numpy()

    found = explain(task(None, pd.concat([NUMBERS] * 4), NUMBERS[100:140], answer))
    assert sum(calls) == found.asked
    assert max(calls) <= 10_000
    assert len(calls) <= 2 + found.asked / 5_000
    assert found.asked / len(found.values) < 2 * 10 * 2 + 2


def test_noise_of_sampled_values_is_known_and_taken_out_of_their_mean_size() -> None:
    model = HistGradientBoostingRegressor(max_iter=60, random_state=0).fit(WIDE, WIDE.c0 * WIDE.c1 + WIDE.c2)
    given = task(model, WIDE[:800], WIDE[1000:1100].reset_index(drop=True), model.predict, None)
    exact, sampled = explain(given), explain_permutation(given)
    assert exact.method == "trees, interventional, exact"
    error = np.sqrt(((sampled.values - exact.values) ** 2).mean(axis=0))
    np.testing.assert_allclose(sampled.noise[:3], error[:3], rtol=0.25)
    truth = np.abs(exact.values).mean(axis=0)
    clear = sampled.sizes.mean(axis=0) > 2 * sampled.floor
    assert clear[:3].all()
    raw, mended = np.abs(sampled.values).mean(axis=0) / truth, sampled.sizes.mean(axis=0) / truth
    assert raw[clear].max() > 1.05
    np.testing.assert_allclose(mended[clear], 1, atol=0.08)
    assert np.ptp(sampled.base) == 0


def test_margins_that_are_no_log_odds_are_called_scores() -> None:
    for loss, units in (("log_loss", "log-odds"), ("modified_huber", "score")):
        model = SGDClassifier(loss=loss, random_state=0).fit(NUMBERS, TARGET)
        assert explain(task(model, NUMBERS[:20], NUMBERS[100:140], None)).units == units


def test_the_scores_of_several_classes_are_no_log_odds() -> None:
    model = LogisticRegression().fit(NUMBERS, np.digitize(NUMBERS["a"], [-0.4, 0.4]))
    assert explain(task(model, NUMBERS[:20], NUMBERS[100:140], None)).units == "score"
