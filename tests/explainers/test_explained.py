"""What is explained is what the model answers: columns in any order, categories of any table, methods of one's own."""

from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import auditkit as ak
from auditkit.data.files import read_table
from auditkit.errors import DataError, InsufficientData
from auditkit.explainers.explained import Explained, explain_rows, explained

ROWS = 400
RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(RNG.normal(size=(ROWS, 2)), columns=["a", "b"])
FRAME["job"] = pd.Categorical(RNG.choice(["w", "x", "y", "z"], ROWS), ["x", "y", "z", "w", "never"])
FRAME["town"] = pd.Categorical(RNG.choice(["p", "q", "r"], ROWS))
FRAME["y"] = ((FRAME.a + (FRAME.job == "y") * 1.5 - (FRAME.town == "p") + RNG.normal(size=ROWS) * 0.2) > 0.3) * 1
FRAME.loc[::11, "job"] = np.nan
FRAME.loc[::13, "a"] = np.nan
TRAIN, TEST = FRAME[: ROWS // 2].reset_index(drop=True), FRAME[ROWS // 2 :].reset_index(drop=True)
NAMES = ["a", "job", "b", "town"]
KINDS = ["HistGradientBoosting", "LightGBM", "XGBoost"]


def fitted(kind: str, names: list[str] = NAMES) -> object:
    if kind == "LightGBM":
        lightgbm = pytest.importorskip("lightgbm")
        model = lightgbm.LGBMClassifier(
            n_estimators=15, min_child_samples=5, min_data_per_group=5, cat_smooth=1, verbose=-1, n_jobs=1
        )
    elif kind == "XGBoost":
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.XGBClassifier(n_estimators=12, max_depth=4, enable_categorical=True, n_jobs=1)
    else:
        model = HistGradientBoostingClassifier(max_iter=15, categorical_features="from_dtype")
    return model.fit(TRAIN[names], TRAIN.y)


def by_coalitions(subject: ak.Subject, found: Explained, row: int, types: dict[str, object]) -> np.ndarray:
    """Shapley values of the log-odds of the subject's own scores, every column being its own player."""
    names = list(found.features)
    own, background = found.frame[names].astype(types).iloc[[row]], found.reference[names].astype(types)

    def worth(some: tuple[int, ...]) -> float:
        mixed = background.copy()
        for place in some:
            mixed[names[place]] = own[names[place]].take(np.zeros(len(mixed), int)).set_axis(mixed.index)
        score = subject.predict_scores(mixed)
        return float(np.mean(np.log(score / (1 - score))))

    n, shares = len(names), np.zeros(len(names))
    known = {some: worth(some) for size in range(n + 1) for some in combinations(range(n), size)}
    for place in range(n):
        for some, value in known.items():
            if place not in some:
                weight = factorial(len(some)) * factorial(n - len(some) - 1) / factorial(n)
                shares[place] += weight * (known[tuple(sorted((*some, place)))] - value)
    return shares


def unseen(frame: pd.DataFrame) -> pd.DataFrame:
    words = frame["job"].astype(object)
    return frame.assign(job=pd.Categorical(words.mask(frame.index % 7 == 0, "NEW").where(words.notna())))


def fewer(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[frame["job"].isin(["z", "w"]) | frame["job"].isna()].reset_index(drop=True)
    return kept.assign(job=kept["job"].cat.remove_unused_categories().cat.reorder_categories(["w", "z"]))


def turned(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(job=frame["job"].cat.reorder_categories(["w", "never", "y", "x", "z"]))


@pytest.mark.parametrize("door", ["frame", "parquet", "feather"])
@pytest.mark.parametrize("change", [unseen, fewer, turned])
@pytest.mark.parametrize("kind", KINDS)
def test_categories_unlike_those_of_training_are_explained_by_what_the_model_makes_of_them(
    kind: str, change: object, door: str, tmp_path: Path
) -> None:
    model, test = fitted(kind), change(TEST)  # type: ignore[operator]
    given: object = test
    if door == "parquet":
        test.to_parquet(tmp_path / "rows.parquet")
        given = read_table(tmp_path / "rows.parquet")
    elif door == "feather":
        test.to_feather(tmp_path / "rows.feather")
        given = read_table(tmp_path / "rows.feather")
    subject = ak.Subject(given, train=TRAIN, model=model, label="y", features=NAMES)
    answers = model.predict_proba(test[NAMES])[:, 1]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(subject.predict_scores(subject.table().frame()), answers)
    rows = subject.table().frame()[:8]
    found = explain_rows(subject, rows, background=40)
    assert found.certificate.method == "trees, interventional, exact"
    both = [*found.reference["job"].cat.categories, *rows["job"].cat.categories]
    kinds = {"job": pd.CategoricalDtype(list(dict.fromkeys(both)))}
    for row in (0, 3, 7):
        expected = by_coalitions(subject, found, row, kinds)
        np.testing.assert_allclose(found.attributions.values[row], expected, atol=2e-5 if kind == "XGBoost" else 1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_audit_of_rows_with_other_categories_than_training_measures(kind: str) -> None:
    more = {"label": "y", "features": NAMES, "sensitive": ["town"], "favorable": 1}
    test = pd.concat([unseen(TEST)] * 3, ignore_index=True)
    audit = ak.audit(ak.Subject(test, train=TRAIN, model=fitted(kind), **more), only=["explanations"], progress=False)
    found = {finding.id: (finding.status, finding.reason) for finding in audit.findings}
    assert found["explanations.shap_importance"][0] == "measured", found
    assert not [name for name, (status, _) in found.items() if status == "error"], found


def test_a_black_box_gets_categories_as_categories_though_training_had_others() -> None:
    class Remote:
        classes_ = (0, 1)
        feature_names_in_ = tuple(NAMES)

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            assert {"job", "town"} <= set(frame.columns[frame.dtypes == "category"])
            share = 1 / (1 + np.exp(-1.0 * (frame["job"] == "NEW").to_numpy()))
            return np.column_stack([1 - share, share])

        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return (self.predict_proba(frame)[:, 1] > 0.5) * 1

    found = explained(ak.Subject(unseen(TEST), train=TRAIN, model=Remote(), label="y"), rows=60, background=40)
    new = (found.frame["job"] == "NEW").to_numpy()
    np.testing.assert_allclose(
        found.attributions.values[:, 1], np.where(new, 1 / (1 + np.exp(-1)) - 0.5, 0), atol=1e-12
    )
    assert np.abs(found.attributions.values[:, [0, 2, 3]]).max() == 0


NUMBERS = ["a", "b", "c"]
PLAIN = FRAME[["b"]].assign(a=RNG.normal(size=ROWS), c=RNG.normal(size=ROWS), y=lambda rows: (rows.a + rows.b > 0) * 1)


@pytest.mark.parametrize("kind", ["linear", "forest", *KINDS])
def test_features_named_in_another_order_are_explained_as_in_the_models_own(kind: str) -> None:
    if kind in KINDS:
        model = fitted(kind, ["a"]).set_params().fit(PLAIN[NUMBERS], PLAIN.y)  # type: ignore[attr-defined]
    else:
        linear, forest = LogisticRegression(), RandomForestClassifier(5, max_depth=4, random_state=0)
        model = (linear if kind == "linear" else forest).fit(PLAIN[NUMBERS], PLAIN.y)
    found = []
    for names in (NUMBERS, NUMBERS[::-1]):
        subject = ak.Subject(PLAIN, model=model, label="y", features=names)
        one = explain_rows(subject, PLAIN[:30], reference=PLAIN[100:150], named="given rows")
        assert "permutation" not in one.certificate.method
        found.append(pd.DataFrame(one.attributions.values, columns=one.features)[NUMBERS])
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0]).mean().drop("c").min() > 3 * np.abs(found[0]["c"]).mean()


def test_a_feature_named_twice_is_refused() -> None:
    model = LogisticRegression().fit(PLAIN[NUMBERS], PLAIN.y)
    with pytest.raises(DataError, match="features names the column 'a' twice"):
        ak.Subject(PLAIN, model=model, label="y", features=[*NUMBERS, "a"])


class Turned(LogisticRegression):
    """Answers the opposite of what its coefficients say."""

    def predict_proba(self, X: object) -> np.ndarray:
        return super().predict_proba(X)[:, ::-1]


@pytest.mark.parametrize("last", ["alone", "in a pipeline", "on the object"])
def test_a_model_that_answers_by_a_method_of_its_own_is_asked_and_not_looked_into(last: str) -> None:
    if last == "alone":
        model = Turned().fit(PLAIN[NUMBERS], PLAIN.y)
    elif last == "in a pipeline":
        first = ColumnTransformer([("o", OrdinalEncoder(), ["c"])], remainder="passthrough")
        model = make_pipeline(first, Turned()).fit(PLAIN[NUMBERS], PLAIN.y)
    else:
        model = LogisticRegression().fit(PLAIN[NUMBERS], PLAIN.y)
        straight = model.predict_proba
        model.predict_proba = lambda rows: straight(rows)[:, ::-1]
    subject = ak.Subject(PLAIN, model=model, label="y", features=NUMBERS)
    found = explained(subject, rows=100, background=100)
    assert "permutation" in found.certificate.method
    assert any("answers by a predict_proba of its own" in note for note in found.certificate.notes)
    np.testing.assert_allclose(found.attributions.output, subject.predict_scores(found.frame))
    up = found.frame["a"] > 1
    assert (found.attributions.values[up, 0] < 0).all()


@pytest.mark.parametrize("sizes", [{"rows": 0}, {"background": 0}])
def test_nothing_to_explain_or_to_compare_with_is_said(sizes: dict[str, int]) -> None:
    subject = ak.Subject(PLAIN, model=LogisticRegression().fit(PLAIN[NUMBERS], PLAIN.y), label="y", features=NUMBERS)
    with pytest.raises(InsufficientData, match="at least one of either is needed"):
        explained(subject, **sizes)  # type: ignore[arg-type]


COUNTS = PLAIN.assign(y=np.round(np.exp(PLAIN.a * 0.5) * 3))


@pytest.mark.parametrize("library", ["LightGBM", "XGBoost", "scikit-learn"])
def test_a_regression_on_a_scale_of_its_own_is_explained_in_what_it_predicts(library: str) -> None:
    if library == "LightGBM":
        lightgbm = pytest.importorskip("lightgbm")
        model = lightgbm.LGBMRegressor(objective="poisson", n_estimators=8, verbose=-1, n_jobs=1)
    elif library == "XGBoost":
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.XGBRegressor(objective="count:poisson", n_estimators=8, n_jobs=1)
    else:
        model = HistGradientBoostingRegressor(loss="poisson", max_iter=8)
    model.fit(PLAIN[NUMBERS], COUNTS.y)
    subject = ak.Subject(COUNTS, model=model, label="y", features=NUMBERS, task="regression")
    found = explained(subject, rows=100, background=100)
    assert found.certificate.units == "target"
    np.testing.assert_allclose(found.attributions.output, model.predict(found.frame[NUMBERS]), rtol=1e-6)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("path_dependent", [False, True])
@pytest.mark.parametrize("kind", ["exponential", "averaged", "logistic", "forest"])
def test_log_odds_and_probabilities_are_those_that_the_model_gives(
    kind: str, path_dependent: bool, positive: int
) -> None:
    if kind == "averaged":
        lightgbm = pytest.importorskip("lightgbm")
        model = lightgbm.LGBMClassifier(
            boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, n_estimators=8, verbose=-1, n_jobs=1
        )
    elif kind == "forest":
        model = RandomForestClassifier(8, max_depth=4, random_state=0)
    else:
        loss = "exponential" if kind == "exponential" else "log_loss"
        model = GradientBoostingClassifier(loss=loss, n_estimators=8, random_state=0)
    model.fit(PLAIN[NUMBERS], PLAIN.y)
    subject = ak.Subject(PLAIN, model=model, label="y", features=NUMBERS, favorable=positive)
    found = explained(subject, rows=100, background=100, path_dependent=path_dependent)
    output, answers = found.attributions.output, subject.predict_scores(found.frame)
    if found.certificate.units == "score":  # neither, but in the same order
        assert kind == "exponential"
        assert (np.diff(answers[np.argsort(output)]) >= -1e-12).all()
        return
    given = {"log-odds": 1 / (1 + np.exp(-output)), "probability": output}[found.certificate.units]
    np.testing.assert_allclose(given, answers, atol=1e-9)
