"""Weights of rows as whole numbers, so that their sums are exact in any order."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.errors import DataError

Counts: TypeAlias = npt.NDArray[np.int64]
Whole: TypeAlias = npt.NDArray[np.object_]
WEIGHT_UNIT = 2.0**-20
_CHUNK = 1 << 20


def whole_weights(weight: npt.NDArray[np.float64]) -> Counts:
    """Return weights as whole multiples of 2⁻²⁰.

    Raises
    ------
    DataError
        If one is negative, not finite, above a million, or above 0 yet below 1/1,000, where rounding would be felt.
    """
    if not np.isfinite(weight).all() or (weight < 0).any():
        bad = int((~np.isfinite(weight) | (weight < 0)).sum())
        raise DataError(f"{bad:,} weights are missing, infinite or below 0; wanted a number of at least 0 in each row")
    positive = weight[weight > 0]
    if not positive.size:
        raise DataError("all weights are 0; give at least some rows a weight above 0")
    if positive.min() < 1e-3 or positive.max() > 1e6:
        raise DataError(
            f"weights run from {positive.min():.3g} to {positive.max():.3g}, wanted 0.001 to 1,000,000; "
            "multiply them all by one number, which changes no result"
        )
    return np.rint(weight / WEIGHT_UNIT).astype(np.int64)


def exact_weight_sums(whole: Counts, index: Counts, size: int) -> tuple[Whole, Whole]:
    """Return Σw and Σw² by cell, exactly: low and high halves are added in int64, chunk by chunk, then joined."""
    sums, squares = np.zeros(size, dtype=object), np.zeros(size, dtype=object)
    for start in range(0, len(whole), _CHUNK):
        part, place = whole[start : start + _CHUNK], index[start : start + _CHUNK]
        high, low = part >> 20, part & ((1 << 20) - 1)
        sums += _by_cell(part, place, size)
        for product, shift in ((high * high, 40), (2 * high * low, 20), (low * low, 0)):
            squares += _by_cell(product, place, size).astype(object) << shift
    return sums, squares


def _by_cell(values: npt.NDArray[Any], index: Counts, size: int) -> npt.NDArray[Any]:
    total = np.zeros(size, dtype=values.dtype)
    np.add.at(total, index, values)
    return total
