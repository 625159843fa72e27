"""The tally door to rows that stay in their files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from auditkit.answers import Answers
from auditkit.data.counting import (
    Bins,
    cluster_buckets,
    count_scan,
    count_table,
    grouping,
    grouping_sql,
    grouping_values,
    prepare,
    recoded,
)
from auditkit.data.scan import Scan
from auditkit.data.table import Table
from auditkit.error_tally import ErrorTally
from auditkit.errors import NotApplicable
from auditkit.finding import Group, Scalar
from auditkit.roles import Roles
from auditkit.score_tally import MOST_SCORES, ScoreTally
from auditkit.tally import LABEL, PREDICTION, Axis, Codes, Tally


def prepare_scan(rows: Scan, roles: Roles, cuts: Bins) -> None:
    """Group once by all that the tally of columns of decisions needs, so that checks need no pass of their own."""
    if roles.prediction and all(_few(rows, column) for column in (roles.label, roles.prediction) if column):
        keys = [grouping_sql(rows, column, cuts) for column in roles.sensitive]
        keys += [rows.column(column) for column in (roles.label, roles.prediction) if column]
        prepare(rows, keys, roles.weight, roles.cluster)


def _few(rows: Scan, column: str) -> bool:
    """Whether a column can have few values: a regression's label and prediction are not grouped by."""
    if rows.types[column] == "integer":
        low, high = rows.range_of(column)
        return high - low < 1000
    return rows.types[column] in ("text", "category", "boolean")


def scan_tally(rows: Scan, answers: Answers, by: Sequence[str], cuts: Bins) -> Tally:
    """Return cells of `by` × label × prediction: one grouping by DuckDB, or batch by batch where a model must answer."""
    roles, labels = answers.roles, answers.outcome.labels
    axes = [Axis(column, grouping_values(rows, column, cuts)) for column in by]
    axes += [Axis(LABEL, labels)] if roles.label else []
    if roles.label and not answers.possible:
        keys = [*(grouping_sql(rows, column, cuts) for column in by), rows.column(roles.label)]
        return count_scan(rows, axes, keys, roles.weight, roles.cluster)
    axes.append(Axis(PREDICTION, labels))
    decision = _decision(rows, answers)
    if decision is not None:
        keys = [grouping_sql(rows, column, cuts) for column in by]
        keys += [rows.column(roles.label)] if roles.label else []
        return count_scan(rows, axes, [*keys, decision], roles.weight, roles.cluster)
    return reduce(
        lambda total, part: total + part,
        (_counted(batch, answers, by, cuts, axes) for batch in rows.batches(_columns(rows, answers, by))),
    )


def _decision(rows: Scan, answers: Answers) -> str | None:
    roles, outcome = answers.roles, answers.outcome
    if roles.prediction:
        return rows.column(roles.prediction)
    if roles.score and outcome.task == "binary" and (answers.model is None or answers.threshold is not None):
        other = next((label for label in outcome.labels if label != outcome.positive), outcome.positive)
        return f"CASE WHEN {_score(rows, answers)} >= {answers.cut!r} THEN {_literal(outcome.positive)} ELSE {_literal(other)} END"
    if answers.model is None:
        raise NotApplicable("the test data hold no predictions and no model was given")
    return None


def _score(rows: Scan, answers: Answers) -> str:
    value = f"CAST({rows.column(str(answers.roles.score))} AS DOUBLE)"
    if answers.outcome.score_of == answers.outcome.positive:
        return value
    return f"(1 - {value})" if answers.probability else f"(-{value})"


def _counted(batch: Table, answers: Answers, by: Sequence[str], cuts: Bins, axes: Sequence[Axis]) -> Tally:
    roles = answers.roles
    codes: list[Codes] = [_grouped(batch, column, cuts, axis) for column, axis in zip(by, axes, strict=False)]
    if roles.label:
        codes.append(recoded(batch.coded(roles.label), answers.outcome.labels, f"label column {roles.label!r}"))
    codes.append(answers.of(batch, "test")[0])
    return count_table(batch, axes, codes, roles.weight, roles.cluster)


def _grouped(batch: Table, column: str, cuts: Bins, axis: Axis) -> Codes:
    return recoded(grouping(batch, column, cuts), axis.values, f"column {column!r}")


