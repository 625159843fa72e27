"""Numbers as reports print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.rendering.numbers import axis, interval, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8, "0.800"),
        (0.9996, "1.00"),
        (0.07463, "0.0746"),
        (12.345, "12.3"),
        (123.4, "123"),
        (37512.4, "37,500"),
        (-0.25, "\u22120.250"),
        (0, "0"),
        (5e-16, "5.00 × 10⁻¹⁶"),
        (None, "\u2013"),
    ],
)
def test_number_has_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_number_is_within_half_a_unit_of_its_third_digit(value: float) -> None:
    assert abs(float(number(value).replace(",", "")) - value) <= 0.00501 * value


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_confidence_below_one_is_never_printed_as_certain(share: float) -> None:
    if share < 1 - 1e-7:
        assert percent(share) != "100\u00a0%"


def test_interval_with_a_negative_end_says_to() -> None:
    assert interval(-0.1, 0.2) == "\u22120.100 to 0.200"
    assert interval(0.1, 0.2) == "0.100\u20130.200"


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_axis_holds_what_is_drawn_and_has_few_steps(low: float, width: float) -> None:
    start, end, ticks = axis(low, low + width)
    slack = 1e-6 * max(abs(low), width, 1)
    assert start - slack <= low
    assert end + slack >= low + width
    assert 2 <= len(ticks) <= 8
    assert ticks == sorted(ticks)
