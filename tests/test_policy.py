"""Rules judge bounds; silence never passes; waivers end."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Finding, Group, Interval, Measure
from auditkit.policy import Policy, Rule, Waiver
from auditkit.stats.uncertainty import Exact, Proportion, Range, WorstPair

DAY = date(2026, 11, 25)


def gap(successes: tuple[int, int], n: int, **more: object) -> Measure:
    pair = WorstPair("difference", tuple(Proportion(k, n) for k in successes))
    return Measure(
        name="difference",
        value=pair.estimate,
        unit="difference",
        direction="lower",
        over=("sex",),
        n=2 * n,
        uncertainty=pair,
        **more,
    )


def exact(value: float) -> Measure:
    interval = Interval(value, value, None, "each", "exact", "count")
    return Measure(
        name="k", value=value, unit="count", direction="higher", n=100, interval=interval, uncertainty=Exact(value)
    )


def audit_with(*findings: Finding) -> Audit:
    return Audit(name="m", subject={}, provenance={}, findings=findings)


def parity(*measures: Measure, status: str = "measured", reason: str | None = None) -> Finding:
    return Finding(id="fairness.demographic_parity", title="Parity", status=status, reason=reason, measures=measures)


RULE = Rule(id="gap", measure="fairness.demographic_parity.difference", group="sex", max=0.1)


def judge(audit: Audit, *rules: Rule, **more: object):
    return Policy(name="p", rules=rules, **more).judge(audit, as_of=DAY)


@pytest.mark.parametrize(
    ("successes", "n", "status", "code"),
    [((500, 200), 1000, "fail", 1), ((500, 505), 5000, "pass", 0), ((50, 38), 100, "inconclusive", 0)],
)
def test_bounds_decide_and_not_the_estimate(successes: tuple[int, int], n: int, status: str, code: int) -> None:
    decision = judge(audit_with(parity(gap(successes, n))), RULE)
    assert (decision.rulings[0].status, decision.exit_code) == (status, code)


def test_inconclusive_blocks_only_when_compliance_must_be_proven() -> None:
    audit = audit_with(parity(gap((50, 38), 100)))
    assert judge(audit, RULE).exit_code == 0
    strict = judge(audit, RULE, prove="compliance")
    assert (strict.exit_code, strict.verdict, strict.inconclusive) == (1, "fail", True)


def test_inconclusive_says_how_many_rows_would_settle_it() -> None:
    ruling = judge(audit_with(parity(gap((50, 38), 100))), RULE).rulings[0]
    assert ruling.rows_needed is not None
    assert ruling.rows_needed > 200


@pytest.mark.parametrize("status", ["not applicable", "insufficient data", "skipped"])
def test_what_was_not_measured_never_passes(status: str) -> None:
    decision = judge(audit_with(parity(status=status, reason="because")), RULE)
    assert (decision.rulings[0].status, decision.exit_code, decision.verdict) == ("missing", 3, "not decided")


def test_a_rule_whose_auditor_never_ran_is_missing() -> None:
    assert judge(audit_with(), RULE).exit_code == 3


def test_a_missing_measure_that_may_be_missing_evaluates_nothing() -> None:
    assert judge(audit_with(), replace(RULE, on_missing="warn")).exit_code == 5


def test_an_auditor_that_died_gives_3_even_when_no_rule_names_it() -> None:
    dead = Finding(id="privacy.k_anonymity", title="k", status="error", reason="ValueError: x")
    decision = judge(audit_with(parity(gap((500, 505), 5000)), dead), RULE)
    assert (decision.exit_code, decision.problems) == (3, ("privacy.k_anonymity: ValueError: x",))


def test_insufficient_when_too_many_rows_are_not_covered() -> None:
    ruling = judge(audit_with(parity(gap((500, 505), 5000, not_covered=0.06))), RULE).rulings[0]
    assert ruling.status == "insufficient"


def test_the_error_budget_is_shared_over_blocking_rules_on_estimates() -> None:
    rules = [replace(RULE, id=str(number)) for number in range(5)]
    rulings = judge(audit_with(parity(gap((500, 505), 5000))), *rules).rulings
    assert {round(ruling.adjusted_confidence, 6) for ruling in rulings} == {0.99}
    assert {ruling.confidence for ruling in rulings} == {0.95}


def test_exact_counts_are_judged_as_they_are() -> None:
    finding = Finding(id="privacy.k_anonymity", title="k", status="measured", measures=(exact(5),))
    rule = Rule(id="k", measure="privacy.k_anonymity.k", min=5)
    assert judge(audit_with(finding), rule).rulings[0].status == "pass"
    assert judge(audit_with(finding), replace(rule, min=6)).rulings[0].status == "fail"


def test_a_range_fails_only_if_its_low_end_exceeds() -> None:
    def ruled(low: float, high: float) -> str:
        measure = Measure(
            name="energy_per_1000",
            value=2.0,
            unit="Wh",
            direction="lower",
            dataset="none",
            uncertainty=Range(low, 2.0, high),
        )
        finding = Finding(id="carbon.inference", title="Energy", status="measured", measures=(measure,))
        return (
            judge(audit_with(finding), Rule(id="e", measure="carbon.inference.energy_per_1000", max=2.5))
            .rulings[0]
            .status
        )

    assert [ruled(1, 3), ruled(1, 2.4), ruled(2.6, 3)] == ["inconclusive", "pass", "fail"]


def test_a_waiver_holds_until_its_last_day_and_no_longer() -> None:
    audit = audit_with(parity(gap((500, 200), 1000)))
    waiver = Waiver(rule="gap", reason="r", requested_by="a", approved_by="b", until=DAY)
    assert judge(audit, RULE, waivers=(waiver,)).rulings[0].status == "waived"
    late = Policy(name="p", rules=(RULE,), waivers=(waiver,)).judge(audit, as_of=date(2026, 11, 26))
    assert (late.rulings[0].status, late.rulings[0].waiver_expired, late.exit_code) == ("fail", True, 1)


def test_a_waiver_never_turns_what_was_not_measured_into_a_pass() -> None:
    waiver = Waiver(rule="gap", reason="r", requested_by="a", approved_by="b", until=DAY)
    decision = judge(audit_with(), RULE, waivers=(waiver,))
    assert (decision.rulings[0].status, decision.exit_code) == ("missing", 3)


def test_a_waiver_that_waives_nothing_is_named() -> None:
    waiver = Waiver(rule="gap", reason="r", requested_by="a", approved_by="b", until=DAY)
    assert judge(audit_with(parity(gap((500, 505), 5000))), RULE, waivers=(waiver,)).unused_waivers == (
        "gap: nothing to waive",
    )


def test_a_waiver_that_waives_nothing_is_a_warning_and_blocks_nothing() -> None:
    waiver = Waiver(rule="gap", reason="r", requested_by="a", approved_by="b", until=DAY)
    audit = audit_with(parity(gap((500, 505), 5000)))
    kept = Policy(name="p", rules=(RULE,)).judge(audit, as_of=DAY)
    assert (kept.verdict, kept.exit_code) == ("pass", 0)
    told = judge(audit, RULE, waivers=(waiver,))
    assert (told.verdict, told.exit_code) == ("pass with warnings", 0)


def test_addresses_pick_the_gap_the_group_or_each_group() -> None:
    rates = [
        Measure(
            name="selection_rate",
            value=k / 100,
            unit="rate",
            direction="none",
            group=Group.of({"sex": sex}),
            n=100,
            uncertainty=Proportion(k, 100),
        )
        for sex, k in (("f", 40), ("m", 60))
    ]
    audit = audit_with(parity(gap((500, 505), 5000), *rates))
    rule = Rule(id="r", measure="fairness.demographic_parity.selection_rate", group={"sex": "f"}, min=0.2)
    assert [str(r.group) for r in judge(audit, rule).rulings] == ["f"]
    each = replace(rule, group=None, each_group="sex")
    assert [str(r.group) for r in judge(audit, each).rulings] == ["f", "m"]


POLICY = """policy: p
rules:
  - {id: gap, measure: MEASURE, group: sex, max: 0.1}
