"""The mean of some rows drawn from all rows by chance: how large it becomes, when the rows are skewed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_SYMMETRIC = 1e-4  # below this skewness the gamma distribution is the normal one to six digits, and hard to compute


@dataclass(frozen=True, slots=True)
class Drawn:
    """The values from which rows are drawn without replacement.

    Attributes
    ----------
    rows : int
    mean, spread, skewness : float
        Of the values; spread is the root of the mean squared deviation.
    """

    rows: int
    mean: float
    spread: float
    skewness: float

    @classmethod
    def of(cls, values: Array) -> Drawn:
        """Return the moments of the values."""
        mean, spread = float(values.mean()), float(values.std())
        skewness = float((((values - mean) / spread) ** 3).mean()) if spread > 0 else 0.0
        return cls(len(values), mean, spread, skewness)

    def tail(self, totals: npt.ArrayLike, counts: npt.ArrayLike) -> Array:
        """Return P(sum of n drawn values ≥ total), by the Pearson type III distribution with the same three moments.

        Parameters
        ----------
        totals, counts : arrays of one shape
            Sums, and from how many rows, fewer than all.

        Notes
        -----
        With N rows, variance of the mean = σ²/n · (N − n)/(N − 1), its skewness = γ · (N − 2n)/√(n(N − n)) · √(N − 1)/(N − 2).
        1 where all values are the same.

        Examples
        --------
        >>> waits = -np.log((np.arange(100_000) + 0.5) / 100_000)  # exponential
        >>> round(float(Drawn.of(waits).tail([70.0], [50])[0]), 4)  # by the gamma distribution 0.0051, by the normal 0.0023
        0.0051

        References
        ----------
        Mielke, Berry 2007, Permutation Methods, doi:10.1007/978-0-387-69813-7
        """
        from scipy.special import gammainc, gammaincc, ndtr

        total, n = np.asarray(totals, dtype=np.float64), np.asarray(counts, dtype=np.float64)
        if self.spread <= 0 or self.rows < 3:
            return np.ones(len(n))
        left = self.rows - n
        z = (total / n - self.mean) / (self.spread * np.sqrt(left / (n * (self.rows - 1))))
        skew = self.skewness * (left - n) / np.sqrt(n * left) * np.sqrt(self.rows - 1) / (self.rows - 2)
        shape = 4 / np.maximum(np.abs(skew), _SYMMETRIC) ** 2
        right = gammaincc(shape, np.maximum(0.0, shape + z * np.sqrt(shape)))
        mirrored = gammainc(shape, np.maximum(0.0, shape - z * np.sqrt(shape)))
        tail: Array = np.where(np.abs(skew) < _SYMMETRIC, ndtr(-z), np.where(skew > 0, right, mirrored))
        return tail
