"""Any model: antithetic permutation sampling on the original columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from auditkit.explainers.attribution import Attributions, Task

MOST_PAIRS = 10
FEWEST_PAIRS = 2


def rows_within(budget: int, columns: int, wanted: int) -> int:
    """Return how many rows can be explained with at least ten pairs of passes within a budget of model rows."""
    return max(20, min(wanted, budget // (2 * MOST_PAIRS * (columns + 1))))


def explain_permutation(task: Task) -> Attributions:
    """Estimate Shapley values by walking from a background row to the explained row in a random order, and back.

    One model call per pass serves all rows. Each pass adds up exactly, so their mean does. Costs
    2 · pairs · rows · (columns + 1) model rows.

    References
    ----------
    Štrumbelj, Kononenko 2014, doi:10.1007/s10115-013-0679-x; Mitchell et al. 2022, arXiv:2104.12199 (antithetic)
    """
    n, width = task.rows.shape
    pairs = min(MOST_PAIRS, max(FEWEST_PAIRS, task.budget // (2 * n * (width + 1)))) // 2 * 2
    both = pd.concat([task.rows, task.background], ignore_index=True)
    total, half = np.zeros((n, width)), np.zeros((n, width))
    base, output = np.zeros(n), np.zeros(n)
    for pair in range(pairs):
        order = task.rng.permutation(width)
        start = n + task.rng.integers(0, len(task.background), n)
        for walk in (order, order[::-1]):
            shares, first, output = _walk(task, both, start, walk)
            total += shares
            base += first
        if pair == pairs // 2 - 1:
            half = total.copy()
    passes = 2 * pairs
    note = f"sampled with {pairs} antithetic pairs of passes and {passes * n * (width + 1):,} model rows"
    return Attributions(
        total / passes,
        base / passes,
        output,
        "permutation sampling on the original columns",
        "target" if task.positive is None else "probability",
        half=half / pairs,
        notes=(note,),
    )


def _walk(
    task: Task, both: pd.DataFrame, start: np.ndarray, walk: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, width = task.rows.shape
    place = np.empty(width, dtype=int)
    place[walk] = np.arange(width)
    step = np.repeat(np.arange(width + 1), n)
    own, other = np.tile(np.arange(n), width + 1), np.tile(start, width + 1)
    states = pd.DataFrame(
        {
            name: both[name].take(np.where(step > place[column], own, other)).array
            for column, name in enumerate(both.columns)
        }
    )
    answers = np.asarray(task.answer(states), dtype=float).reshape(width + 1, n)
    shares = np.empty((n, width))
    shares[:, walk] = np.diff(answers, axis=0).T
    return shares, answers[0], answers[-1]
