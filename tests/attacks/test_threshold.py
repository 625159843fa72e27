"""The threshold attack on confidences."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from auditkit.attacks.threshold import attack_auc, attack_curve, true_label_confidence

SCORES = st.lists(st.integers(0, 6), min_size=2, max_size=30)


@given(SCORES, SCORES)
def test_auc_equals_that_of_scikit_learn(members: list[int], outsiders: list[int]) -> None:
    truth = [1] * len(members) + [0] * len(outsiders)
    assert attack_auc(members, outsiders)[0] == pytest.approx(roc_auc_score(truth, members + outsiders), abs=1e-12)


@given(SCORES, SCORES)
def test_swapping_the_sides_mirrors_the_auc(members: list[int], outsiders: list[int]) -> None:
    there, back = attack_auc(members, outsiders), attack_auc(outsiders, members)
    assert there[0] + back[0] == pytest.approx(1)
    assert there[1] == pytest.approx(back[1])


@given(SCORES, SCORES)
def test_the_curve_rises_from_corner_to_corner(members: list[int], outsiders: list[int]) -> None:
    curve = attack_curve(members, outsiders)
    assert len(curve) == 50
    assert curve[0] == (0, 0)
    assert curve[-1] == (1, 1)
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(curve))


def test_area_under_the_curve_agrees_with_the_auc() -> None:
    random = np.random.default_rng(0)
    members, outsiders = random.normal(0.5, 1, 2000), random.normal(0, 1, 2000)
    x, y = np.array(attack_curve(members, outsiders, 2001)).T
    area = float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())
    assert area == pytest.approx(attack_auc(members, outsiders)[0], abs=1e-3)


def test_standard_error_is_the_spread_over_repetitions() -> None:
    random = np.random.default_rng(0)
    drawn = [attack_auc(random.normal(0.3, 1, 200), random.normal(0, 1, 200)) for _ in range(400)]
    spread = float(np.std([auc for auc, _ in drawn]))
    assert np.mean([error for _, error in drawn]) == pytest.approx(spread, rel=0.1)


def test_one_row_has_no_standard_error() -> None:
    assert math.isnan(attack_auc([0.5], [0.4, 0.3])[1])


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        attack_auc([], [0.5])


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="1 scores are not finite"):
        attack_auc([0.5, math.nan], [0.5])


def test_confidence_is_that_of_the_rows_own_label() -> None:
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]
    confidence, known = true_label_confidence(probabilities, ["a", "b", "c"], ["a", "b", "unheard of"])
    assert confidence[:2].tolist() == [0.7, 0.2]
    assert known.tolist() == [True, True, False]


def test_labels_of_numpy_and_of_python_are_the_same() -> None:
    confidence, _ = true_label_confidence([[0.7, 0.3]], [0, 1], np.array([1]))
    assert confidence.tolist() == [0.3]


def test_probabilities_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(1, 2\), wanted \(1, 3\)"):
        true_label_confidence([[0.5, 0.5]], ["a", "b", "c"], ["a"])
