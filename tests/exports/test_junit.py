"""JUnit XML as CI servers read it."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import gate_samples
import pytest
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.junit import junit
from auditkit.record import Record


def suite_of(record: Record) -> Element:
    root = ElementTree.fromstring(junit(record, SOURCES))
    assert root.tag == "testsuites" and [child.tag for child in root] == ["testsuite"]
    return root[0]


def ends(case: Element) -> list[str]:
    return [child.tag for child in case if child.tag != "properties"]


def test_what_the_common_schema_demands_is_there(record: Record) -> None:
    suite = suite_of(record)
    assert [child.tag for child in suite if child.tag != "testcase"] == ["properties", "system-out", "system-err"]
    assert suite[0].tag == "properties" and [child.tag for child in suite[-2:]] == ["system-out", "system-err"]
    demanded = {"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "package", "id"}
    assert demanded <= set(suite.attrib) and all(suite.attrib[name] for name in demanded)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    for case in suite.iter("testcase"):
        assert {"name", "classname", "time"} <= set(case.attrib)
        assert all(value == " ".join(value.split()) for value in case.attrib.values())  # xs:token
        assert len(ends(case)) <= 1
        assert all(child.get("type") for child in case if child.tag in ("failure", "error"))


def test_counts_are_those_of_the_cases(record: Record) -> None:
    suite = suite_of(record)
    cases = suite.findall("testcase")
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == sum(tag in ends(case) for case in cases) > 0
    assert record.decision is not None
    assert int(suite.attrib["tests"]) == len(cases) == len(record.decision.rulings) + 1
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("status", "how", "end"),
    [
        ("pass", {}, []),
        ("fail", {}, ["failure"]),
        ("fail", {"severity": "warn"}, ["system-out"]),
        ("fail", {"severity": "info"}, ["system-out"]),
        ("inconclusive", {}, ["system-out"]),
        ("waived", {}, ["system-out"]),
        ("adopted", {}, ["system-out"]),
        ("missing", {}, ["error"]),
        ("missing", {"on_missing": "warn"}, ["skipped"]),
        ("missing", {"severity": "warn"}, ["skipped"]),
        ("insufficient", {}, ["error"]),
        ("insufficient", {"severity": "info"}, ["skipped"]),
    ],
)
def test_how_a_ruling_ends(status: str, how: dict[str, str], end: list[str]) -> None:
    case = suite_of(record_of(ruling(0, status, **how))).find("testcase")
    assert case is not None and ends(case) == end


def test_inconclusive_is_a_failure_where_compliance_must_be_proven() -> None:
    case = suite_of(record_of(ruling(0, "inconclusive"), prove="compliance")).find("testcase")
    assert case is not None and ends(case) == ["failure"]


def test_a_measure_is_no_time_and_a_name_holds_no_number() -> None:
    case = suite_of(record_of(ruling(0, "fail", value=12.5))).find("testcase")
    assert case is not None
    assert case.attrib == {
        "classname": "fairness.demographic_parity.ratio",
        "name": "r0: fairness.demographic_parity.ratio over sex",
        "file": "models/policy.yaml",
        "line": "3",
        "time": "0",
    }


def test_a_record_without_a_start_is_dated_by_its_judgement() -> None:
    from dataclasses import replace

    record = gate_samples.every()
    undated = replace(record, audit=replace(record.audit, run={}))
    assert suite_of(undated).attrib["timestamp"] == "2026-11-25T00:00:00"
