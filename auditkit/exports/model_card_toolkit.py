"""A card of Google's Model Card Toolkit, schema 0.0.2."""

from __future__ import annotations

import json
from typing import Any

from auditkit.exports.cards import card_text, datasets, day_of, lines, missing, model, sensitive, shown
from auditkit.record import Record

NAME = "model_card_toolkit.json"


def model_card_toolkit(record: Record) -> bytes:
    """Return the card; what people did not say is left out, not filled with words."""
    card = {
        "schema_version": "0.0.2",
        "model_details": _details(record),
        "model_parameters": _parameters(record),
        "quantitative_analysis": {"performance_metrics": [_metric(line) for line in lines(record)]},
        "considerations": _considerations(record),
    }
    return (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()


def _details(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": record.audit.name,
        "overview": card_text(record, "description") or card_text(record, "purpose") or missing("a description"),
        "version": {"date": day_of(record)},
        "references": [{"reference": f"audit.json, evidence {record.evidence_digest}"}],
    }
    version, owner, licence = (card_text(record, key) for key in ("version", "owner", "licence"))
    if version is not None:
        found["version"]["name"] = version
    if owner is not None:
        contact = card_text(record, "contact")
        found["owners"] = [{"name": owner, **({"contact": contact} if contact else {})}]
    if licence is not None:
        found["licenses"] = [{"custom_text": licence}]
    return found


def _parameters(record: Record) -> dict[str, Any]:
    data = [
        {
            "name": str(about.get("file", name)),
            "description": f"{name} data, {about.get('rows'):,} rows, content sha256 {about.get('content_sha256')}",
            "sensitive": {"sensitive_data": [c for c in sensitive(record) if c in (about.get("columns") or {})]},
        }
        for name, about in datasets(record).items()
    ]
    found: dict[str, Any] = {"data": data, "input_format": "table"}
    if model(record).get("description"):
        found["model_architecture"] = str(model(record)["description"])
    test = datasets(record).get("test", {}).get("columns") or {}
    features = record.audit.subject.get("features")
    names = [str(name) for name in features] if isinstance(features, list) else []
    found["input_format_map"] = [{"key": name, "value": str(test.get(name, "unknown"))} for name in names]
    labels = record.audit.subject.get("labels")
    found["output_format"] = f"one of {labels}" if labels else "number"
    return found


def _metric(line: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": line.id, "value": shown(line.value), "slice": line.about}
    interval = line.measure.interval
    if interval is not None:
        found["confidence_interval"] = {"lower_bound": shown(interval.low), "upper_bound": shown(interval.high)}
    return found


def _considerations(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, place in (
        ("users", "users"),
        ("intended_use", "use_cases"),
        ("limitations", "limitations"),
        ("tradeoffs", "tradeoffs"),
    ):
        text = card_text(record, key)
        if text is not None:
            found[place] = [{"description": text}]
    risk = card_text(record, "ethical_considerations") or card_text(record, "out_of_scope")
    if risk is not None:
        found["ethical_considerations"] = [{"name": risk}]
    return found
