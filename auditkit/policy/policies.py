"""A policy: rules and waivers that turn an audit into a decision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.policy.accepting import adopt, waive
from auditkit.policy.baseline import Baseline, baseline_of
from auditkit.policy.conflicts import check_columns
from auditkit.policy.judging import is_estimate, matches, rulings_of
from auditkit.policy.loading import load
from auditkit.policy.rules import Place, Prove, Rule, Waiver
from auditkit.policy.rulings import Decision, verdict_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules (which measure, which limit, how sure, how severe, why, whose) and waivers.

    ``false_alarm`` is the chance, shared equally over the blocking rules on estimates, that a policy whose every
    limit is kept shows any blocking *fail*. ``places`` says where each rule stands, one of a built-in pack at the ``extends``
    that names the pack. ``replaced_waivers`` were given for rules that an extending file replaces: they hold no longer.
    """

    name: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    replaced_waivers: tuple[Waiver, ...] = ()
    prove: Prove = "violation"
    false_alarm: float = 0.05
    digest: str = ""
    valid_for_days: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read policy.yaml, with the packs and files that it extends.

        Raises
        ------
        ConfigurationError
            If the file is missing, has an unknown key, a rule without a limit, a measure that no auditor makes, limits
            that cannot hold together, or a waiver for a rule that is not there; with file, line and column.
        """
        found = load(Path(path))
        return cls(
            name=str(found.data["policy"]),
            rules=found.rules,
            waivers=found.waivers,
            replaced_waivers=found.replaced_waivers,
            prove=found.data.get("prove", "violation"),
            false_alarm=float(found.data.get("false_alarm", 0.05)),
            places=found.places,
            valid_for_days=found.data.get("valid_for_days"),
            digest=hashlib.sha256(found.canonical).hexdigest(),
        )

    def check_columns(self, sensitive: Sequence[str], deployment: Mapping[str, object]) -> None:
        """Refuse a rule on groups of a column that an audit does not compare: nothing could ever match it.

        Raises
        ------
        ConfigurationError
            At the rule.
        """
        check_columns(self.rules, self.places, sensitive, deployment)

    def judge(self, audit: Audit, *, as_of: date | None = None, baseline: Audit | Baseline | None = None) -> Decision:
        """Judge an audit by its bounds: fail when a limit is shown to be exceeded, pass when it is shown to be kept.

        Parameters
        ----------
        audit : Audit
        as_of : date, optional
            The day that waivers are read at; default today (UTC).
        baseline : Audit or Baseline, optional
            What changes are measured against: an earlier audit, or the baseline file that was adopted.

        Returns
        -------
        Decision

        Notes
        -----
        What was not measured is never a pass. With m blocking rules on estimates a blocking fail is stated at
        confidence 1 - false_alarm / m, shared equally over the measures of one rule; a pass at the rule's own confidence.
        """
        if not isinstance(audit, Audit):
            raise ConfigurationError(
                f"judge takes an Audit, got {type(audit).__name__}; of what ak.load gives, pass .audit"
            )
        day = as_of or datetime.now(UTC).date()
        before = baseline_of(baseline) if isinstance(baseline, Audit) else baseline
        given = audit.subject.get("deployment")
        deployment = given if isinstance(given, Mapping) else {}
        applied = [rule for rule in self.rules if rule.applies(deployment)]
        matched = [(rule, matches(rule, audit)) for rule in applied]
        estimates = sum(
            rule.severity == "block"
            and (rule.max_ratio is not None or any(is_estimate(measure) for _, measure in found))
            for rule, found in matched
        )
        blocking = 1 - self.false_alarm / max(1, estimates)
        judged = [ruling for rule, found in matched for ruling in rulings_of(rule, found, blocking, audit, before)]
        waived, unused, soon = waive(adopt(judged, before, audit), self.waivers, day)
        problems = tuple(f"{finding.id}: {finding.reason}" for finding in audit.findings if finding.status == "error")
        idle = (*unused, *(f"{w.rule}: its rule was replaced" for w in self.replaced_waivers))
        verdict, code = verdict_of(waived, self.prove, died=bool(problems), unused=bool(idle))
        return Decision(
            policy=self.name,
            policy_digest=self.digest,
            as_of=day,
            prove=self.prove,
            false_alarm=self.false_alarm,
            verdict=verdict,
            inconclusive=any(ruling.status == "inconclusive" for ruling in waived),
            exit_code=code,
            rulings=tuple(waived),
            problems=problems,
            unused_waivers=idle,
            expiring_waivers=soon,
            not_applied=tuple(_elsewhere(rule) for rule in self.rules if rule not in applied),
            valid_for_days=self.valid_for_days,
            baseline="" if before is None else before.said,
        )


def _elsewhere(rule: Rule) -> str:
    wanted = ", ".join(f"{name} {' or '.join(values)}" for name, values in rule.applies_to.items())
    return f"{rule.id}: only for {wanted}"
