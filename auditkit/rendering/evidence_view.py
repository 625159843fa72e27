"""Evidence as the blocks draw it: interval tables, plain tables, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditkit.errors import NotApplicable
from auditkit.finding import Cell, Column, Evidence, Finding, Measure
from auditkit.policy import Ruling
from auditkit.rendering import numbers
from auditkit.rendering.anchors import anchor, evidence_name
from auditkit.rendering.language import more_in_record, spoken
from auditkit.rendering.numbers import PREFIXED, count, interval, number, percent
from auditkit.rendering.wording import measure_name, of_dataset

MOST_ROWS = 25
DRAWN = ("curve", "bars", "beeswarm", "waterfall", "matrix")
SLICES = "performance.slices."
MOST_DRAWN = 12_000  # bytes of one drawing
_SHARES = ("rate", "probability", "share", "")
_MANY_COLUMNS, _DECIMALS = 8, 4


def evidence_block(
    evidence: Evidence, rulings: Iterable[Ruling] = (), finding: Finding | None = None
) -> dict[str, Any]:
    """Return one piece of evidence as ``{"block": ..., ...}`` with the arguments of that block."""
    name = evidence_name(finding.id if finding else "", evidence)
    return {**_block(evidence, rulings, finding), "evidence": name, "anchor": anchor(name)}


def _block(evidence: Evidence, rulings: Iterable[Ruling], finding: Finding | None) -> dict[str, Any]:
    if evidence.kind == "intervals":
        return _intervals(evidence, [ruling for ruling in rulings if _over(ruling, evidence)], finding)
    whiskers = _whiskers(evidence)
    if whiskers is not None:
        drawn_of = _capital(whiskers.columns[2].name)
        block = {**_intervals(whiskers, (), finding), "numbers": _numbers(evidence)}
        return {**block, "headers": {**block["headers"], "value": f"{drawn_of}, 95\u00a0% interval"}}
    drawn = _drawn(evidence) if evidence.kind in DRAWN else None
    if drawn is None:
        return _table(evidence)
    return {
        "block": "figure",
        "svg": drawn,
        "title": evidence.title,
        "caption": evidence.caption,
        "alt": evidence.alt,
        "numbers": _numbers(evidence),
    }


def _whiskers(evidence: Evidence) -> Evidence | None:
    """Return the columns of a table of slices that can be drawn: its label, n, and the value that stands before its limits."""
    roles = [column.role for column in evidence.columns]
    if not evidence.id.startswith(SLICES) or not evidence.rows or not {"label", "n", "low", "high"} <= set(roles):
        return None
    low = roles.index("low")
    kept = [roles.index("label"), roles.index("n"), low - 1, low, roles.index("high")]
    if roles[low - 1] != "value":
        return None
    columns = tuple(evidence.columns[place] for place in kept)
    rows = tuple(tuple(row[place] for place in kept) for row in evidence.rows)
    return replace(evidence, kind="intervals", columns=columns, rows=rows)


def _drawn(evidence: Evidence) -> str | None:
    """Return the drawing, or None where there is nothing to draw or it is too large: the numbers are then a table."""
    from auditkit.charts.svg import draw

    try:
        drawn = draw(evidence)
    except NotApplicable:
        return None
    return drawn.decode() if len(drawn) <= MOST_DRAWN else None


def _numbers(evidence: Evidence) -> dict[str, Any]:
    """Return the table behind a drawing; of many points, some at even steps."""
    count_ = len(evidence.rows)
    if count_ <= MOST_ROWS:
        return _table(evidence)
    kept = [evidence.rows[round(place * (count_ - 1) / (MOST_ROWS - 1))] for place in range(MOST_ROWS)]
    table = _table(replace(evidence, rows=tuple(kept)))
    return {
        **table,
        "note": spoken("{most} of {n} rows, at even steps; all are in audit.json.", most=MOST_ROWS, n=count(count_)),
    }


def _over(ruling: Ruling, evidence: Evidence) -> bool:
    return bool(ruling.over) and evidence.id == f"{ruling.evidence}.{'+'.join(ruling.over)}"


# ---------------------------------------------------------------------- interval tables


def _intervals(evidence: Evidence, rulings: Sequence[Ruling], finding: Finding | None) -> dict[str, Any]:
    place: dict[str, int] = {column.role: index for index, column in reversed(list(enumerate(evidence.columns)))}
    unit = evidence.columns[place["value"]].unit if "value" in place else ""
    shown = _worst(evidence, place, finding)
    rows = [_interval_row(row, place, unit) for row in shown]
    limit = _limit(evidence, rulings, rows)
    drawn = [value for row in rows for value in (row["low"], row["point"], row["high"]) if value is not None]
    drawn += [limit] if limit is not None else []
    return {
        "block": "intervals",
        "title": evidence.title,
        "caption": evidence.caption,
        "headers": {
            "label": _capital(evidence.columns[place["label"]].name) if "label" in place else "",
            "n": "n",
            "value": spoken("Measured, 95\u00a0% interval"),
        },
        "rows": rows,
        "axis": _axis(drawn, unit, limit, from_zero="AUC" not in evidence.title),
        "note": _note(evidence, limit),
    }


def _worst(evidence: Evidence, place: Mapping[str, int], finding: Finding | None) -> Sequence[Sequence[Cell]]:
    """Return the best and the worst rows of many, in their order; which end is the worst, the finding's gap says.

    Where no gap says so, the first rows: auditors put first what matters most.
    """
    rows = evidence.rows
    if len(rows) <= MOST_ROWS or "label" not in place or "value" not in place:
        return rows[:MOST_ROWS]
    measured = [row for row in rows if row[place["value"]] is not None]
    columns = tuple(evidence.columns[place["label"]].name.split(" × "))
    worst = {str(m.worst) for m in finding.measures if m.over == columns and m.worst} if finding else set()
    at = next((index for index, row in enumerate(measured) if str(row[place["label"]]) in worst), 0)
    if len(measured) <= MOST_ROWS or at * 2 < len(measured):
        return rows[:MOST_ROWS]
    return [measured[0], *measured[1 - MOST_ROWS :]]


def _interval_row(row: Sequence[Cell], place: Mapping[str, int], unit: str) -> dict[str, Any]:
    def cell(role: str) -> Cell:
        return row[place[role]] if role in place else None

    value, low, high = _float(cell("value")), _float(cell("low")), _float(cell("high"))
    n = cell("n")
    reason = cell("text")
    return {
        "label": str(cell("label")) if cell("label") not in (None, "") else spoken("All rows"),
        "kind": "interval",
        "n": count(n) if isinstance(n, int) else "",
        "value": number(value, unit),
        "interval": interval(low, high, unit),
        "low": None if low is None else numbers.drawable(low),
        "point": None if value is None else numbers.drawable(value),
        "high": None if high is None else numbers.drawable(high),
        "status": "insufficient" if value is None else "",
        "reason": (str(reason).removeprefix("undefined: ") if reason else "too few rows") if value is None else "",
    }


def _float(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _limit(evidence: Evidence, rulings: Sequence[Ruling], rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return where a group must stand so that the gap keeps its limit, given the other end of the gap."""
    values: list[float] = [row["point"] for row in rows if row["point"] is not None]
    false_rates = "false positive" in evidence.title.lower()
    for ruling in rulings:
        alone = ruling.measure.rpartition(".")[2].startswith("false_positive_rate") or not ruling.measure.startswith(
            "fairness.equalized_odds"
        )
        if len(values) < 2 or not alone or ruling.limit is None or ruling.of_change:
            continue
        if ruling.unit == "ratio" and ruling.limit_kind == "min":
            return ruling.limit * max(values)
        if ruling.unit == "difference" and ruling.limit_kind == "max":
            return min(values) + ruling.limit if false_rates else max(values) - ruling.limit
    return None


