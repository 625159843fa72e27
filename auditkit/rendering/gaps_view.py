"""All gaps between groups in one table: how wide, how sure, between whom, and what chance or these rows could have shown."""

from __future__ import annotations

from typing import Any

from auditkit.finding import Measure
from auditkit.record import Record
from auditkit.rendering.language import more_in_record, spoken
from auditkit.rendering.numbers import NOTHING, interval, number, percent
from auditkit.rendering.wording import measure_name

MOST_ROWS = 25
_COLUMNS = (
    ("Rate", "left"),
    ("n", "right"),
    ("Difference, at least – at most", "span"),
    ("Ratio, at least – at most", "span"),
    ("Between", "left"),
    ("By chance", "right"),
    ("Seen from", "right"),
)
NOTE = (
    "At least and at most: two one-sided bounds at 95 % each. By chance: what the difference would be on average if all groups "
    "had the same rate. Seen from: the difference between any two groups that these rows would have shown with 80 % power; a "
    "smaller one can be there unseen."
)


def gaps_table(record: Record, *, columns: int) -> dict[str, Any] | None:
    """Return the table of gaps over one column (1) or over intersections (2); None if nothing was compared."""
    found = {key: pair for key, pair in _gaps(record).items() if (len(key[2]) > 1) is (columns > 1)}
    if not found:
        return None
    rows = [_row(name, over, pair) for (_, name, over), pair in list(found.items())[:MOST_ROWS]]
    more = len(found) - MOST_ROWS
    return {
        "block": "table",
        "title": spoken("Gaps between groups") if columns == 1 else spoken("Gaps between intersections"),
        "caption": spoken("The furthest two groups in each rate; equal rates are 0 apart and have a ratio of 1"),
        "columns": [{"title": spoken(title), "align": align} for title, align in _COLUMNS],
        "rows": rows,
        "note": f"{spoken(NOTE)} {more_in_record(more)}".strip(),
        "evidence": [finding for finding, _, _ in list(found)[:MOST_ROWS]],
        "anchor": "",
    }


def _gaps(record: Record) -> dict[tuple[str, str, tuple[str, ...]], dict[str, Measure]]:
    """Return difference and ratio of each rate, by finding, name and what it runs over."""
    found: dict[tuple[str, str, tuple[str, ...]], dict[str, Measure]] = {}
    for finding in record.audit.findings:
        if finding.id.split(".")[0] not in ("fairness", "performance"):
            continue
        for measure in finding.measures:
            kind = next((kind for kind in ("difference", "ratio") if measure.name.endswith(kind)), None)
            if measure.over and kind is not None:
                name = _rate_name(finding.id, measure.name.removesuffix(kind))
                found.setdefault((finding.id, name, measure.over), {})[kind] = measure
    return found


def _rate_name(finding: str, stem: str) -> str:
    name = measure_name(f"{finding}.{stem}difference")
    return name.removesuffix(", gap").removesuffix(" gap")


def _row(name: str, over: tuple[str, ...], pair: dict[str, Measure]) -> list[str]:
    difference, ratio = pair.get("difference"), pair.get("ratio")
    leading = difference or ratio
    if leading is None or leading.value is None:
        reason = leading.reason if leading else ""
        said = f"not measured because {reason}"
        return [f"{name} over {' × '.join(over)}", NOTHING, NOTHING, NOTHING, said, NOTHING, NOTHING]
    left_out = f"; {percent(leading.not_covered)} of rows in groups too small" if leading.not_covered else ""
    between = _pair(str(leading.worst), str(leading.best)) if leading.worst and leading.best else ""
    return [
        f"{name} over {' × '.join(over)}",
        number(leading.n, "count") if leading.n is not None else NOTHING,
        _value(difference),
        _value(ratio),
        f"{between}{left_out}",
        number(leading.expected, leading.unit) if leading.expected is not None else NOTHING,
        number(leading.detectable, leading.unit) if leading.detectable is not None else NOTHING,
    ]


def _pair(first: str, second: str) -> str:
    """Return both names, in quotes where one holds an "and" of its own, as "40 and over" does."""
    return f"“{first}” and “{second}”" if " and " in f"{first}{second}" else f"{first} and {second}"


def _value(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return NOTHING
    shown = measure.interval
    bounds = f", {interval(shown.low, shown.high, measure.unit)}" if shown else ""
    return f"{number(measure.value, measure.unit)}{bounds}"
