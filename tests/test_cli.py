"""The command line: what it writes, what it prints, and what bad input gets."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit import workers
from auditkit.cli import main

AUDIT = """name: lending
data: {test: test.csv}
columns:
  label: repaid
  favorable: "yes"
  score: score
  sensitive: [sex]
  quasi_identifiers: [age, sex]
policy: policy.yaml
"""
POLICY = """policy: gate
rules:
  - {id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.5}
  - {id: auc, measure: performance.classification.roc_auc, min: 0.6}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 600), "age": rng.integers(20, 60, 600), "score": rng.random(600)}
    )
    frame["repaid"] = np.where(rng.random(600) < frame.score, "yes", "no")
    frame.to_csv(tmp_path / "test.csv", index=False)
    (tmp_path / "audit.yaml").write_text(AUDIT)
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def table(project: Path) -> pd.DataFrame:
    return pd.read_csv(project / "test.csv")


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(project: Path) -> None:
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new))

    return apply


def column(name: str, values: Callable[[pd.DataFrame], object]) -> Callable[[Path], None]:
    def apply(project: Path) -> None:
        table(project).assign(**{name: values}).to_csv(project / "test.csv", index=False)

    return apply


def several(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def apply(project: Path) -> None:
        for each in changes:
            each(project)

    return apply


def duplicate_columns(project: Path) -> None:
    text = (project / "test.csv").read_text().split("\n", 1)
    (project / "test.csv").write_text("sex,age,age,repaid\n" + text[1])


def other_train(project: Path) -> None:
    table(project).drop(columns="age").to_csv(project / "train.csv", index=False)
    change("audit.yaml", "{test: test.csv}", "{test: test.csv, train: train.csv}")(project)


def python_model(code: str) -> Callable[[Path], None]:
    def apply(project: Path) -> None:
        name = f"own_{abs(hash(code))}"
        (project / f"{name}.py").write_text(code)
        change("audit.yaml", "data: {", f'model: {{python: "{name}:model"}}\ndata: {{')(project)
        change("audit.yaml", "  score: score\n", "")(project)

    return apply


def pickled_model(project: Path) -> None:
    (project / "model.pkl").write_bytes(b"\x80\x04.")
    change("audit.yaml", "data: {", "model: model.pkl\ndata: {")(project)


def foreign_file(project: Path) -> None:
    (project / "auditkit-report").mkdir()
    (project / "auditkit-report" / "thesis.doc").write_text("mine")


BAD = {
    "missing data file": (change("audit.yaml", "test.csv", "tset.csv"), "Did you mean 'test.csv'"),
    "missing column": (change("audit.yaml", "[sex]", "[gender]"), "no column 'gender'"),
    "misspelt column": (change("audit.yaml", "[age, sex]", "[aeg, sex]"), "Did you mean 'age'"),
    "unknown key": (change("audit.yaml", "policy: policy.yaml", "polices: policy.yaml"), "audit.yaml:9"),
    "label with one class": (column("repaid", lambda _: "yes"), "one class"),
    "binary with three labels": (
        several(
            column("repaid", lambda f: np.where(f.age < 30, "late", f.repaid)),
            change("audit.yaml", "name:", "task: binary\nname:"),
        ),
        "3 labels",
    ),
    "favourable value absent": (change("audit.yaml", '"yes"', '"perhaps"'), "does not occur"),
    "favourable value by case": (change("audit.yaml", '"yes"', '" Yes."'), "differs by case"),
    "sensitive constant": (column("sex", lambda _: "f"), "at least two groups"),
    "sensitive with too many values": (column("sex", lambda f: range(len(f))), "600 values"),
    "missing labels": (column("repaid", lambda f: f.repaid.where(f.age > 25)), "is missing in"),
    "probability outside 0 and 1": (column("score", lambda f: f.score * 1.5), r"outside \[0, 1\]"),
    "empty data": (lambda project: table(project).head(0).to_csv(project / "test.csv", index=False), "row"),
    "duplicate columns": (duplicate_columns, "age"),
    "train with other columns": (other_train, "'age'"),
    "a model that raises": (python_model("def model(frame):\n    raise RuntimeError('boom')\n"), "boom"),
    "a model of the wrong length": (python_model("def model(frame):\n    return [0.5]\n"), "600"),
    "a pickle without a digest": (pickled_model, "sha256"),
    "a policy with an unknown measure": (
        change("policy.yaml", "demographic_parity", "democratic_parity"),
        "Did you mean 'fairness.demographic_parity'",
    ),
    "a policy with a measure its auditor does not make": (
        change("policy.yaml", "parity.ratio", "parity.ratoi"),
        "Did you mean 'ratio'",
    ),
    "weights that are no numbers": (
        change("audit.yaml", "  score: score", "  score: score\n  weight: sex"),
        "where numbers are needed",
    ),
    "a threshold that is no probability": (
        change("audit.yaml", "  score: score", "  score: score\n  threshold: 7"),
        "threshold",
    ),
    "a negative option": (
        change(
            "audit.yaml", "policy:", "audit: {options: {fairness.demographic_parity: {min_group_size: -3}}}\npolicy:"
        ),
        "at least 0",
    ),
    "foreign files in the folder": (foreign_file, "thesis.doc"),
    "an unknown option": (
        change("audit.yaml", "policy:", "audit: {options: {fairness.demographic_parity: {min_size: 3}}}\npolicy:"),
        "no option 'min_size'",
    ),
    "an option of a wrong type": (
        change(
            "audit.yaml", "policy:", "audit: {options: {fairness.demographic_parity: {min_group_size: many}}}\npolicy:"
        ),
        "wanted a whole number",
    ),
    "an unknown auditor to skip": (
        change("audit.yaml", "policy:", "audit: {skip: [fairnes]}\npolicy:"),
        "Did you mean 'fairness'",
    ),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_bad_input_gets_one_line_exit_2_and_nothing_written(
    what: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, message = BAD[what]
    spoil(project)
    before = sorted(path.name for path in project.rglob("*") if "__pycache__" not in str(path))
    assert call("run", project / "audit.yaml", "--quiet") == 2
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    assert len(printed.strip().splitlines()) <= 2
    assert str(project) not in printed
    assert pytest.approx(len(before)) == len([p for p in project.rglob("*") if "__pycache__" not in str(p)])
    import re

    assert re.search(message, printed), printed


@pytest.fixture
def report(project: Path) -> Path:
    assert call("run", project / "audit.yaml", "--quiet", "--as-of", "2026-11-25") == 0
    return project / "auditkit-report"


def test_run_writes_the_record_two_documents_in_three_formats_and_the_manifest(report: Path) -> None:
    documents = {f"{name}.{fmt}" for name in ("model_card", "gate_report") for fmt in ("html", "pdf", "md")}
    assert {path.name for path in report.iterdir()} == documents | {"audit.json", "audit.intoto.jsonl", "manifest.json"}


def test_a_second_run_writes_the_same_evidence(report: Path, project: Path) -> None:
    first = json.loads((report / "manifest.json").read_text())
    assert call("run", project / "audit.yaml", "--quiet", "--as-of", "2026-11-25") == 0
    assert json.loads((report / "manifest.json").read_text())["evidence_digest"] == first["evidence_digest"]
    assert not [path for path in project.iterdir() if "incoming" in path.name or "outgoing" in path.name]


def test_gate_judges_again_by_another_policy_without_data(
    report: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "test.csv").unlink()
    (project / "strict.yaml").write_text(POLICY.replace("min: 0.6", "min: 0.99"))
    assert call("gate", report / "audit.json", "--policy", project / "strict.yaml") == 1
    assert "fail" in capsys.readouterr().out


def test_render_writes_the_documents_again(report: Path, project: Path) -> None:
    assert call("render", report / "audit.json", "--out", project / "again") == 0
    for name in ("gate_report.html", "gate_report.pdf", "model_card.md", "audit.json"):
        assert (project / "again" / name).read_bytes() == (report / name).read_bytes(), name


def test_a_tampered_record_gives_4(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (report / "audit.json").read_text()
    (report / "audit.json").write_text(text.replace('"selection_rate"', '"selection_rat"', 1))
    assert call("render", report / "audit.json") == 4
    assert "does not match its digest" in capsys.readouterr().err


def test_a_verdict_edited_by_hand_gives_4(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (report / "audit.json").read_text()
    (report / "audit.json").write_text(text.replace('"exit_code": 0', '"exit_code": 1', 1))
    assert call("render", report / "audit.json", "--out", report.parent / "again") == 4
    assert "verdict" in capsys.readouterr().err


def test_a_model_that_leaves_the_process_never_gives_0(project: Path) -> None:
    python_model("import sys\ndef model(frame):\n    sys.exit(0)\n")(project)
    assert call("run", project / "audit.yaml", "--quiet") == 3
    assert not (project / "auditkit-report").exists()


def test_a_missing_measure_of_a_blocking_rule_gives_3(project: Path) -> None:
    assert call("run", project / "audit.yaml", "--quiet", "--skip", "fairness") == 3


def test_an_auditor_that_dies_gives_3_and_a_report_that_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("auditkit.subject.Subject.sample", die)
    monkeypatch.setattr("auditkit.auditors.privacy.k_anonymity.combinations", die)
    assert call("run", project / "audit.yaml", "--quiet") == 3
    report = (project / "auditkit-report" / "gate_report.md").read_text()
    assert "out of luck" in report


def test_list_doctor_and_version_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list") == 0
    assert "fairness.demographic_parity" in capsys.readouterr().out
    assert call("doctor") == 0
    assert "numpy" in capsys.readouterr().out
    assert call("--version") == 0


def test_an_unknown_command_is_a_usage_error() -> None:
    assert call("judge") == 2


@pytest.fixture
def lender(project: Path) -> Path:
    python_model(
        "def model(frame):\n    return frame['score'] * 0.8 + 0.002 * (frame['age'] - 40) + 0.1\nmodel.classes = ('no', 'yes')\n"
    )(project)
    change("audit.yaml", "  sensitive: [sex]", "  sensitive: [sex]\n  features: [score, age]")(project)
    return project


def test_explain_prints_one_row_with_its_reasons_and_writes_nothing(
    lender: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = int(table(lender).score.idxmin())
    before = sorted(lender.iterdir())
    assert call("explain", lender / "audit.yaml", "--rows", row) == 0
    printed = capsys.readouterr()
    assert f"row {row}: decision no, adverse" in printed.out
    assert "  1. score: 0." in printed.out and "below the median" in printed.out
    assert "mean of the reference" in printed.out and "digest " in printed.out
    assert "approved applicants at or just above the threshold: the " in printed.out
    assert [path for path in sorted(lender.iterdir()) if path not in before and path.name != "__pycache__"] == []


def test_explain_writes_reasons_where_asked_for_its_owner_alone(
    lender: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = lender / "reason_codes.csv"
    assert call("explain", lender / "audit.yaml", "--adverse", "--limit", 7, "--out", out, "--reference", "all") == 0
    printed = capsys.readouterr()
    assert "wrote reason_codes.csv: ReasonCodes(7 rows, 7 adverse" in printed.out
    assert "the first 7 of" in printed.err
    written = pd.read_csv(out)
    assert len(written) == 7
    assert set(written.reference) == {"all applicants"}
    assert out.stat().st_mode & 0o777 == 0o600


def test_explain_names_protected_reasons_on_the_error_stream(lender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    young = int((table(lender).age + 1000 * (table(lender).score > 0.4)).idxmin())
    assert call("explain", lender / "audit.yaml", "--rows", young) == 0
    printed = capsys.readouterr()
    assert "1 row with a sensitive column among the reasons" in printed.err
    assert "WARNING, sensitive: age: 20" in printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--rows 3,17, --adverse or --all"),
        (("--rows", "1", "--all"), "in one way"),
        (("--rows", "a"), "wanted rows of the test data"),
        (("--rows", "600"), "row 600: the test table has rows 0 to 599"),
        (("--rows", "-1"), "row -1"),
        (("--rows", "1,1"), "row 1 is named twice"),
        (("--rows", "1", "--texts", "absent.yaml"), "absent.yaml"),
        (("--rows", "1", "--out", "audit.yaml"), "is no export of reasons"),
        (("--rows", "1", "--no-code"), "is not loaded, since importing runs code"),
        (("--rows", "1", "--budget", "10"), "raise budget"),
        (("--rows", "1", "--reference", "some"), "near-threshold"),
    ],
)
def test_explain_refuses_in_one_line_with_exit_2(
    arguments: tuple[str, ...],
    message: str,
    lender: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(lender)
    assert call("explain", "audit.yaml", *arguments) == 2
    printed = capsys.readouterr().err
    assert message in printed and "Traceback" not in printed
    assert (lender / "audit.yaml").read_text().startswith("name: lending")


def test_explain_takes_the_id_of_an_auditor_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "fairness.demographic_parity") == 0
    assert capsys.readouterr().out.startswith("AK-F01  Demographic parity")


def test_explain_says_what_it_takes_when_it_is_given_something_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "parity-sex") == 2
    assert "'parity-sex' is no file, code or auditor; name audit.yaml" in capsys.readouterr().err


def test_explain_without_an_adverse_decision_says_so(lender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change("audit.yaml", "  sensitive: [sex]", "  threshold: 0.0\n  sensitive: [sex]")(lender)
    assert call("explain", lender / "audit.yaml", "--adverse", "--out", lender / "reasons.csv") == 0
    assert "no decision is adverse" in capsys.readouterr().out
    assert not (lender / "reasons.csv").exists()


@pytest.mark.faults
@pytest.mark.parametrize("how", ["hang", "kill", "exit"])
def test_a_worker_that_dies_or_hangs_costs_its_finding_alone(
    how: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal
    import time

    original = workers.run_one

    def broken(entry: workers.Auditor, *rest: object) -> object:
        if entry.id == "data.representation":
            {
                "hang": lambda: time.sleep(60),
                "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
                "exit": lambda: os._exit(0),
            }[how]()
        return original(entry, *rest)

    monkeypatch.setattr(workers, "run_one", broken)
    change("audit.yaml", "policy:", "audit: {timeout: 5}\npolicy:")(project)
    assert call("run", project / "audit.yaml", "--quiet", "--skip", "carbon") == 3
    record = json.loads((project / "auditkit-report" / "audit.json").read_text())
    statuses = {finding["id"]: finding["status"] for finding in record["findings"]}
    assert statuses.pop("data.representation") == "error"
    assert "error" not in statuses.values()


@pytest.mark.faults
@pytest.mark.parametrize("seconds", [1.0, 1.6, 2.2])
def test_an_interrupt_leaves_nothing_half_written(seconds: float, project: Path) -> None:
    import signal
    import subprocess
    import sys
    import time

    command = [sys.executable, "-m", "auditkit", "run", str(project / "audit.yaml"), "--quiet"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    time.sleep(seconds)
    running.send_signal(signal.SIGINT)
    _, printed = running.communicate(timeout=60)
    assert b"Traceback" not in printed, printed
    names = {path.name for path in project.iterdir()}
    assert not [name for name in names if "incoming" in name or "outgoing" in name]
    if "auditkit-report" in names:
        assert (project / "auditkit-report" / "manifest.json").is_file()
    else:
        assert running.returncode in (130, -signal.SIGINT)
