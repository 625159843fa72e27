"""The rise of a loss when a column comes from other rows: its mean over rows and donors, and what that mean is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.stats.uncertainty import Normal

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
FEWEST_CHANGED, FEWEST_CLUSTERS = 50, 30
_COCHRAN = 25


def donors_of(rows: int, donors: int, rng: np.random.Generator) -> Places:
    """Return for each row the rows that it gets a value from, shape (donors, rows): none itself, each as often as any other.

    Each is a cyclic shift of one random order, so that every row gives as often as it takes.

    Raises
    ------
    ValueError
        If there are fewer than `donors` + 1 rows.
    """
    if rows <= donors:
        raise ValueError(f"{rows} rows have no {donors} donors each")
    order = rng.permutation(rows)
    place = np.empty(rows, dtype=np.int64)
    place[order] = np.arange(rows)
    shifts = 1 + rng.choice(rows - 1, donors, replace=False)
    return np.stack([order[(place + shift) % rows] for shift in shifts])


@dataclass(frozen=True, slots=True)
class Rise:
    """A mean rise and how sure it is.

    Attributes
    ----------
    mean, error : float
        The mean over rows and donors, and its standard error.
    freedom : float
        Degrees of freedom for Student's t: rows or clusters − 1.
    changed : int
        Rows whose loss another value changes.
    skewness : float
        Of what rows, or clusters, do to the mean.
    clusters : bool
        Whether clusters stand in the place of rows.
    uncommon : int or None
        Rows that hold another value than the commonest: where these are few, the mean rests on them, and a sample that has
        missed the largest of them looks less skewed than it is.
    """

    mean: float
    error: float
    freedom: float
    changed: int
    skewness: float
    clusters: bool = False
    uncommon: int | None = None

    @property
    def uncertainty(self) -> Normal:
        """What its bounds are functions of."""
        return Normal(self.mean, self.error, "identity", self.freedom)

    def lacks(self) -> str | None:
        """Return why bounds would not hold, or None.

        Either almost no row decides the mean, or rows are so unlike each other that a mean of this many is not normal
        (Cochran's rule: n at least 25 times the squared skewness).
        """
        units, kind = round(self.freedom) + 1, "clusters" if self.clusters else "rows"
        needed = math.ceil(_COCHRAN * self.skewness**2)
        if self.changed < FEWEST_CHANGED:
            return f"the loss of {self.changed:,} rows changes, at least {FEWEST_CHANGED} are needed"
        if self.uncommon is not None and self.uncommon < FEWEST_CHANGED:
            return f"{self.uncommon:,} rows hold another value than the commonest, at least {FEWEST_CHANGED} are needed"
        if self.clusters and units < FEWEST_CLUSTERS:
            return f"{units:,} clusters, at least {FEWEST_CLUSTERS} are needed"
        if units < needed:
            return f"rises are so skewed ({self.skewness:.1f}) that bounds take about {needed:,} {kind}, there are {units:,}"
        return None


def influences(rises: Floats, donors: Places) -> Floats:
    """Return what each row does to the mean rise, as taker and as giver, shape (rows,); their mean is the mean rise.

    Parameters
    ----------
    rises : array, shape (donors, rows)
    donors : int array, shape (donors, rows)
        From `donors_of`.
    """
    found: Floats = rises.mean(axis=0) + _by_giver(rises, donors).mean(axis=0) - rises.mean()
    return found


def rise_of(
    rises: Floats, donors: Places, clusters: npt.NDArray[np.integer] | None = None, uncommon: int | None = None
) -> Rise:
    r"""Return the mean rise with its standard error, which counts the sampling of rows, as takers and givers, and of donors.

    Parameters
    ----------
    rises : array, shape (donors, rows)
    donors : int array, shape (donors, rows)
        From `donors_of`.
    clusters : int array, shape (rows,), optional
        Rows of one value are not independent.
    uncommon : int, optional
        Rows whose value of the column is not the commonest.

    Notes
    -----
    The rise of row i with a value of row j is :math:`\theta + a_i + b_j + e_{ij}` (Hoeffding), and its mean over a design with D
    donors for each of n rows has the variance :math:`(Var(a+b) + Var(e)/D)/n`. A row's `influences` have the variance
    :math:`Var(a+b) + (Var(a) + Var(b) + 2 Var(e))/D`. What is too much there is known from the variances within and between
    takers and givers, and taken out, but never more than half of the whole: more there is only where a and b cancel out, and
    then bounds are wider than they need be. Of clusters the sums of their rows' influences take the place of these.

    References
    ----------
    .. [1] Hoeffding 1948, doi:10.1214/aoms/1177730196; Cochran 1977, Sampling Techniques, 2.15
    """
    rows = rises.shape[1]
    found = influences(rises, donors)
    mean = float(rises.mean())
    parts: Floats = found - mean
    if clusters is not None:
        parts = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=parts).astype(np.float64)
    whole = len(parts) / max(1, len(parts) - 1) * float((parts**2).sum())
    variance = min(max(whole - rows * _excess(rises, donors), whole / 2), whole) / rows**2
    changed = int((rises != 0).any(axis=0).sum())
    return Rise(
        mean, math.sqrt(variance), max(1.0, len(parts) - 1.0), changed, _skewness(parts), clusters is not None, uncommon
    )


def tiers_of(
    rises: Floats, donors: Places, order: Places, clusters: npt.NDArray[np.integer] | None = None
) -> list[int]:
    """Return the tier of each column, 1 the highest: a column opens a tier if it is surely below the head of the last one.

    Surely: the paired difference over the same rows and donors is above its half-width, two-sided at 95 % shared among the
    columns − 1 comparisons made (Bonferroni). Columns that `order` leaves out have tier 0.

    Parameters
    ----------
    rises : array, shape (columns, donors, rows)
    donors, clusters : as in `rise_of`
    order : int array
        Columns by falling mean.
    """
    from scipy.special import stdtrit

    found, tier, head = [0] * len(rises), 1, next(iter(order.tolist()), 0)
    each = 1 - 0.05 / max(1, len(order) - 1) / 2
    for place in order.tolist():
        if place != head:
            apart = rise_of(rises[head] - rises[place], donors, clusters)
            if apart.lacks() is None and apart.mean > float(stdtrit(apart.freedom, each)) * apart.error:
                tier, head = tier + 1, place
        found[place] = tier
    return found


def _by_giver(rises: Floats, donors: Places) -> Floats:
    """Return the rises by the row that gave the value, shape (donors, rows)."""
    given = np.empty_like(rises)
    np.put_along_axis(given, donors, rises, axis=1)
    return given


def _excess(rises: Floats, donors: Places) -> float:
    """Return an estimate of (Var(a) + Var(b) + Var(e)) / D, from variances within and between takers and givers.

    Within takers it is Var(b) + Var(e), within givers Var(a) + Var(e); between takers Var(a) + Var(b + e)/D, between givers
    Var(b) + Var(a + e)/D, if covariances are left to the influences.
    """
    count = len(rises)
    if count == 1:
        return float(rises.var(ddof=1))
    within, between = 0.0, 0.0
    for table in (rises, _by_giver(rises, donors)):
        within += float(table.var(axis=0, ddof=1).mean())
        between += float(table.mean(axis=0).var(ddof=1))
    both = max(0.0, (within * (1 + 1 / count) - between) / 2)  # Var(e)
    return max(0.0, within - both) / count


def _skewness(parts: Floats) -> float:
    middle = parts - parts.mean()
    second = float((middle**2).mean())
    return float((middle**3).mean()) / second**1.5 if second > 0 else 0.0
