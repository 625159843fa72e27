"""Odd columns are told from usual ones, and bounds of ranges are no values of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.frames import table_from_frame
from auditkit.data.oddities import far_share, rounded, same_columns, text_oddities


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_rounding_goes_outwards_by_less_than_a_tenth(value: float) -> None:
    low, high = rounded(value, False), rounded(value, True)
    slack = 1e-9 * abs(value)
    assert low - slack <= value <= high + slack
    assert high - low <= 0.1001 * abs(value) + 1e-290


@pytest.mark.parametrize(("law", "expected"), [("normal", 5.7e-7), ("t", 0.01087)])
def test_far_values_are_as_frequent_as_the_caption_says(law: str, expected: float) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=400_000) if law == "normal" else rng.standard_t(3, 400_000)
    assert far_share(numbers) == pytest.approx(expected, rel=0.05, abs=5e-6)


def test_far_values_do_not_depend_on_scale_and_overflow_nowhere() -> None:
    numbers = np.r_[np.random.default_rng(0).normal(size=99), 50.0]
    assert far_share(numbers) == far_share(numbers * -3 + 7) == 0.01
    assert far_share(np.array([1.7e308, -1.7e308, 1.7e308, -1.7e308, 0.0])) is not None
    assert far_share(np.array([np.nan, np.inf])) is None


def test_words_that_only_look_like_missing_ones_count_as_values() -> None:
    table = table_from_frame(pd.DataFrame({"a": ["not", "available", "nano", "no", "0", "none of these"]}))
    assert text_oddities(table, "a").spelled == 0


def test_columns_are_the_same_only_if_values_stand_for_the_same_rows() -> None:
    frame = pd.DataFrame({"a": list("xyzxyz") * 5, "b": [3, 1, 2, 3, 1, 2] * 5, "c": [3, 1, 2, 1, 3, 2] * 5})
    assert list(same_columns(table_from_frame(frame))) == [("b", "a")]
