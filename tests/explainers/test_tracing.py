"""Encoded columns are traced to the original ones by the fitted transformers, not by luck of the sample."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, OneHotEncoder, StandardScaler

from auditkit.explainers.attribution import Task
from auditkit.explainers.dispatch import explain
from auditkit.explainers.tracing import UNKNOWN, trace

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=400),
        "job": np.where(np.arange(400) < 40, "rare", RNG.choice(["x", "y", "z"], 400)),
        "b": np.where(RNG.random(400) < 0.1, np.nan, RNG.normal(size=400)),
        "town": RNG.choice(["p", "q"], 400),
    }
)
TARGET = ((FRAME.a > 0) ^ (FRAME.job == "rare")).astype(int)


@pytest.mark.parametrize(
    "options",
    [{}, {"drop": "first"}, {"drop": "if_binary"}, {"min_frequency": 60}, {"max_categories": 2, "drop": "first"}],
)
def test_one_hot_columns_belong_to_their_column_whatever_is_dropped_or_merged(options: dict[str, object]) -> None:
    encoder = OneHotEncoder(**options).fit(FRAME[["job", "town"]])
    names = encoder.get_feature_names_out()
    assert trace(encoder, ["job", "town"]).tolist() == [0 if name.startswith("job") else 1 for name in names]


def test_nested_pipelines_remainders_and_missing_indicators_are_traced() -> None:
    encode = ColumnTransformer(
        [
            ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["town", "job"]),
            ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["b"]),
        ],
        remainder="passthrough",
    )
    whole = make_pipeline(encode, VarianceThreshold()).fit(FRAME)
    assert trace(whole, list(FRAME)).tolist() == [3, 3, 1, 1, 1, 1, 2, 2, 0]


def test_dropped_columns_own_nothing() -> None:
    encode = ColumnTransformer([("no", "drop", ["a"]), ("yes", "passthrough", ["b"])]).fit(FRAME)
    assert trace(encode, list(FRAME)).tolist() == [2]


def test_a_normalizer_mixes_columns_though_its_names_are_one_to_one() -> None:
    encode = ColumnTransformer([("norm", Normalizer(), ["a", "c"])]).fit(FRAME.assign(c=1.0))
    assert trace(encode, ["a", "c"]).tolist() == [UNKNOWN, UNKNOWN]


def test_a_category_absent_from_the_sample_does_not_end_in_the_black_box() -> None:
    encode = ColumnTransformer(
        [("words", OneHotEncoder(sparse_output=False), ["job", "town"])], remainder="passthrough"
    )
    model = Pipeline([("encode", encode), ("end", HistGradientBoostingClassifier(max_iter=20))]).fit(FRAME, TARGET)
    found = explain(Task(model, None, 1, FRAME[100:200], FRAME[200:300], RNG, 10**6))
    assert found.method == "trees, interventional, exact, original columns as players"
    assert found.additivity_error < 1e-6
    assert found.values[:, 1].any()


def test_what_is_unknown_beside_what_is_known_is_found_by_moving_columns() -> None:
    half = FunctionTransformer(lambda frame: frame.to_numpy() / 2)
    encode = ColumnTransformer([("half", half, ["a"]), ("words", OneHotEncoder(sparse_output=False), ["job"])])
    model = Pipeline([("encode", encode), ("end", HistGradientBoostingClassifier(max_iter=20))]).fit(FRAME, TARGET)
    found = explain(Task(model, None, 1, FRAME[100:200], FRAME[200:300], RNG, 10**6))
    assert "original columns as players" in found.method
    assert not found.values[:, 3].any()
