"""Statements are what the specifications say, others can verify them, and nothing changes unseen."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditkit.attest import bundle, dsse
from auditkit.attest.bundle import BUNDLE
from auditkit.attest.statements import EVIDENCE, EXPIRES, PASSED_LEVEL, SUMMARY, TEST_RESULT
from auditkit.attest.verifying import Check, verify
from auditkit.cli import main
from auditkit.errors import ConfigurationError, RecordError
from auditkit.run import run

DAY = date(2026, 11, 25)
AUDIT = """\
name: m
data: {test: rows.csv}
columns: {label: y, prediction: p, sensitive: [sex], quasi_identifiers: [sex, age]}
audit: {skip: [carbon, explanations, performance, data]}
deployment: {environment: production}
policy: policy.yaml
"""
POLICY = """\
policy: gate
valid_for_days: 90
rules:
  - {id: k, measure: privacy.k_anonymity.k, min: %d}
  - {id: gap, measure: fairness.demographic_parity.difference, group: sex, max: 0.5, severity: warn}
"""


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


def made(folder: Path, limit: int = 2) -> Path:
    frame = pd.DataFrame({"sex": ["f", "m"] * 60, "age": [30, 40, 50] * 40, "y": [0, 1, 1, 0] * 30, "p": [0, 1] * 60})
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "audit.yaml").write_text(AUDIT)
    (folder / "policy.yaml").write_text(POLICY % limit)
    return run(folder / "audit.yaml", progress=False, as_of=DAY).folder


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report signed by two people; tests copy it."""
    folder = tmp_path_factory.mktemp("signed")
    made(folder)
    for name in ("ada", "bob"):
        dsse.new_key(folder / f"{name}.pem", folder / f"{name}.pub.pem")
        bundle.sign(folder / "auditkit-report", folder / f"{name}.pem")
    return folder


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(signed, tmp_path / "it")
    yield tmp_path / "it"


def checked(folder: Path, **how: object) -> dict[str, bool | None]:
    keys = [folder / "ada.pub.pem", folder / "bob.pub.pem"]
    found = verify(folder / "auditkit-report", how.pop("keys", keys), as_of=how.pop("as_of", DAY), **how)  # type: ignore[arg-type]
    return {check.what: check.passed for check in found.checks} | {"code": found.exit_code}  # type: ignore[dict-item]


def statements(folder: Path) -> list[dict[str, object]]:
    return [one.statement for one in bundle.read(folder / "auditkit-report")]


def test_three_statements_of_the_kinds_that_others_know(signed: Path) -> None:
    found = statements(signed)
    assert [one["predicateType"] for one in found] == [EVIDENCE, TEST_RESULT, SUMMARY]
    assert {one["_type"] for one in found} == {"https://in-toto.io/Statement/v1"}
    assert all(part["digest"]["sha256"] for one in found for part in one["subject"])  # type: ignore[attr-defined]


def test_the_test_result_has_three_states_and_its_rules(signed: Path) -> None:
    predicate = statements(signed)[1]["predicate"]
    assert predicate["result"] in ("PASSED", "WARNED")  # type: ignore[index]
    assert predicate["configuration"][0]["digest"]["sha256"]  # type: ignore[index]
    assert predicate["passedTests"] == ["k: privacy.k_anonymity.k"]  # type: ignore[index]


def test_the_summary_has_what_slsa_requires(signed: Path) -> None:
    predicate: dict[str, object] = statements(signed)[2]["predicate"]  # type: ignore[assignment]
    assert set(predicate) >= {
        "verifier",
        "timeVerified",
        "resourceUri",
        "policy",
        "verificationResult",
        "verifiedLevels",
    }
    assert predicate["resourceUri"] == "urn:auditkit:model:m?environment=production"
    assert predicate["verifiedLevels"] == [PASSED_LEVEL]
    assert [len(one["digest"]["sha256"]) for one in predicate["inputAttestations"]] == [64, 64]  # type: ignore[index, attr-defined]


def test_a_failed_gate_is_stated_as_failed(tmp_path: Path) -> None:
    made(tmp_path, limit=999)
    found = statements(tmp_path)
    assert found[1]["predicate"]["result"] == "FAILED"  # type: ignore[index]
    assert found[2]["predicate"]["verifiedLevels"] == ["FAILED"]  # type: ignore[index]
    assert checked(tmp_path, keys=[])["code"] == 1


