"""The record as the model card needs it: a first glance, the nine sections of Mitchell et al. 2019, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.auditing import Audit
from auditkit.finding import Measure
from auditkit.record import Record
from auditkit.rendering.anchors import evidence_name, shown_evidence
from auditkit.rendering.gaps_view import gaps_table
from auditkit.rendering.language import spoken
from auditkit.rendering.numbers import count, interval, number
from auditkit.rendering.shared_view import (
    date_text,
    family,
    family_section,
    further_blocks,
    group_blocks,
    head,
    mapping_of,
    names_of,
    not_measured,
    other_blocks,
    provenance_facts,
    reference_blocks,
    rows_text,
    text_of,
)
from auditkit.rendering.wording import measure_name, tally_of

NOT_GIVEN = "not given"
_MOST_FIGURES = 6
_KEY_FIGURES = (
    "performance.classification.roc_auc",
    "performance.classification.accuracy",
    "performance.classification.recall",
    "performance.classification.precision",
    "fairness.equalized_odds.false_positive_rate",
    "performance.classification.brier",
    "performance.regression.mae",
    "performance.regression.rmse",
    "performance.regression.r2",
    "fairness.demographic_parity.selection_rate",
)

_OWED = {
    "purpose": "a reader cannot tell what the model is for",
    "version": "a reader cannot tell which model this card describes",
    "owner": "nobody is named who answers for the model",
    "intended_use": "any use can be claimed to be intended",
    "out_of_scope": "no use is ruled out",
    "training_data": "a reader cannot tell what the model learned from",
    "human_oversight": "nobody is named who can stop or reverse a decision",
    "limitations": "known weaknesses stay with those who know them",
    "licence": "terms of use are unknown",
    "contact": "a person affected has nobody to write to",
}
SECTIONS = (
    ("details", "Model details"),
    ("use", "Intended use"),
    ("factors", "Factors"),
    ("metrics", "Metrics"),
    ("evaluation", "Evaluation data"),
    ("training", "Training data"),
    ("analyses", "Quantitative analyses"),
    ("ethics", "Ethical considerations"),
    ("caveats", "Caveats and recommendations"),
)


def card_view(record: Record) -> dict[str, Any]:
    """Return everything the model card says.

    Examples
    --------
    ``card_view(record)["missing"]`` lists what people have not said, with its consequence.
    """
    audit = record.audit
    card = mapping_of(audit.subject.get("card"))
    missing = [
        {"strong": f"{spoken(_label(key))}:", "text": spoken("not given, so {why}.", why=spoken(why))}
        for key, why in _OWED.items()
        if not card.get(key)
    ]
    missing += [
        {"strong": f"{f.title}:", "text": f"{not_measured(f)}."} for f in audit.findings if f.status != "measured"
    ]
    view = {
        "head": head(
            record,
            spoken("Model card"),
            spoken("what it does, how well, for whom"),
            [spoken("Measured {day}", day=date_text(record))],
        ),
        "lede": _lede(audit, card),
        "figures": _figures(audit),
        "gate": _gate(record),
        "contents": [
            {"id": key, "title": f"{place} {spoken(title)}"} for place, (key, title) in enumerate(SECTIONS, 1)
        ],
        "titles": {key: f"{place} {spoken(title)}" for place, (key, title) in enumerate(SECTIONS, 1)},
        "details": _details(audit, card),
        "use": _use(card),
        "factors": _factors(audit),
        "metrics": [
            {"label": f.title, "value": f.description or spoken("no description"), "mono": False, "missing": False}
            for f in audit.findings
            if f.status == "measured"
        ],
        "evaluation": _data(audit, "test"),
        "training": [*_data(audit, "train"), _said("Described as", card.get("training_data"))],
        "gaps": gaps_table(record, columns=1),
        "intersection_gaps": gaps_table(record, columns=2),
        "groups": group_blocks(record, columns=1),
        "intersections": group_blocks(record, columns=2),
        "performance": other_blocks(record, "performance"),
        "further": [*further_blocks(record), *reference_blocks(record)],
        "explanations": family_section(
            record, "explanations", "Explanations: not measured because no explanation auditor ran."
        ),
        "oversight": [_said("Human oversight", card.get("human_oversight"))],
        "privacy": family_section(record, "privacy", "Privacy: not measured because no privacy auditor ran."),
        "energy": family_section(record, "carbon", "Energy: not measured because no energy auditor ran.", "energy"),
        "limitations": [_said("Limitations", card.get("limitations"))],
        "caveats": [
            {"strong": spoken("{title} misleads when:", title=f.title), "text": f.caveat}
            for f in audit.findings
            if f.caveat and f.status == "measured"
        ],
        "missing": missing,
        "provenance": provenance_facts(record),
    }
    missing += _only_in_record(audit, shown_evidence(view))
    return view


def _only_in_record(audit: Audit, shown: set[str]) -> list[dict[str, Any]]:
    """Name the findings that were measured and of which no block shows a figure, so that none is left out unseen."""
    left = [
        finding.title
        for finding in audit.findings
        if finding.status == "measured"
        and not shown & {finding.id, *(evidence_name(finding.id, item) for item in finding.evidence)}
    ]
    names = ", ".join(left)
    return [{"strong": spoken("Measured, with figures in audit.json only:"), "text": f"{names}."}] if left else []


def _label(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _fact(label: str, value: str, *, mono: bool = False) -> dict[str, Any]:
    return {
        "label": spoken(label),
        "value": value or spoken(NOT_GIVEN),
        "mono": mono and bool(value),
        "missing": not value,
    }


def _said(label: str, value: object) -> dict[str, Any]:
    return _fact(label, text_of(value))


def _lede(audit: Audit, card: Mapping[str, Any]) -> str:
    said = text_of(card.get("purpose")) or text_of(card.get("description"))
    if said:
        return said
    outcome = text_of(audit.subject.get("positive"))
    what = f" of {outcome!r}" if outcome else ""
    return f"A {text_of(audit.subject.get('task')) or 'prediction'} model{what}. Its purpose is not given."


def _figures(audit: Audit) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for name in _KEY_FIGURES:
        measure = _overall(audit, name)
        if measure is None or measure.value is None:
            continue
        shown = measure.interval
        found.append(
            {
                "label": measure_name(name),
                "value": number(measure.value, measure.unit),
                "interval": interval(shown.low, shown.high, measure.unit) if shown else "",
                "n": spoken("{n} rows", n=count(measure.n)) if measure.n is not None else "",
                "evidence": name.rpartition(".")[0],
            }
        )
    return found[:_MOST_FIGURES]


def _overall(audit: Audit, name: str) -> Measure | None:
    finding_id, _, short = name.rpartition(".")
    for finding in audit.findings:
        if finding.id == finding_id:
            for measure in finding.measures:
                if measure.name == short and not measure.group and not measure.over:
                    return measure
    return None


def _gate(record: Record) -> dict[str, str]:
    decision = record.decision
    if decision is None:
        return {"status": "missing", "title": spoken("Gate: not decided"), "text": spoken("No policy was judged.")}
    status = {"fail": "fail", "not decided": "missing"}.get(decision.verdict, "pass")
    tally = tally_of([str(ruling.status) for ruling in decision.rulings])
    text = spoken(
        "Policy {name}, rulings: {tally}. The gate report has each of them.",
        name=decision.policy,
        tally=tally or spoken("none"),
    )
    return {"status": status, "title": spoken("Gate: {verdict}", verdict=spoken(decision.verdict)), "text": text}


def _details(audit: Audit, card: Mapping[str, Any]) -> list[dict[str, Any]]:
    model = mapping_of(audit.subject.get("model"))
    features = names_of(audit.subject.get("features"))
    kind = text_of(model.get("description")) or text_of(model.get("kind"))
    facts = [
        _fact("Model", kind or ("only its predictions were given" if not model else "")),
        *([_said("Description", card["description"])] if card.get("description") else []),
        *(_said(_label(key), card.get(key)) for key in ("version", "owner", "licence", "contact")),
        _fact("Task", text_of(audit.subject.get("task"))),
        _fact("Outcome", _outcome(audit)),
        _fact("Inputs", f"{count(len(features))}: {', '.join(features)}" if features else ""),
    ]
    digest = text_of(model.get("digest"))
    return [*facts, _fact("Model digest", digest, mono=True)] if digest else facts


def _outcome(audit: Audit) -> str:
    subject = audit.subject
    labels = ", ".join(names_of(subject.get("labels")))
    if not labels:
        return "a number" if subject.get("task") == "regression" else ""
    positive, favorable = text_of(subject.get("positive")), text_of(subject.get("favorable"))
    parts = [f"one of {labels}"]
    parts += [f"positive: {positive}"] if positive else []
    assumed = " (assumed, nobody named it)" if subject.get("favorable_inferred") else ""
    parts += [f"favourable: {favorable}{assumed}"] if favorable else []
    threshold = subject.get("threshold")
    if isinstance(threshold, float) and mapping_of(subject.get("roles")).get("score"):
        parts.append(f"score from {number(threshold)} upwards")
    return "; ".join(parts)


def _use(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_said("For", card.get("intended_use")), _said("Not for", card.get("out_of_scope"))]


def _factors(audit: Audit) -> dict[str, Any]:
    used = set(names_of(audit.subject.get("sensitive_features")))
    rows, evidence = [], []
    seen: set[str] = set()
    for finding in family(audit, "fairness"):
        for item in finding.evidence:
            name = item.columns[0].name if item.columns else ""
            if item.kind != "intervals" or name in seen:
                continue
            seen.add(name)
            place = next((i for i, column in enumerate(item.columns) if column.role == "value"), None)
            known = sum(row[place] is not None for row in item.rows) if place is not None else 0
            model_uses = "yes" if used & set(name.split(" × ")) else "no" if audit.subject.get("model") else "not known"
            rows.append([name, count(len(item.rows)), count(known), model_uses])
            evidence.append(evidence_name(finding.id, item))
    columns = [
        {"title": spoken(title), "align": align}
        for title, align in (
            ("Factor", "left"),
            ("Groups", "right"),
            ("With enough rows", "right"),
            ("Used by the model", "left"),
        )
    ]
    named = ", ".join(names_of(mapping_of(audit.subject.get("roles")).get("sensitive")))
    empty = (
        ""
        if rows
        else (
            spoken("No sensitive column was named, so no group was compared.")
            if not named
            else f"Groups of {named} were not compared; what is missing says why."
        )
    )
    return {
        "columns": columns,
        "rows": rows,
        "evidence": evidence,
        "empty": empty,
        "note": spoken("Groups that are not named here were not looked at."),
    }


def _data(audit: Audit, which: str) -> list[dict[str, Any]]:
    table = mapping_of(mapping_of(audit.provenance.get("data")).get(which))
    rows = mapping_of(audit.subject.get("rows")).get(which)
    if not table and rows is None:
        return [{"label": spoken("Data"), "value": spoken("not given to the audit"), "mono": False, "missing": True}]
    columns = mapping_of(table.get("columns"))
    facts = [_fact("Rows", count(rows) if isinstance(rows, int) else rows_text(audit))]
    facts += [
        _fact("File", ", ".join(text_of(table[key]) for key in ("file", "format") if table.get(key)) or "in memory")
    ]
    facts += [_fact("Columns", f"{count(len(columns))}: {', '.join(str(name) for name in columns)}")] if columns else []
    digest = text_of(table.get("sha256") or table.get("content_sha256"))
    facts += [_fact("Digest, sha256", digest, mono=True)] if digest else []
    if audit.subject.get("synthetic"):
        facts.append(_fact("Origin", spoken("synthetic: made up, of no real people")))
    return facts
