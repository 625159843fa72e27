"""Measures of scores from weights of positives and negatives per distinct score; arrays in, numbers out."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BINS = 10
_CLIP = 1e-6


def weighted_auc(positives: Array, negatives: Array) -> float:
    """Return P(score of a positive > score of a negative) + ½ P(equal), each pair counted by its weights.

    Parameters
    ----------
    positives, negatives : float arrays, shape (distinct scores,)
        Σw at ascending scores, neither all 0.
    """
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / (positives.sum() * negatives.sum()))


def weighted_auc_variance(positives: Array, negatives: Array, squares: Array) -> float:
    """Return DeLong's variance with weights: Σ w²(V − AUC)² ÷ (Σw)² of the placements of positives, and of negatives.

    Parameters
    ----------
    squares : float array, shape (distinct scores, 2)
        Σw² of negatives and positives.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson 1988, doi:10.2307/2531595; with weights as in linearisation (Särndal et al. 1992, 5.6)
    """
    m, n = float(positives.sum()), float(negatives.sum())
    below = (np.cumsum(negatives) - negatives / 2) / n
    above = (m - np.cumsum(positives) + positives / 2) / m
    area = float(positives @ below) / m
    spread = squares[:, 1] @ (below - area) ** 2 / m**2 + squares[:, 0] @ (above - area) ** 2 / n**2
    return float(spread)


def average_precision(positives: Array, negatives: Array) -> float:
    """Return the area under the precision-recall curve as Σ (R_k − R_{k−1}) P_k over descending distinct scores.

    Its neutral value is the base rate, that of scores without information. Ties count as one step.

    Examples
    --------
    >>> average_precision(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0]))
    0.5833333333333333
    """
    hits = np.cumsum(positives[::-1])
    flagged = hits + np.cumsum(negatives[::-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(flagged > 0, hits / flagged, 0.0)
    return float(positives[::-1] @ precision / positives.sum())


def brier_losses(scores: Array) -> Array:
    """Return (score − outcome)² for outcomes 0 and 1; shape (distinct scores, 2)."""
    return np.stack([scores**2, (1 - scores) ** 2], axis=1)


def log_losses(scores: Array) -> Array:
    """Return −ln of the score that was given to the outcome, for outcomes 0 and 1; infinite where that score is 0."""
    with np.errstate(divide="ignore"):
        return np.stack([-np.log1p(-scores), -np.log(scores)], axis=1)


def mean_loss(losses: Array, weights: Array) -> float:
    """Return Σ w·loss ÷ Σw; both of shape (distinct scores, 2), negatives and positives."""
    used = weights > 0
    return math.fsum((losses[used] * weights[used]).tolist()) / float(weights.sum())


def mean_variance(losses: Array, weights: Array, squares: Array) -> float:
    """Return the variance of `mean_loss`: Σ w²(loss − mean)² ÷ (Σw)² · m/(m − 1), m Kish's effective size."""
    used = weights > 0
    mean, total = mean_loss(losses, weights), float(weights.sum())
    size = total**2 / float(squares.sum())
    if size <= 1:
        return math.inf
    around = math.fsum((squares[used] * (losses[used] - mean) ** 2).tolist())
    return around / total**2 * size / (size - 1)


