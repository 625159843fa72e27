"""On real predictions our numbers are those of independent code, and fairlearn's where it defines them."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.subject import Subject

BY = {"adult": ("sex", "race"), "compas": ("race", "sex"), "german": ("sex", "age_group")}
NO_MINIMUM = {"min_group_size": 1, "min_denominator": 1}
IDS = (
    "fairness.demographic_parity",
    "fairness.equal_opportunity",
    "fairness.equalized_odds",
    "performance.classification",
)


def audited(folder: Path, name: str) -> tuple[Audit, dict]:
    frame = pd.read_csv(folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    subject = Subject(
        frame,
        label="y_true",
        prediction="y_pred",
        score="y_score",
        positive=1,
        favorable=0 if name == "compas" else 1,
        sensitive=BY[name],
    )
    found = audit(subject, only=IDS, options={name: NO_MINIMUM for name in IDS}, progress=False)
    assert [finding.status for finding in found.findings] == ["measured"] * 4, [f.reason for f in found.findings]
    return found, json.loads((folder / name / "oracle.json").read_text())


@pytest.fixture(scope="module", params=sorted(BY))
def case(request: pytest.FixtureRequest, data_folder: Path) -> tuple[str, Audit, dict]:
    return (request.param, *audited(data_folder, request.param))


def values(found: Audit, finding: str, measure: str) -> dict[str, float | None]:
    return {
        "+".join(m.group.columns) + ":" + "|".join(map(str, m.group.values)): m.value
        for m in found[finding].measures
        if m.name == measure and not m.over
    }


def test_rates_by_group_equal_the_oracle(case: tuple[str, Audit, dict]) -> None:
    name, found, oracle = case
    ours = {
        "tpr": values(found, "fairness.equal_opportunity", "true_positive_rate"),
        "fpr": values(found, "fairness.equalized_odds", "false_positive_rate"),
        "selection_rate": values(found, "fairness.demographic_parity", "selection_rate"),
        "accuracy": values(found, "performance.classification", "accuracy"),
        "precision": values(found, "performance.classification", "precision"),
    }
    checked = 0
    for columns, groups in oracle["groups"].items():
        for group, truth in groups.items():
            for rate, by_group in ours.items():
                key = f"{columns}:{group}"
                if key not in by_group:
                    ordered = "+".join(sorted(columns.split("+"), key=BY[name].index))
                    key = f"{ordered}:{group}"
                if key not in by_group:
                    continue
                expected = truth[rate]
                if rate == "selection_rate" and name == "compas":
                    expected = 1 - expected
                if expected is None or math.isnan(expected):
                    assert by_group[key] is None, (rate, key)
                else:
                    assert by_group[key] == pytest.approx(expected, abs=1e-9), (rate, key)
                checked += 1
    assert checked > 20


def test_overall_performance_equals_the_oracle(case: tuple[str, Audit, dict]) -> None:
    _, found, oracle = case
    ours = {m.name: m.value for m in found["performance.classification"].measures if not m.group}
    for name, theirs in (("accuracy", "accuracy"), ("precision", "precision"), ("recall", "tpr")):
        assert ours[name] == pytest.approx(oracle["overall"][theirs], abs=1e-9)
    for name, keys in (("roc_auc", ("auc", "roc_auc")), ("brier", ("brier",))):
        known = [oracle["overall"][key] for key in keys if key in oracle["overall"]]
        assert all(ours[name] == pytest.approx(value, abs=1e-9) for value in known)


def test_gaps_equal_the_oracle_and_fairlearn(case: tuple[str, Audit, dict]) -> None:
    name, found, oracle = case
    for columns, truth in oracle["disparities"].items():
        over = tuple(sorted(columns.split("+"), key=BY[name].index))
        opportunity = found["fairness.equal_opportunity"].measure("difference", over=over)
        assert opportunity.value == pytest.approx(truth["tpr"]["difference"], abs=1e-9)
        false = found["fairness.equalized_odds"].measure("false_positive_rate_difference", over=over)
        assert false.value == pytest.approx(truth["fpr"]["difference"], abs=1e-9)
        if name != "compas":
            parity = found["fairness.demographic_parity"].measure("ratio", over=over)
            assert parity.value == pytest.approx(truth["selection_rate"]["ratio"], abs=1e-9)
        difference = found["fairness.demographic_parity"].measure("difference", over=over)
        assert difference.value == pytest.approx(truth["demographic_parity_difference"], abs=1e-9)
        odds = found["fairness.equalized_odds"].measure("difference", over=over)
        assert odds.value == pytest.approx(truth["equalized_odds_difference"], abs=1e-9)


def test_fairlearn_gives_the_same_parity_where_it_defines_it(data_folder: Path) -> None:
    from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio

    frame = pd.read_csv(data_folder / "adult" / "oracle_predictions.csv.gz", keep_default_na=False)
    found, _ = audited(data_folder, "adult")
    for theirs, ours in ((demographic_parity_difference, "difference"), (demographic_parity_ratio, "ratio")):
        expected = theirs(frame.y_true, frame.y_pred, sensitive_features=frame.sex)
        assert found["fairness.demographic_parity"].measure(ours, over="sex").value == expected
