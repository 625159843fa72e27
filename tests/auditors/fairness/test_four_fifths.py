"""Four-fifths: court and rule figures, oracle tests, small groups, references."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.policy import Policy
from auditkit.stats.uncertainty import Pair, Proportion
from auditkit.subject import Subject

ID = "fairness.four_fifths"
NO_MINIMUM = {"min_group_size": 1, "min_denominator": 1}


def people(counts: dict[str, tuple[int, int]], column: str = "race") -> pd.DataFrame:
    rows = [(name, int(place < k)) for name, (n, k) in counts.items() for place in range(n)]
    return pd.DataFrame(rows, columns=[column, "passed"])


def run(frame: pd.DataFrame, sensitive: list[str] | None = None, **options: object) -> Finding:
    subject = Subject(frame, prediction="passed", favorable=1, sensitive=sensitive or ["race"])
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def rows_of(finding: Finding, over: str = "race") -> dict[str, dict[str, object]]:
    table = next(item for item in finding.evidence if item.id == f"{ID}.tests.{over}")
    names = [column.name for column in table.columns]
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in table.rows}


def test_group_of_the_local_law_example_keeps_four_fifths_and_differs_for_certain() -> None:
    found = rows_of(run(people({"White": (797, 412), "Black": (390, 170)})))["Black"]
    assert found["Ratio"] == pytest.approx(0.8432, abs=5e-5)
    assert found["z"] == pytest.approx(-2.62, abs=0.005)
    assert found["p"] == pytest.approx(0.0087, abs=5e-5)
    assert (found["Katz low"], found["Katz high"]) == (pytest.approx(0.739, abs=5e-4), pytest.approx(0.962, abs=5e-4))
    assert found["Shortfall"] == pytest.approx(21.2, abs=0.05)


@pytest.mark.parametrize(
    ("position", "expected"), [("Captain", {"B": 0.586, "H": 0.586}), ("Lieutenant", {"B": 0.543, "H": 0.344})]
)
def test_ricci_ratios_are_those_of_the_court(data_folder: Path, position: str, expected: dict[str, float]) -> None:
    frame = pd.read_csv(data_folder / "ricci" / "ricci.csv")
    frame = frame[frame.Position == position].assign(passed=(frame.Combine >= 70).astype(int))
    finding = run(frame.rename(columns={"Race": "race"}), **NO_MINIMUM)
    found = rows_of(finding)
    assert {group: round(float(row["Ratio"]), 3) for group, row in found.items()} == expected
    assert {row["Test"] for row in found.values()} == {"Fisher"}
    from scipy.stats import fisher_exact

    passed, of = (frame.groupby("Race").passed.agg(how) for how in ("sum", "count"))
    for group, row in found.items():
        assert (row["Katz low"] is None) == (passed[group] < 5)
        table = [[passed[group], of[group] - passed[group]], [passed["W"], of["W"] - passed["W"]]]
        assert row["p"] == pytest.approx(fisher_exact(table)[1], abs=1e-12)


def test_court_groups_are_too_small_to_judge_and_say_so(data_folder: Path) -> None:
    frame = pd.read_csv(data_folder / "ricci" / "ricci.csv")
    frame = frame.assign(passed=(frame.Combine >= 70).astype(int), race=frame.Race)
    finding = run(frame[frame.Position == "Captain"])
    assert {measure.status for measure in finding.measures} == {"insufficient"}
    assert "30 rows" in str(finding.measures[0].reason)


@pytest.mark.parametrize("name", ["adult", "compas", "german"])
def test_z_and_fisher_equal_the_oracle(data_folder: Path, name: str) -> None:
    by = {"adult": ["sex", "race"], "compas": ["race", "sex"], "german": ["sex", "age_group"]}[name]
    frame = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    oracle = json.loads((data_folder / name / "oracle.json").read_text())["significance"]
    # The oracle compares rates of predicted positives with the highest, whatever is favourable.
    subject = Subject(frame, label="y_true", prediction="y_pred", positive=1, favorable=1, sensitive=by)
    finding = audit(subject, only=[ID], options={ID: NO_MINIMUM}, progress=False)[ID]
    for over, expected in oracle.items():
        found = rows_of(finding, over)
        assert set(found) == {group.replace("|", ", ") for group in expected}
        for group, row in expected.items():
            ours = found[group.replace("|", ", ")]
            assert ours["z"] == pytest.approx(-row["z"], rel=1e-9)
            assert ours["p"] == pytest.approx(row["p_fisher" if ours["Test"] == "Fisher" else "p_z"], rel=1e-6)


def test_large_groups_get_z_small_ones_fisher_and_p_values_are_adjusted_by_holm() -> None:
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import proportions_ztest

    found = rows_of(run(people({"a": (400, 200), "b": (300, 120), "c": (40, 3), "d": (31, 16)}), **NO_MINIMUM))
    assert {group: row["Test"] for group, row in found.items()} == {"a": "z", "b": "z", "c": "z"}
    z, p = proportions_ztest([120, 16], [300, 31])
    assert found["b"]["z"] == pytest.approx(z)
    assert found["b"]["p"] == pytest.approx(p)
    plain = [row["p"] for row in found.values()]
    assert [row["p, Holm"] for row in found.values()] == pytest.approx(list(multipletests(plain, method="holm")[1]))


def test_named_reference_is_used_printed_and_may_be_exceeded() -> None:
    frame = people({"a": (200, 100), "b": (200, 150)})
    finding = run(frame, reference={"race": "a"})
    measure = finding.measure("impact_ratio", {"race": "b"})
    assert measure.value == 1.5
    assert measure.interval is not None
    assert 1.0 < measure.interval.low < 1.5 < measure.interval.high
    assert "a, named" in finding.evidence[0].caption
    assert "a, named" not in run(frame).evidence[0].caption
    assert run(frame, reference={"race": "A"}).reason is not None
    assert "does not occur" in str(run(frame, reference={"race": "A"}).reason)


def test_missing_value_is_compared_and_never_the_reference() -> None:
    frame = people({"a": (200, 100), "b": (200, 90), "?": (100, 80)}).replace({"race": {"?": None}})
    finding = run(frame)
    assert finding.measure("impact_ratio", {"race": None}).value == pytest.approx(1.6)
    assert finding.measure("impact_ratio", {"race": "b"}).value == pytest.approx(0.9)


def test_nobody_selected_has_no_ratio() -> None:
    finding = run(people({"a": (100, 0), "b": (100, 0), "c": (1, 1)}), min_group_size=50)
    statuses = {m.group.as_dict()["race"]: m.status for m in finding.measures}
    assert statuses["b"] == "undefined"
    assert all(m.value is None for m in finding.measures)


def test_policy_is_not_sure_of_a_group_whose_bounds_straddle_four_fifths(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "policy: p\nrules:\n  - {id: r, measure: fairness.four_fifths.impact_ratio, each_group: race, min: 0.8}\n"
    )
    policy = Policy.load(path)

    def verdicts(counts: dict[str, tuple[int, int]]) -> dict[str, str]:
        frame = people(counts)
        subject = Subject(frame, prediction="passed", favorable=1, sensitive=["race"])
        decision = policy.judge(audit(subject, only=[ID], progress=False))
        return {str(ruling.group): ruling.status for ruling in decision.rulings}

    assert verdicts({"White": (797, 412), "Black": (390, 170)}) == {"Black": "inconclusive"}
    assert verdicts({"White": (7970, 4120), "Black": (3900, 1200)}) == {"Black": "fail"}
    assert verdicts({"White": (7970, 4120), "Black": (3900, 1990)}) == {"Black": "pass"}


def test_weighted_rows_have_the_ratio_and_its_bounds_and_no_counts_of_persons() -> None:
    frame = people({"a": (200, 100), "b": (200, 80)}).assign(w=1.0)
    frame.loc[::2, "w"] = 3.0
    subject = Subject(frame, prediction="passed", favorable=1, sensitive=["race"], weight="w")
    finding = audit(subject, only=[ID], progress=False)[ID]
    share = (frame.passed * frame.w).groupby(frame.race).sum() / frame.groupby("race").w.sum()
    measure = finding.measure("impact_ratio", {"race": "b"})
    assert measure.value == pytest.approx(share["b"] / share["a"])
    assert measure.interval is not None
    assert [item.kind for item in finding.evidence] == ["intervals"]
    assert {m.name for m in finding.measures} == {"impact_ratio"}


@pytest.mark.statistics
@pytest.mark.parametrize(("groups", "n", "rate"), [(2, 200, 0.3), (5, 500, 0.1), (10, 500, 0.2), (10, 100, 0.5)])
def test_at_most_one_audit_in_twenty_calls_a_group_at_the_limit_below_it(groups: int, n: int, rate: float) -> None:
    rng = np.random.default_rng(groups)
    truth = np.array([rate, *[0.8 * rate] * (groups - 1)])
    wrong = 0
    for _ in range(2_000):
        counts = rng.binomial(n, truth)
        shares = [Proportion(int(k), n) for k in counts]
        best = int(np.argmax(counts))
        uppers = [
            Pair("ratio", (share, shares[best]), groups).upper(0.95) for share in shares if share is not shares[best]
        ]
        wrong += min(uppers) < 0.8
    assert binomtest(wrong, 2_000, 0.05, alternative="greater").pvalue > 0.001, wrong / 2_000
