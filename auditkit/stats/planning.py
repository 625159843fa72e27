"""How many rows would show a breach of stated size, and what gap chance alone would show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from auditkit.stats.intervals import studentized_range_quantile, z_quantile

MOST = 100


def rows_needed_rate(planned: float, limit: float, confidence: float, power: float = 0.8) -> int | None:
    """Return n so that a true rate `planned`, beyond `limit`, is shown to be so with `power`.

    n = ((z_confidence·√(L(1−L)) + z_power·√(p(1−p))) / (p − L))², then n/4 · (1 + √(1 + 2/(n·|p − L|)))², the continuity
    correction that an exact bound needs.

    Examples
    --------
    >>> rows_needed_rate(0.78, 0.80, 0.95)
    2583

    References
    ----------
    Fleiss, Levin, Paik 2003, Statistical Methods for Rates and Proportions, 2.5
    """
    if planned == limit:
        return None
    spread = z_quantile(confidence) * math.sqrt(limit * (1 - limit)) + z_quantile(power) * math.sqrt(
        planned * (1 - planned)
    )
    n = (spread / (planned - limit)) ** 2
    return math.ceil(n / 4 * (1 + math.sqrt(1 + 2 / (n * abs(planned - limit)))) ** 2)


def rows_needed_difference(
    sizes: Sequence[int], pooled_rate: float, true_gap: float, limit: float, confidence: float, power: float = 0.8
) -> int | None:
    """Return the rows in all groups, in their present shares, that show a true gap beyond its limit with `power`.

    Planned for the pair with the widest limits: the two smallest groups, rates `true_gap` apart around the pooled
    rate. Above 100 times the present rows, 100 times and one: more would be needed. None if the gap is within its limit.
    """
    low = min(max(pooled_rate - true_gap / 2, 0.0), 1 - true_gap)
    rates = np.array([low, low + true_gap])
    variance = float(np.sum(rates * (1 - rates) / np.sort(sizes)[:2]))
    return _scaled(sizes, variance, true_gap - limit, confidence, power)


def rows_needed_ratio(
    sizes: Sequence[int], pooled_rate: float, true_ratio: float, limit: float, confidence: float, power: float = 0.8
) -> int | None:
    """Return the rows in all groups that show a true ratio below its limit with `power`; as for a difference, on logs."""
    if pooled_rate <= 0 or true_ratio <= 0:
        return None
    high = min(1.0, 2 * pooled_rate / (1 + true_ratio))
    rates = np.array([true_ratio * high, high])
    variance = float(np.sum((1 - rates) / (rates * np.sort(sizes)[:2])))
    return _scaled(sizes, variance, math.log(limit / true_ratio), confidence, power)


def smallest_gap(
    sizes: Sequence[int],
    pooled_rate: float,
    of: Literal["difference", "ratio"],
    confidence: float = 0.95,
    power: float = 0.8,
) -> float | None:
    """Return the least true gap between any two groups (largest ratio below 1) that these rows show with `power`.

    Shown means that the violation bound is beyond no gap at all. Planned for the two smallest groups, rates spread around
    the pooled rate, normal approximation, by bisection. None where not even the widest gap would be shown.

    Examples
    --------
    >>> round(smallest_gap([500, 500], 0.3, "difference"), 3)
    0.081
    """
    if len(sizes) < 2 or not 0 < pooled_rate < 1:
        return None
    two = np.sort(sizes)[:2]
    z = studentized_range_quantile(confidence, len(sizes)) / math.sqrt(2) + z_quantile(power)

    def shown(gap: float) -> bool:
        if of == "difference":
            low = min(max(pooled_rate - gap / 2, 0.0), 1 - gap)
            rates = np.array([low, low + gap])
            return gap >= z * math.sqrt(float(np.sum(rates * (1 - rates) / two)))
        high = min(1.0, 2 * pooled_rate / (2 - gap))
        rates = np.array([(1 - gap) * high, high])
        return -math.log(1 - gap) >= z * math.sqrt(float(np.sum((1 - rates) / (rates * two))))

    least, most = 0.0, 0.999
    if not shown(most):
        return None
    for _ in range(40):
        middle = (least + most) / 2
        least, most = (least, middle) if shown(middle) else (middle, most)
    return most if of == "difference" else 1 - most


def _scaled(sizes: Sequence[int], variance: float, distance: float, confidence: float, power: float) -> int | None:
    if distance <= 0 or len(sizes) < 2:
        return None
    z = studentized_range_quantile(confidence, len(sizes)) / math.sqrt(2) + z_quantile(power)
    factor = variance * (z / distance) ** 2
    return math.ceil(min(factor, MOST) * sum(sizes)) + (factor > MOST)


def expected_gap(sizes: Sequence[int], pooled_rate: float, of: Literal["difference", "ratio"]) -> float:
    """Return what the plug-in gap shows on average when all groups have the pooled rate.

    Normal approximation: group rates are independent N(p, p(1−p)/n); E(max − min) = E max + E max of the mirrored
    rates, by integrating the distribution of the maximum on a grid. The ratio is E min ÷ E max, to first order;
    it is too low where groups have few successes (20 groups of 30 at rate 0.2: 0.19, simulated 0.22) and unreliable
    where a group expects fewer than two.

    Raises
    ------
    ValueError
        For a ratio at a pooled rate of 0.

    Examples
    --------
    >>> round(expected_gap([30] * 20, 0.2, "difference"), 2)
    0.27
    """
    from scipy.special import ndtr

    if pooled_rate in (0, 1):
        if of == "ratio" and pooled_rate == 0:
            raise ValueError("the ratio is undefined: the pooled rate is 0")
        return 0.0 if of == "difference" else 1.0
    errors = np.sqrt(pooled_rate * (1 - pooled_rate) / np.asarray(sizes, dtype=np.float64))
    grid = np.linspace(-6, 6, 601) * errors.max()
    distinct, times = np.unique(errors, return_counts=True)
    below = np.prod(ndtr(grid[:, None] / distinct[None, :]) ** times, axis=1)
    # E max = upper end − ∫ P(max ≤ x) dx
    top = float(grid[-1] - np.trapezoid(below, grid))
    if of == "difference":
        return 2 * top
    return max(0.0, pooled_rate - top) / (pooled_rate + top)