waivers:
  - {rule: gap, reason: r, requested_by: a, approved_by: BY, until: 2027-06-30}
"""


def load(folder: Path, **changes: str) -> Policy:
    text = POLICY
    for name, value in {"MEASURE": "fairness.demographic_parity.difference", "BY": "b", **changes}.items():
        text = text.replace(name, value)
    (folder / "policy.yaml").write_text(text)
    return Policy.load(folder / "policy.yaml")


def test_a_policy_is_read_from_yaml(tmp_path: Path) -> None:
    policy = load(tmp_path)
    assert (policy.rules[0].max, policy.waivers[0].until) == (0.1, date(2027, 6, 30))


def test_a_measure_that_no_auditor_makes_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:3.*Did you mean 'fairness.demographic_parity'"):
        load(tmp_path, MEASURE="fairness.demografic_parity.difference")


def test_a_waiver_takes_two_people(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="two different people"):
        load(tmp_path, BY="a")


def test_a_rule_that_names_no_groups_or_wrong_ones_is_told_where_its_measure_is() -> None:
    rate = replace(exact(0.5), name="rate")
    women, men = (replace(rate, group=Group.of({"sex": sex})) for sex in ("f", "m"))
    audit = audit_with(Finding(id="a.b", status="measured", title="B", measures=(gap((30, 20), 100), rate, women, men)))

    def told(measure: str, **more: object) -> str:
        rule = Rule(id="r", measure=measure, max=0.1, **more)
        (ruling,) = Policy(name="p", rules=(rule,)).judge(audit, as_of=DAY).rulings
        assert ruling.status == "missing"
        return ruling.message

    assert "say group: sex" in told("a.b.difference")
    assert "say group: sex" in told("a.b.difference", group={"sex": "f"})
    assert "it was measured for f, m" in told("a.b.rate", group={"sex": "female"})
    assert "say each_group: sex" in told("a.b.rate", group="sex")
    assert "it was measured for dataset: test" in told("a.b.rate", dataset="train")
    assert "a.b measured: difference, rate" in told("a.b.k")


def test_a_decision_is_shown_in_one_line() -> None:
    audit = audit_with(Finding(id="a.b", status="measured", title="B", measures=(exact(0.5),)))
    decision = Policy(name="p", rules=(Rule(id="r", measure="a.b.k", min=1.0),)).judge(audit, as_of=DAY)
    assert repr(decision) == "Decision('p', fail, exit code 1: 1 fail)"
