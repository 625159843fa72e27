"""Means over rows: against scipy, over clusters, at the ends of the scale, and what their intervals promise."""

import numpy as np
import pytest
from scipy.stats import t as student

from auditkit.stats.row_means import mean_error, mean_over_rows, share_over_rows

Z = 1.959963984540054


def test_the_interval_of_a_mean_is_scipys() -> None:
    values = np.random.default_rng(0).normal(0.2, 0.3, 50)
    expected = student.interval(0.95, 49, values.mean(), values.std(ddof=1) / np.sqrt(50))
    assert mean_over_rows(values, None, -1.0, 1.0).limits(Z) == pytest.approx(expected)


def test_clusters_of_one_change_nothing_and_repeated_rows_bring_nothing() -> None:
    values = np.random.default_rng(1).normal(size=40)
    parts = values - values.mean()
    assert mean_error(parts, np.arange(40)[::-1]) == pytest.approx(mean_error(parts))
    repeated = mean_error(np.repeat(parts, 5), np.repeat(np.arange(40), 5))
    assert repeated == pytest.approx(mean_error(parts))


def test_rows_that_are_all_alike_leave_three_in_n_open() -> None:
    assert mean_over_rows(np.ones(200), None, -1.0, 1.0).limits(Z) == pytest.approx((1 - 2 * 3 / 200, 1.0), abs=1e-3)
    assert mean_over_rows(np.full(50, 2.0)).limits(Z) == (2.0, 2.0)  # of values without an end nothing can be said
    low, high = share_over_rows(np.ones(200)).limits(Z)
    assert high == 1.0 and low == pytest.approx(200 / (200 + Z**2), abs=1e-3)


def test_a_share_of_zeros_and_ones_is_wilsons() -> None:
    from auditkit.stats.uncertainty import Proportion

    values = np.r_[np.ones(30), np.zeros(170)]
    assert share_over_rows(values).limits(Z) == pytest.approx(Proportion(30, 200).limits(Z), abs=2e-3)


@pytest.mark.statistics
def test_the_interval_of_thirds_near_one_covers() -> None:
    """The share of three columns that two explanations both have: 0, 1/3, 2/3 or 1, mostly 1."""
    rng, trials = np.random.default_rng(2), 4000
    for chances in ((0.0, 0.0, 0.05, 0.95), (0.0, 0.02, 0.2, 0.78), (0.1, 0.2, 0.3, 0.4)):
        truth = float(np.dot(chances, [0, 1 / 3, 2 / 3, 1]))
        covered = 0
        for _ in range(trials):
            low, high = share_over_rows(rng.choice(4, 200, p=chances) / 3).limits(Z)
            covered += low <= truth <= high
        assert 0.93 <= covered / trials <= 0.975, (chances, covered / trials)
