"""What a whole policy promises, by simulated audits: few wrong fails, few wrong passes, and what compliance costs."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest

from auditkit.auditing import Audit
from auditkit.finding import Finding, Group, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import extreme_measure, gap_measure
from auditkit.policy import Policy, Rule

pytestmark = pytest.mark.statistics
REPLICATES = 2000
DAY = date(2026, 11, 1)
SEX, RACE = (0.55, 0.45), (0.6, 0.2, 0.1, 0.06, 0.04)
LEVELS: tuple[tuple[str, ...], ...] = (("sex",), ("race",), ("sex", "race"))


def keeps(wrong: int, promised: float = 0.05) -> bool:
    """Whether so many errors are believable of a promise of at most so many."""
    return binomtest(wrong, REPLICATES, promised, alternative="greater").pvalue >= 0.001


def groups(table: np.ndarray, level: tuple[str, ...]) -> list[tuple[Group, np.ndarray]]:
    """Collapse counts of shape (sex, race, …) to the groups of a level."""
    if level == ("sex",):
        return [(Group.of({"sex": s}), table[s].sum(axis=0)) for s in range(2)]
    if level == ("race",):
        return [(Group.of({"race": r}), table[:, r].sum(axis=0)) for r in range(5)]
    return [(Group.of({"sex": s, "race": r}), table[s, r]) for s in range(2) for r in range(5)]


def rates(
    table: np.ndarray, level: tuple[str, ...], hits: list[tuple[int, int]], among: list[tuple[int, int]]
) -> list[Rate]:
    return [
        Rate(group, int(sum(c[x] for x in hits)), int(sum(c[x] for x in among)), int(c.sum()))
        for group, c in groups(table, level)
    ]


def audit(table: np.ndarray) -> Audit:
    """Return the audit of counts of sex × race × label × prediction."""
    parity: list[Measure] = []
    opportunity: list[Measure] = []
    odds: list[Measure] = []
    for level in LEVELS:
        selected = rates(table, level, [(0, 1), (1, 1)], [(0, 0), (0, 1), (1, 0), (1, 1)])
        true = rates(table, level, [(1, 1)], [(1, 0), (1, 1)])
        false = rates(table, level, [(0, 1)], [(0, 0), (0, 1)])
        parity.append(gap_measure("ratio", "ratio", level, selected))
        wide = gap_measure("difference", "difference", level, true)
        opportunity.append(wide)
        odds.append(extreme_measure("difference", "difference", [wide, gap_measure("fpr", "difference", level, false)]))
    ids = ("fairness.demographic_parity", "fairness.equal_opportunity", "fairness.equalized_odds")
    findings = [
        Finding(id=name, title=name, status="measured", measures=tuple(found))
        for name, found in zip(ids, (parity, opportunity, odds), strict=True)
    ]
    return Audit(name="m", subject={}, provenance={}, findings=tuple(findings))


def policy(prove: str) -> Policy:
    rules = []
    for level in LEVELS:
        name = "+".join(level)
        group = level[0] if len(level) == 1 else level
        rules += [
            Rule(
                id=f"parity-{name}",
                measure="fairness.demographic_parity.ratio",
                group=group,
                min=0.8,
                max_not_covered=1.0,
            ),
            Rule(
                id=f"opportunity-{name}",
                measure="fairness.equal_opportunity.difference",
                group=group,
                max=0.1,
                max_not_covered=1.0,
            ),
            Rule(
                id=f"odds-{name}",
                measure="fairness.equalized_odds.difference",
                group=group,
                max=0.1,
                max_not_covered=1.0,
            ),
        ]
    return Policy(name="nine", rules=tuple(rules), prove=prove)  # type: ignore[arg-type]


def drawn(rng: np.random.Generator, rows: int, true: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Draw counts: base rate .4 everywhere, true and false positive rates by sex and race, shape (2, 5)."""
    share = np.multiply.outer(SEX, RACE)
    cells = np.stack(
        [np.stack([0.6 * (1 - false), 0.6 * false], -1), np.stack([0.4 * (1 - true), 0.4 * true], -1)], axis=-2
    )
    return rng.multinomial(rows, (share[..., None, None] * cells).ravel()).reshape(2, 5, 2, 2)


FLAT = np.ones((2, 5))
AT_LIMIT = np.array([[0.7] * 5, [0.6] * 5])  # true positive rates .1 apart between the sexes, the same over race


@pytest.mark.parametrize("rows", [1000, 3000, 20_000])
@pytest.mark.parametrize("truth", ["no disparity", "at the limit"])
def test_a_policy_of_nine_rules_fails_wrongly_in_at_most_one_audit_in_twenty(rows: int, truth: str) -> None:
    rng = np.random.default_rng([rows, len(truth)])
    nine, wrong, blocked = policy("violation"), 0, 0
    true = AT_LIMIT if truth == "at the limit" else 0.7 * FLAT
    for _ in range(REPLICATES):
        decision = nine.judge(audit(drawn(rng, rows, true, 0.2 * FLAT)), as_of=DAY)
        wrong += any(ruling.status == "fail" for ruling in decision.rulings)
        blocked += decision.exit_code == 1
    interval = binomtest(wrong, REPLICATES).proportion_ci()
    print(
        f"nine rules, {rows} rows, {truth}: a wrong fail in {wrong / REPLICATES:.4f} ({interval.low:.4f}-{interval.high:.4f})"
    )
    assert wrong == blocked
    assert keeps(wrong)


@pytest.mark.parametrize("rows", [1000, 3000, 20_000])
def test_under_compliance_each_rule_passes_wrongly_in_at_most_one_audit_in_twenty(rows: int) -> None:
    """The truth is a hair beyond each limit: ratio .8 and gaps of .1 between the sexes."""
    rng = np.random.default_rng([rows, 1])
    nine = policy("compliance")
    true = np.array([[0.75] * 5, [0.65 - 1e-6] * 5])
    false = np.array([[0.2] * 5, [0.1 - 1e-6] * 5])
    wrong = {"parity-sex": 0, "opportunity-sex": 0, "odds-sex": 0}
    for _ in range(REPLICATES):
        for ruling in nine.judge(audit(drawn(rng, rows, true, false)), as_of=DAY).rulings:
            if ruling.rule in wrong:
                wrong[ruling.rule] += ruling.status == "pass"
    for name, count in wrong.items():
        print(f"compliance, {rows} rows, {name}: a wrong pass in {count / REPLICATES:.4f}")
        assert keeps(count), name


def test_what_compliance_costs_harmless_models_is_known() -> None:
    """Without any disparity: the share of audits that a policy on sex blocks, by rows. It is printed, and it falls."""
    rules = tuple(rule for rule in policy("compliance").rules if rule.group == "sex")
    strict = Policy(name="three", rules=rules, prove="compliance")
    blocked = {}
    for rows in (1000, 3000, 10_000, 30_000):
        rng = np.random.default_rng([rows, 2])
        count = sum(
            strict.judge(audit(drawn(rng, rows, 0.7 * FLAT, 0.2 * FLAT)), as_of=DAY).exit_code == 1 for _ in range(400)
        )
        blocked[rows] = count / 400
        print(f"compliance, {rows} rows, no disparity: blocks {blocked[rows]:.3f}")
    shares = list(blocked.values())
    assert all(later <= earlier + 0.05 for earlier, later in combinations(shares, 2))
    assert shares[-1] < 0.2
