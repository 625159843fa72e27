"""What a measure's bounds are functions of: small frozen values that give a bound at any confidence.

Each has ``estimate``; ``limits(z)``, two one-sided limits at a normal quantile; ``lower`` and ``upper`` at a confidence;
and ``as_dict``, from which `from_dict` makes it again, so that an audit is judged later without its data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Literal, Protocol, cast

import numpy as np

from auditkit.stats import auc
from auditkit.stats.intervals import (
    Array,
    clopper_pearson_lower,
    mover_difference,
    mover_ratio,
    studentized_range_quantile,
    wilson,
    wilson_limits,
    z_quantile,
)

Gap = Literal["difference", "ratio"]
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

    ``fisher`` is the scale of artanh, for correlations. ``bias`` is the most by which the estimate is too high on average;
    the lower end gives it away.
    """

    value: float
    standard_error: float
    scale: Literal["identity", "logit", "log", "fisher"] = "identity"
    df: float | None = None
    low: float | None = None
    high: float | None = None
    bias: float = 0.0
    kind: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        if self.scale == "log" and not self.value > 0:
            raise ValueError(f"got {self.value} on the log scale, wanted a value above 0")
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
class Pair:
    """A difference (first − second) or ratio (first ÷ second) of two estimates: MOVER from the limits of each.

    Where the second was chosen among `family` groups by its value, the bounds on the side of a violation (of a difference
    both, of a ratio the upper) are simultaneous over all pairs of them, as in `WorstPair`.
    """

    of: Gap
    members: tuple[Uncertainty, ...]
    family: int | None = None
    kind: ClassVar[str] = "pair"

    def __post_init__(self) -> None:
        if len(self.members) != 2:
            raise ValueError(f"got {len(self.members)} estimates, wanted two")
        if self.of == "ratio" and self.members[1].estimate <= 0:
            raise ValueError("the ratio is undefined: the second estimate is 0")

    @property
    def estimate(self) -> float:
        """First − second, or first ÷ second."""
        first, second = (member.estimate for member in self.members)
        return first - second if self.of == "difference" else first / second

    def limits(self, z: float) -> tuple[float, float]:
        """Return both limits at z; of a ratio the upper may be infinite."""
        ends = [np.array(end) for member in self.members for end in (member.estimate, *member.limits(z))]
        below, above = (mover_difference if self.of == "difference" else mover_ratio)(*ends)
        return float(below), float(above)

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.limits(z_quantile(confidence) if self.of == "ratio" else self._z(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.limits(self._z(confidence))[1]

    def _z(self, confidence: float) -> float:
        if self.family is None:
            return z_quantile(confidence)
        return studentized_range_quantile(confidence, self.family) / math.sqrt(2)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        members = [member.as_dict() for member in self.members]
        return {"kind": self.kind, "of": self.of, "members": members, "family": self.family}


@dataclass(frozen=True, slots=True)
class WorstPair:
    """The largest difference (highest − lowest) or smallest ratio (lowest ÷ highest) over two or more groups.

    On the side of a violation (a difference's lower, a ratio's upper bound) limits are simultaneous over all pairs,
    z = q(confidence; k, ∞)/√2 (Tukey-Kramer); on the other side each pair has the plain z (an intersection-union test).
    """

    of: Gap
    members: tuple[Uncertainty, ...]
    kind: ClassVar[str] = "worst pair"

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise ValueError(f"got {len(self.members)} group, wanted at least two")
        if self.of == "ratio" and max(member.estimate for member in self.members) <= 0:
            raise ValueError("the ratio is undefined: the value is 0 in every group")

    @property
    def estimate(self) -> float:
        """Highest − lowest, or lowest ÷ highest."""
        values = [member.estimate for member in self.members]
        return max(values) - min(values) if self.of == "difference" else min(values) / max(values)

    def _pairs(self, z: float) -> tuple[Array, Array]:
        value = np.array([member.estimate for member in self.members])
        if all(isinstance(member, Proportion) for member in self.members):
            counts = np.array([(m.successes, m.n) for m in cast("tuple[Proportion, ...]", self.members)])
            low, high = wilson(counts[:, 0], counts[:, 1], z)
        else:
            low, high = np.array([member.limits(z) for member in self.members]).T
        first, second = np.nonzero(~np.eye(len(value), dtype=bool))
        mover = mover_difference if self.of == "difference" else mover_ratio
        return mover(value[first], low[first], high[first], value[second], low[second], high[second])

    def _simultaneous(self, confidence: float) -> float:
        return studentized_range_quantile(confidence, len(self.members)) / math.sqrt(2)

    def limits(self, z: float) -> tuple[float, float]:
        """Return the extreme of the pairwise limits at z, uncorrected."""
        low, high = self._pairs(z)
        if self.of == "difference":
            return max(0.0, float(low.max())), float(high.max())
        return float(low.min()), min(1.0, float(high.min()))

    def lower(self, confidence: float) -> float:
        """Return the lower bound: simultaneous for a difference, plain for a ratio."""
        return self.limits(self._simultaneous(confidence) if self.of == "difference" else z_quantile(confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the upper bound: plain for a difference, simultaneous for a ratio."""
        return self.limits(z_quantile(confidence) if self.of == "difference" else self._simultaneous(confidence))[1]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "of": self.of, "members": [member.as_dict() for member in self.members]}


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest or smallest of several; the side of a violation shares the error among them."""

    of: Literal["max", "min"]
    members: tuple[Uncertainty, ...]
    kind: ClassVar[str] = "extreme"

    @property
    def estimate(self) -> float:
        """The largest or smallest estimate."""
        return (max if self.of == "max" else min)(member.estimate for member in self.members)

    def limits(self, z: float) -> tuple[float, float]:
        """Return the extreme of the members' limits at z, uncorrected."""
        pick = max if self.of == "max" else min
        ends = [member.limits(z) for member in self.members]
        return pick(low for low, _ in ends), pick(high for _, high in ends)

    def lower(self, confidence: float) -> float:
        """Return the lower bound: shared error for a maximum, plain for a minimum."""
        if self.of == "max":
            shared = 1 - (1 - confidence) / len(self.members)
            return max(member.lower(shared) for member in self.members)
        return min(member.lower(confidence) for member in self.members)

    def upper(self, confidence: float) -> float:
        """Return the upper bound: plain for a maximum, shared error for a minimum."""
        if self.of == "min":
            shared = 1 - (1 - confidence) / len(self.members)
            return min(member.upper(shared) for member in self.members)
        return max(member.upper(confidence) for member in self.members)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"kind": self.kind, "of": self.of, "members": [member.as_dict() for member in self.members]}


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest, central and highest estimate: no confidence belongs to it."""

    low: float
    value: float
    high: float
    kind: ClassVar[str] = "range"

    @property
    def estimate(self) -> float:
        """The central estimate."""
        return self.value

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
        return {"kind": self.kind, "low": self.low, "value": self.value, "high": self.high}


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


_KINDS: dict[str, Any] = {
    cls.kind: cls
    for cls in (
        Proportion,
        EffectiveProportion,
        Normal,
        AreaUnderCurve,
        Pair,
        WorstPair,
        Extreme,
        Range,
        Exact,
        Replicates,
    )
}


def from_dict(data: Mapping[str, Any]) -> Uncertainty:
    """Return the uncertainty that ``as_dict`` wrote.

    Raises
    ------
    ValueError
        If its kind is unknown.
    """
    rest = {name: value for name, value in data.items() if name != "kind"}
    if data["kind"] not in _KINDS:
        raise ValueError(f"unknown kind of uncertainty {data['kind']!r}")
    if "members" in rest:
        rest["members"] = tuple(from_dict(member) for member in rest["members"])
    if "quantiles" in rest:
        rest["quantiles"] = tuple(rest["quantiles"])
    return cast("Uncertainty", _KINDS[data["kind"]](**rest))
