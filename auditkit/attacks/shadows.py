"""Attacks calibrated by shadow models: how sure models are of a row that saw it, and that did not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CLIP = 1e-3
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Shadows:
    """Confidences of shadow models in the true label of each row of a pool.

    Attributes
    ----------
    confidence : array, shape (shadows, rows)
    inside : bool array, shape (shadows, rows)
        Which rows each shadow was trained on; two by two they are complements.
    cut : bool
        Whether the time ran out before all shadows were trained.
    """

    confidence: Floats
    inside: npt.NDArray[np.bool_]
    cut: bool = False


def complementary_halves(labels: npt.NDArray[np.int64], pairs: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which rows are in each half of `pairs` random splits, shape (2 · pairs, rows); of each label half in either.

    Examples
    --------
    >>> halves = complementary_halves(np.array([0, 0, 1, 1]), 2, np.random.default_rng(0))
    >>> halves.shape, bool((halves[0] == ~halves[1]).all()), halves.sum(axis=1).tolist()
    ((4, 4), True, [2, 2, 2, 2])
    """
    found = np.zeros((2 * pairs, len(labels)), dtype=bool)
    for pair in range(pairs):
        for label in np.unique(labels):
            places = rng.permutation(np.flatnonzero(labels == label))
            found[2 * pair, places[: (len(places) + pair % 2) // 2]] = True
        found[2 * pair + 1] = ~found[2 * pair]
    return found


def train_shadows(
    fit: Callable[[npt.NDArray[np.int64]], Callable[[], Floats]],
    inside: npt.NDArray[np.bool_],
    seconds: float,
) -> Shadows:
    """Train shadow models, as many as the time allows, in complementary pairs.

    Parameters
    ----------
    fit : callable
        From the rows to train on to a function that gives the model's confidence in the true label of every row.
    inside : bool array, shape (shadows, rows)
    seconds : float
        No pair is begun that would end later than that, by what the pairs before took; the first is always trained.
    """
    began = time.monotonic()
    confidence: list[Floats] = []
    for pair in range(len(inside) // 2):
        spent = time.monotonic() - began
        if pair and spent * (pair + 1) / pair > seconds:
            return Shadows(np.array(confidence), inside[: 2 * pair], True)
        for half in inside[2 * pair : 2 * pair + 2]:
            confidence.append(fit(np.flatnonzero(half))())
    return Shadows(np.array(confidence), inside)


def rmia(target: Floats, shadows: Shadows) -> Floats:
    r"""Return how much surer the target is of a row than models are on average.

    The score of RMIA with γ = 1 is the share of other people's rows whose ratio :math:`p_{target}/\bar p_{shadows}` is lower.
    It rises with the row's own ratio, so that ratio ranks rows alike and is returned.

    References
    ----------
    .. [1] Zarifzadeh et al. 2024, Low-Cost High-Power Membership Inference Attacks, arXiv:2312.03262
    """
    found: Floats = np.maximum(target, _LEAST) / np.maximum(shadows.confidence.mean(axis=0), _LEAST)
    return found


def lira(target: Floats, shadows: Shadows) -> Floats:
    r"""Return the log ratio of two normal densities of :math:`\ln(p/(1-p))`: of models with the row, and of models without.

    Means are each row's own, variances those of all rows together, since a few shadows cannot tell a row's own.

    References
    ----------
    .. [1] Carlini et al. 2022, Membership Inference Attacks From First Principles, arXiv:2112.03570
    """
    observed, seen = _log_odds(target), _log_odds(shadows.confidence)
    densities = []
    for member in (True, False):
        mask = shadows.inside == member
        count = np.maximum(mask.sum(axis=0), 1)
        mean = np.where(mask, seen, 0.0).sum(axis=0) / count
        spare = np.maximum(1, int(mask.sum()) - mask.shape[1])
        variance = max(1e-6, float(np.where(mask, (seen - mean) ** 2, 0.0).sum()) / spare)
        densities.append(-((observed - mean) ** 2) / (2 * variance) - 0.5 * np.log(variance))
    found: Floats = densities[0] - densities[1]
    return found


def _log_odds(p: Floats) -> Floats:
    clipped = np.clip(p, CLIP, 1 - CLIP)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def tpr_at(members: Floats, outsiders: Floats, fpr: float) -> float:
    """Return the share of members whose score is above that of all but `fpr` of the outsiders.

    The threshold is a score of the outsiders that at most ``floor(fpr · n)`` of them exceed.
    """
    allowed = int(np.floor(fpr * len(outsiders) + 1e-9))
    threshold = np.sort(outsiders)[len(outsiders) - 1 - allowed]
    return float((members > threshold).mean())


def tpr_error(
    members: Floats, outsiders: Floats, fpr: float, rng: np.random.Generator, draws: int = 400
) -> tuple[float, float]:
    r"""Return the true-positive rate at a false-positive rate, and the standard error of its log odds.

    Bootstrap of members and of outsiders: the threshold is found anew in each draw, since it is an estimate too (an
    interval for a known threshold covers as little as .38). The rate is moved off 0 and 1 by half a row.
    """
    n = len(members)
    rates = np.empty(draws)
    for draw in range(draws):
        one, other = members[rng.integers(0, n, n)], outsiders[rng.integers(0, len(outsiders), len(outsiders))]
        rates[draw] = tpr_at(one, other, fpr)
    moved = np.clip(np.append(rates, tpr_at(members, outsiders, fpr)), 0.5 / (n + 1), 1 - 0.5 / (n + 1))
    odds = np.log(moved / (1 - moved))
    return float(moved[-1]), float(odds[:-1].std(ddof=1))


def shadow_fit(
    estimator: Any, frame: Any, truth: Any, confidence: Callable[[Any], Floats]
) -> Callable[[npt.NDArray[np.int64]], Callable[[], Floats]]:
    """Return a function that trains a clone of an estimator on some rows of a pool.

    Raises
    ------
    TypeError
        If the estimator cannot be cloned.
    """
    import warnings

    from sklearn.base import clone

    clone(estimator)

    def fit(rows: npt.NDArray[np.int64]) -> Callable[[], Floats]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = clone(estimator).fit(frame.iloc[rows], truth.iloc[rows])
        return lambda: confidence(model)

    return fit


def pooled(parts: Sequence[Any]) -> Any:
    """Return rows of several frames as one, with a fresh index."""
    import pandas as pd

    return pd.concat(list(parts), ignore_index=True)
