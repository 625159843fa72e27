"""Generalized entropy: known values, properties and the coverage of its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from auditkit.stats.inequality import generalized_entropy
from auditkit.stats.uncertainty import Normal

COUNTS = st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=4)


def test_theil_and_half_the_squared_coefficient_of_variation() -> None:
    incomes = np.array([1.0, 2.0, 3.0, 10.0])
    found = generalized_entropy(incomes, np.ones((1, 4)), 2)
    assert found is not None
    assert found.value == pytest.approx(0.5 * (incomes.std() / incomes.mean()) ** 2)
    relative = incomes / incomes.mean()
    theil = generalized_entropy(incomes, np.ones((1, 4)), 1)
    assert theil is not None
    assert theil.value == pytest.approx(np.mean(relative * np.log(relative)))
    deviation = generalized_entropy(incomes, np.ones((1, 4)), 0)
    assert deviation is not None
    assert deviation.value == pytest.approx(-np.mean(np.log(relative)))


@given(COUNTS, st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_it_is_never_negative_and_the_part_between_groups_is_never_more_than_all(
    cells: list[list[int]], alpha: float
) -> None:
    found = generalized_entropy([0, 1, 2], cells, alpha)
    if found is not None:
        assert found.value >= -1e-12
        assert 0 <= found.between <= found.value + 1e-12


@given(COUNTS, st.floats(0.1, 50))
def test_scaling_all_benefits_changes_nothing(cells: list[list[int]], factor: float) -> None:
    plain = generalized_entropy([0, 1, 2], cells, 2)
    scaled = generalized_entropy([0, factor, 2 * factor], cells, 2)
    assert (plain is None) == (scaled is None)
    if plain is not None and scaled is not None:
        assert scaled.value == pytest.approx(plain.value, abs=1e-9)


def test_negative_benefit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        generalized_entropy([-1, 1], [[1, 1]], 2)


def test_expected_share_between_equal_groups_is_what_simulation_shows() -> None:
    rng = np.random.default_rng(4)
    share, chance = [], []
    for _ in range(2_000):
        found = generalized_entropy([0, 1, 2], rng.multinomial([200, 300, 100], [0.1, 0.8, 0.1]), 2)
        assert found is not None
        share.append(found.between)
        chance.append(found.between_expected)
    assert np.mean(chance) == pytest.approx(np.mean(share), abs=3 * np.std(share) / np.sqrt(2_000))


@pytest.mark.statistics
@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_interval_covers_as_promised(alpha: float) -> None:
    rng, truth = np.random.default_rng(7), np.array([0.12, 0.8, 0.08])
    exact = generalized_entropy([0, 1, 2], [truth * 1e6], alpha)
    assert exact is not None
    hits = 0
    for _ in range(4_000):
        found = generalized_entropy([0, 1, 2], [rng.multinomial(500, truth)], alpha)
        assert found is not None
        low, high = Normal(found.value, found.standard_error / found.value, "log").limits(1.959964)
        hits += low <= exact.value <= high
    assert binomtest(hits, 4_000, 0.94, alternative="less").pvalue > 0.001, hits / 4_000
