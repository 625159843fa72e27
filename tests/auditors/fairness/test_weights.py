"""Rows with weights and with clusters: the same rates, honest bounds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID = "fairness.demographic_parity"


def parity(frame: pd.DataFrame, **roles: object) -> Finding:
    subject = Subject(frame, prediction="p", favorable="yes", sensitive=["g"], **roles)
    found = audit(subject, only=[ID], progress=False)[ID]
    assert found.status == "measured", found.reason
    return found


def people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    group = rng.choice(["a", "b"], n)
    decided = rng.random(n) < np.where(group == "a", 0.6, 0.4)
    return pd.DataFrame({"g": group, "p": np.where(decided, "yes", "no")})


def test_weights_of_one_change_neither_rate_nor_its_wilson_size() -> None:
    plain, weighted = parity(people()), parity(people().assign(w=1.0), weight="w")
    for group in ("a", "b"):
        one, two = (f.measure("selection_rate", {"g": group}) for f in (plain, weighted))
        assert two.value == pytest.approx(one.value)
        assert two.uncertainty.n == pytest.approx(one.uncertainty.n)
        assert two.interval.low == pytest.approx(one.interval.low, abs=2e-3)  # t in place of z


def test_multiplying_all_weights_changes_nothing() -> None:
    weight = np.random.default_rng(2).choice([0.5, 1.0, 2.0, 4.0], 400)
    one, two = (parity(people().assign(w=weight * times), weight="w") for times in (1.0, 4.0))
    assert [m.value for m in one.measures] == [m.value for m in two.measures]
    assert [m.interval for m in one.measures] == [m.interval for m in two.measures]


def test_unequal_weights_widen_the_interval() -> None:
    weight = np.random.default_rng(2).choice([0.1, 10.0], 400)
    one, two = parity(people()), parity(people().assign(w=weight), weight="w")

    def width(found: Finding) -> float:
        shown = found.measure("selection_rate", {"g": "a"}).interval
        return shown.high - shown.low

    assert width(two) > 1.3 * width(one)


def test_rows_repeated_in_clusters_are_no_more_evidence_than_the_clusters() -> None:
    frame = people().assign(c=range(400))
    repeated = pd.concat([frame] * 9, ignore_index=True)
    honest = parity(repeated, cluster="c").measure("selection_rate", {"g": "a"})
    single = parity(frame).measure("selection_rate", {"g": "a"})
    assert honest.value == pytest.approx(single.value)
    ratio = (honest.interval.high - honest.interval.low) / (single.interval.high - single.interval.low)
    assert 0.8 < ratio < 1.3
    assert "clusters" in honest.interval.method


def test_fewer_than_thirty_clusters_in_a_group_are_insufficient() -> None:
    frame = people().assign(c=lambda f: f.index % 12)
    measure = parity(frame, cluster="c").measure("selection_rate", {"g": "a"})
    assert measure.status == "insufficient"
    assert "clusters" in measure.reason


def test_berkeley_s_aggregated_rows_give_the_published_rates_as_weights(data_folder: Path) -> None:
    file = next((data_folder / "ucb_admissions").glob("*.csv"))
    frame = pd.read_csv(file)
    subject = Subject(frame, prediction="Admit", favorable="Admitted", sensitive=["Gender", "Dept"], weight="Freq")
    found = audit(subject, only=[ID], options={ID: {"min_group_size": 1, "min_denominator": 1}}, progress=False)[ID]
    percent = {g: 100 * found.measure("selection_rate", {"Gender": g}).value for g in ("Male", "Female")}
    assert percent == {"Male": pytest.approx(44.519, abs=1e-3), "Female": pytest.approx(30.354, abs=1e-3)}
    in_a = [100 * found.measure("selection_rate", {"Gender": g, "Dept": "A"}).value for g in ("Male", "Female")]
    assert in_a == pytest.approx([62.06, 82.41], abs=5e-3)
