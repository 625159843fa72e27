"""What a public record may count: groups taken together until no cell is small, and combinations that give none away.

A small cell is a count below the threshold, 0 among them. Nothing is blanked out: what a record shows is counted over
groups that are large enough, so that no total, rate or bound gives a small cell back. What it does not show is held
against all that it does: each small cell must leave open a range at least as wide as the threshold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

THRESHOLD = 5
MOST_GROUPS = 200
Counts = npt.NDArray[np.int64]


def pooled(cells: Counts, threshold: int = THRESHOLD) -> npt.NDArray[np.bool_]:
    """Return which groups must be taken together, shape (groups,); all of them where no two can stand apart.

    Groups with a small cell are taken together, and with them the smallest of the others until no cell of theirs is small.

    Parameters
    ----------
    cells : int array, shape (groups, cells)
        Counts of each group by label and prediction, or whatever the record will show.

    Examples
    --------
    >>> pooled(np.array([[90, 80], [50, 60], [9, 2]])).tolist()
    [False, True, True]
    >>> pooled(np.array([[90, 80], [50, 60], [9, 2], [7, 3]])).tolist()
    [False, False, True, True]
    """
    together: npt.NDArray[np.bool_] = np.asarray((cells < threshold).any(axis=1))
    if not together.any():
        return together
    order = np.argsort(cells.sum(axis=1), kind="stable")
    for place in order.tolist():
        if together.sum() > 1 and (cells[together].sum(axis=0) >= threshold).all():
            break
        together[place] = True
    return together


def publishable(cells: Counts, names: Sequence[str], threshold: int = THRESHOLD) -> frozenset[tuple[str, ...]]:
    """Return the combinations of columns whose groups can be shown beside those of each column alone.

    Parameters
    ----------
    cells : int array, shape (groups of each column …, cells)
        Counts over all columns at once.
    names : sequence of str
        One for each axis but the last.

    Notes
    -----
    A combination is shown if none of its cells is small and if, with it, each small cell of every combination that is
    not shown still has a range of at least the threshold: least and greatest value over all non-negative tables with the
    margins that are shown (linear programmes). With more than 200 groups over all columns, none is shown.

    References
    ----------
    .. [1] Willenborg, de Waal 2001, Elements of Statistical Disclosure Control, ch. 5; Dobra, Fienberg 2000
    """
    shown: set[tuple[int, ...]] = {(axis,) for axis in range(len(names))}
    if int(np.prod(cells.shape[:-1])) <= MOST_GROUPS:
        for level in _levels(len(names), 2):
            fits = (_margin(cells, level) >= threshold).all()
            if fits and narrowest(cells, shown | {level}, threshold) >= threshold:
                shown.add(level)
    return frozenset(tuple(names[axis] for axis in level) for level in shown)


def _levels(axes: int, least: int) -> Iterator[tuple[int, ...]]:
    for size in range(least, axes + 1):
        yield from combinations(range(axes), size)


def _margin(cells: Counts, level: tuple[int, ...]) -> Counts:
    others = tuple(axis for axis in range(cells.ndim - 1) if axis not in level)
    found: Counts = cells.sum(axis=others)
    return found


def narrowest(cells: Counts, shown: Collection[tuple[int, ...]], threshold: int = THRESHOLD) -> float:
    """Return the width of the narrowest range that the shown margins leave to a small cell; infinite if there is none."""
    shape = cells.shape[:-1]
    inside = [_members(shape, level) for level in sorted(shown)]
    matrix = np.concatenate(inside)
    narrow = np.inf
    for level in _levels(len(shape), 1):
        if level in shown:
            continue
        members = _members(shape, level)
        margin = _margin(cells, level).reshape(len(members), -1)
        for last in range(cells.shape[-1]):
            totals = matrix @ cells[..., last].ravel()
            for place in np.flatnonzero(margin[:, last] < threshold).tolist():
                narrow = min(narrow, _width(members[place], matrix, totals))
                if narrow < threshold:
                    return narrow
    return float(narrow)


def _members(shape: tuple[int, ...], level: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return for each group of a level which groups over all columns it is made of, shape (its groups, all groups)."""
    places = np.indices(shape).reshape(len(shape), -1)
    code = np.zeros(places.shape[1], dtype=np.int64)
    for axis in level:
        code = code * shape[axis] + places[axis]
    found: npt.NDArray[np.float64] = (np.arange(code.max() + 1)[:, None] == code[None, :]).astype(np.float64)
    return found


def _width(wanted: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64], totals: npt.NDArray[np.float64]) -> float:
    from scipy.optimize import linprog

    low, high = (
        linprog(sign * wanted, A_eq=matrix, b_eq=totals, bounds=(0, None), method="highs") for sign in (1.0, -1.0)
    )
    return float(-high.fun - low.fun) if low.success and high.success else 0.0
