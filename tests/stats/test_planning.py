"""Rows that would show a breach, and gaps from nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.planning import expected_gap, rows_needed_difference, rows_needed_rate, rows_needed_ratio

SIZES = [400, 900, 2000]


def test_rows_for_a_rate_follow_the_textbook_formula() -> None:
    spread = 1.6448536 * math.sqrt(0.8 * 0.2) + 0.8416212 * math.sqrt(0.7 * 0.3)
    n = (spread / 0.1) ** 2
    assert rows_needed_rate(0.7, 0.8, 0.95) == math.ceil(n / 4 * (1 + math.sqrt(1 + 2 / (n * 0.1))) ** 2)


def test_rows_for_a_rate_at_its_limit_do_not_exist() -> None:
    assert rows_needed_rate(0.8, 0.8, 0.95) is None


@pytest.mark.parametrize("gap", [0.04, 0.05])
def test_a_gap_within_its_limit_can_never_be_shown_to_breach_it(gap: float) -> None:
    assert rows_needed_difference(SIZES, 0.3, gap, 0.05, 0.95) is None


def test_a_ratio_within_its_limit_can_never_be_shown_to_breach_it() -> None:
    assert rows_needed_ratio(SIZES, 0.3, 0.85, 0.8, 0.95) is None


def test_beyond_a_hundred_times_the_rows_a_plan_says_only_that() -> None:
    assert rows_needed_difference([30, 30], 0.5, 0.0501, 0.05, 0.95) == 100 * 60 + 1
    assert rows_needed_ratio([30, 30], 0.02, 0.79, 0.8, 0.95) == 100 * 60 + 1


def test_one_group_has_no_gap_to_plan_for() -> None:
    assert rows_needed_difference([500], 0.3, 0.2, 0.05, 0.95) is None


def test_rows_needed_do_not_depend_on_the_rows_at_hand_but_on_their_shares() -> None:
    once = rows_needed_difference(SIZES, 0.3, 0.1, 0.05, 0.95)
    twice = rows_needed_difference([2 * n for n in SIZES], 0.3, 0.1, 0.05, 0.95)
    assert once == pytest.approx(twice, abs=1)


@given(st.permutations(SIZES), st.floats(0.8, 0.98), st.floats(0.001, 0.019))
def test_more_confidence_takes_more_rows_in_any_order_of_groups(
    sizes: list[int], confidence: float, more: float
) -> None:
    less = rows_needed_ratio(sizes, 0.3, 0.6, 0.8, confidence)
    greater = rows_needed_ratio(sizes, 0.3, 0.6, 0.8, confidence + more)
    assert less is not None
    assert greater is not None
    assert less <= greater
    assert less == rows_needed_ratio(SIZES, 0.3, 0.6, 0.8, confidence)


# The last number is how far the first-order ratio may be off; its docstring says where it is far off.
@pytest.mark.parametrize(
    ("sizes", "rate", "ratio_off"),
    [([30] * 20, 0.2, 0.04), ([30] * 20, 0.5, 0.01), ([200, 300], 0.4, 0.005), ([100, 1000, 5000], 0.3, 0.005)],
)
def test_expected_gap_is_what_simulated_equal_groups_show(sizes: list[int], rate: float, ratio_off: float) -> None:
    rates = np.random.default_rng(5).binomial(sizes, rate, (20_000, len(sizes))) / np.array(sizes)
    gaps = rates.max(axis=1) - rates.min(axis=1)
    assert expected_gap(sizes, rate, "difference") == pytest.approx(gaps.mean(), rel=0.03)
    ratios = rates.min(axis=1) / rates.max(axis=1)
    assert expected_gap(sizes, rate, "ratio") == pytest.approx(ratios.mean(), abs=ratio_off)


def test_expected_gap_of_two_equal_groups_has_its_closed_form() -> None:
    wanted = 2 / math.sqrt(math.pi) * math.sqrt(0.25 / 400)
    assert expected_gap([400, 400], 0.5, "difference") == pytest.approx(wanted, rel=1e-4)


def test_groups_without_variation_show_no_gap() -> None:
    assert expected_gap([40, 50], 0.0, "difference") == 0.0
    assert expected_gap([40, 50], 1.0, "difference") == 0.0
    assert expected_gap([40, 50], 1.0, "ratio") == 1.0


def test_ratio_of_rates_that_are_all_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="the ratio is undefined"):
        expected_gap([40, 50], 0.0, "ratio")


def test_no_rows_show_a_ratio_of_nothing() -> None:
    assert rows_needed_ratio([30, 40], 0.0, 0.6, 0.8, 0.95) is None
    assert rows_needed_ratio([30, 40], 0.4, 0.0, 0.8, 0.95) is None
