"""Two rates compared within strata and pooled over them (Mantel and Haenszel)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """A difference and a ratio pooled over strata, with standard errors; None where undefined.

    Attributes
    ----------
    difference, difference_error : float
    ratio, log_ratio_error : float or None
        The error is that of the ratio's logarithm. None where a group has no success in any stratum used.
    p_value : float or None
        Cochran-Mantel-Haenszel test of no difference in any stratum, without continuity correction; None without
        variation.
    strata : int
        Strata with rows of both groups; the others say nothing of the difference.
    n : int
        Rows in them.
    """

    difference: float
    difference_error: float
    ratio: float | None
    log_ratio_error: float | None
    p_value: float | None
    strata: int
    n: int


def mantel_haenszel(k1: npt.ArrayLike, n1: npt.ArrayLike, k2: npt.ArrayLike, n2: npt.ArrayLike) -> Pooled | None:
    """Pool k1/n1 − k2/n2 and k1/n1 ÷ k2/n2 over strata; None if no stratum has rows of both.

    With w = n1·n2/(n1 + n2) of each stratum, difference = Σ w(k1/n1 − k2/n2) ÷ Σ w (0: no difference) and
    ratio = Σ k1·n2/n ÷ Σ k2·n1/n (1: the same). Consistent with many small strata as with few large ones.

    Parameters
    ----------
    k1, n1, k2, n2 : int array, shape (strata,)
        Successes and rows of the two groups.

    Notes
    -----
    Variances: Sato's for the difference, Greenland and Robins' for the logarithm of the ratio. A pooled number speaks
    of a common effect: where strata point in different directions, read them one by one.

    References
    ----------
    Mantel, Haenszel 1959, doi:10.1093/jnci/22.4.719; Greenland, Robins 1985, doi:10.2307/2530643;
    Sato 1989, doi:10.2307/2531784
    """
    a, m, c, e = (np.asarray(values, dtype=np.float64) for values in (k1, n1, k2, n2))
    both = (m > 0) & (e > 0)
    if not both.any():
        return None
    a, m, c, e = a[both], m[both], c[both], e[both]
    difference, error = _difference(a, m, c, e)
    ratio, log_error = _ratio(a, m, c, e)
    return Pooled(difference, error, ratio, log_error, _test(a, m, c, e), len(a), int((m + e).sum()))


def _difference(a: Floats, m: Floats, c: Floats, e: Floats) -> tuple[float, float]:
    n = m + e
    weight = float((m * e / n).sum())
    difference = float(((a * e - c * m) / n).sum()) / weight
    p = (m**2 * c - e**2 * a + m * e * (e - m) / 2) / n**2
    q = (a * (e - c) + c * (m - a)) / (2 * n)
    return difference, math.sqrt(max(0.0, difference * float(p.sum()) + float(q.sum()))) / weight


def _ratio(a: Floats, m: Floats, c: Floats, e: Floats) -> tuple[float | None, float | None]:
    n = m + e
    above, below = float((a * e / n).sum()), float((c * m / n).sum())
    if above == 0 or below == 0:
        return None, None
    spread = float(((m * e * (a + c) - a * c * n) / n**2).sum())
    return above / below, math.sqrt(max(0.0, spread) / (above * below))


def _test(a: Floats, m: Floats, c: Floats, e: Floats) -> float | None:
    n, selected = m + e, a + c
    more = n > 1
    spread = float((m * e * selected * (n - selected))[more] @ (1 / (n**2 * (n - 1))[more]))
    if spread <= 0:
        return None
    return math.erfc(abs(float((a - m * selected / n).sum())) / math.sqrt(2 * spread))
