"""The parts of the technical file that an audit fills, by the names that the outline of Annex IV uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.finding import Finding
from auditkit.policy import Ruling
from auditkit.record import Record
from auditkit.rendering.changes_view import changes_part
from auditkit.rendering.coverage_view import coverages
from auditkit.rendering.evidence_view import measures_table
from auditkit.rendering.gaps_view import gaps_table
from auditkit.rendering.numbers import count, number
from auditkit.rendering.said import short
from auditkit.rendering.shared_view import (
    date_text,
    family,
    fitted,
    group_blocks,
    mapping_of,
    names_of,
    not_measured,
    text_of,
)
from auditkit.rendering.wording import STATUS_WORDS, how_sure, limit_of, measure_name, ruling_name

NO_POLICY = "no policy was judged."
_MOST_ROWS, _MOST_COLUMNS = 30, 60


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks of one part; `reason` says why there is nothing in it."""

    blocks: tuple[dict[str, Any], ...] = ()
    reason: str = ""


# ------------------------------------------------------------------------------------------------------ 1, general


def _identity(record: Record) -> Part:
    audit = record.audit
    model = mapping_of(audit.subject.get("model"))
    kind = text_of(model.get("description")) or text_of(model.get("kind")) or "only its predictions were given"
    return _facts(
        ("Name", audit.name),
        ("Model", short(kind, 300)),
        ("Task", text_of(audit.subject.get("task"))),
        ("Model, digest", text_of(model.get("digest")) or "none"),
        ("Audited", date_text(record)),
    )


def _software(record: Record) -> Part:
    provenance = record.audit.provenance
    packages = mapping_of(provenance.get("packages"))
    if not packages:
        return Part(reason="no version was recorded.")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
    return _facts(("Audited with", f"auditkit {text_of(provenance.get('auditkit'))}, {versions}"))


# -------------------------------------------------------------------------------------------------- 2, development


def _design(record: Record) -> Part:
    subject = record.audit.subject
    features = names_of(subject.get("features"))
    sensitive = names_of(subject.get("sensitive_features"))
    threshold = subject.get("threshold")
    labels = ", ".join(names_of(subject.get("labels")))
    return _facts(
        ("Inputs", _listed(features) or "not known: only predictions were given"),
        ("Sensitive columns among them", ", ".join(sensitive) or "none"),
        ("Output", labels or "a number"),
        (
            "Decides from",
            f"a score of {number(threshold)} upwards" if isinstance(threshold, float) else "the model's own rule",
        ),
    )


def _drivers(record: Record) -> Part:
    return _family(record, "explanations", ("explanations.shap_importance", "explanations.permutation_importance"))


def _energy(record: Record) -> Part:
    return _family(record, "carbon")


def _data(record: Record) -> Part:
    tables = mapping_of(record.audit.provenance.get("data"))
    rows = [
        [
            str(name),
            ", ".join(text_of(mapping_of(table).get(key)) for key in ("file", "format") if mapping_of(table).get(key))
            or "in memory",
            _rows_of(table),
            count(len(mapping_of(mapping_of(table).get("columns")))),
            text_of(mapping_of(table).get("sha256") or mapping_of(table).get("content_sha256"))[:16] or "none",
        ]
        for name, table in tables.items()
    ]
    if not rows:
        return Part(reason="no table is recorded.")
    note = "Whole digests stand under Provenance."
    return Part((_table("Data that were read", ("Table", "File", ">Rows", ">Columns", "Digest begins"), rows, note),))


def _data_findings(record: Record) -> Part:
    return _family(record, "data")


def _explained(record: Record) -> Part:
    found = [
        {"strong": f"{finding.title}:", "text": short(finding.description, 240) or "measured."}
        for finding in family(record.audit, "explanations")
        if finding.status == "measured"
    ]
    if not found:
        return Part(reason="no explanation was measured.")
    return Part(({"block": "bullets", "items": found},))


def _performance(record: Record) -> Part:
    return _family(record, "performance")


def _rulings(record: Record) -> Part:
    rulings = record.decision.rulings if record.decision else ()
    if not rulings:
        return Part(reason=NO_POLICY if record.decision is None else "the policy ruled on nothing.")
    rows = [
        [ruling_name(one), _value(one), limit_of(one), STATUS_WORDS[one.status], short(how_sure(one), 240)]
        for one in rulings[:_MOST_ROWS]
    ]
    columns = ("Rule", ">Measured", ">Limit", "Ruling", "How sure")
    return Part((_table("Tests against limits that the policy set", columns, rows, _more(len(rulings))),))


