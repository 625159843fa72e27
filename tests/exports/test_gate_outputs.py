"""One decision in every output: the same bytes, the decision's own numbers, names that stay names."""

import json
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import gate_samples
import pytest
from gate_samples import SOURCES, record_of, ruling
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import ConfigurationError
from auditkit.exports.gate_lines import level_of, lines
from auditkit.exports.gate_outputs import OUTPUTS, written
from auditkit.exports.terminal import plain
from auditkit.policy import Ruling
from auditkit.record import Record

GOLDEN = Path(__file__).parent / "golden"
FILES = {
    "json": "decision.json",
    "junit": "junit.xml",
    "sarif": "gate.sarif",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "comment": "comment.md",
    "badge": "badge.svg",
    "openmetrics": "openmetrics.txt",
    "terminal": "terminal.txt",
}


def made(name: str, record: Record) -> bytes:
    if name == "terminal":
        assert record.decision is not None
        return f"{plain(record.decision)}\n".encode()
    return written(record, name, SOURCES)


def test_each_output_has_a_golden_file() -> None:
    assert set(FILES) == {*OUTPUTS, "terminal"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_output_is_the_golden_file(name: str) -> None:
    """With AUDITKIT_WRITE_GOLDEN the files are written anew, to be read in a diff."""
    found = made(name, gate_samples.every())
    file = GOLDEN / FILES[name]
    if os.environ.get("AUDITKIT_WRITE_GOLDEN"):
        file.write_bytes(found)
    assert found == file.read_bytes()


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_same_decision_gives_the_same_bytes(record: Record, name: str) -> None:
    again = gate_samples.every() if record.audit.name == "Income classifier" else gate_samples.hostile()
    assert record is not again
    assert made(name, record) == made(name, again)


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_nothing_judged_is_nothing_to_write(name: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing was judged"):
        written(replace(gate_samples.every(), decision=None), name, SOURCES)


def test_unknown_output_is_told() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'sarif'"):
        written(gate_samples.every(), "sarrif", SOURCES)


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_no_ruling_at_all_can_be_written(name: str) -> None:
    assert written(record_of(), name, SOURCES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_output_holds_signs_that_hide_or_command(name: str) -> None:
    found = made(name, gate_samples.hostile()).decode()
    if name not in ("json", "sarif", "openmetrics"):  # these quote them
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\ufffe\ud800]", found)
    if name in ("terminal", "github"):
        assert "##[" not in found and "##vso[" not in found
        assert all(line.startswith(("  ", "verdict: ", "::")) for line in found.rstrip("\n").split("\n"))


# -------------------------------------------------------------------- how each counts


@pytest.mark.parametrize("prove", ["violation", "compliance"])
@pytest.mark.parametrize("severity", ["block", "warn", "info"])
@pytest.mark.parametrize("on_missing", ["fail", "warn"])
@pytest.mark.parametrize("status", gate_samples.STATUSES)
def test_an_error_is_what_closes_the_gate_and_nothing_else(
    status: str, severity: str, on_missing: str, prove: str
) -> None:
    one = ruling(0, status, severity=severity, on_missing=on_missing)
    found = record_of(one, ruling(1, "pass"), prove=prove)
    assert found.decision is not None
    assert (level_of(one, found.decision) == "error") == (found.decision.exit_code in (1, 3))
    assert (level_of(one, found.decision) == "none") == (status == "pass")


def test_two_limits_of_one_rule_have_two_names_and_keys() -> None:
    decision = gate_samples.every().decision
    assert decision is not None
    found = [line for line in lines(decision, SOURCES) if line.ruling.rule == "r10"]
    assert [line.name.rpartition(", ")[2] for line in found] == ["lower limit", "upper limit"]
    assert len({line.key for line in lines(decision, SOURCES)}) == len(decision.rulings)


def test_a_key_knows_no_number_no_status_and_no_line(record: Record) -> None:
    assert record.decision is not None
    moved = replace(
        record.decision,
        rulings=tuple(
            replace(one, value=0.1, low=0.0, high=0.2, limit=0.9, message="other", status="inconclusive", rows=3)
            for one in record.decision.rulings
        ),
    )
    first, second = lines(record.decision, SOURCES), lines(moved, replace(SOURCES, rules={}, policy="other.yaml"))
    assert [line.key for line in first] == [line.key for line in second]


# ------------------------------------------------------------------------ numbers

NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53))
TEXTS = st.text(max_size=12)


