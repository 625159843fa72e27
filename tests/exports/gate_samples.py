"""Decisions for the tests of outputs: rulings that end in every way, and names that would be more than names."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from auditkit.auditing import Audit
from auditkit.exports.gate_lines import Sources
from auditkit.finding import Group
from auditkit.policy import Decision, Place, Ruling, Status, Waiver, verdict_of
from auditkit.record import Record

STATUSES: tuple[Status, ...] = get_args(Status)
HOSTILE = (
    "\"'><script>alert(1)</script>&lt;{{7*7}}|`a`::error::%0A%25\x00\x0b\x1b[2J\x7f\x85\ud7ff\ud800\ufffe\u202e\u2028,=,"
    "@admin #1 GH-1 http://x.example www.x.example [a](b) ![c](d) ]]> ##[error]x ##vso[task.complete]y $x$ -->"
    "\r\n::set-env name=A::b\n/close\n# EOF\n| a | b |\\"
)
SOURCES = Sources(
    {"r0": Place("models/policy.yaml", 3, 5), "r1": Place("models/policy.yaml", 7, 5)},
    "models/policy.yaml",
    "models/audit.yaml",
)


def ruling(number: int, status: str, name: str = "sex", **more: Any) -> Ruling:
    waiver = Waiver(
        rule=f"r{number}",
        reason=f"because of {name}",
        requested_by="Lending",
        approved_by="Data Protection",
        until=date(2027, 1, 31),
    )
    known = status not in ("missing", "insufficient")
    value = 0.7 + number / 100
    plain = {
        "rule": f"r{number}",
        "measure": "fairness.demographic_parity.ratio",
        "status": status,
        "underlying": "fail" if status in ("waived", "adopted") else status,
        "limit": 0.8,
        "limit_kind": "min",
        "confidence": 0.95,
        "adjusted_confidence": 0.99,
        "severity": "block",
        "over": (name,),
        "value": value if known else None,
        "unit": "ratio",
        "low": value - 0.05 if known else None,
        "high": value + 0.0625 if known else None,
        "kind": "interval" if known else None,
        "waiver": waiver if status == "waived" else None,
        "rows": 16281,
        "rows_needed": 93_900 if status == "inconclusive" else None,
        "owner": "Lending Models",
    }
    filled = {**plain, **more}
    sign = "at most" if filled["limit_kind"] == "max" else "at least"
    said = f"not measured because of {name}"
    if known:
        bounds = f"at least {filled['low']:.3g} (95.0%), at most {filled['high']:.3g} (99.0%)"
        said = f"measured {filled['value']:.3g}, limit {sign} {filled['limit']:.3g}; {bounds}"
    return Ruling(**{"message": said, **filled})


def record_of(
    *rulings: Ruling, name: str = "model", problems: tuple[str, ...] = (), prove: Any = "violation", **more: Any
) -> Record:
    verdict, code = verdict_of(rulings, prove, died=bool(problems), unused=bool(more.get("unused_waivers")))
    decision = Decision(
        policy=f"policy of {name}",
        policy_digest="ab" * 32,
        as_of=date(2026, 11, 25),
        prove=prove,
        false_alarm=0.05,
        verdict=verdict,
        inconclusive=any(one.status == "inconclusive" for one in rulings),
        exit_code=code,
        rulings=rulings,
        problems=problems,
        **more,
    )
    audit = Audit(
        name=name,
        subject={},
        provenance={"auditkit": "0.1.0"},
        findings=(),
        run={"started": "2026-11-25T10:00:00+00:00"},
    )
    return Record(audit, decision, "f0" * 32)


def every(name: str = "sex") -> Record:
    """Return rulings that end in every way, block, warn and inform; a range, an exact count, two limits, a group."""
    old = ruling(
        7, "fail", name, waiver_expired=True, waiver=ruling(7, "waived", name).waiver, group=Group.of({name: name}), over=()
    )  # fmt: skip
    pattern = ruling(8, "fail", name, severity="warn", why=f"law of {name}")
    counted = {"limit": 5, "value": 1, "low": 1, "high": 1, "kind": "exact", "over": (), "unit": "count"}
    return record_of(
        *(ruling(number, status, name) for number, status in enumerate(STATUSES)),
        old,
        pattern,
        ruling(9, "fail", name, severity="info", measure="privacy.k_anonymity.k", **counted),
        ruling(10, "pass", name, limit=0.6),
        ruling(10, "pass", name, limit=1.0, limit_kind="max"),
        ruling(11, "fail", name, of_change=True, baseline=0.9, limit=-0.01, value=-0.09, low=-0.12, high=-0.06),
        ruling(12, "missing", name, on_missing="warn", limit=None, limit_kind="measured"),
        ruling(13, "insufficient", name, severity="warn"),
        name=name if name != "sex" else "Income classifier",
        problems=(f"data.drift: ValueError: {name}",),
        unused_waivers=(f"r0: nothing to waive in {name}",),
        expiring_waivers=("r5: ends on 2026-12-01, in 6 days",),
        not_applied=(f"r99: only for environment {name}",),
        baseline="auditkit-baseline.json, adopted on 2026-11-01, sha256 0123456789ab",
        valid_for_days=90,
    )


def hostile() -> Record:
    return every(HOSTILE)
