"""Software carbon intensity: the equation by hand, and nothing assumed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from auditkit.auditing import audit
from auditkit.energy.sci import FunctionalUnit, carbon_intensity
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
    found = carbon_intensity(Range(0.25, 0.5, 1.0), 300, 2.0, FunctionalUnit.of(DECLARED))
    embodied = 1_200_000 * 2 / (4 * 31_536_000) * 0.25
    assert embodied == pytest.approx(0.004756, abs=1e-6)
    assert found.value == pytest.approx(3 * (0.15 + embodied))
    assert found.low == pytest.approx(3 * (0.075 + embodied))


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
    assert found.measure("latency_ms_p95").value >= found.measure("latency_ms_p50").value
    assert "sci" not in {measure.name for measure in inference({"country": "FRA"}).measures}