def _columns(rows: Scan, answers: Answers, by: Sequence[str]) -> tuple[str, ...]:
    roles = answers.roles
    wanted = {*by, *roles.single, *(roles.features if answers.model is not None else ())}
    return tuple(column for column in rows.columns if column in wanted)


def scan_scores(rows: Scan, answers: Answers, by: Sequence[str], cuts: Bins) -> ScoreTally:
    """Return counts of positives and negatives by group and score, batch by batch; on the grid beyond 2²⁰ scores."""
    roles, outcome = answers.roles, answers.outcome
    if roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    if not roles.score and (answers.model is None or not answers.model.has_scores):
        raise NotApplicable("no scores: name a score column, or use a model with predict_proba")
    axes = [Axis(column, grouping_values(rows, column, cuts)) for column in by]
    groups = _all_groups(axes)
    grid = answers.probability and rows.rows > MOST_SCORES and (not roles.score or _many(rows, answers))
    positive = outcome.labels.index(outcome.positive)
    weighted = roles.weight is not None or roles.cluster is not None
    if weighted:
        raise NotApplicable("scores of weighted or clustered rows are measured in memory; load the files as a frame")

    def counted(batch: Table) -> ScoreTally:
        scores = answers.of(batch, "test")[1]
        if scores is None:
            raise NotApplicable("no scores: name a score column, or use a model with predict_proba")
        group = np.zeros(batch.rows, dtype=np.int64)
        for axis in axes:
            group = group * len(axis.values) + _grouped(batch, axis.name, cuts, axis)
        label = recoded(batch.coded(str(roles.label)), outcome.labels, f"label column {roles.label!r}")
        return ScoreTally.of(groups, group, scores, label == positive, grid=grid)

    total = reduce(lambda t, part: t + part, (counted(b) for b in rows.batches(_columns(rows, answers, by))))
    used = [place for place, (_, hits, misses) in enumerate(total.cells) if hits.sum() + misses.sum()]
    return ScoreTally(tuple(total.groups[i] for i in used), tuple(total.cells[i] for i in used), total.exact)


def scan_errors(rows: Scan, answers: Answers, by: Sequence[str], cuts: Bins) -> ErrorTally:
    """Return sums of a regression's errors by group, batch by batch."""
    roles = answers.roles
    label = str(roles.label)
    axes = [Axis(column, grouping_values(rows, column, cuts)) for column in by]
    groups = _all_groups(axes)
    mean = rows.query(f"SELECT avg({rows.column(label)}) FROM {rows.relation}")[0][0]

    def counted(batch: Table) -> ErrorTally:
        group = np.zeros(batch.rows, dtype=np.int64)
        for axis in axes:
            group = group * len(axis.values) + _grouped(batch, axis.name, cuts, axis)
        weight = batch.numbers(roles.weight) if roles.weight else None
        bucket = cluster_buckets(batch, roles.cluster) if roles.cluster else None
        predicted = answers.of(batch, "test")[0]
        return ErrorTally.of(
            groups, group, batch.numbers(label), predicted, anchor=anchor_near(mean), weight=weight, bucket=bucket
        )

    total = reduce(lambda t, part: t + part, (counted(b) for b in rows.batches(_columns(rows, answers, by))))
    used = np.flatnonzero(total.counts)
    kept = tuple(total.groups[place] for place in used)
    return ErrorTally(kept, total.anchor, total.counts[used], total.sums[used], total.squares[used])


def anchor_near(mean: float) -> float:
    """Return a mean to two digits: near enough to keep sums of powers exact to many, and the same for every chunk."""
    return float(f"{mean:.2g}")


def _all_groups(axes: Sequence[Axis]) -> tuple[Group, ...]:
    groups: list[tuple[tuple[str, Scalar], ...]] = [()]
    for axis in axes:
        groups = [(*items, (axis.name, value)) for items in groups for value in axis.values]
    return tuple(Group(items) for items in groups)


def _many(rows: Scan, answers: Answers) -> bool:
    score = _score(rows, answers)
    drawn = f"SELECT count(DISTINCT {score}) FROM {rows.relation} WHERE hash({score}) % 64 = 0"
    return 64 * int(rows.query(drawn)[0][0]) > MOST_SCORES


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
