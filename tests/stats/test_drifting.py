"""Tests of drift equal scipy's, err as often as they say at most, and distances are their definitions."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp

from auditkit.stats.drifting import codes_drift, numbers_drift


def test_numbers_are_compared_by_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=400), rng.normal(0.3, 1, 300)
    found, truth = numbers_drift(first, second), ks_2samp(first, second, method="asymp")
    assert found.statistic == pytest.approx(truth.statistic)
    assert found.p == pytest.approx(truth.pvalue, rel=0.25)


def test_values_are_compared_by_chi_squared() -> None:
    first, second = np.array([50, 30, 20]), np.array([30, 40, 50])
    found, truth = codes_drift(first, second), chi2_contingency([first, second], correction=False)
    assert (found.statistic, found.p) == (pytest.approx(truth.statistic), pytest.approx(truth.pvalue))


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


@pytest.mark.parametrize("empty", [np.empty(0), np.full(5, np.nan), np.ones(1)])
def test_nothing_to_compare_is_no_drift(empty: np.ndarray) -> None:
    assert numbers_drift(empty, np.arange(50.0)).p == 1.0
    assert codes_drift(np.array([0, 0]), np.array([3, 4])).p == 1.0


@pytest.mark.statistics
@pytest.mark.parametrize("kind", ["normal", "ties", "codes", "rare codes"])
def test_no_more_false_alarms_than_promised(kind: str) -> None:
    rng, false, trials = np.random.default_rng(1), 0, 3000
    shares = np.array([0.7, 0.2, 0.05, 0.03, 0.01, 0.005, 0.005])
    for _ in range(trials):
        if kind == "codes":
            found = codes_drift(rng.multinomial(500, [0.5, 0.3, 0.2]), rng.multinomial(300, [0.5, 0.3, 0.2]))
        elif kind == "rare codes":
            found = codes_drift(rng.multinomial(400, shares), rng.multinomial(200, shares))
        else:
            first, second = rng.normal(size=300), rng.normal(size=200)
            found = numbers_drift(first.round(), second.round()) if kind == "ties" else numbers_drift(first, second)
        false += found.p < 0.05
    assert false / trials <= 0.062
    if kind == "normal":
        assert false / trials >= 0.03
