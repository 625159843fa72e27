"""Limits for one rate and, from two pairs of limits, for a difference or a ratio."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_NORMAL = NormalDist()


def z_quantile(confidence: float) -> float:
    """Return the standard normal quantile."""
    return _NORMAL.inv_cdf(confidence)


def wilson(successes: npt.ArrayLike, n: npt.ArrayLike, z: float) -> tuple[Array, Array]:
    """Return Wilson's limits: the rates p with abs(k/n − p) = z·√(p(1 − p)/n).

    Examples
    --------
    >>> low, high = wilson(81, 263, 1.959964)
    >>> round(float(low), 4), round(float(high), 4)
    (0.2553, 0.3662)

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953; the example is Newcombe 1998, doi:10.1002/sim.4780170802, table I.
    """
    k, m = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    rate, z2 = k / m, z * z
    centre = (rate + z2 / (2 * m)) / (1 + z2 / m)
    half = z / (1 + z2 / m) * np.sqrt(rate * (1 - rate) / m + z2 / (4 * m * m))
    low = np.where(k == 0, 0.0, np.clip(centre - half, 0.0, 1.0))
    high = np.where(k == m, 1.0, np.clip(centre + half, 0.0, 1.0))
    return low, high


def wilson_limits(rate: float, n: float, z: float) -> tuple[float, float]:
    """Return Wilson's limits of one rate: `wilson` without arrays, for the thousands of rates of one audit."""
    z2 = z * z
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return (0.0 if rate == 0 else max(0.0, middle - half)), (1.0 if rate == 1 else min(1.0, middle + half))


def clopper_pearson_lower(successes: int, n: int, confidence: float) -> float:
    """Return the exact one-sided lower bound of a rate: P(X ≥ successes) = 1 − confidence there; 0 without successes.

    Examples
    --------
    >>> round(clopper_pearson_lower(8, 10, 0.95), 4)
    0.4931

    References
    ----------
    Clopper, Pearson 1934, doi:10.1093/biomet/26.4.404
    """
    from scipy.special import betaincinv

    return 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, 1 - confidence))


def mover_difference(p1: Array, l1: Array, u1: Array, p2: Array, l2: Array, u2: Array) -> tuple[Array, Array]:
    """Return limits of p1 − p2 from limits of each (method of variance estimates recovery; Newcombe's method 10)."""
    gap = p1 - p2
    return gap - np.hypot(p1 - l1, u2 - p2), gap + np.hypot(u1 - p1, p2 - l2)


def mover_ratio(p1: Array, l1: Array, u1: Array, p2: Array, l2: Array, u2: Array) -> tuple[Array, Array]:
    """Return limits of p1 ÷ p2 for values ≥ 0 (MOVER-R), defined at 0 successes; infinite where p2 may be 0.

    References
    ----------
    Donner, Zou 2012, doi:10.1177/0962280210383718
    """
    product = p1 * p2
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = l1 * (2 * p1 - l1), u2 * (2 * p2 - u2)
        # the published (product − root) / above, with its numerator made rational: no cancellation, and defined at above = 0
        low = below / (product + np.sqrt(np.maximum(0.0, product**2 - below * above)))
        below, above = l2 * (2 * p2 - l2), u1 * (2 * p1 - u1)
        high = (product + np.sqrt(np.maximum(0.0, product**2 - below * above))) / below
    low = np.where(np.isfinite(low), np.maximum(0.0, low), 0.0)
    return low, np.where(np.isfinite(high), high, np.inf)


@lru_cache(maxsize=4096)
def studentized_range_quantile(confidence: float, k: int) -> float:
    """Return the quantile of the range of k independent standard normals (Tukey's q at infinite degrees of freedom).

    P(range ≤ q) = k ∫ φ(x) [Φ(x) − Φ(x − q)]^(k−1) dx, by Gauss-Legendre quadrature and bisection.

    Examples
    --------
    >>> round(studentized_range_quantile(0.95, 3), 3)
    3.314
    """
    from scipy.special import ndtr

    nodes, weights = np.polynomial.legendre.leggauss(240)
    x = 10 * nodes
    density = 10 * weights * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    below = ndtr(x)
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if k * float(np.sum(density * (below - ndtr(x - middle)) ** (k - 1))) < confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2
