"""Findings come from the cache only when nothing that they depend on has changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from auditkit import cache as cache_module
from auditkit.auditing import audit
from auditkit.cache import MOST_BYTES, Cache
from auditkit.record import as_json
from auditkit.run import run
from auditkit.subject import Subject

ONLY = ("privacy.k_anonymity", "fairness.demographic_parity")


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"sex": ["f", "m"] * 60, "age": [30, 40, 50] * 40, "y": [0, 1, 1, 0] * 30, "p": [0, 1] * 60})


def subject(frame: pd.DataFrame, **more: object) -> Subject:
    roles = {"label": "y", "prediction": "p", "sensitive": ["sex"], "quasi_identifiers": ["sex", "age"], **more}
    return Subject(frame, **roles)


def hits(found: object) -> list[str]:
    return list(found.run["cached"])  # type: ignore[attr-defined]


def evidence(found: object) -> dict[str, object]:
    data = as_json(found, None)  # type: ignore[arg-type]
    data.pop("run")
    return data


def test_a_second_audit_of_the_same_takes_all_from_the_cache(frame: pd.DataFrame, tmp_path: Path) -> None:
    first = audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    second = audit(subject(frame.copy()), only=ONLY, cache=Cache(tmp_path))
    assert (hits(first), hits(second)) == ([], sorted(ONLY))
    assert evidence(first) == evidence(second)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: subject(frame.assign(p=[1, 0] * 60)),
        lambda frame: subject(frame, seed=1),
        lambda frame: subject(frame, favorable=0),
        lambda frame: subject(frame, quasi_identifiers=["sex"]),
        lambda frame: subject(frame, bins={"age": [35]}, sensitive=["sex", "age"]),
        lambda frame: subject(frame, hierarchies={"age": {"30": ["x"], "40": ["x"], "50": ["y"]}}),
        lambda frame: subject(frame, released=frame.iloc[:60]),
    ],
)
def test_a_change_of_what_is_audited_is_audited(
    frame: pd.DataFrame, tmp_path: Path, change: Callable[[pd.DataFrame], Subject]
) -> None:
    audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    assert hits(audit(change(frame), only=ONLY, cache=Cache(tmp_path))) == []


def test_other_options_run_their_auditor_again_alone(frame: pd.DataFrame, tmp_path: Path) -> None:
    audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    options = {"fairness.demographic_parity": {"min_group_size": 5}}
    assert hits(audit(subject(frame), only=ONLY, options=options, cache=Cache(tmp_path))) == ["privacy.k_anonymity"]


@pytest.mark.parametrize("name", ["source_digest", "sys"])
def test_a_change_of_the_package_or_of_python_is_noticed(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    if name == "sys":
        monkeypatch.setattr(cache_module.sys, "version", "another")
    else:
        monkeypatch.setattr(cache_module, "source_digest", lambda: "another")
    assert hits(audit(subject(frame), only=ONLY, cache=Cache(tmp_path))) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"finding": {}}', b"\xff", b'{"finding": {"id": "x"}}'])
def test_a_damaged_file_counts_as_none(frame: pd.DataFrame, tmp_path: Path, content: bytes) -> None:
    first = audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    for file in tmp_path.glob("*.json"):
        file.write_bytes(content)
    second = audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    assert hits(second) == [] and evidence(first) == evidence(second)


def test_a_finding_under_anothers_name_is_not_taken(frame: pd.DataFrame, tmp_path: Path) -> None:
    audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    files = sorted(tmp_path.glob("*.json"))
    first, second = (file.read_bytes() for file in files)
    files[0].write_bytes(second)
    files[1].write_bytes(first)
    assert hits(audit(subject(frame), only=ONLY, cache=Cache(tmp_path))) == []


def test_what_a_clock_decides_died_or_comes_from_code_is_not_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    class Code:
        classes_ = (0, 1)

        def predict(self, rows: pd.DataFrame) -> list[int]:
            return [0] * len(rows)

    asked = Subject(frame, model=Code(), features=["age"], label="y", sensitive=["sex"], quasi_identifiers=["sex"])
    audit(asked, only=["privacy.k_anonymity", "carbon.training"], cache=Cache(tmp_path))
    kept = [json.loads(file.read_bytes())["finding"]["id"] for file in tmp_path.glob("*.json")]
    assert "carbon.training" not in kept
    if asked.model is not None and not asked.model.digest:
        assert kept == []


def test_the_folder_keeps_itself_out_of_git_and_small(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "MOST_BYTES", 20_000)
    for seed in range(12):
        audit(subject(frame, seed=seed), only=ONLY, cache=Cache(tmp_path))
    assert (tmp_path / ".gitignore").read_text() == "*\n"
    assert sum(file.stat().st_size for file in tmp_path.glob("*.json")) <= 20_000 < MOST_BYTES


def test_a_folder_that_cannot_be_written_costs_nothing(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert hits(audit(subject(frame), only=ONLY, cache=Cache(tmp_path / "file"))) == []


AUDIT = """\
name: m
data: {test: rows.csv}
columns: {label: y, prediction: p, sensitive: [sex], quasi_identifiers: [sex, age]}
audit: {skip: [carbon, explanations, performance, data]}
"""


def test_a_second_run_of_the_same_files_loads_nothing(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "audit.yaml").write_text(AUDIT)
    first = run(tmp_path / "audit.yaml", progress=False)
    with monkeypatch.context() as patched:
        patched.setattr("auditkit.run.subject_of", lambda *_, **__: pytest.fail("the data were loaded"))
        second = run(tmp_path / "audit.yaml", progress=False)
    assert len(hits(second.record.audit)) == len(second.record.audit.findings)
    assert first.record.evidence_digest == second.record.evidence_digest
    third = run(tmp_path / "audit.yaml", progress=False, use_cache=False)
    assert hits(third.record.audit) == []
    frame.assign(age=1).to_csv(tmp_path / "rows.csv", index=False)
    assert hits(run(tmp_path / "audit.yaml", progress=False).record.audit) == []


def test_a_budget_leaves_out_what_was_not_done_and_says_so(frame: pd.DataFrame) -> None:
    found = audit(subject(frame), only=ONLY, budget=1e-9)
    assert {finding.status for finding in found.findings} == {"skipped"}
    assert all(finding.volatile and "the budget" in str(finding.reason) for finding in found.findings)
