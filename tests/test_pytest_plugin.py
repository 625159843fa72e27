"""assert_gate reads as the gate does; pytest --auditkit makes a test of each ruling and closes where the gate closes."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import auditkit as ak
from auditkit.auditing import Audit, audit
from auditkit.catalog import catalogue
from auditkit.cli import main
from auditkit.errors import ConfigurationError, DataError
from auditkit.policy import Policy
from auditkit.pytest_plugin import GateFailure, assert_gate
from auditkit.record import dump

pytest_plugins = ["pytester"]

POLICY = """policy: gate
rules:
  - {id: kept, measure: fairness.demographic_parity.ratio, group: sex, min: 0.01}
  - {id: broken, measure: fairness.demographic_parity.ratio, group: sex, min: 0.9, why: people are alike, owner: team}
  - {id: accepted, measure: fairness.demographic_parity.difference, group: sex, max: 0.01}
  - {id: told, measure: fairness.demographic_parity.difference, group: sex, max: 0.02, severity: warn}
  - {id: unknown, measure: privacy.k_anonymity.k, min: 5, severity: warn}
  - {id: elsewhere, measure: fairness.demographic_parity.ratio, group: sex, min: 0.5, applies_to: {environment: production}}
waivers:
  - {rule: accepted, reason: under repair, requested_by: a@x.org, approved_by: b@x.org, until: 2027-06-30}
"""
DAY = "2026-11-25"


@pytest.fixture(scope="module")
def found() -> Audit:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"sex": rng.choice(["f", "m"], 2000), "repaid": rng.choice(["yes", "no"], 2000)})
    frame["prediction"] = np.where(rng.random(2000) < np.where(frame.sex == "f", 0.3, 0.6), "yes", "no")
    subject = ak.Subject(
        frame,
        label="repaid",
        favorable="yes",
        prediction="prediction",
        sensitive=["sex"],
        deployment={"environment": "test"},
    )
    return audit(subject, only=["fairness.demographic_parity"], progress=False)


@pytest.fixture
def folder(pytester: pytest.Pytester, found: Audit) -> Path:
    (pytester.path / "audit.json").write_bytes(dump(found, None))
    (pytester.path / "policy.yaml").write_text(POLICY)
    pytester.makeini("[pytest]\nfilterwarnings = default")  # without it the filters of this suite hold inside, too
    return pytester.path


def gated(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest on the record."""
    asked = ("--auditkit", "audit.json", "--auditkit-policy", "policy.yaml", "--auditkit-as-of", DAY)
    return pytester.runpytest_inprocess(*asked, *arguments)


# --------------------------------------------------------------------- assert_gate


def test_assert_gate_returns_the_decision_of_a_gate_that_is_passed(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY.replace("min: 0.9", "min: 0.02"))
    decision = assert_gate(found, tmp_path / "policy.yaml", as_of=date(2026, 11, 25))
    assert decision.exit_code == 0 and decision.verdict == "pass with warnings"


