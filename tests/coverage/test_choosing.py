"""Choosing packs, answers and an earlier audit: in audit.yaml, at auditkit render, in Python; mistakes are one line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import samples

import auditkit as ak
from auditkit.attest.bundle import BUNDLE, MANIFEST, manifest
from auditkit.attest.bundle import written as statements
from auditkit.attest.statements import digests_of, envelopes
from auditkit.attest.verifying import verify
from auditkit.auditing import audit
from auditkit.cli import main
from auditkit.config import load_config
from auditkit.errors import ConfigurationError
from auditkit.policy import Policy, Rule
from auditkit.record import dump, load
from auditkit.run import run
from auditkit.subject import Subject

AUDIT = """\
name: m
data: {test: test.csv}
columns: {label: y, favorable: 1, prediction: p, sensitive: g}
policy: policy.yaml
coverage: [sr-26-2, ours.yaml]
questionnaire:
  worst_case: A wrong refusal.
technical_file: {}
"""
POLICY = """\
policy: p
rules:
  - {id: gap, measure: fairness.demographic_parity.difference, group: g, max: 0.9, severity: block}
"""
OURS = """\
pack: ours
title: Our rules
version: "1"
source: intranet
legal_status: Binding inside the house.
legal_status_as_of: 2026-11-01
items:
  - {id: "1", text: The worst case is told., wants: [{questionnaire: worst_case}]}
