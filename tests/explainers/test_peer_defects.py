"""What was measured to go silently wrong in other libraries goes right here, through the public path."""

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from auditkit.explainers.explained import explain_rows, explained
from auditkit.subject import Subject

Answer = Callable[[pd.DataFrame], np.ndarray]


def brute_force(answer: Answer, row: pd.Series, background: pd.DataFrame) -> np.ndarray:
    """Shapley values of the columns by all coalitions: the mean output with a coalition's columns from the row."""
    names = list(background.columns)
    value = {}
    for size in range(len(names) + 1):
        for some in combinations(range(len(names)), size):
            mixed = background.copy()
            for place in some:
                mixed[names[place]] = pd.Series([row[names[place]]] * len(mixed), index=mixed.index).astype(
                    mixed[names[place]].dtype
                )
            value[some] = float(np.mean(answer(mixed)))
    shares, n = np.zeros(len(names)), len(names)
    for place in range(n):
        for some, worth in value.items():
            if place not in some:
                weight = factorial(len(some)) * factorial(n - len(some) - 1) / factorial(n)
                shares[place] += weight * (value[tuple(sorted((*some, place)))] - worth)
    return shares


def log_odds(model: object, column: int = 1) -> Answer:
    def answer(frame: pd.DataFrame) -> np.ndarray:
        p = model.predict_proba(frame)[:, column]  # type: ignore[attr-defined]
        return np.log(p / (1 - p))

    return answer


def table(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    frame["word"] = rng.choice(["x", "y", "z"], rows)
    frame["y"] = (frame["a"] * frame["b"] + (frame["word"] == "x") + rng.normal(size=rows) > 0.4).astype(int)
    return frame


NUMBERS = ["a", "b", "c"]
ALL = [*NUMBERS, "word"]


def test_a_background_of_a_thousand_rows_is_used_whole() -> None:
    frame = table()
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(frame[NUMBERS], frame["y"])
    subject = Subject(frame[:100], model=model, label="y", features=NUMBERS)
    background = frame[500:][NUMBERS].reset_index(drop=True)
    found = explain_rows(subject, frame[:3], reference=background, named="given rows")
    assert "1,000 given rows" in found.certificate.background
    for place in range(3):
        whole = brute_force(log_odds(model), frame.loc[place, NUMBERS], background)
        cut = brute_force(log_odds(model), frame.loc[place, NUMBERS], background[:100])
        np.testing.assert_allclose(found.attributions.values[place], whole, atol=1e-9)
        assert np.abs(whole - cut).max() > 1e-3  # what a background cut to 100 rows would have said


@pytest.mark.parametrize("classes", [2, 3])
def test_histogram_boosting_adds_up_against_a_background(classes: int) -> None:
    frame = table(600)
    frame["y"] = pd.qcut(frame["a"] * frame["b"] + frame["c"], classes, labels=False)
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(frame[NUMBERS], frame["y"])
    subject = Subject(frame, model=model, label="y", features=NUMBERS, favorable=classes - 1)
    found = explained(subject, rows=500, background=200)
    assert found.certificate.additivity_error < 1e-9
    assert "tree" in found.certificate.method


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(20, max_depth=4, random_state=0),
        ExtraTreesClassifier(20, max_depth=4, random_state=0),
        DecisionTreeClassifier(max_depth=4),
    ],
)
def test_forests_explain_the_class_asked_for_and_not_the_first(model: object, positive: int) -> None:
    frame = table(500)
    fitted = model.fit(frame[NUMBERS], frame["y"])  # type: ignore[attr-defined]
    subject = Subject(frame, model=fitted, label="y", features=NUMBERS, favorable=positive)
    background = frame[100:160][NUMBERS].reset_index(drop=True)
    found = explain_rows(subject, frame[:2], reference=background, named="given rows")
    assert found.attributions.values.shape == (2, 3)  # one shape for all kinds of trees
    for place in range(2):
        expected = brute_force(
            lambda asked: fitted.predict_proba(asked)[:, positive], frame.loc[place, NUMBERS], background
        )
        np.testing.assert_allclose(found.attributions.values[place], expected, atol=1e-7)


def encoders() -> dict[str, object]:
    words, numbers = ["word"], NUMBERS

    def columns(*parts: tuple[str, object, list[str]]) -> ColumnTransformer:
        return ColumnTransformer(list(parts))

    return {
        "one-hot": columns(("w", OneHotEncoder(), words), ("n", StandardScaler(), numbers)),
        "one-hot, first dropped": columns(("w", OneHotEncoder(drop="first"), words), ("n", "passthrough", numbers)),
        "one-hot, rare ones together": columns(
            ("w", OneHotEncoder(min_frequency=0.1, handle_unknown="infrequent_if_exist"), words), ("n", "passthrough", numbers)
        ),
        "ordinal": columns(("w", OrdinalEncoder(), words), ("n", "passthrough", numbers)),
        "target": columns(("w", TargetEncoder(), words), ("n", "passthrough", numbers)),
        "nested": columns(
            ("w", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False)), words),
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ),
        "function": columns(("w", OneHotEncoder(), words), ("n", FunctionTransformer(np.arctan), numbers)),
        "two steps": make_pipeline(columns(("w", OneHotEncoder(sparse_output=False), words), ("n", "passthrough", numbers)), StandardScaler()),
        "remainder": ColumnTransformer([("w", OneHotEncoder(sparse_output=False), words)], remainder="passthrough"),
    }  # fmt: skip