def test_the_error_names_what_blocks_first_with_its_line_and_code(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    with pytest.raises(AssertionError) as raised:
        assert_gate(found, str(tmp_path / "policy.yaml"), as_of=date(2026, 11, 25))
    told = str(raised.value).splitlines()
    assert told[0] == "verdict: FAIL (policy gate, exit code 1)"
    assert told[1] == "  BLOCKS  broken: fairness.demographic_parity.ratio over sex  [policy.yaml:4, AK-G01]"
    assert "fail: " in told[2] and "limit" in told[2] and "why the rule: people are alike; owner: team" in told[2]
    assert [line.split()[1] for line in told if line.startswith("  warns")] == ["told:", "unknown:"]
    assert told[-1] == "2 fail; 1 missing; 1 waived; 1 pass"


def test_a_waiver_that_ended_fails(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY.replace("min: 0.9", "min: 0.02"))
    with pytest.raises(GateFailure, match=r"BLOCKS  accepted: .*\n.*waiver expired on 2027-06-30"):
        assert_gate(found, tmp_path / "policy.yaml", as_of=date(2027, 7, 1))


def test_records_report_folders_and_built_in_policies_are_taken(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "audit.json").write_bytes(dump(found, None))
    for given in (tmp_path, tmp_path / "audit.json", str(tmp_path / "audit.json"), ak.load(tmp_path / "audit.json")):
        with pytest.raises(GateFailure, match="four-fifths"):
            assert_gate(given, "auditkit:four-fifths")


def test_a_measure_that_is_missing_and_nothing_evaluated_close_the_gate(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("policy: p\nrules: [{id: k, measure: privacy.k_anonymity.k, min: 5}]\n")
    with pytest.raises(GateFailure, match=r"BLOCKS  k: .*AK-G04"):
        assert_gate(found, tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text(
        "policy: p\nrules: [{id: k, measure: privacy.k_anonymity.k, min: 5, severity: warn}]\n"
    )
    with pytest.raises(GateFailure, match="nothing was evaluated"):
        assert_gate(found, tmp_path / "b.yaml")


def test_worse_than_the_baseline_fails_and_without_one_is_missing(found: Audit, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "policy: p\nrules: [{id: gap, measure: fairness.demographic_parity.difference, group: sex, max_increase: 0.05}]\n"
    )
    with pytest.raises(GateFailure, match="missing"):
        assert_gate(found, tmp_path / "policy.yaml")
    assert assert_gate(found, Policy.load(tmp_path / "policy.yaml"), baseline=found).exit_code == 0


def test_mistakes_are_errors_and_not_assertions(found: Audit, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'auditkit:starter'"):
        assert_gate(found, "auditkit:startr")
    with pytest.raises(ConfigurationError, match="got dict, wanted an Audit"):
        assert_gate({}, "auditkit:starter")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"none\.json cannot be read"):
        assert_gate(tmp_path / "none.json", "auditkit:starter")


# ------------------------------------------------------------------ pytest --auditkit


def test_each_ruling_is_a_test_that_ends_as_the_ruling_did(pytester: pytest.Pytester, folder: Path) -> None:
    ran = gated(pytester, "-rA", "--junitxml=junit.xml")
    ran.assert_outcomes(passed=2, failed=1, xfailed=1, skipped=2, warnings=1)
    ran.stdout.fnmatch_lines(
        [
            "*broken[[]fairness.demographic_parity.ratio over sex[]]*",
            "fail: *why the rule: people are alike; owner: team; auditkit explain AK-G01",
            "*GateWarning: fail: *",
        ]
    )
    assert "Traceback" not in ran.stdout.str() and "runtest" not in ran.stdout.str()
    ran.stdout.fnmatch_lines(["XFAIL*accepted*waived until 2027-06-30 (asked for by a@x.org, approved by b@x.org)*"])
    assert ran.ret == 1
    cases = {case.get("name"): case for case in ElementTree.parse(folder / "junit.xml").iter("testcase")}
    told = {
        each.get("name"): each.get("value")
        for each in cases["broken[fairness.demographic_parity.ratio over sex]"].iter("property")
    }
    assert told["status"] == "fail" and told["limit"] == "0.9" and 0.4 < float(told["value"] or 0) < 0.6


def test_what_is_waived_fails_under_runxfail(pytester: pytest.Pytester, folder: Path) -> None:
    gated(pytester, "--runxfail").assert_outcomes(passed=2, failed=2, skipped=2, warnings=1)


def test_warnings_fail_where_they_are_errors(pytester: pytest.Pytester, folder: Path) -> None:
    ran = gated(pytester, "-W", "error::auditkit.pytest_plugin.GateWarning")
    ran.assert_outcomes(passed=1, failed=2, xfailed=1, skipped=2)


def test_a_waiver_that_ends_soon_warns_at_its_rule(pytester: pytest.Pytester, folder: Path) -> None:
    ran = pytester.runpytest_inprocess(
        "--auditkit=audit.json", "--auditkit-policy=policy.yaml", "--auditkit-as-of=2027-06-20", "-k", "accepted"
    )
    ran.assert_outcomes(xfailed=1, deselected=5, warnings=1)
    ran.stdout.fnmatch_lines(["*accepted*", "*GateWarning: waiver ends soon: *"])


def test_audits_stand_beside_other_tests_and_can_be_chosen(pytester: pytest.Pytester, folder: Path) -> None:
    pytester.makepyfile("def test_it(): pass")
    gated(pytester).assert_outcomes(passed=3, failed=1, xfailed=1, skipped=2, warnings=1)
    gated(pytester, "audit.json").assert_outcomes(passed=2, failed=1, xfailed=1, skipped=2, warnings=1)
    gated(pytester, "audit.json::broken").assert_outcomes(failed=1)
    gated(pytester, "-k", "kept").assert_outcomes(passed=1, deselected=6)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_gate_in_which_nothing_was_evaluated_fails(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "policy.yaml").write_text(
        "policy: p\nrules: [{id: k, measure: privacy.k_anonymity.k, min: 5, severity: warn}]\n"
    )
    ran = gated(pytester)
    ran.assert_outcomes(skipped=1, failed=1)
    ran.stdout.fnmatch_lines(["*nothing was evaluated*"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "policy.yaml").write_text("policy: p\nruls: []\n"), "auditkit: policy.yaml:2:1:*"),
        (lambda folder: (folder / "audit.json").write_text("{}"), "auditkit: audit.json is no audit record*"),
        (lambda folder: (folder / "audit.json").unlink(), "ERROR: --auditkit: no such file: 'audit.json'*"),
    ],
)
def test_mistakes_are_one_line_and_never_a_pass(
    spoil: object, said: str, pytester: pytest.Pytester, folder: Path
) -> None:
    assert callable(spoil)
    spoil(folder)
    pytester.makepyfile("def test_it(): pass")
    ran = gated(pytester)
    assert ran.ret not in (0, 1, 5)
    assert "Traceback" not in ran.stdout.str() + ran.stderr.str()
    (ran.stdout if said.startswith("auditkit") else ran.stderr).fnmatch_lines([said])


def test_a_record_needs_a_policy_and_a_day_must_be_one(pytester: pytest.Pytester, folder: Path) -> None:
    ran = pytester.runpytest_inprocess("--auditkit", "audit.json")
    ran.stdout.fnmatch_lines(["auditkit: audit.json names no policy; name one with --auditkit-policy"])
    assert ran.ret == pytest.ExitCode.INTERRUPTED
    ran = pytester.runpytest_inprocess(
        "--auditkit", "audit.json", "--auditkit-policy", "auditkit:starter", "--auditkit-as-of", "soon"
    )
    ran.stdout.fnmatch_lines(["*wanted a date like 2027-06-30"])


# ------------------------------------------------------------- audits that are run there

AUDIT = """name: lending
model: {python: "lending:model"}
data: {test: test.csv}
columns: {label: repaid, favorable: "yes", sensitive: [sex]}
audit: {skip: [carbon, data, explanations, performance, privacy, robustness]}
policy: policy.yaml
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    frame = pd.DataFrame(
        {"sex": ["f", "m"] * 200, "income": [1, 2, 3, 4] * 100, "repaid": ["yes", "no", "no", "yes"] * 100}
    )
    frame.to_csv(pytester.path / "test.csv", index=False)
    skip = sorted({name.partition(".")[0] for name in catalogue()} - {"fairness"})
    (pytester.path / "audit.yaml").write_text(
        AUDIT.replace("carbon, data, explanations, performance, privacy, robustness", ", ".join(skip))
    )
    (pytester.path / "lending.py").write_text(
        "def model(frame):\n    return ['yes' if income > 1 else 'no' for income in frame['income']]\n"
        "model.returns = 'labels'\n"
    )
    (pytester.path / "policy.yaml").write_text(
        "policy: p\nrules: [{id: kept, measure: fairness.demographic_parity.ratio, group: sex, min: 0.01}]\n"
    )
    return pytester.path


def test_an_audit_yaml_is_audited_and_judged_and_leaves_no_report(pytester: pytest.Pytester, project: Path) -> None:
    ran = pytester.runpytest_inprocess("--auditkit", "audit.yaml", "-v")
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["audit.yaml::kept[[]fairness.demographic_parity.ratio over sex[]]*PASSED*"])
    assert not (project / "auditkit-report").exists()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("import os\ndef model(frame):\n    os._exit(0)\n", "auditkit: the audit ended without a result, exit code 0*"),
        ("def model(frame):\n    raise RuntimeError('out of luck')\n", "auditkit: *out of luck*"),
    ],
)
def test_an_audit_that_errors_is_never_a_pass(model: str, said: str, pytester: pytest.Pytester, project: Path) -> None:
    (project / "lending.py").write_text(model)
    ran = pytester.runpytest_inprocess("--auditkit", "audit.yaml")
    ran.stdout.fnmatch_lines([said])
    assert ran.ret == pytest.ExitCode.INTERRUPTED
    assert "passed" not in ran.stdout.str()


def test_pytest_starts_without_numpy_or_pandas() -> None:
    code = (
        "import sys, pytest\n"
        "class Look:\n"
        "    def pytest_sessionfinish(self):\n"
        "        print([name for name in ('numpy', 'pandas', 'jinja2', 'ruamel.yaml') if name in sys.modules])\n"
        "        print('auditkit.pytest_plugin' in sys.modules)\n"
        "pytest.main(['--version', '--version'], plugins=[Look()])\n"
        "pytest.main(['-q', '-p', 'no:hypothesispytest', '-p', 'no:xdist', '--co', '--rootdir=/', '/dev/null'], plugins=[Look()])\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/", env=plain)
    assert "[]\nTrue" in ran.stdout


def test_the_gate_of_the_command_line_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["gate", str(folder / "audit.json"), "--policy", str(folder / "policy.yaml"), "--as-of", DAY])
    assert left.value.code == 1
    with pytest.raises(GateFailure) as raised:
        assert_gate(folder, folder / "policy.yaml", as_of=date.fromisoformat(DAY))
    assert str(raised.value).splitlines()[0] == capsys.readouterr().out.splitlines()[0]
