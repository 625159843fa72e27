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


def an_infinite_answer() -> Subject:
    class Grows:
        feature_names_in_ = tuple(NAMES)

        def predict(self, asked: pd.DataFrame) -> np.ndarray:
            return np.where(asked["a"] > 1.5, np.inf, asked["a"])

    frame = rows_of()
    frame["y"] = frame["a"] + frame["b"]
    return subject(frame, Grows(), task="regression", recourse=None)


def an_infinite_value() -> Subject:
    frame = rows_of()
    frame.loc[5, "a"] = np.inf
    return subject(frame, Plain(lambda asked: 1 / (1 + np.exp(-np.clip(asked["a"].to_numpy(), -9, 9)))))


def numbers_near_the_largest() -> Subject:
    frame = rows_of()
    frame["a"] *= 1e300
    return subject(frame, Plain(lambda asked: 1 / (1 + np.exp(-np.clip(asked["a"].to_numpy() / 1e300, -9, 9)))))


def a_column_without_a_value() -> Subject:
    frame = rows_of()
    frame["c"] = np.nan
    return subject(frame, Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].to_numpy()))), train=rows_of())


def two_training_rows() -> Subject:
    return subject(rows_of(), fitted(rows_of()), train=rows_of(2))


def certain_answers() -> Subject:
    return subject(rows_of(), Plain(lambda asked: (asked["a"] > 0).to_numpy().astype(float)))


def coefficients_of_zero() -> Subject:
    frame = rows_of()
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    model.coef_[:] = 0
    return subject(frame, model)


def a_categorical_column() -> Subject:
    frame, train = rows_of(), rows_of(seed=1)
    frame["b"], train["b"] = pd.Categorical(["new", "old"] * 200), pd.Categorical(["old", "older"] * 200)
    model = Plain(lambda asked: 1 / (1 + np.exp(-(asked["a"] + (asked["b"] == "old")).to_numpy())))
    return subject(frame, model, train=train)


SITUATIONS = [
    an_infinite_answer,
    an_infinite_value,
    numbers_near_the_largest,
    a_column_without_a_value,
    two_training_rows,
    certain_answers,
    coefficients_of_zero,
    a_categorical_column,
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
        assert str(finding.reason).startswith("ModelError: ")
        assert any(said in str(finding.reason) for said in ("closed the connection", "not finite", "NaN")), (
            finding.reason
        )
        return
    if finding.status != "measured":
        assert finding.reason and "\n" not in finding.reason and len(finding.reason) > 20
    for measure in finding.measures:
        assert measure.value is not None or measure.reason
        ends = () if measure.interval is None else (measure.interval.low, measure.interval.high)
        assert all(one is None or np.isfinite(one) for one in (measure.value, *ends))
    for evidence in finding.evidence:
        numbers = [cell for row in evidence.rows for cell in row if isinstance(cell, float)]
        assert np.isfinite(numbers).all(), evidence.id


@pytest.mark.parametrize("constant", [0.1, 0.254, 0.705])
def test_a_constant_output_has_no_gap_between_groups_not_even_one_of_rounding(constant: float) -> None:
    made = subject(rows_of(1000), Plain(lambda frame: np.full(len(frame), constant)))
    measures = found("explanations.group_disparity", made).measures
    assert {measure.value for measure in measures if measure.name == "output"} == {constant}
    gap = next(measure for measure in measures if measure.name == "output_gap")
    assert gap.value == 0.0 and gap.interval is not None and gap.interval.low == 0.0


def test_a_constant_output_has_no_column_that_looks_largest() -> None:
    measures = found("explanations.permutation_importance", constant_output()).measures
    largest = next(measure for measure in measures if measure.name == "largest_rise")
    assert (largest.status, largest.reason) == ("insufficient", "no column changes the loss, whatever its value")


def test_a_server_that_breaks_off_is_not_blamed_on_the_columns() -> None:
    reason = str(found("explanations.effects", a_server_that_breaks_off()).reason)
    assert "closed the connection; see that what it asks can be reached" in reason and "trained on" not in reason


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.iloc[:0], "the data have no rows"),
        (lambda frame: frame.rename(columns={"b": "a"}), "column name 'a' occurs 2 times"),
        (lambda frame: frame.assign(b=["x", *[1.0] * 399]), "column 'b' mixes float, str"),
        (lambda frame: frame.drop(columns="b"), "data have no column 'b'"),
        (lambda frame: frame.iloc[:1], "a comparison needs at least two groups"),
        (lambda frame: frame.assign(b=[[1]] * 400), "column 'b' holds list"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_at_the_door(change: Callable[..., pd.DataFrame], said: str) -> None:
    frame = rows_of()
    with pytest.raises(AuditkitError, match=said) as refused:
        subject(change(frame), fitted(frame))
    assert "\n" not in str(refused.value)
    if "two groups" not in said:
        with pytest.raises(AuditkitError, match=said):
            subject(frame, fitted(frame), train=change(frame))


SIZES = ("rows", "background", "fewest", "most_rows", "pool")


@pytest.mark.parametrize(
    ("name", "option"), [(name, one) for name in AUDITORS for one in SIZES if one in catalogue()[name].defaults]
)
@pytest.mark.parametrize("size", [0, 1])
def test_options_that_leave_nothing_are_told_in_one_line(name: str, option: str, size: int) -> None:
    entry = catalogue()[name]
    small = {option: size, **({"most_rows": size} if option == "rows" and "most_rows" in entry.defaults else {})}
    for model in (fitted(rows_of()), Plain(lambda asked: 1 / (1 + np.exp(-asked["a"].to_numpy())))):
        finding = found(name, subject(rows_of(), model), **small)
        if finding.status == "error":
            assert str(finding.reason).startswith("ConfigurationError: option"), finding.reason
        if finding.status != "measured":
            assert finding.reason and "\n" not in finding.reason
        for measure in finding.measures:
            assert measure.n is None or measure.n > 0


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
