"""Records for the tests of rendering: one audit, judged in every way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from auditkit.auditing import Audit
from auditkit.changes import Before, Changes, RulingChange
from auditkit.comparing import Change, Comparison
from auditkit.coverage.packs import Pack, pack_of
from auditkit.finding import Column, Evidence, Finding, Group, Interval, Measure
from auditkit.policy import Decision, Ruling, Waiver
from auditkit.questions.asking import board_questions, file_questions
from auditkit.record import Record

DIGEST = "4f1c09ae" * 8
CARD = {
    "purpose": "Estimates whether a loan will be repaid.",
    "owner": "credit-models@example.org",
    "version": "1.0",
    "licence": "internal use",
    "out_of_scope": "Decisions without a person.",
}
EVERY_CARD_TEXT = {
    **CARD,
    "intended_use": "Pre-sorting of applications.",
    "contact": "credit-models@example.org",
    "training_data": "Applications of three years.",
    "human_oversight": "A clerk reads each refusal.",
    "limitations": "Incomes abroad are unknown.",
}


def wilson(low: float, high: float) -> Interval:
    return Interval(low, high, 0.95, "two", "interval", "Wilson")


def rates(
    column: str, values: dict[str, tuple[int, float, float, float]], name: str = "selection_rate"
) -> list[Measure]:
    return [
        Measure(
            name=name,
            value=v,
            unit="rate",
            direction="none",
            group=Group.of({column: label}),
            n=n,
            interval=wilson(low, high),
        )
        for label, (n, v, low, high) in values.items()
    ]


def intervals(identifier: str, title: str, label: str, rows: list[tuple[Any, ...]]) -> Evidence:
    columns = (
        Column(label, role="label"),
        Column("n", "rows", "n"),
        Column("value", "rate", "value"),
        Column("low", "", "low"),
        Column("high", "", "high"),
        Column("reason"),
    )
    return Evidence(
        id=identifier,
        kind="intervals",
        title=title,
        caption="Share of rows decided 'yes'; 95 % Wilson interval for each group",
        alt=title,
        columns=columns,
        rows=tuple(rows),
    )


def parity(column: str = "sex", women: str = "Female", men: str = "Male") -> Finding:
    values = {men: (9829, 0.2556, 0.247, 0.264), women: (4824, 0.0746, 0.0675, 0.0824)}
    worst, best = Group.of({column: women}), Group.of({column: men})
    gap = Measure(
        name="ratio",
        value=0.292,
        unit="ratio",
        direction="higher",
        over=(column,),
        worst=worst,
        best=best,
        n=14653,
        interval=Interval(0.267, 0.335, 0.95, "each", "interval", "MOVER"),
    )
    rows = [(label, n, v, low, high, None) for label, (n, v, low, high) in values.items()]
    rows.append(("(missing)", 12, None, None, None, "12 rows, at least 30 are needed"))
    both = [(f"{men}, White", 6647, 0.266, 0.257, 0.276, None), (f"{women}, Black", 667, 0.039, 0.0267, 0.0565, None)]
    return Finding(
        id="fairness.demographic_parity",
        title="Demographic parity",
        status="measured",
        description="How often each group gets the favourable decision, and how far the groups are apart.",
        method="Wilson intervals for rates, pairwise MOVER bounds for gaps.",
        caveat="Groups differ in what the decision is about.",
        reference="Newcombe 1998",
        measures=(*rates(column, values), gap),
        evidence=(
            intervals(f"fairness.demographic_parity.{column}", f"Selection rate by {column}", column, rows),
            intervals(
                f"fairness.demographic_parity.{column}+race",
                f"Selection rate by {column} and race",
                f"{column} × race",
                both,
            ),
        ),
    )


def performance() -> Finding:
    def whole(name: str, value: float, low: float, high: float, direction: str = "higher") -> Measure:
        return Measure(name=name, value=value, unit="rate", direction=direction, n=14653, interval=wilson(low, high))  # type: ignore[arg-type]

    return Finding(
        id="performance.classification",
        title="Performance of the classifier",
        status="measured",
        description="How often the model is right.",
        measures=(
            whole("roc_auc", 0.905, 0.899, 0.910),
            whole("accuracy", 0.852, 0.846, 0.858),
            whole("recall", 0.601, 0.584, 0.617),
            whole("precision", 0.733, 0.717, 0.749),
            whole("brier", 0.102, 0.0990, 0.104, "lower"),
        ),
        evidence=(
            intervals(
                "performance.classification.accuracy.sex",
                "Accuracy by sex",
                "sex",
                [("Female", 4824, 0.921, 0.913, 0.929, None), ("Male", 9829, 0.818, 0.810, 0.826, None)],
            ),
            Evidence(
                id="performance.classification.counts",
                kind="matrix",
                title="Labels and predictions, counts",
                caption="Rows of the test data",
                alt="10,381 and 766 rows labelled no, 1,400 and 2,106 labelled yes",
                columns=(
                    Column("recorded", role="label"),
                    Column("predicted no", "rows", "count"),
                    Column("predicted yes", "rows", "count"),
                ),
                rows=(("no", 10381, 766), ("yes", 1400, 2106)),
            ),
        ),
    )


def anonymity() -> Finding:
    exact = Interval(1, 1, None, "two", "exact", "count over all rows")
    return Finding(
        id="privacy.k_anonymity",
        title="k-anonymity",
        status="measured",
        description="How many rows share their quasi-identifiers.",
        measures=(Measure(name="k", value=1, unit="count", direction="higher", n=48842, interval=exact),),
    )


def energy() -> Finding:
    span = Interval(0.08, 0.31, None, "two", "range", "codecarbon")
    return Finding(
        id="carbon.inference",
        title="Energy of inference",
        status="measured",
        volatile=True,
        measures=(
            Measure(
                name="energy_per_1000", value=0.15, unit="Wh", direction="lower", n=40000, interval=span, volatile=True
            ),
        ),
    )


def lacking() -> Finding:
    return Finding(
        id="privacy.membership_inference",
        title="Membership inference",
        status="not applicable",
        reason="no training table was given; pass train=",
    )


FINDINGS = (energy(), parity(), performance(), anonymity(), lacking())


def audit(
    findings: tuple[Finding, ...] = FINDINGS,
    *,
    name: str = "Income classifier",
    synthetic: bool = False,
    card: dict[str, str] | None = None,
) -> Audit:
    return Audit(
        name=name,
        subject={
            "task": "binary",
            "positive": "yes",
            "favorable": "yes",
            "labels": ["no", "yes"],
            "threshold": 0.5,
            "synthetic": synthetic,
            "disclosure": "internal",
            "roles": {
                "label": "repaid",
                "score": "score",
                "sensitive": ["sex", "race"],
                "quasi_identifiers": ["age", "sex"],
            },
            "features": ["age", "income", "region"],
            "sensitive_features": [],
            "rows": {"test": 14653, "train": None},
            "model": {
                "kind": "scikit-learn",
                "description": "Pipeline of LogisticRegression",
                "digest": "c2d97de1" * 8,
            },
            "card": CARD if card is None else card,
        },
        provenance={
            "auditkit": "0.1.0",
            "packages": {"numpy": "2.1.0"},
            "seed": 7,
            "skipped": ["carbon.training"],
            "options": {},
            "data": {
                "test": {
                    "file": "test.parquet",
                    "format": "parquet",
                    "sha256": "0ebc4aef" * 8,
                    "rows": 14653,
                    "columns": {"age": "int64", "sex": "string"},
                }
            },
            "model": {"digest": "c2d97de1" * 8},
        },
        findings=tuple(sorted(findings, key=lambda finding: finding.id)),
        run={"started": "2026-11-23T10:00:00+00:00", "seconds": 3.5},
    )


def ruling(status: str = "pass", **changes: Any) -> Ruling:
    plain = Ruling(
        rule="accuracy",
        measure="performance.classification.accuracy",
        status="pass",
        underlying="pass",
        message="measured 0.852, limit at least 0.800",
        limit=0.8,
        limit_kind="min",
        confidence=0.95,
        adjusted_confidence=0.99,
        severity="block",
        value=0.852,
        unit="rate",
        low=0.847,
        high=0.858,
        kind="interval",
        owner="Lending Models",
        rows=14653,
        evidence="performance.classification",
    )
    return replace(plain, **{"status": status, "underlying": status, **changes})


FAILED = ruling(
    "fail",
    rule="parity",
    measure="fairness.demographic_parity.ratio",
    unit="ratio",
    value=0.292,
    low=0.267,
    high=0.335,
    over=("sex",),
    evidence="fairness.demographic_parity",
    worst=Group.of({"sex": "Female"}),
    best=Group.of({"sex": "Male"}),
)
UNSETTLED = ruling(
    "inconclusive",
    rule="recall",
    measure="fairness.equal_opportunity.difference",
    unit="difference",
    limit=0.05,
    limit_kind="max",
    value=0.0985,
    low=0.0377,
    high=0.138,
    over=("sex",),
    evidence="fairness.equal_opportunity",
    rows_needed=37512,
)
WAIVER = Waiver(
    rule="k",
    reason="public extract",
    requested_by="Lending Models",
    approved_by="Data Protection",
    until=date(2027, 3, 31),
)
WAIVED = ruling(
    "waived",
    underlying="fail",
    rule="k",
    measure="privacy.k_anonymity.k",
    unit="count",
    limit=5,
    value=1,
    low=1,
    high=1,
    kind="exact",
    waiver=WAIVER,
    evidence="privacy.k_anonymity",
)
EXPIRED = replace(
    FAILED, rule="parity-2", waiver=replace(WAIVER, rule="parity-2", until=date(2026, 10, 31)), waiver_expired=True
)
RANGED = ruling(
    "inconclusive",
    rule="energy",
    measure="carbon.inference.energy_per_1000",
    unit="Wh",
    limit=0.2,
    limit_kind="max",
    value=0.15,
    low=0.08,
    high=0.31,
    kind="range",
    severity="warn",
    evidence="carbon.inference",
    volatile=True,
)
FAR = replace(
    UNSETTLED, rule="recall-race", severity="warn", over=("race",), limit=0.02, low=0.0138, high=0.4, value=0.39
)
SPARSE = ruling(
    "insufficient",
    rule="country",
    severity="warn",
    value=None,
    low=None,
    high=None,
    kind=None,
    message="4.17 % of the rows are in groups too small to judge",
)
ABSENT = ruling(
    "missing",
    rule="attack",
    measure="privacy.membership_inference.auc",
    severity="warn",
    value=None,
    low=None,
    high=None,
    kind=None,
    message="no training table was given",
    evidence="privacy.membership_inference",
)


def decision(*rulings: Ruling, verdict: str = "pass", **changes: Any) -> Decision:
    plain = Decision(
        policy="credit-offers",
        policy_digest="ab" * 32,
        as_of=date(2026, 11, 23),
        prove="violation",
        false_alarm=0.05,
        verdict="pass",
        inconclusive=any(r.status == "inconclusive" for r in rulings),
        exit_code=0,
        rulings=rulings,
    )
    return replace(plain, **{"verdict": verdict, **changes})


def record(judged: Decision | None, **changes: Any) -> Record:
    return Record(audit(**changes), judged, DIGEST)


def said(judged: Record, text: str = "Said by a person.") -> Record:
    """Return a record to which people have said `text` wherever they are asked, held against packs and an earlier audit."""
    questions = {"questionnaire": board_questions(), "technical_file": file_questions()}
    told = {part: dict.fromkeys(asked, text) for part, asked in questions.items()}
    audited = replace(judged.audit, subject={**judged.audit.subject, **told})
    return replace(judged, audit=audited, coverage=(pack(text),), changes=changed(text))


def pack(text: str = "ours") -> Pack:
    """Return a pack with one item of each status, whose every text is `text`."""
    items = [
        {"id": f"{text} {place}", "text": text, "wants": wants, **more}
        for place, (wants, more) in enumerate(
            (
                ([{"finding": "fairness.*"}, {"record": "policy"}], {}),
                ([{"finding": "privacy.k_anonymity"}], {"at_most": "partly", "because": text}),
                ([{"finding": "carbon.training"}], {}),
                ([{"person": text}, {"signature": text}], {}),
                ([{"record": "data"}], {"only_if": {"task": ["regression"]}, "otherwise": text}),
            )
        )
    ]
    head = {key: text for key in ("title", "version", "source", "legal_status", "superseded_by", "note")}
    return pack_of({"pack": "ours", **head, "legal_status_as_of": "2026-01-01", "items": items})


def changed(text: str = "sex") -> Changes:
    """Return changes since an audit that failed: one of each kind, about groups that are called `text`."""
    measures = tuple(
        Change(
            "fairness.demographic_parity.ratio", f"{text} {moved}", "ratio", 0.5, 0.4, -0.2, -0.05, "interval", moved
        )
        for moved in ("worse", "better", "moved", "not shown")
    )
    compared = Comparison(measures, 0.99, (f"gone {text}",), (f"new {text}",), (text,))
    rulings = (RulingChange(f"rule {text}", text, "pass", "fail", 0.8, 0.7, "min", "ratio"),)
    before = Before(text, "5a" * 32, "2025-11-23", "fail", text, "ab" * 32)
    return Changes(before, compared, rulings)


def every_ruling() -> tuple[Ruling, ...]:
    """One ruling of each kind."""
    return (
        FAILED,
        EXPIRED,
        UNSETTLED,
        WAIVED,
        ruling(),
        RANGED,
        FAR,
        SPARSE,
        ABSENT,
        ruling(severity="warn", rule="auc"),
    )


def states() -> dict[str, Record]:
    """Every state a gate report can be in."""
    everything = every_ruling()
    died = Finding(
        id="fairness.equal_opportunity", title="Equal opportunity", status="error", reason="MemoryError: no memory left"
    )
    absent = ruling(
        "missing", rule="recall", value=None, low=None, high=None, kind=None, message="MemoryError: no memory left"
    )
    return {
        "fail": record(decision(*everything, verdict="fail", exit_code=1)),
        "synthetic": record(decision(*everything, verdict="fail", exit_code=1), synthetic=True),
        "inconclusive": record(decision(UNSETTLED, ruling(), verdict="pass with warnings")),
        "inconclusive blocks": record(decision(UNSETTLED, ruling(), verdict="fail", prove="compliance", exit_code=1)),
        "pass": record(decision(ruling(), verdict="pass"), card=EVERY_CARD_TEXT),
        "died": record(
            decision(
                absent,
                ruling(),
                verdict="not decided",
                exit_code=3,
                problems=("fairness.equal_opportunity: MemoryError: no memory left",),
            ),
            findings=(performance(), died),
        ),
        "nothing evaluated": record(
            decision(ABSENT, SPARSE, verdict="not decided", exit_code=5), findings=(lacking(),)
        ),
        "said": said(record(decision(*everything, verdict="fail", exit_code=1))),
        "no policy": record(None),
        "nothing at all": record(None, findings=(), card={}),
    }