def _method(record: Record) -> Part:
    if not record.audit.findings:
        return Part(reason="no auditor ran.")
    text = (
        "How each number was made stands under Method; who signed, and when, is in audit.intoto.jsonl beside this file."
    )
    return Part(({"block": "note", "text": text},))


def _privacy(record: Record) -> Part:
    return _family(record, "privacy")


# ------------------------------------------------------------------------------------------ 3 and 4, working, fitness


def _groups(record: Record) -> Part:
    return _compared(record, 1, "no group was compared.")


def _intersections(record: Record) -> Part:
    return _compared(record, 2, "no intersection was compared.")


def _compared(record: Record, columns: int, nothing: str) -> Part:
    gaps = gaps_table(record, columns=columns)
    drawn = [block for block in group_blocks(record, columns=columns, ruled=True) if block["block"] != "note"]
    kept = [block for block in fitted(drawn, "technical") if block["block"] != "note"]
    note = {"block": "note", "text": "Further tables and figures by group stand in the model card and in audit.json."}
    blocks = [*([gaps] if gaps else []), *kept, *([note] if kept or gaps else [])]
    return Part(tuple(blocks)) if blocks else Part(reason=nothing)


def _residual(record: Record) -> Part:
    rulings = record.decision.rulings if record.decision else ()
    open_ = [one for one in rulings if one.status != "pass"]
    items = [
        {"strong": f"{ruling_name(one)}:", "text": f"{short(how_sure(one), 240)}.", "status": one.status}
        for one in open_[:_MOST_ROWS]
    ]
    if not items:
        return Part(reason=NO_POLICY if record.decision is None else "no ruling other than pass.")
    note = {"block": "note", "text": "When each measure misleads stands in the model card."}
    return Part(({"block": "bullets", "items": items}, note))


def _inputs(record: Record) -> Part:
    columns = mapping_of(mapping_of(mapping_of(record.audit.provenance.get("data")).get("test")).get("columns"))
    if not columns:
        return Part(reason="no columns are recorded.")
    used = set(names_of(record.audit.subject.get("features")))
    rows = [
        [str(name), str(kind), ("yes" if name in used else "no") if used else "not known"]
        for name, kind in list(columns.items())[:_MOST_COLUMNS]
    ]
    further = len(columns) - len(rows)
    note = f"{count(further)} more in audit.json." if further > 0 else ""
    return Part((_table("Columns of the test data", ("Column", "Type", "Read by the model"), rows, note),))


def _reasons(record: Record) -> Part:
    rulings = record.decision.rulings if record.decision else ()
    if record.decision is None:
        return Part(reason=NO_POLICY)
    given = {one.rule: one for one in rulings if one.why}
    if not given:
        return Part(reason="the policy gives no reason (why:) for any rule.")
    rows = [
        [measure_name(one.measure), short(one.why, 300), one.owner or "nobody is named"]
        for one in list(given.values())[:_MOST_ROWS]
    ]
    note = _more(len(given))
    return Part((_table("Why each rule stands in the policy", ("Measure", "Why", "Owner"), rows, note),))


# ------------------------------------------------------------------------------------------------------------ 5 to 9


def _waivers(record: Record) -> Part:
    if record.decision is None:
        return Part(reason=NO_POLICY)
    waived = [one for one in record.decision.rulings if one.waiver is not None]
    if not waived:
        return Part(({"block": "note", "text": "No rule of the policy is waived."},))
    rows = [
        [ruling_name(one), short(one.waiver.reason, 300), one.waiver.approved_by, one.waiver.until.isoformat()]
        for one in waived[:_MOST_ROWS]
        if one.waiver is not None
    ]
    columns = ("Rule", "Reason", "Approved by", "Until")
    return Part((_table("Exceptions, with their end", columns, rows, _more(len(waived))),))


