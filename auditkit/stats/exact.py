"""Sums of floats without rounding, so that the order of rows and of chunks changes nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LOWEST = 1200  # sums are whole multiples of 2⁻¹²⁰⁰: the least float is 2⁻¹⁰⁷⁴, its last mantissa bit above 2⁻¹¹²⁷


def exact_sums(values: npt.NDArray[np.float64], index: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.object_]:
    """Return Σ values by group, exactly, in units of 2⁻¹²⁰⁰; object array of int, shape (size,).

    Parameters
    ----------
    values : float array, shape (rows,)
        Finite.
    index : int array, shape (rows,)
        Group of each row.
    size : int
        Number of groups.

    Examples
    --------
    >>> tiny = exact_sums(np.array([1e100, 1.0, -1e100]), np.zeros(3, dtype=int), 1)
    >>> float_of(tiny).tolist()
    [1.0]
    """
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    total = np.zeros(size, dtype=object)
    for power in np.unique(exponent[whole != 0]).tolist():
        rows = np.flatnonzero((exponent == power) & (whole != 0))
        part, place = whole[rows], index[rows]
        for half, shift in ((part >> 26, 26), (part & ((1 << 26) - 1), 0)):
            added = np.zeros(size, dtype=np.int64)
            np.add.at(added, place, half)
            total += added.astype(object) << (shift + power - 53 + _LOWEST)
    return total


def float_of(sums: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return exact sums as the nearest floats."""
    unit = 1 << _LOWEST
    return np.array([value / unit for value in sums.ravel().tolist()], dtype=np.float64).reshape(sums.shape)
