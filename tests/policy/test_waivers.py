"""Waivers: two different people, a rule and group that they can speak of, a last day, and those of extended files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Finding, Group, Measure
from auditkit.policy import Policy
from auditkit.stats.uncertainty import Proportion

DAY = date(2027, 6, 30)
GAP, RATE = "fairness.demographic_parity.difference", "fairness.demographic_parity.selection_rate"


def measure(name: str, **more: object) -> Measure:
    found = Proportion(900, 1000)
    return Measure(name=name, value=found.estimate, unit="rate", direction="lower", n=1000, uncertainty=found, **more)  # type: ignore[arg-type]


def audit() -> Audit:
    measures = [measure("difference", over=over) for over in (("sex",), ("race",), ("sex", "race"))]
    measures += [measure("selection_rate", group=Group.of({"sex": sex})) for sex in ("f", "m", None)]
    finding = Finding(id="fairness.demographic_parity", title="t", status="measured", measures=tuple(measures))
    return Audit(name="m", subject={}, provenance={}, findings=(finding,))


def policy(folder: Path, rule: str, *waivers: str, head: str = "") -> Policy:
    people = "requested_by: Ada, approved_by: Bo"
    text = f"policy: p\n{head}rules:\n  - {{id: r, {rule}}}\nwaivers:\n" + "".join(
        f"  - {{rule: r, reason: why, {people}, until: 2027-06-30{', ' if waiver else ''}{waiver}}}\n"
        for waiver in waivers
    )
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return Policy.load(folder / "policy.yaml")


def waived(found: Policy, day: date = DAY) -> list[str]:
    rulings = found.judge(audit(), as_of=day).rulings
    return ["×".join(r.over) or str(r.group) for r in rulings if r.status == "waived"]


@pytest.mark.parametrize(
    ("rule", "waiver", "expected"),
    [
        (f"measure: {GAP}, group: '*', max: 0.1", "", ["sex", "race"]),
        (f"measure: {GAP}, group: '*', max: 0.1", "group: race", ["race"]),
        (f"measure: {GAP}, group: '*', max: 0.1", "group: [race]", ["race"]),
        (f"measure: {GAP}, group: '*', max: 0.1", "group: '*'", ["sex", "race"]),
        (f"measure: {GAP}, group: [sex, race], max: 0.1", "group: [race, sex]", ["sex×race"]),
        (f"measure: {RATE}, each_group: sex, max: 0.1", "group: {sex: f}", ["f"]),
        (f"measure: {RATE}, each_group: '*', max: 0.1", "group: {sex: (missing)}", ["(missing)"]),
        (f"measure: {RATE}, group: {{sex: f}}, max: 0.1", "group: {sex: f}", ["f"]),
    ],
)
def test_a_waiver_speaks_of_groups_as_a_rule_does(rule: str, waiver: str, expected: list[str], tmp_path: Path) -> None:
    assert waived(policy(tmp_path, rule, waiver)) == expected


@pytest.mark.parametrize(
    ("rule", "waiver", "speaks"),
    [
        (f"measure: {GAP}, max: 0.1", "group: sex", "all rows"),
        (f"measure: {GAP}, group: sex, max: 0.1", "group: race", "the gap over 'sex'"),
        (f"measure: {GAP}, group: sex, max: 0.1", "group: {sex: f}", "the gap over 'sex'"),
        (f"measure: {GAP}, group: '*', max: 0.1", "group: [sex, race]", "the gap over each sensitive column"),
        (f"measure: {RATE}, group: {{sex: f}}, max: 0.1", "group: {sex: m}", "the group sex f"),
        (f"measure: {RATE}, each_group: sex, max: 0.1", "group: {race: a}", "each group of 'sex'"),
        (f"measure: {RATE}, each_group: '*', max: 0.1", "group: sex", "each group of every sensitive column"),
    ],
)
def test_a_waiver_that_can_never_match_its_rule_is_an_error(
    rule: str, waiver: str, speaks: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:5.*can never match") as caught:
        policy(tmp_path, rule, waiver)
    assert f"speaks of {speaks}," in caught.value.message


RULE = f"measure: {GAP}, group: sex, max: 0.1"


@pytest.mark.parametrize(
    ("asked", "approved"),
    [
        ("Ada", "ada"),
        ("Ada Lovelace", "  Ada   LOVELACE "),
        ("ada@example.org", "Ada Lovelace <ADA@example.org>"),
        ("Zoë", "Zoe\u0308"),
        ("Straße", "STRASSE"),
    ],
)
def test_one_person_in_two_spellings_is_one_person(asked: str, approved: str, tmp_path: Path) -> None:
    text = f"policy: p\nrules:\n  - {{id: r, {RULE}}}\nwaivers:\n  - rule: r\n    reason: why\n    requested_by: '{asked}'\n"
    (tmp_path / "policy.yaml").write_text(
        f"{text}    approved_by: '{approved}'\n    until: 2027-06-30\n", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:8.*two different people"):
        Policy.load(tmp_path / "policy.yaml")


def test_until_is_the_last_day_and_the_last_thirty_warn(tmp_path: Path) -> None:
    found = policy(tmp_path, RULE, "")
    told = {}
    for left in (31, 30, 1, 0, -1):
        decision = found.judge(audit(), as_of=DAY - timedelta(left))
        told[left] = (decision.rulings[0].status, decision.exit_code, decision.expiring_waivers)
    assert told[31] == ("waived", 0, ())
    assert told[30] == ("waived", 0, ("r: ends on 2027-06-30, in 30 days",))
    assert told[0] == ("waived", 0, ("r: ends on 2027-06-30, in 0 days",))
    assert told[-1] == ("fail", 1, ())


def test_a_waiver_that_holds_wins_over_one_that_has_ended(tmp_path: Path) -> None:
    found = policy(tmp_path, RULE, "", "")
    old, new = found.waivers
    from dataclasses import replace

    ended = replace(old, until=DAY - timedelta(1))
    for order in ((ended, new), (new, ended)):
        ruling = replace(found, waivers=order).judge(audit(), as_of=DAY).rulings[0]
        assert (ruling.status, ruling.waiver, ruling.waiver_expired) == ("waived", new, False)


BASE = f"""policy: base
rules:
  - {{id: r, measure: {GAP}, group: sex, max: 0.1}}
waivers:
  - {{rule: r, reason: why, requested_by: Ada, approved_by: Bo, until: 2027-06-30}}
"""


def test_waivers_of_an_extended_file_hold_with_its_rules(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "policy.yaml").write_text("policy: mine\nextends: [base.yaml]\n")
    assert waived(Policy.load(tmp_path / "policy.yaml")) == ["sex"]


def test_a_waiver_does_not_outlive_the_rule_it_was_given_for(tmp_path: Path) -> None:
    """The extending file sets another limit, which nobody approved a breach of."""
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "policy.yaml").write_text(
        f"policy: mine\nextends: [base.yaml]\nrules:\n  - {{id: r, measure: {GAP}, group: sex, max: 0.01, override: true}}\n"
    )
    decision = Policy.load(tmp_path / "policy.yaml").judge(audit(), as_of=DAY)
    assert (decision.rulings[0].status, decision.exit_code) == ("fail", 1)
    assert decision.unused_waivers == ("r: its rule was replaced",)


def test_a_mistake_in_a_waiver_of_an_extended_file_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE.replace("approved_by: Bo", "approved_by: ada"))
    (tmp_path / "policy.yaml").write_text("policy: mine\nextends: [base.yaml]\n")
    with pytest.raises(ConfigurationError, match=r"base\.yaml:5"):
        Policy.load(tmp_path / "policy.yaml")
