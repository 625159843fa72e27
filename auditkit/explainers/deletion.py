"""What the output becomes when columns are taken away one after another, the most important first or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_BATCH = 10_000


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
    number, n, columns = orders.shape
    draws = met.shape[1]
    own = answer(rows)
    rank = np.argsort(orders, axis=2)  # when each column goes
    found = np.empty((number, n, columns))
    states = np.arange(1, columns + 1)
    values = {name: (rows[name].to_numpy(), background[name].to_numpy()) for name in rows.columns}
    rows_at_once = max(1, _BATCH // (number * columns * draws))
    for start in range(0, n, rows_at_once):
        part = np.arange(start, min(n, start + rows_at_once))
        shape = (number, len(part), columns, draws)
        who = np.broadcast_to(part[None, :, None, None], shape).ravel()
        other = np.broadcast_to(met[part][None, :, None, :], shape).ravel()
        frame = rows.iloc[who].reset_index(drop=True)
        for place, name in enumerate(rows.columns):
            gone = np.broadcast_to((rank[:, part, place][:, :, None] < states)[..., None], shape).ravel()
            mine, theirs = values[name]
            frame[name] = _mixed(rows[name], mine[who], theirs[other], gone)
        moved = answer(frame).reshape(shape).mean(axis=3)
        found[:, part] = np.abs(moved - own[part][None, :, None])
    return found


def _mixed(column: Any, mine: Any, theirs: Any, gone: npt.NDArray[np.bool_]) -> Any:
    """Return a column of the same type with some of its values from elsewhere."""
    import pandas as pd

    mixed = np.where(gone, theirs, mine)
    return pd.Series(mixed).astype(column.dtype)


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
