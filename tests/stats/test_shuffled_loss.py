"""Donors are balanced, influences add up, and the interval of a mean rise covers as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from auditkit.stats.shuffled_loss import donors_of, influences


@given(rows=st.integers(2, 40), seed=st.integers(0, 10), data=st.data())
def test_nobody_gives_to_himself_and_all_give_alike(rows: int, seed: int, data: st.DataObject) -> None:
    donors = data.draw(st.integers(1, rows - 1))
    found = donors_of(rows, donors, np.random.default_rng(seed))
    assert found.shape == (donors, rows)
    assert (found != np.arange(rows)).all()
    assert (np.bincount(found.ravel(), minlength=rows) == donors).all()
    assert all(len(set(found[:, row])) == donors for row in range(rows))


def test_more_donors_than_others_are_refused() -> None:
    with pytest.raises(ValueError, match="have no 5 donors"):
        donors_of(5, 5, np.random.default_rng(0))


def test_influences_have_the_mean_of_the_rises() -> None:
    rng = np.random.default_rng(0)
    donors = donors_of(30, 4, rng)
    rises = rng.normal(size=(4, 30))
    assert influences(rises, donors).mean() == pytest.approx(rises.mean())


def test_with_all_donors_the_mean_is_that_over_all_pairs() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=20), rng.normal(size=20)
    donors = donors_of(20, 19, rng)
    rises = (x[donors] - y) ** 2 - (x - y) ** 2
    pairs = [(x[j] - y[i]) ** 2 - (x[i] - y[i]) ** 2 for i in range(20) for j in range(20) if i != j]
    assert influences(rises, donors).mean() == pytest.approx(np.mean(pairs))


@pytest.mark.statistics
@pytest.mark.parametrize(("n", "donors"), [(60, 1), (60, 5), (400, 5)])
@pytest.mark.parametrize("skewed", [False, True])
def test_the_interval_covers_when_rows_and_donors_are_drawn_anew(n: int, donors: int, skewed: bool) -> None:
    rng = np.random.default_rng(3)
    draw = (lambda: rng.exponential(size=n)) if skewed else (lambda: rng.normal(size=n))
    covered, narrow, trials = 0, 0, 2000
    for _ in range(trials):
        x = draw()
        y = x + rng.normal(size=n)
        taken = donors_of(n, donors, rng)
        rises = (x[taken] - y) ** 2 - (x - y) ** 2  # model: f(x) = x; truth: 2 Var(x) = 2
        found = influences(rises, taken)
        half = stdtrit(n - 1, 0.975) * found.std(ddof=1) / np.sqrt(n)
        covered += abs(found.mean() - 2) <= half
        repeats = rises.mean(axis=1)
        if donors > 1:  # what libraries print: the spread over repeats alone
            narrow += abs(found.mean() - 2) <= stdtrit(donors - 1, 0.975) * repeats.std(ddof=1) / np.sqrt(donors)
    assert (0.86 if skewed and n < 100 else 0.92) <= covered / trials <= 0.975
    if donors > 1:
        assert narrow / trials < covered / trials - 0.05
