"""Which combinations of values have more errors than the rest: a search over all of them, and its false discoveries held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from auditkit.stats.drawing import Drawn
from auditkit.stats.intervals import mover_difference, wilson, z_quantile

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows with these values (codes) in these columns (places), and what the search saw of them.

    Attributes
    ----------
    columns, values : tuple of int
    n : int
    total : float
        Sum of errors.
    p : float
        One-sided p-value that the rows have no more errors than all rows.
    """

    columns: tuple[int, ...]
    values: tuple[int, ...]
    n: int
    total: float
    p: float

    def rows(self, codes: Sequence[Codes]) -> npt.NDArray[np.bool_]:
        """Return which rows it holds."""
        held: npt.NDArray[np.bool_] = np.equal(codes[self.columns[0]], self.values[0])
        for column, value in zip(self.columns[1:], self.values[1:], strict=True):
            held &= codes[column] == value
        return held


def search(
    codes: Sequence[Codes], sizes: Sequence[int], errors: Array, *, depth: int, least: int, binary: bool
) -> list[Slice]:
    """Return every combination of up to `depth` columns' values that at least `least` rows have, with its p-value.

    One bincount per combination of columns counts all of its slices.

    Parameters
    ----------
    codes : sequence of int arrays, shape (rows,)
        One for each column, values 0 … size − 1.
    sizes : sequence of int
    errors : float array, shape (rows,)
        0 and 1 if `binary`, else any loss.

    Notes
    -----
    Binary: P(X ≥ k), X binomial(n, the share of errors in all rows), exact and on the safe side of the hypergeometric. Other
    losses: the mean of n rows drawn from all rows without replacement, by the Pearson type III distribution with its first
    three moments; losses are skewed, and a normal tail would find slices where there are none.
    """
    found: list[Slice] = []
    rows = len(errors)
    mean, drawn = float(errors.mean()), None if binary else Drawn.of(errors)
    narrow = [np.asarray(column, dtype=np.int32) for column in codes]
    wrong = np.flatnonzero(errors) if binary else None
    for size in range(1, depth + 1):
        for columns in combinations(range(len(codes)), size):
            key = narrow[columns[0]]
            for column in columns[1:]:
                key = key * np.int32(sizes[column]) + narrow[column]
            space = int(np.prod([sizes[column] for column in columns]))
            counts = np.bincount(key, minlength=space)
            kept = np.flatnonzero((counts >= least) & (counts < rows))
            if not len(kept):
                continue
            totals = (
                np.bincount(key[wrong], minlength=space)[kept]
                if wrong is not None
                else np.bincount(key, weights=errors, minlength=space)[kept]
            )
            n = counts[kept]
            tails = _binomial_tail(totals, n, mean) if drawn is None else drawn.tail(totals, n)
            shape = [sizes[column] for column in columns]
            places = np.stack(np.unravel_index(kept, shape), axis=1).tolist()
            found += [
                Slice(columns, tuple(values), int(held), float(total), float(p))
                for values, held, total, p in zip(places, n, totals, tails, strict=True)
            ]
    return found


def _binomial_tail(totals: npt.NDArray[np.number], counts: npt.NDArray[np.integer], mean: float) -> Array:
    from scipy.special import bdtrc

    return np.where(totals > 0, bdtrc(np.maximum(totals - 1, 0), counts, mean), 1.0)


def discoveries(slices: Sequence[Slice], rate: float) -> list[Slice]:
    """Return the slices that Benjamini and Hochberg's procedure rejects at a false discovery rate, least p first.

    References
    ----------
    Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; under the positive dependence of overlapping slices:
    Benjamini, Yekutieli 2001, doi:10.1214/aos/1013699998
    """
    ordered = sorted(slices, key=lambda item: (item.p, item.columns, item.values))
    below = [place for place, item in enumerate(ordered, 1) if item.p <= rate * place / len(ordered)]
    return ordered[: max(below, default=0)]


def ranked(slices: Sequence[Slice], errors: Array, *, binary: bool) -> list[Slice]:
    """Return slices by the 95 % lower bound of their excess over all other rows: how much worse, and how sure."""
    if not slices:
        return []
    rows, total = len(errors), float(errors.sum())
    n = np.array([item.n for item in slices], dtype=np.float64)
    inside = np.array([item.total for item in slices])
    rate, other = inside / n, (total - inside) / (rows - n)
    z = z_quantile(0.95)
    if binary:
        low, high = wilson(inside, n, z)
        below, above = wilson(total - inside, rows - n, z)
        bound = mover_difference(rate, low, high, other, below, above)[0]
    else:
        bound = rate - other - z * float(errors.std()) * np.sqrt(1 / n + 1 / (rows - n))
    order = sorted(
        range(len(slices)), key=lambda i: (-bound[i], len(slices[i].columns), slices[i].columns, slices[i].values)
    )
    return [slices[place] for place in order]


def merged(
    slices: Sequence[Slice], codes: Sequence[Codes], most: int, overlap: float = 0.8
) -> list[tuple[Slice, list[Slice]]]:
    """Return the first slices in rank that are not most of, or mostly within, one before them, each with those that are.

    The codes are those of the rows that were searched.
    """
    whole = np.stack([np.asarray(column, dtype=np.int32) for column in codes])
    within: list[npt.NDArray[np.int32]] = []  # the codes of the rows of each slice that is kept
    kept: list[tuple[Slice, list[Slice]]] = []
    for item in slices:
        home = next(
            (
                others
                for (first, others), rows in zip(kept, within, strict=True)
                if _shared(item, first, rows) >= overlap * min(item.n, first.n)
            ),
            None,
        )
        if home is not None:
            home.append(item)
        elif len(kept) < most:
            within.append(whole[:, item.rows(codes)])
            kept.append((item, []))
    return kept


def _shared(item: Slice, first: Slice, rows: npt.NDArray[np.int32]) -> int:
    """Return how many of the rows of `first` (their codes, shape (columns, n)) are in `item`."""
    mine, theirs = (
        dict(zip(item.columns, item.values, strict=True)),
        dict(zip(first.columns, first.values, strict=True)),
    )
    if any(theirs.get(column, value) != value for column, value in mine.items()):
        return 0
    new = [(column, value) for column, value in mine.items() if column not in theirs]
    if not new:
        return first.n
    if len(new) == len(mine) - len(theirs):
        return item.n
    held = rows[new[0][0]] == new[0][1]
    for column, value in new[1:]:
        held &= rows[column] == value
    return int(np.count_nonzero(held))
