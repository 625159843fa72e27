"""Change since the last approved audit, in every format: both digests and dates, intervals, what is new and what vanished."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import samples

from auditkit.comparing import Change
from auditkit.record import Record
from auditkit.rendering.changes_view import changes_part
from auditkit.rendering.documents import render_document

RECORD = samples.said(samples.record(samples.decision(samples.FAILED, verdict="fail", exit_code=1)), "sex")


def shown(record: Record, fmt: str, folder: Path) -> str:
    content = render_document(record, "gate_report", fmt)
    if fmt != "pdf":
        return content.decode()
    program = shutil.which("pdftotext")
    if not program:
        pytest.skip("pdftotext is not installed")
    (folder / "x.pdf").write_bytes(content)
    text = subprocess.run([program, folder / "x.pdf", "-"], capture_output=True, check=True, encoding="utf-8").stdout
    return " ".join(text.split())


@pytest.mark.parametrize("fmt", ["html", "md", "pdf"])
def test_digests_dates_numbers_and_names_stand_in_every_format(fmt: str, tmp_path: Path) -> None:
    text = shown(RECORD, fmt, tmp_path).replace("\u2060", "").replace("\u200b", "")
    for sentence in (
        "Change since the last approved audit",
        "5a" * 32,
        samples.DIGEST,
        "23 November 2025",
        "23 November 2026",
        "Not an approved audit",
        "got worse",
        "4 measures stand in both",
        "Vanished since then (1):",
        "New since then (1):",
    ):
        assert sentence in text, sentence


def test_numbers_are_the_records_with_sign_and_bounds() -> None:
    moved = changes_part(RECORD)["tables"][1]["rows"]
    assert moved[0] == ["Impact ratio", "sex worse", "0.500", "0.400", "−0.100", "−0.200 to −0.0500", "got worse"]
    assert [row[-1] for row in moved] == ["got worse", "got better", "moved"]


def test_a_loosened_limit_is_shown() -> None:
    (row,) = changes_part(RECORD)["tables"][0]["rows"]
    assert row == ["rule sex", "sex", "Pass", "Fail", "≥\u00a00.800", "≥\u00a00.700"]


def test_without_an_earlier_audit_nothing_is_said_about_change() -> None:
    part = changes_part(replace(RECORD, changes=None))
    assert "nothing is said about change" in part["empty"]
    assert "--baseline audit.json" in render_document(replace(RECORD, changes=None), "gate_report", "md").decode()


def test_what_rules_speak_of_comes_first_and_one_number_once() -> None:
    assert RECORD.changes is not None
    other = Change("fairness.x.recall", "a", "rate", 0.9, 0.1, -0.9, -0.7, "interval", "worse")
    again = replace(other, measure="fairness.y.recall")
    ruled = Change("fairness.demographic_parity.ratio", "a", "ratio", 0.5, 0.6, 0.05, 0.2, "interval", "better")
    found = replace(RECORD.changes.comparison, changes=(other, again, ruled))
    part = changes_part(replace(RECORD, changes=replace(RECORD.changes, comparison=found)))
    assert [row[0] for row in part["tables"][1]["rows"]] == ["Impact ratio", "Recall"]


@pytest.mark.parametrize("verdict", ["pass", "pass with warnings"])
def test_an_approved_audit_gets_no_warning(verdict: str) -> None:
    assert RECORD.changes is not None
    before = replace(RECORD.changes.before, verdict=verdict)
    assert changes_part(replace(RECORD, changes=replace(RECORD.changes, before=before)))["warning"] is None


def test_silence_is_not_called_stability() -> None:
    assert RECORD.changes is not None
    still = replace(RECORD.changes.comparison, changes=RECORD.changes.comparison.changes[-1:])
    part = changes_part(replace(RECORD, changes=replace(RECORD.changes, comparison=still, rulings=())))
    assert part["tables"] == []
    assert "none is shown to have changed" in part["told"]
    assert "does not say that there is none" in part["told"]
