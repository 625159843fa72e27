"""How a reason is worded: what the person holds, and what the reference rows hold; no direction that is not true."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.data.table import scalar
from auditkit.errors import did_you_mean
from auditkit.explainers.wording import one_line, shown
from auditkit.finding import Scalar
from auditkit.yamlfile import load_yaml

Texts = str | Mapping[str, str]
SIDES = ("below", "above", "missing")


@dataclass(frozen=True, slots=True)
class Compared:
    """What the reference rows hold in a column.

    Attributes
    ----------
    who : str
    median, mean : float or None
        Of a column of numbers; None elsewhere, or where no row holds a number.
    most_frequent : scalar
        Of any other column; None where no row holds a value.
    share : float
        Of the rows that hold a value: how many hold that one.
    """

    who: str
    median: float | None
    mean: float | None
    most_frequent: Scalar
    share: float

    @classmethod
    def of(cls, column: Any, who: str) -> Compared:
        """Read a pandas column."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        known = column.dropna()
        if is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype):
            if not len(known):
                return cls(who, None, None, None, 0.0)
            return cls(who, float(known.median()), float(known.mean()), None, 0.0)
        counts: dict[Scalar, int] = {}
        for value in known:
            counts[scalar(value)] = counts.get(scalar(value), 0) + 1
        if not counts:
            return cls(who, None, None, None, 0.0)
        top = min(counts, key=lambda value: (-counts[value], str(value)))
        return cls(who, None, None, top, counts[top] / len(known))

    def centre(self, value: Scalar) -> tuple[str, float]:
        """Return what a number is compared with: the median, or the mean where it equals the median (most hold 0, say)."""
        median, mean = float(self.median or 0), float(self.mean or 0)
        return (
            ("mean", mean) if value == median and not math.isclose(mean, median, abs_tol=1e-12) else ("median", median)
        )

    def side(self, value: Scalar) -> str:
        """Return ``missing``, or ``below`` or ``above`` the centre, or an empty text where neither is true."""
        if value is None:
            return "missing"
        if self.median is None or isinstance(value, bool | str):
            return ""
        centre = self.centre(value)[1]
        return "below" if value < centre else "above" if value > centre else ""


def reason_text(column: str, value: Scalar, compared: Compared, given: Texts | None = None) -> str:
    """Return a statement of fact: the person's value, and the reference's median or most frequent value.

    Parameters
    ----------
    column : str
    value : scalar
        None: missing.
    compared : Compared
    given : str or mapping, optional
        A text of one's own, which is used as it is; never for a missing value, of which it would not be true. A mapping has
        one for each of ``below`` and ``above`` the reference's median (of a value equal to it: the mean), and ``missing``; what it lacks is worded as usual.

    Examples
    --------
    >>> near = Compared("approved applicants near the threshold", 31000.0, 35000.0, None, 0.0)
    >>> reason_text("Income", 20400, near)
    'Income: 20,400, below the median 31,000 of approved applicants near the threshold'
    >>> reason_text("Income", None, near)
    'Income missing'
    >>> reason_text("Income", 20400, near, {"below": "Income insufficient"})
    'Income insufficient'
    """
    side = compared.side(value)
    own = given.get(side) if isinstance(given, Mapping) else given if side != "missing" else None
    if own:
        return one_line(own)
    name = one_line(column)
    if value is None:
        return f"{name} missing"
    if compared.median is not None:
        name_of, centre = compared.centre(value)
        where = f"{side} the {name_of} {shown(centre)}" if side else "equal to the median"
        return f"{name}: {shown(value)}, {where} of {compared.who}"
    if compared.most_frequent is None:
        return f"{name}: {shown(value)} (missing for all {compared.who})"
    most = f"{shown(compared.most_frequent)}, {compared.share:.0%}"
    if value == compared.most_frequent:
        return f"{name}: {shown(value)} (held by {compared.share:.0%} of {compared.who})"
    return f"{name}: {shown(value)} (most frequent among {compared.who}: {most})"


def read_texts(path: Path, features: tuple[str, ...]) -> dict[str, Texts]:
    """Read statements from a YAML file: column to text, or to a mapping of ``below``, ``above`` and ``missing``.

    Raises
    ------
    ConfigurationError
        If the file is missing or wrong, or names a column that the model does not read; with the line.
    """
    text = {"type": "string", "minLength": 1}
    sides = {
        "type": "object",
        "properties": dict.fromkeys(SIDES, text),
        "additionalProperties": False,
        "minProperties": 1,
    }
    document = load_yaml(path, {"type": "object", "additionalProperties": {"anyOf": [text, sides]}})
    for name in document.data:
        if name not in features:
            raise document.error(f"{name!r} is no column that the model reads.{did_you_mean(name, features)}", name)
    return document.data
