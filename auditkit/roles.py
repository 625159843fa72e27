"""Which column is what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

from auditkit.data.scan import Scan
from auditkit.data.table import Table
from auditkit.errors import DataError, did_you_mean

Task = Literal["binary", "multiclass", "regression"]
MOST_GROUPS = 100
_ROUNDING = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which column is what."""

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    sensitive: tuple[str, ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    weight: str | None = None
    cluster: str | None = None
    time: str | None = None
    features: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return role → column name or names."""
        pairs = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs}

    @property
    def single(self) -> tuple[str, ...]:
        """The columns that have a role of their own, of which there is one each."""
        named = (self.label, self.prediction, self.score, self.weight, self.cluster, self.time)
        return tuple(column for column in named if column is not None)


def names_of(role: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return column names as a tuple.

    Raises
    ------
    DataError
        If one stands there twice.
    """
    listed = (names,) if isinstance(names, str) else tuple(names)
    twice = [name for index, name in enumerate(listed) if name in listed[:index]]
    if twice:
        raise DataError(f"{role} names the column {twice[0]!r} twice; name it once")
    return listed


def checked_roles(
    roles: Roles,
    test: Table | Scan,
    train: Table | None,
    features: Sequence[str] | None,
    asked: tuple[str, ...] | None,
) -> Roles:
    """Return the roles with their features filled in.

    Parameters
    ----------
    roles : Roles
    test, train : tables
    features : sequence of str, optional
        As the user named them.
    asked : tuple of str, optional
        As the model names them.

    Raises
    ------
    DataError
        If a column is missing in test or train.
    """
    named = [
        *roles.single,
        *roles.sensitive,
        *roles.quasi_identifiers,
        *roles.drop,
        *names_of("features", features or ()),
    ]
    for column in named:
        if column not in test.columns:
            raise DataError(f"the test data have no column {column!r}.{did_you_mean(column, test.columns)}")
    if features is not None:
        chosen = names_of("features", features)
        if asked is not None and set(chosen) == set(asked):
            chosen = asked  # some models read columns by position
    elif asked is not None:
        chosen = asked
    else:
        taken = {*roles.single, *roles.drop, *roles.sensitive}
        chosen = tuple(column for column in test.columns if column not in taken)
    if train is not None and roles.label and roles.label not in train.columns:
        raise DataError(f"the train data have no column {roles.label!r}.{did_you_mean(roles.label, train.columns)}")
    if train is not None and (
        lacking := [c for c in (*roles.sensitive, *roles.quasi_identifiers) if c not in train.columns]
    ):
        raise DataError(f"the train data have no column {lacking[0]!r}, the test data have; give both the same columns")
    return replace(roles, features=chosen)


def check_features(which: str, columns: Sequence[str], features: Sequence[str]) -> None:
    """Refuse data that lack a column that the model reads.

    Raises
    ------
    DataError
        Naming the first.
    """
    lacking = [column for column in features if column not in columns]
    if lacking:
        hint = did_you_mean(lacking[0], columns)
        raise DataError(f"the {which} data have no column {lacking[0]!r}, which the model reads.{hint}")


def check_quasi_identifiers(which: str, columns: Sequence[str], quasi_identifiers: Sequence[str]) -> None:
    """Refuse a released table or a population that lacks a quasi-identifier.

    Raises
    ------
    DataError
        Naming the first.
    """
    lacking = [column for column in quasi_identifiers if column not in columns]
    if lacking:
        hint = did_you_mean(lacking[0], columns)
        raise DataError(f"the {which} data have no column {lacking[0]!r}, which is a quasi-identifier.{hint}")


def checked_hierarchies(
    given: Mapping[str, Mapping[str, Sequence[str]]], quasi_identifiers: Sequence[str]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return hierarchies of quasi-identifiers, each value with as many ancestors as every other.

    Raises
    ------
    DataError
        If a column is no quasi-identifier, or the numbers of ancestors differ.
    """
    for column, ancestors in given.items():
        if column not in quasi_identifiers:
            hint = did_you_mean(column, quasi_identifiers)
            raise DataError(f"hierarchies name {column!r}, which is no quasi-identifier.{hint}")
        depths = {value: len(above) for value, above in ancestors.items()}
        odd = next((value for value, depth in depths.items() if depth != next(iter(depths.values()))), None)
        if odd is not None or not next(iter(depths.values()), 0):
            shown = f"{odd!r} has {depths[odd]}" if odd is not None else "there is none"
            raise DataError(
                f"hierarchy of {column!r}: each value needs the same number of coarser values, at least one; {shown}"
            )
    return {column: {value: tuple(above) for value, above in rows.items()} for column, rows in given.items()}


def checked_reference(
    given: Mapping[str, Mapping[str, float]], sensitive: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the shares of groups in a reference population, rounding taken out: they add up to 1.

    Raises
    ------
    DataError
        If a column is not sensitive, a share is no number above 0, or they do not add up to 1 within 0.005.
    """
    found = {}
    for column, shares in given.items():
        if column not in sensitive:
            hint = did_you_mean(column, sensitive)
            raise DataError(f"reference names {column!r}, which is no sensitive column.{hint}")
        wrong = [name for name, share in shares.items() if isinstance(share, bool) or not 0 < float(share) <= 1]
        total = math.fsum(float(share) for share in shares.values())
        if wrong or len(shares) < 2 or abs(total - 1) > _ROUNDING:
            what = f"{wrong[0]!r} has {shares[wrong[0]]!r}" if wrong else f"{len(shares)} shares add up to {total:g}"
            raise DataError(f"reference of {column!r}: wanted two shares or more, above 0, that add up to 1; {what}")
        found[column] = {str(name): float(share) / total for name, share in shares.items()}
    return found


def check_sensitive(column: str, values: Sequence[object], numeric: bool) -> None:
    """Refuse a sensitive column that cannot be compared over.

    Raises
    ------
    DataError
        If it has one value, or more than 100.
    """
    if len(values) < 2:
        raise DataError(
            f"sensitive column {column!r} has one value, {values[0]!r}; a comparison needs at least two groups"
        )
    if len(values) > MOST_GROUPS:
        many = f"more than {MOST_GROUPS}" if len(values) > 1000 else f"{len(values):,}"
        how = f"state cut points, e.g. bins: {{{column}: [25, 40, 60]}}" if numeric else "bin it first"
        raise DataError(f"sensitive column {column!r} has {many} values, at most {MOST_GROUPS} can be compared; {how}")
