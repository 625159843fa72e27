"""A gate as an assertion of a test, with an error that reads as the gate does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from auditkit.auditing import Audit
from auditkit.errors import ConfigurationError
from auditkit.exports.gate_lines import Line, Sources, counted, deaths, lines, notices, summary
from auditkit.policy import Baseline, Decision, Policy
from auditkit.policy.loading import policy_path
from auditkit.record import Record, load
from auditkit.run import baseline_for

_MARKS = {"error": "BLOCKS", "warning": "warns", "note": "told"}


class GateFailure(AssertionError):
    """A gate that is not passed; the message names each ruling that closes it."""


def assert_gate(
    audit: Audit | Record | str | Path,
    policy: Policy | str | Path,
    *,
    as_of: date | None = None,
    baseline: Audit | str | Path | None = None,
) -> Decision:
    """Assert that a policy lets an audit pass, as ``auditkit gate`` does: the exit code must be 0.

    Parameters
    ----------
    audit : Audit, Record or path
        An audit, what `auditkit.load` gives, an audit.json, or the report folder that holds it.
    policy : Policy or path
        policy.yaml, or a policy that comes with auditkit, such as ``"auditkit:starter"``.
    as_of : date, optional
        The day that waivers are read at; default today (UTC).
    baseline : Audit or path, optional
        What changes are measured against; default the file auditkit-baseline.json beside policy.yaml, if it is there.

    Returns
    -------
    Decision
        With what only warns.

    Raises
    ------
    GateFailure
        If a blocking rule failed or could not be judged, an auditor died, or nothing was evaluated. It is an
        ``AssertionError``.
    AuditkitError
        If a file is missing or wrong.
    """
    __tracebackhide__ = True
    found = _audit_of(audit)
    file = None if isinstance(policy, Policy) else policy_path(policy)
    rules = policy if isinstance(policy, Policy) else Policy.load(policy_path(policy))
    before = baseline if isinstance(baseline, Audit) else _baseline(file, baseline)
    decision = rules.judge(found, as_of=as_of, baseline=before)
    if decision.exit_code != 0:
        raise GateFailure(failure_text(decision, Sources(rules.places, str(file or rules.name))))
    return decision


def _audit_of(given: Audit | Record | str | Path) -> Audit:
    if isinstance(given, Audit):
        return given
    if isinstance(given, Record):
        return given.audit
    if not isinstance(given, str | Path):
        raise ConfigurationError(
            f"audit: got {type(given).__name__}, wanted an Audit, a Record or the path of audit.json"
        )
    path = Path(given)
    return load(path / "audit.json" if path.is_dir() else path).audit


def _baseline(policy: Path | None, given: str | Path | None) -> Baseline | None:
    if policy is None and given is None:
        return None
    return baseline_for(policy or Path(), None if given is None else Path(given))


def failure_text(decision: Decision, sources: Sources) -> str:
    """Return what closes the gate first, then what warns, then how many ended in which way."""
    found = lines(decision, sources)
    closing = [line for line in found if line.level == "error"]
    told = [f"verdict: {summary(decision)}"]
    told += [f"  BLOCKS  {death.auditor} died: {death.reason}" for death in deaths(decision)]
    told += [part for line in closing for part in _said(line)]
    if decision.exit_code == 5:
        told.append("  nothing was evaluated: no measure that a rule names was measured")
    told += [part for line in found if line.level == "warning" for part in _said(line)]
    told += [f"  warns   {notice.text}" for notice in notices(decision, sources)]
    told.append("; ".join(f"{number} {status}" for status, number in counted(decision).items()) or "no rulings")
    return "\n".join(told)


def _said(line: Line) -> list[str]:
    place = f"{Path(line.place.file).name}:{line.place.line}"
    return [f"  {_MARKS[line.level]:7} {line.name}  [{place}, {line.code}]", f"          {line.text}"]
