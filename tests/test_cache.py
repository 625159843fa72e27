"""Findings come from the cache only when nothing that they depend on has changed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from auditkit import cache as cache_module
from auditkit.auditing import audit
from auditkit.cache import MOST_BYTES, Cache
from auditkit.catalog import catalogue
from auditkit.models.loading import load_model
from auditkit.policy import Policy, Rule
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


@pytest.mark.parametrize("name", ["versions", "installed"])
def test_another_version_of_a_package_is_noticed(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    audit(subject(frame), only=ONLY, cache=Cache(tmp_path))
    if name == "versions":
        monkeypatch.setattr("auditkit.auditing.package_versions", lambda: {"auditkit": "9", "packages": {"numpy": "9"}})
    else:
        monkeypatch.setattr(cache_module, "installed", lambda: ("numpy-9.dist-info",))
    assert hits(audit(subject(frame), only=ONLY, cache=Cache(tmp_path))) == []


def test_the_source_is_that_of_every_auditor_and_of_stats(tmp_path: Path) -> None:
    shutil.copytree(
        Path(cache_module.__file__).parent, tmp_path / "auditkit", ignore=lambda *_: {"__pycache__", "schemas"}
    )
    copy = tmp_path / "auditkit"
    known = {cache_module.tree_digest(copy)}
    assert known == {cache_module.tree_digest(Path(cache_module.__file__).parent)}
    for name in ("auditors/privacy/k_anonymity.py", "stats/intervals.py", "auditors/fairness/demographic_parity.py"):
        with (copy / name).open("a") as stream:
            stream.write("# a remark\n")
        digest = cache_module.tree_digest(copy)
        assert digest not in known
        known.add(digest)
    (copy / "stats" / "intervals.py").rename(copy / "stats" / "bounds.py")
    assert cache_module.tree_digest(copy) not in known


def test_packages_are_known_by_name_and_version() -> None:
    import importlib.metadata

    names = [name.lower() for name in cache_module.installed()]
    assert f"numpy-{importlib.metadata.version('numpy')}.dist-info" in names


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


def kept_findings(folder: Path) -> list[str]:
    data = [json.loads(file.read_bytes()) for file in folder.glob("*.json")]
    return sorted(each["finding"]["id"] for each in data if "finding" in each)


def test_what_a_clock_decides_or_what_died_is_not_kept(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Cache(tmp_path).of(subject(frame), {})
    assert keeper is not None
    (finding,) = audit(subject(frame), only=["privacy.k_anonymity"]).findings
    timed = replace(finding.measures[0], volatile=True)
    drawn = replace(finding.evidence[0], volatile=True)
    for other in (
        replace(finding, volatile=True),
        replace(finding, status="error", reason="died"),
        replace(finding, status="skipped", reason="left out"),
        replace(finding, measures=(*finding.measures[1:], timed)),
        replace(finding, evidence=(drawn,)),
    ):
        keeper.put(other, {})
    assert kept_findings(tmp_path) == []
    keeper.put(finding, {})
    assert kept_findings(tmp_path) == ["privacy.k_anonymity"]
    volatile = catalogue()["carbon.inference"]
    keeper.put(replace(finding, id=volatile.id), {})
    assert volatile.volatile and keeper.get(volatile, {}) is None


def test_why_a_clocked_auditor_does_not_apply_is_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    """No clock decides it; a second run would else load data and model to say it again."""
    only = ["carbon.smaller_models"]
    first = audit(subject(frame), only=only, cache=Cache(tmp_path))
    assert first.findings[0].status == "not applicable" and not first.findings[0].volatile
    assert hits(audit(subject(frame), only=only, cache=Cache(tmp_path))) == only


class Fitted:
    classes_ = (0, 1)

    def predict(self, rows: pd.DataFrame) -> list[int]:
        return [0] * len(rows)


def asked(frame: pd.DataFrame, model: object) -> Subject:
    return Subject(frame, model=model, features=["age"], label="y", sensitive=["sex"], quasi_identifiers=["sex"])


def test_a_live_model_is_not_kept_since_two_fits_look_alike(frame: pd.DataFrame, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    for model in (Fitted(), LogisticRegression().fit(frame[["age"]], frame["y"])):
        audit(asked(frame, model), only=["privacy.k_anonymity"], cache=Cache(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_model_file_is_kept_by_its_content(frame: pd.DataFrame, tmp_path: Path) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    for weight in (1, 0.5):
        fitted = LogisticRegression(C=weight).fit(frame[["age"]], frame["p"] | (frame.age > 40))
        skops.io.dump(fitted, tmp_path / f"{weight}.skops")

    def found(name: str) -> list[str]:
        model = load_model(name, tmp_path)
        return hits(audit(asked(frame, model), only=["privacy.k_anonymity"], cache=Cache(tmp_path / "cache")))

    assert [found("1.skops"), found("1.skops"), found("0.5.skops")] == [[], ["privacy.k_anonymity"], []]


def test_code_is_kept_only_under_a_declared_version(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "scoring_code.py").write_text(
        "def model(rows):\n    return [0.5] * len(rows)\nmodel.classes = (0, 1)\n"
    )

    def found(**version: str) -> list[str]:
        model = load_model({"python": "scoring_code:model", **version}, tmp_path)
        return hits(audit(asked(frame, model), only=["privacy.k_anonymity"], cache=Cache(tmp_path / "cache")))

    assert [found(), found()] == [[], []]
    assert [found(version="1"), found(version="1"), found(version="2")] == [[], ["privacy.k_anonymity"], []]


def test_a_version_is_declared_in_audit_yaml(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.drop(columns="p").to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "declared_code.py").write_text(
        "def model(rows):\n    return [0.5] * len(rows)\nmodel.classes = (0, 1)\n"
    )
    text = """\
