"""Accumulated local effects and effects of replacement: curves of means, with all that their intervals rest on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

from auditkit.stats.comparisons import Extreme
from auditkit.stats.estimates import Normal

Floats = npt.NDArray[np.float64]
Buckets = npt.NDArray[np.integer]
Codes = npt.NDArray[np.int64]
_MANY = 1e9  # degrees of freedom at which Student's t is normal


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Estimates at several points, from the same rows.

    Attributes
    ----------
    value : array, shape (points,)
    covariance : array, shape (points, points)
    freedom : array, shape (points,)
        Degrees of freedom of Student's t, of each point.
    pair_freedom : array, shape (points, points)
        The same of each difference between two points.
    """

    value: Floats
    covariance: Floats
    freedom: Floats
    pair_freedom: Floats

    @property
    def error(self) -> Floats:
        """Standard errors, shape (points,)."""
        return np.sqrt(np.maximum(0.0, np.diag(self.covariance)))

    def half_width(self, level: float = 0.95) -> Floats:
        """Return half-widths that hold at all points at once: the error is shared among them (Bonferroni)."""
        from scipy.special import stdtrit

        found: Floats = stdtrit(self.freedom, 1 - (1 - level) / (2 * len(self.value))) * self.error
        return found

    def span(self) -> Extreme:
        """Return the largest difference between two points, highest minus lowest.

        Its lower bound shares the error among all ordered pairs of points, for the two were chosen by their values; its upper
        bound is the largest of the pairs' own. Only pairs that can decide one of these are kept.
        """
        variance = np.diag(self.covariance)
        first, second = np.nonzero(~np.eye(len(variance), dtype=bool))
        spread = variance[first] + variance[second] - 2 * self.covariance[first, second]
        tiny = 1e-14 * (variance[first] + variance[second])  # what rounding leaves of a difference that does not vary
        error = np.sqrt(np.where(spread > tiny, spread, 0.0))
        gap, freedom = self.value[first] - self.value[second], _rounded(self.pair_freedom[first, second])
        kept = _undominated(gap, -error, freedom) | _undominated(gap, error, -freedom)
        members = tuple(
            Normal(float(gap[at]), float(error[at]), "identity", float(freedom[at]))
            for at in np.flatnonzero(kept).tolist()
        )
        return Extreme("max", members, len(gap))


def _rounded(freedom: Floats) -> Floats:
    """Round degrees of freedom down to powers of 1.25: little is lost, and most pairs can be told not to decide."""
    found: Floats = 1.25 ** np.floor(np.log(freedom) / np.log(1.25) + 1e-9)
    return found


def _undominated(*scores: Floats) -> npt.NDArray[np.bool_]:
    """Return which entries no other one equals or exceeds in all scores; of equal ones the first."""
    table: Floats = np.stack(scores, axis=1)
    at_least = (table[None] >= table[:, None]).all(axis=2)
    better = at_least & ~at_least.T
    earlier = at_least & at_least.T & np.tri(len(table), k=-1, dtype=bool)
    return np.logical_not((better | earlier).any(axis=1)).astype(np.bool_)


def quantile_edges(values: Floats, bins: int, fewest: int, apart: int = 5) -> Floats:
    """Return the edges of bins of about equally many rows, each an observed value; none where all values are the same.

    Parameters
    ----------
    values : array, shape (rows,)
        Finite.
    bins : int
        At most. A value that many rows share counts no more than a bin's worth of rows, so that the others get bins too.
    fewest : int
        Rows in a bin, at least, where there is more than one bin.
    apart : int
        At least so many rows lie at or beyond either outer edge: no edge is the extreme value of a single person.
    """
    if len(values) < 2 * apart:
        return np.empty(0)
    ordered = np.sort(values)
    ordered = np.clip(ordered, ordered[apart - 1], ordered[-apart])
    distinct, counts = np.unique(ordered, return_counts=True)
    if len(distinct) < 2:
        return np.empty(0)
    if len(distinct) <= bins:
        return _merged(distinct, ordered, fewest)
    weight = np.cumsum(np.minimum(counts, len(ordered) / bins))
    inner = np.searchsorted(weight, np.arange(1, bins) * weight[-1] / bins)
    return _merged(distinct[np.unique([0, *inner.tolist(), len(distinct) - 1])], ordered, fewest)


