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
from auditkit.stats.importance import spread, tiers
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
    _, evidence = run(audited, background=100, most_rows=1000)
    sample, background = audited.sample(1000), audited.sample(100)
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
    for part in (
        "log-odds",
        "1,000 test rows",
        "linear, closed form",
        "150 train rows, seed 0, digest ",
        "additivity error",
    ):
        assert part in evidence.caption


def test_one_row_gives_no_interval_and_no_warning() -> None:
    _, evidence = run(subject(["strong", "left"]), rows=1, most_rows=1)
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


def many(n: int = 6000) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["strong", "left", "right"])
    frame["heavy"] = rng.exponential(size=n) ** 2
    frame["y"] = (frame.strong + frame.left + 0.2 * frame.heavy + rng.logistic(size=n) > 0.3).astype(int)
    return frame[: n // 2].reset_index(drop=True), frame[n // 2 :].reset_index(drop=True)


def test_a_pilot_of_other_rows_says_how_many_rows_it_takes() -> None:
    train, test = many(20_000)
    features = ["strong", "left", "right", "heavy"]
    model = LogisticRegression().fit(train[features], train.y)
    audited = Subject(test, train=train, model=model, label="y", features=features)
    _, evidence = run(audited)
    assert "A half-width of 5% takes " in evidence.caption
    assert 1000 < evidence.rows[0][1] <= 5000
    _, small = run(audited, rows=300, most_rows=400)
    assert small.rows[0][1] == 400


def test_the_background_is_counted_in_the_interval_and_its_share_is_printed() -> None:
    train, test = many()
    features = ["strong", "left", "right", "heavy"]
    model = LogisticRegression().fit(train[features], train.y)
    audited = Subject(test, train=train, model=model, label="y", features=features)
    measures, evidence = run(audited, background=400)
    assert 0 < measures["background_share"].value < 1
    assert "of the background, which brings" in evidence.caption
    _, larger = run(audited, background=3000)
    widths = [[row[4] - row[3] for row in sorted(one.rows)] for one in (evidence, larger)]
    assert np.mean(np.array(widths[1]) < np.array(widths[0])) > 0.5


def test_columns_as_strong_as_each_other_share_a_tier() -> None:
    rng = np.random.default_rng(4)
    sizes = rng.exponential(size=(1000, 4)) * [3.0, 1.0, 1.0, 0.2]
    assert tiers(sizes, np.argsort(-sizes.mean(axis=0))) == [1, 2, 2, 3]


def test_the_swarm_holds_counts_and_no_single_person() -> None:
    finding_evidence = list(shap_importance.function(subject(["strong", "left", "sex"])))[-1]
    assert finding_evidence.kind == "beeswarm"
    by_column: dict[str, int] = {}
    for column, _, count, standing in finding_evidence.rows:
        assert count >= 5
        assert standing is None or 0 <= standing <= 1
        by_column[column] = by_column.get(column, 0) + count
    assert len(set(by_column.values())) == 1


@pytest.mark.statistics
def test_intervals_of_importance_cover_over_rows_and_over_backgrounds() -> None:
    """2,000 audits of 500 rows against 400 background rows, both drawn anew: 93 to 97 % cover, no column below 91 %."""
    rng = np.random.default_rng(11)
    population = np.c_[rng.normal(size=(200_000, 3)), rng.exponential(size=(200_000, 2)) ** 1.5]
    weights = np.array([1.0, 0.5, 0.1, 0.7, 0.3])
    truth = np.abs((population - population.mean(axis=0)) * weights).mean(axis=0)
    covered = []
    for _ in range(2000):
        rows = population[rng.integers(0, len(population), 500)]
        background = population[rng.integers(0, len(population), 400)].reshape(8, 50, 5)
        sizes = np.abs((rows - background.mean(axis=(0, 1))) * weights)
        by_part = np.abs((rows[:200] - background.mean(axis=1)[:, None]) * weights).mean(axis=1)
        half = spread(sizes, by_part).half_width()
        covered.append(np.abs(sizes.mean(axis=0) - truth) <= half)
    share = np.mean(covered, axis=0)
    assert 0.93 <= share.mean() <= 0.97, share
    assert share.min() >= 0.91, share
