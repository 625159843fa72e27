"""How many rows share their quasi-identifiers with the fewest others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np

from auditkit.attacks.equivalence_classes import class_sizes
from auditkit.data.table import Coded
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Column, Dataset, Direction, Evidence, Interval, Measure
from auditkit.stats.uncertainty import Exact
from auditkit.subject import Subject

Which = Literal["test", "train"]
SMALL = 5
DIRECTIONS: dict[str, Direction] = {
    "k": "higher",
    "unique_rows": "lower",
    "share_unique": "lower",
    "share_small": "lower",
    "classes": "none",
}
BINS = ((1, 1, "1 (unique)"), (2, 4, "2 to 4"), (5, 10, "5 to 10"), (11, None, "11 or more"))


@auditor(
    title="k-anonymity",
    needs=("quasi_identifiers",),
    measures=("k", "unique_rows", "share_unique", "share_small", "classes"),
)
def k_anonymity(subject: Subject) -> Iterable[Measure | Evidence]:
    r"""Size of the smallest group of rows that agree in every quasi-identifier, and how many rows stand alone.

    Parameters
    ----------
    subject : Subject
        With quasi-identifiers: columns that someone outside may know of a person.

    Notes
    -----
    Rows with equal quasi-identifiers form a class; k is the size of the smallest class, unique_rows the number of
    rows alone in theirs, share_small the share of rows in classes below 5. A missing value is a value like any other.
    All are exact counts of this table, for the training table too if it was given.

    Misleads when
    -------------
    The quasi-identifiers leave out a column that others know; k says nothing of what a class has in common (if all
    its rows share a diagnosis, k hides nothing). The table is a sample: a row unique in it need not be unique among
    people.

    References
    ----------
    .. [1] Sweeney (2002), k-anonymity: a model for protecting privacy, doi:10.1142/S0218488502001648
    """
    columns = subject.roles.quasi_identifiers
    if not columns:
        raise NotApplicable("no quasi-identifiers were named; pass quasi_identifiers=, columns that others may know")
    for dataset in _datasets(subject):
        yield from _of_table(subject, columns, dataset)


def _datasets(subject: Subject) -> tuple[Which, ...]:
    try:
        subject.table("train")
    except NotApplicable:
        return ("test",)
    return ("test", "train")


def _of_table(subject: Subject, columns: Sequence[str], dataset: Which) -> Iterator[Measure | Evidence]:
    table = subject.table(dataset)
    if not table.rows:
        raise InsufficientData(f"the {dataset} table has no rows")
    coded = {column: table.coded(column) for column in columns}
    counts = _classes(list(coded.values()))
    rows, unique, small = int(counts.sum()), int((counts == 1).sum()), int(counts[counts < SMALL].sum())
    yield _exact("k", int(counts.min()), "count", dataset, rows)
    yield _exact("unique_rows", unique, "count", dataset, rows)
    yield _exact("share_unique", unique / rows, "rate", dataset, rows)
    yield _exact("share_small", small / rows, "rate", dataset, rows)
    yield _exact("classes", len(counts), "count", dataset, rows)
    yield _sizes(counts, dataset, columns)
    if len(columns) > 1:
        yield _left_out(coded, int(counts.min()), unique, dataset)


def _classes(coded: Sequence[Coded]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return class_sizes([column.codes for column in coded], [len(column.values) for column in coded])[1]


def _exact(name: str, value: float, unit: str, dataset: Dataset, rows: int) -> Measure:
    return Measure(
        name=name,
        value=value,
        unit=unit,
        direction=DIRECTIONS[name],
        dataset=dataset,
        n=rows,
        interval=Interval(value, value, None, "two", "exact", "count over all rows"),
        uncertainty=Exact(value),
    )


def _sizes(counts: np.ndarray[tuple[int], np.dtype[np.int64]], dataset: str, columns: Sequence[str]) -> Evidence:
    rows = []
    for low, high, label in BINS:
        inside = counts[(counts >= low) & (counts <= (high or counts.max()))]
        rows.append((label, int(inside.sum()), len(inside), int(inside.sum()) / int(counts.sum())))
    return Evidence(
        id=f"class_sizes_{dataset}",
        kind="table",
        title=f"Sizes of the classes, {dataset} table",
        caption=f"Rows that agree in {', '.join(columns)} form a class; a row in a class of 1 is unique.",
        alt=f"Rows and classes by size of class in the {dataset} table",
        columns=(
            Column("Size of class", role="label"),
            Column("Rows", "count", "count"),
            Column("Classes", "count", "count"),
            Column("Share of rows", "rate", "value"),
        ),
        rows=tuple(rows),
    )


def _left_out(coded: dict[str, Coded], k: int, unique: int, dataset: str) -> Evidence:
    rows: list[tuple[str, int, int, int]] = [("(none)", 0, k, unique)]
    for column, values in coded.items():
        counts = _classes([other for name, other in coded.items() if name != column])
        rows.append((column, len(values.values), int(counts.min()), int((counts == 1).sum())))
    return Evidence(
        id=f"left_out_{dataset}",
        kind="table",
        title=f"k when a column is left out, {dataset} table",
        caption="k and unique rows that would remain without each quasi-identifier: which column singles people out.",
        alt=f"k of the {dataset} table without each quasi-identifier in turn",
        columns=(
            Column("Left out", role="label"),
            Column("Its values", "count", "count"),
            Column("k", "count", "value"),
            Column("Unique rows", "count", "count"),
        ),
        rows=tuple(rows),
    )
