"""Partial dependence with the spread of single rows, and interactions, as measures and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from auditkit.errors import InsufficientData
from auditkit.explainers.effects import Asked, Effect
from auditkit.explainers.ice import Dependence, dependence_of
from auditkit.explainers.interactions import interactions
from auditkit.finding import Cell, Column, Evidence, Group, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import LEVEL, rate_measure, two_sided
from auditkit.stats.weighting import clustered_proportion, estimated_clusters
from auditkit.tally import BUCKETS

_ID = "explanations.effects"


def dependences(asked: Asked, frame: Any, effects: Sequence[Effect], budget: int) -> Iterator[Measure | Evidence]:
    """Yield for each column its partial dependence, and the share of rows that go the other way.

    Parameters
    ----------
    asked : Asked
    frame : pandas DataFrame
        The rows that the effects were measured on.
    effects : sequence of Effect
    budget : int
        Model rows for all of them.
    """
    for effect in effects:
        try:
            found = dependence_of(asked, frame, effect, budget // len(effects))
        except InsufficientData as few:
            yield _insufficient("against_direction", "rate", (effect.column,), few)
            continue
        yield _against(effect, found)
        yield _dependence(effect, found, asked)


def _against(effect: Effect, found: Dependence) -> Measure:
    hits, n = found.against, found.n
    if found.curve.value[found.highest] - found.curve.value[found.lowest] <= 0:
        return Measure(
            name="against_direction",
            value=None,
            unit="rate",
            direction="none",
            over=(effect.column,),
            n=n,
            status="undefined",
            reason="undefined: the partial dependence is flat, it has no direction",
        )
    rate = Rate(Group(), int(hits.sum()), n, n)
    if found.buckets is not None:
        parts = (hits.astype(np.float64), np.ones(n))
        hit, base = (np.bincount(found.buckets, weights=part, minlength=BUCKETS).astype(np.float64) for part in parts)
        share = clustered_proportion(hit, base, n)
        rate = Rate(Group(), int(hits.sum()), n, n, share, estimated_clusters(base > 0))
    return replace(rate_measure("against_direction", rate, "none"), over=(effect.column,))


def _dependence(effect: Effect, found: Dependence, asked: Asked) -> Evidence:
    numbers = effect.kind == "accumulated"
    share, names = float(found.against.mean()), [_short(point) for point in effect.points]
    return Evidence(
        id=f"{_ID}.dependence.{effect.column}",
        kind="curve" if numbers else "table",
        title=f"What {asked.name} changes by when {effect.column} is replaced",
        caption=(
            f"Partial dependence less the mean output ({asked.unit}), {found.n:,} test rows, 95 % at once for the {len(names)} "
            f"points, and between what the changes of 10 % and of 90 % of single rows lie. In {share:.1%} of the rows the output is lower with "
            f"{names[found.highest]} than with {names[found.lowest]}, against the mean."
        ),
        alt="; ".join(f"{name}: {value:+.3g}" for name, value in zip(names, found.curve.value.tolist(), strict=True)),
        **(_lines if numbers else _table)(effect, found, asked),
    )


def _lines(effect: Effect, found: Dependence, asked: Asked) -> dict[str, Any]:
    """Return three lines: the mean with its band, and the two ends between which most rows lie."""
    value, half, unit = found.curve.value, found.curve.half_width(LEVEL), asked.unit
    ends = zip((value - half).tolist(), (value + half).tolist(), strict=True)
    rows: list[tuple[Cell, ...]] = [
        ("mean", point, middle, *both) for point, middle, both in zip(effect.points, value.tolist(), ends, strict=True)
    ]
    for name, tail in zip(("10 % of rows", "90 % of rows"), found.tails.tolist(), strict=True):
        rows += [(name, point, end, None, None) for point, end in zip(effect.points, tail, strict=True)]
    columns = (
        Column("line", role="label"),
        Column(effect.column, role="x"),
        Column(f"change of {asked.name}", unit, "y"),
        Column("low", unit, "low"),
        Column("high", unit, "high"),
    )
    return {"columns": columns, "rows": tuple(rows)}


def _table(effect: Effect, found: Dependence, asked: Asked) -> dict[str, Any]:
    value, half, unit = found.curve.value, found.curve.half_width(LEVEL), asked.unit
    parts = (value, value - half, value + half, *found.tails)
    rows = zip(effect.points, *(part.tolist() for part in parts), strict=True)
    names = (
        ("mean change", "value"),
        ("low", "low"),
        ("high", "high"),
        ("10 % of rows", "value"),
        ("90 % of rows", "value"),
    )
    columns = (Column(effect.column, role="label"), *(Column(name, unit, role) for name, role in names))  # type: ignore[arg-type]
    return {"columns": columns, "rows": tuple(rows)}


def _short(point: float | str) -> str:
    return f"{point:g}" if isinstance(point, float) else point


def interacting(asked: Asked, frame: Any, effects: Sequence[Effect], budget: int) -> Iterator[Measure | Evidence]:
    """Yield H² of each pair of columns whose effect is known, and a table of them.

    Parameters
    ----------
    asked : Asked
    frame : pandas DataFrame
        The rows that the effects were measured on.
    effects : sequence of Effect
    budget : int
        Model rows for all pairs.
    """
    if len(effects) < 2:
        return
    columns = [effect.column for effect in effects]
    try:
        found, n = interactions(asked, frame, columns, budget)
    except InsufficientData as few:
        yield from (_insufficient("interaction", "share", pair, few) for pair in combinations(columns, 2))
        return
    clustered = asked.subject.roles.cluster is not None
    rows: list[tuple[Cell, ...]] = []
    for pair, one in found.items():
        base = Measure(name="interaction", value=0.0, unit="share", direction="none", over=pair, n=n)
        label = " × ".join(pair)
        if one is None:
            reason = "undefined: the two columns have no effect together"
            yield replace(base, value=None, status="undefined", reason=reason)
            rows.append((label, n, None, None, None, None, reason))
            continue
        interval = None if clustered else two_sided(one.share, "jackknife on ln(H²), approximate")
        uncertainty = None if clustered else one.share
        yield replace(base, value=one.share.value, interval=interval, uncertainty=uncertainty)
        ends = (None, None) if interval is None else (interval.low, interval.high)
        rows.append((label, n, one.share.value, *ends, one.size, None))
    rows.sort(key=lambda row: (row[5] is None, -float(row[5] or 0.0), str(row[0])))
    yield _together(rows, asked, n, clustered)


def _insufficient(name: str, unit: str, over: tuple[str, ...], few: InsufficientData) -> Measure:
    reason = str(few)
    return Measure(name=name, value=None, unit=unit, direction="none", over=over, status="insufficient", reason=reason)


def _together(rows: Sequence[tuple[Cell, ...]], asked: Asked, n: int, clustered: bool) -> Evidence:
    sizes = "; ".join(f"{row[0]} {row[5]:.2g}" for row in rows[:5] if row[5] is not None)
    sure = " No intervals: rows have clusters." if clustered else " 95 % jackknife intervals, approximate."
    return Evidence(
        id=f"{_ID}.interactions",
        kind="intervals",
        title="Columns that work together",
        caption=(
            f"Friedman's H² over {n} test rows: the part of two columns' joint effect on {asked.name} that is no sum of one of each; "
            f"0 without interaction.{sure} Sorted by the size of that part in units of the output ({asked.unit}), root of its mean "
            f"square: {sizes or 'none'}. H² is large where the columns do little."
        ),
        alt=f"Interactions, largest first: {', '.join(str(row[0]) for row in rows[:5])}",
        columns=(
            Column("columns", role="label"),
            Column("rows", "rows", "n"),
            Column("H²", "share", "value"),
            Column("low", "share", "low"),
            Column("high", "share", "high"),
            Column("size", asked.unit, "count"),
            Column("reason"),
        ),
        rows=tuple(rows),
    )
