"""Accumulated effects against closed forms and an independent sum, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.accumulated import Curve, accumulated, bins_of, quantile_edges, replaced, unobserved_edges
from auditkit.stats.uncertainty import from_dict


def curve(value: list[float], covariance: np.ndarray, freedom: float = 1e9) -> Curve:
    points = len(value)
    return Curve(np.array(value), covariance, np.full(points, freedom), np.full((points, points), freedom))


def by_hand(x: np.ndarray, edges: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """The definition, row by row, with nothing of numpy's that the code uses."""
    means = []
    for k in range(len(edges) - 1):
        inside = [
            d
            for value, d in zip(x, differences, strict=True)
            if edges[k] < value <= edges[k + 1] or (k == 0 and value == edges[0])
        ]
        means.append(sum(inside) / len(inside))
    heights = [0.0]
    for mean in means:
        heights.append(heights[-1] + mean)
    total = 0.0
    for value in x:
        k = next(k for k in range(len(edges) - 1) if value <= edges[k + 1])
        total += heights[k] + means[k] * (value - edges[k]) / (edges[k + 1] - edges[k])
    return np.array(heights) - total / len(x)


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 7, 20]))
def test_a_linear_output_has_its_slope_times_the_distance_from_the_mean(seed: int, bins: int) -> None:
    x = np.random.default_rng(seed).lognormal(size=300)
    edges = np.quantile(x, np.linspace(0, 1, bins + 1))
    place = bins_of(x, edges)
    found = accumulated(x, edges, 2.5 * (edges[place + 1] - edges[place]))
    assert np.abs(found.value - 2.5 * (edges - x.mean())).max() < 1e-9
    # only the mean of x is uncertain, and that by the same at every point
    assert found.error == pytest.approx(2.5 * x.std() / np.sqrt(300), rel=1e-9)
    span = found.span()
    assert span.lower(0.95) == pytest.approx(span.upper(0.95)) == pytest.approx(2.5 * np.ptp(x))


def test_an_additive_output_has_its_own_part_whatever_goes_together_with_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 500).astype(float)
    other = x**2 + rng.normal(size=500)
    edges = quantile_edges(x, 20, 20)
    place = bins_of(x, edges)

    def output(value: np.ndarray) -> np.ndarray:
        return np.sin(value) + other**3

    found = accumulated(x, edges, output(edges[place + 1]) - output(edges[place]))
    assert edges.tolist() == list(range(8))
    assert found.value == pytest.approx(np.sin(edges) - np.sin(x).mean(), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_sum_that_its_definition_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(400) < 0.4, 0.0, rng.exponential(size=400))
    edges, differences = quantile_edges(x, 9, 20, apart=1), rng.normal(size=400)
    assert accumulated(x, edges, differences).value == pytest.approx(by_hand(x, edges, differences), abs=1e-12)


def test_its_covariance_is_that_of_a_bootstrap_over_rows() -> None:
    rng = np.random.default_rng(1)
    x = rng.exponential(size=800)
    edges = quantile_edges(x, 6, 20, apart=1)
    differences = rng.normal(size=800) * (1 + x) + np.sin(x)
    found = accumulated(x, edges, differences)
    draws = [rng.integers(0, 800, 800) for _ in range(1500)]
    again = np.array([accumulated(x[rows], edges, differences[rows]).value for rows in draws])
    assert found.error == pytest.approx(again.std(axis=0), rel=0.08)
    correlation = found.covariance / np.outer(found.error, found.error)
    assert np.abs(correlation - np.corrcoef(again.T)).max() < 0.1


def test_buckets_of_one_row_each_are_the_rows_themselves() -> None:
    rng = np.random.default_rng(2)
    x, differences = rng.random(200), rng.normal(size=200)
    edges = quantile_edges(x, 4, 20)
    plain, bucketed = (accumulated(x, edges, differences, buckets) for buckets in (None, np.arange(200)))
    assert bucketed.error == pytest.approx(plain.error, rel=0.02)
    assert bucketed.freedom.tolist() == [199.0] * 5


def test_replacing_gives_plain_means_with_their_standard_errors() -> None:
    contrasts = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 4.0]])
    found = replaced(contrasts)
    assert found.value.tolist() == [1.0, 2.0]
    assert found.error == pytest.approx(contrasts.std(axis=0, ddof=1) / np.sqrt(3))
    assert found.covariance[0, 1] == pytest.approx(np.cov(contrasts.T)[0, 1] / 3)


# ------------------------------------------------------------------------------------------------------------- edges


