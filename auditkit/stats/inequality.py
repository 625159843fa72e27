"""How unequally a benefit is spread over people, and how much of that lies between groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Inequality:
    """A generalized entropy index with its standard error, and the part that lies between groups.

    Attributes
    ----------
    value : float
        0 when everybody has the same benefit.
    standard_error : float
        By the delta method, over rows drawn independently.
    between : float
        The index after everybody got the mean of their group.
    between_expected : float
        What `between` shows on average when the groups have the same mean, to first order.
    """

    value: float
    standard_error: float
    between: float
    between_expected: float


def generalized_entropy(benefits: npt.ArrayLike, counts: npt.ArrayLike, alpha: float) -> Inequality | None:
    """Return GE(α) of a benefit; None where it is undefined.

    With r = b/mean(b): GE(α) = mean(r^α − 1) ÷ (α(α − 1)); GE(1) = mean(r ln r), Theil's T; GE(0) = −mean(ln r). The
    larger α is, the more the largest benefits count. Undefined if nobody has a benefit, or for α ≤ 0 if somebody has
    none.

    Parameters
    ----------
    benefits : float array, shape (values,)
        The distinct benefits, at least 0.
    counts : int array, shape (groups, values)
        Rows of each group with each benefit.
    alpha : float

    Raises
    ------
    ValueError
        If a benefit is negative.

    Examples
    --------
    >>> generalized_entropy([0, 1, 2], [[1, 0, 1]], 2).value
    0.5

    References
    ----------
    Speicher et al. 2018, doi:10.1145/3219819.3220046; Cowell 2011, Measuring Inequality, 3rd ed.
    """
    b, cells = np.asarray(benefits, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if (b < 0).any():
        raise ValueError(f"got a benefit of {b.min():g}, wanted benefits of at least 0")
    cells = cells[cells.sum(axis=1) > 0]
    n, totals = cells.sum(), cells.sum(axis=0)
    mean = float(totals @ b) / n if n else 0.0
    if mean <= 0 or (alpha <= 0 and totals[b == 0].sum() > 0):
        return None
    relative = b / mean
    used = totals > 0
    value = float(totals[used] @ _index(relative[used], alpha)) / n
    pull = float(totals[used] @ (relative[used] * _slope(relative[used], alpha))) / n
    influence = _index(relative[used], alpha) - value - pull * (relative[used] - 1)
    error = math.sqrt(max(0.0, float(totals[used] @ influence**2)) / n / n)
    sizes, means = cells.sum(axis=1), cells @ b / cells.sum(axis=1) / mean
    between = math.nan if alpha <= 0 and (means == 0).any() else float(sizes @ _index(means, alpha)) / n
    variance = float(totals @ (relative - 1) ** 2) / n
    return Inequality(float(value), error, max(0.0, float(between)), (len(sizes) - 1) * variance / (2 * n))


def _index(relative: Array, alpha: float) -> Array:
    """Return φ with GE(α) = mean φ(r); terms whose mean is 0 are added so that φ ≥ 0 and rounding stays small."""
    if alpha == 0:
        return np.asarray(relative - 1 - np.log(relative))
    if alpha == 1:
        positive = np.where(relative > 0, relative, 1.0)
        return np.asarray(np.where(relative > 0, relative * np.log(positive), 0.0) - (relative - 1))
    return np.asarray((relative**alpha - 1 - alpha * (relative - 1)) / (alpha * (alpha - 1)))


def _slope(relative: Array, alpha: float) -> Array:
    """Return φ′; at r = 0 only r·φ′ is used, whose limit is 0 there, so any finite number will do."""
    positive = np.where(relative > 0, relative, 1.0)
    if alpha == 0:
        return np.asarray(1 - 1 / positive)
    if alpha == 1:
        return np.asarray(np.log(positive))
    return np.asarray((positive ** (alpha - 1) - 1) / (alpha - 1))
