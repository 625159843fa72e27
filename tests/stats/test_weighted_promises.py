"""Weighted and clustered rows: intervals that hold what they say, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from auditkit.stats.weighting import clustered_proportion, weighted_proportion

pytestmark = pytest.mark.statistics
REPLICATES = 2000


def keeps(misses: int, promised: float) -> bool:
    """Whether so many misses are believable of an interval that misses at most so often."""
    return binomtest(misses, REPLICATES, promised, alternative="greater").pvalue >= 0.001


@pytest.mark.parametrize("n", [60, 200, 1000])
@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("spread", [0.4, 0.9])
def test_weighted_shares_are_covered(n: int, rate: float, spread: float) -> None:
    """Weights lognormal, and related to the outcome: the share that counts is the weighted one."""
    rng = np.random.default_rng([n, int(100 * rate), int(10 * spread)])
    weight = rng.lognormal(0, spread, (REPLICATES, n))
    chance = np.clip(rate * (0.7 + 0.3 * weight / np.exp(spread**2 / 2)), 0, 1)
    hit = rng.random((REPLICATES, n)) < chance
    big = rng.lognormal(0, spread, 1_000_000)
    truth = float((big * np.clip(rate * (0.7 + 0.3 * big / np.exp(spread**2 / 2)), 0, 1)).sum() / big.sum())
    misses = 0
    for w, y in zip(weight, hit, strict=True):
        found = weighted_proportion(w[y].sum(), (w[y] ** 2).sum(), w.sum(), (w**2).sum())
        misses += not found.lower(0.975) <= truth <= found.upper(0.975)
    print(f"weights: n {n}, rate {rate}, log spread {spread}: coverage {1 - misses / REPLICATES:.3f}")
    assert keeps(misses, 0.07)


@pytest.mark.parametrize("clusters", [60, 300, 3000])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_clustered_shares_are_covered(clusters: int, rate: float) -> None:
    """1 to 9 rows a cluster, outcomes alike within it (beta, intraclass correlation 0.3): plain Wilson has .75."""
    rng = np.random.default_rng([clusters, int(10 * rate)])
    misses = plain = 0
    for _ in range(REPLICATES):
        size = rng.integers(1, 10, clusters)
        chance = rng.beta(rate * 7 / 3, (1 - rate) * 7 / 3, clusters)
        hits = rng.binomial(size, chance)
        bucket = rng.integers(0, 100, clusters)
        found = clustered_proportion(
            np.bincount(bucket, weights=hits, minlength=100),
            np.bincount(bucket, weights=size, minlength=100),
            int(size.sum()),
        )
        misses += not found.lower(0.975) <= rate <= found.upper(0.975)
        ones = weighted_proportion(float(hits.sum()), float(hits.sum()), float(size.sum()), float(size.sum()))
        plain += not ones.lower(0.975) <= rate <= ones.upper(0.975)
    print(
        f"clusters: {clusters}, rate {rate}: coverage {1 - misses / REPLICATES:.3f}, as if independent "
        f"{1 - plain / REPLICATES:.3f}"
    )
    assert keeps(misses, 0.07)
