"""Whether the test rows give the model answers that it will not have when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.attacks.counted import exact
from auditkit.bias_audit.drawn import Drawn
from auditkit.data.row_keys import conflicts, known, repetitions, row_keys
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.predicting import Groups
from auditkit.explainers.telling_columns import Telling, telling_columns
from auditkit.finding import Cell, Column, Dataset, Evidence, Interval, Measure
from auditkit.group_rates import LEVEL, two_sided
from auditkit.stats.comparisons import Extreme
from auditkit.stats.cross_fit import halves
from auditkit.stats.target_encoding import encoded_as
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

_FEWEST, _FEW, _MOST_LABELS = 100, 20, 10
_METHOD = "two halves, each scored by the other, DeLong; lower bound at once for all columns"
_MEASURES = (
    "largest_column_auc",
    "columns_leaking",
    "share_seen_in_training",
    "share_repeated",
    "share_conflicting",
    "least_error",
    "share_before_training_ends",
    "share_of_known_clusters",
    "columns_target_encoded",
)


@auditor(title="Leakage", needs=("label",), measures=_MEASURES)
def leakage(subject: Subject, *, threshold: float = 0.95, rows: int = 10_000) -> Iterator[Measure | Evidence]:
    """Whether something in the data tells the answer that the model is to find, or was seen in training already.

    Parameters
    ----------
    subject : Subject
        With a label; most of it needs training rows.
    threshold : float
        A column leaks if the lower bound of its AUC is above it.
    rows : int
        Rows on which single columns are looked at.

    Notes
    -----
    largest_column_auc: how well the best single column tells a label from all others (regression: whether the target is
    above its median), by shares of its values or ten bins in the other half of the rows, or by the order of its numbers;
    columns_leaking have a lower bound above the threshold, at 95 % for all columns, labels and ways at once (Bonferroni).
    Equal rows are equal in all model inputs: share_seen_in_training of the test rows equal a training row, share_repeated
    of a table's rows equal an earlier one, share_conflicting equal one with another label; least_error is the share of
    rows that any model of these inputs gets wrong on this table. share_before_training_ends: test rows dated no later than
    the last training row, where columns name a time. share_of_known_clusters: test rows whose cluster (a person, say) is in
    training too. columns_target_encoded: numbers that are, to 1e-6 in 95 % of the training rows, the mean of the label over
    the rows of a value of another column, plain, smoothed towards one number, or without the row itself. Shares of test
    rows with Wilson intervals, the others exact counts.

    Misleads when
    -------------
    A column may rightly be that good. Few inputs with few values make equal rows without any leak. What leaks through
    several columns together is not seen here, nor an encoding by folds or with noise. Where rows depend on each other,
    the intervals of shares are too narrow.

    References
    ----------
    .. [1] Kapoor, Narayanan 2023, Leakage and the reproducibility crisis in machine-learning-based science,
       doi:10.1016/j.patter.2023.100804; Micci-Barreca 2001, doi:10.1145/507533.507538
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    test = subject.table()
    if test.rows < _FEWEST:
        raise InsufficientData(f"{test.rows} test rows, at least {_FEWEST} are needed")
    train = _train(subject)
    inputs = [column for column in _inputs(subject) if column in test.columns]
    if inputs:
        yield from _single_columns(subject, inputs, threshold, rows)
        yield from _equal_rows(subject, test, train, inputs)
    if train is None:
        return
    yield from _overlaps(subject, test, train)
    if subject.roles.label in train.columns:
        yield from _target_encoded(subject, train, inputs)


def _train(subject: Subject) -> Table | None:
    try:
        return subject.table("train")
    except NotApplicable:
        return None


def _inputs(subject: Subject) -> list[str]:
    """Return the columns that the model reads, or all that have no other part."""
    if subject.model is not None:
        return list(subject.features)
    taken = {*subject.roles.single, *subject.roles.drop}
    return [column for column in subject.table().columns if column not in taken]


def _share(name: str, count: int, rows: int) -> Measure:
    found = Proportion(count, rows)
    return Measure(
        name=name,
        value=found.estimate,
        unit="rate",
        direction="lower",
        n=rows,
        interval=two_sided(found, "Wilson"),
        uncertainty=found,
    )


