"""Two rates: tests and interval against scipy and statsmodels, edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.two_by_two import fisher_exact, katz_limits, smallest_expected, two_rate_z, two_sided_p

TABLES = st.tuples(st.integers(1, 80), st.integers(1, 80)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@given(TABLES)
def test_fisher_is_that_of_scipy(table: tuple[int, int, int, int]) -> None:
    from scipy.stats import fisher_exact as peer

    k1, n1, k2, n2 = table
    assert fisher_exact(*table) == pytest.approx(peer([[k1, n1 - k1], [k2, n2 - k2]])[1], abs=1e-11)


@given(TABLES)
def test_z_is_the_signed_root_of_the_chi_squared_statistic(table: tuple[int, int, int, int]) -> None:
    from scipy.stats import chi2_contingency

    k1, n1, k2, n2 = table
    z = two_rate_z(*table)
    if k1 + k2 in (0, n1 + n2):
        assert z is None
        return
    assert z is not None
    found = chi2_contingency([[k1, n1 - k1], [k2, n2 - k2]], correction=False)
    assert z**2 == pytest.approx(found.statistic, abs=1e-9)
    assert two_sided_p(z) == pytest.approx(found.pvalue, abs=1e-12)
    assert two_rate_z(k2, n2, k1, n1) == pytest.approx(-z)
    assert smallest_expected(*table) == pytest.approx(found.expected_freq.min())


def test_fisher_takes_a_small_group_beside_a_huge_one() -> None:
    from scipy.stats import binomtest

    assert fisher_exact(3, 20, 4_000_000, 10_000_000) == pytest.approx(binomtest(3, 20, 0.4).pvalue, rel=1e-4)


def test_katz_is_symmetric_on_the_log_and_withheld_below_five() -> None:
    found = katz_limits(50, 100, 30, 90)
    assert found is not None
    assert math.sqrt(found[0] * found[1]) == pytest.approx((50 / 100) / (30 / 90))
    assert katz_limits(4, 100, 30, 90) is None
    assert katz_limits(50, 100, 4, 90) is None
    assert katz_limits(5, 100, 5, 90) is not None
