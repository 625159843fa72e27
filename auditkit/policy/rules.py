"""What a policy says: rules and waivers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from auditkit.errors import ConfigurationError
from auditkit.finding import Scalar

Severity = Literal["block", "warn", "info"]
Prove = Literal["violation", "compliance"]
LimitKind = Literal["min", "max", "measured"]
Address = str | tuple[str, ...] | Mapping[str, Scalar] | None
ANY = "*"


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of what a rule demands.

    Attributes
    ----------
    value : float or None
        None where it is only demanded that something was measured.
    kind : {'min', 'max', 'measured'}
    of_change : bool
        The limit is on the change since the baseline.
    ratio : bool
        That change is how many times as large it is.
    """

    value: float | None
    kind: LimitKind
    of_change: bool = False
    ratio: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A limit on one measure, or on all measures of a pattern.

    ``measure`` may hold ``*`` for any part between dots. ``group``: a column (the gap over it), several (the gap over
    their intersection), ``*`` (the gap over each sensitive column), a mapping (that group), or None (all rows).
    ``each_group``: every group of that column, ``*`` of every sensitive column. One of `min`, `max`, `between`,
    `max_increase`, `max_decrease`, `max_ratio`, `no_worse_than_baseline` and `measured` says what is demanded.
    """

    id: str
    measure: str
    group: Address = None
    each_group: str | None = None
    min: float | None = None
    max: float | None = None
    between: tuple[float, float] | None = None
    max_increase: float | None = None
    max_decrease: float | None = None
    max_ratio: float | None = None
    no_worse_than_baseline: bool = False
    measured: bool = False
    confidence: float = 0.95
    severity: Severity = "block"
    why: str = ""
    owner: str = ""
    on_missing: Literal["fail", "warn"] = "fail"
    max_not_covered: float = 0.05
    dataset: str = "test"
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def limits(self, direction: str = "none") -> tuple[Limit, ...]:
        """Return what is demanded: two limits of ``between``, else one.

        Parameters
        ----------
        direction : {'higher', 'lower', 'none'}
            Which way is better for the measure: it says what "worse" is.

        Raises
        ------
        ConfigurationError
            If no limit was given, or "worse" has no meaning for the measure.
        """
        if self.between is not None:
            return Limit(self.between[0], "min"), Limit(self.between[1], "max")
        if self.min is not None:
            return (Limit(self.min, "min"),)
        if self.max is not None:
            return (Limit(self.max, "max"),)
        if self.max_increase is not None:
            return (Limit(self.max_increase, "max", True),)
        if self.max_decrease is not None:
            return (Limit(-self.max_decrease, "min", True),)
        if self.max_ratio is not None:
            return (Limit(self.max_ratio, "max", True, True),)
        if self.no_worse_than_baseline:
            if direction == "none":
                raise ConfigurationError(
                    f"rule {self.id!r}: neither way is better for {self.measure}, so nothing is worse; "
                    "give max_increase or max_decrease"
                )
            return (Limit(0.0, "max" if direction == "lower" else "min", True),)
        if self.measured:
            return (Limit(None, "measured"),)
        raise ConfigurationError(
            f"rule {self.id!r} has no limit; give one of min, max, between, max_increase, max_decrease, "
            "max_ratio, no_worse_than_baseline, measured"
        )

    @property
    def of_change(self) -> bool:
        """Whether the rule judges the change since a baseline."""
        changes = (self.max_increase, self.max_decrease, self.max_ratio)
        return self.no_worse_than_baseline or any(change is not None for change in changes)

    @property
    def is_pattern(self) -> bool:
        """Whether the measure is a pattern."""
        return ANY in self.measure

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule names, by a gap over them or by a group of them."""
        named = [self.group] if isinstance(self.group, str) else list(self.group or ())
        return tuple(str(column) for column in [*named, self.each_group] if column not in (None, ANY))

    def covers(self, measure: str) -> bool:
        """Return whether a measure, as ``finding.name``, is meant; ``*`` stands for any part without a dot."""
        pattern = re.escape(self.measure).replace(r"\*", "[^.]*")
        return re.fullmatch(pattern, measure) is not None

    def applies(self, deployment: Mapping[str, object]) -> bool:
        """Return whether the rule is for this environment and risk class; where neither is stated, it is."""
        return all(
            deployment.get(name) is None or str(deployment[name]) in wanted for name, wanted in self.applies_to.items()
        )


class Place(NamedTuple):
    """Where something stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A rule's breach that somebody accepted, until a day (inclusive).

    ``group`` is addressed as in a rule: a column or several (the gap over them), a mapping (that group), or None (all that the
    rule judges).
    """

    rule: str
    reason: str
    requested_by: str
    approved_by: str
    until: date
    group: Address = None
