"""What both documents say of a record: who, which data, which evidence, how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditkit.auditing import Audit
from auditkit.bias_audit import summary as bias_audit
from auditkit.finding import Finding
from auditkit.record import Record
from auditkit.rendering.brand import brand_from_record, logo_file
from auditkit.rendering.evidence_view import evidence_block, measures_table, range_blocks
from auditkit.rendering.language import spoken
from auditkit.rendering.numbers import count

SYNTHETIC_BAND = "The data of this audit are synthetic: they describe no real people, and its numbers say nothing about a model in use."
SHORT_DIGEST = 8
# Bytes of HTML that the blocks of one part may take, so that a document of many columns stays within 0.3 MB.
BUDGETS = {
    "groups": 56_000,
    "intersections": 36_000,
    "further": 48_000,
    "performance": 51_000,
    "references": 12_000,
    "technical": 16_000,
    "family": 26_000,
    "energy": 42_000,
    "explanations": 72_000,
    "deciding": 44_000,
    "data": 90_000,
}
_INTERVAL_ROW, _TABLE_CELL, _PLAIN_CELL, _AROUND = 560, 75, 9, 900
_FIRST = ("fairness.demographic_parity", "fairness.equal_opportunity", "fairness.equalized_odds")
_LEADING = ("explanations.shap_importance", "explanations.effects")  # of a family these come first
_ELSEWHERE = "Of what no rule speaks of, the measures alone stand here; its tables and figures stand in the model card."
_ASKED = ("data.datasheet.questions",)  # of a finding's tables this comes first: people have to answer it
_TABLED = ("fairness.four_fifths",)  # its table of tests shows the same ratios with their bounds
# Of intersections these are drawn though no rule speaks of them; the gaps of all stand in one table, the rest in audit.json.
_INTERSECTIONS = (
    "fairness.demographic_parity",
    "fairness.equal_opportunity",
    "fairness.equalized_odds",
    "fairness.accuracy_equality",
    "performance.regression",
    "performance.multiclass",
)


def text_of(value: object) -> str:
    """Return a value of the record as text; nothing for None."""
    return "" if value is None else str(value)


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a part of the record that is a mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def names_of(value: object) -> list[str]:
    """Return a part of the record that is a list of names."""
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def head(record: Record, kind: str, subtitle: str, meta: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of the block ``document``."""
    audit = record.audit
    presentation = mapping_of(audit.run.get("presentation"))
    internal = text_of(audit.subject.get("disclosure") or "internal")
    card = mapping_of(audit.subject.get("card"))
    version = text_of(card.get("version"))
    short = record.evidence_digest[:SHORT_DIGEST] or "none"
    return {
        "title": f"{audit.name} {version}".strip(),
        "kind": kind,
        "subtitle": subtitle,
        "meta": [*meta, rows_text(audit), spoken("Evidence {digest}, unsigned", digest=short)],
        "footer": spoken(
            "{kind} · {name} · evidence {digest} · disclosure: {disclosure}",
            kind=kind,
            name=audit.name,
            digest=short,
            disclosure=internal,
        ),
        "band": spoken(SYNTHETIC_BAND) if audit.subject.get("synthetic") else None,
        "language": text_of(presentation.get("language")) or "en",
        "brand": _brand(presentation.get("brand")),
    }


def _brand(held: object) -> dict[str, str] | None:
    brand = brand_from_record(held)
    if brand is None:
        return None
    return {**brand.as_json(), "night": brand.night, "file": logo_file(brand)}


def rows_text(audit: Audit) -> str:
    """Return "Test data, 14,653 rows"."""
    rows = mapping_of(audit.subject.get("rows")).get("test")
    return spoken("Test data, {n} rows", n=count(rows)) if isinstance(rows, int) else spoken("Test data")


def date_text(record: Record) -> str:
    """Return the day of the judgement or of the run, as 23 November 2026; "an unknown day" if the record has none."""
    from datetime import date

    if record.decision is not None:
        day: date | None = record.decision.as_of
    else:
        try:
            day = date.fromisoformat(text_of(record.audit.run.get("started"))[:10])
        except ValueError:
            day = None
    return f"{day.day} {spoken(f'{day:%B}')} {day.year}" if day else spoken("an unknown day")


def family(audit: Audit, name: str) -> list[Finding]:
    """Return the findings of a family such as ``privacy``, those that the others rest on first."""
    found = [finding for finding in audit.findings if finding.id.split(".")[0] == name]
    return sorted(found, key=lambda finding: _LEADING.index(finding.id) if finding.id in _LEADING else len(_LEADING))