"""


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


def written(folder: Path, text: str = AUDIT) -> Path:
    frame = pd.DataFrame({"g": ["a", "b"] * 60, "y": [0, 1, 1, 0, 1] * 24, "p": [0, 1, 0, 0, 1, 1] * 20})
    frame.to_csv(folder / "test.csv", index=False)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "ours.yaml").write_text(OURS, encoding="utf-8")
    (folder / "audit.yaml").write_text(text, encoding="utf-8")
    return folder / "audit.yaml"


@cache
def judged() -> bytes:
    frame = pd.DataFrame({"g": ["a", "b"] * 60, "y": [0, 1, 1, 0, 1] * 24, "p": [0, 1, 0, 0, 1, 1] * 20})
    subject = Subject(frame, label="y", prediction="p", sensitive=["g"])
    found = audit(subject, only=["fairness.demographic_parity"], progress=False)
    rule = Rule(id="gap", measure="fairness.demographic_parity.difference", group="g", max=0.9)
    return dump(found, Policy(name="p", rules=(rule,), digest="ab" * 32).judge(found, as_of=date(2026, 11, 24)))


def record_file(folder: Path) -> Path:
    file = folder / "audit.json"
    file.write_bytes(judged())
    return file


def test_a_run_writes_what_audit_yaml_asks_for_and_a_second_one_shows_the_change(tmp_path: Path) -> None:
    file = written(tmp_path)
    options = {"only": ["fairness.demographic_parity"], "progress": False}
    first = run(file, **options)  # type: ignore[arg-type]
    for name in ("technical_file", "review_board_questionnaire", "coverage"):
        assert {f"{name}.html", f"{name}.md", f"{name}.pdf"} <= set(first.files)
    assert [pack.id for pack in first.record.coverage] == ["sr-26-2", "ours"]
    assert first.record.changes is None
    assert "A wrong refusal." in (first.folder / "review_board_questionnaire.md").read_text("utf-8")
    before = tmp_path / "before.json"
    before.write_bytes((first.folder / "audit.json").read_bytes())
    second = run(file, baseline=before, **options)  # type: ignore[arg-type]
    assert second.record.changes is not None
    assert second.record.changes.before.digest == first.record.evidence_digest
    assert "measures stand in both" in (second.folder / "gate_report.md").read_text("utf-8")
    assert call("verify", second.folder) == 0


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("sr-26-2", "sr-26-3", 5, "there is no pack 'sr-26-3'"),
        ("sr-26-2", "sr-11-7", 5, "'sr-11-7' is no longer in force; sr-26-2 took its place"),
        ("ours.yaml]", "gone.yaml]", None, "gone.yaml"),
        ("ours.yaml]", "./ours.yaml, ours.yaml]", 5, "'ours' stands twice"),
        ("worst_case:", "worstcase:", 7, "unknown key 'worstcase' in questionnaire. Did you mean 'worst_case'?"),
        ("technical_file: {}", "technical_file: {desing: x}", 8, "Did you mean 'design'?"),
        ("technical_file: {}", "technical_file: {design: ''}", 8, "wanted text that is not empty"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_audited(
    tmp_path: Path, old: str, new: str, line: int | None, message: str
) -> None:
    assert old in AUDIT
    with pytest.raises(ConfigurationError) as caught:
        load_config(written(tmp_path, AUDIT.replace(old, new)))
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert line is None or str(caught.value).startswith(f"audit.yaml:{line}:")


def test_render_chooses_packs_documents_and_an_earlier_audit(tmp_path: Path) -> None:
    file = record_file(tmp_path)
    options = ("--coverage", "sr-26-2", "--document", "technical_file", "--baseline", file)
    assert call("render", file, "--out", tmp_path / "out", *options) == 0
    again = load(tmp_path / "out" / "audit.json")
    assert [pack.id for pack in again.coverage] == ["sr-26-2"] and again.changes is not None
    assert again.evidence_digest == load(file).evidence_digest
    assert (tmp_path / "out" / "technical_file.pdf").read_bytes().startswith(b"%PDF-")
    assert call("verify", tmp_path / "out") == 0
    kept = ak.render(again, tmp_path / "kept")
    assert (kept.record.coverage, kept.record.changes) == (again.coverage, again.changes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--coverage", "gdrp"), "Did you mean 'gdpr'?"),
        (("--document", "technical_fill"), "Did you mean 'technical_file'?"),
        (("--baseline", "absent.json"), "absent.json"),
    ],
)
def test_a_mistake_at_render_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str], message: str
) -> None:
    assert call("render", record_file(tmp_path), "--out", tmp_path / "out", *options) == 2
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told and len(told.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_document_that_nobody_asked_for_in_audit_yaml_is_written_again_by_verify_too(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("render", record_file(tmp_path), "--out", out, "--document", "technical_file") == 0
    record, files = load(out / "audit.json"), {file.name: file.read_bytes() for file in out.iterdir()}
    files["technical_file.md"] = files["technical_file.md"].replace(b"are missing", b"are written")
    stated = {name: content for name, content in files.items() if name not in (BUNDLE, MANIFEST)}
    stated[BUNDLE] = statements(envelopes(record, digests_of(stated)))
    stated[MANIFEST] = manifest(record, digests_of(stated))
    for name, content in stated.items():
        (out / name).write_bytes(content)
    checks = {check.what: check for check in verify(out).checks}
    assert checks["files"].passed and checks["statements"].passed
    assert not checks["documents"].passed and "technical_file.md" in checks["documents"].said


def test_packs_are_listed_with_their_items_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "--coverage", "sr-26-2") == 0
    told = capsys.readouterr().out
    assert "SR 26-2, model risk; 7 items, law as of 2026-11-23" in told and "Effective challenge:" in told
    assert call("list", "--coverage", "sr-26-2", "--json") == 0
    (pack,) = json.loads(capsys.readouterr().out)
    assert pack["replaces"] == ["sr-11-7"]


def test_answers_of_people_change_no_finding_and_ask_for_no_new_audit() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 20, "p": [0, 1] * 20})
    plain = Subject(frame, label="y", prediction="p")
    told = Subject(frame, label="y", prediction="p", questionnaire={"purpose": "x"}, technical_file={})
    assert told.fingerprint() == plain.fingerprint()
    assert "questionnaire" not in plain.summary()
    assert told.summary()["questionnaire"] == {"purpose": "x"} and told.summary()["technical_file"] == {}


def test_a_record_keeps_the_pack_that_was_used_though_the_file_changes_later(tmp_path: Path) -> None:
    config = load_config(written(tmp_path))
    record = replace(samples.record(None), coverage=config.coverage)
    file = tmp_path / "audit.json"
    file.write_bytes(dump(record.audit, None, record.coverage))
    (tmp_path / "ours.yaml").write_text(OURS.replace("The worst case", "Something else"), encoding="utf-8")
    assert load(file).coverage == config.coverage


def test_check_reads_packs_alone_and_those_that_an_audit_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path)
    assert call("check", file, tmp_path / "ours.yaml") == 0
    (tmp_path / "ours.yaml").write_text(OURS.replace("worst_case", "worst_cas"), encoding="utf-8")
    for checked in (file, tmp_path / "ours.yaml"):
        assert call("check", checked) == 2
        told = capsys.readouterr().err
        assert told.startswith("auditkit: ours.yaml:8:") and "Did you mean 'worst_case'?" in told


def test_the_schema_of_packs_is_printed_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("schema", "coverage") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Coverage pack"
