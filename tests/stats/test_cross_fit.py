"""Areas of predictors that were fitted to the other half: by definition, by other libraries, and what their bounds promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, mannwhitneyu, norm

from auditkit.stats.auc import delong_standard_error, mann_whitney_error
from auditkit.stats.cross_fit import area, crossed, crossed_areas, halves, tabulated


def test_halves_split_each_group_evenly_and_keep_buckets_whole() -> None:
    groups = np.random.default_rng(0).integers(0, 3, 301)
    second = halves(groups)
    for group in range(3):
        own = second[groups == group]
        assert abs(int(own.sum()) - int((~own).sum())) <= 1
    buckets = np.arange(301) % 100
    assert np.array_equal(halves(groups, buckets), buckets % 2 == 1)


def test_the_error_without_relation_is_that_of_scipys_mann_whitney_test_with_ties() -> None:
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 6, 400), rng.random(400) < 0.3
    hits = np.bincount(scores[positive], minlength=6)
    misses = np.bincount(scores[~positive], minlength=6)
    test = mannwhitneyu(scores[positive], scores[~positive], use_continuity=False, method="asymptotic")
    m, n = hits.sum(), misses.sum()
    z = (test.statistic / (m * n) - 0.5) / mann_whitney_error(hits, misses)
    assert 2 * norm.sf(abs(z)) == pytest.approx(test.pvalue, rel=1e-9)


def test_area_counts_all_pairs() -> None:
    rng = np.random.default_rng(2)
    score, positive = rng.integers(0, 20, 150).astype(float), rng.random(150) < 0.4
    pairs = score[positive][:, None] - score[~positive]
    found = area(positive, score)
    assert found.value == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2, abs=1e-12)
    assert found.df is None


def test_clusters_of_one_row_give_delongs_error_and_repeated_rows_that_of_the_rows() -> None:
    rng = np.random.default_rng(3)
    score, positive = rng.normal(size=400), rng.random(400) < 0.5
    single = area(positive, score, np.arange(400))
    values, place = np.unique(score, return_inverse=True)
    expected = delong_standard_error(
        np.bincount(place[positive], minlength=400), np.bincount(place[~positive], minlength=400)
    )
    assert len(values) == 400
    assert single.error == pytest.approx(expected, rel=0.01)
    repeated = area(np.tile(positive, 5), np.tile(score, 5), np.tile(np.arange(400), 5))
    assert repeated.error == pytest.approx(single.error, rel=1e-12)
    assert repeated.value == pytest.approx(single.value, abs=1e-12)


def test_the_other_halfs_table_is_used_and_what_it_never_saw_gets_its_base_rate() -> None:
    codes = np.array([0, 0, 0, 1, 0, 0, 2, 2])
    groups = np.array([0, 1, 1, 0, 0, 0, 1, 0])
    second = np.array([False] * 4 + [True] * 4)
    found = tabulated(codes, groups, 2, second)
    assert found[0] == pytest.approx([(2 + 10 * 0.75) / 12, (0 + 10 * 0.25) / 12])
    assert found[3] == pytest.approx([0.75, 0.25])
    assert found[4] == pytest.approx([(1 + 5) / 13, (2 + 5) / 13])
    assert found[6] == pytest.approx([0.5, 0.5])
    assert found.sum(axis=1) == pytest.approx(np.ones(8))


@pytest.mark.parametrize("share", [0.0, 0.005])
def test_a_value_that_no_row_of_a_small_group_has_proves_nothing(share: float) -> None:
    positive = np.repeat([True, False], [5000, 150])
    score = (np.arange(5150) < 50).astype(float)
    score[5000 : 5000 + round(150 * share)] = 1.0
    half = area(positive, score)
    naive = (half.value - 0.5) / half.error
    found = crossed(half, half)
    assert naive > (0 if share else 3)
    assert found.lower(0.975) < 0.5 < found.upper(0.975)


@pytest.mark.parametrize("z", [1.0, 1.96, 3.5])
def test_no_bound_leaves_half_unless_the_mann_whitney_test_does(z: float) -> None:
    rng = np.random.default_rng(4)
    for shift in np.linspace(0.0, 1.0, 21):
        positive = np.repeat([True, False], [150, 200])
        half = area(positive, rng.normal(size=350) + shift * positive)
        low, _ = crossed(half, half).limits(z)
        if low > 0.5 + 1e-12:
            assert (half.value - 0.5) / half.null_error > z - 1e-9


def test_a_score_that_tells_all_apart_has_finite_bounds() -> None:
    positive = np.repeat([True, False], [150, 200])
    half = area(positive, positive.astype(float))
    low, high = crossed(half, half).limits(1.96)
    assert 0.9 < low < 1
    assert high == 1
    clustered = area(positive, positive.astype(float), np.arange(350) % 50)
    low, high = crossed(clustered, clustered).limits(1.96)
    assert 0 < low <= high <= 1


def test_a_score_that_says_nothing_is_half_exactly() -> None:
    positive = np.repeat([True, False], [150, 200])
    half = area(positive, np.zeros(350))
    assert crossed(half, half).limits(1.96) == (0.5, 0.5)
    assert math.isfinite(half.error)


@pytest.mark.statistics
@pytest.mark.parametrize(("groups", "levels"), [((0.5, 0.5), 8), ((0.9, 0.1), 40), ((0.98, 0.02), 8)])
def test_bounds_are_above_half_no_more_often_than_promised_where_values_are_rare(
    groups: tuple[float, ...], levels: int
) -> None:
    rng = np.random.default_rng(levels)
    weights = 1 / np.arange(1, levels + 1) ** 2.0
    replicates, above, misses = 1500, 0, 0
    for _ in range(replicates):
        own = rng.choice(2, 6000, p=groups)
        codes = rng.choice(levels, 6000, p=weights / weights.sum())
        second = halves(own)
        found = crossed_areas(tabulated(codes, own, 2, second), own, [1], second)[0]
        above += found.lower(0.95) > 0.5
        misses += not found.lower(0.975) <= 0.5 <= found.upper(0.975)
    print(
        f"groups {groups}, {levels} values: above 0.5 in {above / replicates:.3f}, 95 % misses {misses / replicates:.3f}"
    )
    assert binomtest(above, replicates, 0.05, alternative="greater").pvalue >= 0.001
    assert binomtest(misses, replicates, 0.05, alternative="greater").pvalue >= 0.001


@pytest.mark.statistics
@pytest.mark.parametrize(("n", "shift"), [(600, 0.3), (600, 1.5), (4000, 0.6)])
def test_the_area_that_the_two_tables_have_in_new_rows_is_covered(n: int, shift: float) -> None:
    """The truth is that of the two tables made, in all rows there could be: computed from the shares of the codes."""
    rng = np.random.default_rng(n)
    levels, replicates, misses = 12, 1000, 0
    tilt = np.exp(shift * np.linspace(-1, 1, levels))
    chances = np.array([np.full(levels, 1 / levels), tilt / tilt.sum()])
    for _ in range(replicates):
        own = (rng.random(n) < 0.4).astype(np.int64)
        codes = np.where(own == 1, rng.choice(levels, n, p=chances[1]), rng.choice(levels, n, p=chances[0]))
        second = halves(own)
        scores = tabulated(codes, own, 2, second)
        truth = np.mean([_true_area(codes[half], scores[half, 1], chances) for half in (~second, second)])
        found = crossed_areas(scores, own, [1], second)[0]
        misses += not found.lower(0.975) <= truth <= found.upper(0.975)
    print(f"n {n}, shift {shift}: coverage {1 - misses / replicates:.3f}")
    assert binomtest(misses, replicates, 0.05, alternative="greater").pvalue >= 0.001


def _true_area(codes: np.ndarray, scores: np.ndarray, chances: np.ndarray) -> float:
    by_code = np.array([scores[codes == code][0] for code in range(chances.shape[1])])
    difference = by_code[:, None] - by_code
    win = (difference > 1e-12) + 0.5 * (np.abs(difference) <= 1e-12)
    return float(chances[1] @ win @ chances[0])


@pytest.mark.statistics
@pytest.mark.parametrize(("persons", "each"), [(60, 10), (1000, 5)])
def test_bounds_over_clusters_are_above_half_no_more_often_than_promised(persons: int, each: int) -> None:
    rng = np.random.default_rng(persons)
    replicates, above, misses = 600, 0, 0
    for _ in range(replicates):
        drawn = (rng.integers(0, 2, persons), rng.integers(0, 6, persons), rng.integers(0, 100, persons))
        own, codes, buckets = (np.repeat(values, each) for values in drawn)
        second = halves(own, buckets)
        found = crossed_areas(tabulated(codes, own, 2, second), own, [1], second, buckets)[0]
        above += found.lower(0.95) > 0.5
        misses += not found.lower(0.975) <= 0.5 <= found.upper(0.975)
    print(f"{persons} persons, {each} rows each: above {above / replicates:.3f}, 95 % misses {misses / replicates:.3f}")
    assert binomtest(above, replicates, 0.05, alternative="greater").pvalue >= 0.001
    assert binomtest(misses, replicates, 0.05, alternative="greater").pvalue >= 0.001
