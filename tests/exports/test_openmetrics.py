"""OpenMetrics text as Prometheus's own parser reads it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import gate_samples
import pytest
from gate_samples import HOSTILE, SOURCES, record_of, ruling

from auditkit.exports.openmetrics import openmetrics
from auditkit.finding import Group
from auditkit.record import Record

parser: Any = pytest.importorskip("prometheus_client.openmetrics.parser")


def families(record: Record) -> dict[str, Any]:
    text = openmetrics(record, SOURCES).decode()
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def test_each_ruling_has_one_state(record: Record) -> None:
    assert record.decision is not None
    samples = families(record)["auditkit_ruling_status"].samples
    states = [sample.labels["auditkit_ruling_status"] for sample in samples if sample.value == 1]
    assert states == [one.status for one in record.decision.rulings]
    assert len(samples) == len(gate_samples.STATUSES) * len(states)


def test_values_bounds_and_limits_are_all_there(record: Record) -> None:
    assert record.decision is not None
    found = families(record)
    for name in ("value", "low", "high", "limit", "rows"):
        values = [getattr(one, name) for one in record.decision.rulings]
        told = [sample.value for sample in found[f"auditkit_ruling_{name}"].samples]
        assert told == [float(value) for value in values if value is not None]


def test_the_verdict_and_its_times() -> None:
    found = families(gate_samples.every())
    (verdict,) = [s.labels["auditkit_verdict"] for s in found["auditkit_verdict"].samples if s.value == 1]
    assert verdict == "fail"
    numbers = {name: family.samples[0].value for name, family in found.items() if family.type == "gauge"}
    assert numbers["auditkit_exit_code"] == 3 and numbers["auditkit_auditors_died"] == 1
    assert (numbers["auditkit_waivers_unused"], numbers["auditkit_waivers_ending"]) == (1, 1)
    days = {
        "auditkit_audited_timestamp_seconds": datetime(2026, 11, 25, 10, tzinfo=UTC),
        "auditkit_judged_timestamp_seconds": datetime(2026, 11, 25, tzinfo=UTC),
        "auditkit_valid_until_timestamp_seconds": datetime(2027, 2, 24, tzinfo=UTC),
        "auditkit_waiver_end_timestamp_seconds": datetime(2027, 2, 1, tzinfo=UTC),
    }
    assert {name: datetime.fromtimestamp(numbers[name], UTC) for name in days} == days
    assert all(found[name].unit == "seconds" for name in days)
    assert all(sample.timestamp is None for family in found.values() for sample in family.samples)


def test_names_come_back_as_they_were() -> None:
    sample = families(gate_samples.hostile())["auditkit_ruling_value"].samples[0]
    for sign in "<>&`\"'\\%@\n\u202e\u2028":
        assert sign in sample.labels["model"]
    assert sample.labels["model"].replace("␀", "\0").startswith(HOSTILE[:58])


def test_rulings_that_differ_in_nothing_but_number_stay_apart() -> None:
    found = families(record_of(ruling(0, "fail", value=0.25), ruling(0, "fail", value=0.5)))
    assert [sample.value for sample in found["auditkit_ruling_value"].samples] == [0.25, 0.5]


def test_a_group_is_named_with_its_columns() -> None:
    group = Group.of({"sex": "F", "race": None, "note": 'a="b", c'})
    labels = families(record_of(ruling(0, "fail", group=group, over=())))["auditkit_ruling_value"].samples[0].labels
    assert labels["group"] == 'sex=F, race=(missing), note="a=\\"b\\", c"'


def test_a_record_without_a_start_has_no_time_of_it() -> None:
    record = gate_samples.every()
    assert "auditkit_audited_timestamp_seconds" not in families(replace(record, audit=replace(record.audit, run={})))
