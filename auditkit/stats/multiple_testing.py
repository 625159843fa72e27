"""Corrections for many tests at once: the family-wise error (Holm) and the false discovery rate (Benjamini-Hochberg)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> Array:
    """Return Holm's adjusted p-values, in the order given.

    Sorted ascending, the i-th of m becomes the largest of (m − j + 1)·p_(j) over j ≤ i, at most 1. Whatever the
    dependence, the chance of any false rejection at adjusted p ≤ α is at most α.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]

    References
    ----------
    Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65-70
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> Array:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given.

    Sorted ascending, the i-th of m becomes the smallest of m·p_(j)/j over j ≥ i. For independent tests the expected
    share of false ones among those with adjusted p ≤ q is at most q.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]

    References
    ----------
    Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")[::-1]
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum.accumulate(np.minimum(1.0, len(values) * values[order] / ranks))
    return adjusted