name: m
model: {python: "declared_code:model", version: "1"}
data: {test: rows.csv}
columns: {label: y, sensitive: [sex], quasi_identifiers: [sex, age], features: [age]}
"""
    (tmp_path / "audit.yaml").write_text(text)
    told = []
    for _ in range(2):
        found = run(tmp_path / "audit.yaml", only=["privacy.k_anonymity"], progress=False)
        told.append(hits(found.record.audit))
    assert told == [[], ["privacy.k_anonymity"]]
    (tmp_path / "audit.yaml").write_text(text.replace(', version: "1"', ""))
    assert hits(run(tmp_path / "audit.yaml", only=["privacy.k_anonymity"], progress=False).record.audit) == []


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


def test_hits_stand_in_the_record_and_leave_its_evidence_alone(frame: pd.DataFrame, tmp_path: Path) -> None:
    first, second = (audit(subject(frame), only=ONLY, cache=Cache(tmp_path)) for _ in range(2))
    records = [as_json(found, None) for found in (first, second)]
    assert [record["run"]["cached"] for record in records] == [[], sorted(ONLY)]
    assert records[0]["run"]["evidence_digest"] == records[1]["run"]["evidence_digest"]


def test_fast_never_turns_what_it_left_out_into_a_pass(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Also a pattern of which another auditor was measured is not silent on it."""
    slow = "privacy.membership_inference"
    rules = (
        Rule(id="named", measure=f"{slow}.largest_auc", max=0.6),
        Rule(id="pattern", measure="privacy.*.share_unique", max=1.0),
        Rule(id="meant", measure="privacy.*.*", max=1e9, max_not_covered=1.0),
    )
    found = audit(subject(frame), only=["privacy.k_anonymity", slow], fast=True, cache=Cache(tmp_path))
    assert "--fast was asked for" in str(found[slow].reason)
    decision = Policy(name="p", rules=rules).judge(found)
    told = {(ruling.rule, ruling.measure.rpartition(".")[0], ruling.status) for ruling in decision.rulings}
    assert ("named", slow, "missing") in told and ("meant", slow, "missing") in told
    assert ("pattern", "privacy.k_anonymity", "pass") in told
    assert decision.exit_code == 3


def test_a_budget_leaves_out_what_was_not_done_and_says_so(frame: pd.DataFrame) -> None:
    found = audit(subject(frame), only=ONLY, budget=1e-9)
    assert {finding.status for finding in found.findings} == {"skipped"}
    assert all(finding.volatile and "the budget" in str(finding.reason) for finding in found.findings)
    rule = Rule(id="k", measure="privacy.k_anonymity.k", min=1)
    assert Policy(name="p", rules=(rule,)).judge(found).exit_code == 3
