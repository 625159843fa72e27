"""Measures of scores: scikit-learn's and the oracle's values, weights, clusters, and what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID, CALIBRATION = "performance.classification", "performance.calibration"


def people(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = np.round(rng.beta(2, 3, rows), 3).clip(0.001, 0.999)
    return pd.DataFrame(
        {
            "y": (rng.random(rows) < score).astype(int),
            "s": score,
            "g": rng.choice(["a", "b"], rows),
            "w": rng.choice([0.5, 1.0, 3.0], rows),
            "c": rng.integers(0, 200, rows),
        }
    )


def measured(frame: pd.DataFrame, only: str = ID, **roles: object) -> Finding:
    subject = Subject(frame, label="y", score="s", positive=1, favorable=1, sensitive=["g"], **roles)
    found = audit(subject, only=[only], progress=False)[only]
    assert found.status == "measured", found.reason
    return found


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("group", [None, "a"])
def test_score_measures_equal_scikit_learn_s_with_and_without_weights(weight: str | None, group: str | None) -> None:
    frame = people()
    found = measured(frame, **({"weight": weight} if weight else {}))
    rows = frame if group is None else frame[frame.g == group]
    w = rows[weight] if weight else None
    where = {} if group is None else {"g": group}
    peers = {
        "roc_auc": roc_auc_score(rows.y, rows.s, sample_weight=w),
        "pr_auc": average_precision_score(rows.y, rows.s, sample_weight=w),
        "brier": brier_score_loss(rows.y, rows.s, sample_weight=w),
        "log_loss": log_loss(rows.y, rows.s, sample_weight=w),
    }
    for name, value in peers.items():
        assert found.measure(name, where).value == pytest.approx(value, abs=1e-9), name


def test_weights_of_one_leave_the_intervals_nearly_as_they_were() -> None:
    plain, weighted = measured(people()), measured(people().assign(w=1.0), weight="w")
    for name in ("roc_auc", "pr_auc", "brier", "log_loss"):
        one, two = plain.measure(name).interval, weighted.measure(name).interval
        assert (two.low, two.high) == pytest.approx((one.low, one.high), abs=1e-3), name


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "brier", "log_loss", "f1", "mcc"])
def test_rows_repeated_in_clusters_are_no_more_evidence(name: str) -> None:
    frame = people().assign(c=lambda f: np.arange(len(f)))
    repeated = pd.concat([frame] * 4, ignore_index=True)
    one, two = measured(frame).measure(name), measured(repeated, cluster="c").measure(name)
    assert two.value == pytest.approx(one.value, abs=1e-9)
    width = [m.interval.high - m.interval.low for m in (one, two)]
    assert 0.75 < width[1] / width[0] < 1.35
    assert "jackknife" in two.interval.method


@pytest.mark.parametrize("name", ["adult", "german", "compas"])
def test_log_loss_and_calibration_error_equal_the_oracle(data_folder: Path, name: str) -> None:
    frame = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    oracle = json.loads((data_folder / name / "oracle.json").read_text())
    favorable = 0 if name == "compas" else 1
    by = {"adult": "sex", "german": "sex", "compas": "sex"}[name]
    subject = Subject(
        frame, label="y_true", prediction="y_pred", score="y_score", positive=1, favorable=favorable, sensitive=[by]
    )
    found = audit(subject, only=[ID, CALIBRATION], progress=False)
    for group, truth in [({}, oracle["overall"]), *(({by: g}, t) for g, t in oracle["groups"][by].items())]:
        assert found[ID].measure("log_loss", group).value == pytest.approx(truth["log_loss"], abs=1e-9)
        assert found[CALIBRATION].measure("ece", group).value == pytest.approx(truth["ece10"], abs=1e-9)
        large = truth["mean_score"] - truth["base_rate"]
        assert found[CALIBRATION].measure("in_the_large", group).value == pytest.approx(large, abs=1e-9)


def test_a_wrong_score_of_one_leaves_the_log_loss_undefined_and_counts_it() -> None:
    frame = people()
    frame.loc[frame.index[:3], ["s", "y"]] = [1.0, 0]
    found = measured(frame).measure("log_loss")
    assert (found.status, found.value) == ("undefined", None)
    assert "3 rows" in found.reason


def test_slope_finds_scores_that_are_too_extreme() -> None:
    frame = people(4000)
    odds = np.log(frame.s / (1 - frame.s))
    too_extreme = frame.assign(s=1 / (1 + np.exp(-2 * odds)))
    honest, extreme = (measured(f, CALIBRATION).measure("slope") for f in (frame, too_extreme))
    assert honest.interval.low < 1 < honest.interval.high
    assert extreme.interval.low < 0.5 < extreme.interval.high
    assert extreme.value == pytest.approx(honest.value / 2, abs=1e-6)


def test_constant_scores_have_no_slope_and_ranks_no_calibration() -> None:
    flat = measured(people().assign(s=0.4), CALIBRATION)
    assert flat.measure("slope").status == "undefined"
    ranks = Subject(
        people().assign(s=lambda f: f.s * 10), label="y", score="s", favorable=1, score_kind="rank", threshold=4
    )
    assert audit(ranks, only=[CALIBRATION], progress=False)[CALIBRATION].status == "not applicable"


def test_perfect_scores_have_an_error_near_what_chance_makes_of_it() -> None:
    ece = measured(people(20_000), CALIBRATION).measure("ece")
    assert ece.interval.low == 0
    assert ece.value == pytest.approx(ece.expected, abs=0.006)


def test_the_widest_miscalibration_between_groups_names_both() -> None:
    frame = people(4000)
    frame.loc[frame.g == "b", "s"] = (frame.s + 0.1).clip(upper=0.999)
    gap = measured(frame, CALIBRATION).measure("in_the_large_difference", over="g")
    assert gap.interval.low > 0.05
    assert {str(gap.worst), str(gap.best)} == {"a", "b"}
