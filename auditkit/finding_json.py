"""Findings as JSON values, and back: what the record and the cache hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from auditkit.finding import Column, Evidence, Finding, Group, Interval, Measure
from auditkit.stats.uncertainty import from_dict as uncertainty_from_dict


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    plain = {item.name: getattr(finding, item.name) for item in fields(finding)}
    return {
        **plain,
        "options": dict(finding.options),
        "measures": [_measure(measure) for measure in finding.measures],
        "evidence": [_evidence(item) for item in finding.evidence],
    }


def _measure(measure: Measure) -> dict[str, Any]:
    plain = {item.name: getattr(measure, item.name) for item in fields(measure)}
    return {
        **plain,
        "group": measure.group.as_dict(),
        "over": list(measure.over),
        "worst": measure.worst.as_dict() if measure.worst else None,
        "best": measure.best.as_dict() if measure.best else None,
        "interval": fields_of(measure.interval) if measure.interval else None,
        "uncertainty": measure.uncertainty.as_dict() if measure.uncertainty else None,
    }


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name."""
    return {item.name: getattr(value, item.name) for item in fields(value)}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        **fields_of(evidence),
        "columns": [fields_of(c) for c in evidence.columns],
        "rows": [list(row) for row in evidence.rows],
    }


def named_group(data: Mapping[str, Any] | None) -> Group | None:
    """Return a group, or None where none is named."""
    return Group.of(data) if data else None


def _read_measure(data: Mapping[str, Any]) -> Measure:
    return Measure(
        **{
            **data,
            "group": Group.of(data["group"]),
            "over": tuple(data["over"]),
            "worst": named_group(data["worst"]),
            "best": named_group(data["best"]),
            "interval": Interval(**data["interval"]) if data["interval"] else None,
            "uncertainty": uncertainty_from_dict(data["uncertainty"]) if data["uncertainty"] else None,
        }
    )


def _read_evidence(data: Mapping[str, Any]) -> Evidence:
    columns = tuple(Column(**column) for column in data["columns"])
    return Evidence(**{**data, "columns": columns, "rows": tuple(tuple(row) for row in data["rows"])})


def finding_from_json(data: Mapping[str, Any]) -> Finding:
    """Return the finding that `finding_to_json` wrote."""
    return Finding(
        **{
            **data,
            "measures": tuple(_read_measure(measure) for measure in data["measures"]),
            "evidence": tuple(_read_evidence(item) for item in data["evidence"]),
        }
    )
