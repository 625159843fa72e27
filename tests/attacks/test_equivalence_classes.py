"""Classes of rows that agree in several columns."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.attacks.equivalence_classes import class_sizes, distinct_rows

ROWS = st.integers(1, 4).flatmap(lambda m: st.lists(st.tuples(*[st.integers(0, 3)] * m), min_size=1, max_size=60))


@given(ROWS)
def test_class_sizes_equal_those_of_pandas_groupby(rows: list[tuple[int, ...]]) -> None:
    table = np.array(rows)
    inverse, counts = class_sizes(list(table.T), [4] * table.shape[1])
    expected = pd.DataFrame(table).groupby(list(range(table.shape[1]))).size()
    assert sorted(counts) == sorted(expected)
    assert counts.sum() == len(rows)
    by_row = pd.DataFrame(table).groupby(list(range(table.shape[1])))[0].transform("size")
    assert counts[inverse].tolist() == by_row.tolist()


@given(ROWS)
def test_order_of_rows_and_columns_does_not_matter(rows: list[tuple[int, ...]]) -> None:
    table = np.array(rows)
    before = sorted(class_sizes(list(table.T), [4] * table.shape[1])[1])
    shuffled = np.random.default_rng(0).permutation(table)[:, ::-1]
    assert sorted(class_sizes(list(shuffled.T), [4] * table.shape[1])[1]) == before


# Up to eight columns of up to 2^40 values, of which a few are used, the least and the largest among them.
WIDE = st.lists(st.integers(0, 40), min_size=1, max_size=8).flatmap(
    lambda bits: st.tuples(
        st.just([2**width for width in bits]),
        st.lists(
            st.tuples(*(st.sampled_from([0, 2**width // 2, 2**width - 1]) for width in bits)), min_size=1, max_size=40
        ),
    )
)


@given(WIDE)
def test_keys_of_columns_of_any_width_do_not_overflow(case: tuple[list[int], list[tuple[int, ...]]]) -> None:
    cardinalities, rows = case
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    inverse, counts = class_sizes(columns, cardinalities)
    assert counts[inverse].tolist() == [rows.count(row) for row in rows]
    distinct, sizes = distinct_rows(columns, cardinalities)
    found = dict(zip(zip(*(column.tolist() for column in distinct), strict=True), sizes.tolist(), strict=True))
    assert found == Counter(rows)


def test_many_columns_of_high_cardinality_do_not_overflow() -> None:
    random = np.random.default_rng(0)
    columns = [random.integers(0, 2**20, 300) for _ in range(12)]
    doubled = [np.concatenate([column, column]) for column in columns]
    counts = class_sizes(doubled, [2**20] * 12)[1]
    assert counts.tolist() == [2] * 300


def test_columns_that_differ_in_the_first_digit_only_stay_apart_after_renumbering() -> None:
    first = np.array([0, 1, 0, 1])
    same = [np.zeros(4, dtype=np.int64)] * 4
    assert sorted(class_sizes([first, *same], [2, *[2**31] * 4])[1]) == [2, 2]


def test_no_rows_have_no_classes() -> None:
    inverse, counts = class_sizes([np.array([], dtype=np.int64)], [0])
    assert inverse.shape == counts.shape == (0,)


def test_codes_outside_their_cardinality_are_refused() -> None:
    with pytest.raises(ValueError, match="codes run from 0 to 5, wanted 0 to 2"):
        class_sizes([np.array([0, 5])], [3])


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(1,\), wanted \(2,\)"):
        class_sizes([np.array([0, 1]), np.array([0])], [2, 1])


def test_no_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="give each column one"):
        class_sizes([], [])
