"""Rules that no value can keep together, and rules and waivers that nothing can ever match, are errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.errors import ConfigurationError
from auditkit.policy import Policy

GAP, ACCURACY, RATE = (
    "fairness.demographic_parity.difference",
    "performance.classification.accuracy",
    "fairness.demographic_parity.selection_rate",
)


def load(folder: Path, text: str) -> Policy:
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return Policy.load(folder / "policy.yaml")


def rules(*entries: str) -> str:
    return "policy: p\nrules:\n" + "".join(
        f"  - {{id: r{number}, {entry}}}\n" for number, entry in enumerate(entries, 1)
    )


CONFLICTS = {
    "one measure": (f"measure: {ACCURACY}, min: 0.9", f"measure: {ACCURACY}, max: 0.8"),
    "between": (f"measure: {ACCURACY}, between: [0.2, 0.4]", f"measure: {ACCURACY}, min: 0.5"),
    "a pattern": ("measure: 'fairness.*.difference', group: sex, max: 0.1", f"measure: {GAP}, group: sex, min: 0.2"),
    "two patterns": (
        "measure: 'fairness.*.difference', group: sex, max: 0.1",
        "measure: 'fairness.demographic_*.difference', group: sex, min: 0.2",
    ),
    "every column": (f"measure: {GAP}, group: '*', max: 0.1", f"measure: {GAP}, group: race, min: 0.2"),
    "an intersection in another order": (
        f"measure: {GAP}, group: [sex, race], max: 0.1",
        f"measure: {GAP}, group: [race, sex], min: 0.2",
    ),
    "each group of a column": (
        f"measure: {RATE}, each_group: sex, min: 0.5",
        f"measure: {RATE}, group: {{sex: f}}, max: 0.4",
    ),
    "each group of all columns": (
        f"measure: {RATE}, each_group: '*', min: 0.5",
        f"measure: {RATE}, group: {{sex: f}}, max: 0.4",
    ),
    "one deployment of several": (
        f"measure: {ACCURACY}, min: 0.9, applies_to: {{environment: [production, test]}}",
        f"measure: {ACCURACY}, max: 0.8, applies_to: {{environment: production, risk_class: high}}",
    ),
}


@pytest.mark.parametrize("what", CONFLICTS)
@pytest.mark.parametrize("turn", [1, -1])
def test_limits_that_no_value_keeps_are_an_error_at_the_later_rule(what: str, turn: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:4:5: no value keeps both") as caught:
        load(tmp_path, rules(*CONFLICTS[what][::turn]))
    assert "'r1'" in caught.value.message and "'r2'" in caught.value.message


AGREEING = {
    "limits that meet": (f"measure: {ACCURACY}, min: 0.8", f"measure: {ACCURACY}, max: 0.8"),
    "other columns": (f"measure: {GAP}, group: sex, max: 0.1", f"measure: {GAP}, group: race, min: 0.2"),
    "a column and its intersection": (
        f"measure: {GAP}, group: '*', max: 0.1",
        f"measure: {GAP}, group: [sex, race], min: 0.2",
    ),
    "all rows and a gap": (f"measure: {GAP}, max: 0.1", f"measure: {GAP}, group: sex, min: 0.2"),
    "other groups": (f"measure: {RATE}, group: {{sex: f}}, max: 0.1", f"measure: {RATE}, group: {{sex: m}}, min: 0.2"),
    "a group of two columns": (
        f"measure: {RATE}, each_group: sex, min: 0.5",
        f"measure: {RATE}, group: {{sex: f, race: a}}, max: 0.4",
    ),
    "other rows": (f"measure: {ACCURACY}, min: 0.9", f"measure: {ACCURACY}, max: 0.8, dataset: train"),
    "other deployments": (
        f"measure: {ACCURACY}, min: 0.9, applies_to: {{environment: production}}",
        f"measure: {ACCURACY}, max: 0.8, applies_to: {{environment: test}}",
    ),
    "a note": (f"measure: {ACCURACY}, min: 0.9", f"measure: {ACCURACY}, max: 0.8, severity: info"),
    "a change": (f"measure: {ACCURACY}, min: 0.9", f"measure: {ACCURACY}, max_increase: 0.1"),
    "another measure": (
        "measure: 'fairness.*.ratio', group: sex, min: 0.8",
        "measure: 'fairness.*.difference', group: sex, max: 0.1",
    ),
}


@pytest.mark.parametrize("what", AGREEING)
def test_limits_that_can_be_kept_together_are_read(what: str, tmp_path: Path) -> None:
    assert len(load(tmp_path, rules(*AGREEING[what])).rules) == 2


# ----------------------------------------------------------------------- never to match


@pytest.mark.parametrize(
    "rule",
    [
        f"measure: {GAP}, group: gender, max: 0.1",
        f"measure: {GAP}, group: [sex, gender], max: 0.1",
        f"measure: {RATE}, group: {{gender: f}}, max: 0.1",
        f"measure: {RATE}, each_group: gender, max: 0.1",
        "measure: 'fairness.*.difference', group: gender, max: 0.1",
    ],
)
def test_a_rule_on_a_column_that_is_not_compared_can_never_match(rule: str, tmp_path: Path) -> None:
    policy = load(tmp_path, rules(rule))
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:3:5: rule 'r1' can never match: 'gender'") as caught:
        policy.check_columns(["sex", "race"], {})
    assert caught.value.source is not None and "gender" in caught.value.source
    policy.check_columns(["sex", "gender"], {})


def test_a_rule_for_another_deployment_need_not_match_this_audit(tmp_path: Path) -> None:
    policy = load(tmp_path, rules(f"measure: {GAP}, group: gender, max: 0.1, applies_to: {{environment: production}}"))
    policy.check_columns(["sex"], {"environment": "test"})
    with pytest.raises(ConfigurationError, match="can never match"):
        policy.check_columns(["sex"], {"environment": "production"})


def test_stars_and_columns_of_other_families_are_left_to_the_audit(tmp_path: Path) -> None:
    text = rules(
        f"measure: {GAP}, group: '*', max: 0.1",
        "measure: privacy.attribute_disclosure.distinct_l, group: income, min: 2",
    )
    load(tmp_path, text).check_columns(["sex"], {})
