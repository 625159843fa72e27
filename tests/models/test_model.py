from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from auditkit.data.frames import table_from_frame
from auditkit.errors import ModelError
from auditkit.models.local import model_from_object

FRAME = pd.DataFrame({"age": np.arange(40.0), "sex": ["f", "m", None, "f"] * 10})
LABEL = np.where(FRAME["age"] > 20, "yes", "no")


class Answering:
    """Answers with what it was given, whatever it is asked."""

    classes_ = ("no", "yes")

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict(self, frame: pd.DataFrame) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    predict_proba = predict


def pipeline() -> Any:
    columns = ColumnTransformer(
        [("number", StandardScaler(), ["age"]), ("text", OneHotEncoder(handle_unknown="ignore"), ["sex"])]
    )
    return make_pipeline(columns, LogisticRegression()).fit(FRAME, LABEL)


def test_a_pipeline_trained_on_pandas_reads_a_tables_frame() -> None:
    fitted = pipeline()
    model = model_from_object(fitted)
    frame = table_from_frame(FRAME).frame()
    assert (model.predict(frame) == fitted.predict(FRAME)).all()
    np.testing.assert_allclose(model.probabilities(frame), fitted.predict_proba(FRAME), rtol=0, atol=0)
    assert model.kind == "scikit-learn" and model.estimator is fitted and model.has_scores
    assert model.classes == ("no", "yes") and model.feature_names == ("age", "sex")
    assert model.description == "Pipeline(ColumnTransformer → LogisticRegression)"


def test_batches_and_thread_limits_change_no_answer() -> None:
    model = model_from_object(pipeline())
    assert (model.predict(FRAME, batch=7, threads=1) == model.predict(FRAME)).all()
    assert (model.probabilities(FRAME, batch=7, threads=1) == model.probabilities(FRAME)).all()


def test_columns_in_another_order_are_put_right() -> None:
    model = model_from_object(pipeline())
    assert (model.predict(FRAME[["sex", "age"]]) == model.predict(FRAME)).all()


@pytest.mark.parametrize("estimator", [LogisticRegression(), LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1)])
def test_a_model_trained_on_an_array_gets_arrays(estimator: Any) -> None:
    x = FRAME[["age"]].to_numpy()
    model = model_from_object(estimator.fit(x, LABEL))
    assert model.feature_names is None
    assert model.predict(FRAME[["age"]]).tolist() == model.target.predict(x).tolist()


def test_a_regressor_has_values_and_no_scores() -> None:
    model = model_from_object(LinearRegression().fit(FRAME[["age"]], FRAME["age"]))
    np.testing.assert_allclose(model.predict(FRAME[["age"]]), FRAME["age"], atol=1e-9)
    assert model.classes is None and not model.has_scores
    with pytest.raises(ModelError, match="LinearRegression gives no probabilities"):
        model.probabilities(FRAME[["age"]])


def test_nested_estimators_are_described() -> None:
    fitted = CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=2), cv=2).fit(FRAME[["age"]], LABEL)
    assert model_from_object(fitted).description == "CalibratedClassifierCV(HistGradientBoostingClassifier)"


def test_no_rows_give_no_answers() -> None:
    model = model_from_object(pipeline())
    assert model.predict(FRAME.head(0)).shape == (0,)
    assert model.probabilities(FRAME.head(0)).shape == (0, 2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ValueError("bad\ncolumn"), "predict raised ValueError: bad; give it"),
        ([0, 1], "predict answered with 2 rows for 3 rows"),
        (1, "predict answered with a single value for 3 rows"),
        (np.zeros((3, 2)), r"predict answered with shape \(3, 2\); wanted one value per row, \(3,\)"),
        ([0.0, np.nan, 1.0], "predict answered with missing values"),
        (np.array(["a", None, "b"], dtype=object), "predict answered with missing values"),
    ],
)
def test_a_broken_prediction_is_an_error_of_one_line(answer: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        model_from_object(Answering(answer)).predict(FRAME.head(3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (RuntimeError(), "predict_proba raised RuntimeError; give it"),
        (np.zeros((2, 2)), "predict_proba answered with 2 rows for 3 rows"),
        (np.zeros((3, 3)), r"predict_proba answered with shape \(3, 3\); wanted \(3, 2\)"),
        (np.zeros(3), r"predict_proba answered with shape \(3,\); wanted \(3, 2\)"),
        (np.full((3, 2), np.nan), "predict_proba answered with NaN"),
        (np.full((3, 2), 1.5), r"predict_proba answered with 1.5; probabilities lie in \[0, 1\]"),
        (np.full((3, 2), -0.5), "predict_proba answered with -0.5"),
    ],
)
def test_broken_probabilities_are_an_error_of_one_line(answer: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_from_object(Answering(answer)).probabilities(FRAME.head(3))


def test_a_function_of_scores_gives_two_columns_and_decides_at_a_half() -> None:
    def score(frame: pd.DataFrame) -> Any:
        return frame["age"] / 40

    model = model_from_object(score)
    assert model.kind == "python" and model.estimator is None and model.has_scores
    np.testing.assert_allclose(model.probabilities(FRAME).sum(axis=1), 1.0)
    assert model.predict(FRAME).tolist() == [int(age > 20) for age in FRAME["age"]]
    score.classes = ("no", "yes")  # type: ignore[attr-defined]
    assert set(model_from_object(score).predict(FRAME)) == {"no", "yes"}


def test_a_function_of_labels_is_told_by_a_sample_or_an_attribute() -> None:
    def label(frame: pd.DataFrame) -> Any:
        return np.where(frame["age"] > 20, "yes", "no")

    assert model_from_object(label, sample=FRAME).predict(FRAME).tolist() == LABEL.tolist()
    with pytest.raises(
        ModelError, match="answered with 'no', no numbers; a function of labels needs the attribute returns"
    ):
        model_from_object(label).probabilities(FRAME)
    label.returns = "labels"  # type: ignore[attr-defined]
    assert not model_from_object(label).has_scores
    label.returns = "label"  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="returns is 'label'; write 'labels' or 'scores'"):
        model_from_object(label)


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (3, "the model is a int, without predict"),
        (LogisticRegression, "the model is the class LogisticRegression, not a trained object"),
        (LogisticRegression(), "LogisticRegression is not trained; call its fit first"),
        (StandardScaler(), "StandardScaler has no predict method"),
    ],
)
def test_what_cannot_predict_is_no_model(obj: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_from_object(obj)


def test_the_digest_of_a_live_object_is_that_of_its_settings() -> None:
    one, same = model_from_object(pipeline()), model_from_object(pipeline())
    other = model_from_object(make_pipeline(LogisticRegression(C=2.0)).fit(FRAME[["age"]], LABEL))
    assert one.digest == same.digest != other.digest
