"""Tables that have lost their categories are asked about as if they had kept them."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from auditkit.explainers.explained import explain_rows
from auditkit.models.categories import trained_categories, with_categories
from auditkit.models.local import model_from_object
from auditkit.subject import Subject

RNG = np.random.default_rng(0)
PLAIN = pd.DataFrame({"a": RNG.normal(size=600), "code": RNG.integers(1, 6, 600), "word": RNG.choice(list("xyz"), 600)})
KEPT = PLAIN.assign(code=pd.Categorical(PLAIN["code"]), word=pd.Categorical(PLAIN["word"]))
TARGET = ((PLAIN["code"] == 3) * 2 + PLAIN["a"] + (PLAIN["word"] == "x") + RNG.normal(size=600) > 1).astype(int)
MODELS = {
    "LightGBM": lightgbm.LGBMClassifier(n_estimators=15, n_jobs=1, verbose=-1),
    "XGBoost": xgboost.XGBClassifier(n_estimators=15, n_jobs=1, enable_categorical=True),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> object:
    return MODELS[request.param].fit(KEPT, TARGET)


def test_the_categories_of_training_are_known(model: object) -> None:
    assert {name: list(known) for name, known in trained_categories(model).items()} == {
        "code": [1, 2, 3, 4, 5],
        "word": ["x", "y", "z"],
    }


def test_a_model_of_numbers_and_any_other_model_know_none() -> None:
    numbers = lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, verbose=-1).fit(PLAIN[["a", "code"]], TARGET)
    assert trained_categories(numbers) == {} == trained_categories(object())


def test_whole_numbers_and_words_are_answered_as_the_categories_they_were(model: object) -> None:
    found = model_from_object(model).probabilities(PLAIN)
    np.testing.assert_array_equal(found, model.predict_proba(KEPT))  # type: ignore[attr-defined]
    some = PLAIN[PLAIN["code"] > 3]  # not all categories of training are there
    rest = model_from_object(model).probabilities(some)
    np.testing.assert_array_equal(rest, found[some.index])


def test_explanations_are_those_of_the_categories(model: object) -> None:
    found = [
        explain_rows(
            Subject(frame.assign(y=TARGET), model=model, label="y", features=list(PLAIN)),
            frame[:40],
            reference=frame[100:200],
        )
        for frame in (KEPT, PLAIN)
    ]
    np.testing.assert_array_equal(found[0].attributions.values, found[1].attributions.values)
    assert found[1].certificate.method == "trees, interventional, exact"
    assert found[0].certificate.additivity_error < 1e-5


def test_values_that_training_did_not_know_and_missing_ones_are_kept_apart() -> None:
    frame = pd.DataFrame({"code": [2.0, np.nan, 9.0]})
    found = with_categories(frame, {"code": [1, 2, 3], "absent": ["x"]})
    assert found["code"].cat.codes.tolist() == [1, -1, 3] and list(found) == ["code"]
    assert frame["code"].dtype == float  # the frame that was given stays as it is


def test_columns_that_are_categories_already_stay_as_they_are() -> None:
    assert with_categories(KEPT, {"code": [5, 4, 3, 2, 1]}) is KEPT
