"""SARIF 2.1.0 as code scanning reads it."""

import json
import os
from pathlib import Path
from typing import Any

import gate_samples
import pytest
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.sarif import sarif
from auditkit.record import Record


def run_of(record: Record) -> dict[str, Any]:
    log = json.loads(sarif(record, SOURCES))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_the_published_schema_holds(record: Record) -> None:
    schema = Path(os.environ.get("AUDITKIT_SCHEMAS", Path(__file__).parents[3] / "shared" / "schemas"))
    file = schema / "sarif-2.1.0.json"
    if not file.is_file():
        pytest.skip("no sarif-2.1.0.json of OASIS: set AUDITKIT_SCHEMAS to the folder that holds it")
    from jsonschema import Draft4Validator

    validator = Draft4Validator(json.loads(file.read_text(encoding="utf-8")))
    for one in (record, record_of(), record_of(ruling(0, "pass"))):
        assert [error.message for error in validator.iter_errors(json.loads(sarif(one, SOURCES)))] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pydantic_sarif")
def test_a_reader_generated_from_the_published_schema_accepts_it_and_refuses_it_broken(record: Record) -> None:
    """pydantic-sarif is made from OASIS' schema file, with unknown properties forbidden; it needs no network."""
    from pydantic import ValidationError
    from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Report  # type: ignore[import-untyped]

    for one in (record, record_of(), record_of(ruling(0, "pass")), gate_samples.every()):
        written = json.loads(sarif(one, SOURCES))
        for suppressed in (each for result in written["runs"][0]["results"] for each in result.get("suppressions", ())):
            assert suppressed.pop("status") == "accepted"  # its revision of the schema has another name for it
        read = Report.model_validate(written)
        assert len(read.runs[0].results or ()) == len(written["runs"][0]["results"])
    for key, value in (("level", "grave"), ("message", {}), ("unheard_of", 1), ("ruleIndex", "first")):
        broken = json.loads(sarif(record, SOURCES))
        broken["runs"][0]["results"][0][key] = value
        with pytest.raises(ValidationError):
            Report.model_validate(broken)


def test_what_the_schema_demands_is_there(record: Record) -> None:
    run = run_of(record)
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "auditkit"
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule[part]["text"] for rule in rules for part in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1 and place["region"]["startColumn"] >= 1
        assert not set(place["artifactLocation"]["uri"]) & set(' \\<>"{}|^`')
    keys = [result["partialFingerprints"]["auditkitRuling/v1"] for result in run["results"]]
    assert len(set(keys)) == len(keys)


def test_all_but_passes_and_what_died_are_results() -> None:
    record = gate_samples.every()
    assert record.decision is not None
    run = run_of(record)
    wrong = [one.rule for one in record.decision.rulings if one.status != "pass"]
    assert [result["ruleId"] for result in run["results"]] == [*wrong, "AK-G05"]
    assert run["results"][-1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models/audit.yaml"
    assert run["properties"]["rulings"]["pass"] == 3 and run["properties"]["verdict"] == "fail"


def test_a_result_stands_at_its_rule() -> None:
    first = run_of(record_of(ruling(1, "fail")))["results"][0]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "models/policy.yaml"},
        "region": {"startLine": 7, "startColumn": 5},
    }
    assert first["level"] == "error" and first["message"]["text"].startswith("AK-G01 r1: fairness.demographic_parity")


@pytest.mark.parametrize("status", ["waived", "adopted"])
def test_what_was_accepted_is_suppressed_by_name(status: str) -> None:
    result = run_of(record_of(ruling(0, status)))["results"][0]
    (one,) = result["suppressions"]
    assert (one["kind"], one["status"], result["level"]) == ("external", "accepted", "note")
    assert ("approved by Data Protection" if status == "waived" else "adopted with the baseline") in one[
        "justification"
    ]


def test_a_rule_keeps_its_id_however_it_ends() -> None:
    ids = {
        run_of(record_of(ruling(0, status)))["results"][0]["ruleId"] for status in ("fail", "inconclusive", "waived")
    }
    assert ids == {"r0"}


def test_waivers_that_want_a_look_are_notifications() -> None:
    (invocation,) = run_of(gate_samples.every())["invocations"]
    told = [note["message"]["text"] for note in invocation["toolConfigurationNotifications"]]
    assert told == ["waiver ends soon: r5: ends on 2026-12-01, in 6 days", "unused waiver: r0: nothing to waive in sex"]
    assert invocation["executionSuccessful"] is False and invocation["exitCode"] == 3
