"""Each library's trees, with their categories and missing values, for each class: exact shares of the model's own output."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from auditkit.explainers.attribution import Attributions, Task
from auditkit.explainers.dispatch import explain
from auditkit.explainers.tree_games import READERS, explain_tree_games

RNG = np.random.default_rng(3)
ROWS = 400
NUMBERS = pd.DataFrame(RNG.normal(size=(ROWS, 4)), columns=["a", "b", "c", "d"])
GAPS = NUMBERS.mask(RNG.random((ROWS, 4)) < 0.15)
SIGNAL = NUMBERS.a + NUMBERS.a * NUMBERS.b - (NUMBERS.c > 0.3) + RNG.normal(size=ROWS) * 0.3
BINARY = (SIGNAL > 0).astype(int)
THREE = pd.cut(SIGNAL, [-np.inf, -0.7, 0.7, np.inf], labels=False)
WORDS = NUMBERS.assign(
    job=pd.Categorical(RNG.choice(["x", "y", "z", "w"], ROWS)), town=pd.Categorical(RNG.choice(["p", "q", "r"], ROWS))
)[["a", "job", "b", "town"]]
WORDY = ((WORDS.a + (WORDS.job == "y") * 1.5 - (WORDS.town == "p") + RNG.normal(size=ROWS) * 0.2) > 0.3).astype(int)


def explained(model: object, frame: pd.DataFrame, positive: int | None, **more: object) -> Attributions:
    task = Task(model, None, positive, frame[:5], frame[50:80], RNG, 10**6, **more)
    found = explain_tree_games(task)
    assert found is not None
    assert found.additivity_error < 1e-5
    return found


def raw(model: object, positive: int | None) -> object:
    forest = next(found for read in READERS if (found := read(model, positive)) is not None)
    return forest.output


def brute_force(answer: object, rows: pd.DataFrame, background: pd.DataFrame, groups: list[list[str]]) -> np.ndarray:
    worth: dict[frozenset[int], np.ndarray] = {}
    for size in range(len(groups) + 1):
        for coalition in combinations(range(len(groups)), size):
            means = []
            for place in range(len(rows)):
                mixed = background.copy()
                for column in [column for group in coalition for column in groups[group]]:
                    value = rows[column].iloc[[place] * len(background)].set_axis(background.index)
                    mixed[column] = value
                means.append(np.mean(answer(mixed)))
            worth[frozenset(coalition)] = np.array(means)
    shares = np.zeros((len(rows), len(groups)))
    for group in range(len(groups)):
        for coalition in [one for one in worth if group not in one]:
            chance = factorial(len(coalition)) * factorial(len(groups) - len(coalition) - 1) / factorial(len(groups))
            shares[:, group] += chance * (worth[coalition | {group}] - worth[coalition])
    return shares


SKLEARN = [
    (RandomForestClassifier(8, max_depth=5, random_state=0), BINARY, 0),
    (RandomForestClassifier(8, max_depth=5, random_state=0), BINARY, 1),
    (ExtraTreesClassifier(8, max_depth=5, random_state=0), THREE, 2),
    (RandomForestRegressor(8, max_depth=5, random_state=0), SIGNAL, None),
    (DecisionTreeRegressor(max_depth=6, random_state=0), SIGNAL, None),
    (GradientBoostingClassifier(n_estimators=12, random_state=0), BINARY, 0),
    (GradientBoostingClassifier(n_estimators=8, random_state=0), THREE, 1),
    (GradientBoostingRegressor(n_estimators=12, random_state=0), SIGNAL, None),
    (HistGradientBoostingClassifier(max_iter=12, random_state=0), BINARY, 1),
    (HistGradientBoostingClassifier(max_iter=12, random_state=0), BINARY, 0),
    (HistGradientBoostingClassifier(max_iter=8, random_state=0), THREE, 2),
    (HistGradientBoostingRegressor(max_iter=12, random_state=0), SIGNAL, None),
]


@pytest.mark.parametrize(("model", "target", "positive"), SKLEARN)
@pytest.mark.parametrize("frame", [NUMBERS, GAPS], ids=["whole", "gaps"])
def test_trees_of_scikit_learn_equal_brute_force(
    model: object, target: pd.Series, positive: int | None, frame: pd.DataFrame
) -> None:
    if frame is GAPS and isinstance(model, GradientBoostingClassifier | GradientBoostingRegressor):
        pytest.skip("scikit-learn's gradient boosting takes no missing values")
    model = model.fit(frame, target)
    found = explained(model, frame, positive)
    expected = brute_force(raw(model, positive), frame[:5], frame[50:80], [[name] for name in frame])
    np.testing.assert_allclose(found.values, expected, atol=1e-9)


def test_histogram_boosting_with_categories_of_words_equals_brute_force_in_the_frames_own_order() -> None:
    model = HistGradientBoostingClassifier(max_iter=12, categorical_features="from_dtype").fit(WORDS, WORDY)
    expected = brute_force(raw(model, 1), WORDS[:5], WORDS[50:80], [[name] for name in WORDS])
    np.testing.assert_allclose(explained(model, WORDS, 1).values, expected, atol=1e-9)
    assert np.abs(expected).mean(axis=0).min() > 0.01


@pytest.mark.parametrize("positive", [0, 1])
def test_lightgbm_with_categories_and_gaps_equals_brute_force(positive: int) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    frame = WORDS.assign(a=GAPS.a, job=WORDS.job.where(RNG.random(ROWS) > 0.1))
    model = lightgbm.LGBMClassifier(
        n_estimators=12, min_child_samples=5, min_data_per_group=5, cat_smooth=1, verbose=-1, n_jobs=1
    ).fit(frame, WORDY)
    expected = brute_force(raw(model, positive), frame[:5], frame[50:80], [[name] for name in frame])
    np.testing.assert_allclose(explained(model, frame, positive).values, expected, atol=1e-9)
    assert np.abs(expected).mean(axis=0).min() > 0.01


def test_lightgbm_of_three_classes_explains_the_class_asked_for() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1).fit(NUMBERS, THREE)
    expected = brute_force(raw(model, 2), NUMBERS[:5], NUMBERS[50:80], [[name] for name in NUMBERS])
    np.testing.assert_allclose(explained(model, NUMBERS, 2).values, expected, atol=1e-9)


@pytest.mark.parametrize(("target", "positive"), [(WORDY, 0), (WORDY, 1), (THREE, 1)])
def test_xgboost_with_categories_and_gaps_equals_brute_force(target: pd.Series, positive: int) -> None:
    xgboost = pytest.importorskip("xgboost")
    frame = WORDS.assign(a=GAPS.a, job=WORDS.job.where(RNG.random(ROWS) > 0.1))
    model = xgboost.XGBClassifier(n_estimators=12, max_depth=4, enable_categorical=True, n_jobs=1).fit(frame, target)
    expected = brute_force(raw(model, positive), frame[:5], frame[50:80], [[name] for name in frame])
    np.testing.assert_allclose(explained(model, frame, positive).values, expected, atol=2e-6)
    assert np.abs(expected).mean(axis=0).min() > 0.01


@pytest.mark.parametrize(
    "end", [RandomForestClassifier(6, random_state=0), HistGradientBoostingClassifier(max_iter=15)]
)
def test_one_hot_columns_of_one_original_column_are_one_player_or_are_summed_on_request(end: object) -> None:
    frame = WORDS.astype({"job": str, "town": str})
    encode = ColumnTransformer(
        [("words", OneHotEncoder(sparse_output=False), ["job", "town"])], remainder="passthrough"
    )
    model = Pipeline([("encode", encode), ("end", end)]).fit(frame, WORDY)
    task = Task(model, None, 1, frame[:4], frame[50:75], RNG, 10**6)
    grouped = explain(task)

    def answer(rows: pd.DataFrame) -> np.ndarray:
        return model.decision_function(rows) if hasattr(end, "decision_function") else model.predict_proba(rows)[:, 1]

    exact = brute_force(answer, frame[:4], frame[50:75], [[name] for name in frame])
    assert "original columns as players" in grouped.method
    np.testing.assert_allclose(grouped.values, exact, atol=1e-9)

    summed = explain(Task(model, None, 1, frame[:4], frame[50:75], RNG, 10**6, encoded_game=True))
    assert summed.method.endswith(", sum of encoded attributions")
    assert 1e-4 < np.abs(summed.values - exact).max() < 1  # another quantity
    assert summed.additivity_error < 1e-6


@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(8, max_depth=6, random_state=0),
        GradientBoostingRegressor(n_estimators=12, random_state=0),
        HistGradientBoostingRegressor(max_iter=12, random_state=0),
    ],
)
def test_path_dependent_shares_equal_those_of_shap(model: object) -> None:
    shap = pytest.importorskip("shap")
    model = model.fit(NUMBERS, SIGNAL)
    found = explained(model, NUMBERS, None, path_dependent=True)
    theirs = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent").shap_values(NUMBERS[:5])
    np.testing.assert_allclose(found.values, theirs, atol=1e-9)
    assert not found.uses_background


def test_what_cannot_be_read_is_left_to_the_next_explainer() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1, linear_tree=True).fit(NUMBERS, SIGNAL)
    found = explain(Task(model, model.predict, None, NUMBERS[:20], NUMBERS[50:80], RNG, 10**6))
    assert found.additivity_error < 1e-9
    assert any("linear models" in note for note in found.notes)


def test_early_stopping_is_respected() -> None:
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBRegressor(n_estimators=300, max_depth=3, learning_rate=0.5, early_stopping_rounds=3, n_jobs=1)
    model.fit(NUMBERS[:200], SIGNAL[:200], eval_set=[(NUMBERS[200:], SIGNAL[200:])], verbose=False)
    assert model.best_iteration < 250
    assert explained(model, NUMBERS, None).additivity_error < 1e-5


def test_models_that_are_no_trees_are_declined() -> None:
    model = LogisticRegression().fit(NUMBERS, BINARY)
    assert explain_tree_games(Task(model, None, 1, NUMBERS[:5], NUMBERS[50:80], RNG, 10**6)) is None
