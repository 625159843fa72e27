"""Every rule form × measure × address × baseline × waiver × severity, against the tables of rulings.yaml."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
import ruling_tables as tables

from auditkit.auditing import Audit
from auditkit.finding import Finding, Group, Measure
from auditkit.policy import Baseline, Policy, Rule, Waiver
from auditkit.policy.baseline import Known, place_of
from auditkit.policy.rulings import Decision
from auditkit.stats.uncertainty import Exact, Proportion, Range, Uncertainty

DAY = date(2026, 11, 25)
IDENTIFIER, NAME = "fairness.demographic_parity", "difference"
FULL = f"{IDENTIFIER}.{NAME}"
LIMIT = 0.6  # of max, and the upper one of between
LOWER = 0.4  # of the upper limit's partner in between; min has it mirrored, see `mirrored`

# ---------------------------------------------------------------- where a rule looks


@dataclass(frozen=True)
class Address:
    """How a rule names its rows, the measure that it then means, and another that it means too."""

    rule: dict[str, Any]
    tested: dict[str, Any]
    waiver: Any
    elsewhere: Any
    companion: dict[str, Any] | None = None


F, M = Group.of({"sex": "f"}), Group.of({"sex": "m"})
ADDRESSES = {
    "all rows": Address({}, {}, None, {"sex": "m"}),
    "a gap": Address({"group": "sex"}, {"over": ("sex",)}, "sex", "race"),
    "a gap over an intersection": Address(
        {"group": ("race", "sex")}, {"over": ("sex", "race")}, ("sex", "race"), "sex"
    ),
    "every gap": Address({"group": "*"}, {"over": ("sex",)}, "sex", "age", {"over": ("race",)}),
    "one group": Address({"group": {"sex": "f"}}, {"group": F}, {"sex": "f"}, {"sex": "m"}),
    "each group": Address({"each_group": "sex"}, {"group": F}, {"sex": "f"}, {"sex": "x"}, {"group": M}),
    "each group of all": Address({"each_group": "*"}, {"group": F}, {"sex": "f"}, {"sex": "x"}, {"group": M}),
}
MANY, FEW = 10_000, 100

# --------------------------------------------------------- what was measured, said of a limit of at most .6

MEASURED: dict[str, Uncertainty] = {
    "shown to be kept": Proportion(5000, MANY),
    "shown to be beyond the limit": Proportion(8000, MANY),
    "shown to fall short of the lower limit": Proportion(2000, MANY),
    "the limit lies between the bounds": Proportion(59, FEW),
    "an exact count at the limit": Exact(LIMIT),
    "an exact count just beyond the limit": Exact(LIMIT + 1e-9),
    "a range that keeps the limit": Range(0.45, 0.5, 0.55),
    "a range around the limit": Range(0.5, 0.59, 0.7),
    "a range beyond the limit": Range(0.61, 0.7, 0.8),
}
SILENT = {"insufficient": "insufficient", "suppressed": "suppressed", "undefined": "undefined"}
NOT_THERE = {
    "its auditor was not applicable": "not applicable",
    "its auditor had too little data": "insufficient data",
    "its auditor was left out (--fast or --budget)": "skipped",
    "its auditor died": "error",
}


def mirrored(found: Uncertainty) -> Uncertainty:
    """Return the same on the other side of .5, so that what exceeds .6 falls short of .4."""
    if isinstance(found, Proportion):
        return Proportion(found.n - found.successes, found.n)
    if isinstance(found, Range):
        return Range(1 - found.high, 1 - found.value, 1 - found.low)
    return Exact(LOWER if found.estimate == LIMIT else LOWER - 1e-9)


def measured(found: Uncertainty, **more: Any) -> Measure:
    kind = {"name": NAME, "unit": "difference", "direction": "lower", "n": 100}
    return Measure(value=found.estimate, uncertainty=found, **{**kind, **more})


def measure_of(what: str, form: str, **more: Any) -> Measure:
    if what in MEASURED:
        flip = form == "min" and what != "shown to fall short of the lower limit"
        return measured(mirrored(MEASURED[what]) if flip else MEASURED[what], **more)
    kept = measured(MEASURED["shown to be kept"], **more)
    if what in SILENT:
        return replace(kept, value=None, uncertainty=None, status=SILENT[what], reason="because")
    if what == "measured for other rows":
        return replace(kept, dataset="train")
    changed = {
        "too many rows in groups too small to judge": {"not_covered": 0.051},
        "measured without bounds": {"uncertainty": None},
    }
    return replace(kept, **changed[what])


def audit_of(what: str, form: str, address: Address) -> Audit:
    findings: tuple[Finding, ...] = ()
    if what in NOT_THERE:
        findings = (Finding(id=IDENTIFIER, title="t", status=NOT_THERE[what], reason="because"),)  # type: ignore[arg-type]
    elif what != "its auditor was skipped by name":
        measures = [measure_of(what, form, **address.tested)]
        if address.companion is not None and what != "measured for other rows":
            measures.append(measure_of("shown to be kept", form, **address.companion))
        findings = (Finding(id=IDENTIFIER, title="t", status="measured", measures=tuple(measures)),)
    return Audit(name="m", subject={}, provenance={}, findings=findings)


# --------------------------------------------------------------------- what was accepted


def baseline_of(what: str, form: str, address: Address, now: Measure | None, rule: str) -> Baseline | None:
    """Return a baseline in which the measure was what `what` says, for a limit on the measure itself."""
    if what == "none":
        return None
    if what == "not comparable":
        other = place_of("performance.classification.accuracy", "test", None, ())
        return Baseline({other: Known(0.5, Proportion(50, 100))}, frozenset({(rule, "max", other)}))
    value = 0.5 if now is None or now.value is None else now.value
    up = 1 if form == "min" or value < LOWER else -1  # where a less severe breach lies
    moved = {"adopted and worse": up * 0.3, "adopted and better": -up * 0.15}.get(what, 0.0)
    was = Proportion(round((value + moved) * MANY), MANY)
    place = place_of(FULL, "test", address.tested.get("group"), address.tested.get("over", ()))
    taken = frozenset((rule, kind, place) for kind in ("min", "max")) if what.startswith("adopted") else frozenset()
    return Baseline({place: Known(was.estimate, was)}, taken)


def waiver_of(what: str, rule: str, address: Address) -> tuple[Waiver, ...]:
    days = {"valid": 31, "in its last 30 days": 30, "on its last day": 0, "expired": -1, "of another group": 400}
    if what == "none":
        return ()
    group = address.elsewhere if what == "of another group" else address.waiver if what == "valid" else None
    until = DAY + timedelta(days[what])
    return (Waiver(rule=rule, reason="r", requested_by="a", approved_by="b", until=until, group=group),)


# ---------------------------------------------------------------------------- comparing

SWITCHES = [
    (severity, prove, on_missing)
    for severity in ("block", "warn", "info")
    for prove, on_missing in (("violation", "fail"), ("compliance", "warn"))
]


def expected(
    was: list[str], companions: int, baseline: str, waiver: str, switches: tuple[str, str, str], died: bool
) -> dict[str, Any]:
    """Return what the tables say of rulings that were `was` before anything was accepted."""
    found = [tables.accepted(one, baseline, waiver) for one in was]
    found += [tables.accepted("pass", baseline, waiver)] * companions
    statuses, notes = [ruling for ruling, _ in found], {note for _, note in found}
    code = tables.exit_code(statuses, *switches, died)
    blocked = tables.exit_code([s for s in statuses if s in tables.BREACH], *switches, False) == 1
    told = [] if switches[0] == "info" else statuses
    unused = waiver != "none" and notes == {"unused"}
    calm = "pass" if not unused and all(one == "pass" for one in told) else "pass with warnings"
    return {
        "rulings": sorted(statuses),
        "unused": unused,
        "soon": "soon" in notes,
        "expired": "expired" in notes,
        "exit code": code,
        "verdict": "fail" if blocked else calm if code == 0 else "not decided",
    }


def seen(decision: Decision) -> dict[str, Any]:
    return {
        "rulings": sorted(ruling.status for ruling in decision.rulings),
        "unused": bool(decision.unused_waivers),
        "soon": bool(decision.expiring_waivers),
        "expired": any(ruling.waiver_expired for ruling in decision.rulings),
        "exit code": decision.exit_code,
        "verdict": decision.verdict,
    }


FORMS: dict[str, dict[str, Any]] = {
    "min": {"min": LOWER},
    "max": {"max": LIMIT},
    "between": {"between": (LOWER, LIMIT)},
    "measured": {"measured": True},
}
EVERY_SWITCH = ("all rows", "a gap")  # the others need not be judged under each of them: a verdict knows no address


def cases(form: str) -> Iterator[tuple[str, dict[str, Any], Decision]]:
    rows, accepted = tables.tables()["limits"]["rows"], tables.tables()["accepted"]
    for name, row in product(ADDRESSES, rows):
        address, what = ADDRESSES[name], row["measure"]
        audit = audit_of(what, form, address)
        now = next((m for finding in audit.findings for m in finding.measures), None)
        present = bool(now) and what != "measured for other rows"
        was = tables.one_of_limits(what, form)
        if not present:
            was = was[:1]
        companions = (2 if form == "between" else 1) * (present and address.companion is not None)
        switches = SWITCHES if name in EVERY_SWITCH else SWITCHES[:1]
        for chosen in switches:
            rule = Rule(id="r", measure=FULL, severity=chosen[0], on_missing=chosen[2], **FORMS[form], **address.rule)
            for baseline, waiver in product(accepted["baselines"], accepted["waivers"]):
                policy = Policy(name="p", rules=(rule,), waivers=waiver_of(waiver, "r", address), prove=chosen[1])
                before = baseline_of(baseline, form, address, now, "r")
                decision = policy.judge(audit, as_of=DAY, baseline=before)
                wanted = expected(was, companions, baseline, waiver, chosen, what == "its auditor died")
                yield f"{form}, {name}, {what}, baseline {baseline}, waiver {waiver}, {chosen}", wanted, decision


@pytest.mark.parametrize("form", FORMS)
def test_every_limit_on_every_measure_is_ruled_as_the_tables_say(form: str) -> None:
    count, wrong = 0, []
    for said, wanted, decision in cases(form):
        count += 1
        if wanted != seen(decision):
            wrong.append(f"{said}:\n  wanted {wanted}\n  got    {seen(decision)}")
    assert not wrong, f"{len(wrong)} of {count}\n" + "\n".join(wrong[:5])
    assert count > 10_000


# ------------------------------------------------------------------------------ changes

CHANGES: dict[str, tuple[Uncertainty, Uncertainty]] = {  # now, and in the baseline
    "unchanged": (Proportion(5000, MANY), Proportion(5000, MANY)),
    "unchanged exact count": (Exact(5), Exact(5)),
    "shown to have risen beyond the limit": (Proportion(8000, MANY), Proportion(5000, MANY)),
    "shown to have fallen beyond the limit": (Proportion(2000, MANY), Proportion(5000, MANY)),
    "risen by about the limit": (Proportion(1200, 2000), Proportion(1000, 2000)),
}
RUNS = (0.97, 0.99, 1.0, 1.01, 1.03)


def repeated(times: float, spread: float = 1.0) -> Range:
    """Five runs around so many times 1, a range as wide as energy without a sensor has."""
    runs = tuple(times * (1 + spread * (run - 1)) for run in RUNS)
    return Range(times / 2, times, 3 * times, runs, "one machine, one grid")


RATIOS: dict[str, tuple[Uncertainty, Uncertainty]] = {  # the same of a ratio, whose limit is 1.1
    "unchanged": (repeated(1.0), repeated(1.0)),
    "shown to have risen beyond the limit": (repeated(1.5), repeated(1.0)),
    "shown to have fallen beyond the limit": (repeated(0.5), repeated(1.0)),
    "risen by about the limit": (repeated(1.1), repeated(1.0)),
}
CHANGE_FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "max_increase": ({"max_increase": 0.1}, "none"),
    "max_decrease": ({"max_decrease": 0.1}, "none"),
    "max_ratio": ({"max_ratio": 1.1}, "lower"),
    "no worse (lower is better)": ({"no_worse_than_baseline": True}, "lower"),
    "no worse (higher is better)": ({"no_worse_than_baseline": True}, "higher"),
    "no worse (neither is better)": ({"no_worse_than_baseline": True}, "none"),
}


def change_case(row: str, form: str, address: Address) -> tuple[Audit, Baseline | None]:
    direction = CHANGE_FORMS[form][1]
    both = CHANGES | RATIOS if form == "max_ratio" else CHANGES
    now, was = both.get(row, both["unchanged"])
    measure = measured(now, direction=direction, **address.tested)
    if row == "insufficient today":
        measure = replace(measure, value=None, uncertainty=None, status="insufficient", reason="few")
    finding = Finding(id=IDENTIFIER, title="t", status="measured", measures=(measure,))
    place = place_of(FULL, "test", measure.group, measure.over)
    if row == "not comparable":
        place = place_of(FULL, "train", measure.group, measure.over)
    taken = frozenset(("r", kind, place) for kind in ("min", "max"))  # a rule on a change is never adopted
    before = None if row == "none" else Baseline({place: Known(was.estimate, was)}, taken)
    return Audit(name="m", subject={}, provenance={}, findings=(finding,)), before


@pytest.mark.parametrize("form", CHANGE_FORMS)
def test_every_change_is_ruled_as_the_tables_say(form: str) -> None:
    demand, _ = CHANGE_FORMS[form]
    rows, waivers = tables.tables()["changes"]["rows"], tables.tables()["accepted"]["waivers"]
    single = {name: address for name, address in ADDRESSES.items() if address.companion is None}
    wrong = []
    for row, name, chosen, waiver in product(rows, single, SWITCHES, waivers):
        audit, before = change_case(row["baseline"], form, single[name])
        rule = Rule(id="r", measure=FULL, severity=chosen[0], on_missing=chosen[2], **demand, **single[name].rule)
        policy = Policy(name="p", rules=(rule,), waivers=waiver_of(waiver, "r", single[name]), prove=chosen[1])
        got = seen(policy.judge(audit, as_of=DAY, baseline=before))
        was = tables.one_of_changes(row["baseline"], form)
        wanted = expected(was, 0, "an earlier audit", waiver, chosen, False)
        if wanted != got:
            wrong.append(f"{form}, {row['baseline']}, {name}, {chosen}, {waiver}:\n  wanted {wanted}\n  got    {got}")
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:5])


# --------------------------------------------------------------------------- several rules


def test_of_several_exit_codes_the_first_of_3_1_5_0_holds() -> None:
    def rule(identifier: str, measure: str, **more: Any) -> Rule:
        return Rule(id=identifier, measure=f"{IDENTIFIER}.{measure}", **more)

    def named(name: str, what: str) -> Measure:
        return measure_of(what, "max", name=name)

    measures = (named("kept", "shown to be kept"), named("broken", "shown to be beyond the limit"))
    audit = Audit(
        name="m",
        subject={},
        provenance={},
        findings=(Finding(id=IDENTIFIER, title="t", status="measured", measures=measures),),
    )
    rules = {
        "kept": (rule("kept", "kept", max=LIMIT), 0),
        "broken": (rule("broken", "broken", max=LIMIT), 1),
        "silent": (rule("silent", "absent", max=LIMIT), 3),
        "may be silent": (rule("may be silent", "absent", max=LIMIT, on_missing="warn"), 5),
    }
    order = [3, 1, 5, 0]
    for first, second in product(rules.values(), repeat=2):
        if first is second:
            continue
        code = Policy(name="p", rules=(first[0], second[0])).judge(audit, as_of=DAY).exit_code
        codes = {first[1], second[1]}
        wanted = 0 if codes == {5, 0} else min(codes, key=order.index)
        assert code == wanted, (first[0].id, second[0].id)


# -------------------------------------------------------------------------------- page


def test_the_page_on_rulings_is_made_from_these_tables() -> None:
    """With AUDITKIT_WRITE_GOLDEN it is written anew."""
    if os.environ.get("AUDITKIT_WRITE_GOLDEN"):
        tables.PAGE.write_text(tables.page(), encoding="utf-8")
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page()


def test_every_form_of_a_rule_has_its_column() -> None:
    from auditkit.yamlfile import schema

    demanded = {one["required"][0] for one in schema("policy")["properties"]["rules"]["items"]["oneOf"]}
    spoken = {key for demand in FORMS.values() for key in demand} | {
        key for demand, _ in CHANGE_FORMS.values() for key in demand
    }
    assert spoken == demanded
    assert tables.tables()["limits"]["columns"] == list(FORMS)
    assert tables.tables()["changes"]["columns"] == list(CHANGE_FORMS)