def _merged(edges: Floats, ordered: Floats, fewest: int) -> Floats:
    """Leave out inner edges until each bin has enough rows."""
    below = np.searchsorted(ordered, edges, side="right")  # rows at or below each edge
    kept, start = [edges[0]], 0
    for edge, count in zip(edges[1:-1].tolist(), below[1:-1].tolist(), strict=True):
        if count - start >= fewest and len(ordered) - count >= fewest:
            kept.append(edge)
            start = count
    return np.array([*kept, edges[-1]])


def unobserved_edges(edges: Floats, values: Floats, shared: int = 5) -> Floats:
    """Return edges that are no single person's value: each with as few digits as its place among the others allows.

    Parameters
    ----------
    edges : array
        Of `quantile_edges`.
    values : array, shape (rows,)
        Those that the edges were found in.
    shared : int
        An edge that so many rows have as their value is nobody's own and stays.

    Notes
    -----
    Three significant digits at least, and more until an edge moves by no more than a twentieth of the narrower bin beside
    it; outer edges move inwards, so no fewer rows lie beyond them.

    Examples
    --------
    >>> unobserved_edges(np.array([7467.207, 14716.839, 48211.5]), np.array([7467.207, 14716.839, 48211.5])).tolist()
    [7470.0, 14700.0, 48200.0]
    """
    if len(edges) < 2:
        return edges
    ordered, gaps = np.sort(values), np.diff(edges)
    own = np.searchsorted(ordered, edges, side="right") - np.searchsorted(ordered, edges, side="left")
    room = np.minimum(np.append(np.inf, gaps), np.append(gaps, np.inf)) / 20
    inwards = [1, *[0] * (len(edges) - 2), -1]
    moved = [
        edge if count >= shared else _coarser(edge, most, side)
        for edge, count, most, side in zip(edges.tolist(), own.tolist(), room.tolist(), inwards, strict=True)
    ]
    return np.array(moved)


def _coarser(value: float, most: float, side: int) -> float:
    """Return the number with the fewest digits, three or more, within `most`; on a side of the value, or nearest."""
    for digits in range(2, 16):
        step = Decimal(1).scaleb(Decimal(value).adjusted() - digits) if value else Decimal(1)
        rounding = {1: ROUND_CEILING, 0: ROUND_HALF_EVEN, -1: ROUND_FLOOR}[side]
        found = float((Decimal(value) / step).to_integral_value(rounding) * step)
        if abs(found - value) <= most:
            return found
    return value


def bins_of(values: Floats, edges: Floats) -> Codes:
    """Return the bin of each value: bin k from above edge k to edge k + 1, the first with its lower edge."""
    found: Codes = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2).astype(np.int64)
    return found


