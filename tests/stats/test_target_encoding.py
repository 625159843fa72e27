"""Numbers that are means of a target are told by how they were made; others are not."""

import numpy as np
import pytest

from auditkit.stats.target_encoding import encoded_as


def rows_of(k: int = 12, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return codes, target, and of each row's category the sum of the target and the number of rows."""
    rng = np.random.default_rng(0)
    codes, target = rng.integers(0, k, n), (rng.random(n) < 0.3).astype(float)
    return codes, target, np.bincount(codes, weights=target)[codes], np.bincount(codes)[codes].astype(float)


@pytest.mark.parametrize("prior", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("m", [0.5, 30.0])
def test_each_way_is_named(m: float, prior: float) -> None:
    codes, target, sums, n = rows_of()
    assert encoded_as(sums / n, codes, target) == "mean"
    assert encoded_as((sums + m * prior) / (n + m), codes, target) == "smoothed mean"
    assert encoded_as((sums - target) / (n - 1), codes, target) == "mean of the other rows"


def test_a_few_rows_may_differ_and_many_may_not() -> None:
    codes, target, sums, n = rows_of()
    values = sums / n
    values[:10] = -1.0
    assert encoded_as(values, codes, target) == "mean"
    values[:40] = -1.0
    assert encoded_as(values, codes, target) is None


def test_other_numbers_are_no_means() -> None:
    codes, target, sums, n = rows_of()
    for values in (codes / 7.0, 1 / n, sums, np.full(len(codes), 0.3), np.full(len(codes), np.nan), target, -sums / n):
        assert encoded_as(values, codes, target) is None
    assert encoded_as(np.array([np.inf, -np.inf] * 200), codes, target) is None
    assert encoded_as(sums / n, codes, np.zeros(len(codes))) is None


def test_four_categories_are_too_few_to_tell_a_smoothed_mean() -> None:
    codes, target, sums, n = rows_of(4)
    assert encoded_as((sums + 3) / (n + 10), codes, target) is None
