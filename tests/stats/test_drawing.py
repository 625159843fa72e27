"""The tail of a mean of drawn rows is that of the drawing itself, skewed or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, expon, gamma, norm

from auditkit.stats.drawing import Drawn


@pytest.mark.parametrize(("total", "n"), [(60, 50), (75, 50), (90, 50), (130, 100), (240, 200)])
def test_of_exponential_values_it_is_the_gamma_tail_far_out_too(total: float, n: int) -> None:
    values = expon.ppf((np.arange(100_000) + 0.5) / 100_000)
    found = float(Drawn.of(values).tail([total], [n])[0])
    assert found == pytest.approx(gamma.sf(total, n), rel=0.02)
    assert found > norm.sf((total / n - 1) * n**0.5)


@pytest.mark.parametrize("n", [40, 100, 160])
def test_it_is_the_share_of_drawings_whether_few_or_most_rows_are_drawn(n: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 0.7, 200)
    sums = np.sort([rng.permutation(values)[:n].sum() for _ in range(20_000)])
    for share in (0.2, 0.05, 0.01):
        total = sums[int(len(sums) * (1 - share))]
        assert float(Drawn.of(values).tail([total], [n])[0]) == pytest.approx(share, rel=0.2)


@given(st.lists(st.integers(0, 9), min_size=5, max_size=30), st.data())
def test_a_larger_sum_is_never_likelier(values: list[int], data: st.DataObject) -> None:
    drawn = Drawn.of(np.array(values, dtype=float))
    n = data.draw(st.integers(1, len(values) - 1))
    tails = drawn.tail(np.arange(0, 9 * n + 1), np.full(9 * n + 1, n))
    assert ((tails >= 0) & (tails <= 1)).all()
    assert (np.diff(tails) <= 1e-12).all()


def test_symmetric_values_have_the_normal_tail_and_equal_ones_none() -> None:
    values = np.tile([-1.0, 1.0], 5000)
    z = 12 / np.sqrt(50 * (10_000 - 50) / 9_999)
    assert float(Drawn.of(values).tail([12.0], [50])[0]) == pytest.approx(norm.sf(z), rel=1e-9)
    assert Drawn.of(np.ones(10)).tail([5.0], [5]).tolist() == [1.0]


@pytest.mark.statistics
def test_one_drawing_in_twenty_and_in_a_thousand_passes_the_tail_of_that_size() -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(0, 1, 2000)
    drawn, replicates = Drawn.of(values), 20_000
    sums = np.array([values[rng.permutation(2000)[:60]].sum() for _ in range(replicates)])
    tails = drawn.tail(sums, np.full(replicates, 60))
    for level in (0.05, 0.001):
        passed = int((tails <= level).sum())
        print(f"{passed} of {replicates} drawings at {level}")
        assert binomtest(passed, replicates, level * 1.25, alternative="greater").pvalue >= 0.001
