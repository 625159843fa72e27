"""Two sets of decisions on the same rows: how much more often one is right."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from auditkit.stats.intervals import wilson_limits, z_quantile


@dataclass(frozen=True, slots=True)
class PairedDifference:
    r"""How much more often the first is right than the second, of rows on which both decided.

    Newcombe's hybrid score interval for paired proportions (his method 10): Wilson limits of either rate, joined with the
    correlation of being right.

    Parameters
    ----------
    both, only_first, only_second, neither : int
        Rows by who is right.

    Examples
    --------
    >>> found = PairedDifference(36, 12, 2, 0)  # of Newcombe's table
    >>> round(found.estimate, 4), [round(end, 4) for end in found.limits(1.959964)]
    (0.2, [0.0569, 0.3404])

    References
    ----------
    Newcombe 1998, Statistics in Medicine 17, 2635-2650, method 10
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    kind: ClassVar[str] = "paired difference"

    def __post_init__(self) -> None:
        if self.n == 0:
            raise ValueError("got no rows, wanted one or more")

    @classmethod
    def of(cls, first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> PairedDifference:
        """Return it from whether each is right, shape (rows,)."""
        cells = (first & second, first & ~second, ~first & second, ~first & ~second)
        return cls(*(int(cell.sum()) for cell in cells))

    @property
    def n(self) -> int:
        """Rows."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def estimate(self) -> float:
        """The first rate less the second."""
        return (self.only_first - self.only_second) / self.n

    def limits(self, z: float) -> tuple[float, float]:
        """Return both limits at z."""
        one, two = (self.both + self.only_first) / self.n, (self.both + self.only_second) / self.n
        (low1, high1), (low2, high2) = wilson_limits(one, self.n, z), wilson_limits(two, self.n, z)
        phi = self._correlation()
        below = (one - low1) ** 2 - 2 * phi * (one - low1) * (high2 - two) + (high2 - two) ** 2
        above = (high1 - one) ** 2 - 2 * phi * (high1 - one) * (two - low2) + (two - low2) ** 2
        half = max(below, 0.0) ** 0.5, max(above, 0.0) ** 0.5
        return max(-1.0, self.estimate - half[0]), min(1.0, self.estimate + half[1])

    def _correlation(self) -> float:
        """Return φ of being right, with Newcombe's correction for continuity where it is positive."""
        a, b, c, d = self.both, self.only_first, self.only_second, self.neither
        margins = float(a + b) * (c + d) * (a + c) * (b + d)
        if margins == 0:
            return 0.0
        product = float(a * d - b * c)
        return (max(product - self.n / 2, 0.0) if product > 0 else product) / math.sqrt(margins)

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.limits(z_quantile(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.limits(z_quantile(confidence))[1]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, **asdict(self)}
