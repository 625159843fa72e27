"""What an auditor returns: measures and evidence, gathered in a finding."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from auditkit.stats.uncertainty import Uncertainty

Scalar = str | int | float | bool | None
Cell = Scalar
Direction = Literal["higher", "lower", "none"]
Dataset = Literal["test", "train", "released", "none"]
MeasureStatus = Literal["measured", "undefined", "insufficient", "suppressed"]
FindingStatus = Literal["measured", "not applicable", "insufficient data", "error", "skipped"]
EvidenceKind = Literal["table", "intervals", "curve", "bars", "matrix", "beeswarm", "waterfall"]
MISSING_LABEL = "(missing)"


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the rows: those with these values in these columns.

    A value of ``None`` means that the column is missing there; it is shown as ``(missing)``.

    Examples
    --------
    >>> str(Group.of({"sex": "Female", "race": None}))
    'Female, (missing)'
    """

    items: tuple[tuple[str, Scalar], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Scalar]) -> Group:
        """Return the group with these values, columns in the order given."""
        return cls(tuple(values.items()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that define it."""
        return tuple(column for column, _ in self.items)

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The values in those columns."""
        return tuple(value for _, value in self.items)

    def as_dict(self) -> dict[str, Scalar]:
        """Return column → value."""
        return dict(self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def __str__(self) -> str:
        return ", ".join(MISSING_LABEL if value is None else str(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Interval:
    """Two numbers that bound a measure, and how they were made.

    ``kind``: ``interval`` (statistical, at `level`), ``range`` (lowest to highest estimate, no level) or
    ``exact`` (a count: both ends are the value). ``sided``: ``two`` (one interval at `level`) or ``each``
    (each end is a one-sided bound at `level`).
    """

    low: float
    high: float
    level: float | None
    sided: Literal["two", "each"]
    kind: Literal["interval", "range", "exact"]
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number with its unit, direction, group, evidence and bounds.

    Parameters
    ----------
    name : str
        Name within the finding, e.g. ``ratio``; in a policy it is finding id + "." + name.
    value : float, int or None
        None unless `status` is ``measured``. NaN and infinity are refused.
    unit : str
        ``rate``, ``difference``, ``ratio``, ``count``, ``probability``, ``gCO2e/1000 predictions``, ...
    direction : {'higher', 'lower', 'none'}
        Which way is better.
    dataset : {'test', 'train', 'released', 'none'}
    group : Group
        The rows it speaks of; empty for all rows.
    over : tuple of str
        For a gap or ratio: the columns whose groups it compares.
    worst, best : Group or None
        For a gap or ratio: the two groups that make it.
    n : int or None
        Rows it rests on.
    status : {'measured', 'undefined', 'insufficient', 'suppressed'}
    reason : str or None
        Why it is not measured; required then.
    interval : Interval or None
        What is shown.
    uncertainty : Uncertainty or None
        What any bound is a function of.
    not_covered : float
        For a gap: share of rows in groups that could not be evaluated.
    expected : float or None
        For a gap or ratio: what chance alone would show if all groups had the same rate.
    detectable : float or None
        For a gap or ratio: the smallest gap (largest ratio) between any two groups that these rows would have shown to be
        one, with 80 % power at 95 % confidence.
    volatile : bool
        Depends on a clock: stands outside the digest of the evidence.

    Raises
    ------
    ValueError
        If the value is not finite, or value and status contradict each other.
    """

    name: str
    value: float | int | None
    unit: str
    direction: Direction
    dataset: Dataset = "test"
    group: Group = Group()
    over: tuple[str, ...] = ()
    worst: Group | None = None
    best: Group | None = None
    n: int | None = None
    status: MeasureStatus = "measured"
    reason: str | None = None
    interval: Interval | None = None
    uncertainty: Uncertainty | None = None
    not_covered: float = 0.0
    expected: float | None = None
    detectable: float | None = None
    volatile: bool = False

    def __post_init__(self) -> None:
        if (self.value is None) == (self.status == "measured"):
            raise ValueError(f"measure {self.name!r}: value {self.value!r} contradicts status {self.status!r}")
        if self.value is None and not self.reason:
            raise ValueError(f"measure {self.name!r} is {self.status} without a reason")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"measure {self.name!r} has the value {self.value!r}; undefined is a status with a reason")
        if self.interval is not None and not (math.isfinite(self.interval.low) and math.isfinite(self.interval.high)):
            raise ValueError(f"measure {self.name!r} has an interval that is not finite: {self.interval!r}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an evidence table: its name, unit and what role it plays in a drawing."""

    name: str
    unit: str = ""
    role: Literal["label", "n", "value", "low", "high", "x", "y", "text", "count"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A table or a chart's data, with a title and a caption; never a drawn picture.

    ``intervals`` evidence has columns with the roles label, n, value, low, high.
    """

    id: str
    kind: EvidenceKind
    title: str
    caption: str
    alt: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    volatile: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"evidence {self.id!r}: a row has {len(row)} cells, the table {len(self.columns)} columns"
                )
            for cell in row:
                if isinstance(cell, float) and not math.isfinite(cell):
                    raise ValueError(f"evidence {self.id!r}: {cell!r} in a cell; write None")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One auditor's measures and evidence, with a status and, if nothing was measured, why.

    Attributes
    ----------
    id : str
        The auditor's id, e.g. ``fairness.demographic_parity``.
    title, description, method, caveat, reference : str
        From the auditor's docstring: what it measures, how, when it misleads, the source.
    options : mapping
        The options it ran with.
    """

    id: str
    title: str
    status: FindingStatus
    reason: str | None = None
    description: str = ""
    method: str = ""
    caveat: str = ""
    reference: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    volatile: bool = False

    def __repr__(self) -> str:
        return f"Finding({self.id!r}, {self.status}, {len(self.measures)} measures)"

    def measure(self, name: str, group: Mapping[str, Scalar] | None = None, over: Iterable[str] | str = ()) -> Measure:
        """Return one measure by name, group and what it runs over.

        Raises
        ------
        KeyError
            If the finding has no such measure.
        """
        wanted = (over,) if isinstance(over, str) else tuple(over)
        for candidate in self.measures:
            if candidate.name == name and candidate.group.as_dict() == dict(group or {}) and candidate.over == wanted:
                return candidate
        raise KeyError(f"{self.id} has no measure {name!r} for group {dict(group or {})!r} over {wanted!r}")
