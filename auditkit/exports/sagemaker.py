"""The content of an Amazon SageMaker model card, within its limits: the published schema does not enforce them."""

from __future__ import annotations

import json
from typing import Any

from auditkit.exports.cards import Line, card_text, day_of, lines, model, shown, verdict_lines
from auditkit.record import Record

NAME = "sagemaker_model_card.json"
MOST_CHARACTERS = 100_000
SHORT, NOTE, TEXT, LONG, OBSERVATION = 63, 255, 1024, 2048, 2096
MOST_METRICS = 300


def sagemaker_card(record: Record) -> bytes:
    """Return the card's content; texts beyond a limit end with a pointer to audit.json.

    Metrics are dropped from the end, groups before headlines, until the whole is within 100,000 characters; how many were
    dropped is said.
    """
    found = lines(record, most=MOST_METRICS)
    for kept in range(len(found), -1, -10):
        text = json.dumps(_card(record, found[: max(0, kept)], len(found)), ensure_ascii=True, indent=1)
        if len(text) <= MOST_CHARACTERS or kept <= 0:
            break
    return (text + "\n").encode()


def _card(record: Record, found: list[Line], total: int) -> dict[str, Any]:
    card: dict[str, Any] = {
        "model_overview": _overview(record),
        "intended_uses": _uses(record),
        "evaluation_details": [_evaluation(record, found, total)],
        "additional_information": _additional(record),
    }
    training = card_text(record, "training_data")
    if training is not None:
        card["training_details"] = {"training_observations": _cut(record, training, TEXT)}
    return {name: part for name, part in card.items() if part}


def _overview(record: Record) -> dict[str, Any]:
    found = {
        "model_name": _cut(record, record.audit.name, TEXT),
        "problem_type": str(record.audit.subject.get("task")),
        "algorithm_type": _cut(record, str(model(record).get("description") or "predictions in a table"), TEXT),
    }
    for key, place in (("description", "model_description"), ("owner", "model_owner")):
        text = card_text(record, key)
        if text is not None:
            found[place] = _cut(record, text, TEXT)
    return found


def _uses(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {"risk_rating": _risk(record)}
    for key, place in (
        ("purpose", "purpose_of_model"),
        ("intended_use", "intended_uses"),
        ("limitations", "factors_affecting_model_efficiency"),
    ):
        text = card_text(record, key)
        if text is not None:
            found[place] = _cut(record, text, LONG)
    return found


def _risk(record: Record) -> str:
    """Return the risk class that people stated, where it is one of theirs; auditkit never rates a use."""
    deployment = record.audit.subject.get("deployment")
    stated = str(deployment.get("risk_class", "")).capitalize() if isinstance(deployment, dict) else ""
    return stated if stated in ("High", "Medium", "Low") else "Unknown"


def _evaluation(record: Record, found: list[Line], total: int) -> dict[str, Any]:
    left = f" {total - len(found)} more metrics are in audit.json." if len(found) < total else ""
    observation = " ".join(verdict_lines(record))
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in found:
        groups.setdefault(line.id.rpartition(".")[0], []).append(_metric(record, line))
    return {
        "name": "auditkit",
        "evaluation_observation": _cut(record, observation, OBSERVATION - len(left)) + left,
        "metadata": {
            "audited on": day_of(record),
            "auditkit": str(record.audit.provenance.get("auditkit")),
            "evidence sha256": record.evidence_digest,
        },
        "metric_groups": [{"name": name[:SHORT], "metric_data": metrics} for name, metrics in groups.items()],
    }


def _metric(record: Record, line: Line) -> dict[str, Any]:
    interval = line.measure.interval
    bounds = f"{shown(interval.low)} to {shown(interval.high)}, {interval.method}; " if interval is not None else ""
    n = f"n {line.measure.n}" if line.measure.n is not None else ""
    name = f"{line.name} [{line.about}]"
    found = {"name": _cut(record, name, NOTE), "type": "number", "value": line.measure.value}
    return {**found, "notes": _cut(record, bounds + n, TEXT)}


def _additional(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        "custom_details": {
            "evidence_digest": record.evidence_digest,
            "verdict": record.decision.verdict if record.decision is not None else "no policy was judged",
        }
    }
    risk = card_text(record, "ethical_considerations")
    if risk is not None:
        found["ethical_considerations"] = _cut(record, risk, LONG)
    scope = card_text(record, "out_of_scope")
    if scope is not None:
        found["caveats_and_recommendations"] = _cut(record, scope, LONG)
    return found


def _cut(record: Record, text: str, most: int) -> str:
    """Return a text within a limit; one that is cut ends with where the rest is."""
    if len(text) <= most:
        return text
    end = f" ... [rest in audit.json {record.evidence_digest[:8]}]"
    return text[: max(0, most - len(end))] + end if most > len(end) else text[:most]
