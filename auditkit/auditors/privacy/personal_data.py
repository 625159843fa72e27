"""Columns that hold personal data, by their names and by their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditkit.attacks.counted import exact
from auditkit.attacks.personal_data import kind_by_name, kinds_in, numbers_kind
from auditkit.attacks.presidio import presidio_kinds
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Cell, Column, Dataset, Evidence, Measure
from auditkit.subject import Subject

_TABLES: tuple[Dataset, ...] = ("test", "train", "released")


@dataclass(slots=True)
class _Found:
    """What one column holds."""

    by_name: str | None
    cells: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    known: int = 0

    @property
    def holds(self) -> bool:
        return bool(self.cells)


@auditor(
    title="Personal data in columns",
    measures=("columns", "columns_by_name", "model_inputs", "cells", "share_of_cells"),
)
def personal_data(subject: Subject, *, presidio: bool = False) -> Iterable[Measure | Evidence]:
    """Which columns hold personal data: addresses, account numbers, numbers of people, by value and by name.

    Parameters
    ----------
    subject : Subject
        With rows in memory.
    presidio : bool
        Also ask Presidio, offline, for what it finds without a language model; needs the extra ``auditkit[presidio]``.

    Notes
    -----
    A cell counts if something in it has the form of an e-mail address, phone number, IP address or street address, or
    keeps the check of an IBAN, payment card (Luhn and issuer), US Social Security number (ranges that were issued) or
    one of 14 countries' national numbers. Digits that one random number in 200 would pass as count only where they are
    written in parts; a column of bare numbers counts if 98 % of its distinct values, at least 20, keep one check.
    columns: those with such a cell; columns_by_name: those whose name says so; model_inputs: those of either sort that the
    model reads. cells and share_of_cells are of the cells that have a value. Exact counts; no value is shown.

    Misleads when
    -------------
    Names of persons in free text are not recognised by value. A form is not a person: a company has a phone number too.
    What has no fixed form, or is written in an unusual way, is missed.

    References
    ----------
    .. [1] ISO 13616 (IBAN), ISO/IEC 7812-1 (cards), ISO 7064 (check characters)
    """
    shown = []
    for dataset in _TABLES:
        try:
            table = subject.table(dataset)
        except NotApplicable:
            if dataset == "test":
                raise
            continue
        found = {column: _looked_at(table, column, presidio) for column in table.columns}
        shown.append((dataset, found))
        yield from _measures(subject, table, dataset, found)
    for dataset, found in shown:
        yield _table(subject, dataset, found)


def _looked_at(table: Table, column: str, presidio: bool) -> _Found:
    coded = table.coded(column)
    found = _Found(kind_by_name(column), rows=table.rows, known=table.rows - table.missing_count(column))
    kind = table.types[column]
    if kind in ("number", "boolean", "date", "time"):
        return found
    import numpy as np

    counts = np.bincount(coded.codes, minlength=len(coded.values))
    if kind == "integer":
        texts = [str(value) for value in coded.values if value is not None]
        name = numbers_kind(texts) if sum(len(text) >= 8 for text in texts) >= 0.98 * len(texts) else None
        if name is not None:
            found.cells[name] = found.known
        return found
    ask = presidio_kinds() if presidio else None
    texts = ["" if value is None else str(value) for value in coded.values]
    for text, n in zip(texts, counts.tolist(), strict=True):
        if text:
            for name in {**dict.fromkeys(kinds_in(text)), **(dict.fromkeys(ask(text)) if ask else {})}:
                found.cells[name] = found.cells.get(name, 0) + int(n)
    if not found.cells and (name := numbers_kind(text for text in texts if text.isdigit())) is not None:
        found.cells[name] = sum(int(n) for text, n in zip(texts, counts.tolist(), strict=True) if text.isdigit())
    return found


def _measures(subject: Subject, table: Table, dataset: Dataset, found: dict[str, _Found]) -> Iterator[Measure]:
    inputs = set(subject.features) if subject.model is not None else set()
    held = [column for column, one in found.items() if one.holds]
    named = [column for column, one in found.items() if one.by_name is not None]
    cells = sum(max(one.cells.values(), default=0) for one in found.values())
    known = sum(one.known for one in found.values())
    yield exact("columns", len(held), "count", "lower", dataset, table.rows)
    yield exact("columns_by_name", len(named), "count", "lower", dataset, table.rows)
    yield exact("model_inputs", len(inputs & {*held, *named}), "count", "lower", dataset, table.rows)
    yield exact("cells", cells, "count", "lower", dataset, table.rows)
    if known:
        yield exact("share_of_cells", cells / known, "rate", "lower", dataset, table.rows)


def _table(subject: Subject, dataset: str, found: dict[str, _Found]) -> Evidence:
    inputs = set(subject.features) if subject.model is not None else set()
    rows: list[tuple[Cell, ...]] = []
    for column, one in found.items():
        used = "yes" if column in inputs else "no"
        for kind, n in sorted(one.cells.items(), key=lambda item: (-item[1], item[0])):
            rows.append((column, kind, "value", n, n / one.known if one.known else None, used))
        if one.by_name is not None and not one.holds:
            rows.append((column, one.by_name, "name", None, None, used))
    return Evidence(
        id=f"personal_data_{dataset}",
        kind="table",
        title=f"Columns with personal data, {dataset} table",
        caption="What the cells or the name of a column look like. No value is shown; look at the column yourself.",
        alt=f"Columns of the {dataset} table that hold personal data, with the kind and the number of cells",
        columns=(
            Column("Column", role="label"),
            Column("Kind"),
            Column("Told by"),
            Column("Cells", "count", "count"),
            Column("Share of cells", "rate", "value"),
            Column("Model input"),
        ),
        rows=tuple(rows),
    )
