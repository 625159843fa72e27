"""A CycloneDX ML-BOM: the model with its card, the data, and each rule as requirement, claim, evidence and conformance."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from auditkit.exports.cards import (
    Line,
    card_text,
    datasets,
    day_of,
    kilowatt_hours,
    lines,
    measured,
    model,
    sensitive,
    shown,
    tonnes,
)
from auditkit.policy import Ruling
from auditkit.record import Record

NAME = "model.cdx.json"
_SCORES = {"pass": 1.0, "waived": 0.0, "adopted": 0.0, "fail": 0.0}


def cyclonedx_bom(record: Record) -> bytes:
    """Return a CycloneDX 1.6 bill of materials."""
    audit = record.audit
    stamp = _stamp(record)
    bom: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:auditkit:' + record.evidence_digest)}",
        "version": 1,
        "metadata": {
            "timestamp": stamp,
            "tools": {
                "components": [
                    {"type": "application", "name": "auditkit", "version": str(audit.provenance.get("auditkit"))}
                ]
            },
            "component": {"type": "application", "bom-ref": "audited", "name": audit.name},
        },
        "components": [_model(record), *_data(record)],
    }
    if record.decision is not None:
        bom |= _declarations(record, stamp)
    return (json.dumps(bom, indent=1, ensure_ascii=False) + "\n").encode()


def _stamp(record: Record) -> str:
    started = str(record.audit.run.get("started", ""))
    return started.replace("+00:00", "Z") if started else f"{day_of(record)}T00:00:00Z"


def _model(record: Record) -> dict[str, Any]:
    about = model(record)
    found: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": "model", "name": record.audit.name}
    version = card_text(record, "version")
    if version is not None:
        found["version"] = version
    if about.get("digest"):
        found["hashes"] = [{"alg": "SHA-256", "content": str(about["digest"]).removeprefix("sha256:")}]
    return {**found, "modelCard": _card(record)}


def _card(record: Record) -> dict[str, Any]:
    about = model(record)
    task = str(record.audit.subject.get("task"))
    score = str(record.audit.subject.get("score_kind"))
    found = lines(record)
    parameters: dict[str, Any] = {
        "approach": {"type": "supervised"},
        "task": "regression" if task == "regression" else "classification",
        "datasets": [{"ref": f"data-{name}"} for name in datasets(record)],
        "inputs": [{"format": "table"}],
        "outputs": [{"format": "number" if task == "regression" else f"label and {score}"}],
    }
    if about.get("description"):
        parameters["modelArchitecture"] = str(about["description"])
    card: dict[str, Any] = {
        "bom-ref": "model-card",
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": [_metric(line) for line in found]},
        "considerations": _considerations(record),
        "properties": [
            {"name": "auditkit:evidence", "value": record.evidence_digest},
            *(
                {"name": f"auditkit:{line.id}:{line.about}:n", "value": str(line.measure.n)}
                for line in found
                if line.measure.n
            ),
        ],
    }
    return card


def _metric(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"type": line.id, "value": shown(line.value), "slice": line.about}
    interval = line.measure.interval
    if interval is not None:
        found["confidenceInterval"] = {"lowerBound": shown(interval.low), "upperBound": shown(interval.high)}
    return found


def _considerations(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, place in (("users", "users"), ("intended_use", "useCases"), ("limitations", "technicalLimitations")):
        text = card_text(record, key)
        if text is not None:
            found[place] = [text]
    risks = [text for key in ("out_of_scope", "ethical_considerations") if (text := card_text(record, key))]
    if risks:
        found["ethicalConsiderations"] = [{"name": text} for text in risks]
    groups = sorted({line.about for line in lines(record) if len(line.measure.group.columns) == 1})
    if groups:
        found["fairnessAssessments"] = [{"groupAtRisk": group, "harms": _harm(record, group)} for group in groups]
    energy = list(_energy(record))
    if energy:
        found["environmentalConsiderations"] = {"energyConsumptions": energy}
    return found


def _harm(record: Record, group: str) -> str:
    rates = [
        f"{line.name.replace('_', ' ')} {shown(line.value)}"
        for line in lines(record)
        if line.about == group and line.name in ("selection_rate", "true_positive_rate")
    ]
    return "measured " + ", ".join(rates) if rates else "measured in audit.json"


def _energy(record: Record) -> Iterator[dict[str, Any]]:
    for activity, energy_id, mass_id in (
        ("training", "carbon.training.energy", "carbon.training.emissions"),
        ("inference", "carbon.inference.energy_per_1000", "carbon.inference.emissions_per_1000"),
    ):
        energy = measured(record, energy_id)
        if energy is None:
            continue
        amount = {"value": kilowatt_hours(energy), "unit": "kWh"}
        provider = {"organization": {"name": "unknown"}, "energySource": "unknown", "energyProvided": amount}
        found: dict[str, Any] = {"activity": activity, "energyProviders": [provider], "activityEnergyCost": amount}
        mass = measured(record, mass_id)
        if mass is not None:
            found["co2CostEquivalent"] = {"value": tonnes(mass), "unit": "tCO2eq"}
        if activity == "inference":
            found["properties"] = [{"name": "auditkit:per", "value": "1000 predictions"}]
        yield found


def _data(record: Record) -> Iterator[dict[str, Any]]:
    for name, about in datasets(record).items():
        columns = about.get("columns") or {}
        found: dict[str, Any] = {
            "type": "data",
            "bom-ref": f"data-{name}",
            "name": str(about.get("file", f"{name} data")),
            "data": [
                {
                    "type": "dataset",
                    "name": name,
                    "sensitiveData": [column for column in sensitive(record) if column in columns],
                }
            ],
        }
        if about.get("sha256"):
            found["hashes"] = [{"alg": "SHA-256", "content": str(about["sha256"])}]
        yield found


# ------------------------------------------------------------------ declarations


def _declarations(record: Record, stamp: str) -> dict[str, Any]:
    decision = record.decision
    assert decision is not None  # the caller looked
    rules = list(dict.fromkeys(ruling.rule for ruling in decision.rulings))
    requirements = [
        {"bom-ref": f"rule-{place}", "identifier": rule, "title": _title(record, rule)}
        for place, rule in enumerate(rules)
    ]
    standard = {"bom-ref": "policy", "name": decision.policy, "version": decision.policy_digest[:12] or "unknown", "owner": card_text(record, "owner") or "not given", "requirements": requirements}  # fmt: skip
    claims, evidence, mapped = [], [], []
    for number, ruling in enumerate(decision.rulings):
        claims.append(
            {
                "bom-ref": f"claim-{number}",
                "target": "model",
                "predicate": f"{ruling.measure} is {ruling.status}",
                "reasoning": ruling.message,
                "evidence": [f"evidence-{number}"],
            }
        )
        evidence.append(_evidence(number, ruling, stamp))
    for place, rule in enumerate(rules):
        numbers = [number for number, ruling in enumerate(decision.rulings) if ruling.rule == rule]
        mapped.append(_conformance(place, numbers, [decision.rulings[number] for number in numbers]))
    attestation = {"summary": f"{decision.policy}: {decision.verdict}", "assessor": "assessor", "map": mapped}
    return {
        "definitions": {"standards": [standard]},
        "declarations": {
            "assessors": [{"bom-ref": "assessor", "thirdParty": False, "organization": {"name": "auditkit"}}],
            "claims": claims,
            "evidence": evidence,
            "attestations": [attestation],
        },
    }


def _title(record: Record, rule: str) -> str:
    decision = record.decision
    assert decision is not None  # the caller looked
    ruling = next(one for one in decision.rulings if one.rule == rule)
    if ruling.limit is None:
        return f"{ruling.measure} is measured"
    side = "at most" if ruling.limit_kind == "max" else "at least"
    return f"{ruling.measure} {side} {shown(ruling.limit)}"


def _evidence(number: int, ruling: Ruling, stamp: str) -> dict[str, Any]:
    text = json.dumps(
        {"measure": ruling.measure, "value": ruling.value, "low": ruling.low, "high": ruling.high, "n": ruling.rows}
    )
    contents = {"attachment": {"contentType": "application/json", "content": text}}
    return {
        "bom-ref": f"evidence-{number}",
        "propertyName": f"auditkit:{ruling.evidence}",
        "description": ruling.message,
        "data": [{"name": ruling.measure, "contents": contents}],
        "created": stamp,
    }


def _conformance(place: int, numbers: list[int], rulings: list[Ruling]) -> dict[str, Any]:
    known = [_SCORES[ruling.status] for ruling in rulings if ruling.status in _SCORES]
    found: dict[str, Any] = {"requirement": f"rule-{place}", "claims": [f"claim-{number}" for number in numbers]}
    rationale = "; ".join(f"{ruling.status}: {ruling.message}" for ruling in rulings)
    if len(known) == len(rulings):
        found["conformance"] = {"score": min(known), "rationale": rationale}
        confidence = min(ruling.adjusted_confidence for ruling in rulings)
        found["confidence"] = {"score": confidence, "rationale": "confidence of the bounds that were judged"}
    else:
        found["conformance"] = {"rationale": rationale}
    return found
