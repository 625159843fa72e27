"""Errors of a regression equal scikit-learn's, and their bounds hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject


def run(label: np.ndarray, prediction: np.ndarray, group: list[str] | None = None) -> Finding:
    frame = pd.DataFrame({"y": label, "p": prediction, "g": group or ["a", "b"] * (len(label) // 2)})
    subject = Subject(frame, label="y", prediction="p", sensitive=["g"], task="regression")
    return audit(subject, only=["performance.regression"], progress=False)["performance.regression"]


def made(rng: np.random.Generator, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    label = rng.normal(10, 3, n)
    return label, label + rng.normal(0.2, 1, n)


def test_errors_equal_scikit_learn() -> None:
    label, prediction = made(np.random.default_rng(0))
    found = run(label, prediction)
    for name, theirs in (("mae", mean_absolute_error), ("rmse", root_mean_squared_error), ("r2", r2_score)):
        assert found.measure(name).value == pytest.approx(theirs(label, prediction), abs=1e-12)
    assert found.measure("mean_error").value == pytest.approx((prediction - label).mean(), abs=1e-12)
    assert found.measure("mae", {"g": "a"}).n == 200


def test_a_constant_label_has_no_r2() -> None:
    found = run(np.full(100, 3.0), np.linspace(1, 5, 100))
    assert found.measure("r2").status == "undefined"


def test_a_small_group_is_insufficient() -> None:
    label, prediction = made(np.random.default_rng(1), 100)
    found = run(label, prediction, ["a"] * 90 + ["b"] * 10)
    assert found.measure("mae", {"g": "b"}).status == "insufficient"


def test_a_missing_prediction_is_refused_or_named() -> None:
    label, prediction = made(np.random.default_rng(2), 100)
    prediction[3] = np.nan
    found = run(label, prediction)
    assert found.status == "error"
    assert "missing or not finite" in (found.reason or "")


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("name", "truth"), [("mae", 0.8114), ("rmse", 1.0198), ("mean_error", 0.2), ("r2", 1 - 1.04 / 9)]
)
def test_the_interval_covers_the_truth(name: str, truth: float) -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(400):
        interval = run(*made(rng)).measure(name).interval
        assert interval is not None
        inside += interval.low <= truth <= interval.high
    assert inside >= 362  # 400 draws at 95 %: fewer has an exact binomial p below .001
