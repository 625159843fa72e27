"""Area under the ROC curve and its limits, from counts per distinct score."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def auc_from_counts(positives: Counts, negatives: Counts) -> float:
    """Return P(score of a positive > score of a negative) + ½ P(equal).

    Parameters
    ----------
    positives, negatives : int array, shape (distinct scores,)
        Counts at ascending scores.

    Examples
    --------
    >>> auc_from_counts(np.array([0, 1]), np.array([1, 0]))
    1.0
    """
    doubled_below = 2 * np.cumsum(negatives) - negatives
    # in two halves, so that no sum of products leaves int64: exact up to 2³¹ rows
    high = int(np.dot(positives, doubled_below >> 20)) << 20
    doubled = high + int(np.dot(positives, doubled_below & ((1 << 20) - 1)))
    return doubled / (2 * int(positives.sum()) * int(negatives.sum()))


def delong_standard_error(positives: Counts, negatives: Counts) -> float:
    """Return DeLong's standard error of the AUC in time linear in the distinct scores.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson 1988, doi:10.2307/2531595
    """
    m, n = int(positives.sum()), int(negatives.sum())
    if min(m, n) < 2:
        return math.nan
    share_below = (np.cumsum(negatives) - negatives / 2) / n
    share_above = (m - np.cumsum(positives) + positives / 2) / m
    auc = auc_from_counts(positives, negatives)
    of_positives = math.fsum((positives * (share_below - auc) ** 2).tolist()) / (m - 1)
    of_negatives = math.fsum((negatives * (share_above - auc) ** 2).tolist()) / (n - 1)
    return math.sqrt(of_positives / m + of_negatives / n)


def mann_whitney_error(positives: Counts, negatives: Counts) -> float:
    """Return the standard error that the AUC has where scores say nothing, ties counted.

    variance = (N + 1 − Σ (t³ − t) ÷ (N (N − 1))) ÷ (12 m n), with t rows at each distinct score.

    References
    ----------
    Lehmann 1975, Nonparametrics, 1.4
    """
    m, n = int(positives.sum()), int(negatives.sum())
    tied = (positives + negatives).astype(np.float64)
    both = m + n
    correction = math.fsum((tied**3 - tied).tolist()) / (both * (both - 1))
    return math.sqrt(max(0.0, both + 1 - correction) / (12 * m * n))


def _hanley_mcneil(auc: float, m: int, n: int) -> float:
    """Variance with Newcombe's averaged degrees (method 5): both classes share N* = (m + n)/2 − 1."""
    star = (m + n) / 2 - 1
    return auc * (1 - auc) * (1 + star * (1 - auc) / (2 - auc) + star * auc / (1 + auc)) / (m * n)


def score_limits(auc: float, m: int, n: int, z: float) -> tuple[float, float]:
    """Return the AUC values θ with abs(auc − θ) = z·√var(θ), by bisection.

    References
    ----------
    Newcombe 2006, doi:10.1002/sim.2324, method 5
    """

    def limit(low: float, high: float, above: bool) -> float:
        for _ in range(60):
            middle = (low + high) / 2
            inside = abs(auc - middle) <= z * math.sqrt(max(0.0, _hanley_mcneil(middle, m, n)))
            if inside == above:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    if z <= 0:
        return auc, auc
    return (0.0 if auc == 0 else limit(0.0, auc, above=False)), (1.0 if auc == 1 else limit(auc, 1.0, above=True))
