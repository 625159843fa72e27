"""Software carbon intensity: the equation by hand, and nothing assumed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from auditkit.auditing import audit
from auditkit.energy.quantities import Quantity
from auditkit.energy.sci import FunctionalUnit, carbon_intensity, embodied
from auditkit.errors import ConfigurationError
from auditkit.finding import Finding
from auditkit.stats.uncertainty import Range
from auditkit.subject import Subject

DECLARED = {
    "unit": "decision",
    "predictions_per_unit": 3,
    "embodied_kg": 1200,
    "lifespan_years": 4,
    "resource_share": 0.25,
}


def test_the_equation_worked_by_hand() -> None:
    """E 0.5 Wh a prediction, I 300 g/kWh, 2 s; M = 1,200 kg · 2 s / (4 · 31,536,000 s) · 0.25 = 0.004756 g; three of each."""
    energy, grid = Quantity(Range(0.25, 0.5, 1.0), "Wh"), Range(200.0, 300.0, 400.0)
    found = carbon_intensity(energy, grid, 2.0, FunctionalUnit.of(DECLARED))
    making = 1_200_000 * 2 / (4 * 31_536_000) * 0.25
    assert making == pytest.approx(0.004756, abs=1e-6)
    assert found.unit == "gCO2e"
    assert found.amount.value == pytest.approx(3 * (0.15 + making))
    assert (found.amount.low, found.amount.high) == (
        pytest.approx(3 * (0.05 + making)),
        pytest.approx(3 * (0.4 + making)),
    )


def test_the_embodied_example_of_the_specification() -> None:
    """SCI specification, embodied emissions: 1,000 kg over 4 years, one hour reserved, all of it: around 28 g."""
    found = embodied(3600, FunctionalUnit("hour", 1, 1000, 4, 1)).to("gCO2e").amount.value
    assert found == pytest.approx(1_000_000 / (4 * 365 * 24))
    assert 28 <= found < 29


def test_the_case_study_of_the_specification_s_working_group() -> None:
    """eShoppen, application server: 0.0656 kWh at 951 g/kWh, M 1,205.52 kg · 1 h of 35,040 · 2 of 16: 66.6906 g of 4.305 g."""
    unit = FunctionalUnit("hour of 500 users", 1, 1205.52, 4, 2 / 16)
    assert embodied(3600, unit).to("gCO2e").amount.value == pytest.approx(4.305, abs=0.005)
    energy, grid = Quantity(Range(0.0656, 0.0656, 0.0656), "kWh"), Range(951.0, 951.0, 951.0)
    assert carbon_intensity(energy, grid, 3600, unit).amount.value == pytest.approx(66.6906, abs=0.005)


def test_the_example_of_the_guide_to_the_specification() -> None:
    """1,329 g to run, M 1,230.3 kg · 1 of 48 months · 4 of 32 processors, 20,000 calls: 0.226 g a call (0.2266 cut off)."""
    unit = FunctionalUnit("call", 1, 1230.3, 4, 4 / 32)
    per_call = Quantity(Range(1.329 / 20_000, 1.329 / 20_000, 1.329 / 20_000), "kWh")
    month_of_one_call = 365 * 24 * 3600 / 12 / 20_000
    found = carbon_intensity(per_call, Range(1000.0, 1000.0, 1000.0), month_of_one_call, unit).amount.value
    assert int(found * 1000) == 226


@pytest.mark.parametrize("missing", sorted(DECLARED))
def test_neither_m_nor_r_is_assumed(missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{missing} is missing"):
        FunctionalUnit.of({name: value for name, value in DECLARED.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"), [("resource_share", 2), ("lifespan_years", 0), ("predictions_per_unit", "one")]
)
def test_numbers_out_of_range_get_one_line(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        FunctionalUnit.of({**DECLARED, name: value})


def inference(carbon: dict) -> Finding:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["a", "b"])
    frame["y"] = (frame.a + frame.b / 2 > 0).astype(int)
    model = LogisticRegression().fit(frame[["a"]], frame.y)
    subject = Subject(frame, model=model, label="y", carbon=carbon)
    options = {"carbon.inference": {"seconds": 0.05}}
    return audit(subject, only=["carbon.inference"], options=options, progress=False).findings[0]


def test_an_audit_gives_it_where_it_is_declared_and_the_energy_of_right_decisions() -> None:
    found = inference({"country": "FRA", "sci": DECLARED})
    sci, energy = found.measure("sci"), found.measure("energy_per_1000")
    assert sci.interval.kind == "range"
    assert "per decision (3 predictions)" in sci.interval.method
    assert sci.value >= 3 * energy.value / 1e6 * 56
    assert found.measure("energy_per_1000_correct").value > energy.value
    middle, slow = found.measure("latency_ms_p50"), found.measure("latency_ms_p95")
    assert slow.status == "insufficient" or slow.value >= middle.value  # a busy machine fits few calls into the time
    assert "sci" not in {measure.name for measure in inference({"country": "FRA"}).measures}
