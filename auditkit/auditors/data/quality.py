"""What a reviewer looks at first in a table: types, gaps, constants, identifiers, odd values, doubtful labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.attacks.counted import exact
from auditkit.bias_audit.drawn import Drawn
from auditkit.data.oddities import (
    far_share,
    identifies,
    rounded,
    same_columns,
    sentinels,
    text_oddities,
)
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.explainers.predicting import Groups, told_scores
from auditkit.finding import Cell, Column, Dataset, Evidence, Group, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import two_sided
from auditkit.stats.cross_fit import halves
from auditkit.subject import Subject

_ROWS, _FEWEST, _OF_EACH, _MOST_LABELS = 5000, 200, 20, 10
_SURE, _CHANCE = 0.975, 0.5
_COUNTS = ("constant_columns", "identifier_columns", "mixed_columns", "repeated_columns", "cells_spelled_missing")


@auditor(title="Quality of the table", measures=(*_COUNTS, "share_doubtful_labels"))
def quality(subject: Subject) -> Iterator[Measure | Evidence]:
    """Types, ranges, gaps, constants, identifiers, mixed columns, spellings of missing, far values and doubtful labels.

    Parameters
    ----------
    subject : Subject
        With rows in memory.

    Notes
    -----
    identifier_columns: texts and whole numbers with a value of their own in 98 % of the rows that have one, of at least 50.
    mixed_columns: texts of which 5 % to 95 % are numbers. repeated_columns: those whose values stand for the same rows as an
    earlier column's, one to one. cells_spelled_missing: texts such as "?", "N/A", "none" or blank that stand for nothing and
    count as values; codes such as -999 are only pointed out. Far values are more than 5 robust standard deviations (1.4826 ·
    the median distance from the median) from the median: 6 in ten million of normal numbers, 1.1 % of heavy-tailed ones
    (t with 3 degrees of freedom), so they are shown and not judged. share_doubtful_labels (two to ten labels): rows of a
    sample whose label boosted trees, fitted to the other half of the sample, contradict: another label has at least the
    mean confidence of rows that bear it (confident learning); Wilson interval; nothing where the trees do not tell each label
    better than chance. No row is listed, and ranges are
    rounded outwards to two digits: no value of a row is shown.

    Misleads when
    -------------
    A doubtful label may be right, and the person unusual: where classes overlap, labels are doubtful without any error (of two
    normal classes one standard deviation apart 18 %), and errors that follow a rule are learned and not doubted. Groups that a model knows less well have more of them.

    References
    ----------
    .. [1] Northcutt, Jiang, Chuang 2021, Confident Learning, JAIR 70, doi:10.1613/jair.1.12125; Rousseeuw, Croux 1993,
       Alternatives to the median absolute deviation, doi:10.1080/01621459.1993.10476408
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
    found = dict.fromkeys(_COUNTS, 0)
    repeated = dict(same_columns(table))
    found["repeated_columns"] = len(repeated)
    rows: list[tuple[Cell, ...]] = []
    for column in table.columns:
        remarks = [f"one to one with {repeated[column]}"] if column in repeated else []
        values = [value for value in table.values(column) if value is not None]
        if len(values) < 2:
            found["constant_columns"] += 1
            remarks.append("constant" if values else "no value")
        identifier = identifies(table, column)
        if identifier:
            found["identifier_columns"] += 1
            remarks.append("a value of its own in nearly every row")
        texts = text_oddities(table, column)
        found["cells_spelled_missing"] += texts.spelled
        found["mixed_columns"] += texts.mixed
        remarks += [f"{texts.spelled:,} cells spell missing"] * bool(texts.spelled)
        remarks += ["numbers and texts mixed"] * texts.mixed + ["numbers written as text"] * texts.numeric
        remarks += [f"{texts.variants:,} values differ from others only by case or blanks"] * bool(texts.variants)
        least, greatest, far = None, None, None
        if table.types[column] in ("integer", "number"):
            numbers = table.numbers(column)
            far = far_share(numbers)
            least, greatest = (None, None) if identifier else _range(numbers)
            remarks += [f"{value:g} may stand for missing" for value in sentinels(values)]
            infinite = int(np.isinf(numbers).sum())
            remarks += [f"{infinite:,} cells are infinite"] * bool(infinite)
        if table.types[column] in ("date", "time") and values:
            remarks.append(_years(values))
        gone = table.missing_count(column)
        rows.append((column, table.types[column], gone, len(values), least, greatest, far, "; ".join(remarks)))
    for name, count in found.items():
        yield exact(name, count, "count", "lower", dataset, table.rows)
    yield _evidence(table, dataset, rows)


