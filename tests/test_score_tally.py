"""Scores are counted exactly while they are few, and to a certified error beyond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import DataError
from auditkit.finding import Group
from auditkit.score_tally import GRID, ScoreTally, bucket_of, grid_cell
from auditkit.stats.auc import auc_from_counts

TWO = (Group.of({"g": 0}), Group.of({"g": 1}))
rows = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.booleans()), min_size=1, max_size=40
)


def tally(cells: list, grid: bool = False) -> ScoreTally:
    group, score, positive = (np.array(column) for column in zip(*cells, strict=True))
    return ScoreTally.of(TWO, group, score.astype(float), positive.astype(bool), grid=grid)


def plain(found: ScoreTally) -> list:
    return [[part.tolist() for part in cell] for cell in found.cells]


@given(rows, rows, st.booleans())
def test_two_parts_add_up_to_the_whole(first: list, second: list, grid: bool) -> None:
    assert plain(tally(first, grid) + tally(second, grid)) == plain(tally(first + second, grid))


@given(rows, st.randoms(use_true_random=False), st.booleans())
def test_row_order_does_not_matter(cells: list, random: object, grid: bool) -> None:
    shuffled = list(cells)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plain(tally(cells, grid)) == plain(tally(shuffled, grid))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_the_grid_keeps_the_order_of_scores(scores: list[float]) -> None:
    cells = grid_cell(np.array(sorted(scores)))
    assert (np.diff(cells) >= 0).all()
    assert cells.min() >= 0
    assert cells.max() < GRID


def uniform(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.random(n)


def rare(rng: np.random.Generator, n: int) -> np.ndarray:
    return 1 / (1 + np.exp(-rng.normal(-9, 1.5, n)))


@pytest.mark.parametrize("draw", [uniform, rare])
def test_beyond_two_to_the_twenty_scores_the_auc_is_off_by_at_most_1e_5(draw: object) -> None:
    rng = np.random.default_rng(1)
    score = draw(rng, 1_500_000)  # type: ignore[operator]
    positive = rng.random(len(score)) < np.clip(3 * score, 0, 1)
    one = (Group(),)
    everyone = np.zeros(len(score), dtype=np.int8)
    found = ScoreTally.of(one, everyone, score, positive)
    exact = ScoreTally.of(one, everyone, score, positive, grid=False)
    assert (found.exact, exact.exact) == (False, True)
    off = abs(auc_from_counts(*found.cells[0][1:]) - auc_from_counts(*exact.cells[0][1:]))
    assert off <= 1e-5
    assert off <= found.certified_error(0)
    mean = float(found.cells[0][0] @ (found.cells[0][1] + found.cells[0][2]) / len(score))
    assert mean == pytest.approx(float(score.mean()), abs=1e-7)


def test_many_rows_of_few_scores_stay_exact() -> None:
    rng = np.random.default_rng(2)
    score = np.round(rng.random(1_200_000), 3)
    found = ScoreTally.of((Group(),), np.zeros(len(score), dtype=np.int8), score, rng.random(len(score)) < 0.5)
    assert found.exact
    assert len(found.cells[0][0]) <= 1001


def test_tallies_of_different_kinds_do_not_add() -> None:
    cells = [(0, 0.1, True), (1, 0.5, False)]
    with pytest.raises(DataError, match="add up when both"):
        tally(cells) + tally(cells, grid=True)


def test_the_bucket_of_a_cluster_is_fixed() -> None:
    assert [bucket_of(value) for value in ("a", 1, "1", None)] == [77, 60, 60, 28]
