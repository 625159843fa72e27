"""Differences of means between two groups of explained rows, with what the background adds to their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Means of one group less those of another, by column.

    Attributes
    ----------
    value, error, freedom : array, shape (columns,)
        Differences, their standard errors and Satterthwaite's degrees of freedom.
    """

    value: Floats
    error: Floats
    freedom: Floats

    def half_width(self, level: float, comparisons: int = 1) -> Floats:
        """Return half-widths of two-sided intervals that hold at once for so many comparisons (Bonferroni)."""
        from scipy.special import stdtrit

        tail = (1 - level) / 2 / max(1, comparisons)
        found: Floats = stdtrit(self.freedom, 1 - tail) * self.error
        return found


def differences(first: Floats, second: Floats, parts: tuple[Floats, Floats] | None = None) -> Differences:
    """Return how far the column means of two independent groups are apart.

    variance = s₁²/n₁ + s₂²/n₂ (Welch), plus, where both were explained against p parts of one background too, the
    variance of the difference between those parts / p.

    Parameters
    ----------
    first, second : array, shape (rows, columns)
        At least two rows each.
    parts : pair of arrays, shape (parts, columns), or None
        Column means of either group against each part.

    Examples
    --------
    >>> import numpy as np
    >>> found = differences(np.array([[1.0], [3.0]]), np.array([[0.0], [0.0]]))
    >>> found.value.tolist(), found.error.tolist()
    ([2.0], [1.0])
    """
    pieces = [(group.var(axis=0, ddof=1) / len(group), len(group) - 1) for group in (first, second)]
    if parts is not None:
        apart = parts[0] - parts[1]
        pieces.append((apart.var(axis=0, ddof=1) / len(apart), len(apart) - 1))
    variance = np.sum([piece for piece, _ in pieces], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / np.sum([piece**2 / max(1, degrees) for piece, degrees in pieces], axis=0)
    freedom = np.where(np.isfinite(freedom), freedom, 1e9)
    return Differences(first.mean(axis=0) - second.mean(axis=0), np.sqrt(variance), freedom)
