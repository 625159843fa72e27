"""Recourse by group: silent where nothing is to be told, and what is planted is found."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Evidence, Finding
from auditkit.subject import Subject

ID = "explanations.recourse"
SECTION = {"columns": {"income": {"direction": "up", "most": 150}}}


class Needs:
    """Decides favourably from an income that depends on sex; scores say how far it is."""

    classes_ = np.array(["no", "yes"])
    feature_names_in_ = np.array(["income", "sex"], dtype=object)

    def __init__(self, women: float, men: float) -> None:
        self.women, self.men = women, men

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        needed = np.where(frame.sex == "f", self.women, self.men)
        score = (1 + np.tanh((frame.income.to_numpy() - needed - 0.5) / 50)) / 2
        return np.column_stack([1 - score, score])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return self.classes_[(self.predict_proba(frame)[:, 1] >= 0.5).astype(int)]


def people(n: int = 1500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"income": rng.integers(0, 200, n), "sex": rng.choice(["f", "m"], n), "w": rng.choice([1.0, 3.0], n)}
    )
    frame["household"] = np.arange(n) // 3
    return frame.assign(y=np.where(frame.income > 100, "yes", "no"))


def subject(model: Any, frame: pd.DataFrame | None = None, **more: Any) -> Subject:
    given = {"label": "y", "favorable": "yes", "sensitive": ["sex"], "recourse": SECTION, **more}
    return Subject(people() if frame is None else frame, model=model, **given)


def run(given: Subject, **options: Any) -> Finding:
    return audit(given, only=[ID], options={ID: options}, progress=False)[ID]


def table(finding: Finding, name: str) -> Evidence:
    return next(item for item in finding.evidence if item.id == f"{ID}.{name}")


def test_where_the_sexes_need_the_same_the_difference_contains_zero() -> None:
    finding = run(subject(Needs(100, 100)))
    assert finding.status == "measured", finding.reason
    assert finding.measure("share_without_recourse").value == 0
    for name in ("share_without_recourse_difference", "cost_difference"):
        interval = finding.measure(name, over="sex").interval
        assert interval is not None
        assert interval.low == 0


def test_who_needs_more_than_is_permitted_has_no_recourse() -> None:
    finding = run(subject(Needs(180, 100)))
    assert finding.measure("share_without_recourse", {"sex": "f"}).value == 1
    assert finding.measure("share_without_recourse", {"sex": "m"}).value == 0
    gap = finding.measure("share_without_recourse_difference", over="sex")
    assert gap.value == 1
    assert gap.worst is not None
    assert str(gap.worst) == "f"
    assert gap.interval is not None
    assert gap.interval.low > 0.9
    assert finding.measure("cost", {"sex": "f"}).status == "insufficient"
    assert finding.measure("cost_difference", over="sex").status == "insufficient"


def test_cost_is_that_of_the_way_to_the_threshold() -> None:
    frame = people()
    finding = run(subject(Needs(140, 100)), rows=2000)
    ranks = frame.income.rank(method="average") / len(frame) - 0.5 / len(frame)
    by_value = ranks.groupby(frame.income).first()
    means = {}
    for sex, needed in (("f", 140), ("m", 100)):
        adverse = frame[(frame.sex == sex) & (frame.income <= needed)]
        means[sex] = wanted = (by_value[needed + 1] - by_value[adverse.income]).mean()
        cost = finding.measure("cost", {"sex": sex})
        assert cost.n == len(adverse)
        assert cost.value == pytest.approx(wanted, abs=1 / 200)
    gap = finding.measure("cost_difference", over="sex")
    assert gap.value == pytest.approx(means["f"] - means["m"], abs=1 / 100)
    assert str(gap.worst) == "f"


def test_tables_tell_what_changes_and_what_was_permitted() -> None:
    finding = run(subject(Needs(100, 100)))
    (row,) = table(finding, "changes").rows
    assert row[0] == "income"
    assert row[2] == 1
    assert re.fullmatch(r"\+\d.*", str(row[5]))
    assert table(finding, "permitted").rows == (("income", "up only; at most 150", 1.0),)
    assert len(table(finding, "without.sex").rows) == len(table(finding, "cost.sex").rows) == 2
    assert "adverse of 1,500 test rows" in table(finding, "cost.sex").caption


def test_no_value_of_a_single_row_stands_in_the_finding() -> None:
    frame = people()
    frame["income"] = frame.income * 1000 + 137 + np.arange(len(frame))
    section = {"columns": {"income": {"direction": "up"}}}
    finding = run(subject(Needs(100_000, 120_000), frame, recourse=section))
    told = json.dumps([asdict(item) for item in (*finding.measures, *finding.evidence)], default=str)
    numbers = {float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*\.?\d*", told)}
    assert not numbers & set(frame.income.astype(float))


def test_groups_below_30_adverse_rows_get_no_number() -> None:
    frame = people().assign(region=lambda rows: np.where(np.arange(len(rows)) % 60 == 0, "isle", "main"))
    finding = run(subject(Needs(100, 100), frame, sensitive=["region"]))
    measure = finding.measure("share_without_recourse", {"region": "isle"})
    assert measure.status == "insufficient"
    assert finding.measure("share_without_recourse", {"region": "main"}).status == "measured"


def test_weights_and_clusters_are_known_to_shares_and_costs() -> None:
    plain = run(subject(Needs(180, 100)))
    weighted = run(subject(Needs(180, 100), weight="w"))
    clustered = run(subject(Needs(180, 100), cluster="household"))
    share = plain.measure("share_without_recourse").interval
    for finding, method in ((weighted, "effective size"), (clustered, "jackknife")):
        interval = finding.measure("share_without_recourse").interval
        assert interval is not None
        assert share is not None
        assert method in interval.method
        assert interval != share
        assert finding.measure("cost", {"sex": "m"}).interval is not None
    cost = clustered.measure("cost").interval
    assert cost is not None
    assert "clusters" in cost.method


def test_order_of_rows_and_a_second_run_change_nothing() -> None:
    frame = people()
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    first, again, other = (
        run(subject(Needs(140, 100), rows, train=rows), rows=200) for rows in (frame, frame, shuffled)
    )
    assert first.measures == again.measures == other.measures
    assert first.evidence == again.evidence == other.evidence


def test_a_limit_that_leaves_rows_is_told_and_a_clock_makes_the_finding_volatile() -> None:
    finding = run(subject(Needs(100, 100)), model_rows=4000)
    left = finding.measure("not_searched").value
    assert left is not None
    assert 0 < left < 500
    assert finding.measure("share_without_recourse").n == 500 - left
    assert "left" in table(finding, "cost.sex").caption
    assert not any(measure.volatile for measure in finding.measures)
    stopped = run(subject(Needs(100, 100)), seconds=0.0)
    assert stopped.status == "insufficient data"
    assert "0 rows were searched within 0 seconds" in str(stopped.reason)


def test_a_search_that_the_clock_has_cut_stands_outside_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])  # only the model takes time, however busy the machine

    class Slow(Needs):
        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            now[0] += 0.02 if len(frame) < 900 else 0
            return super().predict_proba(frame)

    finding = run(subject(Slow(100, 100)), seconds=0.25)
    assert finding.status == "measured", finding.reason
    left = finding.measure("not_searched").value
    assert left
    assert all(item.volatile for item in (*finding.measures, *finding.evidence))


@pytest.mark.parametrize(
    ("more", "status", "reason"),
    [
        ({"recourse": None}, "not applicable", "made on request: state what a person could change"),
        ({"model": None, "prediction": "y", "label": None}, "not applicable", "no model was given"),
        ({"model": Needs(1, 1)}, "insufficient data", "have an adverse decision, at least 30 are needed"),
    ],
)
def test_it_is_told_why_nothing_was_measured(more: dict[str, Any], status: str, reason: str) -> None:
    model = more.pop("model", Needs(100, 100))
    finding = run(subject(model, **more))
    assert finding.status == status
    assert reason in str(finding.reason)


@pytest.mark.statistics
def test_intervals_cover_what_all_rows_would_show() -> None:
    population, model = people(20_000, 5), Needs(160, 140)
    section = {"columns": {"income": {"direction": "up", "farthest": 60}}}
    asked = subject(model, population, train=population, recourse=section)
    whole = run(asked, rows=20_000, pool=20_000, model_rows=10**8)
    keys = [(name, sex) for name in ("share_without_recourse", "cost") for sex in ("f", "m")]
    covered: dict[tuple[str, str], list[bool]] = {key: [] for key in keys}
    for seed in range(250):
        drawn = population.sample(240, random_state=seed).reset_index(drop=True)
        finding = run(subject(model, drawn, train=population, recourse=section))
        for name, sex in keys:
            measure, wanted = finding.measure(name, {"sex": sex}), whole.measure(name, {"sex": sex}).value
            if measure.interval is not None and wanted is not None:
                covered[name, sex].append(measure.interval.low <= wanted <= measure.interval.high)
    for key, hits in covered.items():
        print(key, len(hits), np.mean(hits))
        assert len(hits) > 150
        assert np.mean(hits) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(hits))