def bins_of(scores: Array, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Return the equal-width bin of each score in [0, 1]; a score at an edge belongs to the bin above, 1 to the last."""
    return np.minimum((scores * bins).astype(np.int64), bins - 1)


def reliability(scores: Array, weights: Array, bins: int = BINS) -> tuple[Array, Array, Array]:
    """Return mean score, share of positives and Σw of each bin; NaN where a bin is empty."""
    place = bins_of(scores, bins)
    mass = np.bincount(place, weights=weights.sum(axis=1), minlength=bins).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(place, weights=weights.sum(axis=1) * scores, minlength=bins) / mass
        rate = np.bincount(place, weights=weights[:, 1], minlength=bins) / mass
    return mean, rate, mass


def expected_calibration_error(scores: Array, weights: Array, bins: int = BINS) -> float:
    """Return ECE = Σ_b w_b ÷ w · abs(mean score − share of positives) over equal-width bins; 0 is perfect.

    References
    ----------
    Naeini, Cooper, Hauskrecht 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI
    """
    mean, rate, mass = reliability(scores, weights, bins)
    used = mass > 0
    return float(np.sum(mass[used] * np.abs(mean[used] - rate[used])) / mass.sum())


def calibration_error_moments(
    scores: Array, weights: Array, squares: Array, bins: int = BINS
) -> tuple[float, float, float]:
    """Return the ECE to expect of perfect scores, the most by which the plug-in is too high, and its standard error.

    The gap of bin b is about N(g_b, v_b), v_b the variance of its share of positives. The plug-in adds up abs(N), so on
    average it is too high: by nothing where gaps are wide, and by at most Σ w_b √(2 v_b/π), where they are 0. The standard
    error is that of folded normals.

    References
    ----------
    Leone, Nelson, Nottingham 1961, doi:10.2307/1266560 (the folded normal); Kumar, Liang, Ma 2019, arXiv:1909.10155 (bias)
    """
    mean, rate, mass = reliability(scores, weights, bins)
    place = bins_of(scores, bins)
    heavy = np.bincount(place, weights=squares.sum(axis=1), minlength=bins)
    used = mass > 0
    share, size = mass[used] / mass.sum(), mass[used] ** 2 / heavy[used]
    gap = mean[used] - rate[used]
    shrunk = (rate[used] * size + 1) / (size + 2)
    error = np.sqrt(shrunk * (1 - shrunk) / size)
    perfect = np.sqrt(mean[used] * (1 - mean[used]) / size)
    spread = np.maximum(0.0, gap**2 + error**2 - _folded_mean(gap, error) ** 2)
    chance, most = (float(share @ sd) * math.sqrt(2 / math.pi) for sd in (perfect, np.maximum(perfect, error)))
    return chance, most, math.sqrt(float(share**2 @ spread))


def _folded_mean(mean: Array, error: Array) -> Array:
    from scipy.special import ndtr

    ratio = mean / error
    return np.asarray(error * math.sqrt(2 / math.pi) * np.exp(-(ratio**2) / 2) + mean * (1 - 2 * ndtr(-ratio)))


def calibration_slope(scores: Array, weights: Array, squares: Array) -> tuple[float, float] | None:
    """Return the slope of a logistic regression of the outcome on logit(score), and its standard error; None if it has none.

    1 means that scores spread as much as outcomes; below 1 they are too extreme, above 1 too timid. Scores are clipped to
    [10⁻⁶, 1 − 10⁻⁶]. Newton's method; sandwich variance.

    References
    ----------
    Cox 1958, Two Further Applications of a Model for Binary Regression, doi:10.1093/biomet/45.3-4.562; van Calster et al.
    2019, doi:10.1186/s12916-019-1466-7
    """
    clipped = np.clip(scores, _CLIP, 1 - _CLIP)
    logit = np.log(clipped / (1 - clipped))
    if np.ptp(logit[weights.sum(axis=1) > 0]) < 1e-9:
        return None
    design = np.stack([np.ones(len(logit)), logit], axis=1)
    total, hits = weights.sum(axis=1), weights[:, 1]
    found = np.array([0.0, 1.0])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -35, 35)))
        information = design.T @ (design * (total * chance * (1 - chance))[:, None])
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, design.T @ (hits - total * chance))
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    else:
        return None
    if abs(found[1]) > 50:
        return None
    meat = design.T @ (design * (squares[:, 1] * (1 - chance) ** 2 + squares[:, 0] * chance**2)[:, None])
    inverse = np.linalg.inv(information)
    return float(found[1]), math.sqrt(float((inverse @ meat @ inverse)[1, 1]))
