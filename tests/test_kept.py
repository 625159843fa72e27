"""Drawings and pages are taken from before only when nothing that they are made from has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditkit import kept as kept_module
from auditkit.kept import keeping, kept


def made(folder: Path | None, source: str = "a", kind: str = "svg") -> tuple[bytes, bool]:
    """Return what is kept, and whether it was made now."""
    calls: list[None] = []

    def make() -> bytes:
        calls.append(None)
        return source.encode() + bytes(range(256))

    with keeping(folder):
        return kept(kind, source, make), bool(calls)


def test_the_same_is_made_once(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path)
    assert (first[1], second[1]) == (True, False)
    assert first[0] == second[0]


@pytest.mark.parametrize("other", [{"source": "b"}, {"kind": "pdf"}])
def test_another_source_or_kind_is_made_anew(other: dict[str, str], tmp_path: Path) -> None:
    made(tmp_path)
    assert made(tmp_path, **other)[1]


@pytest.mark.parametrize("name", ["source_digest", "_version"])
def test_another_version_makes_anew(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    monkeypatch.setattr(kept_module, name, lambda *_: "another")
    assert made(tmp_path)[1]


def test_outside_the_block_nothing_is_kept(tmp_path: Path) -> None:
    made(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert made(None)[1]
    assert kept("svg", "b", lambda: b"b") == b"b"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "other"])
def test_a_damaged_file_counts_as_none(how: str, tmp_path: Path) -> None:
    content = made(tmp_path)[0]
    (file,) = tmp_path.glob("*.json")
    text = file.read_text()
    data = json.loads(text)
    spoiled = {
        "cut": text[: len(text) // 2],
        "changed": json.dumps(data | {"base64": "AAAA"}),
        "empty": "",
        "other": "[]",
    }
    file.write_text(spoiled[how])
    assert made(tmp_path) == (content, True)
    assert made(tmp_path) == (content, False)


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert made(tmp_path / "file")[1] and made(tmp_path / "file")[1]
