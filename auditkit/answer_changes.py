"""How far labels and decisions moved between two tables, over all rows and in each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from auditkit.bias_audit.drawn import groups_in
from auditkit.finding import MISSING_LABEL, Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.comparisons import Pair
from auditkit.stats.intervals import z_quantile
from auditkit.stats.uncertainty import Normal, Proportion, Uncertainty
from auditkit.subject import Subject

FEWEST = 100
_LEVEL, _ROWS = 0.05, 5000


def one_of_each_cluster(subject: Subject, rows: int, dataset: str) -> Any:
    """Return a sample of rows, of each cluster at most one."""
    frame = subject.sample(rows, dataset)
    cluster = subject.roles.cluster
    return frame if cluster is None or cluster not in frame else frame.drop_duplicates(cluster)


def changes(subject: Subject, older: str) -> Iterator[Measure | Evidence]:
    """Yield how far the label and the decisions moved from the older table to the test rows, over all and by group."""
    shown: list[tuple[str, str, Uncertainty, float, float]] = []
    for name, frames, answers in _answers(subject, (older, "test")):
        yield _change(subject, name, answers)
        for group, parts in _parts(subject, frames, answers):
            found, _, levels = _moved(subject, parts)
            shown.append((name.removesuffix("_change"), group, found, *levels))
    if shown:
        yield _changes_table(shown, older)


def _answers(subject: Subject, names: tuple[str, str]) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Yield for the label and for the decisions the rows of both tables, and what is answered for each."""
    label, prediction = subject.roles.label, subject.roles.prediction
    if label is not None and all(label in subject.table(name).columns for name in names):
        frames = [one_of_each_cluster(subject, subject.table(name).rows, name) for name in names]
        yield "label_change", frames, [frame[label] for frame in frames]
    if subject.model is not None:
        if all(set(subject.features) <= set(subject.table(name).columns) for name in names):
            frames = [one_of_each_cluster(subject, _ROWS, name) for name in names]
            yield "prediction_change", frames, [subject.predict(frame) for frame in frames]
    elif prediction is not None and all(prediction in subject.table(name).columns for name in names):
        frames = [one_of_each_cluster(subject, subject.table(name).rows, name) for name in names]
        yield "prediction_change", frames, [frame[prediction] for frame in frames]


def _known(answers: Sequence[Any]) -> list[Any]:
    return [np.asarray(part)[~np.asarray(part != part)] for part in answers]


def _moved(subject: Subject, known: Sequence[Any]) -> tuple[Uncertainty, str, tuple[float, float]]:
    """Return how far a rate or a mean moved from the first to the second, by which method, and both."""
    if subject.task == "regression":
        older, test = (part.astype(np.float64) for part in known)
        error = float(np.sqrt(older.var(ddof=1) / len(older) + test.var(ddof=1) / len(test)))
        means = float(older.mean()), float(test.mean())
        return Normal(means[1] - means[0], error), "normal, variances not assumed equal (Welch)", means
    rates = [Proportion(int((part == subject.favorable).sum()), len(part)) for part in known]
    moved = Pair("difference", (rates[1], rates[0]))
    return moved, "MOVER on Wilson limits", (rates[0].estimate, rates[1].estimate)


def _change(subject: Subject, name: str, answers: Sequence[Any]) -> Measure:
    known = _known(answers)
    n = sum(len(part) for part in known)
    if min(len(part) for part in known) < FEWEST:
        reason = f"fewer than {FEWEST} rows of one of the tables have a value"
        return Measure(
            name=name, value=None, unit="difference", direction="none", n=n, status="insufficient", reason=reason
        )
    moved, method, _ = _moved(subject, known)
    return Measure(
        name=name,
        value=moved.estimate,
        unit="difference",
        direction="none",
        n=n,
        interval=two_sided(moved, method),
        uncertainty=moved,
    )


def _parts(subject: Subject, frames: Sequence[Any], answers: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield what is answered for each group that has enough rows in both tables."""
    for column in subject.roles.sensitive:
        if not all(column in frame for frame in frames):
            continue
        own = [
            np.array([MISSING_LABEL if value is None else str(value) for value in groups_in(subject, frame, column)])
            for frame in frames
        ]
        for value in np.unique(own[1]).tolist():
            inside = [np.asarray(one)[group == value] for one, group in zip(answers, own, strict=True)]
            known = _known(inside)
            if min(len(part) for part in known) >= FEWEST:
                yield f"{column} = {value}", known


def _changes_table(shown: list[tuple[str, str, Uncertainty, float, float]], older: str) -> Evidence:
    z = z_quantile(1 - _LEVEL / 2 / len(shown))
    rows = [(what, group, before, now, found.estimate, *found.limits(z)) for what, group, found, before, now in shown]
    return Evidence(
        id="data.drift.changes_by_group",
        kind="table",
        title=f"Change of label and prediction by group, {older} to test",
        caption=(
            "Rate of the favourable outcome, of a regression the mean, and how far it moved; low and high hold at 95 % for "
            f"all {len(shown):,} lines together. Groups with fewer than {FEWEST} rows in one of the tables are left out."
        ),
        alt="How far the label and the prediction moved in each group",
        columns=(
            Column("of"),
            Column("group", role="label"),
            Column(older, "", "value"),
            Column("test", "", "value"),
            Column("change", "difference", "value"),
            Column("low", "difference", "low"),
            Column("high", "difference", "high"),
        ),
        rows=tuple(rows),
    )
