"""Risks against a population and from a sampling fraction, by hand and by simulation."""

import numpy as np
import pandas as pd
import pytest

from auditkit.attacks.combinations import combinations
from auditkit.attacks.identifying import marketer_range, sizes_in, unique_match_risk
from auditkit.data.frames import table_from_frame


def test_classes_are_found_again_in_the_population_whatever_their_codes() -> None:
    sample = pd.DataFrame({"town": ["b", "b", "c"], "age": [30, 30, 50]})
    people = pd.DataFrame({"town": ["a", "b", "b", "b", "c", "c"], "age": [30, 30, 30, 30, 50, 60]})
    found = [combinations(table_from_frame(frame), ["town", "age"]) for frame in (people, sample)]
    own, theirs = sizes_in(*found, ["town", "age"])
    assert sorted(zip(own.tolist(), theirs.tolist(), strict=True)) == [(1, 1), (2, 3)]


def test_a_class_that_the_population_lacks_has_none_there() -> None:
    found = [combinations(table_from_frame(pd.DataFrame({"x": rows})), ["x"]) for rows in (["a"], ["b"])]
    assert sizes_in(*found, ["x"])[1].tolist() == [0]


def test_too_few_unique_rows_give_no_estimate() -> None:
    assert unique_match_risk(np.array([1] * 9 + [2] * 50), 0.1) is None
    assert unique_match_risk(np.array([1] * 10 + [2] * 9), 0.1) is None


def test_the_estimate_is_the_formula() -> None:
    found = unique_match_risk(np.array([1] * 40 + [2] * 10), 0.2)
    assert found is not None
    assert found.value == pytest.approx(0.2 * 40 / (0.2 * 40 + 2 * 0.8 * 10))


@pytest.mark.statistics
@pytest.mark.parametrize("fraction", [0.02, 0.15, 0.5])
def test_the_interval_covers_the_share_of_right_unique_matches(fraction: float) -> None:
    rng = np.random.default_rng(5)
    people = np.ceil(rng.pareto(1.2, 4000) * 3 + 0.01).astype(int)  # sizes of classes in the population
    covered, trials = 0, 1000
    for _ in range(trials):
        drawn = rng.binomial(people, fraction)
        unique = drawn == 1
        right = unique.sum() / people[unique].sum()
        found = unique_match_risk(drawn[drawn > 0], fraction)
        assert found is not None
        low, high = found.limits(1.96)
        covered += low <= right <= high
    assert 0.925 <= covered / trials <= 0.975


def test_the_estimate_from_below_is_the_formula() -> None:
    found = marketer_range(np.array([1] * 40 + [2] * 10 + [5] * 8), 0.2)
    assert found.low == pytest.approx(0.2 * 58 / 100)
    assert found.value == pytest.approx(0.2 * (58 + 40**2 / (2 * 10 * 100 / 99 + 40 * 0.25)) / 100)
    assert found.high == 58 / 100


def test_classes_without_a_single_row_have_missed_none() -> None:
    found = marketer_range(np.array([3, 4, 5]), 0.5)
    assert (found.low, found.value, found.high) == pytest.approx((1 / 8, 1 / 8, 1 / 4))
    one = marketer_range(np.array([1]), 0.5)
    assert one.low <= one.value <= one.high == 1


@pytest.mark.parametrize("fraction", [0.02, 0.15, 0.5])
@pytest.mark.parametrize("sizes", ["unequal", "alike"])
def test_the_marketers_risk_lies_in_its_range(fraction: float, sizes: str) -> None:
    rng = np.random.default_rng(6)
    people = np.ceil(rng.pareto(1.2, 4000) * 3 + 0.01).astype(int) if sizes == "unequal" else rng.poisson(9, 4000) + 1
    lows, estimates, truths = [], [], []
    for _ in range(100):
        drawn = rng.binomial(people, fraction)
        found, true = marketer_range(drawn[drawn > 0], fraction), (drawn / people).sum() / drawn.sum()
        assert found.low <= found.value <= found.high and true <= found.high
        lows.append(found.low)
        estimates.append(found.value)
        truths.append(true)
    assert np.mean(lows) <= 1.002 * np.mean(truths)
    assert np.mean(estimates) <= 1.02 * np.mean(truths)