@st.composite
def decisions(draw: st.DrawFn) -> Record:
    found = []
    for number in range(draw(st.integers(1, 4))):
        status = draw(st.sampled_from(gate_samples.STATUSES))
        one = ruling(number, status, draw(TEXTS), severity=draw(st.sampled_from(["block", "warn", "info"])))
        values = {key: draw(NUMBERS) for key in ("value", "low", "high") if one.value is not None}
        kept = {**values, "limit": draw(NUMBERS), "rows": draw(st.integers(0, 2**53))}
        found.append(replace(one, message=draw(TEXTS), owner=draw(TEXTS), **kept))
    return record_of(*found, name=draw(TEXTS), problems=tuple(draw(st.lists(TEXTS, max_size=2))))


def numbers(one: Ruling) -> dict[str, float]:
    found = {key: getattr(one, key) for key in ("value", "low", "high", "limit", "rows")}
    return {key: value for key, value in found.items() if value is not None}


@settings(max_examples=60)
@given(decisions())
def test_every_number_is_the_decisions(record: Record) -> None:
    assert record.decision is not None
    rulings = record.decision.rulings
    told = json.loads(written(record, "json", SOURCES))["rulings"]
    assert [{key: one[key] for key in numbers(ruling)} for one, ruling in zip(told, rulings, strict=True)] == [
        numbers(one) for one in rulings
    ]

    cases = ElementTree.fromstring(written(record, "junit", SOURCES)).findall("testsuite/testcase")
    for case, one in zip(cases, rulings, strict=False):
        properties = {item.get("name"): item.get("value") for item in case.iter("property")}
        assert {key: float(str(properties[key])) for key in numbers(one)} == numbers(one)

    results = json.loads(written(record, "sarif", SOURCES))["runs"][0]["results"]
    wrong = [one for one in rulings if one.status != "pass"]
    assert len(results) == len(wrong) + len(record.decision.problems)
    for result, one in zip(results, wrong, strict=False):
        assert {key: result["properties"][key] for key in numbers(one)} == numbers(one)

    row = re.compile(r"(?<!\\)\|")
    for text in written(record, "comment", SOURCES).decode().split("\n"):
        rule = re.match(r"\| \S+ [^|]*\| r(\d+): ", text)
        if rule:
            one = rulings[int(rule[1])]
            _, _, _, value, limit, _, _ = row.split(text)
            assert value.strip() == ("" if one.value is None else f"{one.value:.3g}")
            assert limit.strip() == f"≥ {one.limit:.3g}"


@settings(max_examples=60)
@given(decisions())
def test_every_number_is_the_decisions_to_prometheus(record: Record) -> None:
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    text = written(record, "openmetrics", SOURCES).decode()
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert record.decision is not None
    for name in ("value", "low", "high", "limit", "rows"):
        expected = {one.rule: getattr(one, name) for one in record.decision.rulings if getattr(one, name) is not None}
        family = families.get(f"auditkit_ruling_{name}")
        found = {sample.labels["rule"]: sample.value for sample in family.samples} if family else {}
        assert found == {rule: float(value) for rule, value in expected.items()}


@settings(max_examples=60)
@given(decisions())
def test_annotations_and_issues_say_the_decisions_sentence(record: Record) -> None:
    from auditkit.exports.gate_lines import text_of

    assert record.decision is not None
    wrong = [one for one in record.decision.rulings if one.status != "pass"]
    issues = json.loads(written(record, "gitlab", SOURCES))
    for issue, one in zip(issues, wrong, strict=False):
        assert issue["description"].endswith(text_of(one))
    commands = written(record, "github", SOURCES).decode().split("\n")
    for one in wrong:
        said = f"::{text_of(one).replace('%', '%25')}"
        assert any(command.endswith(said) and f" {one.rule}%3A" in command for command in commands)


def test_the_comment_says_the_decisions_sentence() -> None:
    record = gate_samples.every()
    assert record.decision is not None
    told = unescape(written(record, "comment", SOURCES).decode().replace("<!-- -->", "")).replace("\\", "")
    assert all(one.message in told for one in record.decision.rulings)