def test_edges_without_ties_hold_equally_many_rows() -> None:
    x = np.random.default_rng(0).permutation(1000).astype(float)
    assert np.bincount(bins_of(x, quantile_edges(x, 20, 20))).tolist() == pytest.approx([50] * 20, abs=2)


def test_a_value_that_most_rows_share_leaves_bins_to_the_others() -> None:
    x = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    edges = quantile_edges(x, 10, 10)
    assert len(edges) > 5
    assert np.bincount(bins_of(x, edges))[1:].min() >= 10


def test_no_outer_edge_is_beyond_the_fifth_row_from_the_end() -> None:
    x = np.random.default_rng(0).lognormal(sigma=3, size=500)
    edges, ordered = quantile_edges(x, 20, 20), np.sort(x)
    assert (edges[0], edges[-1]) == (ordered[4], ordered[-5])


@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(1, 6), st.integers(1, 12))
def test_bins_hold_enough_rows_and_edges_are_values_that_occur(values: list[int], bins: int, fewest: int) -> None:
    x = np.array(values, dtype=float)
    edges = quantile_edges(x, bins, fewest)
    assert set(edges.tolist()) <= set(values)
    assert (np.diff(edges) > 0).all()
    if len(edges) > 2:
        assert np.bincount(bins_of(x, edges), minlength=len(edges) - 1).min() >= fewest


@pytest.mark.parametrize("values", [[], [1.0], [3.0] * 50, [1.0] * 48 + [2.0, 3.0]])
def test_nothing_to_compare_has_no_edges(values: list[float]) -> None:
    assert len(quantile_edges(np.array(values), 20, 20)) == 0


def test_two_values_make_one_bin() -> None:
    assert quantile_edges(np.array([0.0] * 30 + [1.0] * 10), 20, 20).tolist() == [0.0, 1.0]


# -------------------------------------------------------------------------------------------------- largest difference


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_of_the_pairs_gives_the_bounds_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = int(rng.integers(2, 9))
    root = rng.normal(size=(points, points))
    found = curve(rng.normal(size=points).tolist(), root @ root.T * 0.02)
    span = found.span()
    assert span.estimate == pytest.approx(np.ptp(found.value))
    assert span.family == points * (points - 1)
    pairs = [(i, j) for i in range(points) for j in range(points) if i != j]
    gap = np.array([found.value[i] - found.value[j] for i, j in pairs])
    error = np.array(
        [np.sqrt(found.covariance[i, i] + found.covariance[j, j] - 2 * found.covariance[i, j]) for i, j in pairs]
    )
    from scipy.stats import norm

    for confidence in (0.6, 0.9, 0.95, 0.999):
        shared = norm.ppf(1 - (1 - confidence) / len(pairs))
        assert span.lower(confidence) == pytest.approx((gap - shared * error).max(), abs=1e-6)
        assert span.upper(confidence) == pytest.approx((gap + norm.ppf(confidence) * error).max(), abs=1e-6)
    assert from_dict(span.as_dict()) == span


def test_bands_share_the_error_among_the_points() -> None:
    from scipy.stats import t

    found = curve([0.0, 1.0, 2.0, 3.0], np.diag([1.0, 4.0, 9.0, 16.0]), freedom=12.0)
    assert found.half_width(0.9) == pytest.approx(t.ppf(1 - 0.1 / 8, 12) * np.array([1, 2, 3, 4]))


@pytest.mark.parametrize("scale", [1e-12, 0.01, 1.0, 9000.0, 1e12])
@pytest.mark.parametrize("offset", [0.0, 3.3])
def test_no_edge_is_the_value_of_one_person(scale: float, offset: float) -> None:
    x = scale * (offset + np.random.default_rng(2).normal(size=1000))
    edges = quantile_edges(x, 20, 20)
    shown = unobserved_edges(edges, x)
    assert np.isin(edges, x).all() and not np.isin(shown, x).any()
    assert (np.abs(shown - edges) <= np.diff(edges).max() / 20).all() and (np.diff(shown) > 0).all()
    assert shown[0] >= edges[0] and shown[-1] <= edges[-1]
    counts = np.bincount(bins_of(x, shown), minlength=len(shown) - 1)
    assert len(counts) == 20 and counts.min() >= 40


def test_values_that_many_share_and_short_numbers_stay_as_they_are() -> None:
    ages = np.arange(18.0, 68).repeat(7)
    assert unobserved_edges(quantile_edges(ages, 10, 10), ages).tolist() == quantile_edges(ages, 10, 10).tolist()
    shared = np.array([12345.678] * 9 + [23456.789] * 9)
    assert unobserved_edges(np.array([12345.678, 23456.789]), shared).tolist() == [12345.678, 23456.789]
    assert unobserved_edges(np.empty(0), shared).tolist() == []
