"""Mantel-Haenszel: statsmodels as oracle, single strata, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from auditkit.stats.mantel_haenszel import mantel_haenszel

CELLS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=6
)


def columns(cells: list[tuple[int, int, int, int]]) -> tuple[list[int], ...]:
    """From (successes, failures) of both groups to (k1, n1, k2, n2)."""
    return (
        [a for a, *_ in cells],
        [a + b for a, b, *_ in cells],
        [c for *_, c, _ in cells],
        [c + d for *_, c, d in cells],
    )


@given(CELLS)
def test_ratio_and_test_are_those_of_statsmodels(cells: list[tuple[int, int, int, int]]) -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    found = mantel_haenszel(*columns(cells))
    assert found is not None
    if found.ratio is None or found.p_value is None:
        return
    peer = StratifiedTable([np.array([[a, b], [c, d]]) for a, b, c, d in cells])
    assert found.ratio == pytest.approx(peer.riskratio_pooled)
    assert found.p_value == pytest.approx(peer.test_null_odds().pvalue, abs=1e-9)


def test_one_stratum_gives_the_plain_difference_and_ratio() -> None:
    found = mantel_haenszel([12], [40], [30], [60])
    assert found is not None
    assert found.difference == pytest.approx(12 / 40 - 30 / 60)
    assert found.ratio == pytest.approx((12 / 40) / (30 / 60))
    assert found.log_ratio_error == pytest.approx(np.sqrt(1 / 12 - 1 / 40 + 1 / 30 - 1 / 60))


def test_strata_with_one_group_say_nothing() -> None:
    both = mantel_haenszel([12, 5, 0], [40, 9, 0], [30, 0, 4], [60, 0, 8])
    alone = mantel_haenszel([12], [40], [30], [60])
    assert both is not None
    assert alone is not None
    assert (both.difference, both.strata, both.n) == (alone.difference, 1, 100)
    assert mantel_haenszel([1], [2], [0], [0]) is None


def test_swapping_the_groups_turns_the_signs() -> None:
    one = mantel_haenszel([12, 3], [40, 9], [30, 4], [60, 20])
    other = mantel_haenszel([30, 4], [60, 20], [12, 3], [40, 9])
    assert one is not None
    assert other is not None
    assert one.difference == pytest.approx(-other.difference)
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert one.difference_error == pytest.approx(other.difference_error)
    assert one.log_ratio_error == pytest.approx(other.log_ratio_error)


@pytest.mark.statistics
@pytest.mark.parametrize("strata", [4, 60])
def test_intervals_cover_with_few_large_and_with_many_small_strata(strata: int) -> None:
    rng = np.random.default_rng(11)
    n1, n2 = np.full(strata, 480 // strata), np.full(strata, 720 // strata)
    base = np.linspace(0.2, 0.5, strata)
    hits = {"difference": 0, "ratio": 0}
    for _ in range(4_000):
        apart = mantel_haenszel(rng.binomial(n1, base + 0.1), n1, rng.binomial(n2, base), n2)
        assert apart is not None
        hits["difference"] += abs(apart.difference - 0.1) <= 1.959964 * apart.difference_error
        times = mantel_haenszel(rng.binomial(n1, base * 1.3), n1, rng.binomial(n2, base), n2)
        assert times is not None
        assert times.ratio is not None
        assert times.log_ratio_error is not None
        hits["ratio"] += abs(np.log(times.ratio / 1.3)) <= 1.959964 * times.log_ratio_error
    for name, covered in hits.items():
        assert binomtest(covered, 4_000, 0.94, alternative="less").pvalue > 0.001, (name, covered / 4_000)
        assert binomtest(covered, 4_000, 0.965, alternative="greater").pvalue > 0.001, (name, covered / 4_000)
