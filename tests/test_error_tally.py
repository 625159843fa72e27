"""Sums of a regression's errors add up exactly, whatever the order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.error_tally import ErrorTally
from auditkit.errors import DataError
from auditkit.finding import Group
from auditkit.stats.exact import exact_sums, float_of

TWO = (Group.of({"g": 0}), Group.of({"g": 1}))
number = st.floats(-1e6, 1e6, allow_subnormal=False)
rows = st.lists(
    st.tuples(st.integers(0, 1), number, number, st.sampled_from([0.5, 1.0, 3.25])), min_size=1, max_size=30
)


def tally(cells: list, weighted: bool, anchor: float = 0.0) -> ErrorTally:
    group, label, prediction, weight = (np.array(column) for column in zip(*cells, strict=True))
    return ErrorTally.of(TWO, group, label, prediction, anchor=anchor, weight=weight if weighted else None)


@given(rows, rows, st.booleans())
def test_two_parts_add_up_to_the_whole(first: list, second: list, weighted: bool) -> None:
    assert tally(first, weighted) + tally(second, weighted) == tally(first + second, weighted)


@given(rows, st.randoms(use_true_random=False), st.booleans())
def test_row_order_does_not_matter(cells: list, random: object, weighted: bool) -> None:
    shuffled = list(cells)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tally(cells, weighted) == tally(shuffled, weighted)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=40))
def test_sums_are_those_of_fsum(values: list[float]) -> None:
    try:
        expected = math.fsum(values)
    except OverflowError:
        return
    found = exact_sums(np.array(values), np.zeros(len(values), dtype=int), 1)
    assert float_of(found).tolist() == [expected]


def test_tallies_around_other_anchors_do_not_add() -> None:
    cells = [(0, 1.0, 2.0, 1.0)]
    with pytest.raises(DataError, match="same anchor"):
        tally(cells, False) + tally(cells, False, anchor=3.0)


def test_a_missing_label_is_refused() -> None:
    with pytest.raises(DataError, match="1 rows have a label or prediction"):
        tally([(0, math.nan, 1.0, 1.0)], False)