ENDS = {
    "linear": LogisticRegression(max_iter=500),
    "trees": HistGradientBoostingClassifier(max_iter=15, random_state=0),
    "other": KNeighborsClassifier(15),
}


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("first", sorted(encoders()))
def test_pipelines_of_strings_are_explained_in_their_original_columns(first: str, end: str) -> None:
    frame = table(400)
    step = encoders()[first]
    if end == "trees" and not isinstance(step, Pipeline):
        step.sparse_threshold = 0  # type: ignore[attr-defined]  # these trees read no sparse tables
    model = Pipeline([("first", step), ("end", ENDS[end])]).fit(frame[ALL], frame["y"])
    subject = Subject(frame, model=model, label="y", features=ALL)
    background = frame[100:140][ALL].reset_index(drop=True)
    found = explain_rows(subject, frame[:30], reference=background, named="given rows")
    assert found.features == tuple(ALL) and found.attributions.values.shape == (30, 4)
    assert found.certificate.additivity_error < 1e-6
    if end == "other":
        assert "permutation" in found.certificate.method
        return
    assert "permutation" not in found.certificate.method
    expected = brute_force(log_odds(model), frame.loc[0, ALL], background)
    np.testing.assert_allclose(found.attributions.values[0], expected, atol=1e-8)


def test_a_black_box_is_asked_for_a_known_number_of_rows_in_calls_of_at_most_ten_thousand() -> None:
    frame = table(600)
    calls: list[int] = []

    class Remote:
        classes_ = (0, 1)
        feature_names_in_ = tuple(ALL)

        def predict_proba(self, asked: pd.DataFrame) -> np.ndarray:
            calls.append(len(asked))
            p = 1 / (1 + np.exp(-(asked["a"] + (asked["word"] == "x")))).to_numpy()
            return np.column_stack([1 - p, p])

        def predict(self, asked: pd.DataFrame) -> np.ndarray:
            return (self.predict_proba(asked)[:, 1] >= 0.5).astype(int)

    subject = Subject(frame, model=Remote(), label="y")
    calls.clear()
    found = explained(subject, rows=300, background=200, budget=25_000)
    assert sum(calls) <= 25_000 and max(calls) <= 10_000
    assert sum(calls) == found.attributions.asked
    assert len(found.attributions.values) == 300
    assert found.attributions.asked / 300 < 70  # KernelExplainer sent 207,621 rows for one


def test_a_regression_is_explained_in_its_target() -> None:
    frame = table(500).assign(y=lambda rows: rows["a"] * 2 + rows["b"])
    model = HistGradientBoostingRegressor(max_iter=20).fit(frame[NUMBERS], frame["y"])
    subject = Subject(frame, model=model, label="y", features=NUMBERS)
    background = frame[100:150][NUMBERS].reset_index(drop=True)
    found = explain_rows(subject, frame[:1], reference=background, named="given rows")
    assert found.certificate.units == "target"
    expected = brute_force(model.predict, frame.loc[0, NUMBERS], background)
    np.testing.assert_allclose(found.attributions.values[0], expected, atol=1e-9)


# ------------------------------------------------- categories from frame and file


def boosted(kind: str) -> object:
    if kind == "LightGBM":
        lightgbm = pytest.importorskip("lightgbm")
        return lightgbm.LGBMClassifier(n_estimators=20, num_leaves=15, n_jobs=1, verbose=-1, min_child_samples=5)
    if kind == "XGBoost":
        xgboost = pytest.importorskip("xgboost")
        return xgboost.XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1, enable_categorical=True)
    return HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype", random_state=0)


@pytest.mark.parametrize("door", ["frame", "parquet"])
@pytest.mark.parametrize("kind", ["HistGradientBoosting", "LightGBM", "XGBoost"])
def test_columns_of_categories_go_from_the_door_to_the_explanation(kind: str, door: str, tmp_path: object) -> None:
    frame = table(600)
    frame["word"] = frame["word"].astype(pd.CategoricalDtype(["x", "y", "z"]))
    frame.loc[frame.index % 17 == 0, "word"] = np.nan
    frame.loc[frame.index % 13 == 0, "a"] = np.nan
    model = boosted(kind).fit(frame[ALL], frame["y"])  # type: ignore[attr-defined]
    given: object = frame
    if door == "parquet":
        from auditkit.data.files import read_table

        path = tmp_path / "rows.parquet"  # type: ignore[operator]
        frame.to_parquet(path)
        given = read_table(path)
    subject = Subject(given, model=model, label="y", features=ALL)
    np.testing.assert_allclose(subject.predict_scores(frame[ALL]), model.predict_proba(frame[ALL])[:, 1])
    sample = subject.sample(200)
    assert str(sample["word"].dtype) == "category"
    background = sample[150:][ALL].reset_index(drop=True)
    found = explain_rows(subject, sample[:4], reference=background, named="given rows")
    assert "tree" in found.certificate.method and found.certificate.units == "log-odds"
    for place in range(4):
        expected = brute_force(log_odds(model), sample.iloc[place][ALL], background)
        np.testing.assert_allclose(found.attributions.values[place], expected, atol=2e-5 if kind == "XGBoost" else 1e-8)