def _years(values: list[Any]) -> str:
    """Return the range of dates, by years: a day may be one person's."""
    first, last = str(min(values))[:4], str(max(values))[:4]
    return f"in {first}" if first == last else f"{first} to {last}"


def _range(numbers: Any) -> tuple[float | None, float | None]:
    known = numbers[np.isfinite(numbers)]
    return (rounded(float(known.min()), False), rounded(float(known.max()), True)) if len(known) else (None, None)


def _evidence(table: Table, dataset: Dataset, rows: list[tuple[Cell, ...]]) -> Evidence:
    return Evidence(
        id=f"data.quality.columns_{dataset}",
        kind="table",
        title=f"Columns of the {dataset} table",
        caption=(
            f"{table.rows:,} rows. Ranges are rounded outwards to two digits, dates to years. Far values are more than 5 robust standard "
            "deviations from the median: 6 in ten million of normal numbers, 1.1 % of heavy-tailed ones; not "
            "judged, and not known where half of the rows have one value."
        ),
        alt=f"Type, gaps, distinct values and range of each column of the {dataset} table",
        columns=(
            Column("column", role="label"),
            Column("type"),
            Column("missing", "count", "count"),
            Column("distinct", "count", "count"),
            Column("from", "", "value"),
            Column("to", "", "value"),
            Column("far values", "rate", "value"),
            Column("remark"),
        ),
        rows=tuple(rows),
    )


# ---------------------------------------------------------------------------------------------------- doubtful labels


def _labels(subject: Subject) -> Iterator[Measure]:
    label = subject.roles.label
    if label is None or subject.task == "regression":
        return
    frame = subject.sample(_ROWS)
    taken = {*subject.roles.single, *subject.roles.drop}
    columns = list(subject.features) if subject.model is not None else [c for c in frame.columns if c not in taken]
    places = {value: place for place, value in enumerate(subject.labels)}
    codes = np.array([places[value] for value in frame[label].tolist()], dtype=np.int64)
    drawn = Drawn.of(subject, frame)
    second = halves(codes, drawn.buckets)
    fewest = min(int(np.bincount(codes[half], minlength=len(places)).min()) for half in (~second, second))
    if not columns or len(frame) < _FEWEST or fewest < _OF_EACH // 2 or not 2 <= len(places) <= _MOST_LABELS:
        reason = (
            f"{len(frame):,} rows, {len(places)} labels and {len(columns)} columns; at least {_FEWEST} rows, two to "
            f"{_MOST_LABELS} labels with {_OF_EACH} rows each, half of them in either half, and a column that is no label are needed"
        )
        yield _nothing(len(frame), reason)
        return
    groups = Groups(codes, len(places), tuple(range(len(places))), second, drawn.buckets)
    shares = told_scores(frame, columns, groups)
    untold = [name for name, area in zip(places, groups.areas(shares), strict=True) if area.lower(_SURE) <= _CHANCE]
    if untold:
        reason = f"nothing is shown to tell label {untold[0]!r} from the others, so no label can be doubted"
        yield _nothing(len(frame), reason)
        return
    everyone = np.ones(len(codes), dtype=np.bool_)
    rate: Rate = drawn.rate(Group(), _doubtful(np.asarray(shares), codes), everyone)
    yield Measure(
        name="share_doubtful_labels",
        value=rate.proportion.estimate,
        unit="rate",
        direction="none",
        n=len(codes),
        interval=two_sided(rate.proportion, "Wilson; confident learning, trees of the other half"),
        uncertainty=rate.proportion,
    )


def _nothing(rows: int, reason: str) -> Measure:
    return Measure(
        name="share_doubtful_labels",
        value=None,
        unit="rate",
        direction="none",
        n=rows,
        status="insufficient",
        reason=reason,
    )


def _doubtful(shares: Any, codes: Any) -> Any:
    """Return which rows are more surely of another class than rows of that class are on average."""
    classes = shares.shape[1]
    usual = np.array([shares[codes == place, place].mean() for place in range(classes)])
    sure = np.where(shares >= usual, shares, -1.0)
    best = sure.argmax(axis=1)
    return (sure.max(axis=1) >= 0) & (best != codes)
