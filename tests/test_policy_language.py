"""Patterns, changes since a baseline, adoption, deployments and packs."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Finding, Group, Interval, Measure
from auditkit.policy import Policy, Rule, adopting, read_baseline
from auditkit.policy.baseline import baseline_of
from auditkit.policy.loading import load_pack, packs
from auditkit.stats.uncertainty import Exact, Proportion, Range, WorstPair

DAY = date(2026, 11, 25)
PARITY, OPPORTUNITY = "fairness.demographic_parity", "fairness.equal_opportunity"


def gap(successes: tuple[int, int], n: int, over: str = "sex", name: str = "difference") -> Measure:
    pair = WorstPair("difference", tuple(Proportion(k, n) for k in successes))
    return Measure(
        name=name, value=pair.estimate, unit="difference", direction="lower", over=(over,), n=2 * n, uncertainty=pair
    )


def rate(k: int, n: int, **group: str) -> Measure:
    found = Proportion(k, n)
    return Measure(
        name="selection_rate",
        value=found.estimate,
        unit="rate",
        direction="none",
        group=Group.of(group),
        n=n,
        uncertainty=found,
    )


def exact(value: float) -> Measure:
    interval = Interval(value, value, None, "each", "exact", "count")
    return Measure(
        name="k", value=value, unit="count", direction="higher", n=9, interval=interval, uncertainty=Exact(value)
    )


def finding(identifier: str, *measures: Measure, status: str = "measured", reason: str | None = None) -> Finding:
    return Finding(id=identifier, title=identifier, status=status, reason=reason, measures=measures)


def audit_of(*findings: Finding, **subject: object) -> Audit:
    return Audit(name="m", subject=subject, provenance={}, findings=findings)


def judge(audit: Audit, *rules: Rule, **more: object):
    how = {key: more.pop(key) for key in ("baseline",) if key in more}
    return Policy(name="p", rules=rules, **more).judge(audit, as_of=DAY, **how)


def statuses(decision) -> dict[str, str]:
    return {f"{r.measure}|{'×'.join(r.over)}|{r.group or ''}": r.status for r in decision.rulings}


def test_a_pattern_is_held_against_each_measure_it_means() -> None:
    audit = audit_of(finding(PARITY, gap((500, 200), 1000)), finding(OPPORTUNITY, gap((500, 500), 9000, "race")))
    rule = Rule(id="gaps", measure="fairness.*.difference", group="*", max=0.1)
    assert statuses(judge(audit, rule)) == {
        f"{PARITY}.difference|sex|": "fail",
        f"{OPPORTUNITY}.difference|race|": "pass",
    }


def test_a_pattern_does_not_cross_a_dot() -> None:
    rule = Rule(id="x", measure="fairness.*.difference", max=1)
    assert rule.covers("fairness.a_b.difference")
    assert not rule.covers("fairness.a.b.difference") and not rule.covers("data.a.difference")


def test_a_pattern_shares_its_error_among_what_it_means() -> None:
    audit = audit_of(finding(PARITY, gap((500, 500), 9000), gap((500, 500), 9000, "race")))
    rulings = judge(audit, Rule(id="gaps", measure="fairness.*.difference", group="*", max=0.1)).rulings
    assert {round(ruling.adjusted_confidence, 6) for ruling in rulings} == {0.975}


@pytest.mark.parametrize(
    ("status", "expected"),
    [("error", "missing"), ("insufficient data", "missing"), ("skipped", "missing"), ("not applicable", None)],
)
def test_a_pattern_is_not_silent_on_an_auditor_that_could_not_answer(status: str, expected: str | None) -> None:
    audit = audit_of(finding(PARITY, gap((500, 500), 9000)), finding(OPPORTUNITY, status=status, reason="why"))
    decision = judge(audit, Rule(id="gaps", measure="fairness.*.difference", group="*", max=0.1))
    assert statuses(decision).get(f"{OPPORTUNITY}.*||") == expected
    assert decision.exit_code == (3 if expected else 0)


def test_each_group_star_means_the_groups_of_every_column() -> None:
    measures = (rate(50, 1000, sex="f"), rate(500, 1000, race="a"), rate(500, 1000, sex="f", race="a"))
    decision = judge(
        audit_of(finding(PARITY, *measures)), Rule(id="r", measure=f"{PARITY}.selection_rate", each_group="*", min=0.2)
    )
    assert statuses(decision) == {f"{PARITY}.selection_rate||f": "fail", f"{PARITY}.selection_rate||a": "pass"}


@pytest.mark.parametrize(("value", "expected"), [(3, ["fail", "pass"]), (7, ["pass", "pass"]), (12, ["pass", "fail"])])
def test_between_holds_two_limits(value: float, expected: list[str]) -> None:
    decision = judge(
        audit_of(finding("privacy.k_anonymity", exact(value))),
        Rule(id="k", measure="privacy.k_anonymity.k", between=(5, 10)),
    )
    assert [ruling.status for ruling in decision.rulings] == expected


@pytest.mark.parametrize(("now", "was", "status"), [(50, 50, "pass"), (400, 50, "fail"), (130, 100, "inconclusive")])
def test_an_increase_is_judged_by_the_interval_of_the_change(now: int, was: int, status: str) -> None:
    def audit(k: int) -> Audit:
        return audit_of(finding(PARITY, gap((k + 100, 100), 2000)))

    rule = Rule(id="rise", measure=f"{PARITY}.difference", group="sex", max_increase=0.03)
    ruling = judge(audit(now), rule, baseline=audit(was)).rulings[0]
    assert ruling.status == status
    assert ruling.value == pytest.approx((now - was) / 2000) and ruling.baseline == pytest.approx(was / 2000)


def test_the_interval_of_a_change_covers_as_promised() -> None:
    import numpy as np

    from auditkit.policy.baseline import Known
    from auditkit.policy.judging import change

    rng, missed = np.random.default_rng(1), 0
    for first, second in rng.binomial(400, [0.3, 0.2], (2000, 2)):
        now, was = Proportion(int(first), 400), Proportion(int(second), 400)
        missed += change(now.estimate, now, Known(was.estimate, was), 0.95, 0.95).low > 0.1
    assert missed / 2000 <= 0.06


def test_worse_follows_the_direction_of_the_measure() -> None:
    rule = Rule(id="k", measure="privacy.k_anonymity.k", no_worse_than_baseline=True)
    before = audit_of(finding("privacy.k_anonymity", exact(5)))
    found = [
        judge(audit_of(finding("privacy.k_anonymity", exact(k))), rule, baseline=before).rulings[0].status
        for k in (4, 5, 6)
    ]
    assert found == ["fail", "pass", "pass"]


def test_worse_has_no_meaning_where_neither_way_is_better() -> None:
    audit = audit_of(finding(PARITY, replace(rate(5, 10), group=Group())))
    rule = Rule(id="r", measure=f"{PARITY}.selection_rate", no_worse_than_baseline=True)
    ruling = judge(audit, rule, baseline=audit).rulings[0]
    assert ruling.status == "missing" and "neither way is better" in ruling.message


def test_a_change_without_a_baseline_is_missing() -> None:
    rule = Rule(id="k", measure="privacy.k_anonymity.k", max_decrease=1)
    decision = judge(audit_of(finding("privacy.k_anonymity", exact(5))), rule)
    assert (decision.rulings[0].status, decision.exit_code) == ("missing", 3)
    assert "no baseline was given" in decision.rulings[0].message


def test_ranges_change_by_their_extremes() -> None:
    def audit(low: float, value: float, high: float) -> Audit:
        measure = Measure(
            name="energy_per_1000",
            value=value,
            unit="Wh",
            direction="lower",
            dataset="none",
            uncertainty=Range(low, value, high),
        )
        return audit_of(finding("carbon.inference", measure))

    rule = Rule(id="e", measure="carbon.inference.energy_per_1000", max_increase=1)
    ruling = judge(audit(2, 3, 4), rule, baseline=audit(1, 2, 3)).rulings[0]
    assert (ruling.low, ruling.high, ruling.status) == (-1, 3, "inconclusive")


def test_measured_is_enough_where_no_limit_is_known() -> None:
    rule = Rule(id="seen", measure=f"{PARITY}.difference", group="sex", measured=True)
    assert judge(audit_of(finding(PARITY, gap((500, 100), 1000))), rule).exit_code == 0
    silent = judge(audit_of(finding(PARITY, status="insufficient data", reason="few")), rule)
    assert (silent.rulings[0].status, silent.exit_code) == ("missing", 3)


def test_info_never_changes_the_verdict() -> None:
    audit = audit_of(finding(PARITY, gap((500, 100), 1000)), finding("privacy.k_anonymity", exact(9)))
    rules = (
        Rule(id="a", measure=f"{PARITY}.difference", group="sex", max=0.1, severity="info"),
        Rule(id="k", measure="privacy.k_anonymity.k", min=5),
    )
    decision = judge(audit, *rules)
    assert (decision.verdict, decision.exit_code, decision.rulings[0].status) == ("pass", 0, "fail")


@pytest.mark.parametrize(
    ("deployment", "applied"),
    [({"environment": "production"}, True), ({"environment": "test"}, False), ({}, True), (None, True)],
)
def test_a_rule_for_a_deployment_applies_unless_another_is_stated(
    deployment: dict[str, str] | None, applied: bool
) -> None:
    subject = {} if deployment is None else {"deployment": deployment}
    rules = (
        Rule(id="k", measure="privacy.k_anonymity.k", min=5, applies_to={"environment": ("production", "canary")}),
        Rule(id="k1", measure="privacy.k_anonymity.k", min=1),
    )
    decision = judge(audit_of(finding("privacy.k_anonymity", exact(3)), **subject), *rules)
    assert decision.exit_code == (1 if applied else 0)
    assert decision.not_applied == (() if applied else ("k: only for environment production or canary",))


# ------------------------------------------------------------------- adoption


def adopted(audit: Audit, rule: Rule, folder: Path):
    decision = judge(audit, rule)
    (folder / "b.json").write_bytes(adopting(audit, decision, DAY))
    return read_baseline(folder / "b.json")


GAP = Rule(id="gap", measure=f"{PARITY}.difference", group="sex", max=0.1)


def test_an_adopted_breach_blocks_only_when_it_is_shown_to_be_worse(tmp_path: Path) -> None:
    before = adopted(audit_of(finding(PARITY, gap((300, 100), 1000))), GAP, tmp_path)
    same = judge(audit_of(finding(PARITY, gap((310, 100), 1000))), GAP, baseline=before)
    assert (same.rulings[0].status, same.rulings[0].underlying, same.exit_code) == ("adopted", "fail", 0)
    assert same.verdict == "pass with warnings"
    worse = judge(audit_of(finding(PARITY, gap((600, 100), 1000))), GAP, baseline=before)
    assert (worse.rulings[0].status, worse.exit_code) == ("fail", 1)
    assert "is worse by at least" in worse.rulings[0].message


def test_what_passed_when_the_baseline_was_adopted_still_blocks(tmp_path: Path) -> None:
    before = adopted(audit_of(finding(PARITY, gap((100, 100), 5000))), GAP, tmp_path)
    assert judge(audit_of(finding(PARITY, gap((300, 100), 1000))), GAP, baseline=before).exit_code == 1


def test_what_is_missing_is_not_adopted(tmp_path: Path) -> None:
    before = adopted(audit_of(finding(PARITY, status="error", reason="x")), GAP, tmp_path)
    assert judge(audit_of(), GAP, baseline=before).exit_code == 3


def test_a_breach_of_one_limit_adopts_no_breach_of_the_other(tmp_path: Path) -> None:
    both = Rule(id="k", measure="privacy.k_anonymity.k", between=(5, 10))
    before = adopted(audit_of(finding("privacy.k_anonymity", exact(12))), both, tmp_path)
    found = {
        k: [r.status for r in judge(audit_of(finding("privacy.k_anonymity", exact(k))), both, baseline=before).rulings]
        for k in (13, 12, 11, 3)
    }
    assert found == {13: ["pass", "fail"], 12: ["pass", "adopted"], 11: ["pass", "adopted"], 3: ["fail", "pass"]}


def test_the_baseline_file_is_sorted_and_has_a_line_for_each_ruling(tmp_path: Path) -> None:
    audit = audit_of(finding(PARITY, gap((300, 100), 1000)), finding("privacy.k_anonymity", exact(3)))
    rules = Rule(id="k", measure="privacy.k_anonymity.k", min=5), GAP
    text = adopting(audit, judge(audit, *rules), DAY).decode()
    lines = [line for line in text.splitlines() if line.startswith("  {")]
    assert lines == sorted(lines) and len(lines) == 2
    assert text == adopting(audit, judge(audit, *reversed(rules)), DAY).decode()
    assert json.loads(text)["adopted_on"] == "2026-11-25"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"auditkit_baseline": 2}', '{"auditkit_baseline": 1, "adopted_on": "x", "measures": []}']
)
def test_a_damaged_baseline_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"b\.json"):
        read_baseline(tmp_path / "b.json")


def test_an_audit_as_baseline_adopts_nothing() -> None:
    audit = audit_of(finding(PARITY, gap((300, 100), 1000)))
    assert judge(audit, GAP, baseline=baseline_of(audit)).exit_code == 1


# -------------------------------------------------------------------- loading


def refusal(folder: Path, text: str, **others: str) -> ConfigurationError:
    for name, content in others.items():
        (folder / f"{name}.yaml").write_text(content)
    (folder / "policy.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Policy.load(folder / "policy.yaml")
    return caught.value


BASE = "policy: base\nprove: compliance\nrules:\n  - {id: k, measure: privacy.k_anonymity.k, min: 5}\n"


def test_a_policy_holds_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "policy.yaml").write_text(
        "policy: mine\nextends: [base.yaml]\nrules:\n  - {id: k, measure: privacy.k_anonymity.k, min: 11, override: true}\n"
        "  - {id: l, measure: privacy.attribute_disclosure.distinct_l, min: 2}\n"
    )
    policy = Policy.load(tmp_path / "policy.yaml")
    assert [(rule.id, rule.min) for rule in policy.rules] == [("k", 11), ("l", 2)]
    assert (policy.name, policy.prove) == ("mine", "compliance")
    digest = policy.digest
    (tmp_path / "base.yaml").write_text(BASE + "# a remark\n")
    assert Policy.load(tmp_path / "policy.yaml").digest == digest
    (tmp_path / "base.yaml").write_text(BASE.replace("compliance", "violation"))
    assert Policy.load(tmp_path / "policy.yaml").digest != digest


RULE = "rules:\n  - {id: k, measure: privacy.k_anonymity.k, "


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("policy: p\nextends: [base.yaml]\n" + RULE + "min: 6}\n", 4, "rule id 'k' stands in base.yaml too"),
        ("policy: p\nextends: [bse.yaml]\n", 2, "no such file: 'bse.yaml'.*Did you mean 'base.yaml'"),
        ("policy: p\nextends: [auditkit:startr]\n", 2, "there is no pack 'auditkit:startr'"),
        ("policy: p\nextends: [policy.yaml]\n", 2, "the policy extends itself"),
        ("policy: p\n" + RULE + "min: 6, override: true}\n", 3, "nothing to override"),
        (
            "policy: p\n" + RULE + "min: 6}\n  - {id: m, measure: privacy.k_anonymity.k, max: 5}\n",
            4,
            "no value keeps both 'k' .at least 6. and 'm'",
        ),
        ("policy: p\n" + RULE + "between: [6, 5]}\n", 3, "wanted the lower limit first"),
        ("policy: p\n" + RULE + "}\n", 3, "got none in rules"),
        (
            "policy: p\nrules:\n  - {id: x, measure: 'fairness.*.accuracyy', max: 1}\n",
            3,
            "no auditor makes a measure like",
        ),
        ("policy: p\n", 1, "the policy has no rules"),
        (
            "policy: p\n"
            + RULE
            + "min: 6}\nwaivers:\n  - {rule: kk, reason: r, requested_by: a, approved_by: b, until: 2027-01-01}\n",
            5,
            "no rule has this id. Did you mean 'k'",
        ),
    ],
)
def test_a_policy_that_cannot_hold_is_told_at_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    error = refusal(tmp_path, text, base=BASE)
    assert error.line == line
    assert re.search(message, error.message), error.message


# ---------------------------------------------------------------------- packs


@pytest.mark.parametrize("name", ["carbon", "four-fifths", "high-risk", "ll144", "privacy-default", "starter"])
def test_a_pack_is_short_dated_and_has_sources(name: str) -> None:
    found = load_pack(name)
    assert found.rules and len(found.rules) <= 8
    assert date.fromisoformat(found.data["dated"]) <= date(2027, 1, 1)
    assert found.data["about"] and found.data["sources"]
    assert all(rule.why for rule in found.rules)


def test_the_packs_are_those_that_are_documented() -> None:
    assert list(packs()) == ["carbon", "four-fifths", "high-risk", "ll144", "privacy-default", "starter"]
    assert load_pack("high-risk").data["prove"] == "compliance"
    assert all(rule.measured for rule in load_pack("ll144").rules)


def test_a_pack_is_extended_and_changed(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "policy: mine\nextends: [auditkit:four-fifths]\nrules:\n"
        "  - {id: four-fifths, measure: fairness.demographic_parity.ratio, group: sex, min: 0.9, override: true}\n"
    )
    assert [(rule.group, rule.min) for rule in Policy.load(tmp_path / "policy.yaml").rules] == [("sex", 0.9)]


def test_packs_can_be_extended_together(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        f"policy: all\nextends: [{', '.join(f'auditkit:{name}' for name in packs())}]\n"
    )
    assert len(Policy.load(tmp_path / "policy.yaml").rules) == sum(len(load_pack(name).rules) for name in packs())
