"""--output of run and gate: written whatever the verdict, whole or not at all, located in the user's own files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditkit.cli import main
from auditkit.exports.gate_outputs import OUTPUTS
from auditkit.policy import Policy

POLICY = """policy: p
extends: [auditkit:privacy-default, base.yaml]
rules:
  - id: few
    measure: privacy.k_anonymity.k
    min: 99
"""
BASE = """policy: base

rules:
  - id: inherited
    measure: privacy.k_anonymity.unique_rows
    max: 1
"""


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with an audit in a folder of its own."""
    import pandas as pd

    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    folder = tmp_path / "models" / "credit"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    pd.DataFrame({"age": [30, 40] * 40, "y": [0, 1] * 40, "p": [0, 1] * 40}).to_csv(folder / "rows.csv", index=False)
    (folder / "audit.yaml").write_text(
        "name: m\ndata: {test: rows.csv}\n"
        "columns: {label: y, prediction: p, quasi_identifiers: [age]}\npolicy: policy.yaml\n"
    )
    (folder / "policy.yaml").write_text(
        "policy: p\nrules:\n  - id: few\n    measure: privacy.k_anonymity.k\n    min: 99\n"
    )
    return folder


@pytest.fixture
def judged(project: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, Path]:
    """The record and the policy of an audit that fails."""
    assert call("run", project / "audit.yaml", "--only", "privacy.k_anonymity", "--quiet") == 1
    capsys.readouterr()
    return project / "auditkit-report" / "audit.json", project / "policy.yaml"


