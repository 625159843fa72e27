"""Rates by category and their ratios to the highest, as New York City's Local Law 144 defines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Key = tuple[str | int | float | bool | None, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One line of a bias audit's table.

    Attributes
    ----------
    key : tuple of scalars
        The category, or the two whose intersection it is.
    n, hits : int
        Persons assessed; of them selected, or scored above the median.
    rate : float
        hits ÷ n, not rounded.
    ratio : float or None
        Rate ÷ the highest rate of the categories that are not left out; None if left out, or if that rate is 0.
    share : float
        n ÷ the persons of the whole table.
    excluded : bool
        Left out of the ratios.
    """

    key: Key
    n: int
    hits: int
    rate: float
    ratio: float | None
    share: float
    excluded: bool


def impact_ratios(counts: Mapping[Key, tuple[int, int]], exclude_below: float = 0.0) -> tuple[Category, ...]:
    """Return one line per category, in the order given.

    Parameters
    ----------
    counts : mapping of category to (persons, hits)
        Each with at least one person.
    exclude_below : float
        Categories with a smaller share of the table's persons have no ratio and are not the highest.

    Notes
    -----
    rate = hits ÷ n; impact ratio = rate ÷ highest rate, both unrounded: 1 for the highest. No category is too small.

    Examples
    --------
    >>> [round(line.ratio, 4) for line in impact_ratios({("Male",): (1390, 667), ("Female",): (1181, 555)})]
    [1.0, 0.9793]

    References
    ----------
    6 RCNY § 5-300 (impact ratio), § 5-301(d) (categories below 2 %)
    """
    total = sum(n for n, _ in counts.values())
    shares = {key: n / total for key, (n, _) in counts.items()}
    rates = {key: hits / n for key, (n, hits) in counts.items()}
    kept = [key for key in counts if shares[key] >= exclude_below]
    highest = max((rates[key] for key in kept), default=0.0)
    return tuple(
        Category(
            key,
            n,
            hits,
            rates[key],
            rates[key] / highest if key in kept and highest > 0 else None,
            shares[key],
            key not in kept,
        )
        for key, (n, hits) in counts.items()
    )


def median_of_counts(values: npt.NDArray[np.float64], counts: npt.NDArray[np.integer]) -> float:
    """Return the median of values that occur so often: the middle one, or the mean of the two in the middle.

    Examples
    --------
    >>> median_of_counts(np.array([3.0, 1.0, 2.0]), np.array([1, 2, 1]))
    1.5
    """
    order = np.argsort(values, kind="stable")
    until = np.cumsum(counts[order])
    total = int(until[-1])
    low, high = np.searchsorted(until, [(total - 1) // 2, total // 2], side="right")
    return float(values[order][low] / 2 + values[order][high] / 2)


def above(
    cell: npt.NDArray[np.integer], value: npt.NDArray[np.float64], count: npt.NDArray[np.integer], threshold: float
) -> dict[int, tuple[int, int]]:
    """Return cell → (rows, rows whose value is strictly above the threshold).

    Examples
    --------
    >>> above(np.array([0, 0, 1]), np.array([1.0, 2.0, 2.0]), np.array([5, 1, 1]), 1.0)
    {0: (6, 1), 1: (1, 1)}
    """
    size = int(cell.max()) + 1 if len(cell) else 0
    rows, hits = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    np.add.at(rows, cell, count)
    np.add.at(hits, cell, np.where(value > threshold, count, 0))
    return {place: (int(rows[place]), int(hits[place])) for place in np.flatnonzero(rows).tolist()}
