"""Records as wide as the schema of audit.json allows, each from one seed: odd tables, huge numbers, hostile and endless names."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from auditkit.auditing import Audit
from auditkit.finding import Cell, Column, Evidence, EvidenceKind, Finding, Group, Interval, Measure
from auditkit.policy import Decision, Ruling, Waiver, verdict_of
from auditkit.record import Record, dump, from_json

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "=cmd|'/C calc'!A0",
    "@SUM(1)\t+1",
    '#let x = 1; #eval("1") $x$ \\',
    "a|b\n# heading\n- item\r\n",
    "[x](javascript:alert(1)) `code` **bold** ~~gone~~",
    "שלום مرحبا",
    "\u202egnp.exe\x00\u2066",
    "zero\u200bwidth\ufeff\u200d\u2060",
    "中文 🎉 e\u0301",
    "",
    " ",
    "x" * 10_000,
    "word " * 2_000,
)
ROLES = ("label", "n", "value", "low", "high", "x", "y", "text", "count")
UNITS = (
    "rate",
    "ratio",
    "difference",
    "count",
    "probability",
    "Wh",
    "kWh",
    "gCO2e",
    "p-value",
    "rows",
    "ms",
    "",
    "slope",
)
IDS = (
    "performance.classification",
    "performance.calibration",
    "performance.regression",
    "fairness.demographic_parity",
    "fairness.equalized_odds",
    "fairness.frontier",
    "fairness.four_fifths",
    "explanations.shap_importance",
    "explanations.effects",
    "privacy.k_anonymity",
    "data.drift",
    "data.datasheet",
    "carbon.inference",
    "carbon.training",
    "own_package.thing",
)
NAMES = ("accuracy", "roc_auc", "ratio", "difference", "selection_rate", "k", "energy_per_1000", "odd one")


class Maker:
    """Draws the parts of a record from one generator."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.dense = self.draw.random() < 0.25  # many long rows

    def name(self) -> str:
        return self.draw.choice(HOSTILE) if self.draw.random() < 0.4 else f"group {self.draw.randrange(50)}"

    def number(self) -> float:
        draws: tuple[Callable[[], float], ...] = (
            self.draw.random,
            lambda: self.draw.gauss(0, 1),
            lambda: self.draw.choice((0.0, -0.0, 1.0, 5e-324, 1e308, -1e308, 1e-9, -1e-9, 123456789.5)),
        )
        return self.draw.choices(draws, (6, 2, 1))[0]()

    def cell(self) -> Cell:
        pick = self.draw.random()
        if pick < 0.6:
            return self.number()
        return self.draw.choice((None, True, False, 0, -7, 12_345_678_901, self.name()))

    def group(self) -> Group:
        return Group.of({self.name(): self.cell() for _ in range(self.draw.choice((1, 1, 2)))})

    def interval(self) -> Interval | None:
        if self.draw.random() < 0.3:
            return None
        low, high = sorted((self.number(), self.number()))
        kind = self.draw.choice(("interval", "range", "exact"))
        return Interval(low, high, 0.95 if kind == "interval" else None, self.draw.choice(("two", "each")), kind, "m")  # type: ignore[arg-type]

    def measure(self, volatile: bool) -> Measure:
        measured = self.draw.random() < 0.8
        over = tuple(self.name() for _ in range(self.draw.choice((0, 0, 1, 2))))
        name = self.draw.choice(NAMES)
        return Measure(
            name=name,
            value=self.draw.choice((self.number(), self.draw.randrange(100))) if measured else None,
            unit=self.draw.choice(("Wh", "kWh") if name.startswith("energy") else UNITS),
            direction=self.draw.choice(("higher", "lower", "none")),
            dataset=self.draw.choice(("test", "train", "released", "none")),
            group=self.group() if not over and self.draw.random() < 0.4 else Group(),
            over=over,
            worst=self.group() if over else None,
            best=self.group() if over else None,
            n=self.draw.choice((None, 0, 30, 1_000_000)),
            status="measured" if measured else self.draw.choice(("undefined", "insufficient", "suppressed")),
            reason=None if measured else self.name() or "none",
            interval=self.interval() if measured else None,
            not_covered=self.draw.choice((0.0, 0.3, 1.0)),
            expected=self.number() if over else None,
            volatile=volatile,
        )

    def evidence(self, finding: str, volatile: bool) -> Evidence:
        width = self.draw.choice((0, 1, 3, 6, 12))
        roles = ["label", "n", "value", "low", "high"] if width == 6 else self.draw.choices(ROLES, k=width)
        columns = tuple(Column(self.name(), self.draw.choice(UNITS), role) for role in roles)  # type: ignore[arg-type]
        amount = self.draw.choice((0, 1, 3, 30, 300 if self.dense else 40))
        return Evidence(
            id=self.draw.choice((f"{finding}.{self.name()}", f"{finding}.a+b", f"{finding}.{self.draw.random()}")),
            kind=self.draw.choice(get_args(EvidenceKind)),
            title=self.name(),
            caption=self.name(),
            alt=self.name(),
            columns=columns,
            rows=tuple(tuple(self.cell() for _ in columns) for _ in range(amount)),
            volatile=volatile,
        )

    def finding(self, identifier: str) -> Finding:
        status = self.draw.choices(
            ("measured", "not applicable", "insufficient data", "error", "skipped"), (8, 1, 1, 1, 1)
        )[0]
        volatile = identifier.startswith("carbon")
        many = 8 if self.dense else 3
        return Finding(
            id=identifier,
            title=self.name(),
            status=status,  # type: ignore[arg-type]
            reason=None if status == "measured" else self.name() or "none",
            description=self.name(),
            method=self.name(),
            caveat=self.name(),
            reference=self.name(),
            measures=tuple(self.measure(volatile) for _ in range(self.draw.randrange(2 * many))),
            evidence=tuple(self.evidence(identifier, volatile) for _ in range(self.draw.randrange(many))),
            volatile=volatile,
        )

    def ruling(self, finding: str) -> Ruling:
        status = self.draw.choice(("pass", "fail", "inconclusive", "insufficient", "missing", "waived", "adopted"))
        low, high = sorted((self.number(), self.number()))
        known = self.draw.random() < 0.8
        over = tuple(self.name() for _ in range(self.draw.choice((0, 1, 2))))
        waiver = Waiver(
            rule=self.name(),
            reason=self.name(),
            requested_by=self.name(),
            approved_by=self.name(),
            until=date(2027, 3, 31),
        )
        return Ruling(
            rule=self.name(),
            measure=f"{finding}.{self.draw.choice(NAMES)}",
            status=status,  # type: ignore[arg-type]
            underlying="fail" if status in ("waived", "adopted") else status,  # type: ignore[arg-type]
            message=self.name(),
            limit=self.number() if known else None,
            limit_kind=self.draw.choice(("min", "max", "measured")),
            confidence=0.95,
            adjusted_confidence=0.99,
            severity=self.draw.choice(("block", "warn", "info")),
            over=over,
            group=self.group() if not over and self.draw.random() < 0.3 else None,
            value=self.number() if known else None,
            unit=self.draw.choice(UNITS),
            low=low if known else None,
            high=high if known else None,
            kind=self.draw.choice(("interval", "range", "exact", None)),  # type: ignore[arg-type]
            why=self.name(),
            owner=self.name(),
            waiver=waiver if status == "waived" or self.draw.random() < 0.2 else None,
            waiver_expired=status != "waived",
            rows_needed=self.draw.choice((None, 0, 10**9)),
            rows=self.draw.choice((None, 0, 500)),
            not_covered=self.draw.choice((0.0, 0.5)),
            evidence=finding,
            worst=self.group() if over else None,
            best=self.group() if over else None,
            volatile=finding.startswith("carbon"),
        )

    def decision(self) -> Decision | None:
        if self.draw.random() < 0.2:
            return None
        rulings = tuple(self.ruling(self.draw.choice(IDS)) for _ in range(self.draw.choice((0, 1, 12, 80))))
        problems = tuple(f"{self.name()}: {self.name()}" for _ in range(self.draw.choice((0, 0, 2))))
        texts = tuple(self.name() for _ in range(self.draw.choice((0, 3))))
        made = Decision(
            policy=self.name(),
            policy_digest=self.draw.choice(("", "ab" * 32)),
            as_of=date(2026, 11, 23),
            prove=self.draw.choice(("violation", "compliance")),
            false_alarm=0.05,
            verdict="pass",
            inconclusive=any(ruling.status == "inconclusive" for ruling in rulings),
            exit_code=0,
            rulings=rulings,
            problems=problems,
            unused_waivers=texts,
            expiring_waivers=texts,
            not_applied=texts,
            baseline=self.name(),
            why=self.name(),
        )
        return settled(made)

    def audit(self) -> Audit:
        chosen = [identifier for identifier in IDS if self.draw.random() < (1.0 if self.dense else 0.5)]
        text = self.name
        return Audit(
            name=text(),
            subject={
                "task": self.draw.choice(("binary", "multiclass", "regression")),
                "labels": [self.cell(), text()],
                "positive": self.cell(),
                "favorable": self.cell(),
                "favorable_inferred": True,
                "threshold": self.draw.choice((None, 0.5, self.number())),
                "score_kind": "probability",
                "synthetic": self.draw.random() < 0.5,
                "disclosure": self.draw.choice(("internal", "public")),
                "roles": {"sensitive": [text(), text()], "score": text()},
                "features": [text() for _ in range(self.draw.choice((0, 3, 300)))],
                "sensitive_features": [text()],
                "rows": {"test": self.draw.choice((None, 0, 14_653)), "train": None},
                "model": self.draw.choice((None, {"kind": text(), "description": text(), "digest": None})),
                "card": {key: text() for key in ("purpose", "owner", "limitations", "intended_use", "version")},
            },
            provenance={
                "auditkit": "0.1.0",
                "packages": {text(): text() for _ in range(5)},
                "seed": 7,
                "skipped": [text()],
                "options": {},
                "data": {
                    text(): {"file": text(), "content_sha256": "ab" * 32, "rows": 3, "columns": {text(): "int64"}}
                },
                "model": None,
            },
            findings=tuple(self.finding(identifier) for identifier in sorted(chosen)),
            run={"started": "2026-11-23T10:00:00+00:00", "seconds": 3.5},
        )


def settled(decision: Decision) -> Decision:
    """Return the decision with the verdict that follows from its rulings."""
    verdict, exit_code = verdict_of(
        decision.rulings, decision.prove, died=bool(decision.problems), unused=bool(decision.unused_waivers)
    )
    return replace(decision, verdict=verdict, exit_code=exit_code)


def content(seed: int) -> dict[str, Any]:
    """Return an audit.json as its JSON values."""
    maker = Maker(seed)
    made: dict[str, Any] = json.loads(dump(maker.audit(), maker.decision()))
    return made


def record(seed: int) -> Record:
    """Return the record that is read from it."""
    return from_json(content(seed))
