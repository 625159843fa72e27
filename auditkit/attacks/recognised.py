"""How many training rows an attack recognises: at a rate of mistakes, and surely enough to be named."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def tpr_at(members: Floats, outsiders: Floats, fpr: float) -> float:
    """Return the share of members whose score is above that of all but `fpr` of the outsiders.

    The threshold is a score of the outsiders that at most ``floor(fpr · n)`` of them exceed.
    """
    threshold = np.sort(outsiders)[len(outsiders) - 1 - _allowed(fpr, len(outsiders))]
    return float((members > threshold).mean())


def tpr_error(
    members: Floats, outsiders: Floats, fpr: float, rng: np.random.Generator, draws: int = 2000
) -> tuple[float, float]:
    r"""Return the true-positive rate at a false-positive rate, and the standard error of its log odds.

    Bootstrap of members and of outsiders: the threshold is found anew in each draw, since it is an estimate too (an
    interval for a known threshold covers as little as .38). Of n outsiders drawn with replacement, the (a+1)-th largest
    is the one at place :math:`\lfloor n B \rfloor`, B of Beta(n − a, a + 1), and the members above it are
    binomial: so the bootstrap is drawn without drawing rows. The rate is moved off 0 and 1 by half a row.
    """
    m, n = len(members), len(outsiders)
    allowed = _allowed(fpr, n)
    ordered = np.sort(outsiders)
    places = np.minimum((n * rng.beta(n - allowed, allowed + 1, draws)).astype(np.int64), n - 1)
    above = m - np.searchsorted(np.sort(members), ordered[places], side="right")
    rates = rng.binomial(m, above / m) / m
    moved = np.clip(np.append(rates, tpr_at(members, outsiders, fpr)), 0.5 / (m + 1), 1 - 0.5 / (m + 1))
    odds = np.log(moved / (1 - moved))
    return float(moved[-1]), float(odds[:-1].std(ddof=1))


def recognised(members: Floats, outsiders: Floats, mistaken: float) -> tuple[int, int]:
    r"""Return how many members are named as such, and how many outsiders with them, when names are given with care.

    Named is whoever scores at least t, the lowest t with :math:`(1 + F(t)) / T(t) \le q`, for T members and F outsiders at
    or above it. So of named rows, out of as many members as outsiders, at most a share q is mistaken; if the attack knows
    nothing, so that any row may as well be a member, anyone is named with a chance of at most q.

    Parameters
    ----------
    members, outsiders : arrays of equal length
        Scores; higher speaks for membership.
    mistaken : float
        q.

    References
    ----------
    .. [1] Barber, Candès 2015, Controlling the false discovery rate via knockoffs, doi:10.1214/15-AOS1337

    Examples
    --------
    >>> recognised(np.arange(100.0) + 100, np.arange(100.0) + 30, 0.1)
    (76, 6)
    """
    if len(members) != len(outsiders):
        raise ValueError(f"got {len(members)} members and {len(outsiders)} outsiders, wanted equally many")
    cuts = np.unique(members)
    named = len(members) - np.searchsorted(np.sort(members), cuts, side="left")
    wrong = len(outsiders) - np.searchsorted(np.sort(outsiders), cuts, side="left")
    allowed = np.flatnonzero(1 + wrong <= mistaken * named)
    return (int(named[allowed[0]]), int(wrong[allowed[0]])) if len(allowed) else (0, 0)


def _allowed(fpr: float, outsiders: int) -> int:
    return int(np.floor(fpr * outsiders + 1e-9))
