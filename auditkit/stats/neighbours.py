"""Which rows are nearest to a row, ties included, and how many of them agree with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 256
_ROUNDING = 1e-9


def neighbour_agreement(
    queries: npt.NDArray[np.float64],
    pool: npt.NDArray[np.float64],
    of_queries: npt.NDArray[np.integer],
    of_pool: npt.NDArray[np.integer],
    k: int,
) -> npt.NDArray[np.float64]:
    """Return, for each query, the share of its k nearest rows of the pool (Euclid) that have the same code.

    All rows as near as the k-th count, so the order of the rows does not matter.

    Parameters
    ----------
    queries : float array, shape (m, columns)
    pool : float array, shape (rows, columns)
    of_queries, of_pool : int array, shape (m,) and (rows,)
    k : int
        At least 1, at most the rows of the pool.

    Examples
    --------
    >>> neighbour_agreement(np.array([[0.0]]), np.array([[0.1], [0.2], [9.0]]), np.array([1]), np.array([1, 0, 0]), 2)
    array([0.5])
    """
    squares = np.einsum("ij,ij->i", pool, pool)
    agreement = np.empty(len(queries))
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        own = np.einsum("ij,ij->i", block, block)
        distance = own[:, None] + squares[None, :] - 2 * block @ pool.T
        furthest = np.partition(distance, k - 1, axis=1)[:, k - 1]
        slack = _ROUNDING * (1 + own + squares.max(initial=0.0))
        near = distance <= (furthest + slack)[:, None]
        same = of_pool[None, :] == of_queries[start : start + _BLOCK, None]
        agreement[start : start + _BLOCK] = (near & same).sum(axis=1) / near.sum(axis=1)
    return agreement
