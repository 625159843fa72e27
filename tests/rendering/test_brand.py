"""A brand: its colour can be read or is refused with the nearest that can, its logo stands in every format, data keep theirs."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Page

from auditkit.config import load_config
from auditkit.errors import ConfigurationError
from auditkit.record import Record, load
from auditkit.rendering.brand import LEAST_CONTRAST, NIGHT, PAPER, brand_from_record, brand_of, contrast, readable
from auditkit.rendering.documents import DOCUMENTS, render_document
from auditkit.run import render as render_report
from auditkit.run import run

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><rect width="80" height="20" fill="#0a4f8c"/>'
    + b"<!-- "
    + b"x" * 900
    + b" --></svg>"
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def branded(tmp_path: Path, content: bytes = SVG, name: str = "logo.svg", colour: str = "#7a1f5c") -> Record:
    (tmp_path / name).write_bytes(content)
    brand = brand_of({"name": "Example <Bank>", "colour": colour}, tmp_path / name)
    assert brand is not None
    record = samples.states()["fail"]
    return replace(record, audit=replace(record.audit, run={"presentation": {"brand": brand.as_json()}}))


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
        ("#ffffff", "#ffffff", 1.0),
    ],
)
def test_contrast_is_that_of_the_web_guidelines(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert contrast(first, second) == contrast(second, first)


@settings(max_examples=60, deadline=None)
@given(COLOURS)
def test_a_colour_that_is_offered_can_be_read_and_one_step_nearer_could_not(colour: str) -> None:
    for paper, end in ((PAPER, 0), (NIGHT, 255)):
        found = readable(colour, paper)
        assert contrast(found, paper) >= LEAST_CONTRAST
        if contrast(colour, paper) >= LEAST_CONTRAST:
            assert found == colour
            continue
        parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        steps = [[round(part + (end - part) * step / 255) for part in parts] for step in range(256)]
        mixed = ["#" + "".join(f"{part:02x}" for part in step) for step in steps]
        assert all(contrast(one, paper) < LEAST_CONTRAST for one in mixed[: mixed.index(found)])


def test_a_pale_colour_is_refused_in_one_line_with_the_nearest_that_can_be_read() -> None:
    with pytest.raises(ConfigurationError, match=r"#ffcc00 has a contrast of 1\.5\d:1 .* is #907300$") as caught:
        brand_of({"name": "x", "colour": "#FFCC00"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "0a4f8c", "#0a4f8c;}</style>"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ConfigurationError, match="six hexadecimal digits"):
        brand_of({"name": "x", "colour": colour})


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("logo.gif", b"GIF89a", "a .png or an .svg"),
        ("logo.png", SVG, "is no PNG"),
        ("logo.svg", PNG, "is no SVG"),
        ("logo.png", PNG + b"x" * 40_000, "at most 40,000 fit"),
    ],
)
def test_a_logo_that_cannot_be_shown_is_refused(name: str, content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=why):
        brand_of({"name": "x"}, tmp_path / name)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize(("content", "name"), [(SVG, "logo.svg"), (PNG, "logo.png")])
def test_the_logo_stands_in_every_page_with_its_name_and_the_colour_is_that_of_links(
    document: str, content: bytes, name: str, tmp_path: Path
) -> None:
    text = render_document(branded(tmp_path, content, name), document, "html").decode()
    page = Page(text)
    assert page.tags.count("img") == 1
    assert "Example <Bank>" in page.values("alt")
    assert base64.b64decode(page.values("src")[0].partition(",")[2]) == content
    assert "--link: #7a1f5c" in text
    assert f"--link: {readable('#7a1f5c', NIGHT)}" in text
    assert "--fail: #a12a1e" in text  # states and data keep their colours
    assert len(text.encode()) <= 300_000


@pytest.mark.parametrize(("content", "name"), [(SVG, "logo.svg"), (PNG, "logo.png")])
def test_the_pdf_shows_the_logo_and_says_its_name(content: bytes, name: str, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    plain = render_document(samples.states()["fail"], "gate_report", "pdf")
    found = render_document(branded(tmp_path, content, name), "gate_report", "pdf")
    assert b"Example <Bank>" in found and b"Example <Bank>" not in plain


def test_without_a_logo_the_name_stands_there(tmp_path: Path) -> None:
    record = samples.states()["fail"]
    run = {"presentation": {"brand": {"name": "Example Bank", "colour": "", "logo": ""}}}
    text = render_document(replace(record, audit=replace(record.audit, run=run)), "model_card", "md").decode()
    assert text.startswith("**Example Bank**\n")


@pytest.mark.parametrize(
    "held",
    [
        None,
        {"name": 1},
        {"name": "x", "colour": "red;} body { display: none }"},
        {"name": "x", "colour": "#ffcc00"},
        {"name": "x", "logo": "https://example.org/x.png"},
        {"name": "x", "logo": "data:text/html;base64,AAAA"},
    ],
)
def test_a_brand_that_no_audit_could_have_written_is_left_out(held: object) -> None:
    assert brand_from_record(held) is None


def test_a_second_language_of_audit_yaml_wants_its_file_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("y,p\n1,0\n")
    (tmp_path / "audit.yaml").write_text(
        "name: x\nlanguage: de\ndata: {test: rows.csv}\ncolumns: {label: y, prediction: p}\n"
    )
    with pytest.raises(ConfigurationError, match="no texts in the language 'de'"):
        run(tmp_path / "audit.yaml", progress=False)
    assert not (tmp_path / "auditkit-report").exists()


def test_audit_yaml_names_the_line_of_a_pale_colour(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("y,p\n1,0\n")
    file = tmp_path / "audit.yaml"
    file.write_text(
        'name: x\ndata: {test: rows.csv}\ncolumns: {label: y, prediction: p}\nbrand: {name: B, colour: "#ffee00"}\n'
    )
    with pytest.raises(ConfigurationError, match=r"audit\.yaml:4.*the nearest that has it is #"):
        load_config(file)


def test_a_run_writes_the_brand_into_the_record_and_rendering_again_needs_no_file(tmp_path: Path) -> None:
    rows = "\n".join(f"{place % 2},{place % 3 % 2}" for place in range(60))
    (tmp_path / "rows.csv").write_text(f"y,p\n{rows}\n")
    (tmp_path / "logo.svg").write_bytes(SVG)
    (tmp_path / "audit.yaml").write_text(
        "name: x\ndata: {test: rows.csv}\ncolumns: {label: y, prediction: p, favorable: 1}\n"
        'brand: {name: B, colour: "#0a4f8c", logo: logo.svg}\n'
    )
    run(tmp_path / "audit.yaml", only=["performance"], progress=False)
    (tmp_path / "logo.svg").unlink()
    report = tmp_path / "auditkit-report"
    written = (report / "model_card.html").read_bytes()
    assert b"data:image/svg+xml;base64," in written
    render_report(load(report / "audit.json"), tmp_path / "again")
    assert (tmp_path / "again" / "model_card.html").read_bytes() == written
