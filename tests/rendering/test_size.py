"""However many columns are compared, a document stays within 0.3 MB and says what it leaves to the record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.policy import Policy, Rule
from auditkit.record import Record
from auditkit.rendering.documents import render_document
from auditkit.subject import Subject


@pytest.fixture(scope="module")
def wide() -> Record:
    rng = np.random.default_rng(0)
    names = [f"attribute {place}" for place in range(8)]
    frame = pd.DataFrame({name: rng.choice(list("abcdef"), 3000) for name in names})
    frame["s"] = rng.random(3000).round(3)
    frame["y"] = (rng.random(3000) < frame.s).astype(int)
    subject = Subject(frame, label="y", score="s", favorable=1, sensitive=names, quasi_identifiers=names[:3])
    found = audit(subject, only=["fairness", "performance", "data", "privacy"], progress=False)
    rule = Rule(id="r", measure="fairness.predictive_parity.ratio", group=names[7], min=0.8)
    return Record(found, Policy(name="p", rules=(rule,)).judge(found))


@pytest.mark.parametrize("document", ["model_card", "gate_report"])
def test_many_columns_keep_to_the_size_and_the_rest_is_counted(wide: Record, document: str) -> None:
    page = render_document(wide, document, "html").decode()
    assert len(page.encode()) <= 300_000
    assert "more tables and figures are in audit.json" in page


def test_what_a_rule_speaks_of_comes_first(wide: Record) -> None:
    page = render_document(wide, "gate_report", "md").decode()
    assert "Precision by attribute 7" in page
