"""What a reader of the PDFs relies on, asked of Poppler: tags, embedded fonts, bookmarks, contents that lead to the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("typst")

import samples

from auditkit.finding import Column, Evidence
from auditkit.record import Record
from auditkit.rendering.documents import DOCUMENTS, render_document

MAIN = ("gate_report", "model_card")


def asked(program: str, pdf: bytes, folder: Path, *options: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} (poppler-utils) is not installed")
    (folder / "x.pdf").write_bytes(pdf)
    end = ["-"] if program == "pdftotext" else []
    said = subprocess.run([program, *options, folder / "x.pdf", *end], capture_output=True, check=True)
    return said.stdout.decode("utf-8").replace("\u200b", "").replace("\u2060", "")


def record() -> Record:
    """A record with a drawing, a long table and many groups."""
    curve = Evidence(
        id="performance.calibration.curve.all",
        kind="curve",
        title="Scores and what came true",
        caption="",
        alt="rises",
        columns=(Column("score", "probability", "x"), Column("share", "probability", "y")),
        rows=tuple((place / 20, place / 21) for place in range(21)),
    )
    found = samples.performance()
    made = samples.states()["fail"]
    findings = [replace(f, evidence=(*f.evidence, curve)) if f.id == found.id else f for f in made.audit.findings]
    return replace(made, audit=replace(made.audit, findings=tuple(findings)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_pdf_is_tagged_runs_nothing_and_embeds_its_fonts(document: str, tmp_path: Path) -> None:
    pdf = render_document(samples.states()["fail"], document, "pdf")
    said = asked("pdfinfo", pdf, tmp_path)
    for fact in ("Tagged: +yes", "JavaScript: +no", "Encrypted: +no", "Form: +none", r"Page size: .*\(A4\)"):
        assert re.search(f"^{fact}", said, re.M), fact
    fonts = asked("pdffonts", pdf, tmp_path).splitlines()[2:]
    assert fonts
    for line in fonts:
        embedded, subset, unicode = line.split()[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes"), line


@pytest.mark.parametrize(("state", "most"), [("fail", 8), ("pass", 6), ("died", 6), ("nothing at all", 5)])
def test_a_gate_report_of_little_has_few_pages(state: str, most: int, tmp_path: Path) -> None:
    said = asked("pdfinfo", render_document(samples.states()[state], "gate_report", "pdf"), tmp_path)
    pages = int(re.findall(r"^Pages: +(\d+)", said, re.M)[0])
    assert 2 <= pages <= most


@pytest.mark.parametrize("document", MAIN)
def test_contents_name_the_page_on_which_a_section_stands_and_the_bookmarks_are_the_same(
    document: str, tmp_path: Path
) -> None:
    pdf = render_document(record(), document, "pdf")
    pages = asked("pdftotext", pdf, tmp_path, "-layout").split("\f")
    entries = [entry for page in pages[:2] for entry in re.findall(r"(\S.{2,60}?)(?: \.){3,} *(\d+)", page)]
    assert len(entries) > 8
    for title, number in entries:
        first = title.strip().split("  ")[-1].split()[0]
        assert first in pages[int(number) - 1], (title, number)
    marked = re.search(rb"/Type\s*/Outlines\b[^>]*/Count (\d+)", pdf)
    assert marked is not None and int(marked[1]) == len(entries)


def test_a_ruling_links_to_its_evidence(tmp_path: Path) -> None:
    pdf = render_document(record(), "gate_report", "pdf")
    assert pdf.count(b"/Subtype/Link") + pdf.count(b"/Subtype /Link") >= 8
    assert "Evidence" in asked("pdftotext", pdf, tmp_path)


def test_what_a_drawing_was_made_from_stands_at_the_end(tmp_path: Path) -> None:
    text = asked("pdftotext", render_document(record(), "model_card", "pdf"), tmp_path, "-layout")
    last = text.rpartition("Numbers behind")[2]
    assert last != text
    for row in range(21):
        assert f"{row / 21:.3g}"[:5] in last


def test_a_table_that_breaks_has_its_head_on_each_page(tmp_path: Path) -> None:
    rows = tuple((f"slice number {place}", place, place / 100) for place in range(25))
    long = Evidence(
        id="performance.slices.long",
        kind="table",
        title="A long table",
        caption="",
        alt="",
        columns=(Column("the slice", role="label"), Column("n", "rows", "n"), Column("errors", "rate", "value")),
        rows=tuple((f"{name} " + "word " * 40, n, error) for name, n, error in rows),
    )
    found = replace(samples.performance(), evidence=(long,))
    pages = asked(
        "pdftotext", render_document(samples.record(None, findings=(found,)), "model_card", "pdf"), tmp_path, "-layout"
    ).split("\f")
    holding = [page for page in pages if "slice number" in page]
    assert len(holding) > 1
    assert all("The slice" in page and "Errors" in page for page in holding)
