"""Limits for one rate, for differences and ratios of two, and Tukey's quantile."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.intervals import (
    mover_difference,
    mover_ratio,
    studentized_range_quantile,
    wilson,
    z_quantile,
)

Z95 = z_quantile(0.975)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 5000))
    return draw(st.integers(0, n)), n


def limits_of(k: int, n: int, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = wilson(np.array([k]), np.array([n]), z)
    return np.array([k / n]), low, high


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_limits_printed_by_newcombe(k: int, n: int, low: float, high: float) -> None:
    got = wilson(k, n, Z95)
    assert (float(got[0]), float(got[1])) == pytest.approx((low, high), abs=5e-5)


def test_wilson_agrees_with_statsmodels_over_arrays() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    n = np.array([1, 7, 30, 30, 500, 100_000])
    k = np.array([0, 3, 0, 30, 250, 99_999])
    low, high = proportion.proportion_confint(k, n, alpha=0.05, method="wilson")
    got = wilson(k, n, Z95)
    np.testing.assert_allclose(got[0], low, atol=1e-12)
    np.testing.assert_allclose(got[1], high, atol=1e-12)


def test_wilson_limits_solve_the_score_equation() -> None:
    for limit in wilson(17, 90, 1.645):
        p = float(limit)
        assert abs(17 / 90 - p) == pytest.approx(1.645 * math.sqrt(p * (1 - p) / 90), rel=1e-10)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
    ],
)
def test_difference_gives_the_limits_of_newcombes_method_10(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    got = mover_difference(*limits_of(*first, Z95), *limits_of(*second, Z95))
    assert (got[0].item(), got[1].item()) == pytest.approx((low, high), abs=5e-5)


def test_difference_agrees_with_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    wanted = proportion.confint_proportions_2indep(33, 210, 70, 190, compare="diff", method="newcomb")
    got = mover_difference(*limits_of(33, 210, Z95), *limits_of(70, 190, Z95))
    assert (got[0].item(), got[1].item()) == pytest.approx(wanted, abs=1e-10)


def test_ratio_is_near_the_score_interval_in_large_samples() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    wanted = proportion.confint_proportions_2indep(3000, 20_000, 4000, 20_000, compare="ratio", method="score")
    got = mover_ratio(*limits_of(3000, 20_000, Z95), *limits_of(4000, 20_000, Z95))
    assert (got[0].item(), got[1].item()) == pytest.approx(wanted, abs=2e-3)


def test_ratio_is_defined_at_no_successes_on_either_side() -> None:
    low, high = mover_ratio(*limits_of(0, 30, Z95), *limits_of(12, 30, Z95))
    assert low.item() == 0.0
    assert 0 < high.item() < 1
    low, high = mover_ratio(*limits_of(12, 30, Z95), *limits_of(0, 30, Z95))
    assert low.item() > 0
    assert high.item() == math.inf


def test_ratio_is_the_published_formula() -> None:
    (p1, l1, u1), (p2, l2, u2) = limits_of(9, 40, Z95), limits_of(21, 50, Z95)
    got = mover_ratio(p1, l1, u1, p2, l2, u2)
    low = p1 * p2 - np.sqrt((p1 * p2) ** 2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2))
    high = p1 * p2 + np.sqrt((p1 * p2) ** 2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2))
    assert got[0].item() == pytest.approx((low / (u2 * (2 * p2 - u2))).item(), rel=1e-12)
    assert got[1].item() == pytest.approx((high / (l2 * (2 * p2 - l2))).item(), rel=1e-12)


def test_ratio_of_all_to_all_holds_one() -> None:
    low, high = mover_ratio(*limits_of(30, 30, Z95), *limits_of(40, 40, Z95))
    # p = u = 1: L = (1 − √(1 − l1(2 − l1))) ÷ 1 = l1, and U = 1 ÷ l2 likewise
    assert low.item() == pytest.approx(limits_of(30, 30, Z95)[1].item(), rel=1e-12)
    assert high.item() == pytest.approx(1 / limits_of(40, 40, Z95)[1].item(), rel=1e-12)


@pytest.mark.parametrize("nudge", [0.0, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6, 3e-5])
def test_ratio_is_smooth_where_the_upper_limit_is_twice_the_rate(nudge: float) -> None:
    p1, l1, u1, p2, l2 = 0.4, 0.3, 0.5, 0.1, 0.05
    low, _ = mover_ratio(*map(np.array, (p1, l1, u1)), np.array(p2), np.array(l2), np.array(2 * p2 + nudge))
    assert float(low) == pytest.approx(l1 * (2 * p1 - l1) / (2 * p1 * p2), abs=20 * abs(nudge) + 1e-12)


def test_ratio_of_nothing_to_nothing_may_be_anything() -> None:
    low, high = mover_ratio(*limits_of(0, 30, Z95), *limits_of(0, 30, Z95))
    assert (low.item(), high.item()) == (0.0, math.inf)


@given(counts(), counts(), st.floats(0.1, 4.0))
def test_ratio_turned_over_has_its_limits_turned_over(
    first: tuple[int, int], second: tuple[int, int], z: float
) -> None:
    low, high = mover_ratio(*limits_of(*first, z), *limits_of(*second, z))
    turned_low, turned_high = mover_ratio(*limits_of(*second, z), *limits_of(*first, z))
    for limit, turned in ((low.item(), turned_high.item()), (high.item(), turned_low.item())):
        if 1e-6 < limit < 1e6:
            assert turned == pytest.approx(1 / limit, rel=1e-5)


@given(counts(), counts(), st.floats(0.1, 4.0))
def test_limits_of_two_rates_hold_the_estimate(first: tuple[int, int], second: tuple[int, int], z: float) -> None:
    one, other = limits_of(*first, z), limits_of(*second, z)
    gap = first[0] / first[1] - second[0] / second[1]
    low, high = mover_difference(*one, *other)
    assert -1 - 1e-12 <= low.item() <= gap <= high.item() <= 1 + 1e-12
    low, high = mover_ratio(*one, *other)
    assert 0 <= low.item() <= high.item()
    if second[0]:
        ratio = one[0].item() / other[0].item()
        assert low.item() <= ratio * (1 + 1e-6)
        assert high.item() >= ratio * (1 - 1e-6)


@given(counts(), st.floats(0.0, 4.0), st.floats(0.0, 2.0))
def test_wilson_limits_widen_with_z(count: tuple[int, int], z: float, more: float) -> None:
    low, high = wilson(*count, z)
    wider_low, wider_high = wilson(*count, z + more)
    assert float(wider_low) <= float(low) + 1e-12
    assert float(high) <= float(wider_high) + 1e-12


@pytest.mark.parametrize(("k", "q"), [(2, 2.772), (3, 3.314), (5, 3.858), (10, 4.474), (20, 5.012)])
def test_tukey_quantile_gives_the_printed_table(k: int, q: float) -> None:
    assert studentized_range_quantile(0.95, k) == pytest.approx(q, abs=6e-4)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_tukey_quantile_agrees_with_scipy(confidence: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    for k in range(2, 21):
        # the distribution function at the quantile: scipy's own quantile takes seconds
        got = studentized_range_quantile(confidence, k)
        below, above = stats.studentized_range.cdf([got - 1e-4, got + 1e-4], k, np.inf)
        assert below < confidence < above


@given(st.floats(0.5, 0.999999))
def test_tukey_quantile_of_two_is_a_two_sided_normal_quantile(confidence: float) -> None:
    assert studentized_range_quantile(confidence, 2) / math.sqrt(2) == pytest.approx(
        z_quantile((1 + confidence) / 2), abs=1e-6
    )


def test_normal_quantile_agrees_with_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    for confidence in (0.5, 0.9, 0.95, 0.975, 0.999, 1 - 1e-9):
        assert z_quantile(confidence) == pytest.approx(float(special.ndtri(confidence)), abs=1e-9)
