"""Weights and clusters of the rows that the flip test and individual consistency draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Interval, Measure
from auditkit.subject import Subject

FLIP, ALIKE = "fairness.counterfactual_flip", "fairness.individual_consistency"
OPTIONS = {FLIP: {"model_rows": 100_000}, ALIKE: {"rows": 500, "pool": 10_000}}


class BySex:
    feature_names_in_ = np.array(["sex", "income"], dtype=object)
    classes_ = np.array([0, 1])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return (frame.income + 3 * (frame.sex == "m") > 31).to_numpy().astype(int)


def people(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"sex": rng.choice(["f", "m"], n), "income": rng.normal(30, 8, n).round(2)})
    return frame.assign(who=range(n), w=rng.integers(1, 5, n).astype(float))


def overall(frame: pd.DataFrame, identifier: str, **roles: str) -> Measure:
    subject = Subject(frame, model=BySex(), favorable=1, sensitive=["sex"], **roles)
    finding = audit(subject, only=[identifier], options={identifier: OPTIONS[identifier]}, progress=False)[identifier]
    assert finding.status == "measured", finding.reason
    return finding.measure("share_changed", over="sex") if identifier == FLIP else finding.measure("consistency")


def width(measure: Measure) -> float:
    shown = measure.interval
    assert isinstance(shown, Interval)
    return shown.high - shown.low


def test_flips_of_rows_with_weights_are_weighted() -> None:
    frame = people()
    other = frame.assign(sex=frame.sex.map({"f": "m", "m": "f"}))
    changed = BySex().predict(frame) != BySex().predict(other)
    found = overall(frame, FLIP, weight="w")
    assert found.value == pytest.approx((changed * frame.w).sum() / frame.w.sum())
    assert width(found) > width(overall(frame, FLIP))


def test_the_same_people_many_times_do_not_make_flips_surer() -> None:
    frame = people()
    often = pd.concat([frame] * 4, ignore_index=True)
    once, again = overall(frame, FLIP, cluster="who"), overall(often, FLIP, cluster="who")
    assert again.value == once.value
    assert width(again) == pytest.approx(width(once), rel=1e-6)
    assert width(overall(often, FLIP)) < 0.6 * width(once)


def test_the_same_people_many_times_do_not_make_consistency_surer() -> None:
    often = pd.concat([people(300)] * 8, ignore_index=True)
    plain, clustered = overall(often, ALIKE), overall(often, ALIKE, cluster="who")
    assert clustered.value == plain.value
    assert width(clustered) > width(plain)


def test_few_clusters_are_too_few() -> None:
    frame = people().assign(who=lambda rows: rows.index % 8)
    assert overall(frame, FLIP, cluster="who").status == "insufficient"
    assert overall(frame, ALIKE, cluster="who").status == "insufficient"
