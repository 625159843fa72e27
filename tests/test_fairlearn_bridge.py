"""Metrics on cells are metrics on rows, to the bit."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, f1_score, fbeta_score, matthews_corrcoef, precision_score

import auditkit as ak
from auditkit.errors import DataError, NotApplicable
from auditkit.subject import Subject

METRICS = {
    "n": count,
    "selection": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
    "accuracy": accuracy_score,
    "precision": partial(precision_score, zero_division=0),
    "f1": partial(f1_score, zero_division=0),
    "f2": partial(fbeta_score, beta=2, zero_division=0),
}
BY = {"adult": ["sex", "race"], "compas": ["race", "sex"], "german": ["sex", "age_group"]}


@pytest.mark.parametrize("name", sorted(BY))
@pytest.mark.parametrize("columns", [1, 2])
def test_metrics_on_cells_equal_metrics_on_rows(data_folder: Path, name: str, columns: int) -> None:
    frame = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    by = BY[name][:columns]
    subject = Subject(frame, label="y_true", prediction="y_pred", positive=1, favorable=1, sensitive=by)
    ours = ak.to_metric_frame(subject, METRICS)
    theirs = MetricFrame(metrics=METRICS, y_true=frame.y_true, y_pred=frame.y_pred, sensitive_features=frame[by])
    pd.testing.assert_frame_equal(ours.by_group.astype(float), theirs.by_group.astype(float), check_exact=True)
    assert ours.difference().to_dict() == theirs.difference().to_dict()
    assert ours.overall.to_dict() == theirs.overall.to_dict()


def small(**more: object) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = {"y": rng.choice(["n", "p"], 300), "d": rng.choice(["n", "p"], 300), "g": rng.choice(["a", "b", None], 300)}
    return pd.DataFrame({**table, **more})


def test_one_metric_and_weights_equal_those_of_the_rows() -> None:
    frame = small(w=np.random.default_rng(1).choice([0.5, 2.0], 300))
    subject = Subject(frame, label="y", prediction="d", positive="p", favorable="p", sensitive=["g"], weight="w")
    found = ak.to_metric_frame(subject, matthews_corrcoef).by_group
    for group, rows in frame.fillna({"g": "(missing)"}).groupby("g"):
        assert found[group] == pytest.approx(matthews_corrcoef(rows.y, rows.d, sample_weight=rows.w), abs=1e-12)


def test_more_than_two_labels_stand_for_themselves() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"y": rng.choice(list("abc"), 200), "d": rng.choice(list("abc"), 200), "g": rng.choice([1, 2], 200)}
    )
    subject = Subject(frame, label="y", prediction="d", favorable="a", sensitive=["g"])
    macro = partial(f1_score, average="macro")
    found = ak.to_metric_frame(subject, {"macro": macro}).by_group["macro"]
    assert found[1] == macro(frame.y[frame.g == 1], frame.d[frame.g == 1])


def test_one_column_may_be_named_alone() -> None:
    frame = small().rename(columns={"g": "region"})
    subject = Subject(frame, label="y", prediction="d", positive="p", favorable="p", sensitive=["region"])
    alone, listed = (ak.to_metric_frame(subject, accuracy_score, by=by).by_group for by in ("region", ["region"]))
    pd.testing.assert_series_equal(alone, listed)


def test_what_cannot_be_done_is_said() -> None:
    subject = Subject(small(), label="y", prediction="d", favorable="p", sensitive=["g"])
    with pytest.raises(DataError, match="takes no sample_weight"):
        ak.to_metric_frame(subject, {"own": lambda y_true, y_pred: 0.0})
    with pytest.raises(NotApplicable, match="no sensitive column"):
        ak.to_metric_frame(Subject(small(), label="y", prediction="d", favorable="p"), accuracy_score)
