"""Tests of drift equal scipy's, err as often as they say at most, and distances are their definitions."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom, chi2_contingency, hypergeom, ks_2samp

from auditkit.stats import drifting
from auditkit.stats.drifting import Counts, Drift, Floats, reassigned

RNG = np.random.default_rng(7)


def numbers_drift(first: Floats, second: Floats, draws: int = drifting.DRAWS) -> Drift:
    return drifting.numbers_drift(first, second, RNG, draws)


def codes_drift(first: Counts, second: Counts, draws: int = drifting.DRAWS) -> Drift:
    return drifting.codes_drift(first, second, RNG, draws)


def test_numbers_are_compared_by_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=400), rng.normal(0.3, 1, 300)
    found, truth = numbers_drift(first, second), ks_2samp(first, second, method="asymp")
    assert found.statistic == pytest.approx(truth.statistic)
    assert found.p == pytest.approx(truth.pvalue, rel=0.25)


def test_values_are_compared_by_chi_squared() -> None:
    first, second = np.array([50, 30, 20]), np.array([45, 40, 35])
    found, truth = codes_drift(first, second), chi2_contingency([first, second], correction=False)
    assert found.statistic == pytest.approx(truth.statistic)
    assert found.p == pytest.approx(truth.pvalue, rel=0.4)  # of at most 9,999 reassignments


def test_p_of_two_values_is_fishers_exact_one() -> None:
    first, second = np.array([17, 3]), np.array([70, 30])
    truth = hypergeom_two_sided(first, second)
    assert reassigned(first, second, np.random.default_rng(0), 200_000)[1] == pytest.approx(truth, rel=0.6)
    far, near = np.array([9, 11]), np.array([70, 30])
    assert reassigned(far, near, np.random.default_rng(0), 200_000)[1] == pytest.approx(
        hypergeom_two_sided(far, near), rel=0.4
    )


def hypergeom_two_sided(first: Counts, second: Counts) -> float:
    """Sum the chances of all tables with the same margins whose χ² is at least as large."""
    whole, n = first + second, int(first.sum())
    least, most = max(0, n - int(whole[1])), min(n, int(whole[0]))
    hits = np.arange(least, most + 1)
    away = np.abs(hits - n * whole[0] / whole.sum())
    chance = hypergeom(int(whole.sum()), int(whole[0]), n).pmf(hits)
    return float(chance[away >= abs(first[0] - n * whole[0] / whole.sum()) - 1e-9].sum())


def test_missing_values_of_numbers_are_compared_too() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=500), rng.normal(size=500)
    assert numbers_drift(first, np.where(np.arange(500) % 5 == 0, np.nan, second)).test == "missing"
    moved = numbers_drift(
        np.where(np.arange(500) % 5 == 0, np.nan, first), np.where(np.arange(500) % 5 == 1, np.nan, second + 1)
    )
    assert (moved.test, moved.p < 1e-6) == ("KS", True)


def test_infinite_values_are_the_ends_of_the_order() -> None:
    first = np.r_[np.arange(200.0), [np.inf] * 20, [-np.inf] * 20]
    found = numbers_drift(first, np.r_[np.arange(200.0), [np.inf] * 40])
    assert found.statistic == pytest.approx(20 / 240)
    assert np.isfinite([found.js, found.psi, found.psi_by_chance]).all()


def test_rare_values_are_taken_together() -> None:
    first, second = np.array([500, 300, 1, 2, 1, 3, 2]), np.array([490, 310, 2, 1, 2, 1, 3])
    found = codes_drift(first, second)
    truth = chi2_contingency([[500, 300, 9], [490, 310, 9]], correction=False)
    assert found.statistic == pytest.approx(truth.statistic)
    assert codes_drift(np.array([500, 300, 1]), np.array([490, 310, 0])).p > 0.5


def test_distances_are_their_definitions() -> None:
    first, second = np.array([50, 30, 20]), np.array([30, 40, 50])
    found = codes_drift(first, second)
    assert found.js == pytest.approx(jensenshannon(first, second, base=2))
    p, q = first / 100, second / 120
    assert found.psi == pytest.approx(float(((p - q) * np.log(p / q)).sum()), rel=0.03)  # half a row is added to each
    assert found.psi_by_chance == pytest.approx(2 * (1 / 100 + 1 / 120))


def test_psi_is_on_average_what_chance_gives_when_nothing_changed() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    runs = [codes_drift(rng.multinomial(2000, shares), rng.multinomial(1000, shares)) for _ in range(400)]
    assert np.mean([one.psi for one in runs]) == pytest.approx(runs[0].psi_by_chance, rel=0.15)


@pytest.mark.parametrize("empty", [np.empty(0), np.full(1, np.nan), np.ones(1)])
def test_nothing_to_compare_is_no_drift(empty: np.ndarray) -> None:
    assert numbers_drift(empty, np.arange(50.0)).p == 1.0
    assert codes_drift(np.array([0, 0]), np.array([3, 4])).p == 1.0


@pytest.mark.statistics
@pytest.mark.parametrize("kind", ["normal", "ties", "gaps", "codes", "rare codes", "one small sample"])
def test_no_more_false_alarms_than_promised(kind: str) -> None:
    """At 5 % and at the 0.5 % that a column of ten must reach; wrong if an honest test did so with a chance below 0.001."""
    rng, trials = np.random.default_rng(1), 3000
    shares = np.array([0.7, 0.2, 0.05, 0.03, 0.01, 0.005, 0.005])
    found = np.empty(trials)
    for trial in range(trials):
        first, second = rng.normal(size=300), rng.normal(size=200)
        if kind == "codes":
            one = codes_drift(rng.multinomial(500, [0.5, 0.3, 0.2]), rng.multinomial(300, [0.5, 0.3, 0.2]), 999)
        elif kind == "rare codes":
            one = codes_drift(rng.multinomial(400, shares), rng.multinomial(200, shares), 999)
        elif kind == "one small sample":
            one = codes_drift(rng.multinomial(30_000, shares), rng.multinomial(100, shares), 999)
        elif kind == "gaps":
            first[rng.random(300) < 0.1], second[rng.random(200) < 0.1] = np.nan, np.nan
            one = numbers_drift(first, second, 999)
        else:
            one = numbers_drift(first.round(), second.round()) if kind == "ties" else numbers_drift(first, second)
        found[trial] = one.p
    for level in (0.05, 0.005):
        assert binom.sf((found <= level).sum() - 1, trials, level) > 0.001, level
    if kind in ("normal", "codes"):
        assert (found <= 0.05).mean() >= 0.03