def _changes(record: Record) -> Part:
    part = changes_part(record, most=12)
    if part["empty"]:
        return Part(reason=part["empty"])
    told = {"block": "note", "text": part["told"]}
    notes = [{"block": "bullets", "items": part["notes"]}] if part["notes"] else []
    return Part(({"block": "facts", "items": part["facts"]}, told, *notes, *part["tables"]))


def _frameworks(record: Record) -> Part:
    held = coverages(record)
    if not held:
        return Part(reason="the audit was held against no framework (coverage: in audit.yaml).")
    rows = [
        [short(one.pack.title, 80), short(one.pack.version, 80), one.pack.legal_status_as_of.isoformat()]
        for one in held
    ]
    note = "That an audit was held against a framework does not say that its standards were applied."
    return Part((_table("Frameworks the audit was held against", ("Framework", "Version", "Law as of"), rows, note),))


def _thresholds(record: Record) -> Part:
    rulings = record.decision.rulings if record.decision else ()
    rows = [
        [ruling_name(one), limit_of(one), one.severity, one.owner or "nobody is named"]
        for one in rulings
        if one.limit is not None
    ]
    if not rows:
        return Part(reason=NO_POLICY if record.decision is None else "the policy sets no limit.")
    columns = ("Measure", ">Limit", "Severity", "Owner")
    return Part((_table("Limits that monitoring can carry on", columns, rows[:_MOST_ROWS], _more(len(rows))),))


# ------------------------------------------------------------------------------------------------------------ blocks


def _family(record: Record, name: str, only: Iterable[str] = ()) -> Part:
    """Return one table of measures for each finding, and a line for each that was not measured."""
    chosen = [finding for finding in family(record.audit, name) if not only or finding.id in set(only)]
    measured = [finding for finding in chosen if finding.status == "measured"]
    if not measured:
        return Part(reason=_why(name, chosen))
    tables = [table for finding in measured if (table := measures_table(finding)) is not None]
    kept = fitted(tables, "technical")
    lacking = [finding for finding in chosen if finding.status in ("error", "insufficient data")]
    notes = [{"strong": f"{finding.title}:", "text": f"{short(not_measured(finding), 240)}."} for finding in lacking]
    return Part((*kept, *([{"block": "bullets", "items": notes}] if notes else [])))


def _why(name: str, chosen: list[Finding]) -> str:
    if not chosen:
        return f"no auditor of {name} ran."
    return "; ".join(f"{finding.title}: {short(not_measured(finding), 160)}" for finding in chosen[:4]) + "."


def _facts(*pairs: tuple[str, str]) -> Part:
    items = [{"label": label, "value": value or "none", "mono": False, "missing": False} for label, value in pairs]
    return Part(({"block": "facts", "items": items},))


def _table(title: str, columns: tuple[str, ...], rows: list[list[str]], note: str) -> dict[str, Any]:
    """Return a table; a column whose title begins with > stands to the right."""
    heads = [{"title": head.lstrip(">"), "align": "right" if head.startswith(">") else "left"} for head in columns]
    return {
        "block": "table",
        "title": title,
        "caption": "",
        "columns": heads,
        "rows": rows,
        "note": note,
        "evidence": "",
        "anchor": "",
    }


def _more(total: int) -> str:
    return f"{count(total - _MOST_ROWS)} more in audit.json." if total > _MOST_ROWS else ""


def _value(ruling: Ruling) -> str:
    return number(ruling.value, ruling.unit)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_COLUMNS])
    more = f", and {count(len(names) - _MOST_COLUMNS)} more" if len(names) > _MOST_COLUMNS else ""
    return f"{count(len(names))}: {shown}{more}" if names else ""


def _rows_of(table: object) -> str:
    rows = mapping_of(table).get("rows")
    return count(rows) if isinstance(rows, int) else "not known"


PARTS: Mapping[str, Callable[[Record], Part]] = {
    "identity": _identity,
    "software": _software,
    "design": _design,
    "drivers": _drivers,
    "energy": _energy,
    "data": _data,
    "data_findings": _data_findings,
    "explained": _explained,
    "performance": _performance,
    "rulings": _rulings,
    "method": _method,
    "privacy": _privacy,
    "groups": _groups,
    "intersections": _intersections,
    "residual": _residual,
    "inputs": _inputs,
    "reasons": _reasons,
    "waivers": _waivers,
    "changes": _changes,
    "frameworks": _frameworks,
    "thresholds": _thresholds,
}