def test_another_library_verifies_the_envelopes(signed: Path) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    for line in (signed / "auditkit-report" / BUNDLE).read_text().splitlines():
        data = json.loads(line)
        envelope = Envelope.from_dict(
            {**data, "signatures": [{"keyid": one["keyid"], "sig": one["sig"]} for one in data["signatures"]]}
        )
        keys = []
        for name in ("ada", "bob"):
            public = dsse.public_key(signed / f"{name}.pub.pem")
            keys.append(SSlibKey.from_crypto(public, keyid=dsse.key_id(public)))
        assert len(envelope.verify(keys, 2)) == 2
        assert envelope.pae() == dsse.pae(data["payloadType"], envelope.payload)


def test_everything_holds_and_two_keys_signed(signed: Path) -> None:
    found = checked(signed, threshold=2, policy=signed / "policy.yaml")
    assert {passed for what, passed in found.items() if what != "code"} == {True}
    assert found["code"] == 0


def test_a_stranger_signed_nothing(copy: Path) -> None:
    dsse.new_key(copy / "eve.pem", copy / "eve.pub.pem")
    assert checked(copy, keys=[copy / "eve.pub.pem"]) == {
        **checked(copy, keys=[copy / "eve.pub.pem"]),
        "signatures": False,
        "code": 4,
    }


def test_without_keys_the_check_says_so(signed: Path) -> None:
    assert checked(signed, keys=[])["signatures"] is None


def test_unsigned_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(tmp_path)
    assert call("verify", folder, "--as-of", DAY.isoformat()) == 0
    assert "UNSIGNED" in capsys.readouterr().out


def test_it_ends_on_its_day(signed: Path) -> None:
    assert checked(signed, as_of=date(2027, 2, 23))["expiry"] is True
    late = checked(signed, as_of=date(2027, 2, 24))
    assert (late["expiry"], late["code"]) == (False, 4)


def test_another_policy_is_noticed(copy: Path) -> None:
    (copy / "other.yaml").write_text(POLICY % 3)
    assert checked(copy, policy=copy / "other.yaml")["policy"] is False


def test_evidence_about_predictions_admits_no_model_file(copy: Path) -> None:
    (copy / "model.skops").write_bytes(b"x")
    found = checked(copy, model=copy / "model.skops")
    assert found["model"] is False and found["code"] == 4


def test_the_chain_names_the_audit_before(signed: Path, tmp_path: Path) -> None:
    folder = made(tmp_path)
    dsse.new_key(tmp_path / "ada.pem", tmp_path / "ada.pub.pem")
    bundle.sign(folder, tmp_path / "ada.pem", previous=signed / "auditkit-report")
    keys = {"keys": [tmp_path / "ada.pub.pem"]}
    assert checked(tmp_path, previous=signed / "auditkit-report", **keys)["code"] == 0
    (tmp_path / "other.jsonl").write_text("x")
    assert checked(tmp_path, previous=tmp_path / "other.jsonl", **keys)["chain"] is False
    with pytest.raises(ConfigurationError, match="signed already"):
        bundle.sign(folder, tmp_path / "ada.pem", previous=signed / "auditkit-report")


def test_nobody_signs_a_folder_that_was_changed(tmp_path: Path) -> None:
    folder = made(tmp_path)
    dsse.new_key(tmp_path / "ada.pem", tmp_path / "ada.pub.pem")
    (folder / "gate_report.md").write_text("all is well")
    with pytest.raises(RecordError, match=r"gate_report\.md is not what the statements speak of"):
        bundle.sign(folder, tmp_path / "ada.pem")


def test_nobody_signs_a_statement_that_says_more_than_the_record(tmp_path: Path) -> None:
    folder = made(tmp_path, limit=999)
    dsse.new_key(tmp_path / "ada.pem", tmp_path / "ada.pub.pem")
    found = [
        dsse.Envelope(one.payload.replace(b'"result":"FAILED"', b'"result":"PASSED"')) for one in bundle.read(folder)
    ]
    assert tuple(found) != bundle.read(folder)
    (folder / BUNDLE).write_bytes(bundle.written(found))
    with pytest.raises(RecordError, match=r"does not follow from audit\.json"):
        bundle.sign(folder, tmp_path / "ada.pem")


