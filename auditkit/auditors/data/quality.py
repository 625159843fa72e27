"""What a reviewer looks at first in a table: types, gaps, constants, identifiers, odd values, doubtful labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.attacks.counted import exact
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.explainers.predicting import Groups, told_scores
from auditkit.finding import Cell, Column, Dataset, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.cross_fit import halves
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

_SPELLED = frozenset(
    ["?", "-", "--", ".", "n/a", "na", "nan", "null", "none", "missing", "unknown", "#n/a", "#na", "nil", "undefined"]
)
_SENTINELS = frozenset((-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_FAR, _ROWS, _FEWEST = 5.0, 5000, 200


@auditor(
    title="Quality of the table",
    measures=(
        "constant_columns",
        "identifier_columns",
        "mixed_columns",
        "cells_spelled_missing",
        "share_doubtful_labels",
    ),
)
def quality(subject: Subject) -> Iterator[Measure | Evidence]:
    """Types, ranges, gaps, constants, identifiers, mixed columns, spellings of missing, far values and doubtful labels.

    Parameters
    ----------
    subject : Subject
        With rows in memory.

    Notes
    -----
    identifier_columns: texts and whole numbers with a value of their own in 98 % of the rows that have one.
    mixed_columns: texts of which 5 % to 95 % are numbers. cells_spelled_missing: texts such as "?", "N/A", "none" or
    blank that stand for nothing and count as values. Far values are more than 5 robust standard deviations (1.4826 · the
    median distance from the median) from the median: expected once in two million cells of a normal column, often in a
    skewed one, so they are shown and not judged. share_doubtful_labels (two to ten classes): rows whose label boosted
    trees, fitted to the other half of the rows, contradict at more than the mean confidence of the class that they name
    (confident learning); Wilson interval. Columns, types and counts are shown, no value of a row but least and greatest.

    Misleads when
    -------------
    A doubtful label may be right, and the person unusual. Groups that a model knows less well have more of them.

    References
    ----------
    .. [1] Northcutt, Jiang, Chuang 2021, Confident Learning, JAIR 70, doi:10.1613/jair.1.12125
    """
    datasets: tuple[Dataset, ...] = ("test", "train")
    for dataset in datasets:
        try:
            table = subject.table(dataset)
        except NotApplicable:
            if dataset == "test":
                raise
            continue
        yield from _of_table(table, dataset)
    yield from _labels(subject)


def _of_table(table: Table, dataset: Dataset) -> Iterator[Measure | Evidence]:
    rows: list[tuple[Cell, ...]] = []
    constant = identifiers = mixed = spelled = 0
    for column in table.columns:
        kind, known = table.types[column], table.rows - table.missing_count(column)
        values = [value for value in table.values(column) if value is not None]
        remarks = []
        if len(values) < 2:
            constant += 1
            remarks.append("constant" if values else "no value")
        elif kind in ("text", "category", "integer") and known >= 50 and len(values) >= 0.98 * known:
            identifiers += 1
            remarks.append("a value of its own in nearly every row")
        gone, odd = _texts(table, column) if kind in ("text", "category") else (0, False)
        spelled += gone
        mixed += odd
        remarks += [f"{gone:,} cells spell missing"] * bool(gone) + ["numbers and texts mixed"] * odd
        far, least, most = _numbers(table, column) if kind in ("integer", "number") else (None, None, None)
        remarks += [f"{value:g} may stand for missing" for value in _sentinels(values)] if far is not None else []
        rows.append((column, kind, table.missing_count(column), len(values), least, most, far, "; ".join(remarks)))
    yield exact("constant_columns", constant, "count", "lower", dataset, table.rows)
    yield exact("identifier_columns", identifiers, "count", "lower", dataset, table.rows)
    yield exact("mixed_columns", mixed, "count", "lower", dataset, table.rows)
    yield exact("cells_spelled_missing", spelled, "count", "lower", dataset, table.rows)
    yield Evidence(
        id=f"data.quality.columns_{dataset}",
        kind="table",
        title=f"Columns of the {dataset} table",
        caption=f"{table.rows:,} rows. Far values are more than 5 robust standard deviations from the median; not judged.",
        alt=f"Type, gaps, distinct values and range of each column of the {dataset} table",
        columns=(
            Column("column", role="label"),
            Column("type"),
            Column("missing", "count", "count"),
            Column("distinct", "count", "count"),
            Column("least", "", "value"),
            Column("greatest", "", "value"),
            Column("far values", "count", "count"),
            Column("remark"),
        ),
        rows=tuple(rows),
    )


def _texts(table: Table, column: str) -> tuple[int, bool]:
    """Return how many cells spell missing, and whether numbers and texts are mixed."""
    coded = table.coded(column)
    counts = np.bincount(coded.codes, minlength=len(coded.values))
    gone = numeric = known = 0
    for value, n in zip(coded.values, counts.tolist(), strict=True):
        if value is None:
            continue
        text = str(value).strip()
        if not text or text.casefold() in _SPELLED:
            gone += n
            continue
        known += n
        numeric += n if _NUMBER.fullmatch(text) else 0
    return gone, bool(known) and 0.05 <= numeric / known <= 0.95


def _sentinels(values: list[Any]) -> list[float]:
    """Return an end of the range that is made of nines, or below nothing else, and far from the value next to it."""
    if len(values) < 3:
        return []
    numbers = sorted(float(value) for value in values)
    found = []
    if numbers[0] in _SENTINELS and numbers[0] < 0 <= numbers[1]:
        found.append(numbers[0])
    if numbers[-1] in _SENTINELS and numbers[-1] > 2 * max(numbers[-2], 1.0):
        found.append(numbers[-1])
    return found


def _numbers(table: Table, column: str) -> tuple[int, float | None, float | None]:
    values = table.numbers(column)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0, None, None
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    far = int((np.abs(values - middle) > _FAR * spread).sum()) if spread > 0 else 0
    return far, float(values.min()), float(values.max())


def _labels(subject: Subject) -> Iterator[Measure]:
    label = subject.roles.label
    if label is None or subject.task == "regression" or not 2 <= len(subject.labels) <= 10:
        return
    frame = subject.sample(_ROWS)
    frame = frame[frame[label].notna()].reset_index(drop=True)
    taken = {*subject.roles.single, *subject.roles.drop}
    columns = list(subject.features) if subject.model is not None else [c for c in frame.columns if c not in taken]
    base = Measure(
        name="share_doubtful_labels",
        value=None,
        unit="rate",
        direction="lower",
        n=len(frame),
        status="insufficient",
        reason=f"{len(frame)} rows, at least {_FEWEST} and 20 of each label are needed",
    )
    places = {value: place for place, value in enumerate(subject.labels)}
    codes = np.array([places[value] for value in frame[label].tolist()], dtype=np.int64)
    if not columns or len(frame) < _FEWEST or np.bincount(codes, minlength=len(places)).min() < 20:
        yield base
        return
    shares = told_scores(frame, columns, Groups(codes, len(places), tuple(range(len(places))), halves(codes)))
    doubtful = _doubtful(np.asarray(shares), codes)
    found = Proportion(int(doubtful.sum()), len(codes))
    method = "Wilson; confident learning, trees of the other half"
    yield Measure(
        name=base.name,
        value=found.estimate,
        unit="rate",
        direction="lower",
        n=len(codes),
        interval=two_sided(found, method),
        uncertainty=found,
    )


def _doubtful(shares: Any, codes: Any) -> Any:
    """Return which rows are more surely of another class than rows of that class are on average."""
    classes = shares.shape[1]
    usual = np.array([shares[codes == place, place].mean() for place in range(classes)])
    sure = np.where(shares >= usual, shares, -1.0)
    best = sure.argmax(axis=1)
    return (sure.max(axis=1) >= 0) & (best != codes)
