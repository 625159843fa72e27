"""Equal rows: keys of their content, rows that are there again, and equal rows with different labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditkit.data.table import Table

Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


def row_keys(table: Table, columns: Sequence[str]) -> Keys:
    """Return a key of each row, equal for rows that are equal in these columns, in whichever table, shape (rows,).

    Of 64 bits: among ten million rows two that differ have one key with a chance of 3 in a million.
    """
    return table.row_hashes(0, columns)


def known(keys: Keys, others: Keys) -> Flags:
    """Return which keys are among others, shape (rows,).

    Examples
    --------
    >>> known(np.array([1, 2], dtype=np.uint64), np.array([2, 3], dtype=np.uint64)).tolist()
    [False, True]
    """
    return np.isin(keys, others)


def repetitions(keys: Keys) -> int:
    """Return how many rows could be left out without losing a key.

    Examples
    --------
    >>> repetitions(np.array([1, 2, 2, 2], dtype=np.uint64))
    2
    """
    return len(keys) - len(np.unique(keys))


def conflicts(keys: Keys, labels: npt.NDArray[np.integer]) -> tuple[int, int]:
    """Return how many rows equal one with another label, and in how many of them any function of the key must be wrong.

    Of each set of equal rows those are wrong that do not have its most frequent label.

    Parameters
    ----------
    keys : array, shape (rows,)
    labels : int array, shape (rows,)

    Examples
    --------
    >>> conflicts(np.array([1, 1, 1, 2, 2], dtype=np.uint64), np.array([0, 0, 1, 1, 1]))
    (3, 1)
    """
    if not len(keys):
        return 0, 0
    place = np.unique(keys, return_inverse=True)[1].ravel()
    pairs, counts = np.unique(np.stack([place, labels.astype(np.int64)]), axis=1, return_counts=True)
    sizes = np.bincount(place)
    most = np.zeros(len(sizes), dtype=np.int64)
    np.maximum.at(most, pairs[0], counts)
    return int(sizes[most < sizes].sum()), int((sizes - most).sum())
