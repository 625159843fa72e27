"""Statistical promises, by exact enumeration or by simulation with a fixed seed.

A simulated promise is broken when the one-sided exact binomial probability of so many errors, were the promise kept, is
below .001 (at 4,000 replicates and 5 %: from 245 errors, 6.1 %).
"""

import numpy as np
import pytest
from scipy.stats import binom

from auditkit.stats.auc import score_limits
from auditkit.stats.intervals import mover_difference, mover_ratio, studentized_range_quantile, wilson, z_quantile
from auditkit.stats.planning import rows_needed_difference, rows_needed_rate, rows_needed_ratio
from auditkit.stats.uncertainty import Gap, Proportion, WorstPair

pytestmark = pytest.mark.statistics

REPLICATES = 4000
SEED = 20261123
Z95 = z_quantile(0.975)


def broken(errors: int, replicates: int, promised: float = 0.05) -> bool:
    """Are so many errors too many for at most the promised share?"""
    return bool(binom.sf(errors - 1, replicates, promised) < 0.001)


def too_few(successes: int, replicates: int, promised: float) -> bool:
    """Are so few successes too few for at least the promised share?"""
    return bool(binom.cdf(successes, replicates, promised) < 0.001)


def bounds(
    of: Gap, sizes: np.ndarray, rates: np.ndarray, replicates: int = REPLICATES
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % lower and upper bounds of simulated audits: all at once, and as `WorstPair` gives the first 20."""
    k = len(sizes)
    drawn = np.random.default_rng(SEED).binomial(sizes, rates, (replicates, k))
    mover = mover_difference if of == "difference" else mover_ratio
    first, second = np.nonzero(~np.eye(k, dtype=bool))

    def pairs(z: float) -> tuple[np.ndarray, np.ndarray]:
        low, high = wilson(drawn, sizes, z)
        rate = drawn / sizes
        return mover(
            *(a[:, first] for a in (rate, low, high)),
            *(a[:, second] for a in (rate, low, high)),
        )

    plain, simultaneous = z_quantile(0.95), studentized_range_quantile(0.95, k) / np.sqrt(2)
    if of == "difference":
        lower, upper = np.maximum(0, pairs(simultaneous)[0].max(axis=1)), pairs(plain)[1].max(axis=1)
    else:
        lower, upper = pairs(plain)[0].min(axis=1), np.minimum(1, pairs(simultaneous)[1].min(axis=1))
    for row, low, high in zip(drawn[:20].tolist(), lower[:20].tolist(), upper[:20].tolist(), strict=True):
        if any(row):
            pair = WorstPair(of, tuple(Proportion(x, n) for x, n in zip(row, sizes.tolist(), strict=True)))
            assert (pair.lower(0.95), pair.upper(0.95)) == pytest.approx((low, high), abs=1e-12)
    return lower, upper


def test_the_criterion_itself() -> None:
    assert not broken(244, 4000)
    assert broken(245, 4000)


@pytest.mark.parametrize("n", [30, 50, 100, 200, 500])
def test_wilson_covers_95_percent_on_average_and_never_less_than_89(n: int) -> None:
    rates = np.linspace(0.02, 0.98, 481)
    successes = np.arange(n + 1)
    low, high = wilson(successes, np.full(n + 1, n), Z95)
    inside = (low[:, None] <= rates) & (rates <= high[:, None])
    coverage = np.sum(binom.pmf(successes[:, None], n, rates) * inside, axis=0)
    assert 0.94 <= coverage.mean() <= 0.965
    assert coverage.min() >= 0.89
    if n == 500:
        assert 0.93 <= coverage.min() <= coverage.max() <= 0.97


@pytest.mark.parametrize("of", ["difference", "ratio"])
@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize(("rate", "least", "most"), [(0.02, 500, 500), (0.1, 30, 30), (0.2, 30, 5000), (0.5, 100, 100)])
def test_a_violation_is_ruled_in_at_most_5_percent_where_all_rates_are_equal(
    of: Gap, k: int, rate: float, least: int, most: int
) -> None:
    sizes = np.geomspace(least, most, k).round().astype(int)
    lower, upper = bounds(of, sizes, np.full(k, rate))
    errors = int(np.sum(lower > 0 if of == "difference" else upper < 1))
    assert not broken(errors, REPLICATES), f"{errors} of {REPLICATES}"


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("n", [100, 500])
def test_a_true_gap_at_its_limit_is_ruled_on_wrongly_in_at_most_5_percent_on_either_side(k: int, n: int) -> None:
    rates = np.linspace(0.2, 0.3, k)
    sizes = np.full(k, n)
    lower, upper = bounds("difference", sizes, rates)
    for errors in (int(np.sum(upper < 0.1)), int(np.sum(lower > 0.1))):
        assert not broken(errors, REPLICATES), f"{errors} of {REPLICATES}"


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("n", [100, 500])
def test_a_true_ratio_at_its_limit_is_ruled_on_wrongly_in_at_most_5_percent_on_either_side(k: int, n: int) -> None:
    rates = np.linspace(0.32, 0.4, k)
    sizes = np.full(k, n)
    lower, upper = bounds("ratio", sizes, rates)
    for errors in (int(np.sum(upper < 0.8)), int(np.sum(lower > 0.8))):
        assert not broken(errors, REPLICATES), f"{errors} of {REPLICATES}"


@pytest.mark.parametrize(("m", "n"), [(10, 20), (20, 10)])
@pytest.mark.parametrize("area", [0.6, 0.8, 0.95])
def test_auc_of_few_rows_is_covered_by_its_95_percent_interval(m: int, n: int, area: float) -> None:
    rng = np.random.default_rng(SEED)
    x = rng.normal(np.sqrt(2) * z_quantile(area), 1, (REPLICATES, m, 1))
    y = rng.normal(0, 1, (REPLICATES, 1, n))
    wins, times = np.unique((x > y).sum(axis=(1, 2)), return_counts=True)
    limits = [score_limits(won / (m * n), m, n, Z95) for won in wins.tolist()]
    covered = sum(int(many) for (low, high), many in zip(limits, times, strict=True) if low <= area <= high)
    assert not too_few(covered, REPLICATES, 0.85), f"{covered} of {REPLICATES}"
    assert not broken(covered, REPLICATES, 0.99), f"{covered} of {REPLICATES}"


@pytest.mark.parametrize(("planned", "limit"), [(0.78, 0.8), (0.6, 0.8), (0.15, 0.1), (0.4, 0.2)])
def test_rows_planned_for_a_rate_show_its_breach_in_80_percent(planned: float, limit: float) -> None:
    n = rows_needed_rate(planned, limit, 0.95)
    assert n is not None
    low, high = wilson(np.arange(n + 1), np.full(n + 1, n), z_quantile(0.95))
    shown = high < limit if planned < limit else low > limit
    power = float(np.sum(binom.pmf(np.arange(n + 1), n, planned) * shown))
    assert 0.75 <= power <= 0.88


@pytest.mark.parametrize("shares", [[1, 1], [1, 1, 4, 6], [1] * 6])
def test_rows_planned_for_a_gap_show_its_breach_in_80_percent(shares: list[int]) -> None:
    sizes = np.array(shares) * 200
    rows = rows_needed_difference(sizes.tolist(), 0.3, 0.16, 0.08, 0.95)
    assert rows is not None
    rates = np.array([0.22, 0.38, *[0.3] * (len(shares) - 2)])
    grown = np.ceil(sizes * rows / sizes.sum()).astype(int)
    shown = int(np.sum(bounds("difference", grown, rates)[0] > 0.08))
    assert not too_few(shown, REPLICATES, 0.78), f"{shown} of {REPLICATES}"
    assert not broken(shown, REPLICATES, 0.88), f"{shown} of {REPLICATES}"


@pytest.mark.parametrize("shares", [[1, 1], [1, 1, 4, 6], [1] * 6])
def test_rows_planned_for_a_ratio_show_its_breach_in_80_percent(shares: list[int]) -> None:
    sizes = np.array(shares) * 200
    rows = rows_needed_ratio(sizes.tolist(), 0.4, 0.6, 0.8, 0.95)
    assert rows is not None
    rates = np.array([0.3, 0.5, *[0.4] * (len(shares) - 2)])
    grown = np.ceil(sizes * rows / sizes.sum()).astype(int)
    shown = int(np.sum(bounds("ratio", grown, rates)[1] < 0.8))
    assert not too_few(shown, REPLICATES, 0.78), f"{shown} of {REPLICATES}"
    assert not broken(shown, REPLICATES, 0.88), f"{shown} of {REPLICATES}"
