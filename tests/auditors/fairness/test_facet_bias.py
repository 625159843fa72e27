"""One group against all other rows: Clarify's measures, from their definitions and from what its notebook printed."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

NO_MINIMUM = {"min_group_size": 1, "min_denominator": 1}
PRE, POST = "fairness.pretraining_bias", "fairness.posttraining_bias"
# Clarify's notebook; its KL, JS and KS are stale there, so those are the definition's.
NOTEBOOK = {
    ("foreign", "yes"): {
        "class_imbalance": -0.926,
        "label_proportion_difference": 0.1992646852459936,
        "lp_norm": 0.2818028203768902,
        "total_variation_distance": 0.19926468524599364,
        "kolmogorov_smirnov": 0.1992646852459936,
        "kl_divergence": 0.1125521921,
        "js_divergence": 0.0311855410,
        "conditional_label_disparity": 0.03290400123352098,
    },
    ("age", "41 and over"): {
        "class_imbalance": 0.452,
        "label_proportion_difference": -0.05127586414912222,
        "lp_norm": 0.07251502250208905,
        "total_variation_distance": 0.05127586414912225,
        "kolmogorov_smirnov": 0.0512758641,
        "kl_divergence": 0.0065318840,
        "js_divergence": 0.0016029853,
        "conditional_label_disparity": -0.06017778064937399,
    },
}


def german(folder: Path) -> Finding:
    frame = pd.read_csv(folder / "german" / "german.csv")
    frame["foreign"] = frame["foreign_worker"].map({"A201": "yes", "A202": "no"})
    subject = Subject(frame, label="credit", favorable=1, sensitive=["foreign", "age"], bins={"age": [41]})
    found = audit(subject, only=[PRE], options={PRE: {"strata": "housing", **NO_MINIMUM}}, progress=False)
    return found[PRE]


@pytest.mark.parametrize(("column", "value"), sorted(NOTEBOOK))
def test_label_measures_equal_clarify_s_notebook_or_where_it_is_stale_the_definition(
    data_folder: Path, column: str, value: str
) -> None:
    finding = german(data_folder)
    for name, published in NOTEBOOK[column, value].items():
        assert finding.measure(name, {column: value}).value == pytest.approx(published, abs=1e-9), name


def decisions() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 3000)
    decided = np.where(rng.random(3000) < 0.75, label, 1 - label)
    return pd.DataFrame(
        {"y": label, "p": decided, "g": rng.choice(["a", "d", "e"], 3000), "s": rng.choice(["u", "v"], 3000)}
    )


def expected(frame: pd.DataFrame, group: str) -> dict[str, float]:
    d, a = frame[frame.g == group], frame[frame.g != group]

    def share(rows: pd.DataFrame, column: str) -> float:
        return float(rows[column].mean())

    def errors(rows: pd.DataFrame) -> float:
        return float(((rows.y == 1) & (rows.p == 0)).sum() / ((rows.y == 0) & (rows.p == 1)).sum())

    benefit = frame.p - frame.y + 1
    disparity = 0.0
    for _, rows in frame.groupby("s"):
        rejected, accepted = rows[rows.p == 0], rows[rows.p == 1]
        gap = float((rejected.g == group).mean() - (accepted.g == group).mean())
        disparity += len(rows) / len(frame) * gap
    return {
        "prediction_proportion_difference": share(a, "p") - share(d, "p"),
        "disparate_impact": share(d, "p") / share(a, "p"),
        "recall_difference": share(a[a.y == 1], "p") - share(d[d.y == 1], "p"),
        "specificity_difference": share(a[a.y == 0], "p") - share(d[d.y == 0], "p"),
        "acceptance_rate_difference": share(a[a.p == 1], "y") - share(d[d.p == 1], "y"),
        "rejection_rate_difference": share(a[a.p == 0], "y") - share(d[d.p == 0], "y"),
        "accuracy_difference": float((a.y == a.p).mean() - (d.y == d.p).mean()),
        "conditional_acceptance_difference": share(a, "y") / share(a, "p") - share(d, "y") / share(d, "p"),
        "conditional_rejection_difference": (1 - share(d, "y")) / (1 - share(d, "p"))
        - (1 - share(a, "y")) / (1 - share(a, "p")),
        "treatment_equality_difference": errors(d) - errors(a),
        "conditional_prediction_disparity": disparity,
        "generalized_entropy": float(((benefit / benefit.mean()) ** 2 - 1).mean() / 2),
    }


@pytest.fixture(scope="module")
def after() -> Finding:
    subject = Subject(decisions(), label="y", prediction="p", favorable=1, sensitive=["g"])
    return audit(subject, only=[POST], options={POST: {"strata": "s"}}, progress=False)[POST]


@pytest.mark.parametrize("group", ["a", "d", "e"])
def test_decision_measures_equal_their_definitions_row_by_row(after: Finding, group: str) -> None:
    for name, value in expected(decisions(), group).items():
        found = after.measure(name, {} if name == "generalized_entropy" else {"g": group})
        assert found.value == pytest.approx(value, abs=1e-12), name
        assert found.interval is not None
        assert found.interval.low <= found.value <= found.interval.high


def test_label_measures_need_no_predictions() -> None:
    subject = Subject(decisions().drop(columns="p"), label="y", favorable=1, sensitive=["g"])
    found = audit(subject, only=[PRE, POST], progress=False)
    assert (found[PRE].status, found[POST].status) == ("measured", "not applicable")


def test_a_group_without_a_label_has_no_divergence_from_it() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 40 + [1] * 40, "g": ["a"] * 80 + ["d"] * 40})
    finding = audit(Subject(frame, label="y", favorable=1, sensitive=["g"]), only=[PRE], progress=False)[PRE]
    assert finding.measure("kl_divergence", {"g": "d"}).status == "undefined"
    assert finding.measure("js_divergence", {"g": "d"}).value == pytest.approx(
        0.5 * (math.log(0.5 / 0.25) * 0.5 + math.log(0.5 / 0.75) * 0.5) + 0.5 * math.log(1 / 0.75)
    )


def test_weighted_labels_are_compared_by_their_weights() -> None:
    frame = pd.DataFrame({"y": [0, 1, 0, 1] * 50, "g": ["a", "a", "d", "d"] * 50, "w": [1.0, 3.0, 3.0, 1.0] * 50})
    subject = Subject(frame, label="y", favorable=1, sensitive=["g"], weight="w")
    finding = audit(subject, only=[PRE], progress=False)[PRE]
    assert finding.measure("label_proportion_difference", {"g": "d"}).value == pytest.approx(0.5)
    assert finding.measure("total_variation_distance", {"g": "d"}).value == pytest.approx(0.5)
    assert finding.measure("kl_divergence", {"g": "d"}).value == pytest.approx(
        0.25 * math.log(0.25 / 0.75) + 0.75 * math.log(0.75 / 0.25)
    )
