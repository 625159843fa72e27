"""What goes wrong with data and models is a status with one clear line, or a number that is right; never a traceback."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auditkit.catalog import catalogue
from auditkit.errors import AuditkitError
from auditkit.finding import Finding
from auditkit.subject import Subject
from auditkit.workers import run_one

NAMES = ["a", "b", "c"]
OPTIONS = {"explanations.permutation_importance": {"donors": 3}}
RECOURSE = {"columns": {"a": {"direction": "up"}}}
AUDITORS = sorted(name for name in catalogue() if name.startswith("explanations."))


def rows_of(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=NAMES)
    frame["sex"] = rng.choice(["f", "m"], n)
    frame["y"] = (frame["a"] + rng.normal(size=n) > 0).astype(int)
    return frame


def fitted(frame: pd.DataFrame) -> object:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[NAMES], frame["y"])


class Plain:
    """A model that only answers."""

    classes_ = (0, 1)
    feature_names_in_ = tuple(NAMES)

    def __init__(self, share: Callable[[pd.DataFrame], np.ndarray], fails_after: int | None = None) -> None:
        self.share, self.left = share, fails_after

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise ConnectionError("the server closed the connection")
        p = self.share(frame)
        return np.column_stack([1 - p, p])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return (self.predict_proba(frame)[:, 1] >= 0.5).astype(int)


class Decides:
    """A model without probabilities."""

    classes_ = (0, 1)
    feature_names_in_ = tuple(NAMES)

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return (frame["a"] > 0).to_numpy().astype(int)


def subject(frame: pd.DataFrame, model: object, **more: object) -> Subject:
    how = {"label": "y", "features": NAMES, "sensitive": ["sex"], "recourse": RECOURSE, **more}
    return Subject(frame, model=model, **how)  # type: ignore[arg-type]


def without_probabilities() -> Subject:
    return subject(rows_of(), Decides())


def constant_output() -> Subject:
    return subject(rows_of(), Plain(lambda frame: np.full(len(frame), 0.3)))


def few_rows() -> Subject:
    return subject(rows_of(6), fitted(rows_of()))


def one_column() -> Subject:
    frame = rows_of()
    return subject(frame, LogisticRegression().fit(frame[["a"]], frame["y"]), features=["a"])


def gaps() -> Subject:
    frame = rows_of()
    frame.loc[::3, "a"] = np.nan
    return subject(frame, Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].fillna(0).to_numpy()))))


def a_server_that_breaks_off() -> Subject:
    return subject(rows_of(), Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].to_numpy())), fails_after=2))


def answers_that_are_not_finite() -> Subject:
    def share(asked: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-asked["a"].to_numpy()))
        return p if len(asked) == 400 else np.full(len(asked), np.nan)

    return subject(rows_of(), Plain(share))


def one_group() -> Subject:
    frame = rows_of()
    frame["sex"] = ["f"] * 397 + ["m"] * 3
    return subject(frame, fitted(frame))


def no_sensitive_column() -> Subject:
    return subject(rows_of(), fitted(rows_of()), sensitive=[])


def predictions_only() -> Subject:
    frame = rows_of().assign(p=lambda rows: (rows["a"] > 0).astype(int))
    return Subject(frame, label="y", prediction="p", sensitive=["sex"])


def a_date_among_the_columns() -> Subject:
    frame = rows_of()
    frame["b"] = pd.date_range("2020-01-01", periods=len(frame))
    return subject(frame, Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].to_numpy()))))


def words_that_training_did_not_know() -> Subject:
    frame, train = rows_of(), rows_of(seed=1)
    frame["b"], train["b"] = ["new", "old"] * 200, ["old", "older"] * 200
    model = Plain(lambda asked: 1 / (1 + np.exp(-(asked["a"] + (asked["b"] == "old")).to_numpy())))
    return subject(frame, model, train=train)


SITUATIONS = [
    without_probabilities,
    constant_output,
    few_rows,
    one_column,
    gaps,
    a_server_that_breaks_off,
    answers_that_are_not_finite,
    one_group,
    no_sensitive_column,
    predictions_only,
    a_date_among_the_columns,
    words_that_training_did_not_know,
]


def found(name: str, made: Subject, **options: object) -> Finding:
    entry = catalogue()[name]
    return run_one(entry, made, entry.options({**OPTIONS.get(name, {}), **options}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", AUDITORS)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__)
def test_each_situation_is_a_status_with_one_line_or_right_numbers(situation: Callable[[], Subject], name: str) -> None:
    try:
        made = situation()
    except AuditkitError as error:  # refused at the door is well enough
        assert "\n" not in str(error)
        return
    finding = found(name, made)
    if finding.status == "error":
        # the model broke: the reason says so, in the model's words
        assert situation in (a_server_that_breaks_off, answers_that_are_not_finite)
        assert any(said in str(finding.reason) for said in ("closed the connection", "not finite", "NaN")), (
            finding.reason
        )
        return
    if finding.status != "measured":
        assert finding.reason and "\n" not in finding.reason and len(finding.reason) > 20
    for measure in finding.measures:
        assert measure.value is not None or measure.reason


@pytest.mark.parametrize("name", [name for name in AUDITORS if "budget" in catalogue()[name].defaults])
def test_a_budget_too_small_says_what_it_takes(name: str) -> None:
    made = subject(rows_of(), Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].to_numpy()))))
    finding = found(name, made, budget=30)
    assert finding.status == "insufficient data", (finding.status, finding.reason)
    assert "budget" in str(finding.reason)


@pytest.mark.parametrize("name", AUDITORS)
def test_a_model_that_only_answers_is_explained_like_any_other(name: str) -> None:
    made = subject(rows_of(800), Plain(lambda asked: 1 / (1 + np.exp(-(2 * asked["a"] + asked["b"]).to_numpy()))))
    assert found(name, made).status == "measured"


@pytest.mark.parametrize("name", AUDITORS)
@pytest.mark.parametrize("task", ["regression", "three classes"])
def test_other_tasks_are_measured_or_not_applicable(name: str, task: str) -> None:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    frame = rows_of(600)
    if task == "regression":
        frame["y"] = frame["a"] * 2 + frame["b"]
        model: object = RandomForestRegressor(20, max_depth=4, random_state=0).fit(frame[NAMES], frame["y"])
    else:
        frame["y"] = pd.qcut(frame["a"], 3, labels=["low", "middle", "high"]).astype(str)
        model = RandomForestClassifier(20, max_depth=4, random_state=0).fit(frame[NAMES], frame["y"])
    finding = found(name, subject(frame, model, recourse=None))
    assert finding.status in ("measured", "not applicable"), finding.reason
