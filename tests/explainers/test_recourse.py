"""Recourse is decided by the model, stays within what is permitted, costs little, and ends."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from auditkit.errors import NotApplicable
from auditkit.explainers.recourse import find_recourse, recourse_of
from auditkit.explainers.recourse_space import axes_of
from auditkit.subject import Subject


class Rule:
    """A model that decides by a function of the rows, has no scores, and counts the rows it is asked for."""

    def __init__(self, decide: Callable[[pd.DataFrame], Any], features: list[str], classes: tuple[Any, ...] = (0, 1)):
        self.decide, self.feature_names_in_, self.asked = decide, np.array(features, dtype=object), 0
        self.classes_ = np.array(classes)

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        self.asked += len(frame)
        return np.asarray(self.decide(frame))


def people(n: int = 1200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.normal(30_000, 8_000, n).round(-2),
            "years": rng.integers(0, 20, n),
            "rate": rng.uniform(0, 1, n).round(3),
            "housing": rng.choice(["own", "rent", "family"], n),
            "school": rng.choice(["low", "middle", "high"], n),
            "member": rng.choice([True, False], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    frame.loc[::19, "income"] = np.nan
    frame["housing"] = frame.housing.mask(np.arange(n) % 23 == 0)
    score = (frame.income.fillna(30_000) - 30_000) / 8_000 + (frame.years - 10) / 5 + (frame.housing == "own")
    frame["y"] = (score + rng.logistic(size=n) > 1).astype(int)
    return frame


FEATURES = ["income", "years", "rate", "housing", "school", "member", "sex"]
SECTION: dict[str, Any] = {
    "columns": {
        "income": {"direction": "up", "most": 45_000, "step": 500},
        "years": {"direction": "up", "farthest": 4},
        "housing": {"to": ["own", "rent"]},
        "school": {"order": ["low", "middle", "high"], "direction": "up"},
        "member": {},
    },
}


def pipeline(frame: pd.DataFrame, last: Any) -> Pipeline:
    from sklearn.impute import SimpleImputer

    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("n", numbers, FEATURES[:3]), ("w", words, FEATURES[3:])])
    return make_pipeline(columns, last).fit(frame[FEATURES], frame.y)


def subject(section: Mapping[str, Any] = SECTION, last: Any = None, **more: Any) -> Subject:
    train, test = people(1200, 1), people(800, 2)
    model = pipeline(train, last or LogisticRegression())
    return Subject(
        test, train=train, model=model, label="y", favorable=1, features=FEATURES, sensitive=["sex"],
        recourse=section, **more,
    )  # fmt: skip


def adverse(given: Subject, n: int = 150) -> pd.DataFrame:
    frame = given.sample(800)
    return frame[given.predict(frame) != given.favorable].head(n).reset_index(drop=True)


@pytest.mark.parametrize("last", [LogisticRegression(), HistGradientBoostingClassifier(max_iter=30, random_state=0)])
def test_what_is_found_is_decided_favourably_and_within_what_is_permitted(last: Any) -> None:
    asked = subject(last=last)
    before = adverse(asked)
    table = find_recourse(asked, before)
    found = (table.outcome == "found").to_numpy()
    assert 20 < found.sum() < len(before)
    after = before.copy()
    for column in SECTION["columns"]:
        after[column] = table[column]
    assert dict(after.dtypes) == dict(before.dtypes)
    assert (asked.predict(after[found]) == 1).all()
    pd.testing.assert_frame_equal(after[~found], before[~found])
    moved = {name: ~(after[name].eq(before[name]) | (after[name].isna() & before[name].isna())) for name in FEATURES}
    count = sum(flags.astype(int) for flags in moved.values())
    assert (count[found] >= 1).all()
    assert (count <= 3).all()
    assert (count == table.changes).all()
    assert not moved["sex"].any()
    income = after.income[moved["income"]]
    assert (income % 500 == 0).all()
    assert (income <= 45_000).all()
    assert (income > before.income[moved["income"]]).all()
    years = (after.years - before.years)[moved["years"]]
    assert years.between(1, 4).all()
    assert set(after.housing[moved["housing"]]) <= {"own", "rent"}
    places = ["low", "middle", "high"]
    assert (after.school.map(places.index) >= before.school.map(places.index)).all()


def test_what_is_missing_stays_missing() -> None:
    asked = subject()
    before = adverse(asked, 400)
    table = find_recourse(asked, before)
    assert before.income.isna().any()
    assert table.income[before.income.isna()].isna().all()
    assert table.housing[before.housing.isna()].isna().all()


def test_each_row_has_the_same_recourse_whatever_rows_stand_beside_it() -> None:
    asked = subject()
    before = adverse(asked)
    first = find_recourse(asked, before)
    backwards = find_recourse(asked, before.iloc[::-1]).iloc[::-1]
    pd.testing.assert_frame_equal(first, backwards)
    pd.testing.assert_frame_equal(first.iloc[40:60], find_recourse(asked, before.iloc[40:60]))


def test_rows_that_are_favourable_already_are_left_alone() -> None:
    asked = subject()
    rows = asked.sample(50)
    table = find_recourse(asked, rows)
    decided = asked.predict(rows) == 1
    assert (table.outcome[decided] == "favourable already").all()
    assert table.cost[decided].isna().all()
    assert find_recourse(asked, rows.iloc[:0]).empty


def test_cost_is_the_weighted_shift_in_mid_percentiles() -> None:
    train = pd.DataFrame({"x": [0, 0, 10, 20], "c": ["a", "a", "b", "b"], "o": ["l", "l", "l", "h"], "y": [0, 0, 1, 1]})
    section = {"columns": {"x": {"cost": 2.0}, "c": {"cost": 3.0}, "o": {"order": ["l", "h"]}}}
    made = Subject(train, model=Rule(lambda rows: rows.x > 5, ["x", "c", "o"]), favorable=1, recourse=section)
    assert made.recourse is not None
    number, word, ordered = axes_of(made.recourse, train, train)
    # Mid-percentiles of 0, 10, 20 are 1/4, 5/8, 7/8; halfway from 0 to 10 is halfway between the first two.
    assert number.cost(np.array([0.0, 0.0]), np.array([10.0, 5.0])) == pytest.approx([2 * 3 / 8, 2 * 3 / 16])
    assert word.cost(np.array([0.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx([3 / 3, 0])
    assert ordered.cost(np.array([0.0]), np.array([1.0])) == pytest.approx([7 / 8 - 3 / 8])


@settings(max_examples=80, deadline=None)
@given(
    values=st.lists(st.floats(-1000, 1000).map(lambda x: round(x, 2)), min_size=2, max_size=30),
    own=st.floats(-1200, 1200).map(lambda x: round(x, 3)),
    direction=st.sampled_from(["up", "down", "both"]),
    step=st.sampled_from([None, 0.1, 0.25, 5.0]),
    farthest=st.sampled_from([None, 0.3, 40.0]),
    limits=st.sampled_from([(None, None), (-50.0, 50.0), (None, 10.0), (3.0, None)]),
    share=st.floats(0.01, 0.99),
)
def test_levels_and_what_lies_between_keep_every_limit(
    values: list[float], own: float, direction: str, step: float | None, farthest: float | None,
    limits: tuple[float | None, float | None], share: float,
) -> None:  # fmt: skip
    given_ = {"direction": direction, "step": step, "farthest": farthest, "least": limits[0], "most": limits[1]}
    train = pd.DataFrame({"x": [*values, 0.001]})
    section = {"columns": {"x": {key: value for key, value in given_.items() if value is not None}}}
    made = Subject(train, model=Rule(lambda rows: rows.x > 0, ["x"]), favorable=1, recourse=section)
    assert made.recourse is not None
    axis = axes_of(made.recourse, train, train)[0]
    levels = axis.levels(np.array([own]))[0]
    levels = levels[~np.isnan(levels)]
    between = axis.between(np.full(len(levels), own), levels, np.full(len(levels), share))
    for found in (levels, between):
        assert (found != own).all()
        assert direction == "both" or ((found > own) == (direction == "up")).all()
        assert farthest is None or (np.abs(found - own) <= farthest + 1e-6).all()
        assert ((found >= train.x.min()) & (found <= train.x.max())).all()
        assert (axis.cost(np.full(len(found), own), found) > 0).all()
        assert limits[0] is None or (found >= limits[0] - 1e-9).all()
        assert limits[1] is None or (found <= limits[1] + 1e-9).all()
        if step is not None:
            assert np.abs(found / step - np.round(found / step)).max(initial=0) < 1e-6
    assert (np.abs(between - own) <= np.abs(levels - own) + 1e-9).all()


def test_default_step_is_the_rounding_of_the_training_values() -> None:
    asked = subject({"columns": {"income": {"direction": "up"}, "rate": {}, "years": {}}})
    table = find_recourse(asked, adverse(asked))
    assert (table.income.dropna() % 100 == 0).all()
    assert np.abs(table.rate * 1000 - (table.rate * 1000).round()).max() < 1e-6


def test_the_threshold_that_was_given_decides() -> None:
    asked = subject(threshold=0.8)
    before = adverse(asked)
    table = find_recourse(asked, before)
    found = (table.outcome == "found").to_numpy()
    after = before.assign(**{name: table[name] for name in SECTION["columns"]})
    assert found.any()
    assert (asked.predict_scores(after[found]) >= 0.8).all()


def test_the_other_label_may_be_the_favourable_one() -> None:
    train, test = people(1200, 1), people(800, 2)
    section = {"columns": {"income": {"direction": "down"}, "years": {"direction": "down"}}}
    asked = Subject(
        test, train=train, model=pipeline(train, LogisticRegression()), label="y", favorable=0, positive=1,
        features=FEATURES, recourse=section,
    )  # fmt: skip
    before = adverse(asked)
    table = find_recourse(asked, before)
    found = (table.outcome == "found").to_numpy()
    assert found.mean() > 0.5
    assert (asked.predict(before.assign(income=table.income, years=table.years)[found]) == 0).all()


def test_of_several_labels_the_favourable_one_is_sought() -> None:
    train, test = people(1200, 1), people(800, 2)
    for frame in (train, test):
        frame["y"] = np.where(frame.years > 12, "yes", np.where(frame.years > 6, "perhaps", "no"))
    model = pipeline(train, LogisticRegression(max_iter=500))
    asked = Subject(
        test, train=train, model=model, label="y", favorable="yes", features=FEATURES,
        recourse={"columns": {"years": {"direction": "up", "farthest": 8}}},
    )  # fmt: skip
    before = adverse(asked)
    table = find_recourse(asked, before)
    found = (table.outcome == "found").to_numpy()
    assert 0 < found.sum() < len(found)
    assert (asked.predict(before.assign(years=table.years)[found]) == "yes").all()
    every = np.stack([asked.predict(before.assign(years=before.years + more)) == "yes" for more in range(9)])
    inside = np.stack([before.years + more <= train.years.max() for more in range(9)])
    assert (found == (every & inside).any(axis=0)).all()
    assert (table.years - before.years)[found].tolist() == (every & inside).argmax(axis=0)[found].tolist()


def test_a_model_without_scores_is_asked_for_its_decisions() -> None:
    frame = people(600)
    model = Rule(lambda rows: ((rows.years >= 15) & (rows.housing == "own")).astype(int), ["years", "housing"])
    section = {"columns": {"years": {"direction": "up"}, "housing": {}}}
    asked = Subject(frame, model=model, favorable=1, recourse=section)
    before = frame[model.predict(frame) == 0].head(200)
    table = find_recourse(asked, before)
    known = before.housing.notna().to_numpy()
    assert (table.outcome[known] == "found").all()
    assert (table.outcome[~known] == "none found").all()
    assert (table.years[known] == np.maximum(15, before.years[known])).all()


def test_where_scores_and_decisions_part_the_decision_counts() -> None:
    class Odd:
        classes_ = np.array([0, 1])
        feature_names_in_ = np.array(["years"], dtype=object)

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            score = frame.years.to_numpy() / 20
            return np.column_stack([1 - score, score])

        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return (frame.years.to_numpy() >= 16).astype(int)

    frame = people(400)
    asked = Subject(frame, model=Odd(), label="y", favorable=1, recourse={"columns": {"years": {}}})
    before = adverse(asked)
    table = find_recourse(asked, before)
    assert (table.outcome == "found").all()
    assert (table.years == 16).all()


def test_a_model_that_never_agrees_leaves_everybody_without_and_ends() -> None:
    frame = people(300)
    model = Rule(lambda rows: np.where(rows.years == 77, "yes", "no"), ["years", "rate"], ("no", "yes"))
    asked = Subject(
        frame.assign(y=np.where(frame.y == 1, "yes", "no")), model=model, label="y", favorable="yes",
        recourse={"columns": {"years": {}, "rate": {}}},
    )  # fmt: skip
    found = recourse_of(asked, frame)
    assert found.searched.all()
    assert not found.has_way.any()


def test_rows_of_the_model_are_kept_to_and_what_is_left_is_not_searched() -> None:
    frame = people(600)
    model = Rule(lambda rows: (rows.years >= 18).astype(int), ["years", "rate"])
    asked = Subject(frame, model=model, favorable=1, recourse={"columns": {"years": {}, "rate": {}}})
    before = frame[frame.years < 18].head(400)
    asked_before = model.asked
    found = recourse_of(asked, before, model_rows=5_000)
    assert model.asked - asked_before <= 5_000 + 1_000  # and the rows on which scores and decisions are compared
    assert found.cut == "budget"
    assert 0 < found.searched.sum() < 400
    assert not found.has_way[~found.searched].any()
    outcome = find_recourse(asked, before, model_rows=5_000).outcome
    assert set(outcome) == {"found", "not searched"}
    assert (outcome == find_recourse(asked, before, model_rows=5_000).outcome).all()


def test_the_clock_ends_a_slow_search_and_says_so() -> None:
    frame = people(600)

    def slow(rows: pd.DataFrame) -> np.ndarray:
        time.sleep(0.05 if len(rows) < 600 else 0)
        return (rows.years >= 18).astype(int).to_numpy()

    asked = Subject(
        frame, model=Rule(slow, ["years", "rate"]), favorable=1, recourse={"columns": {"years": {}, "rate": {}}}
    )
    began = time.monotonic()
    found = recourse_of(asked, frame[frame.years < 18], seconds=0.3)
    assert time.monotonic() - began < 5
    assert found.cut == "clock"
    assert not found.searched.all()
    assert not found.has_way[~found.searched].any()


def test_a_linear_model_gets_the_cheapest_recourse_there_is() -> None:
    missed, rows, excess = _against_every_grid_point(LogisticRegression(), 1, 1.0, 80)
    assert rows > 20
    assert missed == 0
    assert excess < 1e-9


@pytest.mark.statistics
def test_how_often_the_search_misses_what_every_point_of_the_grid_would_find(
    record_property: Callable[[str, object], None],
) -> None:
    models = {
        "logistic": LogisticRegression(),
        "tree": DecisionTreeClassifier(max_depth=8, random_state=0),
        "boosting": HistGradientBoostingClassifier(random_state=0, max_iter=50),
        "forest": RandomForestClassifier(30, max_depth=8, random_state=0),
    }
    limits = {"logistic": (0.0, 1e-3), "tree": (0.08, 0.12), "boosting": (0.03, 0.10), "forest": (0.03, 0.06)}
    for name, model in models.items():
        tried = [_against_every_grid_point(model, seed, shift, 200) for seed in (1, 2) for shift in (1.0, 6.0)]
        missed, there = sum(item[0] for item in tried), sum(item[1] for item in tried)
        excess = max(item[2] for item in tried)
        hardest = max(item[0] / max(1, item[1]) for item in tried)
        record_property(
            f"recourse, {name}",
            f"missed {missed} of {there}, {hardest:.1%} in the hardest of {len(tried)} settings; "
            f"mean cost at most {excess:.1%} above the cheapest",
        )
        assert missed <= limits[name][0] * there
        assert hardest <= 0.15
        assert excess <= limits[name][1]


def _against_every_grid_point(model: Any, seed: int, shift: float, n: int) -> tuple[int, int, float]:
    """Return recourse missed, recourse there is, and the relative excess of the mean cost, on 4 columns of 9 values."""
    rng, names = np.random.default_rng(seed), [f"x{place}" for place in range(4)]
    train, test = (pd.DataFrame(rng.integers(0, 9, (rows, 4)), columns=names) for rows in (3000, 1500))
    weights, pairs, scaled = rng.normal(size=4), rng.normal(size=(4, 4)), (train.to_numpy() - 4) / 2.6
    score = scaled @ weights + 0.6 * np.einsum("ni,ij,nj->n", scaled, pairs, scaled) - shift
    label = (score + rng.logistic(size=3000) > 0).astype(int)
    fitted = model.fit(train, label)
    ways = dict(zip(names, ["up", "up", "both", "down"], strict=True))
    asked = Subject(
        test.assign(y=np.arange(1500) % 2), train=train.assign(y=label), model=fitted, label="y", favorable=1,
        features=names, recourse={"columns": {name: {"direction": way} for name, way in ways.items()}},
    )  # fmt: skip
    before = test[fitted.predict(test) == 0].head(n)
    found = recourse_of(asked, before)
    assert found.searched.all()
    best = _cheapest_of_all(fitted, found.axes, found.own)
    there, has_way = np.isfinite(best), found.has_way
    assert not (has_way & ~there).any()
    assert (found.cost[has_way] >= best[has_way] - 1e-9).all()
    excess = float((found.cost[has_way] - best[has_way]).sum() / best[has_way].sum()) if has_way.any() else 0.0
    return int((there & ~has_way).sum()), int(there.sum()), excess


def _cheapest_of_all(model: Any, axes: Any, own: np.ndarray) -> np.ndarray:
    grid = np.array(list(itertools.product(range(9), repeat=len(axes))), dtype=float)
    names = [axis.change.column for axis in axes]
    grid = grid[model.predict(pd.DataFrame(grid.astype(int), columns=names)) == 1]
    best = np.full(len(own), np.inf)
    for row, start in enumerate(own):
        allowed = (grid != start).sum(axis=1) <= 3
        for place, axis in enumerate(axes):
            way = {"up": (1,), "down": (-1,), "both": (1, -1)}[axis.change.direction]
            allowed &= np.isin(np.sign(grid[:, place] - start[place]), (0, *way))
        if allowed.any():
            costs = [axis.cost(np.full(len(grid), start[at]), grid[:, at]) for at, axis in enumerate(axes)]
            best[row] = np.sum(costs, axis=0)[allowed].min()
    return best


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"model": None, "prediction": "p"}, "no model was given"),
        ({"recourse": None}, "made on request: state what a person could change"),
        ({"task": "regression", "label": "income", "favorable": None}, "the task is a regression"),
    ],
)
def test_it_is_told_why_there_is_nothing_to_search(more: dict[str, Any], message: str) -> None:
    frame = people(100).assign(p=1, income=np.arange(100.0))
    frame.loc[0, "p"] = 0
    given_: dict[str, Any] = {
        "model": Rule(lambda rows: rows.years > 5, ["years"]), "label": "y", "favorable": 1, "features": ["years"],
        "recourse": {"columns": {"years": {}}}, **more,
    }  # fmt: skip
    with pytest.raises(NotApplicable, match=message):
        find_recourse(Subject(frame, **given_), frame)


def test_columns_of_pandas_categories_keep_their_type_and_their_categories() -> None:
    train, test = people(1200, 1), people(800, 2)
    for frame in (train, test):
        frame["housing"] = pd.Categorical(frame.housing, categories=["family", "own", "rent"])
    names = ["years", "housing"]
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0, categorical_features="from_dtype")
    model.fit(train[names], train.y)
    section = {"columns": {"years": {"farthest": 3}, "housing": {}}}
    asked = Subject(test, train=train, model=model, label="y", favorable=1, features=names, recourse=section)
    before = adverse(asked)
    table = find_recourse(asked, before)
    found = (table.outcome == "found").to_numpy()
    assert found.any()
    assert table.housing.dtype == before.housing.dtype
    assert (asked.predict(before.assign(years=table.years, housing=table.housing)[found]) == 1).all()
