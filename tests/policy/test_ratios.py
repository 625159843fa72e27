"""A ratio to the baseline: of repeated runs under the same conditions, or not comparable."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_ind

from auditkit.auditing import Audit
from auditkit.finding import Finding, Measure
from auditkit.policy import Policy, Rule, adopting, read_baseline
from auditkit.policy.ratios import ratio_of_runs
from auditkit.record import as_json
from auditkit.stats.uncertainty import Exact, Range, Uncertainty, from_dict

HERE = "one processor; codecarbon 3, process; France, 2023"
NOW = Range(0.5, 1.2, 4.0, (1.21, 1.19, 1.22, 1.18, 1.2), HERE)
WAS = Range(0.5, 1.0, 3.4, (1.0, 1.02, 0.98, 1.01, 0.99), HERE)


def audit_of(uncertainty: Range) -> Audit:
    measure = Measure(
        name="emissions_per_1000",
        value=uncertainty.value,
        unit="gCO2e",
        direction="lower",
        n=1000,
        uncertainty=uncertainty,
        volatile=True,
    )
    finding = Finding(id="carbon.inference", title="Energy", status="measured", measures=(measure,), volatile=True)
    return Audit(name="m", subject={}, provenance={}, findings=(finding,))


RULE = Rule(id="e", measure="carbon.inference.emissions_per_1000", max_ratio=1.1, severity="warn")


def test_bounds_are_those_of_welch_on_logarithms() -> None:
    found = ratio_of_runs(NOW, WAS, 0.95, 0.95)
    assert not isinstance(found, str)
    value, low, high = found
    logs = np.log(NOW.runs), np.log(WAS.runs)
    peer = ttest_ind(*logs, equal_var=False).confidence_interval(0.9)
    assert value == pytest.approx(math.exp(logs[0].mean() - logs[1].mean()))
    assert (low, high) == (pytest.approx(math.exp(peer.low)), pytest.approx(math.exp(peer.high)))


def test_the_width_of_the_power_model_goes_out_of_a_ratio() -> None:
    ruling = Policy(name="p", rules=(RULE,)).judge(audit_of(NOW), baseline=audit_of(WAS)).rulings[0]
    assert (ruling.status, ruling.unit, ruling.severity) == ("fail", "ratio", "warn")
    assert ruling.low is not None and 1.1 < ruling.low < 1.2
    assert ruling.baseline == 1.0
    assert "1.2 times the baseline" in ruling.message


@pytest.mark.parametrize(
    ("now", "was", "reason"),
    [
        (replace(NOW, runs=NOW.runs[:4]), WAS, "4 runs now and 5 in the baseline"),
        (Range(0.5, 1.2, 4.0), WAS, "1 runs now"),
        (replace(NOW, conditions=HERE.replace("2023", "2022")), WAS, "2023.*2022|2022.*2023"),
        (replace(NOW, conditions="another processor"), WAS, "another processor"),
        (replace(NOW, runs=(0.0, *NOW.runs[1:])), WAS, "a run of 0"),
        (Exact(5), WAS, "only measures of repeated runs"),
    ],
)
def test_what_cannot_be_compared_is_said_and_never_judged(now: Uncertainty, was: Uncertainty, reason: str) -> None:
    found = ratio_of_runs(now, was, 0.95, 0.95)
    assert isinstance(found, str) and found.startswith("not comparable: ")
    assert re.search(reason, found)


def test_a_ruling_that_is_not_comparable_is_missing_and_a_warning_by_the_pack(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("policy: p\nextends: [auditkit:carbon]\n")
    policy = Policy.load(tmp_path / "policy.yaml")
    elsewhere = audit_of(replace(WAS, conditions="another processor"))
    decision = policy.judge(audit_of(NOW), baseline=elsewhere)
    ruling = next(ruling for ruling in decision.rulings if ruling.rule == "carbon-emissions-ratio")
    assert (ruling.status, ruling.severity) == ("missing", "warn")
    assert "not comparable" in ruling.message
    assert decision.exit_code == 5  # nothing was evaluated, and nothing blocks
    assert all(rule.severity == "warn" for rule in policy.rules)


def test_runs_and_conditions_outlive_the_record_and_the_baseline_file(tmp_path: Path) -> None:
    assert from_dict(NOW.as_dict()) == NOW
    policy, found = Policy(name="p", rules=(RULE,)), audit_of(WAS)
    decision = policy.judge(found)
    path = tmp_path / "auditkit-baseline.json"
    path.write_bytes(adopting(found, decision, decision.as_of))
    assert policy.judge(audit_of(NOW), baseline=read_baseline(path)).rulings[0].status == "fail"
    assert HERE in json.dumps(as_json(found, decision), default=str)


def test_half_as_much_again_is_shown_by_five_runs_that_differ_by_a_few_percent() -> None:
    """The limit of the pack: runs spread by 3 % show 1.6 times to exceed 1.5, and 1.4 times to keep it."""
    rng = np.random.default_rng(0)
    rule = replace(RULE, max_ratio=1.5)
    statuses = []
    for times in (1.6, 1.4):
        now, was = (tuple(scale * np.exp(rng.normal(0, 0.03, 5))) for scale in (times, 1.0))
        audits = [audit_of(Range(min(runs) / 2, runs[0], 3 * max(runs), runs, HERE)) for runs in (now, was)]
        statuses.append(Policy(name="p", rules=(rule,)).judge(audits[0], baseline=audits[1]).rulings[0].status)
    assert statuses == ["fail", "pass"]


@pytest.mark.statistics
def test_a_ratio_that_is_the_limit_is_called_a_breach_as_often_as_stated() -> None:
    rng = np.random.default_rng(7)
    rounds, wrong = 4000, 0
    for _ in range(rounds):
        now, was = (tuple(scale * np.exp(rng.normal(0, 0.05, 5))) for scale in (1.5, 1.0))
        found = ratio_of_runs(Range(0, 1, 9, now, HERE), Range(0, 1, 9, was, HERE), 0.95, 0.95)
        assert not isinstance(found, str)
        wrong += found[1] > 1.5
    assert abs(wrong / rounds - 0.05) < 0.012
