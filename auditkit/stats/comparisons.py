"""Several estimates compared: two of them, the furthest two of many, or the worse of several comparisons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np

from auditkit.stats.estimates import Proportion, Uncertainty
from auditkit.stats.intervals import (
    Array,
    mover_difference,
    mover_ratio,
    studentized_range_quantile,
    wilson,
    z_quantile,
)

Gap = Literal["difference", "ratio"]


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
    """The largest or smallest of several; the side of a violation shares the error among them.

    Where the members are only those of `family` comparisons that can decide a bound, the error is shared among all of these.
    """

    of: Literal["max", "min"]
    members: tuple[Uncertainty, ...]
    family: int | None = None
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
            shared = 1 - (1 - confidence) / (self.family or len(self.members))
            return max(member.lower(shared) for member in self.members)
        return min(member.lower(confidence) for member in self.members)

    def upper(self, confidence: float) -> float:
        """Return the upper bound: plain for a maximum, shared error for a minimum."""
        if self.of == "min":
            shared = 1 - (1 - confidence) / (self.family or len(self.members))
            return min(member.upper(shared) for member in self.members)
        return max(member.upper(confidence) for member in self.members)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        found = {"kind": self.kind, "of": self.of, "members": [member.as_dict() for member in self.members]}
        return found if self.family is None else {**found, "family": self.family}
