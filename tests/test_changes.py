"""What the record keeps of an earlier audit: bounds of changes, rulings and limits that are others, and what only one has."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.changes import Before, Changes, from_json, since_audit, since_baseline, to_json
from auditkit.comparing import Change, Comparison, compare
from auditkit.policy import Decision, Policy, Rule, adopting, read_baseline
from auditkit.record import dump
from auditkit.record import from_json as record_from_json
from auditkit.subject import Subject
from auditkit.yamlfile import schema

DIGEST, DAY = "5a" * 32, date(2026, 5, 20)
RULES = (
    Rule(id="gap", measure="fairness.demographic_parity.difference", group="g", max=0.5),
    Rule(id="accuracy", measure="performance.classification.accuracy", min=0.5),
)


def audited(
    good: float, only: tuple[str, ...] = ("fairness.demographic_parity", "performance.classification")
) -> Audit:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"g": ["a", "b"] * 500, "y": rng.integers(0, 2, 1000)})
    frame["p"] = np.where(rng.random(1000) < good, frame.y, 1 - frame.y)
    subject = Subject(frame, label="y", prediction="p", sensitive=["g"], name="m")
    return audit(subject, only=only, progress=False)


def judged(found: Audit, *rules: Rule) -> Decision:
    return Policy(name="p", rules=rules or RULES, digest="ab" * 32).judge(found, as_of=DAY)


@pytest.fixture(scope="module")
def better() -> Audit:
    return audited(0.9)


@pytest.fixture(scope="module")
def worse() -> Audit:
    return audited(0.6)


def test_the_numbers_are_those_of_the_comparison(better: Audit, worse: Audit) -> None:
    changes = since_audit(better, judged(better), DIGEST, worse, judged(worse))
    assert changes.comparison == compare(better, worse)
    moved = {one.measure: one.moved for one in changes.comparison.changes if one.about == "all rows"}
    assert moved["performance.classification.accuracy"] == "worse"
    assert changes.before == Before("m", DIGEST, "2026-05-20", "pass", "p", "ab" * 32)
    assert changes.before.approved


def test_a_limit_that_was_loosened_and_a_rule_that_went_are_changes(better: Audit) -> None:
    loose = replace(RULES[1], min=0.1)
    changes = since_audit(better, judged(better), DIGEST, better, judged(better, loose))
    assert [(one.rule, one.was, one.now, one.limit_was, one.limit_now) for one in changes.rulings] == [
        ("accuracy", "pass", "pass", 0.5, 0.1),
        ("gap", "pass", "", 0.5, None),
    ]


def test_the_same_audit_and_policy_change_nothing(better: Audit) -> None:
    changes = since_audit(better, judged(better), DIGEST, better, judged(better))
    assert changes.rulings == ()
    assert {one.moved for one in changes.comparison.changes} == {"not shown"}
    assert (changes.comparison.gone, changes.comparison.new) == ((), ())


def test_what_only_one_audit_has_is_named_by_its_group(better: Audit) -> None:
    few = audited(0.9, ("performance.classification",))
    gone = since_audit(better, None, DIGEST, few, None).comparison.gone
    assert "fairness.demographic_parity.difference (g)" in gone
    assert "fairness.demographic_parity.selection_rate (a)" in gone
    assert since_audit(few, None, DIGEST, better, None).comparison.new == gone


def test_a_file_of_adopted_measures_is_compared_but_calls_nothing_new(
    better: Audit, worse: Audit, tmp_path: Path
) -> None:
    file = tmp_path / "auditkit-baseline.json"
    file.write_bytes(adopting(better, judged(better), DAY))
    changes = since_baseline(read_baseline(file), DIGEST, file.name, worse)
    assert changes.before == Before(file.name, DIGEST, "2026-05-20", adopted=True)
    assert {one.measure for one in changes.comparison.changes} == {rule.measure for rule in RULES}
    assert changes.comparison.new == ()


def test_changes_survive_the_record_and_leave_the_evidence_as_it_is(better: Audit, worse: Audit) -> None:
    from jsonschema import Draft202012Validator

    decision = judged(worse)
    changes = since_audit(better, judged(better), DIGEST, worse, decision)
    data = json.loads(dump(worse, decision, (), changes))
    Draft202012Validator(schema("record")).validate(data)
    again = record_from_json(data)
    assert again.changes == changes
    assert again.evidence_digest == record_from_json(json.loads(dump(worse, decision))).evidence_digest
    assert "changes" not in json.loads(dump(worse, decision))["run"]


def test_a_bound_that_does_not_exist_is_null_and_no_bound_again() -> None:
    change = Change("m", "all rows", "ratio", 1.0, 2.0, -math.inf, math.inf, "interval", "not shown")
    changes = Changes(Before("n", DIGEST, ""), Comparison((change,), 0.95, (), (), ()))
    written = json.loads(json.dumps(to_json(changes), allow_nan=False))
    assert (written["measures"][0]["low"], written["measures"][0]["high"]) == (None, None)
    assert from_json(written) == changes
