"""All ways to the shares of trees say the same, and which one is taken rests on the size of the job."""

import sys
from itertools import pairwise

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier

from auditkit.explainers.tree_games import READERS
from auditkit.explainers.trees.blocks import players_at_leaves
from auditkit.explainers.trees.by_pairs import shares_by_pairs
from auditkit.explainers.trees.cheapest import cheapest
from auditkit.explainers.trees.forest import Forest
from auditkit.explainers.trees.levels import shares_by_levels
from auditkit.explainers.trees.shares import shares
from auditkit.explainers.trees.stack import total_of
from auditkit.explainers.trees.walks import shares_by_walks

RNG = np.random.default_rng(0)
COLUMNS = 6
TABLE = RNG.normal(size=(500, COLUMNS))
TABLE[:, 5] = RNG.integers(0, 4, 500)
TARGET = (TABLE[:, 0] * TABLE[:, 1] + TABLE[:, 2] + (TABLE[:, 5] == 2) > 0.3).astype(int)
GAPS = np.where(RNG.random(TABLE.shape) < 0.1, np.nan, TABLE)
OWN = np.arange(COLUMNS)
MODELS = {
    "forest": RandomForestClassifier(12, max_depth=6, random_state=0),
    "deep forest": RandomForestClassifier(4, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=12, max_depth=4, random_state=0),
    "histogram": HistGradientBoostingClassifier(max_iter=12, random_state=0),
    "LightGBM": lightgbm.LGBMClassifier(n_estimators=12, min_child_samples=3, n_jobs=1, verbose=-1),
    "XGBoost": xgboost.XGBClassifier(n_estimators=12, max_depth=5, n_jobs=1),
}


def read(model: object, table: np.ndarray, positive: int | None = 1) -> Forest:
    fitted = model.fit(table, TARGET)  # type: ignore[attr-defined]
    return next(found for reader in READERS if (found := reader(fitted, positive)) is not None)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_walks_pairs_and_levels_give_what_tables_give(name: str, gaps: bool) -> None:
    if gaps and name == "boosting":
        pytest.skip("it takes no missing values")
    table = GAPS if gaps else TABLE
    forest = read(MODELS[name], table)
    rows, background = forest.matrix(table[:12]), forest.matrix(table[100:137])
    exact, by_path = shares(forest, rows, background, OWN, COLUMNS), shares(forest, rows, None, OWN, COLUMNS)
    for found, truth, near in (
        (shares_by_walks(forest, rows, background, OWN, COLUMNS), exact, 1e-11),
        (shares_by_levels(forest, rows, None, OWN, COLUMNS), by_path, 1e-11),
        (shares_by_pairs(forest, rows, background, OWN, COLUMNS), exact, 2e-6),  # in single precision
    ):
        np.testing.assert_allclose(found.values, truth.values, atol=near)
        np.testing.assert_allclose(found.total, truth.total, atol=near)
        assert found.base == pytest.approx(truth.base, abs=near)
    np.testing.assert_allclose(total_of(forest, rows), exact.total, atol=1e-11)


