"""The record as the summary of a bias audit needs it: tables of rates and impact ratios, and what must stand beside them."""

from __future__ import annotations

from typing import Any

from auditkit.bias_audit.summary import FINDING, NO_INDEPENDENT_AUDIT, BiasAudit, BiasTable, Row, bias_audit_of, read
from auditkit.finding import Finding
from auditkit.record import Record
from auditkit.rendering.numbers import NOTHING, count, number
from auditkit.rendering.shared_view import date_text, head, mapping_of, not_measured, provenance_facts, text_of

NOT_GIVEN = "not given"
_BASES = {
    "selection": (
        "Selection rates",
        "How often is each category selected, and how does that compare with the highest?",
    ),
    "scoring": ("Scoring rates", "How often does each category score above the median of all persons scored?"),
}
NO_LIMIT = (
    "Local Law 144 sets no limit for an impact ratio; it asks that the figures are published. An impact ratio of 1.00 is the "
    "category with the highest rate of its table."
)


def bias_audit_view(record: Record) -> dict[str, Any]:
    """Return everything the summary says.

    Examples
    --------
    ``bias_audit_view(record)["parts"]`` has one part for selection and one for scoring rates.
    """
    finding = bias_audit_of(record.audit.findings)
    found = read(finding) if finding is not None and finding.status == "measured" else None
    parts = _parts(found) if found else []
    return {
        "head": head(record, "Bias audit summary", "figures under New York City Local Law 144", _meta(record)),
        "lede": _lede(found, finding),
        "lowest": _lowest(found) if found else [],
        "notice": NO_INDEPENDENT_AUDIT,
        "limit": NO_LIMIT,
        "contents": [{"id": part["id"], "title": part["title"]} for part in parts]
        + [
            {"id": "persons", "title": "Persons in no table"},
            {"id": "remarks", "title": "What to know of these figures"},
            {"id": "stated", "title": "What a published summary states"},
        ],
        "parts": parts,
        "persons": _persons(found) if found else [],
        "remarks": [{"strong": f"{topic}:", "text": text} for topic, text in found.lines] if found else [],
        "stated": _stated(record, found),
        "method": _method(finding),
        "provenance": provenance_facts(record),
    }


def _meta(record: Record) -> list[str]:
    return [f"Calculated {date_text(record)}"]


def _lede(found: BiasAudit | None, finding: Finding | None) -> str:
    if found is None:
        why = not_measured(finding) if finding else "not measured because sex and race or ethnicity were not named"
        return f"The figures of Local Law 144 were {why}."
    share = max((number_ for _, number_ in found.unknown), default=0)
    return f"{count(found.persons)} persons were assessed; the category of {count(share)} of them is not fully known."


def _lowest(found: BiasAudit) -> list[dict[str, str]]:
    """Return one line per table: its lowest impact ratio, and whose it is."""
    return [
        {"strong": f"{table.title}:", "text": f"lowest impact ratio {number(row.ratio)} ({row.name})."}
        if (row := table.lowest) is not None
        else {"strong": f"{table.title}:", "text": "no impact ratio could be formed."}
        for table in found.tables
    ]


# ---------------------------------------------------------------------------------------------------------- tables


def _parts(found: BiasAudit) -> list[dict[str, Any]]:
    return [
        {
            "id": basis,
            "title": title,
            "question": question,
            "tables": [_table(found, table) for table in found.tables if table.basis == basis],
        }
        for basis, (title, question) in _BASES.items()
        if any(table.basis == basis for table in found.tables)
    ]


def _table(found: BiasAudit, table: BiasTable) -> dict[str, Any]:
    heads = [*table.columns, "Persons", table.hit, "Rate", "Impact ratio", "Share"]
    labels = len(table.columns)
    excluded = [row.name for row in table.rows if row.excluded]
    note = f"Left out of the ratios: {'; '.join(excluded)}. {found.stated['exclusion_reason']}" if excluded else ""
    return {
        "title": table.title,
        "caption": table.caption,
        "columns": [
            {"title": _capital(head), "align": "left" if place < labels else "right"}
            for place, head in enumerate(heads)
        ],
        "rows": [_cells(row) for row in table.rows],
        "evidence": FINDING,
        "note": note,
    }


def _cells(row: Row) -> list[str]:
    ratio = "left out" if row.excluded else NOTHING if row.ratio is None else number(row.ratio)
    return [*row.category, count(row.n), count(row.hits), _share(row.rate), ratio, _share(row.share)]


def _share(value: float) -> str:
    """Return a share in percent with one decimal.

    Examples
    --------
    >>> _share(0.4798) == "48.0\u00a0%"
    True
    """
    return f"{100 * value:.1f}\u00a0%"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


# ------------------------------------------------------------------------------------------------- what stands beside


def _persons(found: BiasAudit) -> list[dict[str, Any]]:
    facts = [{"label": "Persons assessed", "value": count(found.persons)}]
    facts += [{"label": f"Unknown {columns}", "value": count(number_)} for columns, number_ in found.unknown]
    if found.median is not None:
        facts.append({"label": "Median of all scores", "value": f"{found.median:.6g}"})
    return [{"mono": False, "missing": False, **fact} for fact in facts]


def _stated(record: Record, found: BiasAudit | None) -> list[dict[str, Any]]:
    said = found.stated if found else {}
    card = mapping_of(record.audit.subject.get("card"))
    kind = said.get("data_kind", "")
    facts = [
        ("Figures calculated on", date_text(record)),
        ("Tool, version", " ".join(filter(None, (record.audit.name, text_of(card.get("version")))))),
        ("Distribution date of the tool", said.get("distribution_date", "")),
        ("Source and explanation of the data", said.get("data_source", "") or text_of(card.get("test_data"))),
        ("Kind of data", f"{kind} data" if kind else ""),
    ]
    if kind == "test":
        facts.append(("Why test data, and how made", said.get("test_data_explanation", "")))
    return [
        {"label": label, "value": value or NOT_GIVEN, "mono": False, "missing": not value} for label, value in facts
    ]


def _method(finding: Finding | None) -> list[dict[str, Any]]:
    if finding is None:
        return []
    facts = [("What", finding.description), ("How", finding.method), ("Misleads when", finding.caveat)]
    facts.append(("Source", finding.reference))
    return [{"label": label, "value": value, "mono": False, "missing": False} for label, value in facts if value]
