"""Compiled templates are taken from before only where the same text would be compiled to the same code."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from auditkit.rendering import compiled
from auditkit.rendering.environment import environment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "pycache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "templates").mkdir()
    return tmp_path


def rendered(folder: Path, text: str, fmt: str = "html") -> str:
    (folder / "templates" / "own.j2").write_text(text)
    return environment(fmt, [folder / "templates"]).get_template("own.j2").render(name="<a|b>")


def files(folder: Path) -> list[Path]:
    return sorted((folder / "pycache").rglob("*.jinja"))


TEXT = '{{ "<i>" }} {{ name }}'


def test_compiled_code_gives_what_the_text_gives(folder: Path) -> None:
    first = rendered(folder, TEXT)
    (file,) = files(folder)
    stamp = file.stat().st_mtime_ns
    assert rendered(folder, TEXT) == first == "&lt;i&gt; &lt;a|b&gt;"
    assert file.stat().st_mtime_ns == stamp


def test_each_format_escapes_in_its_own_code(folder: Path) -> None:
    assert rendered(folder, TEXT, "html") != rendered(folder, TEXT, "md")
    assert rendered(folder, TEXT, "html") == "&lt;i&gt; &lt;a|b&gt;"
    assert len(files(folder)) == 2


def test_another_text_another_package_or_damage_compiles_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered(folder, TEXT)
    assert rendered(folder, "{{ name }}!") == "&lt;a|b&gt;!"
    (file,) = files(folder)
    whole = file.read_bytes()
    for spoiled in (b"", whole[:-20], b"x\n" + whole, whole.replace(b"jinja2 ", b"jinja3 ", 1)):
        file.write_bytes(spoiled)
        assert rendered(folder, "{{ name }}!") == "&lt;a|b&gt;!"
        assert file.read_bytes() == whole
    monkeypatch.setattr(compiled, "source_digest", lambda: "another")
    rendered(folder, "{{ name }}!")
    assert file.read_bytes() != whole


def test_nothing_is_written_where_python_writes_no_bytecode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    rendered(folder, TEXT)
    assert files(folder) == []


def test_a_folder_that_cannot_be_written_costs_nothing(folder: Path) -> None:
    (folder / "pycache").write_text("")
    assert rendered(folder, TEXT) == "&lt;i&gt; &lt;a|b&gt;"


def test_a_mistake_in_a_template_is_told_at_its_line(folder: Path) -> None:
    rendered(folder, TEXT)
    with pytest.raises(jinja2.UndefinedError):
        rendered(folder, "{{ nobody }}")
