"""Means over sampled rows, or over rows that come in clusters: what their bounds are functions of."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from auditkit.stats.uncertainty import EffectiveProportion, Normal

Floats = npt.NDArray[np.float64]
Clusters = npt.NDArray[np.integer]


def mean_error(parts: Floats, clusters: Clusters | None = None) -> tuple[float, float]:
    """Return the standard error of the mean of values whose mean is taken out, and its degrees of freedom.

    Parameters
    ----------
    parts : array, shape (rows,)
        Values − their mean; of a ratio of means its residuals ÷ the mean below.
    clusters : int array, shape (rows,), optional
        Rows of one value are not independent: their sums are what varies.

    Examples
    --------
    >>> import numpy as np
    >>> error, freedom = mean_error(np.array([-1.0, 1.0, -1.0, 1.0]))
    >>> round(error, 4), freedom
    (0.5774, 3.0)
    >>> mean_error(np.array([-1.0, 1.0, -1.0, 1.0]), np.array([0, 0, 1, 1]))
    (0.0, 1.0)
    """
    sums = parts if clusters is None else np.bincount(np.unique(clusters, return_inverse=True)[1], weights=parts)
    count = len(sums)
    error = math.sqrt(count / max(1, count - 1) * float((sums**2).sum())) / len(parts)
    return error, max(1.0, count - 1.0)


def mean_over_rows(
    values: Floats, clusters: Clusters | None = None, low: float | None = None, high: float | None = None
) -> Normal:
    """Return the mean of values between `low` and `high`, with Student's t.

    Where all values are the same, up to 3/n of the rows could still be at the far end (rule of three): the error is set so
    that the interval says so, if there is an end.

    References
    ----------
    Hanley, Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031
    """
    mean = float(values.mean())
    error, freedom = mean_error(values - mean, clusters)
    if low is not None and high is not None and np.ptp(values) == 0:
        error = 1.5 * (high - low) / (freedom + 1)
    return Normal(mean, error, "identity", freedom, low, high)


def share_over_rows(values: Floats, clusters: Clusters | None = None) -> EffectiveProportion:
    """Return the mean of values between 0 and 1, with Wilson's interval at the size at which 0s and 1s vary as much.

    Examples
    --------
    >>> import numpy as np
    >>> found = share_over_rows(np.array([0.0, 1.0] * 50))
    >>> found.value, round(found.n)
    (0.5, 99)
    """
    share = min(1.0, max(0.0, float(values.mean())))
    error, freedom = mean_error(values - values.mean(), clusters)
    size = share * (1 - share) / error**2 if error > 1e-12 else freedom + 1
    return EffectiveProportion(share, size, freedom)