def _axis(
    drawn: Sequence[float], unit: str, limit: float | None, *, from_zero: bool, ceiling: bool = True
) -> dict[str, Any]:
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
    most = 1.0 if ceiling and unit in _SHARES else None
    start, end, ticks = numbers.axis(low, high, from_zero=from_zero, ceiling=most)
    return {
        "low": start,
        "high": end,
        "ticks": [{"at": tick, "label": numbers.tick(tick)} for tick in ticks],
        "limit": limit,
        "limit_label": f"{spoken('limit')} {number(limit)}" if limit is not None else None,
    }


def _note(evidence: Evidence, limit: float | None) -> str:
    notes = []
    if limit is not None:
        notes.append(
            spoken(
                "The limit line is where the furthest group would keep the rule; rulings use the bound of the gap, not the overlap of these lines."
            )
        )
    if len(evidence.rows) > MOST_ROWS:
        notes.append(
            spoken("The worst {most}; {n} more in audit.json.", most=MOST_ROWS, n=count(len(evidence.rows) - MOST_ROWS))
        )
    return " ".join(notes)


def range_blocks(finding: Finding) -> list[dict[str, Any]]:
    """Return, for energy and for emissions, the drawing of the ranges of a finding; what has no range is not drawn."""
    found = []
    for what, units in (("Energy", ("Wh", "kWh")), ("Emissions", ("gCO2e", "kgCO2e"))):
        rows = [m for m in finding.measures if m.unit in units and m.value is not None and m.interval is not None]
        if rows:
            found.append(_ranges(finding, what, rows[:MOST_ROWS]))
    return found


