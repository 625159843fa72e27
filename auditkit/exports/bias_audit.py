"""The figures of a bias audit under Local Law 144 as CSV, for a spreadsheet, and as JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from auditkit.bias_audit.summary import NO_INDEPENDENT_AUDIT, BiasAudit, BiasTable, Row, bias_audit_of, read
from auditkit.errors import NotApplicable
from auditkit.finding import Cell
from auditkit.record import Record

NAME = "bias_audit_summary"
COLUMNS = (
    "basis",
    "grouping",
    "category",
    "persons_assessed",
    "persons_selected_or_above_median",
    "rate",
    "impact_ratio",
    "share_of_persons",
    "excluded",
    "exclusion_justification",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def bias_audit_files(record: Record) -> dict[str, bytes]:
    """Return file name → content of both exports; none if the figures were not measured."""
    finding = bias_audit_of(record.audit.findings)
    if finding is None or finding.status != "measured":
        return {}
    return {f"{NAME}.csv": bias_audit_csv(record), f"{NAME}.json": bias_audit_json(record)}


def bias_audit_csv(record: Record) -> bytes:
    """Return all tables as one CSV, UTF-8 with a byte order mark, one category a row, rates and ratios unrounded.

    A text that a spreadsheet would take for a formula begins with an apostrophe.

    Raises
    ------
    NotApplicable
        If the figures were not measured.
    """
    found = _measured(record)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for table in found.tables:
        for row in table.rows:
            writer.writerow([_cell(cell) for cell in _cells(found, table, row)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cells(found: BiasAudit, table: BiasTable, row: Row) -> tuple[Cell, ...]:
    reason = found.stated["exclusion_reason"] if row.excluded else ""
    grouping = " x ".join(table.columns)
    return (
        table.basis,
        grouping,
        row.name,
        row.n,
        row.hits,
        row.rate,
        row.ratio,
        row.share,
        "yes" if row.excluded else "no",
        reason,
    )


def _cell(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet computes.

    Examples
    --------
    >>> _cell("=HYPERLINK()"), _cell("a"), _cell(0.5)
    ("'=HYPERLINK()", 'a', 0.5)
    """
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA) else cell


def bias_audit_json(record: Record) -> bytes:
    """Return the tables with what a summary states beside them, as JSON.

    Raises
    ------
    NotApplicable
        If the figures were not measured.
    """
    found, card = _measured(record), record.audit.subject.get("card")
    started = str(record.audit.run.get("started") or "")[:10]
    content: dict[str, Any] = {
        "notice": NO_INDEPENDENT_AUDIT,
        "tool": record.audit.name,
        "tool_version": card.get("version") if isinstance(card, dict) else None,
        "calculated_on": started or None,
        "evidence_sha256": record.evidence_digest,
        "distribution_date": found.stated["distribution_date"] or None,
        "data_source": found.stated["data_source"] or None,
        "data_kind": found.stated["data_kind"] or None,
        "test_data_explanation": found.stated["test_data_explanation"] or None,
        "persons_assessed": found.persons,
        "persons_of_unknown": dict(found.unknown),
        "sample_median": found.median,
        "tables": [_json_table(found, table) for table in found.tables],
        "remarks": [{"topic": topic, "text": text} for topic, text in found.lines],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _json_table(found: BiasAudit, table: BiasTable) -> dict[str, Any]:
    rows = [
        {
            **dict(zip(table.columns, row.category, strict=True)),
            "persons_assessed": row.n,
            "persons_selected" if table.basis == "selection" else "persons_above_median": row.hits,
            "rate": row.rate,
            "impact_ratio": row.ratio,
            "share_of_persons": row.share,
            "excluded": row.excluded,
            **({"exclusion_justification": found.stated["exclusion_reason"]} if row.excluded else {}),
        }
        for row in table.rows
    ]
    return {"basis": table.basis, "grouping": list(table.columns), "title": table.title, "rows": rows}


def _measured(record: Record) -> BiasAudit:
    finding = bias_audit_of(record.audit.findings)
    if finding is None or finding.status != "measured":
        raise NotApplicable("the record holds no figures of Local Law 144; name sex and race_ethnicity in its options")
    return read(finding)
