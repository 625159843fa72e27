"""The frontier is the best of all thresholds, and fairlearn's randomised one lies on or above it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from auditkit.finding import Group
from auditkit.score_tally import ScoreTally
from auditkit.stats.frontier import (
    Cuts,
    GapKind,
    accuracy_at,
    balanced_accuracy_at,
    best_cuts,
    common_threshold,
    gap_at,
)

KINDS: tuple[GapKind, ...] = ("demographic_parity", "equal_opportunity", "equalized_odds")


def cuts(group: np.ndarray, score: np.ndarray, positive: np.ndarray) -> list[Cuts]:
    names = [Group.of({"g": int(value)}) for value in np.unique(group)]
    tally = ScoreTally.of(names, group, score, positive)
    return [Cuts.of(cells) for cells in tally.cells]


def drawn(rng: np.random.Generator, n: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group = rng.integers(0, 2, n)
    score = 1 / (1 + np.exp(-rng.normal(np.where(group == 1, 0.6, -0.4), 1.2)))
    return group, score, rng.random(n) < score


rows = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=8, max_size=24
).filter(lambda cells: all(len({c[2] for c in cells if c[0] == g}) == 2 for g in (0, 1)))


@settings(max_examples=40)
@given(rows, st.sampled_from(KINDS), st.sampled_from([0.1, 0.25, 1.0]))
def test_no_pair_of_thresholds_beats_what_was_found(cells: list, kind: GapKind, widest: float) -> None:
    group, score, positive = (np.array(column) for column in zip(*cells, strict=True))
    groups = cuts(group, score, positive.astype(bool))
    found = best_cuts(groups, kind, widest)
    assert found is not None
    assert gap_at(groups, found, kind) <= widest + 1e-9
    every = product(*(range(len(g.thresholds)) for g in groups))
    # equalized odds tries windows of both rates on a grid of 1/40: within that of the best
    best = max(
        accuracy_at(groups, c) for c in every if gap_at(groups, c, kind) <= widest - (0.026 if kind == KINDS[2] else 0)
    )
    assert accuracy_at(groups, found) >= best - 1e-12


def test_without_a_bound_each_group_gets_its_best_threshold() -> None:
    groups = cuts(*drawn(np.random.default_rng(0)))
    found = best_cuts(groups, "demographic_parity", 1.0)
    assert accuracy_at(groups, found) == sum(int(g.right.max()) for g in groups) / sum(g.n for g in groups)


def test_a_wider_bound_never_costs_accuracy() -> None:
    groups = cuts(*drawn(np.random.default_rng(1)))
    for kind in KINDS:
        reached = [accuracy_at(groups, best_cuts(groups, kind, w)) for w in (0.01, 0.05, 0.1, 0.3, 1.0)]
        assert reached == sorted(reached)


class Score(BaseEstimator):
    """What ThresholdOptimizer takes for a fitted model: it gives the score back."""

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Score:
        self.fitted_ = True
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows)[:, 0]


def randomised_accuracy(group: np.ndarray, score: np.ndarray, positive: np.ndarray, constraint: str) -> float:
    """The expected accuracy of fairlearn's thresholds, which decide some rows by lot."""
    from fairlearn.postprocessing import ThresholdOptimizer

    peer = ThresholdOptimizer(
        estimator=Score().fit(score[:, None], positive),
        constraints=constraint,
        objective="accuracy_score",
        prefit=True,
        predict_method="predict",
        grid_size=2000,
    ).fit(score[:, None], positive.astype(int), sensitive_features=group)
    chance = peer._pmf_predict(score[:, None], sensitive_features=group)[:, 1]
    return float(np.where(positive, chance, 1 - chance).mean())


CONSTRAINTS: list[tuple[GapKind, str]] = [
    ("demographic_parity", "demographic_parity"),
    ("equal_opportunity", "true_positive_rate_parity"),
]


@pytest.mark.parametrize(("kind", "constraint"), CONSTRAINTS)
def test_fairlearn_s_threshold_optimizer_agrees_where_both_apply(kind: GapKind, constraint: str) -> None:
    """Its thresholds are randomised, so it reaches at least as much, and hardly more with many distinct scores."""
    group, score, positive = drawn(np.random.default_rng(2), 6000)
    groups = cuts(group, score, positive)
    ours = accuracy_at(groups, best_cuts(groups, kind, 0.002))
    assert ours == pytest.approx(randomised_accuracy(group, score, positive, constraint), abs=0.004)


@pytest.mark.parametrize(("kind", "constraint"), CONSTRAINTS)
def test_fairlearn_agrees_on_the_scores_of_real_people(data_folder: Path, kind: GapKind, constraint: str) -> None:
    frame = pd.read_csv(data_folder / "adult" / "oracle_predictions.csv.gz", keep_default_na=False)
    group, score = (frame.sex == "Male").to_numpy(dtype=int), frame.y_score.to_numpy()
    positive = (frame.y_true == 1).to_numpy()
    groups = cuts(group, score, positive)
    ours = accuracy_at(groups, best_cuts(groups, kind, 0.002))
    assert ours == pytest.approx(randomised_accuracy(group, score, positive, constraint), abs=0.001)


@given(rows, rows, st.sampled_from([0.0, 0.1, 0.4, 0.5, 2.0]))
def test_cuts_of_two_halves_are_those_of_all_rows(one: list, two: list, threshold: float) -> None:
    def split(cells: list) -> list[Cuts]:
        group, score, positive = (np.array(column) for column in zip(*cells, strict=True))
        return cuts(group, score, positive.astype(bool))

    for first, second, whole in zip(split(one), split(two), split(one + two), strict=True):
        added = first.with_rows_of(second)
        place, wanted = added.at(threshold), whole.at(threshold)
        assert (added.hits[place], added.false[place]) == (whole.hits[wanted], whole.false[wanted])
        assert (added.positives, added.negatives) == (whole.positives, whole.negatives)


def test_the_threshold_behind_decisions_is_found_and_two_thresholds_are_none() -> None:
    group, score, positive = drawn(np.random.default_rng(4), 500)
    groups = cuts(group, score, positive)

    def made(decided: np.ndarray) -> list[Cuts]:
        tables = [
            np.array([[np.sum(decided[(group == g) & (positive == a)] == p) for p in (0, 1)] for a in (0, 1)])
            for g in (0, 1)
        ]
        return [Cuts.of_decisions(table) for table in tables]

    found = common_threshold(groups, made(score >= 0.37))
    assert ((score >= found) == (score >= 0.37)).all()
    assert common_threshold(groups, made(score >= np.where(group == 1, 0.6, 0.3))) is None
    assert common_threshold(groups, made(score < 0.37)) is None


def test_balanced_accuracy_is_scikit_learn_s() -> None:
    from sklearn.metrics import balanced_accuracy_score

    group, score, positive = drawn(np.random.default_rng(5), 800)
    groups = cuts(group, score, positive)
    found = balanced_accuracy_at(groups, [one.at(0.4) for one in groups])
    assert found == pytest.approx(balanced_accuracy_score(positive, score >= 0.4), abs=1e-12)


def test_a_cut_is_where_scores_at_or_above_the_threshold_are_positive() -> None:
    one = Cuts.of((np.array([0.2, 0.5, 0.9]), np.array([0, 1, 2]), np.array([3, 1, 0])))
    place = one.at(0.5)
    assert (int(one.hits[place]), int(one.false[place])) == (3, 1)
    assert (one.at(2.0), int(one.hits[one.at(0.0)])) == (0, 3)
