"""Differences between groups, by hand and by simulation with rows and background drawn anew."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from auditkit.stats.attribution_gaps import differences


def test_without_parts_it_is_welch() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(30, 2)), rng.normal(1, 3, (50, 2))
    found = differences(first, second)
    truth = ttest_ind(first, second, equal_var=False)
    interval = truth.confidence_interval(0.95)
    np.testing.assert_allclose(found.value, first.mean(axis=0) - second.mean(axis=0))
    np.testing.assert_allclose(found.value - found.half_width(0.95), interval.low)
    np.testing.assert_allclose(found.freedom, truth.df)


def test_more_comparisons_make_wider_intervals() -> None:
    rng = np.random.default_rng(0)
    found = differences(rng.normal(size=(30, 2)), rng.normal(size=(30, 2)))
    assert (found.half_width(0.95, 20) > found.half_width(0.95)).all()


def test_no_spread_at_all_has_no_width() -> None:
    found = differences(np.ones((5, 1)), np.zeros((5, 1)))
    assert (found.value[0], found.half_width(0.95)[0]) == (1.0, 0.0)


@pytest.mark.statistics
@pytest.mark.parametrize("backgrounds", [64, 400])
def test_intervals_cover_when_rows_and_background_are_drawn_anew(backgrounds: int) -> None:
    """Two groups of a linear game with an interaction: φ of a row is x·(mean of the background) and x − mean."""
    rng, trials, parts = np.random.default_rng(1), 3000, 8
    covered, without = 0, 0
    for _ in range(trials):
        first, second = rng.exponential(2, 80), rng.exponential(1, 120)
        background = rng.exponential(1, backgrounds)
        pieces = np.array([background[place::parts].mean() for place in range(parts)])
        shares = [np.column_stack([group * background.mean()]) for group in (first, second)]
        by_part = tuple(np.array([[group.mean() * piece] for piece in pieces]) for group in (first, second))
        truth = 2.0 - 1.0
        for given in (by_part, None):
            found = differences(shares[0], shares[1], given)
            inside = abs(found.value[0] - truth) <= found.half_width(0.95)[0]
            if given is None:
                without += inside
            else:
                covered += inside
    assert 0.925 <= covered / trials <= 0.985
    if backgrounds == 64:
        assert without / trials < covered / trials - 0.02  # what the sampling of the background adds
