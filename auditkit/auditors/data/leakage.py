"""Whether the test rows give the model answers that it will not have when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.attacks.counted import exact
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.predicting import Groups, Told, told_alone
from auditkit.explainers.proxies import numbers_of
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.comparisons import Extreme
from auditkit.stats.cross_fit import halves
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

_FEWEST = 100
_MEASURES = (
    "largest_column_auc",
    "columns_leaking",
    "share_seen_in_training",
    "share_conflicting",
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
    largest_column_auc: how well the best single column tells the favourable label (regression: whether the target is above
    its median), by shares of its values or bins from the other half of the rows; bounds hold at once for all columns.
    share_seen_in_training: test rows whose model inputs equal those of a training row. share_conflicting: test rows whose
    inputs equal those of another row with another label, which no model can get all right. share_before_training_ends:
    test rows dated before the last training row, where columns name a time. share_of_known_clusters: test rows whose
    cluster (a person, say) is in training too. columns_target_encoded: numbers that are, within 1e-6, the mean of the
    label over the training rows of a value of another column. Shares with Wilson intervals, the others exact counts.

    Misleads when
    -------------
    A column may rightly be that good. Few inputs with few values make equal rows without any leak. What leaks through
    several columns together is not seen here.

    References
    ----------
    .. [1] Kapoor, Narayanan 2023, Leakage and the reproducibility crisis in machine-learning-based science,
       doi:10.1016/j.patter.2023.100804
    """
    label = subject.roles.label
    if label is None:
        raise NotApplicable("no label column was named; pass label=")
    test = subject.table()
    if test.rows < _FEWEST:
        raise InsufficientData(f"{test.rows} test rows, at least {_FEWEST} are needed")
    inputs = [c for c in _inputs(subject) if c in test.columns]
    if inputs:
        yield from _single_columns(subject, inputs, threshold, rows)
        yield _conflicting(subject, inputs)
    try:
        train = subject.table("train")
    except NotApplicable:
        return
    if inputs:
        seen = np.isin(test.row_hashes(0, inputs), train.row_hashes(0, inputs))
        yield _share("share_seen_in_training", int(seen.sum()), test.rows)
    time, cluster = subject.roles.time, subject.roles.cluster
    if time is not None and time in train.columns:
        both = [subject.table(name).frame(columns=[time])[time] for name in ("test", "train")]
        yield _share("share_before_training_ends", int((both[0] <= both[1].max()).sum()), test.rows)
    if cluster is not None and cluster in train.columns:
        known = np.isin(test.row_hashes(0, [cluster]), train.row_hashes(0, [cluster]))
        yield _share("share_of_known_clusters", int(known.sum()), test.rows)
    yield from _target_encoded(subject, inputs)


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


def _single_columns(subject: Subject, inputs: list[str], threshold: float, rows: int) -> Iterator[Measure | Evidence]:
    frame = subject.sample(rows)
    truth = frame[subject.roles.label]
    frame, truth = frame[truth.notna()].reset_index(drop=True), truth[truth.notna()].reset_index(drop=True)
    hit = _answers(subject, truth)
    if min(int(hit.sum()), int((~hit).sum())) < 20:
        reason = "fewer than 20 rows have, or lack, the answer"
        yield Measure(
            name="largest_column_auc",
            value=None,
            unit="probability",
            direction="lower",
            status="insufficient",
            reason=reason,
        )
        return
    codes = hit.astype(np.int64)
    groups = Groups(codes, 2, (1,), halves(codes))
    told = sorted(told_alone(frame, inputs, groups), key=lambda one: (-one.areas[0].estimate, one.name))
    largest = Extreme("max", tuple(one.areas[0] for one in told))
    low, high = largest.lower(0.975), largest.upper(0.975)
    interval = two_sided(told[0].areas[0], "two halves, DeLong; at once for all columns")
    yield Measure(
        name="largest_column_auc",
        value=largest.estimate,
        unit="probability",
        direction="lower",
        n=len(frame),
        interval=type(interval)(
            min(low, largest.estimate), max(high, largest.estimate), 0.95, "two", "interval", interval.method
        ),
        uncertainty=largest,
    )
    shared = 1 - 0.05 / len(told)
    leaking = [one.name for one in told if one.areas[0].lower(shared) > threshold]
    yield exact("columns_leaking", len(leaking), "count", "lower", "test", len(frame))
    yield _columns(told, len(frame), threshold)


def _answers(subject: Subject, truth: Any) -> Any:
    if subject.task == "regression":
        values = truth.to_numpy(dtype=np.float64)
        return values > np.median(values)
    return np.array([value == subject.favorable for value in truth.tolist()])


def _columns(told: list[Told], rows: int, threshold: float) -> Evidence:
    shown: list[tuple[Cell, ...]] = []
    for one in told:
        low, high = one.areas[0].limits(1.959964)
        shown.append((one.name, rows, one.areas[0].estimate, low, high))
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
        ),
        rows=tuple(shown),
    )


def _conflicting(subject: Subject, inputs: list[str]) -> Measure:
    """Return the share of rows whose inputs equal another row's while the labels differ."""
    table = subject.table()
    hashes = table.row_hashes(0, inputs)
    codes = table.coded(str(subject.roles.label)).codes
    group = np.unique(hashes, return_inverse=True)[1]
    kinds = np.unique(np.stack([group, codes]), axis=1)
    differ = np.bincount(kinds[0], minlength=int(group.max()) + 1) > 1
    return _share("share_conflicting", int(differ[group].sum()), table.rows)


def _target_encoded(subject: Subject, inputs: list[str]) -> Iterator[Measure | Evidence]:
    """Find numbers that are the mean of the label over the training rows of another column's value."""
    train = subject.table("train")
    if subject.roles.label not in train.columns:
        return
    frame = train.frame()
    truth = frame[subject.roles.label]
    answers = (
        truth.to_numpy(np.float64) if subject.task == "regression" else _answers(subject, truth).astype(np.float64)
    )
    numbers = [c for c in inputs if c in train.columns and train.types[c] == "number"]
    others = [c for c in train.columns if c != subject.roles.label and 1 < len(train.values(c)) <= train.rows // 5]
    found: list[tuple[Cell, ...]] = []
    for column in numbers:
        values = numbers_of(frame[column])
        if values is None:
            continue
        for other in others:
            coded = train.coded(other)
            count = np.bincount(coded.codes, minlength=len(coded.values))
            means = np.bincount(coded.codes, weights=answers, minlength=len(coded.values)) / np.maximum(count, 1)
            if other != column and np.ptp(means) > 1e-6 and np.mean(np.abs(values - means[coded.codes]) < 1e-6) > 0.95:
                found.append((column, other))
    yield exact("columns_target_encoded", len({row[0] for row in found}), "count", "lower", "train", train.rows)
    if found:
        yield Evidence(
            id="data.leakage.target_encoded",
            kind="table",
            title="Columns made from the label",
            caption="The numbers equal the mean of the label by the other column's value, training rows included: the label leaks.",
            alt="Columns that are means of the label, with the column whose values they follow",
            columns=(Column("column", role="label"), Column("follows")),
            rows=tuple(found),
        )
