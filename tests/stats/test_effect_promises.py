"""What bands of effects promise, by simulation: each point, all points at once, the largest difference, H²."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import t as student

from auditkit.stats.accumulated import accumulated, bins_of, quantile_edges, replaced
from auditkit.stats.interaction import interaction

pytestmark = pytest.mark.statistics
Output = Callable[[np.ndarray, np.ndarray], np.ndarray]
ROWS, BINS, RUNS = 600, 12, 600


def people(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A skewed number, 30 % of it zeros, and another that goes together with it."""
    first = np.where(rng.random(n) < 0.3, 0.0, np.round(rng.lognormal(0, 1, n), 2))
    return first, 0.6 * np.log1p(first) + rng.normal(size=n)


def smooth(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(np.sqrt(x) * other + np.sin(x))))


def steps(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (x > 0.5) * (other > 0.7) * 0.6 + (x > 2) * 0.3 - (x > 4) * (other < 0) * 0.5


def truth(output: Output, edges: np.ndarray, x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The curve of very many people at the same edges, written anew."""
    place = bins_of(x, edges)
    steps_of = [
        (
            output(np.full((place == k).sum(), edges[k + 1]), other[place == k])
            - output(np.full((place == k).sum(), edges[k]), other[place == k])
        ).mean()
        for k in range(len(edges) - 1)
    ]
    curve = np.concatenate([[0.0], np.cumsum(steps_of)])
    return curve - np.interp(x, edges, curve).mean()


@pytest.mark.parametrize("output", [smooth, steps])
@pytest.mark.parametrize("fixed", [True, False], ids=["edges given", "edges of each sample"])
def test_bands_of_accumulated_effects_cover_at_each_point_and_at_all_points_at_once(
    output: Output, fixed: bool
) -> None:
    rng = np.random.default_rng(4)
    many = people(rng, 40_000)
    edges = quantile_edges(many[0][:ROWS], BINS, 20)
    true = truth(output, edges, *many)
    single, at_once, too_high, too_low = [], [], [], []
    for _ in range(RUNS):
        x, other = people(rng, ROWS)
        if not fixed:
            edges = quantile_edges(x, BINS, 20)
            true = truth(output, edges, *many)
        place = bins_of(x, edges)
        found = accumulated(x, edges, output(edges[place + 1], other) - output(edges[place], other))
        off = np.abs(found.value - true)
        single.append((off <= student.ppf(0.975, found.freedom) * found.error).mean())
        at_once.append((off <= found.half_width()).all())
        span = found.span()
        too_high.append(span.lower(0.95) > np.ptp(true))
        too_low.append(span.upper(0.95) < np.ptp(true))
    assert 0.92 <= np.mean(single) <= 0.97
    assert np.mean(at_once) >= 0.94
    assert np.mean(too_high) <= 0.05
    assert np.mean(too_low) <= 0.07  # 5 % promised, 0.9 % standard error of the simulation


def test_clustered_rows_get_wider_bands_that_cover() -> None:
    rng = np.random.default_rng(6)
    edges, hits, naive = np.array([0.0, 0.25, 0.5, 0.75, 1.0]), [], []
    for _ in range(600):
        cluster = np.repeat(np.arange(60), 10)
        own = rng.normal(size=60)[cluster]
        x = rng.random(600)
        differences = 0.25 * (1 + own + 0.3 * rng.normal(size=600))  # slope 1 on average, another in each cluster
        true = edges - 0.5
        for buckets, into in ((cluster, hits), (None, naive)):
            found = accumulated(x, edges, differences, buckets)
            into.append((np.abs(found.value - true) <= found.half_width()).all())
    assert np.mean(hits) >= 0.93
    assert np.mean(naive) < 0.8


def test_intervals_of_replacements_cover_all_values_at_once() -> None:
    rng = np.random.default_rng(5)
    effects = np.array([0.3, 0.0, -0.2, 0.1])
    hits, too_high = [], []
    for _ in range(2000):
        person = rng.exponential(size=(60, 1))
        found = replaced(effects * person + 0.2 * (rng.normal(size=(60, 4))))
        hits.append((np.abs(found.value - effects) <= found.half_width()).all())
        too_high.append(found.span().lower(0.95) > np.ptp(effects))
    assert 0.93 <= np.mean(hits) <= 0.99
    assert np.mean(too_high) <= 0.05


def test_the_interval_of_an_interaction_covers_as_often_as_its_notes_say() -> None:
    """f = a + b + a·b of independent standard normal columns: variances 1, 1 and 1, so H² = 1/3."""
    rng, hits, values = np.random.default_rng(3), [], []
    for _ in range(800):
        a, b, c = rng.normal(size=(3, 60))
        both = np.tile((a + b + a * b)[:, None], 60) + c
        first, second = (a[:, None] * (1 + b) + b + c, b[:, None] * (1 + a) + a + c)
        found = interaction(both, first, second, 3.0)
        assert found is not None
        low, high = found.share.limits(1.96)
        hits.append(low <= 1 / 3 <= high)
        values.append(found.share.value)
    assert 0.88 <= np.mean(hits) <= 0.97
    assert np.mean(values) == pytest.approx(1 / 3, abs=0.02)
