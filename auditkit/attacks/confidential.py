"""What a class of people who look alike says of a confidential value: l-diversity, t-closeness and their kin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.attacks.combinations import Combinations, Counts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassValues:
    """Rows by class and confidential value; only cells with rows, sorted by class, then value.

    Parameters
    ----------
    starts : int64 array, shape (classes,)
        The first cell of each class.
    values, counts : int64 arrays, shape (cells,)
        Code of the value, in the order of the values, and rows.
    sizes : int64 array, shape (classes,)
        Rows of each class.
    whole : float64 array, shape (values,)
        Share of each value in the table.
    cells : int64 array, shape (classes,)
        Number of distinct values of each class.
    shares : float64 array, shape (cells,)
        Share of the value in its class.
    """

    starts: Counts
    values: Counts
    counts: Counts
    sizes: Counts
    whole: Floats
    cells: Counts
    shares: Floats


def class_values(found: Combinations, quasi_identifiers: list[str], confidential: str) -> ClassValues:
    """Return rows by class of `quasi_identifiers` and value of `confidential`."""
    inverse, sizes = found.class_sizes(quasi_identifiers)
    coded = found.columns[confidential]
    width = len(coded.values)
    whole = np.bincount(coded.codes, weights=found.counts, minlength=width) / found.rows
    keys = inverse * width + coded.codes
    counts = found.counts
    steps = np.diff(keys)
    if (steps <= 0).any():  # not in order yet, or combinations that the chosen columns do not tell apart
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        places = np.flatnonzero(np.append(True, np.diff(keys) != 0))
        keys, counts = keys[places], np.add.reduceat(counts[order], places)
    classes, values = np.divmod(keys, width)
    starts = np.flatnonzero(np.append(True, np.diff(classes) != 0)).astype(np.int64)
    cells = np.diff(np.append(starts, len(counts)))
    return ClassValues(starts, values, counts, sizes, whole, cells, counts / np.repeat(sizes, cells))


def distinct_l(cells: ClassValues) -> int:
    """Return the number of values in the class with the fewest: distinct l-diversity."""
    return int(cells.cells.min())


def entropy_l(cells: ClassValues) -> float:
    r"""Return :math:`\min_c \exp\left(-\sum_s q_{cs} \ln q_{cs}\right)`: entropy l-diversity, not rounded down.

    1 exactly where some class has one value.
    """
    shares = cells.shares
    entropy = np.add.reduceat(-shares * np.log(shares), cells.starts)
    return float(np.exp(max(0.0, float(entropy.min()))))


def alpha(cells: ClassValues) -> float:
    """Return the largest share of one value in a class: (α, k)-anonymity."""
    return float(cells.shares.max())


def t_equal(cells: ClassValues) -> float:
    r"""Return t-closeness with equal distance between values: :math:`\max_c \tfrac12 \sum_s |q_{cs} - p_s|`."""
    # both distributions sum to 1, so half the absolute differences are those above 0, which only occurring values have
    above = np.maximum(cells.shares - cells.whole[cells.values], 0.0)
    return float(np.add.reduceat(above, cells.starts).max())


def t_ordered(cells: ClassValues) -> float:
    r"""Return t-closeness with ordered distance: :math:`\max_c \frac{1}{m-1} \sum_{j<m} |Q_{cj} - P_j|`, cumulative shares."""
    m = len(cells.whole)
    if m < 2:
        return 0.0
    reached = np.cumsum(cells.shares)
    before = np.repeat(reached[cells.starts] - cells.shares[cells.starts], cells.cells)
    levels = reached - before
    ends = np.append(cells.values[1:], m - 1)
    ends[np.append(cells.starts[1:], len(cells.values)) - 1] = m - 1
    runs = _runs(cells.values, ends, levels, cells.whole)
    first = cells.values[cells.starts]
    leading = _runs(np.zeros_like(first), first, np.zeros(len(first)), cells.whole)
    total = np.add.reduceat(runs, cells.starts) + leading
    return float(total.max() / (m - 1))


def _runs(low: Counts, high: Counts, level: Floats, whole: Floats) -> Floats:
    """Return Σ |level − P_j| over low ≤ j < high, where the class's cumulative share stays at `level`."""
    cumulative = np.cumsum(whole)
    sums = np.append(0.0, np.cumsum(cumulative))
    high = np.maximum(high, low)
    split = np.minimum(np.maximum(np.searchsorted(cumulative, level), low), high)
    below = level * (split - low) - (sums[split] - sums[low])
    above = (sums[high] - sums[split]) - level * (high - split)
    found: Floats = below + above
    return found


def delta(cells: ClassValues) -> float:
    r"""Return :math:`\max |\ln(q_{cs}/p_s)|` over the values that occur in a class: δ-disclosure."""
    return float(np.abs(np.log(cells.shares / cells.whole[cells.values])).max())


def beta(cells: ClassValues) -> float:
    r"""Return :math:`\max (q_{cs} - p_s)/p_s`: basic β-likeness; 0 where no class says more than the table."""
    return float(max(0.0, (cells.shares / cells.whole[cells.values] - 1).max()))


def rows_given_away(cells: ClassValues) -> int:
    """Return the rows whose class has one value only, so that whoever finds the class knows it."""
    return int(cells.sizes[cells.cells == 1].sum())
