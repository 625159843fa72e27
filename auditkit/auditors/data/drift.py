"""Whether the rows that are audited come from where the training rows came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.attacks.counted import exact
from auditkit.bias_audit.drawn import groups_in
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import InsufficientData
from auditkit.explainers.predicting import Groups, told_together
from auditkit.explainers.proxies import numbers_of
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.comparisons import Pair
from auditkit.stats.cross_fit import halves
from auditkit.stats.drifting import Drift, codes_drift, numbers_drift
from auditkit.stats.multiple_testing import holm
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

LEVEL = 0.05
_FEWEST, _FEW_VALUES, _ROWS = 100, 20, 5000


@auditor(
    title="Drift from training to test",
    needs=("train",),
    measures=("columns_drifted", "groups_drifted", "classifier_auc", "label_change", "prediction_change"),
)
def drift(subject: Subject, *, rows: int = 5000) -> Iterator[Measure | Evidence]:
    """Which columns are distributed otherwise in the test rows than in the training rows, and whether the two can be told apart.

    Parameters
    ----------
    subject : Subject
        With training rows, or any older table in their place.
    rows : int
        Rows of each table that the classifier is given.

    Notes
    -----
    Numbers with more than 20 values by the two-sample Kolmogorov-Smirnov test, which errs less than it says where values
    are tied; all else, missing values among it, by χ² with values expected fewer than 5 times taken together. p is corrected
    over all columns (Holm), so in 95 % of audits of tables that do not differ columns_drifted is 0; groups_drifted likewise
    over all columns of all sensitive groups with 100 rows in both tables. Jensen-Shannon distance and PSI are shown, PSI
    beside what it would be by chance alone, and not judged. classifier_auc: boosted trees fitted to half of the rows of
    both tables tell the other half's origin, both ways; 0.5 means not at all. label_change and prediction_change: rate of
    the favourable outcome in the test rows less that in the training rows, and of the model's decision for it; MOVER.

    Misleads when
    -------------
    With many rows a difference of no consequence is significant: read the distances too. A model knows its training
    rows, so decisions on them may differ without any drift.

    References
    ----------
    .. [1] Rabanser et al. 2019, Failing Loudly, arXiv:1810.11953; Yurdakul 2018, Statistical Properties of PSI
    """
    test, train = subject.table(), subject.table("train")
    columns = [column for column in test.columns if column in train.columns and column not in subject.roles.drop]
    if min(test.rows, train.rows) < _FEWEST:
        raise InsufficientData(f"{min(test.rows, train.rows)} rows in one of the tables, at least {_FEWEST} are needed")
    everybody = (np.ones(train.rows, dtype=bool), np.ones(test.rows, dtype=bool))
    found = [_compared(train, test, column, *everybody) for column in columns]
    corrected = holm([one.p for one in found])
    yield exact("columns_drifted", int((corrected < LEVEL).sum()), "count", "lower", "test", test.rows)
    yield _classified(subject, columns, rows)
    yield from _changes(subject)
    yield _table("columns", "Columns, training beside test", [(column, "") for column in columns], found, corrected)
    yield from _by_group(subject, train, test, columns)


def _compared(train: Table, test: Table, column: str, first: Any, second: Any) -> Drift:
    kinds = {train.types[column], test.types[column]}
    if kinds <= {"integer", "number"} and len(train.values(column)) > _FEW_VALUES:
        return numbers_drift(train.numbers(column)[first], test.numbers(column)[second])
    values = {value: place for place, value in enumerate(dict.fromkeys([*train.values(column), *test.values(column)]))}
    counts = []
    for table, chosen in ((train, first), (test, second)):
        coded = table.coded(column)
        places = np.array([values[value] for value in coded.values], dtype=np.int64)
        counts.append(np.bincount(places[coded.codes[chosen]], minlength=len(values)))
    return codes_drift(counts[0], counts[1])


def _classified(subject: Subject, columns: list[str], rows: int) -> Measure:
    """Return how well the origin of a row is told from its columns."""
    import pandas as pd

    parts = [subject.sample(rows, which)[columns] for which in ("train", "test")]
    frame = pd.concat(parts, ignore_index=True)
    told = [column for column in columns if not _identifies(frame[column])]
    codes = np.repeat([0, 1], [len(parts[0]), len(parts[1])]).astype(np.int64)
    order = subject.rng("data.drift").permutation(len(frame))
    frame, codes = frame.iloc[order].reset_index(drop=True), codes[order]
    groups = Groups(codes, 2, (1,), halves(codes))
    area = told_together(frame, told, groups)[1].areas[0]
    return Measure(
        name="classifier_auc",
        value=area.estimate,
        unit="probability",
        direction="lower",
        n=len(frame),
        interval=two_sided(area, "two halves, each scored by the other's trees, DeLong"),
        uncertainty=area,
    )


def _identifies(column: Any) -> bool:
    """Whether a column of texts has a value of its own in nearly every row: it says where a row is, not what it is like."""
    return numbers_of(column) is None and column.nunique() > 0.9 * len(column)


def _changes(subject: Subject) -> Iterator[Measure]:
    if subject.task == "regression" or subject.roles.label is None:
        return
    counts = {}
    for name in ("train", "test"):
        table = subject.table(name)
        coded = table.coded(subject.roles.label)
        place = coded.values.index(subject.favorable) if subject.favorable in coded.values else -1
        counts[name] = (int((coded.codes == place).sum()), table.rows)
    yield _change("label_change", counts)
    if subject.model is not None:
        asked = {name: subject.sample(_ROWS, name) for name in ("train", "test")}
        decided = {
            name: (int((subject.predict(frame) == subject.favorable).sum()), len(frame))
            for name, frame in asked.items()
        }
        yield _change("prediction_change", decided)


def _change(name: str, counts: dict[str, tuple[int, int]]) -> Measure:
    pair = Pair("difference", (Proportion(*counts["test"]), Proportion(*counts["train"])))
    return Measure(
        name=name,
        value=pair.estimate,
        unit="difference",
        direction="none",
        n=counts["test"][1] + counts["train"][1],
        interval=two_sided(pair, "MOVER on Wilson limits"),
        uncertainty=pair,
    )


def _by_group(subject: Subject, train: Table, test: Table, columns: list[str]) -> Iterator[Measure | Evidence]:
    names: list[tuple[str, str]] = []
    found: list[Drift] = []
    for sensitive in subject.roles.sensitive:
        if sensitive not in train.columns:
            continue
        groups = [_members(subject, name, sensitive) for name in ("train", "test")]
        for value in dict.fromkeys([*groups[0].tolist(), *groups[1].tolist()]):
            chosen = [np.array([one == value for one in part.tolist()]) for part in groups]
            if min(int(one.sum()) for one in chosen) < _FEWEST:
                continue
            for column in columns:
                if column != sensitive:
                    names.append((column, f"{sensitive} = {'(missing)' if value is None else value}"))
                    found.append(_compared(train, test, column, *chosen))
    if not found:
        return
    corrected = holm([one.p for one in found])
    drifted = {name[1] for name, p in zip(names, corrected, strict=True) if p < LEVEL}
    yield exact("groups_drifted", len(drifted), "count", "lower", "test", test.rows)
    order = np.argsort([one.p for one in found], kind="stable")
    worst = [place for place in order.tolist() if corrected[place] < LEVEL]
    if not worst:
        return
    yield _table(
        "groups",
        f"Columns within groups that drifted, of {len(found):,} compared",
        [names[place] for place in worst],
        [found[place] for place in worst],
        corrected[worst],
    )


def _members(subject: Subject, dataset: str, column: str) -> Any:
    frame = subject.table(dataset).frame(columns=[column])
    found = np.empty(len(frame), dtype=object)
    found[:] = groups_in(subject, frame, column)
    return found


def _table(name: str, title: str, names: list[tuple[str, str]], found: list[Drift], corrected: Any) -> Evidence:
    rows: list[tuple[Cell, ...]] = [
        (column, group, one.test, one.statistic, float(p), one.js, one.psi, one.psi_by_chance)
        for (column, group), one, p in zip(names, found, corrected, strict=True)
    ]
    rows.sort(key=lambda row: (float(row[4]), -float(row[5])))  # type: ignore[arg-type]
    return Evidence(
        id=f"data.drift.{name}",
        kind="table",
        title=title,
        caption=(
            "p is corrected over all comparisons (Holm). Jensen-Shannon distance from 0 to 1; PSI beside what it would be "
            "by chance alone. A difference that is significant may still be of no consequence."
        ),
        alt=f"{title}, smallest p first",
        columns=(
            Column("column", role="label"),
            Column("group"),
            Column("test"),
            Column("statistic", "", "value"),
            Column("p, corrected", "", "value"),
            Column("Jensen-Shannon distance", "", "value"),
            Column("PSI", "", "value"),
            Column("PSI by chance", "", "value"),
        ),
        rows=tuple(rows),
    )
