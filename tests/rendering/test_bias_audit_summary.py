"""The bias audit summary: all categories, what stands beside the figures, names as text, no limit and no promise."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.record import Record
from auditkit.rendering.bias_audit_view import bias_audit_view
from auditkit.rendering.documents import documents_for, render, render_document
from auditkit.subject import Subject

ID = "fairness.local_law_144"
HOSTILE = '"><img src=x onerror=alert(1)>'


def audited(categories: int = 3, name: str = "race", only: tuple[str, ...] = (ID,), **options: object) -> Audit:
    n = categories * 40
    frame = pd.DataFrame(
        {
            "sex": (["f", "m", "f", None] * n)[:n],
            name: [f"{name} {place % categories}" for place in range(n)],
            "selected": [int(place % 7 < 3) for place in range(n)],
        }
    )
    given = {"sex": "sex", "race_ethnicity": name, **options}
    return audit(Subject(frame, prediction="selected", favorable=1), only=only, options={ID: given}, progress=False)


def page(found: Audit, fmt: str = "md") -> str:
    return render_document(Record(found, None), "bias_audit_summary", fmt).decode()


def test_every_category_is_printed_however_many_there_are() -> None:
    text = page(audited(40))
    assert all(f"| race {place} |" in text for place in range(40))
    assert "more in audit.json" not in text


def test_rates_and_ratios_are_those_of_the_record() -> None:
    found = audited()
    table = next(item for item in found[ID].evidence if item.id == f"{ID}.selection.race")
    shown = bias_audit_view(Record(found, None))["parts"][0]["tables"][1]["rows"]
    for row, cells in zip(table.rows, shown, strict=True):
        assert cells[0] == row[0]
        assert cells[3] == f"{100 * row[3]:.1f}\u00a0%"
        assert float(cells[4]) == pytest.approx(row[4], abs=5e-4)


def test_it_says_that_it_is_no_independent_audit_and_that_the_law_has_no_limit() -> None:
    text = page(audited())
    assert "not a bias audit by an independent auditor" in text
    assert "sets no limit for an impact ratio" in text
    assert "0.8" not in re.sub(r"\b0\.8\d+|[0-9a-f]{16,}", "", text.split("## Provenance")[0])


def test_what_the_owner_has_not_said_is_owed() -> None:
    text = page(audited())
    assert "**Distribution date of the tool:** not given" in text
    said = page(audited(distribution_date="2026-01-15", data_source="Applications of 2025", data_kind="historical"))
    assert "**Distribution date of the tool:** 2026-01-15" in said
    assert "**Source and explanation of the data:** Applications of 2025" in said
    assert "Why test data" not in said
    assert "**Why test data, and how made:** not given" in page(audited(data_kind="test"))


def test_persons_of_unknown_category_are_counted() -> None:
    text = page(audited())
    assert "**Persons assessed:** 120" in text
    assert "**Unknown sex:** 30" in text


def test_scoring_that_could_not_be_measured_is_said() -> None:
    assert "No scoring rates:** Not measured because" in page(audited())


def test_document_is_called_for_where_it_was_asked_for() -> None:
    assert "bias_audit_summary" in documents_for(Record(audited(), None))
    wrong = audited(sex="sexx")
    assert wrong[ID].status == "error"
    assert "bias_audit_summary" in documents_for(Record(wrong, None))
    assert "not measured because" in page(wrong)
    frame = pd.DataFrame({"sex": ["f", "m"] * 40, "p": [0, 1, 1, 0] * 20})
    plain = audit(Subject(frame, prediction="p", favorable=1, sensitive=["sex"]), only=[ID], progress=False)
    assert "bias_audit_summary" not in documents_for(Record(plain, None))


def test_names_of_columns_and_categories_stay_text_in_every_format() -> None:
    found = audited(2, HOSTILE)
    written = render(Record(found, None), documents=["bias_audit_summary"])
    assert "<img" not in written["bias_audit_summary.html"].decode()
    assert "<img" not in written["bias_audit_summary.md"].decode()
    assert written["bias_audit_summary.pdf"].startswith(b"%PDF-")


def test_other_documents_show_the_further_comparisons_and_leave_the_bias_audit_to_its_own() -> None:
    frame = pd.DataFrame(
        {
            "g": ["a"] * 100 + ["b"] * 100,
            "d": ["x", "y"] * 100,
            "p": ([1, 1, 0, 1, 0] * 20) + ([1, 0, 0, 1, 0] * 20),
        }
    )
    options = {"fairness.conditional_parity": {"strata": ["d"]}, ID: {"sex": "g", "race_ethnicity": "d"}}
    subject = Subject(frame, prediction="p", favorable=1, sensitive=["g"])
    record = Record(audit(subject, only=["fairness"], options=options, progress=False), None)
    card, gate = (render_document(record, document, "md").decode() for document in ("model_card", "gate_report"))
    for title in (
        "Four-fifths and its tests by g",
        "Selection rate by g in each d",
        "Selection rate by g, over all rows and within d",
    ):
        assert title in card
    assert "the model card has them: Conditional parity; Four-fifths" in gate
    assert "Persons assessed" not in card
    assert "Persons assessed" not in gate
