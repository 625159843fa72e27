"""Rules, waivers and how a policy turns an audit into a decision."""

from auditkit.policy.baseline import Baseline, adopting, baseline_of, read_baseline
from auditkit.policy.policies import Policy
from auditkit.policy.rules import Limit, Place, Prove, Rule, Severity, Waiver
from auditkit.policy.rulings import Decision, Ruling, Status, Verdict, verdict_of

__all__ = [
    "Baseline",
    "Decision",
    "Limit",
    "Place",
    "Policy",
    "Prove",
    "Rule",
    "Ruling",
    "Severity",
    "Status",
    "Verdict",
    "Waiver",
    "adopting",
    "baseline_of",
    "read_baseline",
    "verdict_of",
]