@pytest.mark.parametrize("library", ["LightGBM", "histogram"])
def test_categories_and_columns_of_one_player_are_walked_too(library: str) -> None:
    frame = pd.DataFrame(TABLE, columns=list("abcdef")).assign(f=pd.Categorical(TABLE[:, 5].astype(int).astype(str)))
    frame.loc[RNG.random(500) < 0.1, "f"] = None
    model = (
        lightgbm.LGBMClassifier(
            n_estimators=10,
            min_child_samples=3,
            n_jobs=1,
            verbose=-1,
            max_cat_to_onehot=1,
            min_data_per_group=5,
            cat_smooth=1,
        )
        if library == "LightGBM"
        else HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype", random_state=0)
    ).fit(frame, TABLE[:, 5] % 2 + TARGET > 1)
    forest = next(found for reader in READERS if (found := reader(model, 1)) is not None)
    assert any(tree.categories for tree in forest.trees)
    rows, background = forest.matrix(frame[:9]), forest.matrix(frame[100:125])
    for owner in (forest.owner, forest.owner // 2):
        exact, by_path = shares(forest, rows, background, owner, 6), shares(forest, rows, None, owner, 6)
        walked, levelled = (
            shares_by_walks(forest, rows, background, owner, 6),
            shares_by_levels(forest, rows, None, owner, 6),
        )
        np.testing.assert_allclose(walked.values, exact.values, atol=1e-11)
        np.testing.assert_allclose(levelled.values, by_path.values, atol=1e-11)
    np.testing.assert_allclose(total_of(forest, rows), exact.total, atol=1e-11)


def test_values_that_single_precision_takes_for_a_threshold_stay_on_their_side() -> None:
    """shap's own answer for such trees does not add up; thresholds of HistGradientBoosting are values of training rows."""
    forest = read(MODELS["histogram"], TABLE)
    cuts = np.concatenate([tree.threshold[tree.feature >= 0] for tree in forest.trees])
    near = np.nextafter(cuts[: 12 * COLUMNS].reshape(12, COLUMNS), np.inf)
    found = shares_by_pairs(forest, near, TABLE[:40], OWN, COLUMNS)
    np.testing.assert_allclose(found.values, shares(forest, near, TABLE[:40], OWN, COLUMNS).values, atol=1e-6)


def test_the_size_of_the_job_says_which_way_is_taken() -> None:
    forest = read(MODELS["LightGBM"], TABLE)
    assert cheapest(forest, OWN, 1, 10) is shares_by_walks
    assert cheapest(forest, OWN, 5, 0) is shares_by_levels
    assert cheapest(forest, OWN, 300, 300) is shares
    assert cheapest(forest, OWN, 20_000, 0) is shares
    assert cheapest(forest, OWN, 10, 100, compiled=True) is shares_by_pairs
    assert cheapest(forest, OWN // 2, 10, 100, compiled=True) is not shares_by_pairs  # columns replaced together


def test_trees_too_deep_for_tables_are_walked_if_few_and_else_refused() -> None:
    wide = RNG.normal(size=(1500, 40))
    model = RandomForestClassifier(5, random_state=0).fit(wide, RNG.integers(0, 2, 1500))
    forest = READERS[1](model, 1)
    assert forest is not None
    assert cheapest(forest, np.arange(40), 1, 100) is shares_by_walks
    assert cheapest(forest, np.arange(40), 5, 0) is shares_by_levels
    assert cheapest(forest, np.arange(40), 1000, 1000) is None


def test_players_at_leaves_are_counted_as_one_by_one_also_beyond_64_columns() -> None:
    wide = RNG.normal(size=(400, 130))
    model = DecisionTreeClassifier(random_state=0).fit(wide, RNG.integers(0, 2, 400))
    forest = READERS[1](model, 1)
    assert forest is not None
    tree, found = forest.trees[0], []
    stack: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
    while stack:
        node, met = stack.pop()
        if tree.feature[node] < 0:
            found.append(len(met))
            continue
        stack += [(int(child), met | {int(tree.feature[node])}) for child in (tree.left[node], tree.right[node])]
    place, players = players_at_leaves(forest.trees * 2, np.arange(130))
    assert sorted(players[place == 0].tolist()) == sorted(players[place == 1].tolist()) == sorted(found)
    assert players_at_leaves([], np.arange(130))[0].size == 0


@pytest.mark.parametrize("positive", [0, 1, None])
def test_a_forest_is_asked_tree_by_tree_for_what_it_answers_itself(positive: int | None) -> None:
    kind = RandomForestRegressor if positive is None else RandomForestClassifier
    model = kind(15, random_state=0).fit(TABLE, TARGET)
    forest = READERS[1](model, positive)
    assert forest is not None
    own = model.predict(TABLE) if positive is None else model.predict_proba(TABLE)[:, positive]
    few, many = forest.output(TABLE[:150]), forest.output(TABLE)
    np.testing.assert_allclose(few, own[:150], atol=1e-12)
    np.testing.assert_allclose(many, own, atol=1e-12)


def test_a_forest_refuses_a_frame_whose_columns_come_in_another_order_whatever_its_size() -> None:
    frame = pd.DataFrame(TABLE, columns=list("abcdef"))
    forest = READERS[1](RandomForestClassifier(3, random_state=0).fit(frame, TARGET), 1)
    assert forest is not None
    with pytest.raises(ValueError, match="same order"):
        forest.output(frame[list("bacdef")][:5])


def test_one_row_that_does_not_add_up_is_found_out() -> None:
    """A constant of unknown size must not make up for the error of the only row."""
    from auditkit.explainers.attribution import Task
    from auditkit.explainers.tree_games import explain_tree_games

    model = xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1).fit(TABLE, TARGET)

    class Shifted(xgboost.XGBClassifier):
        def predict(self, rows: np.ndarray, **more: object) -> np.ndarray:
            return np.asarray(super().predict(rows, **more)) + (np.asarray(rows)[:, 0] == TABLE[0, 0])

    Shifted.__module__ = "xgboost.sklearn"
    other = Shifted()
    other.__dict__ = model.__dict__
    rows, background = TABLE[:1], TABLE[100:150]
    good, bad = (explain_tree_games(Task(one, None, 1, rows, background, RNG, 10**6)) for one in (model, other))
    assert good is not None and good.additivity_error < 1e-5
    assert bad is not None and bad.additivity_error > 0.3


def test_no_way_loads_shap_unless_it_is_there() -> None:
    import subprocess

    code = (
        "import sys, numpy as np\n"
        "from sklearn.ensemble import RandomForestClassifier as F\n"
        "from auditkit.explainers.attribution import Task\n"
        "from auditkit.explainers.dispatch import explain\n"
        "x = np.random.default_rng(0).normal(size=(300, 3)); m = F(5, max_depth=3).fit(x, x[:, 0] > 0)\n"
        "for n in (1, 50, 300):\n"
        "    explain(Task(m, None, 1, x[:n], x[:40], None, 10**6))\n"
        "print('shap' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


def test_ways_are_tried_from_the_smallest_job_to_the_largest() -> None:
    """As background rows grow, no way comes back once it was left."""
    forest = read(MODELS["XGBoost"], TABLE)
    taken = [cheapest(forest, OWN, 10, size, compiled=True) for size in (1, 2, 10, 100, 900, 5000, 50_000)]
    changes = [one for one, after in pairwise([*taken, None]) if one is not after]
    assert len(changes) == len(set(changes))
