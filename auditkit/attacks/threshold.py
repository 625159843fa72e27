"""The threshold attack: whoever the model is surer of was in its training data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def true_label_confidence(
    probabilities: npt.ArrayLike, labels: Sequence[object], truth: Sequence[object]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the probability that the model gives to each row's own label, and which rows have a known label.

    Parameters
    ----------
    probabilities : array of shape (n, classes)
        One column per entry of `labels`.
    labels : sequence
        The labels, in the order of the columns.
    truth : sequence of length n
        The label of each row; a row whose label is not in `labels` is left out.

    Returns
    -------
    confidence : float array of shape (n,)
        NaN where the label is unknown.
    known : bool array of shape (n,)

    Raises
    ------
    ValueError
        If the shape of `probabilities` fits neither `labels` nor `truth`.

    Examples
    --------
    >>> confidence, known = true_label_confidence([[0.8, 0.2], [0.4, 0.6]], ["no", "yes"], ["no", None])
    >>> float(confidence[0]), known.tolist()
    (0.8, [True, False])
    """
    table = np.asarray(probabilities, dtype=np.float64)
    if table.shape != (len(truth), len(labels)):
        raise ValueError(f"got probabilities of the shape {table.shape}, wanted ({len(truth)}, {len(labels)})")
    place = {label: column for column, label in enumerate(labels)}
    columns = np.array([_place(place, value) for value in truth], dtype=np.int64)
    known = columns >= 0
    confidence = np.full(len(columns), np.nan)
    confidence[known] = table[np.flatnonzero(known), columns[known]]
    return confidence, known


def _place(place: dict[object, int], value: object) -> int:
    # A scalar of numpy hashes like Python's; NaN equals nothing, itself included, so it is never found.
    return place.get(value, -1)


def attack_auc(members: npt.ArrayLike, outsiders: npt.ArrayLike) -> tuple[float, float]:
    r"""Return the attack's area under the ROC curve and its standard error.

    .. math:: \widehat{AUC} = \frac{1}{m n} \sum_{i,j} \Bigl( [s_i > t_j] + \tfrac12 [s_i = t_j] \Bigr)

    with scores :math:`s` of the `m` members and :math:`t` of the `n` non-members; the standard error is that of
    DeLong, :math:`\sqrt{S_{10}/m + S_{01}/n}`, from the variances of the placements. One half means that the scores
    tell members from non-members no better than a coin.

    Parameters
    ----------
    members, outsiders : array of shape (m,) and (n,)
        Scores; higher speaks for membership.

    Returns
    -------
    auc, standard_error : float
        The standard error is NaN with fewer than two rows on either side.

    Raises
    ------
    ValueError
        If either side is empty or a score is not finite.

    References
    ----------
    .. [1] DeLong, DeLong, Clarke-Pearson (1988), doi:10.2307/2531595

    Examples
    --------
    >>> attack_auc([0.9, 0.8], [0.1, 0.2])[0]
    1.0
    """
    inside, outside = _scores(members), _scores(outsiders)
    of_members = _placements(inside, outside)
    of_outsiders = 1.0 - _placements(outside, inside)
    auc = float(of_members.mean())
    if len(inside) == 1 or len(outside) == 1:
        return auc, math.nan
    variance = of_members.var(ddof=1) / len(inside) + of_outsiders.var(ddof=1) / len(outside)
    return auc, math.sqrt(float(variance))


def attack_curve(members: npt.ArrayLike, outsiders: npt.ArrayLike, points: int = 50) -> list[tuple[float, float]]:
    """Return the attack's ROC curve at `points` equally spaced false-positive rates, from (0, 0) to (1, 1).

    Parameters
    ----------
    members, outsiders : array of shape (m,) and (n,)
        Scores; higher speaks for membership.
    points : int
        Number of points, at least 2.

    Returns
    -------
    list of (float, float)
        Share of non-members and share of members taken for members. Ties are crossed in a straight line.

    Examples
    --------
    >>> attack_curve([3.0, 2.0], [1.0, 0.0], points=3)
    [(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)]
    """
    inside, outside = np.sort(_scores(members)), np.sort(_scores(outsiders))
    cuts = np.unique(np.concatenate([inside, outside]))[::-1]
    true = np.concatenate([[0.0], 1 - np.searchsorted(inside, cuts, side="left") / len(inside)])
    false = np.concatenate([[0.0], 1 - np.searchsorted(outside, cuts, side="left") / len(outside)])
    grid = np.linspace(0.0, 1.0, points)
    heights = np.interp(grid, false, true)
    # A curve may rise at the false-positive rate 0; interp takes the last of equal abscissas only past the first.
    heights[0], heights[-1] = 0.0, 1.0
    return [(float(x), float(y)) for x, y in zip(grid, heights, strict=True)]


def _scores(values: npt.ArrayLike) -> Floats:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"got scores of the shape {scores.shape}, wanted one dimension and at least one row")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} scores are not finite; leave those rows out")
    return scores


def _placements(scores: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    not_above = np.searchsorted(ordered, scores, side="right")
    return (below + not_above) / (2.0 * len(others))