# ---------------------------------------------------------------------------------------------------- single columns


def _single_columns(subject: Subject, inputs: list[str], threshold: float, rows: int) -> Iterator[Measure | Evidence]:
    frame = subject.sample(rows)
    labels, codes = _labels(subject, frame)
    buckets = Drawn.of(subject, frame).buckets
    second = halves(codes, buckets)
    asked = _enough(codes, len(labels), second, _favorable(subject))
    if not asked:
        reason = f"no label has, and lacks, {_FEW} of {len(frame):,} rows, half of them in either half"
        yield Measure(
            name="largest_column_auc",
            value=None,
            unit="probability",
            direction="lower",
            n=len(frame),
            status="insufficient",
            reason=reason,
        )
        return
    told = telling_columns(frame, inputs, Groups(codes, len(labels), asked, second, buckets))
    largest = Extreme("max", tuple(area for one in told for area in one.tried))
    yield Measure(
        name="largest_column_auc",
        value=largest.estimate,
        unit="probability",
        direction="lower",
        n=len(frame),
        interval=Interval(largest.lower(LEVEL), largest.upper(LEVEL), LEVEL, "each", "interval", _METHOD),
        uncertainty=largest,
    )
    shared = 1 - (1 - LEVEL) / len(largest.members)
    leaking = [one.name for one in told if max(area.lower(shared) for area in one.tried) > threshold]
    yield exact("columns_leaking", len(leaking), "count", "lower", "test", len(frame))
    yield _columns(told, len(frame), threshold, labels)