def family_section(
    record: Record, name: str, nothing: str, part: str = "family", *, ruled: bool = False
) -> dict[str, Any]:
    """Return the blocks of a family's findings and, where a finding has none, one sentence with the reason.

    With `ruled`, and where a policy was judged, findings that no rule speaks of show their measures alone, but for those
    that come first in their family.
    """
    rulings = record.decision.rulings if record.decision else ()
    short = _unjudged(record) - set(_LEADING) if ruled else set[str]()
    findings: list[list[dict[str, Any]]] = []
    notes: list[dict[str, str]] = []
    for finding in family(record.audit, name):
        if finding.status != "measured":
            notes.append({"strong": f"{finding.title}:", "text": not_measured(finding)})
            continue
        table = measures_table(finding)
        blocks = [table] if table else []
        blocks += range_blocks(finding) if name == "carbon" else []
        if finding.id in short:
            findings.append(blocks)
            continue
        ordered = sorted(finding.evidence, key=lambda item: item.id not in _ASKED)
        blocks += [evidence_block(item, rulings, finding) for item in ordered]
        if finding.caveat:
            blocks.append({"block": "note", "text": spoken("Misleads when: {caveat}", caveat=finding.caveat)})
        findings.append(blocks)
    empty = "" if findings or notes else nothing
    blocks = _in_turns(findings, part)
    blocks += [{"block": "note", "text": _ELSEWHERE}] if blocks and short & _measured(record, name) else []
    return {"blocks": blocks, "notes": notes, "empty": empty}


def _unjudged(record: Record) -> set[str]:
    """Return the findings that no rule speaks of; none where no policy was judged."""
    if record.decision is None or not record.decision.rulings:
        return set()
    judged = {ruling.evidence for ruling in record.decision.rulings}
    return {finding.id for finding in record.audit.findings} - judged


def _measured(record: Record, name: str) -> set[str]:
    return {finding.id for finding in family(record.audit, name) if finding.status == "measured"}


def _in_turns(findings: Sequence[Sequence[dict[str, Any]]], part: str) -> list[dict[str, Any]]:
    """Return the blocks of several findings that keep to the part's budget: the first of each, then the second of each."""
    turns = sorted(
        (turn, place)
        for place, blocks in enumerate(findings)
        for turn, block in enumerate(blocks)
        if block["block"] != "note"
    )
    left, full, kept = BUDGETS[part], set[int](), set[tuple[int, int]]()
    for turn, place in turns:
        size = _size(findings[place][turn])
        if size > left or place in full:
            full.add(place)  # what comes after it would be read without it
            continue
        left -= size
        kept.add((turn, place))
    shown = [
        block
        for place, blocks in enumerate(findings)
        for turn, block in enumerate(blocks)
        if (turn, place) in kept or (block["block"] == "note" and (0, place) in kept)
    ]
    return shown + _further(len(turns) - len(kept))


def not_measured(finding: Finding) -> str:
    """Return "not measured because …"."""
    return spoken("not measured because {reason}", reason=finding.reason or finding.status)


def group_blocks(record: Record, *, columns: int, ruled: bool = False) -> list[dict[str, Any]]:
    """Return the interval evidence of performance and fairness over one column (1) or over intersections (2).

    With `ruled`, and where a policy was judged, only that of findings which a rule speaks of.
    """
    rulings = record.decision.rulings if record.decision else ()
    judged = {ruling.evidence for ruling in rulings if ruling.over}
    chosen = [
        (item, finding)
        for finding in sorted(record.audit.findings, key=lambda f: (f.id not in judged, f.id not in _FIRST))
        if finding.id.split(".")[0] in ("fairness", "performance")
        for item in finding.evidence
        if item.kind == "intervals" and (("+" in item.id) is (columns > 1))
        if not ruled or not judged or finding.id in judged
        if finding.id not in _TABLED or finding.id in judged
        if columns == 1 or finding.id in judged or item.id.rpartition(".")[0] in _INTERSECTIONS
    ]
    part = "groups" if columns == 1 else "intersections"
    return fitted((evidence_block(item, rulings, finding) for item, finding in chosen), part)


