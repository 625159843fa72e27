"""How surely a person is found again in a table: prosecutor, journalist and marketer risk, and unique matches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditkit.attacks.combinations import Combinations, Counts
from auditkit.attacks.equivalence_classes import class_sizes
from auditkit.data.table import Coded
from auditkit.stats.uncertainty import Normal, Range


def sizes_in(population: Combinations, sample: Combinations, columns: Sequence[str]) -> tuple[Counts, Counts]:
    """Return for each class of a sample its rows there, and its rows in the population.

    Parameters
    ----------
    population, sample : Combinations
        With `columns`.
    columns : sequence of str
        The quasi-identifiers.
    """
    codes, widths = [], []
    for name in columns:
        both, width = _shared(sample.columns[name], population.columns[name])
        codes.append(both)
        widths.append(width)
    inverse, classes = class_sizes(codes, widths)
    mine = len(sample.counts)
    own = np.bincount(inverse[:mine], weights=sample.counts, minlength=len(classes)).astype(np.int64)
    theirs = np.bincount(inverse[mine:], weights=population.counts, minlength=len(classes)).astype(np.int64)
    return own[own > 0], theirs[own > 0]


def _shared(first: Coded, second: Coded) -> tuple[Counts, int]:
    places = {value: place for place, value in enumerate(dict.fromkeys([*first.values, *second.values]))}
    parts = [np.array([places[value] for value in one.values], dtype=np.int64)[one.codes] for one in (first, second)]
    return np.concatenate(parts), len(places)


def unique_match_risk(sizes: Counts, fraction: float) -> Normal | None:
    r"""Return the probability that a match on a sample-unique row is right, estimated from the sample alone.

    :math:`\hat\theta = \pi n_1 / (\pi n_1 + 2(1-\pi) n_2)`, with nⱼ classes of j rows, when each person of the population
    came into the sample with the same probability π, whoever else did. What it estimates, the n₁ right matches out of
    all pairs of a unique row and a person like it, depends on the sample too. With :math:`c = 2(1-\pi)/\pi`, the error of
    its log odds has the variance :math:`(1 + 1/c)/n_2 + 3 n_3 / (2 n_2^2)`: of the difference between c·n₂ and the wrong
    pairs, whose mean is 0 class by class.

    Parameters
    ----------
    sizes : int64 array
        Rows of each class.
    fraction : float
        π, above 0 and below 1.

    Returns
    -------
    Normal or None
        None where there are fewer than 10 classes of one row or of two: too few to speak of.

    References
    ----------
    .. [1] Skinner, Elliot 2002, A measure of disclosure risk for microdata, J. R. Statist. Soc. B 64, 855-867
    """
    single, double, triple = (int((sizes == rows).sum()) for rows in (1, 2, 3))
    if min(single, double) < 10:
        return None
    wrong = 2 * (1 - fraction) / fraction
    odds = single / (wrong * double)
    variance = (1 + 1 / wrong) / double + 1.5 * triple / double**2
    return Normal(odds / (1 + odds), math.sqrt(variance), "logit", None, 0.0, 1.0)


def marketer_range(sizes: Counts, fraction: float) -> Range:
    r"""Return what a sample can tell of the marketer's risk: at least, estimated from below, at most.

    Where each person came into the sample with the same probability π, the right links of a marketer, Σ f/F over the classes
    of the population, are π·K on average, K being the number of these classes: the risk is :math:`\pi K / n`. K is at
    least the classes in the sample, k; at least :math:`k + n_1^2 / (2 n_2\, n/(n-1) + n_1 \pi/(1-\pi))` by Chao and Lin,
    with nⱼ classes of j rows; and the risk is at most the prosecutor's, k/n, since no class is smaller among all people.

    Parameters
    ----------
    sizes : int64 array
        Rows of each class.
    fraction : float
        π, above 0 and below 1.

    Notes
    -----
    The estimate is one from below, and right only where all classes are alike in size: in simulated populations it was
    from a fifth of the risk (1 % sampled, sizes of heavy tails) to all of it.

    References
    ----------
    .. [1] Chao, Lin 2012, Nonparametric lower bounds for species richness and shared species richness under sampling
       without replacement, Biometrics 68, 912-921, doi:10.1111/j.1541-0420.2011.01739.x

    Examples
    --------
    >>> marketer_range(np.ones(100, dtype=np.int64), 0.1)  # unique in the sample, none twice: unique among people
    Range(low=0.1, value=1.0, high=1.0, runs=(), conditions='')
    """
    rows, classes = int(sizes.sum()), len(sizes)
    single, double = (int((sizes == size).sum()) for size in (1, 2))
    unseen = 0.0
    if single:
        unseen = single**2 / (2 * double * rows / max(rows - 1, 1) + single * fraction / (1 - fraction))
    high = classes / rows
    return Range(fraction * high, min(fraction * (classes + unseen) / rows, high), high)
