"""Equivalence classes: rows that agree in every one of several columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
LARGEST_KEY = 2**62
DENSE_KEYS = 2**16


def class_sizes(codes: Sequence[npt.NDArray[np.integer]], cardinalities: Sequence[int]) -> tuple[Codes, Codes]:
    r"""Return the class of every row and the number of rows in every class.

    The codes :math:`c_1, \ldots, c_m` of a row become one key in a mixed radix,
    :math:`\bigl(c_1 r_2 + c_2\bigr) r_3 + c_3 \ldots`, where :math:`r_j` is the cardinality of column `j`. Before
    the product of the radices leaves 62 bits, the keys so far are numbered anew, so any number of columns works.

    Parameters
    ----------
    codes : sequence of integer arrays, each of shape (n,)
        One array per column, from 0 to its cardinality - 1. A missing value needs a code of its own.
    cardinalities : sequence of int
        Number of distinct codes of each column.

    Returns
    -------
    inverse : int64 array of shape (n,)
        Class of each row, from 0 to the number of classes - 1. Numbers of classes have no meaning.
    counts : int64 array of shape (classes,)
        Rows in each class; they sum to n and none is 0.

    Raises
    ------
    ValueError
        If there is no column, the lengths differ, or a code lies outside its cardinality.

    Examples
    --------
    >>> sex, race = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 2])
    >>> inverse, counts = class_sizes([sex, race], [2, 3])
    >>> sorted(counts.tolist())
    [1, 1, 2]
    """
    if not codes or len(codes) != len(cardinalities):
        raise ValueError(f"got {len(codes)} columns and {len(cardinalities)} cardinalities; give each column one")
    keys, radix = _checked(codes[0], cardinalities[0], len(codes[0])), max(cardinalities[0], 1)
    for column, cardinality in zip(codes[1:], cardinalities[1:], strict=True):
        digits = _checked(column, cardinality, len(keys))
        if radix > LARGEST_KEY // max(cardinality, 1):
            keys, radix = _renumber(keys, radix)
        keys, radix = keys * max(cardinality, 1) + digits, radix * max(cardinality, 1)
    inverse, classes = _renumber(keys, radix)
    return inverse, np.bincount(inverse, minlength=classes).astype(np.int64)


def distinct_rows(codes: Sequence[npt.NDArray[np.integer]], cardinalities: Sequence[int]) -> tuple[list[Codes], Codes]:
    """Return the distinct rows of several columns, and how often each occurs.

    Parameters
    ----------
    codes : sequence of integer arrays, each of shape (n,)
        One array per column, from 0 to its cardinality - 1; not checked.
    cardinalities : sequence of int

    Returns
    -------
    columns : list of int64 arrays, each of shape (distinct rows,)
    counts : int64 array, shape (distinct rows,)

    Examples
    --------
    >>> columns, counts = distinct_rows([np.array([0, 1, 1]), np.array([2, 0, 0])], [2, 3])
    >>> [column.tolist() for column in columns], counts.tolist()
    ([[0, 1], [2, 0]], [1, 2])
    """
    possible = math.prod(cardinalities)
    if possible > max(DENSE_KEYS, 4 * len(codes[0])):
        inverse, counts = class_sizes(codes, cardinalities)
        member = np.empty(len(counts), dtype=np.int64)
        member[inverse] = np.arange(len(inverse))  # one row of each class stands for it
        return [np.asarray(column[member], dtype=np.int64) for column in codes], counts
    keys = codes[0].astype(np.int64)
    for column, cardinality in zip(codes[1:], cardinalities[1:], strict=True):
        keys *= cardinality
        keys += column
    counts = np.bincount(keys, minlength=possible)
    rest = np.flatnonzero(counts)
    counts = counts[rest]
    found: list[Codes] = []
    for cardinality in cardinalities[:0:-1]:
        rest, digit = np.divmod(rest, cardinality)
        found.append(digit)
    return [rest, *found[::-1]], counts


def _checked(column: npt.NDArray[np.integer], cardinality: int, length: int) -> Codes:
    digits = np.asarray(column).astype(np.int64, copy=False)
    if digits.shape != (length,):
        raise ValueError(f"a column has the shape {digits.shape}, wanted ({length},)")
    if length and not 0 <= int(digits.min()) <= int(digits.max()) < cardinality:
        raise ValueError(f"codes run from {digits.min()} to {digits.max()}, wanted 0 to {cardinality - 1}")
    return digits


def _renumber(keys: Codes, radix: int) -> tuple[Codes, int]:
    # Few possible keys: a table look-up needs neither sorting nor hashing.
    if radix <= max(DENSE_KEYS, 4 * len(keys)):
        present = np.bincount(keys, minlength=radix) > 0
        numbers = np.cumsum(present) - 1
        return numbers[keys].astype(np.int64, copy=False), int(present.sum())
    import pandas as pd

    inverse, distinct = pd.factorize(keys)
    return inverse.astype(np.int64, copy=False), len(distinct)
