"""Two rates, k1 of n1 and k2 of n2: the tests and the interval that practice prints beside an impact ratio."""

from __future__ import annotations

import math

import numpy as np

from auditkit.stats.intervals import z_quantile

_SAME = 1 + 1e-7  # probabilities this close are one and the same, computed twice
FEW_EXPECTED = 5


def two_rate_z(k1: int, n1: int, k2: int, n2: int) -> float | None:
    """Return z = (k1/n1 − k2/n2) ÷ √(p(1 − p)(1/n1 + 1/n2)) with the pooled rate p; None where p is 0 or 1.

    Examples
    --------
    >>> round(two_rate_z(170, 390, 412, 797), 2)
    -2.62

    References
    ----------
    Hazelwood School District v. United States, 433 U.S. 299 (1977), note 14: "more than two or three standard deviations"
    """
    pooled = (k1 + k2) / (n1 + n2)
    if pooled in (0, 1):
        return None
    return (k1 / n1 - k2 / n2) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))


def two_sided_p(z: float) -> float:
    """Return P(abs(Z) ≥ abs(z)) for a standard normal Z."""
    return math.erfc(abs(z) / math.sqrt(2))


def fisher_exact(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return Fisher's two-sided p: the probability of all tables with these margins that are no likelier than this one.

    Examples
    --------
    >>> round(fisher_exact(3, 4, 1, 4), 4)
    0.4857

    References
    ----------
    Fisher 1935, The Design of Experiments, chapter 2 (the lady tasting tea, whose table this is)
    """
    from scipy.special import gammaln

    total = k1 + k2
    first = np.arange(max(0, total - n2), min(n1, total) + 1)
    second = total - first
    logs = -sum(gammaln(count + 1.0) for count in (first, n1 - first, second, n2 - second))
    chance = np.exp(logs - logs.max())
    observed = chance[k1 - int(first[0])]
    return min(1.0, float(chance[chance <= observed * _SAME].sum() / chance.sum()))


def smallest_expected(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return the smallest of the four counts expected under one common rate."""
    selected = k1 + k2
    return min(n1, n2) * min(selected, n1 + n2 - selected) / (n1 + n2)


def katz_limits(k1: int, n1: int, k2: int, n2: int, level: float = 0.95) -> tuple[float, float] | None:
    """Return Katz's limits of (k1/n1) ÷ (k2/n2): a normal interval on the log. None unless both counts are 5 or more.

    With fewer the interval is poor, with none it is undefined: it is shown because practice shows it, and never judged.

    Examples
    --------
    >>> low, high = katz_limits(170, 390, 412, 797)
    >>> round(low, 3), round(high, 3)
    (0.739, 0.962)

    References
    ----------
    Katz, Baptista, Azen, Pike 1978, doi:10.2307/2530610
    """
    if min(k1, k2) < FEW_EXPECTED:
        return None
    ratio = (k1 / n1) / (k2 / n2)
    spread = z_quantile((1 + level) / 2) * math.sqrt(1 / k1 - 1 / n1 + 1 / k2 - 1 / n2)
    return ratio * math.exp(-spread), ratio * math.exp(spread)
