"""Measures of cells and of scores: intervals that hold what they say, by simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from auditkit.finding import Group
from auditkit.group_cells import GroupCells, Minimum
from auditkit.score_cells import ScoreCells
from auditkit.score_measures import score_measures
from auditkit.score_tally import ScoreTally
from auditkit.smooth_measures import smooth_measure

pytestmark = pytest.mark.statistics
REPLICATES = 2000
NO_MINIMUM = Minimum(1, 1)
SIDES = [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0), (1, 0)], [(0, 1), (1, 1)]]


def f1(p: np.ndarray) -> complex:
    return complex(2 * p[3] / (2 * p[3] + p[1] + p[2]))


def matthews(p: np.ndarray) -> complex:
    sides = (p[3] + p[1]) * (p[3] + p[2]) * (p[0] + p[1]) * (p[0] + p[2])
    return complex((p[3] * p[0] - p[1] * p[2]) / np.sqrt(sides))


def balanced(p: np.ndarray) -> complex:
    return complex((p[3] / (p[3] + p[2]) + p[0] / (p[0] + p[1])) / 2)


def misses_per_false_alarm(p: np.ndarray) -> complex:
    return complex(p[2] / p[1])


@pytest.mark.parametrize(
    ("function", "scale"),
    [(f1, "logit"), (matthews, "fisher"), (balanced, "logit"), (misses_per_false_alarm, "log")],
)
@pytest.mark.parametrize("n", [100, 400, 2000])
@pytest.mark.parametrize("shares", [(0.6, 0.1, 0.1, 0.2), (0.85, 0.03, 0.04, 0.08)])
def test_functions_of_the_four_cells_are_covered(
    function: Callable[[np.ndarray], complex], scale: str, n: int, shares: tuple[float, ...]
) -> None:
    rng = np.random.default_rng([n, int(100 * shares[0])])
    truth, misses, made = function(np.array(shares, dtype=complex)).real, 0, 0
    needed = [[(0, 1)], [(1, 0)]] if scale == "log" else SIDES
    for cells in rng.multinomial(n, shares, REPLICATES):
        table = GroupCells((Group.of({"g": 1}),), cells.reshape(1, 2, 2))
        found = smooth_measure("m", function, table, 0, Minimum(), needed, None, high=None, scale=scale)  # type: ignore[arg-type]
        if found.uncertainty is None:
            continue
        made += 1
        misses += not found.uncertainty.lower(0.975) <= truth <= found.uncertainty.upper(0.975)
    print(f"{function.__name__}: n {n}, shares {shares}: coverage {1 - misses / max(1, made):.3f} of {made}")
    assert made < 200 or binomtest(misses, made, 0.07, alternative="greater").pvalue >= 0.001


def draw(rng: np.random.Generator, n: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    logit = rng.normal(-1, 1.2, n)
    return 1 / (1 + np.exp(-slope * logit)), rng.random(n) < 1 / (1 + np.exp(-logit))


def measured(score: np.ndarray, positive: np.ndarray) -> ScoreCells:
    tally = ScoreTally.of((Group(),), np.zeros(len(score), dtype=np.int8), score, positive, grid=False)
    return ScoreCells.of(tally, 0)


@pytest.mark.parametrize("n", [150, 600])
def test_measures_of_scores_are_covered(n: int) -> None:
    rng = np.random.default_rng(n)
    truth = {
        m.name: m.value for m in score_measures(measured(*draw(rng, 1_000_000, 1.0)), NO_MINIMUM, probability=True)
    }
    misses = dict.fromkeys(truth, 0)
    for _ in range(REPLICATES):
        for found in score_measures(measured(*draw(rng, n, 1.0)), NO_MINIMUM, probability=True):
            low, high = found.uncertainty.lower(0.975), found.uncertainty.upper(0.975)
            misses[found.name] += not low <= truth[found.name] <= high
    for name, count in misses.items():
        print(f"{name}: n {n}: coverage {1 - count / REPLICATES:.3f}")
        assert binomtest(count, REPLICATES, 0.07, alternative="greater").pvalue >= 0.001, name


@pytest.mark.parametrize(("n", "slope"), [(300, 1.0), (300, 1.8), (2000, 1.0), (2000, 1.8)])
def test_calibration_is_covered_and_perfect_scores_are_seldom_called_off(n: int, slope: float) -> None:
    from auditkit.auditors.performance.calibration import _measures

    rng = np.random.default_rng([n, int(10 * slope)])
    truth = {m.name: m.value for m in _measures(measured(*draw(rng, 2_000_000, slope)), NO_MINIMUM)}
    truth |= {"ece": 0.0, "slope": 1.0, "in_the_large": 0.0} if slope == 1 else {"slope": 1 / slope}
    misses, below = dict.fromkeys(truth, 0), 0
    for _ in range(REPLICATES):
        for found in _measures(measured(*draw(rng, n, slope)), NO_MINIMUM):
            low, high = found.uncertainty.lower(0.975), found.uncertainty.upper(0.975)
            misses[found.name] += not low <= truth[found.name] <= high
            below += found.name == "ece" and found.uncertainty.lower(0.95) > truth["ece"]
    for name, count in misses.items():
        print(f"{name}: n {n}, slope {slope}: coverage {1 - count / REPLICATES:.3f}")
        assert binomtest(count, REPLICATES, 0.07, alternative="greater").pvalue >= 0.001, name
    print(f"ece: n {n}, slope {slope}: lower bound above the truth in {below / REPLICATES:.3f}")
    assert binomtest(below, REPLICATES, 0.05, alternative="greater").pvalue >= 0.001
