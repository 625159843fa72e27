"""Numbers to bins at stated cut points."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from auditkit.data.table import Coded
from auditkit.errors import DataError


def bin_labels(cuts: Sequence[float]) -> tuple[str, ...]:
    """Return the names of the bins between cut points; a cut point belongs to the bin above it.

    Examples
    --------
    >>> bin_labels([25, 60])
    ('under 25', '25 to under 60', '60 and over')
    """
    between = (f"{low:.12g} to under {high:.12g}" for low, high in pairwise(cuts))
    return (f"under {cuts[0]:.12g}", *between, f"{cuts[-1]:.12g} and over")


def checked_cuts(column: str, cuts: Sequence[float]) -> tuple[float, ...]:
    """Return cut points as floats.

    Raises
    ------
    DataError
        If there are none, one is no finite number, or they do not ascend.
    """
    given = [cuts] if isinstance(cuts, int | float) else list(cuts)
    if not given or any(isinstance(cut, bool) or not isinstance(cut, int | float) for cut in given):
        raise DataError(f"bins of {column!r}: got {cuts!r}, wanted numbers in ascending order, e.g. [25, 40, 60]")
    if not all(np.isfinite(given)) or any(low >= high for low, high in pairwise(given)):
        raise DataError(f"bins of {column!r}: got {given!r}, wanted finite numbers in ascending order")
    return tuple(float(cut) for cut in given)


def binned(numbers: npt.NDArray[np.float64], cuts: Sequence[float]) -> Coded:
    """Return numbers as codes of bins: a number at a cut point belongs to the bin above it; NaN is missing, the last.

    Examples
    --------
    >>> found = binned(np.array([24.9, 25.0, np.nan]), [25])
    >>> [found.values[code] for code in found.codes]
    ['under 25', '25 and over', None]
    """
    codes = np.searchsorted(np.asarray(cuts, dtype=np.float64), numbers, side="right").astype(np.int32)
    missing = np.isnan(numbers)
    labels: tuple[str | None, ...] = bin_labels(cuts)
    if missing.any():
        codes[missing] = len(labels)
        labels = (*labels, None)
    return Coded(codes, labels)
