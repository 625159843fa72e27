"""Proxies: what do the other columns give away of a sensitive one?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.bias_audit.drawn import groups_in
from auditkit.data.counting import cluster_buckets
from auditkit.data.frames import table_from_frame
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.planned import planned
from auditkit.explainers.predicting import DEPTH, TREES, Groups, Told, told_alone, told_together
from auditkit.finding import MISSING_LABEL, Column, Dataset, Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import LEVEL
from auditkit.stats.cross_fit import halves
from auditkit.stats.intervals import z_quantile
from auditkit.stats.uncertainty import Extreme
from auditkit.subject import Subject
from auditkit.tally import scalar_key

_ID = "data.proxies"
_EVERYONE = Group()
_METHOD = "logit-DeLong or score limits, two halves taken as fully dependent, error shared"


@auditor(title="Proxies", needs=("sensitive",), measures=("joint_auc", "strongest_auc"))
def proxies(
    subject: Subject,
    *,
    rows: int = 20_000,
    fewest: int = 100,
    most_groups: int = 8,
    importance: bool = True,
) -> Iterator[Measure | Evidence]:
    """How well each column alone, and all columns together, tell the groups of a sensitive column apart.

    Parameters
    ----------
    subject : Subject
        With sensitive columns; with a model, the importance of each column stands beside.
    rows : int
        Rows drawn at most, from the training rows where there are any.
    fewest : int
        Groups with fewer rows, or half as many in either half, are counted and not told apart.
    most_groups : int
        Of more groups the largest are told apart.
    importance : bool
        Whether the model is explained, unless that was already done.

    Notes
    -----
    AUC = P(a row of the group gets a higher score than a row of another group): 0.5 no better than chance, 1 told apart
    without error. Scores of each half of the rows come from what was fitted to the other half: for one column the share of
    the group at its value or bin (10 of equal size), for all columns but the sensitive ones a logistic regression and
    boosted trees. joint_auc is the larger of these two, strongest_auc the largest of the single columns; of a column with
    more than two groups each is told from all others, and the largest counts. Standard error: the mean of the halves'
    (DeLong, at least that of Mann and Whitney's test at 0.5; with clusters, sums over their buckets), which holds however
    the halves depend on each other. Lower bounds of
    the measures and the intervals of the table hold at once (Bonferroni); upper bounds of a largest value need no
    correction. Cramér's V is corrected for bias (Bergsma), mutual information by Miller and Madow. Rows without the
    sensitive value are left out. Weights are not used.

    Misleads when
    -------------
    Better predictors than these exist: a low AUC shows that these found little, not that there is nothing. They saw half of
    the rows each. What predicts a group may be a lawful reason all the same, and an AUC above 0.5 in many rows may be
    too small to matter. The same person in several rows without `cluster` makes columns look telling. Importance and
    AUC together are where to look first, not a proof that the model uses the column as a proxy.

    References
    ----------
    .. [1] DeLong, DeLong, Clarke-Pearson 1988, doi:10.2307/2531595; Bergsma 2013, doi:10.1016/j.jkss.2012.10.002; Paninski
       2003, doi:10.1162/089976603321780272; Bates, Hastie, Tibshirani 2023, doi:10.1080/01621459.2023.2197686
    """
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive columns were named; pass sensitive=[…]")
    columns = [column for column in subject.features if column not in subject.roles.sensitive]
    if not columns:
        raise NotApplicable("there are no columns but sensitive ones to predict from; pass features=[…]")
    dataset: Dataset = "train" if subject.summary()["rows"]["train"] else "test"  # type: ignore[index]
    frame = subject.sample(rows, dataset)
    weights, said = _importance(subject) if importance else ({}, "")
    lacking = []
    for column in subject.roles.sensitive:
        known = _known(subject, frame, column, fewest, most_groups)
        if not known.groups.asked:
            lacking.append(column)
            continue
        part = frame.iloc[known.rows].reset_index(drop=True)
        together, alone = told_together(part, columns, known.groups), told_alone(part, columns, known.groups)
        alone.sort(key=lambda told: (-max(area.estimate for area in told.areas), told.name))
        yield from _measures(column, known, together, alone, dataset)
        yield _evidence(column, known, together, alone, dataset)
        yield _beside(column, known, alone, weights, said)
    if len(lacking) == len(subject.roles.sensitive):
        raise InsufficientData(
            f"no sensitive column has two groups of at least {fewest} {dataset} rows, half as many in either half"
        )


# ------------------------------------------------------------------------------------------------------ the groups


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """The rows whose group is known, their groups, and what was left out."""

    rows: npt.NDArray[np.int64]
    groups: Groups
    names: tuple[Scalar, ...]
    left_out: str


def _known(subject: Subject, frame: Any, column: str, fewest: int, most_groups: int) -> _Known:
    own = groups_in(subject, frame, column)
    values = sorted({value for value in own if value is not None}, key=scalar_key)
    places = {value: code for code, value in enumerate(values)}
    rows = np.array([row for row, value in enumerate(own) if value is not None], dtype=np.int64)
    codes = np.array([places[own[row]] for row in rows.tolist()], dtype=np.int64)
    cluster = subject.roles.cluster
    buckets = cluster_buckets(table_from_frame(frame.iloc[rows]), cluster) if cluster and len(rows) else None
    second = halves(codes, buckets)
    sizes = np.bincount(codes, minlength=len(values))
    in_halves = np.minimum(*(_rarer(codes[half], len(values)) for half in (~second, second)))
    order = np.argsort(-sizes, kind="stable")
    enough = [code for code in order.tolist() if min(sizes[code], len(rows) - sizes[code]) >= fewest]
    enough = [code for code in enough if in_halves[code] >= max(2, fewest / 2)][:most_groups]
    if len(values) == 2 and enough:  # one AUC is the other's: 1 − AUC of the reversed score
        enough = [int(np.argmin(sizes))]
    asked = tuple(sorted(enough))
    few = [f"{values[code]} ({sizes[code]:,} rows)" for code in order.tolist() if code not in asked]
    left_out = f" Not told apart: {', '.join(few)}; they count as others." if few and len(values) > 2 else ""
    if len(rows) < len(frame):
        left_out += f" Left out, no value in {column}: {len(frame) - len(rows):,} rows {MISSING_LABEL}."
    return _Known(rows, Groups(codes, len(values), asked, second, buckets), tuple(values), left_out)


def _rarer(codes: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return for each group the smaller of its rows and all others."""
    sizes = np.bincount(codes, minlength=count)
    return np.minimum(sizes, len(codes) - sizes)


def _against(known: _Known, place: int) -> str:
    own = known.groups.asked[place]
    other = "all others" if known.groups.count > 2 else str(known.names[1 - own])
    return f"{known.names[own]} from {other}"


# ---------------------------------------------------------------------------------------------------- the measures


def _measures(
    column: str, known: _Known, together: list[Told], alone: list[Told], dataset: Dataset
) -> Iterator[Measure]:
    n = len(known.rows)
    for name, found in (("joint_auc", together), ("strongest_auc", alone)):
        members = [area for told in found for area in told.areas]
        yield _largest(name, Extreme("max", tuple(members)), n, dataset, over=(column,))
    if len(known.groups.asked) > 1:
        for place, code in enumerate(known.groups.asked):
            members = [told.areas[place] for told in together]
            group = Group.of({column: known.names[code]})
            yield _largest("joint_auc", Extreme("max", tuple(members)), n, dataset, group=group)


def _largest(
    name: str, found: Extreme, n: int, dataset: Dataset, *, over: tuple[str, ...] = (), group: Group = _EVERYONE
) -> Measure:
    interval = Interval(found.lower(LEVEL), found.upper(LEVEL), LEVEL, "each", "interval", _METHOD)
    return Measure(
        name=name,
        value=found.estimate,
        unit="probability",
        direction="lower",
        dataset=dataset,
        group=group,
        over=over,
        n=n,
        interval=interval,
        uncertainty=found,
    )


# ---------------------------------------------------------------------------------------------------- the evidence


def _importance(subject: Subject) -> tuple[dict[str, float], str]:
    """Return the share of each column in the importance for the model, and what to say of it."""
    if subject.model is None:
        return {}, ""
    try:
        plan = planned(subject)
    except (NotApplicable, InsufficientData) as error:
        return {}, f" No importance: {error}."
    means = plan.given.attributions.sizes[: plan.rows].mean(axis=0)
    total = float(np.maximum(0.0, means).sum())
    if total <= 0:
        return {}, " No importance: the model's output is the same for all rows."
    shares = {name: max(0.0, float(mean)) / total for name, mean in zip(plan.given.features, means, strict=True)}
    return shares, f" Importance: share in the mean abs(φ) of all columns of the model, over {plan.rows:,} test rows."


def _evidence(column: str, known: _Known, together: list[Told], alone: list[Told], dataset: Dataset) -> Evidence:
    comparisons = len(known.groups.asked) * (len(together) + len(alone))
    z = z_quantile(1 - (1 - LEVEL) / 2 / comparisons)
    rows = []
    for told in (*together, *alone):
        everywhere = Extreme("max", told.areas)
        rows.append((told.name, len(known.rows), everywhere.estimate, *everywhere.limits(z)))
    above = sum(1 for row in rows[len(together) :] if row[3] > 0.5)
    measure = _against(known, 0)
    if known.groups.count > 2:
        measure = "each group from all others, the largest AUC and the largest ends shown"
    return Evidence(
        id=f"{_ID}.{column}",
        kind="intervals",
        title=f"What gives {column} away: AUC",
        caption=(
            f"AUC in telling {measure}; 0.5 is chance. {len(known.rows):,} {dataset} rows, each half scored by what was "
            f"fitted to the other (trees: {TREES} of depth {DEPTH}). {above} of {len(alone)} columns alone are shown to be "
            f"better than chance. 95 % intervals hold at once for {comparisons} comparisons (Bonferroni). Sensitive columns "
            f"are not among the columns.{known.left_out}"
        ),
        alt=f"Columns that give {column} away, most telling first: {', '.join(told.name for told in alone[:5])}",
        columns=(
            Column("column", role="label"),
            Column("rows", "rows", "n"),
            Column("AUC", "probability", "value"),
            Column("low", "probability", "low"),
            Column("high", "probability", "high"),
        ),
        rows=tuple(rows),
    )


def _beside(column: str, known: _Known, alone: list[Told], weights: dict[str, float], said: str) -> Evidence:
    rows = []
    for told in alone:
        best = max(range(len(told.areas)), key=lambda place: told.areas[place].estimate)
        told_best = (_against(known, best),) if known.groups.count > 2 else ()
        share = (weights.get(told.name),) if weights else ()
        rows.append((told.name, told.areas[best].estimate, *told_best, told.cramers_v, told.bits, *share))
    first = "Columns that are high in both AUC and importance are where to look first. " if weights else ""
    return Evidence(
        id=f"{_ID}.beside.{column}",
        kind="table",
        title=f"What gives {column} away{', and what the model does with it' if weights else ''}",
        caption=(
            f"{first}Cramér's V corrected for bias, mutual information by Miller and Madow; numbers in bins of equal "
            f"size.{said}"
        ),
        alt=f"Association with {column} by column: {', '.join(told.name for told in alone[:5])}",
        columns=(
            Column("column", role="label"),
            Column("AUC", "probability", "value"),
            *((Column("tells best"),) if known.groups.count > 2 else ()),
            Column("Cramér's V", "", "value"),
            Column("mutual information, bits", "bits", "value"),
            *((Column("importance", "share", "value"),) if weights else ()),
        ),
        rows=tuple(rows),
    )
