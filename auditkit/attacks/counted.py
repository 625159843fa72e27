"""What the auditors of re-identification share: which tables they count, and exact counts as measures."""

from __future__ import annotations

from auditkit.attacks.suggested import suggested
from auditkit.data.table import Table
from auditkit.errors import NotApplicable
from auditkit.finding import Dataset, Direction, Interval, Measure
from auditkit.stats.uncertainty import Exact
from auditkit.subject import Subject

TABLES: tuple[Dataset, ...] = ("test", "train", "released")


def required_quasi_identifiers(subject: Subject) -> tuple[str, ...]:
    """Return the quasi-identifiers.

    Raises
    ------
    NotApplicable
        If none were named, with columns that may be some and why.
    """
    if subject.roles.quasi_identifiers:
        return subject.roles.quasi_identifiers
    asked = "no quasi-identifiers were named; pass quasi_identifiers=, columns that others may know"
    rows = subject.rows_of()
    found = suggested(rows, frozenset(subject.roles.single)) if isinstance(rows, Table) else {}
    if found:
        listed = ", ".join(f"{column} ({why})" for column, why in list(found.items())[:8])
        asked += f". By their names these may be some: {listed}"
    raise NotApplicable(asked)


def counted_tables(subject: Subject) -> tuple[Dataset, ...]:
    """Return the datasets that were given, out of test, train and released."""
    known = []
    for dataset in TABLES:
        try:
            subject.rows_of(dataset)
        except NotApplicable:
            continue
        known.append(dataset)
    return tuple(known)


def exact(name: str, value: float, unit: str, direction: Direction, dataset: Dataset, rows: int) -> Measure:
    """Return a count over all rows of a table as a measure; its bounds are itself."""
    return Measure(
        name=name,
        value=value,
        unit=unit,
        direction=direction,
        dataset=dataset,
        n=rows,
        interval=Interval(value, value, None, "two", "exact", "count over all rows"),
        uncertainty=Exact(value),
    )