def fitted(blocks: Iterable[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    """Return the first blocks that keep to the part's budget, and a line that counts the others."""
    kept: list[dict[str, Any]] = []
    left, dropped = BUDGETS[part], 0
    for block in blocks:
        size = _size(block)
        if dropped or size > left:
            dropped += block["block"] != "note"
            continue
        left -= size
        kept.append(block)
    return kept + _further(dropped)


def _further(dropped: int) -> list[dict[str, Any]]:
    if not dropped:
        return []
    if dropped == 1:
        return [{"block": "note", "text": spoken("One more table or figure is in audit.json.")}]
    return [{"block": "note", "text": spoken("{n} more tables and figures are in audit.json.", n=count(dropped))}]


def _size(block: Mapping[str, Any]) -> int:
    if block["block"] == "figure":
        return len(str(block["svg"])) + _AROUND + _behind(block.get("numbers"))
    if block["block"] == "intervals":
        return _AROUND + _INTERVAL_ROW * len(block["rows"]) + _behind(block.get("numbers"))
    rows = block.get("rows", ())
    return _AROUND + sum(_TABLE_CELL + len(str(cell)) for row in rows for cell in row)


def _behind(table: Mapping[str, Any] | None) -> int:
    return 0 if table is None else sum(_PLAIN_CELL + len(str(cell)) for row in table["rows"] for cell in row)


def further_blocks(record: Record, *, ruled: bool = False) -> list[dict[str, Any]]:
    """Return the evidence of fairness findings that is neither an interval table nor a table against a reference.

    With `ruled`, that of findings which a rule speaks of, and a line that names the others.
    """
    judged = {ruling.evidence for ruling in record.decision.rulings} if record.decision else set()
    blocks: list[dict[str, Any]] = []
    elsewhere: list[str] = []
    for finding in family(record.audit, "fairness"):
        if finding.id == bias_audit.FINDING:
            continue  # it has a document of its own
        shown = [
            e for e in finding.evidence if e.kind != "intervals" and not e.id.endswith(".reference") and "+" not in e.id
        ]
        if shown and ruled and finding.id not in judged:
            elsewhere.append(finding.title)
        elif shown:
            blocks += [evidence_block(item, (), finding) for item in shown]
            blocks += [{"block": "note", "text": f"{finding.title} misleads when: {finding.caveat}"}]
    if elsewhere:
        blocks.append(
            {"block": "note", "text": f"No rule speaks of them, the model card has them: {'; '.join(elsewhere)}."}
        )
    return fitted(blocks, "further")


def reference_blocks(record: Record) -> list[dict[str, Any]]:
    """Return the tables of each group against a reference: of the selection rate, and of what a rule speaks of."""
    judged = {ruling.evidence for ruling in record.decision.rulings} if record.decision else set()
    chosen = [
        evidence_block(item, (), finding)
        for finding in family(record.audit, "fairness")
        for item in finding.evidence
        if item.id.endswith(".reference") and "+" not in item.id
        if finding.id in {"fairness.demographic_parity", *judged}
    ]
    return fitted(chosen, "references")


def other_blocks(record: Record, name: str) -> list[dict[str, Any]]:
    """Return the evidence of a family that is not an interval table."""
    found = [
        [
            evidence_block(item, (), finding)
            for item in finding.evidence
            if item.kind != "intervals" and "+" not in item.id
        ]
        for finding in family(record.audit, name)
    ]
    return _in_turns(found, "performance")


def method_facts(record: Record, *, ruled: bool = False) -> list[dict[str, Any]]:
    """Return one fact per finding: how it was made, its source.

    With `ruled`, and where a policy was judged, of findings that a rule speaks of; a last fact names the others.
    """
    left = _unjudged(record) if ruled else set[str]()
    facts = []
    for finding in record.audit.findings:
        if finding.id in left:
            continue
        parts = [_sentence(part) for part in (finding.description, finding.method) if part]
        if finding.reference:
            parts.append(_sentence(f"Source: {finding.reference}"))
        facts.append({"label": finding.title, "value": " ".join(parts) or "No method was described."})
    if left:
        facts.append({"label": "All others", "value": _others(record, left)})
    return facts


def _others(record: Record, left: set[str]) -> str:
    titles = [finding.title for finding in record.audit.findings if finding.id in left]
    return (
        f"No rule speaks of {'; '.join(titles)}. How each was made stands in audit.json, and auditkit explain tells it."
    )


def _sentence(text: str) -> str:
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?")) else f"{flat}."


def provenance_facts(record: Record) -> list[dict[str, Any]]:
    """Return which files, versions and seeds the numbers came from."""
    provenance, run = record.audit.provenance, record.audit.run
    facts: list[dict[str, Any]] = [_mono(spoken("Evidence, sha256"), record.evidence_digest)]
    for name, table in mapping_of(provenance.get("data")).items():
        source = mapping_of(table)
        what = ", ".join(text_of(source[key]) for key in ("file", "format") if source.get(key))
        rows = source.get("rows")
        size = f"{count(rows)} rows" if isinstance(rows, int) else ""
        facts.append(
            {
                "label": spoken("{name} data", name=str(name).capitalize()),
                "value": ", ".join(part for part in (what, size) if part) or "in memory",
            }
        )
        digest = text_of(source.get("sha256") or source.get("content_sha256"))
        facts += [_mono(spoken("{name} data, sha256", name=str(name).capitalize()), digest)] if digest else []
    model = mapping_of(provenance.get("model"))
    if model.get("digest"):
        facts.append(_mono(spoken("Model, digest"), text_of(model["digest"])))
    if record.decision is not None and record.decision.policy_digest:
        facts.append(_mono(spoken("Policy, sha256"), record.decision.policy_digest))
    packages = ", ".join(
        f"{name} {version}" for name, version in sorted(mapping_of(provenance.get("packages")).items())
    )
    facts += [
        {
            "label": spoken("Software"),
            "value": ", ".join(part for part in (f"auditkit {text_of(provenance.get('auditkit'))}", packages) if part),
        },
        {"label": spoken("Seed"), "value": text_of(provenance.get("seed"))},
        {"label": spoken("Skipped auditors"), "value": ", ".join(names_of(provenance.get("skipped"))) or "none"},
    ]
    if run:
        day = text_of(run.get("started"))[:10]  # the second is in the record; so pages of one day are the same bytes
        facts.append(
            {"label": spoken("Run"), "value": ", ".join(part for part in (day, text_of(run.get("platform"))) if part)}
        )
    return [{"mono": False, "missing": False, **fact} for fact in facts]


def _mono(label: str, value: str) -> dict[str, Any]:
    return {"label": label, "value": value or "none", "mono": True, "missing": False}
