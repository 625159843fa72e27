"""What the output becomes when columns are taken away one after another, the most important first or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.stats.row_means import Clusters, mean_error
from auditkit.stats.uncertainty import Normal

Floats = npt.NDArray[np.float64]
_BATCH = 10_000
_ROUNDING = 1e-12  # a mean of equal answers may be off by that


def deletion_curves(
    answer: Callable[[Any], Floats],
    rows: Any,
    background: Any,
    orders: npt.NDArray[np.int64],
    met: npt.NDArray[np.int64],
) -> Floats:
    r"""Return how far the output is from where it was, as columns are replaced one after another.

    Parameters
    ----------
    answer : callable
        Frame to output, shape (rows,).
    rows, background : pandas DataFrame
        In the same columns.
    orders : int array, shape (orders, rows, columns)
        For each row, columns in the order in which they go; several orders.
    met : int array, shape (rows, draws)
        The background rows that a row's columns are taken from.

    Returns
    -------
    array, shape (orders, rows, columns)
        :math:`|f(x) - \frac{1}{R}\sum_b f(x_{rest}, b_{gone})|` with 1, 2, … all columns gone; at most 10,000 rows in a call.
    """
    import pandas as pd

    number, n, columns = orders.shape
    draws = met.shape[1]
    both = pd.concat([rows, background], ignore_index=True)  # one type for both, whatever each had
    own = _answered(answer, both.iloc[:n])
    rank = np.argsort(orders, axis=2)  # when each column goes
    found = np.empty((number, n, columns))
    states = np.arange(1, columns + 1)
    rows_at_once = max(1, _BATCH // (number * columns * draws))
    for start in range(0, n, rows_at_once):
        part = np.arange(start, min(n, start + rows_at_once))
        shape = (number, len(part), columns, draws)
        who, other = part[None, :, None, None], n + met[part][None, :, None, :]
        taken = {}
        for place, name in enumerate(rows.columns):
            gone = (rank[:, part, place][:, :, None] < states)[..., None]
            taken[name] = both[name].take(np.broadcast_to(np.where(gone, other, who), shape).ravel()).array
        moved = _answered(answer, pd.DataFrame(taken)).reshape(shape).mean(axis=3)
        far = np.abs(moved - own[part][None, :, None])
        found[:, part] = np.where(far > _ROUNDING * np.maximum(1.0, np.abs(own[part]))[None, :, None], far, 0.0)
    return found


def _answered(answer: Callable[[Any], Floats], frame: Any) -> Floats:
    parts = [answer(frame.iloc[start : start + _BATCH]) for start in range(0, len(frame), _BATCH)]
    return np.concatenate(parts)


def deletion_gain(curves: Floats, clusters: Clusters | None = None) -> Normal | None:
    r"""Return how much faster the first order moves the output than the second, None if nothing moves it.

    A, B: a row's distance from where it was, mean over the steps of either order; R: the furthest it got in any order. Gain =
    mean(A − B) ÷ mean(R). As A and B lie between 0 and R, it is between −1 and 1.

    Parameters
    ----------
    curves : array, shape (orders, rows, columns)
        From `deletion_curves`.
    clusters : int array, shape (rows,), optional
        Rows of one value are not independent.

    Examples
    --------
    >>> curves = np.array([[[4.0, 4.0, 4.0, 4.0]] * 9, [[1.0, 2.0, 3.0, 4.0]] * 9])
    >>> deletion_gain(curves).value  # (4 - 2.5) / 4
    0.375
    """
    won = curves[0].mean(axis=1) - curves[1].mean(axis=1)
    reach = curves.max(axis=(0, 2))
    if reach.mean() <= 0:
        return None
    share = float(won.mean() / reach.mean())
    error, freedom = mean_error((won - share * reach) / reach.mean(), clusters)
    return Normal(share, error, "identity", freedom, -1.0, 1.0)


def rank_correlations(first: Floats, second: Floats) -> Floats:
    """Return Spearman's correlation of each row of two tables, NaN where either is the same everywhere.

    Examples
    --------
    >>> rank_correlations(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 9.0]])).tolist()
    [1.0]
    """
    from scipy.stats import rankdata

    a, b = (rankdata(table, axis=1) for table in (first, second))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    below = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(below > 0, (a * b).sum(axis=1) / below, np.nan)
    return found


def shared_top(first: Floats, second: Floats, top: int = 3) -> Floats:
    """Return the share of the largest `top` entries that two tables have in common, by row."""
    largest = [np.argsort(-table, axis=1, kind="stable")[:, :top] for table in (first, second)]
    same = (largest[0][:, :, None] == largest[1][:, None, :]).any(axis=2)
    found: Floats = same.mean(axis=1)
    return found
