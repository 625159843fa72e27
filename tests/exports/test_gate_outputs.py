"""One decision in every output: parsed by others' parsers, counted as the verdict counts, hostile names harmless."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditkit.auditing import Audit
from auditkit.cli import main
from auditkit.exports.gate_lines import level_of, lines
from auditkit.exports.gate_outputs import MARKER, MOST_COMMENT, OUTPUTS, written
from auditkit.policy import Decision, Ruling, Waiver, verdict_of
from auditkit.record import Record

HOSTILE = "\"><script>alert(1)</script>{{7*7}}|`::error::%0A\x00\x0b\ud7ff\u202e,:=cmd|'x'!A0\nsecond line"
PLACES = {"r0": ("policy.yaml", 7, 5)}
STATUSES = ("pass", "fail", "inconclusive", "insufficient", "missing", "waived", "adopted")


def ruling(number: int, status: str, name: str = "sex", **more: object) -> Ruling:
    waiver = Waiver(rule=f"r{number}", reason=name, requested_by="a", approved_by="b", until=date(2027, 1, 1))
    known = status not in ("missing", "insufficient")
    plain = {
        "rule": f"r{number}",
        "measure": "fairness.demographic_parity.ratio",
        "status": status,
        "underlying": "fail" if status in ("waived", "adopted") else status,
        "message": f"measured, says {name}",
        "limit": 0.8,
        "limit_kind": "min",
        "confidence": 0.95,
        "adjusted_confidence": 0.99,
        "severity": "block",
        "over": (name,),
        "value": 0.7 + number / 100 if known else None,
        "low": 0.6 if known else None,
        "high": 0.75 if known else None,
        "kind": "interval" if known else None,
        "waiver": waiver if status == "waived" else None,
        "rows": 100,
    }
    return Ruling(**{**plain, **more})  # type: ignore[arg-type]


def record_of(
    *rulings: Ruling, name: str = "model", problems: tuple[str, ...] = (), prove: str = "violation"
) -> Record:
    verdict, code = verdict_of(rulings, prove, bool(problems))  # type: ignore[arg-type]
    decision = Decision(
        policy=f"policy {name}",
        policy_digest="0" * 64,
        as_of=date(2026, 11, 25),
        prove=prove,  # type: ignore[arg-type]
        false_alarm=0.05,
        verdict=verdict,
        inconclusive=any(one.status == "inconclusive" for one in rulings),
        exit_code=code,
        rulings=rulings,
        problems=problems,
        unused_waivers=("x: nothing to waive",),
    )
    audit = Audit(
        name=name,
        subject={},
        provenance={"auditkit": "0.1.0"},
        findings=(),
        run={"started": "2026-11-25T10:00:00+00:00"},
    )
    return Record(audit, decision, "f" * 64)


@pytest.fixture
def every() -> Record:
    return record_of(
        *(ruling(number, status) for number, status in enumerate(STATUSES)), problems=("data.drift: ValueError: x",)
    )


@pytest.fixture
def hostile() -> Record:
    return record_of(*(ruling(n, s, HOSTILE) for n, s in enumerate(STATUSES)), name=HOSTILE, problems=(HOSTILE,))


def text(record: Record, name: str) -> str:
    return written(record, name, PLACES).decode()


# -------------------------------------------------------------------- how each counts


@pytest.mark.parametrize("prove", ["violation", "compliance"])
@pytest.mark.parametrize("severity", ["block", "warn", "info"])
@pytest.mark.parametrize("on_missing", ["fail", "warn"])
@pytest.mark.parametrize("status", STATUSES)
def test_an_error_is_what_closes_the_gate_and_nothing_else(
    status: str, severity: str, on_missing: str, prove: str
) -> None:
    one = ruling(0, status, severity=severity, on_missing=on_missing)
    found = record_of(one, ruling(1, "pass"), prove=prove)
    assert found.decision is not None
    assert (level_of(one, found.decision) == "error") == (found.decision.exit_code in (1, 3))


def test_rulings_stand_where_their_rule_stands(every: Record) -> None:
    assert every.decision is not None
    found = lines(every.decision, PLACES)
    assert (found[0].file, found[0].line, found[0].column) == ("policy.yaml", 7, 5)


# ----------------------------------------------------------------------- by format


def test_json_has_every_number(every: Record) -> None:
    found = json.loads(text(every, "json"))
    assert every.decision is not None
    assert [(one["value"], one["low"], one["high"], one["limit"]) for one in found["rulings"]] == [
        (one.value, one.low, one.high, one.limit) for one in every.decision.rulings
    ]
    assert (found["verdict"], found["exit_code"]) == (every.decision.verdict, every.decision.exit_code)


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_junit_counts_what_it_holds(request: pytest.FixtureRequest, which: str) -> None:
    root = ElementTree.fromstring(text(request.getfixturevalue(which), "junit"))
    suite = root.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    for outcome, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(outcome, "-1")) == sum(case.find(tag) is not None for case in cases)
    assert int(suite.get("tests", "0")) == len(cases) == len(STATUSES) + 1
    assert all(case.get("name") and case.get("classname") for case in cases)
    properties = {item.get("name"): item.get("value") for item in cases[1].iter("property")}
    assert float(str(properties["value"])) == 0.71 and float(str(properties["limit"])) == 0.8
    assert cases[0].get("time") == "0"  # a measure is no time


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_sarif_has_what_its_schema_requires(request: pytest.FixtureRequest, which: str) -> None:
    log = json.loads(text(request.getfixturevalue(which), "sarif"))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "auditkit"
    assert all(rule["id"] and rule["shortDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note", "none") and result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1 and " " not in place["artifactLocation"]["uri"]
    assert len(run["results"]) == len(STATUSES)  # all but the pass, and the auditor that died


def test_fingerprints_stay_when_numbers_move(every: Record) -> None:
    assert every.decision is not None
    moved = replace(
        every,
        decision=replace(
            every.decision, rulings=tuple(replace(r, message="other", value=0.1) for r in every.decision.rulings)
        ),
    )
    for name, pick in (("gitlab", lambda one: one["fingerprint"]), ("sarif", None)):
        if pick is not None:
            first, second = (json.loads(text(record, name)) for record in (every, moved))
            assert [pick(one) for one in first] == [pick(one) for one in second]
            assert len({pick(one) for one in first}) == len(first)


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_github_reads_one_command_a_line(request: pytest.FixtureRequest, which: str) -> None:
    found = text(request.getfixturevalue(which), "github")
    made = found.rstrip("\n").split("\n")
    assert len(made) == len(STATUSES) + 1  # no pass, the auditor that died, the verdict
    assert all(re.fullmatch(r"::(error|warning|notice) [^\r]*::[^\r]*", line) for line in made)
    assert all("::" not in line.split("::", 2)[1] for line in made)


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_gitlab_reads_the_report(request: pytest.FixtureRequest, which: str) -> None:
    found = json.loads(text(request.getfixturevalue(which), "gitlab"))
    for issue in found:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["path"] and issue["location"]["lines"]["begin"] >= 1


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_the_comment_is_a_table_that_nothing_breaks(request: pytest.FixtureRequest, which: str) -> None:
    found = text(request.getfixturevalue(which), "comment")
    assert found.startswith(MARKER) and "<script>" not in found
    rows = [line for line in found.split("\n") if line.startswith("|")]
    assert {len(re.sub(r"\\\|", "", row).split("|")) for row in rows} == {6}
    assert len(rows) == len(STATUSES) + 2


def test_a_long_comment_is_cut_below_its_limit_and_says_so() -> None:
    found = written(record_of(*(ruling(n, "fail", "x" * 2000) for n in range(200))), "comment", PLACES)
    assert len(found) < MOST_COMMENT and b"more in audit.json" in found


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_the_badge_is_svg_with_a_name(request: pytest.FixtureRequest, which: str) -> None:
    root = ElementTree.fromstring(text(request.getfixturevalue(which), "badge"))
    assert root.get("aria-label") == "auditkit: fail, inconclusive" and root.get("role") == "img"


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_openmetrics_is_read_by_prometheus(request: pytest.FixtureRequest, which: str) -> None:
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    record = request.getfixturevalue(which)
    families = {family.name: family for family in parser.text_string_to_metric_families(text(record, "openmetrics"))}
    assert {"auditkit_ruling_value", "auditkit_ruling_status", "auditkit_gate_open"} <= set(families)
    values = {sample.labels["rule"]: sample.value for sample in families["auditkit_ruling_value"].samples}
    assert values == {one.rule: one.value for one in record.decision.rulings if one.value is not None}
    states = [sample for sample in families["auditkit_ruling_status"].samples if sample.value == 1]
    assert len(states) == len(STATUSES)


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_the_same_decision_gives_the_same_bytes(every: Record, name: str) -> None:
    assert written(every, name, PLACES) == written(every, name, PLACES)


# ----------------------------------------------------------------------------- CLI


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    import pandas as pd

    pd.DataFrame({"age": [30, 40] * 40, "y": [0, 1] * 40, "p": [0, 1] * 40}).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "audit.yaml").write_text(
        "name: m\ndata: {test: rows.csv}\ncolumns: {label: y, prediction: p, quasi_identifiers: [age]}\npolicy: policy.yaml\n"
    )
    (tmp_path / "policy.yaml").write_text(
        "policy: p\nrules:\n  - id: k\n    measure: privacy.k_anonymity.k\n    min: 99\n"
    )
    return tmp_path


def test_outputs_are_written_though_the_gate_is_closed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    code = call(
        "run",
        project / "audit.yaml",
        "--only",
        "privacy.k_anonymity",
        "--quiet",
        "--output",
        "github",
        "--output",
        f"junit={project / 'j.xml'}",
    )
    assert code == 1
    assert "::error file=policy.yaml,line=3,col=5" in capsys.readouterr().out
    assert MARKER in (project / "summary.md").read_text()
    assert ElementTree.parse(project / "j.xml").getroot().get("failures") == "1"
    record = project / "auditkit-report" / "audit.json"
    assert (
        call("gate", record, "--policy", project / "policy.yaml", "--quiet", "--output", f"sarif={project / 's.json'}")
        == 1
    )
    assert json.loads((project / "s.json").read_text())["runs"][0]["results"][0]["ruleId"] == "AK-G01"


@pytest.mark.parametrize(
    ("value", "message"), [("junti", "Did you mean 'junit'"), ("json=nowhere/x.json", "no such folder for 'x.json'")]
)
def test_a_wrong_output_is_told_before_anything_runs(
    project: Path, capsys: pytest.CaptureFixture[str], value: str, message: str
) -> None:
    assert call("run", project / "audit.yaml", "--output", value) == 2
    assert message in capsys.readouterr().err
    assert not (project / "auditkit-report").exists()