def test_a_run_that_fails_writes_its_outputs(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = project / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    junit = project / "j.xml"
    run = ("run", project / "audit.yaml", "--only", "privacy.k_anonymity", "--quiet")
    assert call(*run, "--output", "github", "--output", f"junit={junit}") == 1
    out = capsys.readouterr().out
    assert "::error file=models/credit/policy.yaml,line=3,col=5,title=AK-G01 few%3A" in out
    assert "verdict: FAIL (policy p, exit code 1)" in out
    assert summary.read_text().startswith("before\n<!-- auditkit:gate:")
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.get("failures") == "1"


def test_every_format_is_written_by_gate(judged: tuple[Path, Path]) -> None:
    record, policy = judged
    wanted = [part for name in OUTPUTS for part in ("--output", f"{name}={record.parent.parent / name}.out")]
    assert call("gate", record, "--policy", policy, "--quiet", *wanted) == 1
    assert all((record.parent.parent / f"{name}.out").stat().st_size > 100 for name in OUTPUTS)
    assert not list(record.parent.parent.glob(".*incoming*"))


@pytest.mark.parametrize("how", ["json", "json=-", "json="])
def test_an_output_has_standard_output_to_itself(
    judged: tuple[Path, Path], capsys: pytest.CaptureFixture[str], how: str
) -> None:
    record, policy = judged
    assert call("gate", record, "--policy", policy, "--output", how) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["verdict"] == "fail"
    assert told.err.startswith("verdict: FAIL")


def test_run_keeps_standard_output_clean_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", project / "audit.yaml", "--only", "privacy.k_anonymity", "--output", "gitlab") == 1
    assert json.loads(capsys.readouterr().out)[0]["location"] == {
        "path": "models/credit/policy.yaml",
        "lines": {"begin": 3},
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["junti"], "there is no format 'junti'. Did you mean 'junit'?"),
        (["html=x.html"], "there is no format 'html'. Known: 'badge', 'comment'"),
        (["json=nowhere/x.json"], "no such folder for 'x.json'"),
        (["json=folder"], "'folder' is a folder; name a file in it"),
        (["json", "sarif"], "json and sarif both go to standard output"),
        (["json=x.json", "sarif=./x.json"], "json and sarif both go to x.json"),
    ],
)
def test_a_wrong_output_is_told_before_anything_runs(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    values: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(project)
    (project / "folder").mkdir()
    before = sorted(project.rglob("*"))
    assert call("run", "audit.yaml", *(part for value in values for part in ("--output", value))) == 2
    told = capsys.readouterr()
    assert message in told.err and len(told.err.strip().split("\n")) == 1 and told.out == ""
    assert sorted(project.rglob("*")) == before


def test_an_audit_without_a_policy_cannot_be_written_and_does_not_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = project / "audit.yaml"
    audit.write_text(audit.read_text().replace("policy: policy.yaml\n", ""))
    assert call("run", audit, "--output", "json") == 2
    assert "names no policy" in capsys.readouterr().err
    assert not (project / "auditkit-report").exists()


def test_what_cannot_be_written_leaves_every_file_as_it_was(
    judged: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, policy = judged
    first, second = policy.parent / "a.json", policy.parent / "b.xml"
    first.write_text("old")
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "b.xml" in self.name:
            real(self, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert call("gate", record, "--policy", policy, "--output", f"json={first}", "--output", f"junit={second}") == 2
    assert "b.xml cannot be written: No space left on device" in capsys.readouterr().err
    assert first.read_text() == "old" and not second.exists()
    assert not list(policy.parent.glob(".*incoming*"))


def test_a_summary_that_cannot_be_written_is_told(
    judged: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, policy = judged
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(policy.parent))
    assert call("gate", record, "--policy", policy, "--output", "github") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_pipe_is_written_and_not_replaced(judged: tuple[Path, Path]) -> None:
    record, policy = judged
    pipe = policy.parent / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert call("gate", record, "--policy", policy, "--quiet", "--output", f"json={pipe}") == 1
        assert reader.stdout is not None
        assert json.loads(reader.stdout.read())["exit_code"] == 1
    assert pipe.is_fifo()


def test_a_link_is_followed(judged: tuple[Path, Path]) -> None:
    record, policy = judged
    target, link = policy.parent / "target.json", policy.parent / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    assert call("gate", record, "--policy", policy, "--quiet", "--output", f"json={link}") == 1
    assert link.is_symlink() and json.loads(target.read_text())["exit_code"] == 1


def test_a_rule_of_a_pack_stands_where_the_pack_is_named(project: Path) -> None:
    (project / "base.yaml").write_text(BASE)
    (project / "policy.yaml").write_text(POLICY)
    places = Policy.load(project / "policy.yaml").places
    assert (Path(places["few"].file).name, places["few"].line, places["few"].column) == ("policy.yaml", 4, 5)
    assert (Path(places["inherited"].file).name, places["inherited"].line) == ("base.yaml", 4)
    packed = [place for rule, place in places.items() if rule not in ("few", "inherited")]
    assert packed and {(Path(place.file).name, place.line, place.column) for place in packed} == {
        ("policy.yaml", 2, 11)
    }


def test_outside_a_repository_paths_start_at_the_working_folder(
    judged: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, policy = judged
    (policy.parents[2] / ".git").rmdir()
    told = []
    for folder in (policy.parents[1], policy.parent / "auditkit-report"):
        monkeypatch.chdir(folder)
        assert call("gate", record, "--policy", policy, "--quiet", "--output", "gitlab") == 1
        told.append(json.loads(capsys.readouterr().out)[0]["location"]["path"])
    assert told == ["credit/policy.yaml", "policy.yaml"]


def test_an_audit_is_told_of_at_the_yaml_beside_the_policy_or_at_the_policy(project: Path) -> None:
    from auditkit.cli_outputs import sources_of

    path = project / "policy.yaml"
    assert sources_of(Policy.load(path), path).audit == "models/credit/audit.yaml"
    (project / "audit.yaml").unlink()
    assert sources_of(Policy.load(path), path).audit == "models/credit/policy.yaml"


def test_a_terminal_gets_a_table(judged: tuple[Path, Path]) -> None:
    pty = pytest.importorskip("pty")
    record, policy = judged
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "auditkit", "gate", str(record), "--policy", str(policy)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=follower, stderr=subprocess.PIPE, env=environment) as running:
        os.close(follower)
        told = b""
        try:
            while part := os.read(leader, 65536):
                told += part
        except OSError:  # the terminal closed
            pass
        assert running.wait() == 1
    os.close(leader)
    assert "measured" in told.decode() and "\x1b[" in told.decode() and "verdict: FAIL" in told.decode()
