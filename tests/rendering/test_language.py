"""Languages: every fixed text stands in one file, every text of the file is said, and a second file works from end to end."""

from __future__ import annotations

import calendar
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from pages import Page

from auditkit.errors import ConfigurationError
from auditkit.record import Record
from auditkit.rendering import documents
from auditkit.rendering.documents import DOCUMENTS, render, render_document
from auditkit.rendering.language import language_texts, speaking, spoken
from auditkit.rendering.lint import main as lint
from auditkit.rendering.root import template_root

ROOT = Path(str(template_root()))
ENGLISH = json.loads((ROOT / "languages" / "en.json").read_text("utf-8"))
SAID = re.compile(r'spoken\(\s*"((?:[^"\\]|\\.)*)"')


def sources() -> list[Path]:
    return [*ROOT.rglob("*.j2"), *Path(documents.__file__).parent.glob("*.py")]


def written() -> set[str]:
    found = {text for file in sources() for text in SAID.findall(file.read_text("utf-8"))}
    return {text.replace("\\u00a0", "\u00a0") for text in found}


class Heard(dict[str, str]):
    """Remembers every text that is asked for."""

    def get(self, text: str, default: str = "") -> str:  # type: ignore[override]
        self[text] = text
        return default


@pytest.fixture(scope="module")
def heard() -> set[str]:
    """Every text that the documents of all states ask for."""
    found = Heard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "language_texts", lambda *_: found)
        for record in samples.states().values():
            render(record, documents=DOCUMENTS, formats=("html", "md"))
        render(samples.states()["fail"], documents=["gate_report"], formats=("pdf",))
    return set(found)


def pseudo(text: str) -> str:
    """Return a text as no language has it, its places kept, so that what was not translated shows."""
    return "".join(
        part if part.startswith("{") else part.upper().replace("E", "É") for part in re.split(r"(\{\w+\})", text)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "languages").mkdir()
    texts = {text: f"⟦{pseudo(text)}⟧" for text in ENGLISH}
    (tmp_path / "languages" / "xx.json").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
    return tmp_path


def in_language(record: Record, language: str) -> Record:
    return replace(record, audit=replace(record.audit, run={"presentation": {"language": language}}))


def test_every_text_that_is_said_stands_in_the_english_file(heard: set[str]) -> None:
    assert sorted((written() | heard) - set(ENGLISH)) == []


def test_every_text_of_the_english_file_is_said_somewhere(heard: set[str]) -> None:
    months = set(calendar.month_name[1:])
    constants = "\n".join(file.read_text("utf-8") for file in sources())
    quiet = set(ENGLISH) - written() - heard - months
    # What only some records bring about is at least written down in the code.
    assert [text for text in sorted(quiet) if f'"{text.lower()}"' not in constants.lower()] == []


def test_the_english_file_says_what_it_is_asked() -> None:
    assert all(text == said for text, said in ENGLISH.items())


@pytest.mark.parametrize("document", ["gate_report", "model_card", "bias_audit_summary"])
def test_a_second_language_is_spoken_from_end_to_end(document: str, folder: Path) -> None:
    record = in_language(samples.states()["fail"], "xx")
    text = render_document(record, document, "html", folder).decode()
    page = Page(text)
    assert ("lang", "xx") in page.attributes
    heads = [text for text, _, where in page.texts if where.split()[-1:] == ["h2"] and text.strip()]
    assert heads and all("⟦" in head for head in heads)
    shown = " ".join(text for text, _, _ in page.texts)
    for sentence in ("Provenance", "Which files, which versions?", "Skip to the content"):
        assert sentence not in shown and f"⟦{pseudo(sentence)}⟧" in shown
    assert "⟦" in render_document(record, document, "md", folder).decode()


def test_the_pdf_speaks_it_too(folder: Path) -> None:
    pytest.importorskip("typst")
    assert render_document(in_language(samples.states()["fail"], "xx"), "gate_report", "pdf", folder)[:5] == b"%PDF-"


def test_names_are_never_translated(folder: Path) -> None:
    finding = samples.parity(column="Data", women="Fail", men="Pass")
    record = in_language(samples.record(None, findings=(finding,)), "xx")
    page = Page(render_document(record, "model_card", "html", folder).decode())
    rows = [text for text, _, where in page.texts if "chart" in where and where.split()[-1:] == ["th"]]
    assert {"Pass", "Fail"} <= set(rows)


def test_places_are_filled_and_braces_in_values_are_left() -> None:
    with speaking({"{n} more in audit.json.": "{n} weitere in audit.json."}):
        assert spoken("{n} more in audit.json.", n="{7}") == "{7} weitere in audit.json."
    assert spoken("a text of one's own") == "a text of one's own"


def test_an_unknown_language_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no texts in the language 'de', only in en\."):
        language_texts("de")
    with pytest.raises(ConfigurationError, match="no texts in the language"):
        render_document(in_language(samples.states()["fail"], "de"), "gate_report", "md")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Rulngs": "x"}, "no document says 'Rulngs'.*Did you mean 'Rulings'"),
        ({"Rulings": None}, r"lacks 1 of \d+ texts; the first is 'Rulings'"),
        ({"Test data, {n} rows": "Testdaten, {m} Zeilen"}, r"must have the places \['n'\]"),
        ({"Rulings": "{"}, "must have the places"),
        ({"Rulings": 7}, "one object, from English text to text"),
    ],
)
def test_a_damaged_language_file_is_told_in_one_line(change: dict[str, object], why: str, tmp_path: Path) -> None:
    texts = {text: said for text, said in {**ENGLISH, **change}.items() if said is not None}
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "xx.json").write_text(json.dumps(texts), "utf-8")
    with pytest.raises(ConfigurationError, match=why) as caught:
        language_texts("xx", [tmp_path])
    assert "\n" not in str(caught.value)


def test_the_lint_of_templates_reads_the_english_texts_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "en.json").write_text('{"The model is fair.": "The model is fair."}')
    assert lint([str(tmp_path)]) == 1
    assert "the word 'fair'" in capsys.readouterr().out
