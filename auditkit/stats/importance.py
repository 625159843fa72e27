"""Mean sizes of shares: how many rows they need, how sure they are, which of them differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_OF_IT = 0.9
_MANY = 1e9  # degrees of freedom at which Student's t is normal


def rows_needed(pilot: Floats, half_width: float, level: float = 0.95) -> int:
    """Return how many rows make the interval of a mean size narrow enough, from a pilot that is not used again.

    n = (z · sd / (h · mean))², the largest over the columns that together carry 90 % of the importance.

    Parameters
    ----------
    pilot : array, shape (rows, columns)
        Sizes abs(φ) of rows that are no part of the sample they plan.
    half_width : float
        Wanted, as a share of the mean.
    level : float
        Of the two-sided normal interval.

    Examples
    --------
    >>> import numpy as np
    >>> rows_needed(np.array([[1.0], [3.0]]), 0.05)
    769
    """
    means = pilot.mean(axis=0)
    if len(pilot) < 2 or means.sum() <= 0:
        return 0
    order = np.argsort(-means, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(means[order])[:-1]]) / means.sum()
    heavy = order[before < MOST_OF_IT]
    heavy = heavy[means[heavy] > 0]
    ratio = pilot[:, heavy].std(axis=0, ddof=1) / means[heavy]
    return math.ceil(float((_z(level) * ratio / half_width).max()) ** 2)


def standard_errors(sizes: Floats) -> Floats:
    """Return the standard error of each column's mean over rows drawn from all who could have been, shape (columns,)."""
    spread: Floats = sizes.std(axis=0, ddof=1) if len(sizes) > 1 else np.zeros(sizes.shape[1])
    return spread / math.sqrt(max(1, len(sizes)))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How sure means are: from the sampling of rows, and of the background.

    Attributes
    ----------
    error : array, shape (columns,)
        Standard errors, both parts counted.
    freedom : array, shape (columns,)
        Satterthwaite's degrees of freedom for Student's t.
    share : float
        The background's share in the variances, all columns together.
    """

    error: Floats
    freedom: Floats
    share: float

    def half_width(self, level: float = 0.95) -> Floats:
        """Return half-widths of two-sided intervals, shape (columns,)."""
        from scipy.special import stdtrit

        found: Floats = stdtrit(self.freedom, (1 + level) / 2) * self.error
        return found


def spread(sizes: Floats, by_part: Floats | None) -> Spread:
    """Return how sure the means of `sizes` are.

    Parameters
    ----------
    sizes : array, shape (rows, columns)
    by_part : array, shape (parts, columns), or None
        Means of the same rows against each of p disjoint parts of the background. Shares are means over background rows, so
        the variance that the whole background brings is that between the parts / p. None: the background counts as given.

    References
    ----------
    .. [1] Satterthwaite 1946, doi:10.2307/3002019
    """
    rows = standard_errors(sizes) ** 2
    if by_part is None:
        return Spread(np.sqrt(rows), np.full(len(rows), _MANY), 0.0)
    parts = len(by_part)
    background = by_part.var(axis=0, ddof=1) / parts
    total = rows + background
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = total**2 / (background**2 / (parts - 1) + rows**2 / max(1, len(sizes) - 1))
    share = float(background.sum() / total.sum()) if total.sum() > 0 else 0.0
    return Spread(np.sqrt(total), np.where(np.isfinite(freedom), np.minimum(freedom, _MANY), _MANY), share)


def tiers(sizes: Floats, order: npt.NDArray[np.int64], by_part: Floats | None = None, level: float = 0.95) -> list[int]:
    """Return the tier of each column, 1 the highest: a column opens a tier if it is surely below the head of the last one.

    Surely: the paired difference of the means over the same rows and background is above its half-width, two-sided at `level`
    shared among the columns − 1 comparisons made (Bonferroni), so that all tiers are right at once at that level.

    Parameters
    ----------
    sizes : array, shape (rows, columns)
    order : array
        Columns by falling mean.
    by_part : array, shape (parts, columns), or None
        As in `spread`.
    level : float
    """
    found, tier, head = [0] * sizes.shape[1], 1, order[0]
    each = 1 - (1 - level) / max(1, sizes.shape[1] - 1)
    for place in order.tolist():
        difference = (sizes[:, head] - sizes[:, place])[:, None]
        parts = None if by_part is None else (by_part[:, head] - by_part[:, place])[:, None]
        if place != head and len(sizes) > 1 and difference.mean() > spread(difference, parts).half_width(each)[0]:
            tier, head = tier + 1, place
        found[place] = tier
    return found


def _z(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))
