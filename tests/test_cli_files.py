"""check reads both files without data; schema prints what init leaves for editors."""

import json
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from auditkit.cli import main
from auditkit.config import load_config
from auditkit.policy.loading import packs

AUDIT = """name: lending
data: {test: rows-that-are-elsewhere.csv}
columns: {label: repaid, sensitive: [sex]}
audit:
  skip: [carbon]
  options: {privacy.k_anonymity: {}}
policy: policy.yaml
"""
POLICY = """policy: gate
extends: [auditkit:starter]
rules:
  - {id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.5}
"""


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "audit.yaml").write_text(AUDIT)
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_takes_both_files_from_here_and_needs_no_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check") == 0
    assert capsys.readouterr().out == "2 files can be used\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("audit.yaml", "sensitive", "sensitiv", "audit.yaml:3:"),
        (
            "audit.yaml",
            "[carbon]",
            "[carbn]",
            "audit.yaml:5:10: skip: there is no auditor 'carbn'. Did you mean 'carbon'",
        ),
        ("audit.yaml", "k_anonymity: {}", "k_anon: {}", "audit.yaml:6:"),
        ("audit.yaml", "k_anonymity: {}", "k_anonymity: {size: 3}", "has no option 'size'"),
        (
            "audit.yaml",
            "policy: policy.yaml",
            "policy: polcy.yaml",
            "audit.yaml:7:1: policy: no such file: 'polcy.yaml'",
        ),
        ("policy.yaml", "min: 0.5", "minn: 0.5", "policy.yaml:4:"),
        ("policy.yaml", "demographic_parity", "democratic_parity", "Did you mean 'fairness.demographic_parity'"),
        ("policy.yaml", "auditkit:starter", "auditkit:startr", "Did you mean 'auditkit:starter'"),
    ],
)
def test_check_names_the_line(
    file: str, old: str, new: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert call("check", file) == 2
    told = capsys.readouterr()
    assert said in told.err and "Traceback" not in told.err and told.out == ""


@pytest.mark.parametrize(("part", "more"), [("carbon", ""), ("training", ", hours: 1")])
def test_check_knows_the_grids(part: str, more: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "audit.yaml").write_text(f"{AUDIT}{part}: {{country: FRB{more}}}\n")
    assert call("check", "audit.yaml") == 2
    assert "no grid for the country 'FRB'; pass an ISO code of three capitals. Nearest: " in capsys.readouterr().err


def test_check_tells_of_every_file_that_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "strict.yaml").write_text("policy: p\nrules: [{id: a, measure: nothing.at.all, min: 1}]\n")
    (folder / "lending.yaml").write_text(AUDIT.replace("name: lending", "name: 7"))
    assert call("check", "strict.yaml", "audit.yaml", "lending.yaml", "absent.yaml") == 2
    told = capsys.readouterr().err
    assert "strict.yaml:2:" in told and "lending.yaml:1:" in told and "absent.yaml" in told


def test_check_without_anything_to_check_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("check") == 2


@pytest.mark.parametrize("name", ["audit", "policy", "record"])
def test_schema_prints_a_json_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("schema", name) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_init_leaves_the_schemas_where_the_first_lines_point(tmp_path: Path) -> None:
    rows = pd.DataFrame({"sex": ["f", "m"] * 40, "prediction": ["yes", "no"] * 40, "approved": ["yes", "yes"] * 40})
    rows.loc[::3, "approved"] = "no"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert call("init", tmp_path / "rows.csv", "--yes") == 0
    for name in ("audit", "policy"):
        first = (tmp_path / f"{name}.yaml").read_text().splitlines()[0]
        key, _, place = first.partition("=")
        assert key == "# yaml-language-server: $schema"
        schema = json.loads((tmp_path / place).read_text())
        assert schema["title"] == f"{name}.yaml"
    assert load_config(tmp_path / "audit.yaml").columns["label"] == "approved"


# ---------------------------------------------------------- --policy of run and gate


@pytest.fixture
def project(tmp_path: Path) -> Path:
    frame = pd.DataFrame({"sex": ["f", "m"] * 200, "prediction": ["yes", "no", "yes", "yes"] * 100})
    frame["repaid"] = ["yes", "no", "no", "yes"] * 100
    frame.to_csv(tmp_path / "test.csv", index=False)
    (tmp_path / "audit.yaml").write_text(
        "name: lending\ndata: {test: test.csv}\n"
        'columns: {label: repaid, favorable: "yes", prediction: prediction, sensitive: [sex]}\npolicy: policy.yaml\n'
    )
    (tmp_path / "policy.yaml").write_text(
        "policy: lenient\nrules: [{id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.01}]\n"
    )
    (tmp_path / "strict.yaml").write_text(
        "policy: strict\nrules: [{id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.9}]\n"
    )
    return tmp_path


def test_run_judges_by_the_policy_that_is_named_on_the_command_line(project: Path) -> None:
    only = ("--only", "fairness.demographic_parity", "--quiet")
    assert call("run", project / "audit.yaml", *only) == 0
    out = project / "decision.json"
    assert (
        call("run", project / "audit.yaml", *only, "--policy", project / "strict.yaml", "--output", f"json={out}") == 1
    )
    assert json.loads(out.read_text())["policy"] == "strict"
    record = json.loads((project / "auditkit-report" / "audit.json").read_text())
    assert record["decision"]["policy"] == record["provenance"]["policy"]["name"] == "strict"


def test_a_built_in_policy_is_named_without_its_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", project / "audit.yaml", "--only", "fairness.demographic_parity", "--quiet") == 0
    record = project / "auditkit-report" / "audit.json"
    assert call("gate", record, "--policy", "auditkit:four-fifths") == 1
    assert call("gate", record, "--policy", "auditkit:four-fiths") == 2
    assert "Did you mean 'auditkit:four-fifths'" in capsys.readouterr().err
    assert call("gate", record, "--policy", "auditkit:four-fifths", "--update-baseline") == 2
    assert "say where with --baseline" in capsys.readouterr().err
    assert not (packs()["four-fifths"].parent / "auditkit-baseline.json").exists()
