"""The record survives a round trip, is byte-identical on rerun, and notices a change."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.errors import DataError, RecordError
from auditkit.policy import Decision, Policy, Rule
from auditkit.record import as_json, canonical, dump, from_json, load
from auditkit.subject import Subject

RULES = (
    Rule(id="gap", measure="fairness.equalized_odds.difference", group="g", max=0.1),
    Rule(id="k", measure="privacy.k_anonymity.k", min=5, severity="warn", on_missing="warn"),
    Rule(id="auc", measure="performance.classification.roc_auc", min=0.6),
)


def made(order: np.ndarray | None = None) -> tuple[Audit, Decision]:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"g": rng.choice(["a", "b"], 400), "s": rng.random(400).round(3), "age": rng.integers(20, 40, 400)}
    )
    frame["y"] = (rng.random(400) < frame.s).astype(int)
    if order is not None:
        frame = frame.iloc[order]
    subject = Subject(frame, label="y", score="s", sensitive=["g"], quasi_identifiers=["age", "g"])
    found = audit(subject, skip=["carbon"], progress=False)
    return found, Policy(name="p", rules=RULES).judge(found, as_of=date(2026, 1, 1))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    found, decision = made()
    (tmp_path / "audit.json").write_bytes(dump(found, decision))
    record = load(tmp_path / "audit.json")
    assert record.audit.findings == found.findings
    assert record.decision == decision
    assert dump(record.audit, record.decision) == dump(found, decision)


def test_an_audit_is_judged_again_without_data(tmp_path: Path) -> None:
    found, decision = made()
    (tmp_path / "audit.json").write_bytes(dump(found, decision))
    again = Policy(name="p", rules=RULES).judge(load(tmp_path / "audit.json").audit, as_of=date(2026, 1, 1))
    assert again == decision


def test_same_input_same_evidence_digest_in_any_row_order() -> None:
    first, second = made(), made(np.random.default_rng(0).permutation(400))
    one, two = as_json(*first), as_json(*second)
    assert canonical(one["findings"]) == canonical(two["findings"])
    assert as_json(*made())["run"]["evidence_digest"] == one["run"]["evidence_digest"]


def test_a_changed_number_is_noticed() -> None:
    data = json.loads(dump(*made()))
    data["findings"][0]["title"] = "other"
    with pytest.raises(RecordError, match="does not match its digest"):
        from_json(data)


def test_a_later_schema_is_refused_in_one_line() -> None:
    with pytest.raises(RecordError, match=r"schema version 99.*update auditkit"):
        from_json({"schema_version": 99})


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(RecordError, match="no audit record"):
        load(tmp_path / "x.json")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "absent.json")
