"""A planted slice is found, nothing is found where there is nothing, and overlapping slices are one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from auditkit.stats.slices import Slice, discoveries, merged, ranked, search


def rows(rng: np.random.Generator, n: int = 2000, columns: int = 4, size: int = 3) -> list[np.ndarray]:
    return [rng.integers(0, size, n) for _ in range(columns)]


def found(codes: list[np.ndarray], errors: np.ndarray, rate: float = 0.05) -> list[Slice]:
    tested = search(codes, [3] * len(codes), errors, depth=3, least=30, binary=True)
    return discoveries(tested, rate)


def test_every_combination_up_to_the_depth_is_tested_once() -> None:
    codes = rows(np.random.default_rng(0))
    tested = search(codes, [3] * 4, np.ones(2000) * (np.arange(2000) % 7 == 0), depth=3, least=1, binary=True)
    assert len(tested) == 4 * 3 + 6 * 9 + 4 * 27
    assert len({(item.columns, item.values) for item in tested}) == len(tested)


def test_counts_and_p_values_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    codes, errors = rows(rng), (rng.random(2000) < 0.2).astype(float)
    for item in search(codes, [3] * 4, errors, depth=2, least=30, binary=True)[::7]:
        held = item.rows(codes)
        assert (item.n, item.total) == (int(held.sum()), float(errors[held].sum()))
        assert item.p == pytest.approx(binom.sf(item.total - 1, item.n, errors.mean()), rel=1e-9)


def test_a_planted_slice_leads_the_rank() -> None:
    rng = np.random.default_rng(2)
    codes = rows(rng, 6000)
    bad = (codes[0] == 1) & (codes[2] == 2)
    errors = (rng.random(6000) < np.where(bad, 0.5, 0.1)).astype(float)
    first = ranked(found(codes, errors), errors, binary=True)[0]
    assert {(0, 1), (2, 2)} <= set(zip(first.columns, first.values, strict=True))
    leading, others = merged(ranked(found(codes, errors), errors, binary=True), codes, 5)[0]
    assert leading == first
    assert others


def test_losses_that_are_no_shares_are_searched_too() -> None:
    rng = np.random.default_rng(3)
    codes = rows(rng, 4000)
    losses = rng.exponential(1.0, 4000) + 2 * (codes[1] == 0)
    best = ranked(
        discoveries(search(codes, [3] * 4, losses, depth=1, least=30, binary=False), 0.05), losses, binary=False
    )
    assert (best[0].columns, best[0].values) == ((1,), (0,))


def test_constant_errors_show_nothing() -> None:
    codes = rows(np.random.default_rng(4))
    assert found(codes, np.zeros(2000)) == []
    assert discoveries([], 0.05) == []


@pytest.mark.statistics
def test_where_no_slice_is_worse_at_most_one_audit_in_twenty_reports_one() -> None:
    rng = np.random.default_rng(5)
    replicates, alarms = 2000, 0
    for _ in range(replicates):
        codes = rows(rng, 600, 3)
        alarms += bool(found(codes, (rng.random(600) < 0.15).astype(float)))
    print(f"slices: {alarms} of {replicates} audits without a bad slice reported one")
    assert binomtest(alarms, replicates, 0.05, alternative="greater").pvalue >= 0.001


@pytest.mark.statistics
@pytest.mark.parametrize("skew", ["half-normal", "exponential", "lognormal"])
def test_where_no_slice_is_worse_skewed_losses_do_not_make_one(skew: str) -> None:
    rng = np.random.default_rng(8)
    replicates, alarms = 2000, 0
    for _ in range(replicates):
        losses = {
            "half-normal": np.abs(rng.normal(size=600)),
            "exponential": rng.exponential(size=600),
            "lognormal": rng.lognormal(0, 1, 600),
        }[skew]
        tested = search(rows(rng, 600, 3), [3] * 3, losses, depth=3, least=30, binary=False)
        alarms += bool(discoveries(tested, 0.05))
    print(f"slices of {skew} losses: {alarms} of {replicates} audits without a bad slice reported one")
    assert binomtest(alarms, replicates, 0.05, alternative="greater").pvalue >= 0.001


@pytest.mark.statistics
def test_the_share_of_false_discoveries_keeps_the_promise() -> None:
    """Errors depend on column 0 alone: a slice is false if within it the mean error is no higher than overall."""
    rng = np.random.default_rng(6)
    shares = []
    for _ in range(600):
        codes = rows(rng, 1200, 3)
        truth = np.where(codes[0] == 1, 0.35, 0.15)
        discovered = found(codes, (rng.random(1200) < truth).astype(float))
        false = [item for item in discovered if truth[item.rows(codes)].mean() <= truth.mean() + 1e-12]
        shares.append(len(false) / max(1, len(discovered)))
    mean, error = float(np.mean(shares)), float(np.std(shares) / np.sqrt(len(shares)))
    print(f"slices: mean share of false discoveries {mean:.4f} (standard error {error:.4f}), promise 0.05")
    assert mean - 3.1 * error <= 0.05