def _labels(subject: Subject, frame: Any) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return names of the answers, and which of them each row has."""
    truth = frame[subject.roles.label]
    if subject.task == "regression":
        values = truth.to_numpy(dtype=np.float64)
        above = values > np.median(values)
        above = above if above.any() else values >= np.median(values)
        return ("the lower half", "the upper half"), above.astype(np.int64)
    places = {value: place for place, value in enumerate(subject.labels)}
    return tuple(map(str, subject.labels)), np.array([places[value] for value in truth.tolist()], dtype=np.int64)


def _favorable(subject: Subject) -> int:
    return 1 if subject.task == "regression" else subject.labels.index(subject.favorable)


def _enough(codes: npt.NDArray[np.int64], count: int, second: npt.NDArray[np.bool_], favorable: int) -> tuple[int, ...]:
    """Return the labels that can be told from the rest: the ten most frequent; of two the favourable one."""
    parts = [np.bincount(codes[half], minlength=count) for half in (~second, second)]
    fewest = np.minimum(*(np.minimum(part, part.sum() - part) for part in parts))
    order = [code for code in np.argsort(-(parts[0] + parts[1]), kind="stable").tolist() if fewest[code] >= _FEW // 2]
    return tuple(sorted(order[:_MOST_LABELS] if count > 2 else [code for code in order if code == favorable]))


def _columns(told: list[Telling], rows: int, threshold: float, labels: tuple[str, ...]) -> Evidence:
    shown: list[tuple[Cell, ...]] = []
    for one in told:
        low, high = one.best.limits(1.959964)
        shown.append((one.name, rows, one.best.estimate, low, high, labels[one.label], one.way))
    return Evidence(
        id="data.leakage.columns",
        kind="intervals",
        title="How well single columns tell the label",
        caption=f"AUC of each column alone, on rows that it was not fitted to, with its own 95 % interval. Above {threshold:g} it may be the answer itself.",
        alt=f"AUC by column, largest first: {', '.join(str(row[0]) for row in shown[:5])}",
        columns=(
            Column("column", role="label"),
            Column("rows", "rows", "n"),
            Column("AUC", "probability", "value"),
            Column("low", "probability", "low"),
            Column("high", "probability", "high"),
            Column("label"),
            Column("by its"),
        ),
        rows=tuple(shown),
    )


# -------------------------------------------------------------------------------------------------------- equal rows


def _equal_rows(subject: Subject, test: Table, train: Table | None, inputs: list[str]) -> Iterator[Measure]:
    label = str(subject.roles.label)
    tables: list[tuple[Dataset, Table]] = [("test", test)]
    if train is not None and train.rows and set(inputs) <= set(train.columns):
        tables.append(("train", train))
    keys = {name: row_keys(table, inputs) for name, table in tables}
    for name, table in tables:
        repeated = repetitions(keys[name])
        yield exact("share_repeated", repeated / table.rows, "rate", "lower", name, table.rows)
    differ, wrong = conflicts(keys["test"], test.coded(label).codes)
    yield _share("share_conflicting", differ, test.rows)
    if subject.task != "regression":
        yield exact("least_error", wrong / test.rows, "rate", "lower", "test", test.rows)
    if "train" in keys:
        yield _share("share_seen_in_training", int(known(keys["test"], keys["train"]).sum()), test.rows)


# ---------------------------------------------------------------------------------------------------------- overlaps


def _overlaps(subject: Subject, test: Table, train: Table) -> Iterator[Measure]:
    time, cluster = subject.roles.time, subject.roles.cluster
    if time is not None and time in train.columns:
        yield _dated(test, train, time)
    if cluster is not None and cluster in train.columns:
        again = known(row_keys(test, [cluster]), row_keys(train, [cluster]))
        yield _share("share_of_known_clusters", int(again.sum()), test.rows)


def _dated(test: Table, train: Table, time: str) -> Measure:
    kinds = {test.types[time], train.types[time]}
    ours, theirs = ([value for value in table.values(time) if value is not None] for table in (test, train))
    alike = len(kinds) == 1 or kinds <= {"integer", "number"}
    if not alike or not ours or not theirs:
        reason = (
            f"{time} holds {' in test and '.join(sorted(kinds))} in training" if not alike else f"{time} has no value"
        )
        name = "share_before_training_ends"
        return Measure(
            name=name, value=None, unit="rate", direction="lower", n=test.rows, status="undefined", reason=reason
        )
    last = theirs[-1]
    coded = test.coded(time)
    early = np.array([value is not None and value <= last for value in coded.values])  # type: ignore[operator]
    there = ~test.missing(time)
    return _share("share_before_training_ends", int(early[coded.codes].sum()), int(there.sum()))


# --------------------------------------------------------------------------------------------------- target encoding


def _target_encoded(subject: Subject, train: Table, inputs: list[str]) -> Iterator[Measure | Evidence]:
    """Find numbers that are the mean of the label over the training rows of another column's value."""
    label = str(subject.roles.label)
    labelled = ~train.missing(label)
    targets = _targets(subject, train, label)
    others = [c for c in train.columns if c != label and 1 < len(train.values(c)) <= train.rows // 5]
    found: list[tuple[Cell, ...]] = []
    for column in (c for c in inputs if c in train.columns and train.types[c] == "number"):
        values = train.numbers(column)[labelled]
        distinct = len(train.values(column))
        for other in others:
            if other == column or not 2 <= distinct <= 2 * len(train.values(other)) + 1:
                continue
            codes = train.coded(other).codes[labelled]
            ways = (encoded_as(values, codes, target[labelled]) for target in targets)
            way = next((one for one in ways if one is not None), None)
            if way is not None:
                found.append((column, other, way))
    yield exact("columns_target_encoded", len({row[0] for row in found}), "count", "lower", "train", train.rows)
    if found:
        yield Evidence(
            id="data.leakage.target_encoded",
            kind="table",
            title="Columns made from the label",
            caption="The numbers follow from the labels of the training rows with one value of the other column: the label leaks.",
            alt="Columns that are means of the label, with the column whose values they follow",
            columns=(Column("column", role="label"), Column("follows"), Column("as")),
            rows=tuple(found),
        )


def _targets(subject: Subject, train: Table, label: str) -> list[npt.NDArray[np.float64]]:
    """Return what means would be taken of: the numbers, or 0 and 1 for each of the ten most frequent labels."""
    if subject.task == "regression":
        return [train.numbers(label)]
    coded = train.coded(label)
    order = np.argsort(-np.bincount(coded.codes, minlength=len(coded.values)), kind="stable")[:_MOST_LABELS]
    return [(coded.codes == place).astype(np.float64) for place in order.tolist() if coded.values[place] is not None]
