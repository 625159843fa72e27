"""The measures over all rows that rules speak of: what a ruling rests on where no figure shows it."""

from __future__ import annotations

from typing import Any

from auditkit.finding import Finding, Measure
from auditkit.record import Record
from auditkit.rendering.anchors import anchor
from auditkit.rendering.evidence_view import measure_cells
from auditkit.rendering.language import more_in_record, spoken

MOST_ROWS = 25
_COLUMNS = (("Measure", "left"), ("Value", "right"), ("Bounds", "left"), ("Unit", "left"), ("n", "right"))


def judged_table(record: Record) -> dict[str, Any] | None:
    """Return the table of ruled measures over all rows; None if no rule speaks of one."""
    rulings = record.decision.rulings if record.decision else ()
    wanted = {(r.measure, r.dataset) for r in rulings if not r.over and not r.group}
    found = [
        (finding, measure)
        for finding in record.audit.findings
        for measure in finding.measures
        if not measure.over and not measure.group and (_name(finding, measure), measure.dataset) in wanted
    ]
    if not found:
        return None
    more = len(found) - MOST_ROWS
    return {
        "block": "table",
        "title": spoken("Measured over all rows"),
        "caption": spoken(
            "What rules ask of all rows together. Intervals here are two-sided; rulings use their own bounds"
        ),
        "columns": [{"title": spoken(title), "align": align} for title, align in _COLUMNS],
        "rows": [measure_cells(finding, measure) for finding, measure in found[:MOST_ROWS]],
        "note": more_in_record(more),
        "evidence": [finding.id for finding, _ in found[:MOST_ROWS]],
        "anchor": "",
        "targets": [{"anchor": anchor(_name(finding, measure))} for finding, measure in found[:MOST_ROWS]],
    }


def _name(finding: Finding, measure: Measure) -> str:
    return f"{finding.id}.{measure.name}"
