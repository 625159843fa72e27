"""What the Typst blocks and the compiler promise beyond hostile text: pages, fonts, glyphs, files, numbers."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from markupsafe import Markup
from samples import states

from auditkit.errors import OutputError
from auditkit.rendering.documents import render_document
from auditkit.rendering.environment import environment
from auditkit.rendering.pdf import compile_pdf, font_folder
from auditkit.rendering.typst_filters import FILTERS, typ_number, typ_string

ONE_TITLE = """{% import 'blocks/typ.j2' as b %}
{% call b.document(t, 'kind', t, [t], 'footer', none) %}
{% call b.section('s', t, t) %}{{ b.paragraph(t) }}{{ b.table(t, t, [{'title': t, 'align': 'left'}], [[t]], t) }}{% endcall %}
{% endcall %}"""
ONE_TABLE = """{% import 'blocks/typ.j2' as b %}
{% call b.document('x', 'kind', '', [], 'footer', 'Synthetic data') %}
{{ b.table('', '', [{'title': 'Head', 'align': 'left'}], rows, '') }}
{% endcall %}"""


def table(cells: list[str]) -> bytes:
    return compile_pdf(environment("typ").from_string(ONE_TABLE).render(rows=[[cell] for cell in cells]))


def said_by(program: str, pdf: bytes, folder: Path, *options: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (folder / "x.pdf").write_bytes(pdf)
    end = ["-"] if program == "pdftotext" else []
    run = subprocess.run([program, *options, folder / "x.pdf", *end], capture_output=True, check=True, encoding="utf-8")
    return run.stdout.replace("\u200b", "")


def pages(pdf: bytes, folder: Path) -> list[str]:
    return [page for page in said_by("pdftotext", pdf, folder, "-layout").split("\f") if page.strip()]


def test_the_head_row_and_the_band_come_again_on_every_page(tmp_path: Path) -> None:
    found = pages(table([f"row {number}" for number in range(150)]), tmp_path)
    assert len(found) > 2
    assert all("Head" in page and "Synthetic data" in page for page in found)


@pytest.mark.parametrize("document", ["gate_report", "model_card"])
def test_each_page_carries_its_own_number(document: str, tmp_path: Path) -> None:
    found = pages(render_document(states()["fail"], document, "pdf"), tmp_path)
    assert all(f"{number}/{len(found)}" in page.replace(" ", "") for number, page in enumerate(found, 1))


def test_contents_start_the_second_page_of_the_gate_report(tmp_path: Path) -> None:
    found = pages(render_document(states()["fail"], "gate_report", "pdf"), tmp_path)
    assert ["Contents" in page for page in found[:2]] == [False, True]


@pytest.mark.parametrize("cell", ["x" * 10_000, "word " * 2_000], ids=["one word", "many words"])
def test_ten_thousand_characters_lose_nothing(cell: str, tmp_path: Path) -> None:
    words = "".join("".join(pages(table([cell]), tmp_path)).split())
    assert words.count(cell[0]) >= cell.count(cell[0])


def test_an_endless_name_stays_within_the_page(tmp_path: Path) -> None:
    text = environment("typ").from_string(ONE_TITLE).render(t="=cmd" + "x" * 2_000)
    boxes = said_by("pdftotext", compile_pdf(text), tmp_path, "-bbox")
    ends = [float(end) for end in re.findall(r'xMax="([\d.]+)"', boxes)]
    assert len(ends) > 10
    assert max(ends) <= 595.3 - 16 * 72 / 25.4 + 1


def test_only_the_fonts_that_come_with_matplotlib_are_used(tmp_path: Path) -> None:
    fonts = said_by("pdffonts", table(["plain", "سلام", "中文"]), tmp_path).splitlines()[2:]
    assert fonts
    assert all("DejaVu" in line for line in fonts)


def test_a_character_without_a_glyph_is_written_by_its_code_point(tmp_path: Path) -> None:
    assert "‹U+4E2D›" in "".join(pages(table(["中"]), tmp_path))


def test_the_pdf_says_that_it_is_accessible() -> None:
    assert b"pdfuaid" in table(["x"])


def test_the_pdf_holds_no_date(tmp_path: Path) -> None:
    assert "CreationDate" not in said_by("pdfinfo", table(["x"]), tmp_path)


def test_a_picture_without_a_description_is_refused() -> None:
    picture = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
    with pytest.raises(OutputError, match="could not be typeset"):
        compile_pdf(f'#set document(title: "x")\n#image(bytes({typ_string(picture)}))')


def test_a_picture_is_found_by_its_name() -> None:
    square = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    assert compile_pdf('#set document(title: "x")\n#image("a.svg", alt: "a square")', {"a.svg": square})


@pytest.mark.parametrize("name", ["../a.svg", "/a.svg", "main.typ", "..", "a\\b", ""])
def test_a_picture_must_have_a_plain_file_name(name: str) -> None:
    with pytest.raises(OutputError, match="plain file name"):
        compile_pdf("x", {name: b""})


def test_the_fonts_are_there() -> None:
    assert (font_folder() / "DejaVuSans.ttf").is_file()


@pytest.mark.parametrize("value", ["1", True, [], object()])
def test_only_a_number_becomes_a_number_literal(value: object) -> None:
    with pytest.raises(TypeError, match="a number was wanted"):
        typ_number(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_literal_is_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        typ_number(value)


def test_markup_of_another_format_is_quoted_like_any_text() -> None:
    assert typ_string(Markup('"#x')) == '"\\"#x"'


def test_the_environment_of_typst_has_the_filters() -> None:
    assert set(FILTERS) <= set(environment("typ").filters)
