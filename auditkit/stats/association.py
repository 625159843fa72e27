"""How strongly two columns of codes go together."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
BINS = 10


def cramers_v(one: Codes, two: Codes) -> float | None:
    """Return Cramér's V with Bergsma's correction for its bias, in [0, 1]; 0: no association beyond chance.

    φ² = χ²/n; φ²' = max(0, φ² − (r−1)(c−1)/(n−1)); r' = r − (r−1)²/(n−1), c' alike; V = √(φ²' / (min(r', c') − 1)).

    Parameters
    ----------
    one, two : int arrays, shape (rows,)
        Codes of any values.

    Returns
    -------
    float or None
        None where it is undefined: fewer than two rows, or a column of one value.

    References
    ----------
    .. [1] Bergsma 2013, A bias-correction for Cramér's V and Tschuprow's T, doi:10.1016/j.jkss.2012.10.002

    Examples
    --------
    >>> sex = np.array([0, 1] * 500)
    >>> cramers_v(sex, sex)
    1.0
    """
    n = len(one)
    counts = _counts(one, two)
    r, c = counts.shape
    if n < 2 or r < 2 or c < 2:
        return None
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    squared = float(((counts - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, squared - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return min(1.0, math.sqrt(corrected / least)) if least > 0 else None


def mutual_information(one: Codes, two: Codes) -> float:
    """Return the mutual information of two columns in bits, with Miller and Madow's correction, at least 0.

    I = H(one) + H(two) − H(both) with each entropy raised by (values that occur − 1) / (2n); below 0 it is set to 0.

    Parameters
    ----------
    one, two : int arrays, shape (rows,)
        Codes of any values.

    References
    ----------
    .. [1] Miller 1955, Note on the bias of information estimates; Paninski 2003, doi:10.1162/089976603321780272

    Examples
    --------
    >>> sex = np.array([0, 1] * 500)
    >>> round(mutual_information(sex, sex), 3)
    1.001
    """
    counts = _counts(one, two)
    if not len(one):
        return 0.0
    parts = (counts.sum(axis=1), counts.sum(axis=0), counts.ravel())
    first, second, both = (_entropy(part) for part in parts)
    return max(0.0, first + second - both) / math.log(2)


def _counts(one: Codes, two: Codes) -> Codes:
    rows, first = np.unique(one, return_inverse=True)
    columns, second = np.unique(two, return_inverse=True)
    r, c = len(rows), len(columns)
    return np.bincount(first * c + second, minlength=r * c).reshape(r, c)


def _entropy(counts: Codes) -> float:
    """Return Miller and Madow's entropy in nats."""
    known = counts[counts > 0]
    n = int(known.sum())
    return math.log(n) - math.fsum((known * np.log(known)).tolist()) / n + (len(known) - 1) / (2 * n)


def quantile_codes(values: npt.NDArray[np.float64], bins: int = BINS) -> Codes:
    """Return numbers as codes of so many bins of equal size; missing ones are a bin of their own.

    A value that fills more than one bin has one to itself, apart from smaller and larger values.

    Examples
    --------
    >>> quantile_codes(np.array([1.0, 2.0, 3.0, 4.0, np.nan]), 2).tolist()
    [0, 0, 1, 1, -1]
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), -1, dtype=np.int64)
    cuts, times = np.unique(np.quantile(known, np.arange(1, bins) / bins), return_counts=True)
    below = [known[known < heavy].max(initial=-np.inf) for heavy in cuts[times > 1].tolist()]
    cuts = np.unique([*cuts, *(value for value in below if value > -np.inf)])
    return np.where(np.isnan(values), -1, np.searchsorted(cuts, values, side="left")).astype(np.int64)
