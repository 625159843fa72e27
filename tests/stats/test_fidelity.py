"""The share of an output that an imitation explains."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import r2_score

from auditkit.stats.fidelity import explained_share
from auditkit.stats.uncertainty import Normal, from_dict


def drawn(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a skewed output with heavy ends, and an imitation of it with an error that grows with the output."""
    imitated = rng.choice([0.02, 0.1, 0.4, 0.9], n, p=[0.6, 0.2, 0.15, 0.05])
    return np.clip(imitated + noise * np.sqrt(imitated) * rng.normal(size=n), 0, 1), imitated


def test_it_is_scikit_learns_r2_where_the_constant_is_the_mean() -> None:
    output, imitated = drawn(np.random.default_rng(0), 300, 0.2)
    found = explained_share(output, imitated, float(output.mean()))
    assert found.value == pytest.approx(r2_score(output, imitated), rel=1e-12)


def test_its_error_is_near_that_of_the_delta_method() -> None:
    output, imitated = drawn(np.random.default_rng(1), 400, 0.2)
    found = explained_share(output, imitated, 0.15)
    e, b = (output - imitated) ** 2, (output - 0.15) ** 2
    share = e.sum() / b.sum()
    delta = np.std((e - share * b) / b.mean() / share, ddof=1) / 20
    assert found.standard_error == pytest.approx(delta, rel=0.05)
    low, high = found.limits(2.0)
    assert low < found.value < high < 1


def test_perfect_and_worse_than_a_constant() -> None:
    output = np.array([0.0, 1.0, 2.0, 3.0])
    assert explained_share(output, output, 1.0).limits(1.96) == (1.0, 1.0)
    assert explained_share(output, np.full(4, 9.0), 1.5).value < -1


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_an_output_that_is_the_constant_has_none(rows: int) -> None:
    assert explained_share(np.full(rows, 0.1 + 0.2), np.zeros(rows), 0.3) is None


def test_repeated_rows_of_a_cluster_do_not_narrow_it() -> None:
    output, imitated = drawn(np.random.default_rng(2), 90, 0.2)
    once = explained_share(output, imitated, 0.15)
    many = explained_share(np.tile(output, 9), np.tile(imitated, 9), 0.15, np.tile(np.arange(90), 9))
    assert many.standard_error == pytest.approx(once.standard_error, rel=1e-12)
    assert many.df == 89
    assert explained_share(output, imitated, 0.15, np.zeros(90, dtype=int)) is None


def test_one_row_that_holds_all_there_is_to_explain_is_not_enough() -> None:
    output = np.r_[np.zeros(99), 1.0]
    assert explained_share(output, np.full(100, 0.2), 0.0) is None
    assert explained_share(output + np.arange(100), np.arange(100.0), 0.0) is None


def test_it_survives_the_record() -> None:
    found = explained_share(*drawn(np.random.default_rng(3), 200, 0.2), 0.15)
    assert from_dict(found.as_dict()) == found
    with pytest.raises(ValueError, match="wanted a value below 1"):
        Normal(1.0, 0.1, "log of the rest")


@pytest.mark.statistics
@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_it_is_covered(n: int, noise: float) -> None:
    rng = np.random.default_rng([n, int(100 * noise)])
    truth = explained_share(*drawn(rng, 2_000_000, noise), 0.15).value
    replicates, misses = 2000, 0
    for _ in range(replicates):
        low, high = explained_share(*drawn(rng, n, noise), 0.15).limits(1.959964)
        misses += not low <= truth <= high
    print(f"n {n}, R² {truth:.3f}: coverage {1 - misses / replicates:.3f}")
    assert binomtest(misses, replicates, 0.07, alternative="greater").pvalue >= 0.001