def accumulated(values: Floats, edges: Floats, differences: Floats, buckets: Buckets | None = None) -> Curve:
    """Return the accumulated local effect at each edge, 0 on average over the rows.

    Parameters
    ----------
    values : array, shape (rows,)
        Finite; those beyond the outer edges count as these.
    edges : array, shape (bins + 1,)
        Ascending; each bin has at least one row.
    differences : array, shape (rows,)
        Output at the upper less that at the lower edge of the row's bin, all else as it is.
    buckets : int array, shape (rows,), optional
        Of clusters: rows of one bucket are not independent.

    Notes
    -----
    With D_j the mean difference in bin j, p_j its share of the rows and h_j(x) the part of bin j that lies below x (0 to 1),
    a_k = Σ_j D_j (1[j ≤ k] − mean of h_j(x)): the curve is a straight line within a bin, and its mean over the rows is 0. The
    delta method gives each row's part in the error, (1[b ≤ k] − mean of h_b) (d − D_b) / p_b − (g(x) − mean of g), with b the
    row's bin and g the curve before centring; so the chance by which rows fall into bins is counted, the edges are taken as
    given. Degrees of freedom: Satterthwaite, from the bins.

    References
    ----------
    .. [1] Apley, Zhu 2020, doi:10.1111/rssb.12377
    """
    n, count = len(values), len(edges) - 1
    x = np.clip(values, edges[0], edges[-1])
    place = bins_of(x, edges)
    rows = np.bincount(place, minlength=count)
    mean = np.bincount(place, weights=differences, minlength=count) / rows
    below = np.concatenate([[0.0], np.cumsum(mean)])
    here = below[place] + mean[place] * (x - edges[place]) / np.diff(edges)[place]
    centre = float(here.mean())
    passed = np.array([np.clip((x - low) / (high - low), 0, 1).mean() for low, high in zip(edges, edges[1:])])  # noqa: B905, RUF007
    weight = np.tri(count + 1, count, k=-1) - passed  # points × bins
    rest = (differences - mean[place]) * np.sqrt(rows / np.maximum(1, rows - 1))[place]
    parts = weight[:, place].T * (rest * n / rows[place])[:, None] - (here - centre)[:, None]
    between = np.bincount(place, weights=rest**2, minlength=count) / rows**2
    whole = float(here.var() / n)
    if buckets is None:
        point = _satterthwaite(weight**2 * between, np.maximum(1, rows - 1), whole, n - 1)
        pair = _satterthwaite_between(between, np.maximum(1, rows - 1), n - 1)
    else:
        point, pair = _same_freedom(count + 1, len(np.unique(buckets)) - 1)
    return Curve(below - centre, _covariance(parts, buckets), point, pair)


def replaced(contrasts: Floats, buckets: Buckets | None = None) -> Curve:
    """Return the mean change of the output at each point.

    Parameters
    ----------
    contrasts : array, shape (rows, points)
        Each row's output with the value replaced, less its output as it is.
    buckets : int array, shape (rows,), optional
        Of clusters: rows of one bucket are not independent.
    """
    n, points = contrasts.shape
    value = contrasts.mean(axis=0)
    freedom = n - 1 if buckets is None else len(np.unique(buckets)) - 1
    scaled = (contrasts - value) * np.sqrt(n / max(1, n - 1)) if buckets is None else contrasts - value
    return Curve(value, _covariance(scaled, buckets), *_same_freedom(points, freedom))


def _covariance(parts: Floats, buckets: Buckets | None) -> Floats:
    """Return the covariance of means from each row's part in them, summed within buckets of clusters."""
    n = len(parts)
    if buckets is None:
        found: Floats = parts.T @ parts / n**2
        return found
    _, place = np.unique(buckets, return_inverse=True)
    groups = int(place.max()) + 1
    sums = np.stack([np.bincount(place, weights=column, minlength=groups) for column in parts.T], axis=1)
    clustered: Floats = sums.T @ sums / n**2 * groups / max(1, groups - 1)
    return clustered


def _same_freedom(points: int, freedom: int) -> tuple[Floats, Floats]:
    least = float(max(1, freedom))
    return np.full(points, least), np.full((points, points), least)


def _satterthwaite(parts: Floats, freedom: Codes, whole: float, rest: int) -> Floats:
    total = parts.sum(axis=1) + whole
    below = (parts**2 / freedom).sum(axis=1) + whole**2 / rest
    return _ratio(total**2, below, rest)


def _satterthwaite_between(parts: Floats, freedom: Codes, rest: int) -> Floats:
    """Return degrees of freedom of sums over the bins between two edges."""
    upto = np.concatenate([[0.0], np.cumsum(parts)])
    squares = np.concatenate([[0.0], np.cumsum(parts**2 / freedom)])
    return _ratio((upto[:, None] - upto) ** 2, np.abs(squares[:, None] - squares), rest)


def _ratio(above: Floats, below: Floats, rest: int) -> Floats:
    known = below > 0
    found = np.where(known, above / np.where(known, below, 1.0), float(rest))
    return np.clip(found, 1.0, _MANY)
