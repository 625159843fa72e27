"""Which columns a person could change, how far and at which cost: the section ``recourse`` of audit.yaml, checked."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from auditkit.data.scan import Scan
from auditkit.data.table import Table
from auditkit.errors import DataError, did_you_mean
from auditkit.finding import Scalar

Way = Literal["up", "down", "both"]
MOST_CHANGES = 3
_MOST_ALLOWED = 5
_NUMBERS = ("integer", "number")
_KEYS = ("columns", "most_changes", "default")
_NUMERIC_KEYS = ("least", "most", "step", "farthest")
_COLUMN_KEYS = ("immutable", "direction", *_NUMERIC_KEYS, "to", "order", "cost")


class PermittedError(DataError):
    """The section contradicts itself or the data; `keys` is the way to the place within it."""

    def __init__(self, message: str, keys: tuple[str, ...] = ()) -> None:
        self.plain, self.keys = message, keys
        super().__init__(f"recourse{''.join(f'.{key}' for key in keys)}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What may be changed of one column.

    Attributes
    ----------
    column : str
    numeric : bool
        Whether it moves along numbers; else among categories.
    direction : {'up', 'down', 'both'}
        Along the numbers, or along `order`.
    least, most : float, optional
        The new value lies between them.
    step : float, optional
        The new value is a multiple of it.
    farthest : float, optional
        The value moves by at most this.
    to : tuple of scalars, optional
        The categories that may be taken; None: every one that occurs.
    order : tuple of scalars
        Categories from lowest to highest; empty: they have no order.
    cost : float
        Weight of the change.
    """

    column: str
    numeric: bool
    direction: Way = "both"
    least: float | None = None
    most: float | None = None
    step: float | None = None
    farthest: float | None = None
    to: tuple[Scalar, ...] | None = None
    order: tuple[Scalar, ...] = ()
    cost: float = 1.0

    def __str__(self) -> str:
        parts = []
        if self.numeric or self.order:
            parts.append({"up": "up only", "down": "down only", "both": "up or down"}[self.direction])
        if self.order:
            parts.append(" < ".join(map(str, self.order)))
        if self.to is not None:
            parts.append(f"to {', '.join(map(str, self.to))}")
        elif not self.numeric and not self.order:
            parts.append("to any category")
        words = {"least": "at least", "most": "at most", "step": "in steps of", "farthest": "by at most"}
        parts += [f"{said} {getattr(self, key):,g}" for key, said in words.items() if getattr(self, key) is not None]
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Permitted:
    """The changes a person could make: one for each column that may change, at most `most_changes` of them at once."""

    changes: tuple[Change, ...]
    most_changes: int = MOST_CHANGES


@dataclass(frozen=True, slots=True)
class _Known:
    """What the section is held against."""

    features: Sequence[str]
    sensitive: Collection[str]
    rows: Sequence[Table | Scan]

    @property
    def types(self) -> Mapping[str, str]:
        return self.rows[0].types

    def values(self, column: str) -> list[Scalar] | None:
        """Return the values that occur; None where rows stay in their files."""
        if not all(isinstance(rows, Table) for rows in self.rows):
            return None
        return [value for rows in self.rows if isinstance(rows, Table) for value in rows.values(column)]


def permitted_changes(
    section: Mapping[str, Any], *, features: Sequence[str], sensitive: Collection[str], rows: Sequence[Table | Scan]
) -> Permitted:
    """Return the permitted changes of a section ``recourse``.

    Parameters
    ----------
    section : mapping
    features : sequence of str
        The columns that the model reads.
    sensitive : collection of str
    rows : sequence of tables
        The test rows first; types are theirs, categories those of all.

    Notes
    -----
    Sensitive columns are immutable whatever the section says, and so is every column that it does not name, unless
    ``default: free``; columns of dates are never free.

    Raises
    ------
    PermittedError
        If it names a column that the model does not read, changes a sensitive one, contradicts itself, or permits nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from auditkit.data.frames import table_from_frame
    >>> rows = [table_from_frame(pd.DataFrame({"income": [1.5, 2.0], "age": [30, 40]}))]
    >>> section = {"columns": {"income": {"direction": "up", "step": 500}}}
    >>> str(permitted_changes(section, features=["income", "age"], sensitive=["age"], rows=rows).changes[0])
    'up only; in steps of 500'
    """
    if not isinstance(section, Mapping):
        raise PermittedError(f"got {section!r}, wanted a mapping with columns")
    _refuse_unknown(section, _KEYS, ())
    known = _Known(features, sensitive, rows)
    columns, default = section.get("columns", {}), section.get("default", "immutable")
    if not isinstance(columns, Mapping):
        raise PermittedError(f"got {columns!r}, wanted a mapping of column to what may change", ("columns",))
    if default not in ("immutable", "free"):
        raise PermittedError(f"got {default!r}, wanted 'immutable' or 'free'", ("default",))
    most = section.get("most_changes", MOST_CHANGES)
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= _MOST_ALLOWED:
        raise PermittedError(f"got {most!r}, wanted a whole number from 1 to {_MOST_ALLOWED}", ("most_changes",))
    changes = [change for name, given in columns.items() for change in _named(str(name), given, known)]
    if default == "free":
        changes += list(_free(columns, known))
    if not changes:
        raise PermittedError(
            "permits no change; name a column that a person could change, e.g. income: {direction: up}"
        )
    order = {name: place for place, name in enumerate(known.features)}
    return Permitted(tuple(sorted(changes, key=lambda change: order[change.column])), most)


