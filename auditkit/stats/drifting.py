"""Whether two samples of one column have one distribution: tests that hold with ties, and distances beside their chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
LEAST_EXPECTED = 5.0
BINS = 10
DRAWS = 9_999
_ENOUGH = 20
_CELLS = 1 << 20


@dataclass(frozen=True, slots=True)
class Drift:
    """One column in two samples.

    Attributes
    ----------
    test : str
        ``KS``, ``χ²`` or ``missing``.
    statistic, p : float
        p is 1 where nothing can be tested.
    js : float
        Jensen-Shannon distance of the two samples' shares, 0 to 1 (root of the divergence in bits).
    psi, psi_by_chance : float
        Population stability index and what it would be on average if nothing had changed.
    """

    test: str
    statistic: float
    p: float
    js: float
    psi: float
    psi_by_chance: float


def numbers_drift(first: Floats, second: Floats, rng: np.random.Generator, draws: int = DRAWS) -> Drift:
    r"""Compare numbers by the two-sample Kolmogorov-Smirnov test, and how many are missing by χ².

    :math:`D = \max|F_1 - F_2|`, p from the limit law of :math:`D\sqrt{nm/(n+m)}`. For 100 rows and more in both samples p is
    at least the exact one, and with ties the test errs less often than it says, never more. Where values are missing, the
    smaller p of both tests counts twice. Distances are over ten bins of about equal count of the first sample, missing
    values being one more.

    References
    ----------
    Hodges 1958, The significance probability of the Smirnov two-sample test, doi:10.1007/BF02589501
    """
    one, other = np.sort(first[~np.isnan(first)]), np.sort(second[~np.isnan(second)])
    n, m = len(one), len(other)
    gone = np.array([[n, len(first) - n], [m, len(second) - m]], dtype=np.int64)
    cuts = np.unique(np.quantile(one, np.arange(1, BINS) / BINS, method="inverted_cdf")) if n else np.empty(0)
    counts = [np.bincount(np.searchsorted(cuts, part, side="left"), minlength=len(cuts) + 1) for part in (one, other)]
    distances = _distances(*(np.append(count, lost) for count, lost in zip(counts, gone[:, 1], strict=True)))
    statistic, p = _kolmogorov_smirnov(one, other)
    if not gone[:, 1].any():
        return Drift("KS", statistic, p, *distances)
    lost, p_lost = reassigned(*_gathered(gone[0], gone[1]), rng, draws)
    if p_lost < p:
        return Drift("missing", lost, min(1.0, 2 * p_lost), *distances)
    return Drift("KS", statistic, min(1.0, 2 * p), *distances)


def _kolmogorov_smirnov(one: Floats, other: Floats) -> tuple[float, float]:
    from scipy.special import kolmogorov

    n, m = len(one), len(other)
    if min(n, m) < 2:
        return 0.0, 1.0
    values = np.union1d(one, other)
    gap = np.searchsorted(one, values, side="right") / n - np.searchsorted(other, values, side="right") / m
    statistic = float(np.abs(gap).max())
    return statistic, float(kolmogorov(statistic * np.sqrt(n * m / (n + m))))


def codes_drift(first: Counts, second: Counts, rng: np.random.Generator, draws: int = DRAWS) -> Drift:
    r"""Compare counts of values by the χ² test; values that are expected fewer than 5 times in either sample go together.

    Parameters
    ----------
    first, second : int array, shape (values,)
    rng : Generator
    draws : int
        The smallest p is 1 / (draws + 1).
    """
    return Drift("χ²", *reassigned(*_gathered(first, second), rng, draws), *_distances(first, second))


def reassigned(first: Counts, second: Counts, rng: np.random.Generator, draws: int = DRAWS) -> tuple[float, float]:
    """Return χ² and the share of random reassignments of all rows to the samples whose χ² is at least as large.

    Whatever the counts, p ≤ α in at most α of samples without any difference; the χ² law itself gives too small a p far out,
    where one sample is small (30,000 and 100 rows: 2.3 times at 0.0003). Drawing ends at the twentieth that is as large,
    with p = 20 ÷ draws made, else p = (those as large + 1) ÷ (draws + 1).

    References
    ----------
    Besag, Clifford 1991, Sequential Monte Carlo p-values, doi:10.1093/biomet/78.2.301

    Examples
    --------
    >>> reassigned(np.array([50, 50]), np.array([50, 50]), np.random.default_rng(0))
    (0.0, 1.0)
    """
    whole, n, m = first + second, int(first.sum()), int(second.sum())
    if len(whole) < 2 or min(n, m) == 0:
        return 0.0, 1.0
    expected = whole * (m / (n + m))
    scale = expected * (n / (n + m))

    def squares(counts: Counts) -> Floats:
        found: Floats = ((counts - expected) ** 2 / scale).sum(axis=-1)
        return found

    statistic = float(squares(second))
    made = reached = 0
    block = 64
    while made < draws:
        size = max(1, min(block, draws - made, _CELLS // len(whole)))
        drawn = rng.multivariate_hypergeometric(whole, m, size=size, method="marginals")
        large = np.flatnonzero(squares(drawn) >= statistic * (1 - 1e-12))
        if reached + len(large) >= _ENOUGH:
            return statistic, float(_ENOUGH / (made + large[_ENOUGH - reached - 1] + 1))
        made, reached, block = made + size, reached + len(large), block * 4
    return statistic, (reached + 1) / (draws + 1)


def _gathered(first: Counts, second: Counts) -> tuple[Counts, Counts]:
    """Return counts of both, values too rare for a χ² test as one; which these are depends on both samples together."""
    both = np.stack([first, second]).astype(np.int64)
    both = both[:, both.sum(axis=0) > 0]
    share = both.sum(axis=1) / max(1, both.sum())
    rare = both.sum(axis=0) * share.min() < LEAST_EXPECTED
    kept, rest = both[:, ~rare], both[:, rare].sum(axis=1)
    if rest.sum() * share.min() >= LEAST_EXPECTED or (rest.sum() and kept.shape[1] == 1):
        kept = np.column_stack([kept, rest])
    elif rest.sum() and kept.shape[1]:  # too few even together: with the rarest that is not
        kept[:, int(kept.sum(axis=0).argmin())] += rest
    return kept[0], kept[1]


def _distances(first: Counts, second: Counts) -> tuple[float, float, float]:
    n, m = first.sum(), second.sum()
    if not n or not m:
        return 0.0, 0.0, 0.0
    p, q = first / n, second / m
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(share > 0, share * np.log2(share / middle), 0.0).sum() for share in (p, q)]
    js = float(np.sqrt(max(0.0, sum(parts) / 2)))
    seen = (first + second) > 0
    used = int(seen.sum())
    a, b = (first + 0.5) / (n + 0.5 * used), (second + 0.5) / (m + 0.5 * used)
    psi = float(((a - b) * np.log(a / b))[seen].sum())
    return js, psi, float((used - 1) * (1 / n + 1 / m))
