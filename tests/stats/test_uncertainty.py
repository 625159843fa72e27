"""Bounds at any confidence, kept as values that outlive their data."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.intervals import mover_difference, mover_ratio, studentized_range_quantile, wilson, z_quantile
from auditkit.stats.uncertainty import (
    AreaUnderCurve,
    Exact,
    Extreme,
    Normal,
    Proportion,
    Range,
    Replicates,
    Uncertainty,
    WorstPair,
    from_dict,
)

confidences = st.floats(0.5, 0.994)


@st.composite
def proportions(draw: st.DrawFn, least: int = 0) -> Proportion:
    n = draw(st.integers(max(1, least), 3000))
    return Proportion(draw(st.integers(least, n)), n)


normals = st.builds(
    Normal,
    st.floats(0.01, 0.99),
    st.floats(0.0, 2.0),
    st.sampled_from(["identity", "logit", "log"]),
    st.none() | st.floats(2, 500),
    st.none() | st.just(0.0),
    st.none() | st.just(1.0),
)
curves = st.builds(
    AreaUnderCurve, st.floats(0, 1), st.integers(2, 400), st.integers(2, 400), st.none() | st.floats(0.001, 0.2)
)
ranges = st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(lambda three: Range(*sorted(three)))
replicates = st.lists(st.floats(-10, 10), min_size=199, max_size=199).map(
    lambda drawn: Replicates(sorted(drawn)[99], tuple(sorted(drawn)))
)
singles = proportions() | normals | curves | ranges | st.builds(Exact, st.floats(-1e6, 1e6)) | replicates
pairs = st.builds(
    WorstPair,
    st.sampled_from(["difference", "ratio"]),
    st.lists(proportions(least=1), min_size=2, max_size=6).map(tuple),
)
extremes = st.builds(
    Extreme, st.sampled_from(["max", "min"]), st.lists(proportions(), min_size=1, max_size=4).map(tuple)
)
everything = singles | pairs | extremes


@given(everything, confidences)
def test_bounds_are_ordered_around_the_estimate(uncertainty: Uncertainty, confidence: float) -> None:
    slack = 1e-9 * max(1.0, abs(uncertainty.estimate))
    assert uncertainty.lower(confidence) <= uncertainty.estimate + slack
    assert uncertainty.estimate <= uncertainty.upper(confidence) + slack


@given(everything, confidences, confidences)
def test_bounds_move_outward_with_confidence(uncertainty: Uncertainty, one: float, other: float) -> None:
    less, more = sorted((one, other))
    slack = 1e-9 * max(1.0, abs(uncertainty.upper(more)))
    assert uncertainty.lower(more) <= uncertainty.lower(less) + slack
    assert uncertainty.upper(less) <= uncertainty.upper(more) + slack


@given(everything, confidences)
def test_written_and_read_again_it_gives_the_same_bounds(uncertainty: Uncertainty, confidence: float) -> None:
    text = json.dumps(uncertainty.as_dict(), allow_nan=False)
    again = from_dict(json.loads(text))
    assert again == uncertainty
    assert again.lower(confidence) == uncertainty.lower(confidence)
    assert again.upper(confidence) == uncertainty.upper(confidence)


nested = st.builds(
    Extreme,
    st.sampled_from(["max", "min"]),
    st.lists(pairs | extremes | normals | curves, min_size=1, max_size=3).map(tuple),
) | st.builds(WorstPair, st.just("difference"), st.lists(curves | extremes, min_size=2, max_size=4).map(tuple))


@given(nested, confidences)
def test_nested_written_and_read_again_gives_the_same_bounds(uncertainty: Uncertainty, confidence: float) -> None:
    again = from_dict(json.loads(json.dumps(uncertainty.as_dict(), allow_nan=False)))
    assert again == uncertainty
    assert again.lower(confidence) == uncertainty.lower(confidence) <= uncertainty.estimate + 1e-9
    assert again.upper(confidence) == uncertainty.upper(confidence) >= uncertainty.estimate - 1e-9


def test_students_t_is_finite_far_out_and_no_error_stays_none() -> None:
    assert 3.0 < Normal(3.0, 0.5, "identity", 99.0).limits(9.0)[1] < math.inf
    assert Normal(3.0, 0.0, "identity", 99.0).limits(9.0) == (3.0, 3.0)


@given(normals | curves, st.floats(0.0, 3.0))
def test_limits_are_the_bounds_at_that_quantile(uncertainty: Uncertainty, z: float) -> None:
    confidence = 0.5 * math.erfc(-z / math.sqrt(2))
    assert uncertainty.limits(z) == pytest.approx(
        (uncertainty.lower(confidence), uncertainty.upper(confidence)), rel=1e-6, abs=1e-6
    )


@given(pairs | extremes, st.randoms(use_true_random=False), confidences)
def test_order_of_groups_does_not_matter(uncertainty: WorstPair | Extreme, random: object, confidence: float) -> None:
    members = list(uncertainty.members)
    random.shuffle(members)  # type: ignore[attr-defined]
    shuffled = type(uncertainty)(uncertainty.of, tuple(members))  # type: ignore[arg-type]
    assert shuffled.estimate == uncertainty.estimate
    assert shuffled.lower(confidence) == uncertainty.lower(confidence)
    assert shuffled.upper(confidence) == uncertainty.upper(confidence)


@given(st.lists(proportions(least=1), min_size=2, max_size=6), confidences)
def test_worst_pair_is_the_extreme_over_pairs_taken_one_by_one(groups: list[Proportion], confidence: float) -> None:
    simultaneous = studentized_range_quantile(confidence, len(groups)) / math.sqrt(2)
    plain = z_quantile(confidence)

    def over_pairs(mover: object, z: float) -> tuple[list[float], list[float]]:
        lows, highs = [], []
        for i, one in enumerate(groups):
            for j, other in enumerate(groups):
                if i != j:
                    first = (np.array(one.estimate), *wilson(one.successes, one.n, z))
                    second = (np.array(other.estimate), *wilson(other.successes, other.n, z))
                    low, high = mover(*first, *second)  # type: ignore[operator]
                    lows.append(float(low))
                    highs.append(float(high))
        return lows, highs

    gap, ratio = WorstPair("difference", tuple(groups)), WorstPair("ratio", tuple(groups))
    assert gap.lower(confidence) == pytest.approx(max(0.0, *over_pairs(mover_difference, simultaneous)[0]), abs=1e-12)
    assert gap.upper(confidence) == pytest.approx(max(over_pairs(mover_difference, plain)[1]), abs=1e-12)
    assert ratio.upper(confidence) == pytest.approx(min(1.0, *over_pairs(mover_ratio, simultaneous)[1]), abs=1e-12)
    assert ratio.lower(confidence) == pytest.approx(min(over_pairs(mover_ratio, plain)[0]), abs=1e-12)


def test_worst_pair_is_highest_less_lowest_and_lowest_over_highest() -> None:
    groups = (Proportion(20, 100), Proportion(50, 100), Proportion(40, 100))
    assert WorstPair("difference", groups).estimate == pytest.approx(0.3)
    assert WorstPair("ratio", groups).estimate == pytest.approx(0.4)


def test_worst_pair_of_other_members_equals_that_of_proportions() -> None:
    groups = (Proportion(20, 100), Proportion(50, 120), Proportion(7, 40))
    mixed = (Extreme("max", groups[:1]), *groups[1:])
    for of in ("difference", "ratio"):
        for confidence in (0.9, 0.95):
            assert WorstPair(of, mixed).lower(confidence) == pytest.approx(WorstPair(of, groups).lower(confidence))
            assert WorstPair(of, mixed).upper(confidence) == pytest.approx(WorstPair(of, groups).upper(confidence))


def test_ratio_with_an_empty_group_of_successes_is_zero_with_an_upper_bound() -> None:
    pair = WorstPair("ratio", (Proportion(0, 30), Proportion(12, 30)))
    assert pair.estimate == pair.lower(0.95) == 0.0
    assert 0 < pair.upper(0.95) < 1


def test_ratio_of_groups_that_are_all_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="the ratio is undefined: the value is 0 in every group"):
        WorstPair("ratio", (Proportion(0, 30), Proportion(0, 40)))


def test_one_group_has_no_gap() -> None:
    with pytest.raises(ValueError, match="got 1 group, wanted at least two"):
        WorstPair("difference", (Proportion(3, 30),))


@pytest.mark.parametrize(("k", "n"), [(5, 4), (-1, 4), (0, 0)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="wanted 0 <= successes <= n and n > 0"):
        Proportion(k, n)


def test_extreme_shares_the_error_on_the_side_of_a_violation_only() -> None:
    members = (Proportion(60, 100), Proportion(65, 100))
    largest, smallest = Extreme("max", members), Extreme("min", members)
    assert largest.lower(0.95) == max(member.lower(0.975) for member in members)
    assert largest.upper(0.95) == max(member.upper(0.95) for member in members)
    assert smallest.upper(0.95) == min(member.upper(0.975) for member in members)
    assert smallest.lower(0.95) == min(member.lower(0.95) for member in members)


def test_normal_with_degrees_of_freedom_is_students_t() -> None:
    stats = pytest.importorskip("scipy.stats")
    wanted = 3.0 + 0.5 * stats.t.ppf(0.95, 9)
    assert Normal(3.0, 0.5, "identity", 9.0).upper(0.95) == pytest.approx(wanted, rel=1e-9)


def test_normal_on_the_log_scale_is_symmetric_in_ratios() -> None:
    normal = Normal(2.0, 0.3, "log")
    assert normal.upper(0.95) / 2.0 == pytest.approx(2.0 / normal.lower(0.95))
    assert normal.upper(0.95) == pytest.approx(2.0 * math.exp(0.3 * 1.6448536), rel=1e-6)


def test_normal_is_clipped_to_what_is_possible() -> None:
    normal = Normal(0.99, 0.2, "identity", None, 0.0, 1.0)
    assert normal.upper(0.95) == 1.0


@pytest.mark.parametrize(("scale", "value"), [("log", 0.0), ("log", -1.0), ("logit", 0.0), ("logit", 1.0)])
def test_a_value_that_its_scale_cannot_hold_is_refused(scale: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"on the {scale} scale, wanted a value"):
        Normal(value, 0.1, scale)  # type: ignore[arg-type]


def test_auc_of_one_is_not_certain() -> None:
    assert AreaUnderCurve(1.0, 500, 500, 0.0).lower(0.95) < 1.0
    assert AreaUnderCurve(1.0, 20, 20, 0.0).lower(0.95) < 0.97


def test_auc_bounds_come_from_delongs_error_when_both_outcomes_are_frequent() -> None:
    few, many = AreaUnderCurve(0.8, 99, 500, 0.01), AreaUnderCurve(0.8, 100, 500, 0.01)
    step = 0.01 / (0.8 * 0.2) * z_quantile(0.95)
    assert many.upper(0.95) == pytest.approx(1 / (1 + math.exp(-(math.log(4) + step))))
    assert few.upper(0.95) > many.upper(0.95)


def test_range_and_exact_value_have_no_confidence() -> None:
    assert Range(1.0, 2.0, 3.0).lower(0.5) == Range(1.0, 2.0, 3.0).lower(0.999) == 1.0
    assert Range(1.0, 2.0, 3.0).upper(0.999) == 3.0
    assert Exact(4).lower(0.999) == Exact(4).upper(0.5) == 4


def test_replicates_give_the_quantiles_that_they_store() -> None:
    stored = Replicates(100.0, tuple(float(at) for at in range(1, 200)))
    assert (stored.lower(0.95), stored.upper(0.95)) == pytest.approx((10.0, 190.0))
    assert (stored.lower(0.975), stored.upper(0.975)) == pytest.approx((5.0, 195.0))
    assert stored.upper(0.9525) == pytest.approx(190.5)


def test_replicates_refuse_a_confidence_beyond_their_outermost_quantile() -> None:
    stored = Replicates(100.0, tuple(float(at) for at in range(1, 200)))
    assert stored.lower(0.995) == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"199 quantiles end at 0\.005"):
        stored.lower(0.996)


def test_replicates_refuse_quantiles_out_of_order() -> None:
    with pytest.raises(ValueError, match="in ascending order"):
        Replicates(1.0, (2.0, 1.0))


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind of uncertainty 'posterior'"):
        from_dict({"kind": "posterior"})


def test_import_needs_no_scipy() -> None:
    code = (
        "import sys, auditkit.stats.uncertainty; sys.exit(any(name.split('.')[0] == 'scipy' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
