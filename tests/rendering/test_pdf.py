"""PDF: reproducible, tagged, and no text from the data is ever code."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("typst")

from samples import states

from auditkit.errors import OutputError
from auditkit.rendering.documents import render_document
from auditkit.rendering.environment import environment
from auditkit.rendering.pdf import compile_pdf

HOSTILE = {
    "code": '#let x = 1; #eval("1") #import "@preview/x:1.0.0"',
    "quote": 'a " b " c',
    "backslash": "a \\ b \\",
    "bracket": "] [ ) ( } {",
    "dollar": "$ x^2",
    "reference": "@x <x>",
    "markup": "= a\n- b\n+ c\n/ d: e\n*f* _g_ `h` // i /* j",
    "newline": "one\ntwo\r\nthree",
    "right to left": "שלום مرحبا \u202eabc\u202c",
    "control": "a\x00b\x07c\u2028d",
    "no glyph": "中文 🎉",
    "long": "x" * 300,
    "long words": "word " * 60,
    "jinja": "{{ 7 * 7 }} {% raw %}",
}
EVERY_BLOCK = """
{% import blocks as b %}
{% call b.document(t, t, t, [t, t], t, t) %}
{% call b.answer("1", t, "one") %}
{{ b.verdict(t, "fail", t, [{"label": t, "statuses": ["fail", "pass", "waived"], "text": t}]) }}
{{ b.finding_line(t, t, t, drawing, "row-1") }}
{{ b.finding_line(t, t, t, none, t) }}
{% endcall %}
{{ b.contents([{"id": "s", "title": t}]) }}
{% call b.section("s", t, t, true) %}
{{ b.rulings_table(t, [{"title": t, "note": t, "rows": rows}], t) }}
{% endcall %}
{% call b.section(t, t, t) %}
{{ b.paragraph(t, t, "small") }}{{ b.note(t) }}{{ b.bullets([{"strong": t, "text": t, "status": none}, {"strong": t, "text": t, "status": "pass"}], 2) }}
{{ b.key_figures([{"label": t, "value": t, "interval": t, "n": t}]) }}
{{ b.key_facts([{"label": t, "value": t}, {"label": t, "value": t, "mono": true}, {"label": t, "value": t, "missing": true}]) }}
{{ b.interval_table(t, t, {"label": t, "n": t, "value": t}, intervals, axis, t) }}
{{ b.table(t, t, [{"title": t, "align": "left"}, {"title": t, "align": "right"}], [[t, t], [t, t]], t) }}
{{ b.figure('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>', t, t, t) }}
{{ b.callout("missing", t, t) }}{{ b.sign_off([t], [t, t]) }}{{ b.status("inconclusive") }}
{% endcall %}
{% endcall %}
"""


def source(text: str) -> str:
    axis = {"low": 0.0, "high": 1.0, "ticks": [{"at": 0.5, "label": text}], "limit": 0.4, "limit_label": text}
    scale = {"low": 0.1, "point": 0.2, "high": 0.3, "limit": 0.4, "limit_label": text, "beyond": "left", "axis": axis}
    row = {
        "status": "fail",
        "name": text,
        "sub": text,
        "measured": text,
        "limit": text,
        "sure": text,
        "evidence_id": text,
    }
    places = [
        (0.5, 0.1, 3.0, "interval"),
        (None, -1.0, 2.0, "range"),
        (-0.8, None, None, "exact"),
        (None, None, None, None),
    ]
    rows = [
        {**row, "id": f"row-{i}", "at": at, "low": low, "high": high, "kind": kind}
        for i, (at, low, high, kind) in enumerate(places)
    ]
    drawn = {
        "label": text,
        "n": text,
        "value": text,
        "interval": text,
        "low": 0.1,
        "point": 0.2,
        "high": 0.3,
        "status": "",
        "reason": "",
    }
    absent = {**drawn, "low": None, "point": None, "high": None, "status": "insufficient", "reason": text}
    return (
        environment("typ")
        .from_string(EVERY_BLOCK)
        .render(
            t=text,
            blocks="blocks/typ.j2",
            rows=rows,
            intervals=[drawn, absent],
            axis=axis,
            drawing={"status": "fail", "kind": "interval", "scale": scale, "alt": text},
        )
    )


def shown(pdf: bytes, folder: Path) -> str:
    program = shutil.which("pdftotext")
    if not program:
        pytest.skip("pdftotext is not installed")
    (folder / "x.pdf").write_bytes(pdf)
    return subprocess.run([program, folder / "x.pdf", "-"], capture_output=True, check=True, encoding="utf-8").stdout


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text_in_every_block(name: str) -> None:
    assert compile_pdf(source(HOSTILE[name])).startswith(b"%PDF-")


def test_five_thousand_characters_without_a_space() -> None:
    blocks = (
        '{% import blocks as b %}{% call b.document("x", "x", "x", [], "x", none) %}{{ b.paragraph(t) }}{% endcall %}'
    )
    text = environment("typ").from_string(blocks).render(t="x" * 5000, blocks="blocks/typ.j2")
    assert compile_pdf(text).startswith(b"%PDF-")


def test_code_is_shown_not_run(tmp_path: Path) -> None:
    text = shown(compile_pdf(source("#(1+1) ] $z$ @y")), tmp_path)
    assert "#(1+1) ] $z$ @y" in text


@pytest.mark.parametrize("state", states())
@pytest.mark.parametrize("document", ["gate_report", "model_card"])
def test_every_state_is_a_pdf(state: str, document: str) -> None:
    assert render_document(states()[state], document, "pdf").startswith(b"%PDF-")


def test_same_bytes_twice_and_in_another_process(tmp_path: Path) -> None:
    text = source("plain")
    first = compile_pdf(text)
    assert compile_pdf(text) == first
    (tmp_path / "x.typ").write_text(text, encoding="utf-8")
    program = (
        "import hashlib, pathlib, sys; from auditkit.rendering.pdf import compile_pdf; "
        "print(hashlib.sha256(compile_pdf(pathlib.Path(sys.argv[1]).read_text('utf-8'))).hexdigest(), 'matplotlib' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "x.typ")]
    said = subprocess.run(command, capture_output=True, check=True, text=True, cwd=tmp_path).stdout.split()
    assert said == [hashlib.sha256(first).hexdigest(), "False"]


def test_tagged_with_title_and_language(tmp_path: Path) -> None:
    program = shutil.which("pdfinfo")
    if not program:
        pytest.skip("pdfinfo is not installed")
    pdf = render_document(states()["fail"], "gate_report", "pdf")
    (tmp_path / "x.pdf").write_bytes(pdf)
    said = subprocess.run([program, tmp_path / "x.pdf"], capture_output=True, check=True, encoding="utf-8").stdout
    assert re.search(r"^Tagged:\s+yes$", said, re.M)
    assert re.search(r"^Title:\s+\S", said, re.M)
    assert re.search(rb"/Lang\s*\(en", pdf)


def test_failure_is_one_line() -> None:
    with pytest.raises(OutputError) as caught:
        compile_pdf("#nothing-of-this-name")
    assert "\n" not in str(caught.value) and "could not be typeset" in str(caught.value)


@pytest.mark.parametrize("path", ["/etc/hostname", "../fonts/DejaVuSans.ttf", "../../etc/hostname"])
def test_reads_no_file(path: str) -> None:
    with pytest.raises(OutputError):
        compile_pdf(f'#set document(title: "x")\n#read("{path}")')