def test_the_manifest_holds_after_signing_and_names_the_statements(signed: Path) -> None:
    report = signed / "auditkit-report"
    listed = json.loads((report / "manifest.json").read_bytes())["files"]
    there = {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in report.iterdir()}
    assert listed == {name: digest for name, digest in there.items() if name != "manifest.json"}


def test_a_line_that_is_taken_away_is_missed(copy: Path) -> None:
    file = copy / "auditkit-report" / BUNDLE
    lines = file.read_text().splitlines(keepends=True)
    for kept in (lines[:2], lines[1:], [lines[0], lines[2]], lines[::-1]):
        file.write_text("".join(kept))
        assert checked(copy)["code"] == 4


def test_a_document_that_shows_another_number_is_noticed_even_when_all_digests_are_made_anew(tmp_path: Path) -> None:
    from auditkit.attest.statements import digests_of, envelopes
    from auditkit.record import load

    folder = made(tmp_path)
    page = folder / "gate_report.html"
    before = page.read_text()
    page.write_text(before.replace("120 ", "999 ", 1))
    assert page.read_text() != before
    forged = envelopes(load(folder / "audit.json"), digests_of(bundle.folder_files(folder)))
    (folder / BUNDLE).write_bytes(bundle.written(forged))
    found = checked(tmp_path, keys=[])
    assert (found["files"], found["statements"], found["documents"]) == (True, True, False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_changed_byte_is_noticed(
    signed: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = signed.parent / "flipped"
    if not root.exists():
        shutil.copytree(signed, root)
    report = root / "auditkit-report"
    name = data.draw(st.sampled_from(sorted(entry.name for entry in report.iterdir())))
    content = (signed / "auditkit-report" / name).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    (report / name).write_bytes(bytes(changed))
    try:
        assert _noticed(root)
    finally:
        (report / name).write_bytes(content)


@pytest.mark.parametrize("key", ["subject", "name", "digest", "sha256", "predicate", "predicateType", "_type", EXPIRES])
@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_statement_that_lacks_a_key_is_told_not_stumbled_over(copy: Path, key: str, line: int) -> None:
    place = copy / "auditkit-report" / BUNDLE
    found = list(bundle.read(place.parent))
    text = found[line].payload.decode()
    found[line] = dsse.Envelope(text.replace(f'"{key}":', f'"{key}x":').encode())
    place.write_bytes(bundle.written(found))
    assert _noticed(copy)


def test_a_day_of_expiry_that_is_none_is_told(copy: Path) -> None:
    place = copy / "auditkit-report" / BUNDLE
    found = list(bundle.read(place.parent))
    evidence = json.loads(found[0].payload)
    evidence["predicate"][EXPIRES] = "2027-13-41"
    found[0] = dsse.Envelope(json.dumps(evidence).encode())
    place.write_bytes(bundle.written(found))
    assert _noticed(copy)


def _noticed(root: Path) -> bool:
    """Whether a verification that checks everything but the documents finds fault; those are covered by their digests."""
    try:
        with mock.patch("auditkit.attest.verifying._documents", lambda *_: Check("documents", None, "")):
            found = verify(root / "auditkit-report", [root / "ada.pub.pem"], as_of=DAY)
    except RecordError:
        return True
    return found.exit_code == 4


def test_keys_are_never_written_over_and_private(tmp_path: Path) -> None:
    assert call("keygen", tmp_path / "me") == 0
    assert (tmp_path / "me.pem").stat().st_mode & 0o077 == 0
    assert call("keygen", tmp_path / "me") == 2


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "no PEM private key"), (b"-----BEGIN PRIVATE KEY-----\nx\n", "no PEM private key")]
)
def test_a_broken_key_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    folder = made(tmp_path)
    (tmp_path / "bad.pem").write_bytes(content)
    assert call("sign", folder, "--key", tmp_path / "bad.pem") == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_statements_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("verify", tmp_path) == 4
    assert BUNDLE in capsys.readouterr().err
