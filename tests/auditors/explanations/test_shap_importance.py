"""Importance per original column, with its interval, its tier and what it rests on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from auditkit.auditors.explanations.shap_importance import shap_importance
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

RNG = np.random.default_rng(0)
ROWS = 2000
FRAME = pd.DataFrame(
    {
        "strong": RNG.normal(size=ROWS),
        "left": RNG.normal(size=ROWS),
        "right": RNG.normal(size=ROWS),
        "flag": (np.arange(ROWS) < 20).astype(float),
        "sex": RNG.choice(["f", "m"], ROWS),
    }
)
FRAME["y"] = (3 * FRAME.strong + FRAME.left + FRAME.right + (FRAME.sex == "m") + RNG.logistic(size=ROWS) > 0).astype(
    int
)


def subject(columns: list[str], frame: pd.DataFrame = FRAME, **more: object) -> Subject:
    words = [name for name in columns if name == "sex"]
    encode = ColumnTransformer([("words", OneHotEncoder(), words)], remainder="passthrough")
    model = Pipeline([("encode", encode), ("end", LogisticRegression())]).fit(FRAME[columns], FRAME.y)
    return Subject(frame, model=model, label="y", sensitive=["sex"], **more)


def run(audited: Subject, **options: object) -> tuple[dict[str, Measure], Evidence]:
    found = shap_importance.run(audited, {**shap_importance.defaults, **options})
    measures = {item.name: item for item in found if isinstance(item, Measure)}
    return measures, next(item for item in found if isinstance(item, Evidence))


def test_importance_equals_the_closed_form_of_a_linear_model() -> None:
    audited = subject(["strong", "left"], features=["strong", "left"])
    _, evidence = run(audited)
    sample, background = audited.sample(1000), audited.sample(200)
    weight = audited.model.estimator[-1].coef_[0, 0]
    expected = np.abs((sample.strong - background.strong.mean()) * weight)
    top = evidence.rows[0]
    assert top[:2] == ("strong", 1000)
    assert top[2] == pytest.approx(expected.mean(), rel=1e-9)
    assert top[4] - top[2] == pytest.approx(1.959964 * expected.std() / np.sqrt(1000), rel=1e-6)


def test_columns_that_the_rows_do_not_separate_share_a_tier() -> None:
    _, evidence = run(subject(["strong", "left", "right"]))
    tiers = {row[0]: row[5] for row in evidence.rows}
    assert tiers["strong"] == "1"
    assert tiers["left"] == tiers["right"] == "2"


def test_fewer_than_50_rows_that_are_not_zero_get_no_interval() -> None:
    test = FRAME.assign(left=np.where(np.arange(ROWS) < 20, FRAME.left, 0.0))
    train = FRAME.assign(left=0.0)
    _, evidence = run(subject(["strong", "left"], test, train=train), rows=ROWS)
    row = next(row for row in evidence.rows if row[0] == "left")
    assert row[3:] == (None, None, "20 rows are not zero, 50 are needed")


def test_the_share_of_sensitive_columns_is_zero_if_the_model_does_not_read_them() -> None:
    without, _ = run(subject(["strong", "left"]))
    read, _ = run(subject(["strong", "left", "sex"]))
    assert without["sensitive_share"].value == 0
    assert 0.02 < read["sensitive_share"].value < 0.5


def test_a_model_with_one_answer_has_undefined_shares() -> None:
    model = LogisticRegression().fit(FRAME[["strong"]], FRAME.y)
    model.coef_[:] = 0
    measures, evidence = run(Subject(FRAME, model=model, label="y"))
    assert measures["largest_share"].status == "undefined"
    assert evidence.rows[0][2] == 0


def test_the_caption_says_what_the_numbers_rest_on() -> None:
    _, evidence = run(subject(["strong", "sex"], train=FRAME), background=150)
    for part in ("log-odds", "1,000 test rows", "linear, closed form", "150 train rows, seed 0, digest ", "additivity error"):
        assert part in evidence.caption


def test_one_row_gives_no_interval_and_no_warning() -> None:
    _, evidence = run(subject(["strong", "left"]), rows=1)
    assert all(row[3] is None for row in evidence.rows)


def test_a_black_box_stays_within_its_budget_and_finds_the_order() -> None:
    def black_box(frame: pd.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-(3 * frame.strong.to_numpy() + frame.left.to_numpy())))

    audited = Subject(FRAME, model=black_box, label="y", features=["strong", "left", "right"])
    _, evidence = run(audited, budget=20_000)
    assert [row[0] for row in evidence.rows] == ["strong", "left", "right"]
    assert evidence.rows[2][2] == 0
    assert "20,000 model rows" in evidence.caption


def test_predictions_without_a_model_are_not_explained() -> None:
    audited = Subject(FRAME.assign(p=FRAME.y), label="y", prediction="p")
    with pytest.raises(NotApplicable, match="no model was given"):
        run(audited)