def _free(named: Mapping[str, Any], known: _Known) -> Iterator[Change]:
    for name in known.features:
        if name not in named and name not in known.sensitive and known.types.get(name) not in ("date", "time"):
            yield Change(column=name, numeric=known.types.get(name) in _NUMBERS)


def _named(name: str, given: Any, known: _Known) -> Iterator[Change]:
    keys = ("columns", name)
    if not isinstance(given, Mapping):
        raise PermittedError(f"got {given!r}, wanted a mapping, e.g. {{direction: up}} or {{immutable: true}}", keys)
    _refuse_unknown(given, _COLUMN_KEYS, keys)
    if name not in known.types:
        raise PermittedError(f"the data have no column {name!r}.{did_you_mean(name, known.features)}", keys)
    immutable = given.get("immutable", False)
    if not isinstance(immutable, bool):
        raise PermittedError(f"got {immutable!r}, wanted true or false", (*keys, "immutable"))
    if immutable:
        if len(given) > 1:
            other = next(key for key in given if key != "immutable")
            raise PermittedError(f"immutable and {other} contradict each other; keep one", (*keys, other))
        return
    if name in known.sensitive:
        raise PermittedError(
            f"{name!r} is sensitive, and nobody is asked to change it; write immutable: true, or leave it out", keys
        )
    if name not in known.features:
        hint = did_you_mean(name, [other for other in known.features if other not in known.sensitive])
        raise PermittedError(f"the model does not read {name!r}, so a change there changes no decision.{hint}", keys)
    kind = known.types[name]
    if kind in ("date", "time"):
        raise PermittedError(f"{name!r} holds {kind}s, which are not changed; write immutable: true", keys)
    yield _change(name, given, kind, known.values(name) if {"to", "order"} & set(given) else None)


def _change(name: str, given: Mapping[str, Any], kind: str, values: Sequence[Scalar] | None) -> Change:
    keys = ("columns", name)
    direction = given.get("direction", "both")
    if direction not in ("up", "down", "both"):
        hint = did_you_mean(str(direction), ["up", "down", "both"])
        raise PermittedError(f"got {direction!r}, wanted up, down or both.{hint}", (*keys, "direction"))
    lists = {key: _categories(given[key], values, (*keys, key)) for key in ("to", "order") if key in given}
    numeric = kind in _NUMBERS and not lists
    numbers = {key: _number(given[key], (*keys, key)) for key in _NUMERIC_KEYS if key in given}
    if numbers and not numeric:
        key = next(iter(numbers))
        held = "is given categories" if lists else f"holds {kind}"
        raise PermittedError(f"{name!r} {held}, and {key} speaks of numbers; name categories with to:", (*keys, key))
    if "direction" in given and not numeric and "order" not in lists:
        raise PermittedError(
            f"{name!r} has no order; name its categories from lowest to highest with order:, or use to:",
            (*keys, "direction"),
        )
    outside = [value for value in lists.get("to", ()) if "order" in lists and value not in lists["order"]]
    if outside:
        raise PermittedError(f"{outside[0]!r} does not stand in order", (*keys, "to"))
    _check_numbers(numbers, kind, keys)
    cost = _number(given.get("cost", 1.0), (*keys, "cost"))
    if cost <= 0:
        raise PermittedError(f"got {cost:g}, wanted a number above 0", (*keys, "cost"))
    return Change(
        column=name,
        numeric=numeric,
        direction=direction,
        to=lists.get("to"),
        order=lists.get("order", ()),
        cost=cost,
        **numbers,
    )


def _check_numbers(numbers: Mapping[str, float], kind: str, keys: tuple[str, ...]) -> None:
    for key in ("step", "farthest"):
        if key in numbers and numbers[key] <= 0:
            raise PermittedError(f"got {numbers[key]:g}, wanted a number above 0", (*keys, key))
    if kind == "integer" and numbers.get("step", 1.0) % 1:
        raise PermittedError(f"got {numbers['step']:g}, but the column holds whole numbers", (*keys, "step"))
    if numbers.get("least", -math.inf) > numbers.get("most", math.inf):
        raise PermittedError(f"least {numbers['least']:g} is above most {numbers['most']:g}", (*keys, "least"))


def _number(value: Any, keys: tuple[str, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PermittedError(f"got {value!r}, wanted a number", keys)
    return float(value)


def _categories(given: Any, values: Sequence[Scalar] | None, keys: tuple[str, ...]) -> tuple[Scalar, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise PermittedError(f"got {given!r}, wanted a list of categories", keys)
    twice = [value for place, value in enumerate(given) if value in given[:place]]
    if twice:
        raise PermittedError(f"names {twice[0]!r} twice; name it once", keys)
    unknown = [value for value in given if value is None or (values is not None and value not in values)]
    if unknown:
        hint = did_you_mean(str(unknown[0]), [str(value) for value in values or () if value is not None])
        raise PermittedError(f"{unknown[0]!r} does not occur in the column.{hint}", keys)
    return tuple(given)


def _refuse_unknown(given: Mapping[str, Any], allowed: Sequence[str], keys: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise PermittedError(f"unknown key {key!r}.{did_you_mean(str(key), allowed)}", (*keys, str(key)))
