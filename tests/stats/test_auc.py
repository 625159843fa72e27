"""The area under the ROC curve from score cells, and its limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.auc import auc_from_counts, delong_standard_error, score_limits

cell_counts = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def spread_out(positives: np.ndarray, negatives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at = np.arange(len(positives))
    return np.repeat(at, positives), np.repeat(at, negatives)


def wins(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    x, y = spread_out(positives, negatives)
    return (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])


@given(cell_counts)
def test_cells_give_the_auc_and_delong_error_of_all_pairs(cells: list[tuple[int, int]]) -> None:
    positives, negatives = np.array(cells, dtype=np.int64).T
    m, n = int(positives.sum()), int(negatives.sum())
    if min(m, n) < 2:
        return
    pairs = wins(positives, negatives)
    variance = pairs.mean(axis=1).var(ddof=1) / m + pairs.mean(axis=0).var(ddof=1) / n
    assert auc_from_counts(positives, negatives) == pytest.approx(pairs.mean(), abs=1e-12)
    assert delong_standard_error(positives, negatives) == pytest.approx(math.sqrt(variance), abs=1e-9)


@given(cell_counts)
def test_swapping_the_classes_turns_the_auc_over(cells: list[tuple[int, int]]) -> None:
    positives, negatives = np.array(cells, dtype=np.int64).T
    if min(positives.sum(), negatives.sum()) < 2:
        return
    assert auc_from_counts(negatives, positives) == pytest.approx(1 - auc_from_counts(positives, negatives), abs=1e-12)
    assert delong_standard_error(negatives, positives) == pytest.approx(
        delong_standard_error(positives, negatives), abs=1e-12
    )


def test_auc_with_ties_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(7)
    positives, negatives = rng.integers(0, 9, (2, 40))
    x, y = spread_out(positives, negatives)
    truth = np.concatenate([np.ones(len(x)), np.zeros(len(y))])
    wanted = metrics.roc_auc_score(truth, np.concatenate([x, y]))
    assert auc_from_counts(positives, negatives) == pytest.approx(wanted, abs=1e-12)


def test_equal_scores_have_an_auc_of_one_half_and_no_error() -> None:
    assert auc_from_counts(np.array([5]), np.array([9])) == 0.5
    assert delong_standard_error(np.array([5]), np.array([9])) == 0.0


def test_large_counts_do_not_overflow() -> None:
    many = np.array([10**10, 3 * 10**10], dtype=np.int64)
    assert auc_from_counts(many, many[::-1].copy()) == 0.75


def test_delong_error_needs_two_of_each_outcome() -> None:
    assert math.isnan(delong_standard_error(np.array([0, 1]), np.array([5, 5])))


@given(st.floats(0.02, 0.98), st.integers(2, 99), st.integers(2, 2000), st.floats(0.2, 4.0))
def test_score_limits_solve_the_score_equation(auc: float, m: int, n: int, z: float) -> None:
    star = (m + n) / 2 - 1
    low, high = score_limits(auc, m, n, z)
    assert 0 <= low <= auc <= high <= 1
    for limit in (low, high):
        if not 1e-6 < limit < 1 - 1e-6:
            continue
        spread = limit * (1 - limit) / (m * n)
        spread *= 1 + star * (1 - limit) / (2 - limit) + star * limit / (1 + limit)
        assert abs(auc - limit) == pytest.approx(z * math.sqrt(spread), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("auc", [0.0, 1.0])
def test_perfect_separation_still_has_a_limit_inside(auc: float) -> None:
    low, high = score_limits(auc, 20, 20, 1.96)
    assert (low == 0.0) == (auc == 0.0)
    assert (high == 1.0) == (auc == 1.0)
    assert high - low > 0.05
