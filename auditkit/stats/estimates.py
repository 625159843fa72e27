"""One estimate and its bounds at any confidence: shares, means, areas, ranges, counts, bootstraps.

Each has ``estimate``; ``limits(z)``, two one-sided limits at a normal quantile; ``lower`` and ``upper`` at a confidence; and
``as_dict``, from which `uncertainty.from_dict` makes it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from auditkit.stats import auc
from auditkit.stats.intervals import clopper_pearson_lower, wilson_limits, z_quantile

_FEW = 100
_LARGEST = 700.0
_TINY = 1e-9


class Uncertainty(Protocol):
    """Bounds at any confidence."""

    @property
    def kind(self) -> str:
        """The name in the record."""

    @property
    def estimate(self) -> float:
        """The value that the bounds are about."""

    def limits(self, z: float) -> tuple[float, float]:
        """Return both one-sided limits at the normal quantile z."""

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of rows, `successes` of `n`: Wilson limits on display and in gaps, Clopper-Pearson bounds in rulings.

    A one-sided Wilson bound is wrong in up to 14 % of samples of 30 and 9 % of samples of 100 where the rate is extreme
    (exact enumeration); a ruling promises at most 5 %, which only the exact bound keeps everywhere.
    """

    successes: int
    n: int
    kind: ClassVar[str] = "proportion"

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.n or self.n == 0:
            raise ValueError(f"got {self.successes} successes of {self.n}, wanted 0 <= successes <= n and n > 0")

    @property
    def estimate(self) -> float:
        """Successes ÷ n."""
        return self.successes / self.n

    def limits(self, z: float) -> tuple[float, float]:
        """Return Wilson's limits."""
        return wilson_limits(self.successes / self.n, self.n, z)

    def lower(self, confidence: float) -> float:
        """Return the exact one-sided lower bound."""
        return clopper_pearson_lower(self.successes, self.n, confidence)

    def upper(self, confidence: float) -> float:
        """Return the exact one-sided upper bound."""
        return 1 - clopper_pearson_lower(self.n - self.successes, self.n, confidence)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "successes": self.successes, "n": self.n}


