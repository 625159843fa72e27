"""Cramér's V with Bergsma's correction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import contingency, entropy

from auditkit.stats.association import cramers_v, mutual_information, quantile_codes


def test_equals_its_formula_on_scipys_uncorrected_value() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 500)
    two = np.where(rng.random(500) < 0.4, one, rng.integers(0, 3, 500))
    table = contingency.crosstab(one, two).count
    plain = contingency.association(table, method="cramer")
    (r, c), n = table.shape, 500
    squared = plain**2 * (min(r, c) - 1)
    corrected = max(0, squared - (r - 1) * (c - 1) / (n - 1))
    expected = np.sqrt(corrected / (min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1))
    assert cramers_v(one, two) == pytest.approx(expected, rel=1e-12)


def test_independent_columns_have_next_to_none_however_many_values_they_have() -> None:
    rng = np.random.default_rng(1)
    found = [cramers_v(rng.integers(0, 30, 300), rng.integers(0, 2, 300)) for _ in range(200)]
    assert np.mean(found) < 0.08  # without the correction: 0.31


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_column_of_one_value_has_no_association(rows: int) -> None:
    assert cramers_v(np.zeros(rows, dtype=int), np.arange(rows)) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60), st.randoms())
def test_order_of_rows_and_names_of_values_do_not_matter(pairs: list[tuple[int, int]], random) -> None:
    one, two = (np.array(side) for side in zip(*pairs, strict=True))
    shuffled = pairs.copy()
    random.shuffle(shuffled)
    other, another = (np.array(side) for side in zip(*shuffled, strict=True))
    found = cramers_v(one, two)
    assert found == pytest.approx(cramers_v(another * -7, other + 100), abs=1e-6)
    assert found is None or 0 <= found <= 1


def test_numbers_are_cut_into_equal_bins_and_missing_ones_kept_apart() -> None:
    codes = quantile_codes(np.r_[np.arange(1000.0), [np.nan] * 5])
    assert np.bincount(codes[:1000]).tolist() == [100] * 10
    assert set(codes[1000:]) == {-1}
    assert quantile_codes(np.zeros(4)).tolist() == [0] * 4
    assert quantile_codes(np.full(3, np.nan)).tolist() == [-1] * 3


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_value_that_most_rows_have_is_kept_apart_from_smaller_and_larger_ones(share: float) -> None:
    flag = (np.arange(1000) < 1000 * share).astype(float)
    codes = quantile_codes(flag)
    assert len(set(codes[flag == 1])) == len(set(codes[flag == 0])) == 1
    assert len(set(codes)) == 2
    middle = quantile_codes(np.r_[np.full(900, 5.0), np.arange(50) / 100, 6 + np.arange(50)])
    assert not set(middle[:900]) & set(middle[900:])
    assert not set(middle[900:950]) & set(middle[950:])


def test_mutual_information_is_that_of_scipys_entropies_with_miller_and_madows_correction() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 500)
    two = np.where(rng.random(500) < 0.4, one, rng.integers(0, 3, 500))
    table = contingency.crosstab(one, two).count
    plain = entropy(table.sum(axis=1)) + entropy(table.sum(axis=0)) - entropy(table.ravel())
    values = (table.sum(axis=1) > 0).sum() + (table.sum(axis=0) > 0).sum() - (table > 0).sum() - 1
    assert mutual_information(one, two) == pytest.approx((plain + values / 1000) / np.log(2), rel=1e-12)


def test_independent_columns_share_next_to_no_information() -> None:
    rng = np.random.default_rng(1)
    found = [mutual_information(rng.integers(0, 10, 500), rng.integers(0, 3, 500)) for _ in range(200)]
    assert np.mean(found) < 0.005  # without the correction: 0.026
    assert mutual_information(np.zeros(0, dtype=int), np.zeros(0, dtype=int)) == 0
    assert mutual_information(np.zeros(9, dtype=int), np.arange(9)) == 0