def _ranges(finding: Finding, what: str, measures: Sequence[Measure]) -> dict[str, Any]:
    own = [(measure, measure.interval) for measure in measures if measure.interval is not None]
    factors = [1000.0 if measure.unit.startswith("k") else 1.0 for measure, _ in own]
    largest = max(max(abs(shown.low), abs(shown.high)) * by for (_, shown), by in zip(own, factors, strict=True))
    divisor, unit = numbers.prefixed(largest, "Wh" if what == "Energy" else "gCO2e")
    rows: list[dict[str, Any]] = []
    for (measure, shown), by in zip(own, factors, strict=True):
        low, point, high = (
            numbers.drawable(float(end) * by / divisor) for end in (shown.low, measure.value or 0.0, shown.high)
        )
        rows.append(
            {
                "label": _measure_label(finding, measure),
                "n": count(measure.n) if measure.n is not None else "",
                "value": number(measure.value, measure.unit),
                "interval": interval(shown.low, shown.high, measure.unit),
                "low": low,
                "point": point,
                "high": high,
                "kind": shown.kind,
                "status": "",
                "reason": "",
            }
        )
    ends: list[float] = [end for row in rows for end in (row["low"], row["high"])]
    return {
        "block": "intervals",
        "title": spoken("Energy, lowest to highest estimate")
        if what == "Energy"
        else spoken("Emissions, lowest to highest estimate"),
        "caption": spoken("In {unit}; a range of estimates, not a confidence interval", unit=unit),
        "headers": {"label": spoken(what), "n": "n", "value": spoken("Estimate, lowest to highest")},
        "rows": rows,
        "axis": _axis(ends, "", None, from_zero=True, ceiling=False),
        "note": "",
        "evidence": finding.id,
        "anchor": anchor(f"{finding.id} {what}"),
    }


# ---------------------------------------------------------------------- plain tables


def _table(evidence: Evidence) -> dict[str, Any]:
    more = len(evidence.rows) - MOST_ROWS
    most = _DECIMALS if len(evidence.columns) > _MANY_COLUMNS else None
    return {
        "block": "table",
        "title": evidence.title,
        "caption": evidence.caption,
        "columns": [{"title": _capital(column.name), "align": _align(column)} for column in evidence.columns],
        "rows": [
            [_cell(cell, column, most) for cell, column in zip(row, evidence.columns, strict=True)]
            for row in evidence.rows[:MOST_ROWS]
        ],
        "note": more_in_record(more),
    }


def _align(column: Column) -> str:
    return "left" if column.role in ("label", "text") else "right"


def _cell(cell: Cell, column: Column, most: int | None) -> str:
    if cell is None:
        return numbers.NOTHING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return count(cell)
    return number(cell, column.unit, most) if isinstance(cell, float) else str(cell)


def measures_table(finding: Finding, title: str = "") -> dict[str, Any] | None:
    """Return the measures of a finding over all rows as a table; None if it has none."""
    whole = [measure for measure in finding.measures if not measure.group]
    if not whole:
        return None
    rows = [measure_cells(finding, measure) for measure in whole[:MOST_ROWS]]
    return {
        "block": "table",
        "title": title or finding.title,
        "caption": finding.description,
        "columns": [
            {"title": spoken("Measure"), "align": "left"},
            {"title": spoken("Value"), "align": "right"},
            {"title": spoken("Bounds"), "align": "left"},
            {"title": spoken("Unit"), "align": "left"},
            {"title": "n", "align": "right"},
        ],
        "rows": rows,
        "note": more_in_record(len(whole) - MOST_ROWS),
        "evidence": finding.id,
        "anchor": anchor(finding.id),
    }


def measure_cells(finding: Finding, measure: Measure) -> list[str]:
    """Return a measure as the cells of a table: name, value, bounds, unit, n."""
    return [
        _measure_label(finding, measure),
        number(measure.value, measure.unit) if measure.value is not None else numbers.NOTHING,
        _bounds(measure),
        _unit(measure.unit),
        count(measure.n) if measure.n is not None else "",
    ]


def _measure_label(finding: Finding, measure: Measure) -> str:
    name = measure_name(f"{finding.id}.{measure.name}")
    if measure.over:
        name = f"{name} over {' × '.join(measure.over)}"
    return f"{name}{of_dataset(measure.dataset)}"


def _bounds(measure: Measure) -> str:
    if measure.value is None:
        return spoken("not measured because {reason}", reason=measure.reason)
    shown = measure.interval
    if shown is None:
        return "none"
    if shown.kind == "exact":
        return spoken("exact count") if measure.unit == "count" else spoken("exact")
    ends = interval(shown.low, shown.high, measure.unit)
    return (
        f"{ends} ({spoken('lowest to highest estimate')})"
        if shown.kind == "range"
        else f"{ends} ({percent(shown.level or 0)})"
    )


def _unit(unit: str) -> str:
    """Return the unit as a column shows it: energy and emissions carry theirs beside the number."""
    return "" if unit in ("", "rate", "ratio", "difference", "share", "probability", "score", *PREFIXED) else unit


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:] if len(name) > 2 else name  # n and n+ stay as they are