@dataclass(frozen=True, slots=True)
class EffectiveProportion:
    """A share of weighted or clustered rows: Wilson limits at the effective sample size, with t quantiles.

    ``n`` is value·(1 − value) ÷ variance, the size of a simple random sample that would be as precise; ``df`` the
    degrees of freedom of that variance.
    """

    value: float
    n: float
    df: float
    kind: ClassVar[str] = "effective proportion"

    def __post_init__(self) -> None:
        if not (0 <= self.value <= 1 and self.n > 0 and self.df > 0):
            raise ValueError(f"got {self.value} of {self.n} with {self.df} degrees of freedom, wanted 0..1, > 0, > 0")

    @property
    def estimate(self) -> float:
        """The weighted share."""
        return self.value

    def limits(self, z: float) -> tuple[float, float]:
        """Return Wilson's limits at the effective size; z is taken to the t quantile of the same confidence."""
        return wilson_limits(self.value, self.n, _t(z, self.df))

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.limits(z_quantile(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.limits(z_quantile(confidence))[1]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "value": self.value, "n": self.n, "df": self.df}


@dataclass(frozen=True, slots=True)
class Normal:
    """An estimate ± z (or t) standard errors on a scale, clipped to [low, high]; the error is on that scale.

    ``fisher`` is the scale of artanh, for correlations; ``log of the rest`` that of ln(1 − value), for values that end at 1 and
    may be far below 0, such as R². ``bias`` is the most by which the estimate is too high on average;
    the lower end gives it away.
    """

    value: float
    standard_error: float
    scale: Literal["identity", "logit", "log", "fisher", "log of the rest"] = "identity"
    df: float | None = None
    low: float | None = None
    high: float | None = None
    bias: float = 0.0
    kind: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        if self.scale == "log" and not self.value > 0:
            raise ValueError(f"got {self.value} on the log scale, wanted a value above 0")
        if self.scale == "log of the rest" and not self.value < 1:
            raise ValueError(f"got {self.value} on the scale of ln(1 − value), wanted a value below 1")
        if self.scale == "fisher" and not -1 < self.value < 1:
            raise ValueError(f"got {self.value} on Fisher's scale, wanted a value between -1 and 1")
        if self.scale == "logit" and not 0 < self.value < 1:
            raise ValueError(f"got {self.value} on the logit scale, wanted a value between 0 and 1")

    @property
    def estimate(self) -> float:
        """The estimate."""
        return self.value

    def limits(self, z: float) -> tuple[float, float]:
        """Return both limits; with degrees of freedom, z is taken to the t quantile of the same confidence."""
        half = (z if self.df is None else _t(z, self.df)) * self.standard_error
        if self.scale == "log":
            ends = (self.value * math.exp(-half), self.value * math.exp(min(half, _LARGEST)))
        elif self.scale == "log of the rest":
            ends = (1 - (1 - self.value) * math.exp(min(half, _LARGEST)), 1 - (1 - self.value) * math.exp(-half))
        elif self.scale == "logit":
            middle = math.log(self.value / (1 - self.value))
            ends = (_expit(middle - half), _expit(middle + half))
        elif self.scale == "fisher":
            middle = math.atanh(self.value)
            ends = (math.tanh(middle - half), math.tanh(middle + half))
        else:
            ends = (self.value - self.bias - half, self.value + half)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return min(max(ends[0], low), self.value), max(min(ends[1], high), self.value)

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.limits(z_quantile(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.limits(z_quantile(confidence))[1]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        names = ("value", "standard_error", "scale", "df", "low", "high", "bias")
        return {"kind": self.kind, **{name: getattr(self, name) for name in names}}


def _expit(x: float) -> float:
    """Return 1 ÷ (1 + exp(−x)), which does not overflow at either end."""
    small = math.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)


@lru_cache(maxsize=4096)
def _t(z: float, df: float) -> float:
    from scipy.special import ndtr, stdtrit

    # from the small tail: ndtr(z) is 1 from z = 8.3
    return -float(stdtrit(df, ndtr(-z)))


@dataclass(frozen=True, slots=True)
class AreaUnderCurve:
    """An AUC: score interval (Hanley-McNeil variance) below 100 positives or negatives, logit-DeLong above."""

    value: float
    positives: int
    negatives: int
    standard_error: float | None = None
    kind: ClassVar[str] = "auc"

    @property
    def estimate(self) -> float:
        """The AUC."""
        return self.value

    def limits(self, z: float) -> tuple[float, float]:
        """Return both limits."""
        few = min(self.positives, self.negatives) < _FEW
        if few or self.standard_error is None or not _TINY < self.value < 1 - _TINY:
            return auc.score_limits(self.value, self.positives, self.negatives, z)
        scaled = self.standard_error / (self.value * (1 - self.value))
        return Normal(self.value, scaled, "logit").limits(z)

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.limits(z_quantile(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.limits(z_quantile(confidence))[1]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        names = ("value", "positives", "negatives", "standard_error")
        return {"kind": self.kind, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest, central and highest estimate: no confidence belongs to it.

    ``runs`` holds the central estimates of runs that were repeated, and ``conditions`` what must be the same for two ranges to
    be set against each other (hardware, method, datum): what makes low and high is then common to both.
    """

    low: float
    value: float
    high: float
    runs: tuple[float, ...] = ()
    conditions: str = ""
    kind: ClassVar[str] = "range"

    @property
    def estimate(self) -> float:
        """The central estimate."""
        return self.value

    def times(self, factor: float) -> Range:
        """Return a range so many times as large."""
        runs = tuple(run * factor for run in self.runs)
        return Range(self.low * factor, self.value * factor, self.high * factor, runs, self.conditions)

    def limits(self, z: float) -> tuple[float, float]:
        """Return low and high, whatever z."""
        return self.low, self.high

    def lower(self, confidence: float) -> float:
        """Return the lowest estimate."""
        return self.low

    def upper(self, confidence: float) -> float:
        """Return the highest estimate."""
        return self.high

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        ends: dict[str, Any] = {"kind": self.kind, "low": self.low, "value": self.value, "high": self.high}
        return ends | ({"runs": list(self.runs), "conditions": self.conditions} if self.runs else {})


@dataclass(frozen=True, slots=True)
class Exact:
    """A count of a named table: both bounds are the value."""

    value: float
    kind: ClassVar[str] = "exact"

    @property
    def estimate(self) -> float:
        """The value."""
        return self.value

    def limits(self, z: float) -> tuple[float, float]:
        """Return the value twice."""
        return self.value, self.value

    def lower(self, confidence: float) -> float:
        """Return the value."""
        return self.value

    def upper(self, confidence: float) -> float:
        """Return the value."""
        return self.value

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "value": self.value}


@dataclass(frozen=True, slots=True)
class Replicates:
    """Equally spaced quantiles of a bootstrap distribution: of 199, the first is its 0.5 %, the last its 99.5 % point.

    Bounds are percentile bounds, interpolated between the quantiles; they need not contain the estimate. A confidence
    beyond the outermost quantile is refused, for the quantiles say nothing about it.
    """

    value: float
    quantiles: tuple[float, ...]
    kind: ClassVar[str] = "replicates"

    def __post_init__(self) -> None:
        if len(self.quantiles) < 1 or any(low > high for low, high in pairwise(self.quantiles)):
            raise ValueError(f"got {len(self.quantiles)} quantiles, wanted at least one, in ascending order")

    @property
    def estimate(self) -> float:
        """The estimate."""
        return self.value

    def _at(self, probability: float) -> float:
        count = len(self.quantiles)
        place = probability * (count + 1) - 1
        if not -1e-9 <= place <= count - 1 + 1e-9:
            raise ValueError(
                f"got a tail of {min(probability, 1 - probability):.3g}, but {count} quantiles end at {1 / (count + 1):.3g}: "
                "store more quantiles or ask for less confidence"
            )
        return float(np.interp(place, np.arange(count), self.quantiles))

    def limits(self, z: float) -> tuple[float, float]:
        """Return the quantiles at Φ(−z) and Φ(z)."""
        tail = 0.5 * math.erfc(z / math.sqrt(2))
        return self._at(tail), self._at(1 - tail)

    def lower(self, confidence: float) -> float:
        """Return the quantile at 1 − confidence."""
        return self._at(1 - confidence)

    def upper(self, confidence: float) -> float:
        """Return the quantile at confidence."""
        return self._at(confidence)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "value": self.value, "quantiles": list(self.quantiles)}
