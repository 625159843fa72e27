"""Tables of leaves and blocks: the same shares however a tree is cut, row by row, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from auditkit.explainers.trees.blocks import cut
from auditkit.explainers.trees.forest import LEAF, Decisions, Forest, Tree
from auditkit.explainers.trees.leaf_games import shapley_tables
from auditkit.explainers.trees.read_sklearn import read_sklearn
from auditkit.explainers.trees.shares import seconds, shares

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(300, 6))
MODEL = RandomForestRegressor(6, max_depth=7, random_state=0).fit(ROWS, ROWS[:, 0] * ROWS[:, 1] + ROWS[:, 2])


def forest() -> Forest:
    found = read_sklearn(MODEL, None)
    assert found is not None
    return found


def test_two_players_by_hand() -> None:
    # half of the background meets neither condition, half meets the first alone
    tables = shapley_tables(np.array([[0.5, 0.5, 0.0, 0.0]]))
    assert tables[0, :, 3] == pytest.approx(
        [0.25, 0.75]
    )  # a row that meets both: worth 1, 0.5 if the second is taken alone
    assert tables[0, :, 0] == pytest.approx([0.0, 0.0])


@given(st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_shares_of_a_leaf_add_up_to_what_the_row_gets_less_what_the_background_gets(players: int, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(1 << players), size=3)
    total = shapley_tables(weights).sum(axis=1)
    paid = np.zeros(1 << players)
    paid[-1] = 1
    np.testing.assert_allclose(total, paid - weights[:, [-1]], atol=1e-12)


@pytest.mark.parametrize("bits", [2, 5, 9])
def test_every_row_ends_in_one_leaf_of_one_block_however_the_tree_is_cut(bits: int) -> None:
    given_forest = forest()
    rows = given_forest.matrix(ROWS)
    decisions = Decisions(given_forest, rows)
    for tree, member in zip(given_forest.trees, MODEL.estimators_, strict=True):
        left = decisions.left(tree)
        reached = np.full(len(rows), -1)
        for block in cut(tree, np.arange(6), bits):
            codes = block.codes(left)
            for leaf in block.leaves:
                here = leaf.patterns[codes] == (1 << len(leaf.players)) - 1
                assert (reached[here] == -1).all()
                reached[here] = leaf.node
        np.testing.assert_array_equal(reached, member.apply(ROWS))


def test_shares_of_a_row_do_not_depend_on_the_rows_beside_it() -> None:
    given_forest = forest()
    rows = given_forest.matrix(np.tile(ROWS, (60, 1)))
    many = shares(given_forest, rows, rows[:40], np.arange(6), 6)
    few = shares(given_forest, rows[:7], rows[:40], np.arange(6), 6)
    np.testing.assert_allclose(many.values[:7], few.values, atol=1e-12)
    np.testing.assert_allclose(many.values[-300:-293], few.values, atol=1e-12)


def test_more_rows_than_go_at_once_are_explained() -> None:
    given_forest = forest()
    rows = given_forest.matrix(np.tile(ROWS, (120, 1)))
    found = shares(given_forest, rows, rows[:40], np.arange(6), 6)
    np.testing.assert_allclose(found.total, MODEL.predict(rows), atol=1e-9)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.total, atol=1e-9)


def test_a_tree_of_one_leaf_shares_nothing() -> None:
    stump = Tree(
        np.array([LEAF]),
        np.zeros(1),
        np.zeros(1, int),
        np.zeros(1, int),
        np.array([2.5]),
        np.ones(1),
        np.zeros(1, bool),
    )
    lone = Forest((stump,), np.asarray, np.arange(2), lambda rows: np.full(len(rows), 2.5), "target")
    found = shares(lone, np.zeros((4, 2)), np.zeros((3, 2)), np.arange(2), 2)
    assert found.base == 2.5
    assert not found.values.any()


def test_paths_with_too_many_players_take_for_ever() -> None:
    deep = RandomForestRegressor(1, random_state=0).fit(RNG.normal(size=(4000, 40)), RNG.normal(size=4000))
    found = read_sklearn(deep, None)
    assert found is not None
    assert seconds(found, np.arange(40)) == float("inf")
    assert seconds(found, np.zeros(40, dtype=int)) < 1
