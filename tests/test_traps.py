"""Traps that other libraries were seen to fall into, each kept out of ours."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

import auditkit as ak
from auditkit.finding import Finding
from auditkit.stats.uncertainty import Proportion, WorstPair

NO_MINIMUM = {"min_group_size": 1, "min_denominator": 1}


def audited(frame: pd.DataFrame, only: str, minimum: bool = False, **roles: object) -> Finding:
    given: dict = {"label": "y", "prediction": "p", "favorable": 1, "sensitive": ["g"], **roles}
    subject = ak.Subject(frame, **given)
    options = {} if minimum else {only: NO_MINIMUM}
    return ak.audit(subject, only=[only], options=options, progress=False)[only]


def test_a_group_without_positives_has_no_recall_and_no_part_in_the_gap() -> None:
    from fairlearn.metrics import equalized_odds_difference

    frame = pd.DataFrame({"y": [0] * 40 + [0, 1] * 40, "p": [0] * 40 + [0, 1] * 40, "g": ["a"] * 40 + ["b"] * 80})
    found = audited(frame, "fairness.equal_opportunity")
    assert found.measure("true_positive_rate", {"g": "a"}).status == "undefined"
    assert found.measure("difference", over="g").status == "insufficient"
    assert equalized_odds_difference(frame.y, frame.p, sensitive_features=frame.g) == 1.0  # why this is a trap


def test_one_row_alone_is_nearly_no_evidence() -> None:
    low, high = Proportion(1, 1).limits(1.959964)
    assert (low, high) == (pytest.approx(0.2065, abs=1e-4), 1.0)  # a percentile bootstrap says [1, 1]
    assert Proportion(1, 1).lower(0.95) == pytest.approx(0.05)


def test_the_bounds_of_a_gap_can_contain_no_gap() -> None:
    equal = WorstPair("difference", (Proportion(20, 100), Proportion(22, 100), Proportion(19, 100)))
    assert equal.lower(0.95) == 0.0
    assert WorstPair("ratio", equal.members).upper(0.95) == 1.0


def test_floats_are_no_decisions() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": rng.normal(size=200), "p": rng.normal(size=200), "g": rng.choice(["a", "b"], 200)})
    found = audited(frame, "fairness.demographic_parity", favorable=None)
    assert (found.status, "regression" in found.reason) == ("not applicable", True)


def test_scores_given_as_decisions_are_refused() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 50, "p": np.linspace(0.01, 0.99, 100), "g": ["a", "b"] * 50})
    with pytest.raises(ak.AuditkitError, match="which is no label"):
        ak.Subject(frame, label="y", prediction="p", favorable=1, sensitive=["g"])


def test_missing_sensitive_values_are_neither_dropped_nor_an_error() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 60, "p": [0, 1] * 60, "g": (["a"] * 40 + ["b"] * 40 + [None] * 40)})
    found = audited(frame, "fairness.demographic_parity")
    assert found.measure("selection_rate", {"g": None}).n == 40
    assert found.measure("difference", over="g").n == 120


def test_a_selection_rate_is_a_share_of_the_group_not_of_all_who_are_selected() -> None:
    frame = pd.DataFrame(
        {"y": [1, 0] * 100, "p": [1] * 30 + [0] * 70 + [1] * 60 + [0] * 40, "g": ["a"] * 100 + ["b"] * 100}
    )
    found = audited(frame, "fairness.demographic_parity")
    assert found.measure("selection_rate", {"g": "a"}).value == 0.30  # aequitas' ppr would be 30 / 90


@pytest.mark.parametrize("only", ["fairness", "performance", "explanations", "privacy", "data"])
def test_the_order_of_rows_changes_no_number(only: str) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"x": rng.normal(size=600).round(2), "s": rng.random(600).round(2), "g": rng.choice(["a", "b"], 600)}
    )
    frame["y"] = (rng.random(600) < frame.s).astype(int)
    one, two = (
        ak.audit(
            ak.Subject(rows, label="y", score="s", favorable=1, sensitive=["g"], quasi_identifiers=["x"]),
            only=[only],
            progress=False,
        )
        for rows in (frame, frame.sample(frac=1, random_state=5))
    )
    assert one.findings == two.findings


def test_weights_are_added_the_same_way_every_time(tmp_path: object) -> None:
    """DuckDB's parallel sums of doubles differ from run to run; ours are whole numbers."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "g": rng.choice(["a", "b"], 200_000),
            "y": rng.integers(0, 2, 200_000),
            "w": rng.lognormal(size=200_000).clip(0.01),
        }
    )
    path = f"{tmp_path}/rows.parquet"
    frame.to_parquet(path, row_group_size=5000)
    tallies = [ak.count_rows(path, ["g"], label="y", weight="w").as_dict() for _ in range(3)]
    assert tallies[0] == tallies[1] == tallies[2]
    assert tallies[0] == ak.count_rows(frame, ["g"], label="y", weight="w").as_dict()
    assert duckdb.sql(f"SELECT typeof(sum(w)) FROM '{path}'").fetchall() == [("DOUBLE",)]  # why this is a trap


def test_words_are_no_numbers_to_regress_on() -> None:
    frame = pd.DataFrame({"y": ["good", "bad"] * 50, "p": ["good", "bad"] * 50, "g": ["a", "b"] * 50})
    with pytest.raises(ak.AuditkitError, match="task is regression, but 'y' or the model says 'bad'; wanted numbers"):
        ak.Subject(frame, label="y", prediction="p", task="regression", sensitive=["g"])


def test_one_family_may_be_named_without_a_list() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 60, "p": [0, 1] * 60, "g": ["a"] * 60 + ["b"] * 60})
    subject = ak.Subject(frame, label="y", prediction="p", favorable=1, sensitive=["g"])
    found = ak.audit(subject, only="data.labels", progress=False)
    assert [finding.id for finding in found.findings] == ["data.labels"]
