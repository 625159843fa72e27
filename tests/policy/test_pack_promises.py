"""What the built-in packs promise, by simulated audits: few wrong fails, without any disparity and with the truth at every limit.

Two thousand audits of each kind, tallies and scores drawn directly. A pack's blocking rules share the error budget of the
policy; a rule that only warns has its own confidence, so that it is right by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binomtest

from auditkit.auditing import Audit
from auditkit.finding import Dataset, Finding, Group, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import gap_measure
from auditkit.policy import Policy
from auditkit.policy.baseline import Baseline, baseline_of
from auditkit.policy.judging import is_estimate
from auditkit.policy.loading import packs
from auditkit.stats.auc import auc_from_counts, delong_standard_error
from auditkit.stats.scoring import calibration_error_moments, expected_calibration_error
from auditkit.stats.uncertainty import AreaUnderCurve, Exact, Extreme, Normal, Range, Uncertainty

pytestmark = pytest.mark.statistics
AUDITS, ROWS, DAY = 2000, 3000, date(2026, 11, 25)
SEX, RACE = (0.55, 0.45), (0.6, 0.2, 0.1, 0.06, 0.04)
BASE_RATE, TRUE, FALSE = 0.4, 0.8, 0.3  # the highest selection rate is .4 × .8 + .6 × .3 = .5
ATTACKED = 400  # rows of each table
FLAT, LIMIT_ECE, LIMIT_AUC, LIMIT_RATIO = np.zeros((2, 5)), 0.1, 0.6, 1.5
OVER_SEX = np.array([[0.0] * 5, [1.0] * 5])  # which groups are worse off
OVER_RACE = np.array([[0.0, 1.0, 0.0, 0.0, 0.0]] * 2)


@dataclass(frozen=True)
class Truth:
    """How far from harmless the simulated models are."""

    worse: tuple[np.ndarray, ...]
    at_limit: bool


TRUTHS = {
    "no disparity": Truth((FLAT,), False),
    "the truth at every limit": Truth((OVER_SEX, OVER_RACE), True),  # in turn
}


def measure(name: str, found: Uncertainty, direction: str, dataset: Dataset = "test", **more: object) -> Measure:
    kind = {"unit": "rate", "n": ROWS}
    return Measure(
        name=name, value=found.estimate, uncertainty=found, direction=direction, dataset=dataset, **{**kind, **more}
    )  # type: ignore[arg-type]


def fairness(rng: np.random.Generator, worse: np.ndarray) -> list[Finding]:
    """Draw counts of sex × race × label × prediction: those worse off have rates of .1 less, so .4 ÷ .5 of the selection rate."""
    true, false = TRUE - 0.1 * worse, FALSE - 0.1 * worse
    cells = np.stack(
        [(1 - BASE_RATE) * (1 - false), (1 - BASE_RATE) * false, BASE_RATE * (1 - true), BASE_RATE * true], -1
    )
    counts = rng.multinomial(ROWS, (np.multiply.outer(SEX, RACE)[..., None] * cells).ravel()).reshape(2, 5, 4)
    found: dict[str, list[Measure]] = {"parity": [], "opportunity": [], "odds": []}
    for over, table in (("sex", counts.sum(axis=1)), ("race", counts.sum(axis=0))):
        groups = [Group.of({over: place}) for place in range(len(table))]

        def rates(
            hits: list[int], among: list[int], groups: list[Group] = groups, table: np.ndarray = table
        ) -> list[Rate]:
            return [
                Rate(group, int(row[hits].sum()), int(row[among].sum()), int(row.sum()))
                for group, row in zip(groups, table, strict=True)
            ]

        found["parity"].append(gap_measure("ratio", "ratio", (over,), rates([1, 3], [0, 1, 2, 3])))
        found["opportunity"].append(gap_measure("difference", "difference", (over,), rates([3], [2, 3])))
        found["odds"].append(gap_measure("false_positive_rate_difference", "difference", (over,), rates([1], [0, 1])))
    ids = ("fairness.demographic_parity", "fairness.equal_opportunity", "fairness.equalized_odds")
    return [finding(name, *measures) for name, measures in zip(ids, found.values(), strict=True)]


def calibration(rng: np.random.Generator, off: float) -> Finding:
    """Draw outcomes in ten bins of scores, each of which is off by so much: so is their mean, the ECE."""
    scores = np.arange(0.05, 1, 0.1)
    truth = scores + off * np.where(scores < 0.5, 1, -1)
    size = rng.multinomial(ROWS, np.full(10, 0.1))
    hits = rng.binomial(size, truth)
    weights = np.stack([size - hits, hits], axis=1).astype(float)
    _, bias, error = calibration_error_moments(scores, weights, weights)
    value = expected_calibration_error(scores, weights)
    return finding(
        "performance.calibration", measure("ece", Normal(value, error, "identity", None, 0.0, 1.0, bias), "lower")
    )


def attacks(rng: np.random.Generator, auc: float) -> Finding:
    """Draw the scores of two attacks that agree in part, each with this AUC."""
    shift = math.sqrt(2) * ndtri(auc)
    common = rng.normal(size=2 * ATTACKED)
    member = np.arange(2 * ATTACKED) < ATTACKED
    areas = []
    for _ in range(2):
        scores = math.sqrt(0.5) * (common + rng.normal(size=2 * ATTACKED)) + shift * member
        inside = member[np.argsort(scores)].astype(int)
        areas.append(
            AreaUnderCurve(
                auc_from_counts(inside, 1 - inside), ATTACKED, ATTACKED, delong_standard_error(inside, 1 - inside)
            )
        )
    return finding(
        "privacy.membership_inference", measure("largest_auc", Extreme("max", tuple(areas)), "lower", "none")
    )


def exact() -> list[Finding]:
    """Counts that lie at their limits, where they are kept."""
    return [
        finding("privacy.k_anonymity", measure("k", Exact(5), "higher"), measure("share_unique", Exact(0.01), "lower")),
        finding("privacy.attribute_disclosure", measure("distinct_l", Exact(2), "higher", over=("income",))),
    ]


def energy(rng: np.random.Generator, ratio: float) -> Finding:
    """Draw five runs that scatter by 3 %."""
    runs = ratio * np.exp(rng.normal(0, 0.03, 5))
    middle = float(np.median(runs))
    found = Range(0.5 * middle, middle, 3.4 * middle, tuple(runs), "one machine")
    return finding(
        "carbon.inference", measure("emissions_per_1000", found, "lower"), measure("energy_per_1000", found, "lower")
    )


def finding(identifier: str, *measures: Measure) -> Finding:
    return Finding(id=identifier, title=identifier, status="measured", measures=measures)


def drawn(rng: np.random.Generator, truth: Truth, number: int) -> tuple[Audit, Baseline]:
    worse = truth.worse[number % len(truth.worse)]
    findings = [
        *fairness(rng, worse),
        calibration(rng, LIMIT_ECE if truth.at_limit else 0.0),
        attacks(rng, LIMIT_AUC if truth.at_limit else 0.5),
        *exact(),
        energy(rng, LIMIT_RATIO if truth.at_limit else 1.0),
    ]
    before = Audit(name="m", subject={}, provenance={}, findings=(energy(rng, 1.0),))
    return Audit(name="m", subject={}, provenance={}, findings=tuple(findings)), baseline_of(before)


def keeps(wrong: int) -> bool:
    """Whether so many errors are believable of a promise of at most one in twenty."""
    return binomtest(wrong, AUDITS, 0.05, alternative="greater").pvalue >= 0.001


def test_the_limits_simulated_are_those_of_the_packs() -> None:
    """Else the truth would not lie where these simulations say."""
    limits = {
        rule.measure: (rule.min, rule.max, rule.max_ratio)
        for path in packs().values()
        for rule in Policy.load(path).rules
        if rule.min is not None or rule.max is not None or rule.max_ratio is not None
    }
    assert limits.pop("carbon.training.method_grade", None) in (None, (1, None, None))
    assert limits == {
        "fairness.demographic_parity.ratio": (0.8, None, None),
        "fairness.equal_opportunity.difference": (None, 0.1, None),
        "fairness.equalized_odds.false_positive_rate_difference": (None, 0.1, None),
        "performance.calibration.ece": (None, LIMIT_ECE, None),
        "privacy.membership_inference.largest_auc": (None, LIMIT_AUC, None),
        "privacy.k_anonymity.k": (5, None, None),
        "privacy.k_anonymity.share_unique": (None, 0.01, None),
        "privacy.attribute_disclosure.distinct_l": (2, None, None),
        "carbon.inference.emissions_per_1000": (None, None, LIMIT_RATIO),
    }


@pytest.mark.parametrize("what", TRUTHS)
def test_a_pack_fails_wrongly_in_at_most_one_audit_in_twenty(what: str) -> None:
    rng = np.random.default_rng([2026, len(what)])
    policies = {name: Policy.load(path) for name, path in packs().items()}
    either = dict.fromkeys(policies, 0)
    blocked, warned, counted = dict.fromkeys(policies, 0), dict[tuple[str, str], int](), set[str]()
    for number in range(AUDITS):
        audit, before = drawn(rng, TRUTHS[what], number)
        chance = {f"{one.id}.{each.name}" for one in audit.findings for each in one.measures if is_estimate(each)} | {
            "carbon.inference.emissions_per_1000"
        }
        for name, policy in policies.items():
            failed = {
                (ruling.rule, ruling.severity, ruling.measure)
                for ruling in policy.judge(audit, as_of=DAY, baseline=before).rulings
                if ruling.status == "fail"
            }
            assert {measure for *_, measure in failed} <= chance  # a count at its limit keeps it
            either[name] += bool(failed)
            blocked[name] += any(severity == "block" for _, severity, _ in failed)
            for rule, severity, _ in failed:
                counted.add(rule)
                if severity == "warn":
                    warned[name, rule] = warned.get((name, rule), 0) + 1
    for about, wrong in [
        *blocked.items(),
        *((f"{name}, {rule} alone", count) for (name, rule), count in warned.items()),
    ]:
        interval = binomtest(wrong, AUDITS).proportion_ci()
        print(f"{what}, {about}: a wrong fail in {wrong / AUDITS:.4f} ({interval.low:.4f}-{interval.high:.4f})")
        assert keeps(wrong), about
    print(f"{what}, warnings counted too: { ({name: count / AUDITS for name, count in either.items()}) }")
    if TRUTHS[what].at_limit:  # the simulation can fail: at its limit a rule errs now and then
        assert len(counted) >= 5
