"""Whether the rows that are audited come from where the training rows came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.answer_changes import FEWEST, changes, one_of_each_cluster
from auditkit.attacks.counted import exact
from auditkit.data.paired_columns import PairedColumn, numbers_rows, paired_column
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.predicting import Groups, told_scores
from auditkit.explainers.proxies import numbers_of
from auditkit.finding import MISSING_LABEL, Cell, Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.cross_fit import halves
from auditkit.stats.drifting import DRAWS, Drift, codes_drift, numbers_drift
from auditkit.stats.multiple_testing import holm
from auditkit.subject import Subject

LEVEL = 0.05
_FEW_VALUES = 20
Rows = npt.NDArray[np.int64]
_MEASURES = ("columns_drifted", "groups_drifted", "classifier_auc", "label_change", "prediction_change")


@auditor(title="Drift from training to test", needs=("train",), measures=_MEASURES)
def drift(subject: Subject, *, rows: int = 5000, older: str = "train") -> Iterator[Measure | Evidence]:
    """Which columns are distributed otherwise in the test rows than in the training rows, and whether the two can be told apart.

    Parameters
    ----------
    subject : Subject
        With training rows, or any older table in their place.
    rows : int
        Rows of each table that the classifier is given.
    older : str
        The table that the test rows are compared with: train, released or population.

    Notes
    -----
    Numbers and dates with more than 20 values by the two-sample Kolmogorov-Smirnov test, which errs less than it says where
    values are tied, and their missing values by χ²; all else by χ², values expected fewer than 5 times taken together, with p
    from up to 9,999 random reassignments of the rows, and more where there are over 100 comparisons. p is corrected over all columns
    (Holm), so in at least 95 % of audits of tables that do not differ columns_drifted is 0; groups_drifted likewise over all
    columns of all sensitive groups with 100 rows in both tables. Jensen-Shannon distance and PSI are shown, PSI beside what
    it would be by chance alone, (B − 1)(1/n + 1/m) for B values or bins, and not judged. classifier_auc: boosted trees fitted
    to half of the rows of both tables tell the other half's origin, both ways; 0.5 means not at all. label_change and
    prediction_change: rate of the favourable outcome in the test rows less that in the training rows, and of the model's
    decision for it, MOVER; of a regression the means, Welch; a table has both by group, with bounds that hold at once. Of each cluster one row counts. Weights, times, clusters and
    columns that number the rows are left out: they differ by design.

    Misleads when
    -------------
    With many rows a difference of no consequence is significant: read the distances too. A model knows its training
    rows, so decisions on them may differ without any drift. Rows that depend on each other, without a cluster column
    that says so, drift too easily. Rows that stand in both tables pull classifier_auc below 0.5 (a table beside itself: .3)
    and hide what drifted in the others; privacy.duplicates counts them.

    References
    ----------
    .. [1] Rabanser et al. 2019, Failing Loudly, arXiv:1810.11953; Yurdakul 2018, Statistical Properties of PSI;
       Besag, Clifford 1991, doi:10.1093/biomet/78.2.301
    """
    test, before = subject.table(), subject.table(older)
    chosen = (_one_of_each(subject, before), _one_of_each(subject, test))
    fewest = min(len(one) for one in chosen)
    if fewest < FEWEST:
        raise InsufficientData(f"{fewest} rows in one of the tables, at least {FEWEST} are needed")
    pairs, left_out = _pairs(subject, before, test)
    if not pairs:
        raise NotApplicable(
            f"test and {older} have no column in common that could be compared; name their columns alike"
        )
    draws = max(DRAWS, 100 * len(pairs))
    found = [_compared(subject, pair, chosen, "", draws) for pair in pairs]
    corrected = holm([one.p for one in found])
    yield exact("columns_drifted", int((corrected < LEVEL).sum()), "count", "lower", "test", len(chosen[1]))
    yield _classified(subject, [pair.name for pair in pairs], rows, older)
    yield from changes(subject, older)
    names = [(pair.name, "") for pair in pairs]
    gone = f" Not compared: {', '.join(left_out)}." if left_out else ""
    yield _table("columns", f"Columns, {older} beside test", names, found, corrected, gone)
    yield from _by_group(subject, older, pairs, chosen)


def _pairs(subject: Subject, before: Table, test: Table) -> tuple[list[PairedColumn], list[str]]:
    """Return the columns of both tables that could be alike in both, and the names of all others."""
    roles = subject.roles
    by_design = {roles.weight, roles.cluster, roles.time, *roles.drop}
    common = [column for column in test.columns if column in before.columns and column not in by_design]
    pairs = [paired_column(before, test, column, _FEW_VALUES) for column in common]
    kept = [pair for pair in pairs if not numbers_rows(pair)]
    names = {pair.name for pair in kept}
    return kept, [column for column in dict.fromkeys([*test.columns, *before.columns]) if column not in names]


def _one_of_each(subject: Subject, table: Table) -> Rows:
    """Return the places of all rows; where rows have clusters, of one row of each, whatever the order of the rows."""
    cluster = subject.roles.cluster
    if cluster is None or cluster not in table.columns:
        return np.arange(table.rows)
    order = np.argsort(table.row_hashes(subject.seed), kind="stable")
    return order[np.unique(table.coded(cluster).codes[order], return_index=True)[1]]


def _compared(subject: Subject, pair: PairedColumn, rows: tuple[Rows, Rows], group: str, draws: int) -> Drift:
    first, second = pair.first[rows[0]], pair.second[rows[1]]
    rng = subject.rng(f"data.drift\0{pair.name}\0{group}")
    if pair.ordered:
        return numbers_drift(first, second, rng, draws)
    counts = [np.bincount(codes, minlength=pair.values) for codes in (first, second)]
    return codes_drift(counts[0], counts[1], rng, draws)


def _classified(subject: Subject, columns: list[str], rows: int, older: str) -> Measure:
    """Return how well the origin of a row is told from its columns."""
    import pandas as pd

    parts = [one_of_each_cluster(subject, rows, name)[columns] for name in (older, "test")]
    frame = pd.concat(parts, ignore_index=True)
    told = [column for column in columns if not _identifies(frame[column])]
    if not told:
        reason = "each column has a value of its own in nearly every row: there is nothing to tell rows apart by"
        name = "classifier_auc"
        return Measure(
            name=name, value=None, unit="probability", direction="lower", status="insufficient", reason=reason
        )
    codes = np.repeat([0, 1], [len(parts[0]), len(parts[1])]).astype(np.int64)
    order = subject.rng("data.drift").permutation(len(frame))
    frame, codes = frame.iloc[order].reset_index(drop=True), codes[order]
    groups = Groups(codes, 2, (1,), halves(codes))
    area = groups.areas(told_scores(frame, told, groups))[0]
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


def _by_group(
    subject: Subject, older: str, pairs: list[PairedColumn], rows: tuple[Rows, Rows]
) -> Iterator[Measure | Evidence]:
    asked: list[tuple[PairedColumn, str, tuple[Rows, Rows]]] = []
    groups = 0
    for sensitive in subject.roles.sensitive:
        if sensitive not in subject.table(older).columns:
            continue
        codes = [subject.groups_of(sensitive, name) for name in (older, "test")]
        for value in [value for value in codes[1].values if value in codes[0].values]:
            inside = [one[part.codes[one] == part.values.index(value)] for one, part in zip(rows, codes, strict=True)]
            if min(len(one) for one in inside) < FEWEST:
                continue
            groups += 1
            named = f"{sensitive} = {MISSING_LABEL if value is None else value}"
            asked += [(pair, named, (inside[0], inside[1])) for pair in pairs if pair.name != sensitive]
    if not asked:
        return
    draws = max(DRAWS, 100 * len(asked))
    found = [_compared(subject, pair, inside, group, draws) for pair, group, inside in asked]
    names = [(pair.name, group) for pair, group, _ in asked]
    corrected = holm([one.p for one in found])
    worst = [place for place, p in enumerate(corrected.tolist()) if p < LEVEL]
    drifted = {names[place][1] for place in worst}
    yield exact("groups_drifted", len(drifted), "count", "lower", "test", len(rows[1]))
    if worst:
        title = f"Columns within groups that drifted, of {len(found):,} compared in {groups:,} groups"
        yield _table("groups", title, [names[p] for p in worst], [found[p] for p in worst], corrected[worst])


def _table(
    name: str, title: str, names: list[tuple[str, str]], found: list[Drift], corrected: Any, gone: str = ""
) -> Evidence:
    rows: list[tuple[Cell, ...]] = [
        (column, *((group,) if group else ()), one.test, one.statistic, float(p), one.js, one.psi, one.psi_by_chance)
        for (column, group), one, p in zip(names, found, corrected, strict=True)
    ]
    rows.sort(key=lambda row: (float(row[-4]), -float(row[-3])))  # type: ignore[arg-type]
    return Evidence(
        id=f"data.drift.{name}",
        kind="table",
        title=title,
        caption=(
            "p is corrected over all comparisons (Holm). Jensen-Shannon distance from 0 to 1; PSI beside what it would be "
            f"by chance alone. A difference that is significant may still be of no consequence.{gone}"
        ),
        alt=f"{title}, smallest p first",
        columns=(
            Column("column", role="label"),
            *((Column("group"),) if any(group for _, group in names) else ()),
            Column("test"),
            Column("statistic", "", "value"),
            Column("p, corrected", "", "value"),
            Column("Jensen-Shannon distance", "", "value"),
            Column("PSI", "", "value"),
            Column("PSI by chance", "", "value"),
        ),
        rows=tuple(rows),
    )
