"""Each mistake of a user gets one line that says what was got, what was wanted and what to do; exit code 2, no traceback."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from bad_inputs import Mistake, mistakes, project

from auditkit.cli import main

GOLDEN = Path(__file__).with_name("bad_inputs.txt")
HEAD = """\
What users read when something is wrong: of each mistake the command and what it prints, made and held up to date by
tests/mistakes/test_bad_inputs.py (with AUDITKIT_WRITE_GOLDEN it is written anew). The exit code is 2 each time.
"""
ALL = {mistake.name: mistake for mistake in mistakes()}


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("right")
    project(folder)
    return folder


def said(mistake: Mistake, right: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Make the mistake in a copy of the project, and return what was printed."""
    folder = place / "project"
    shutil.copytree(right, folder)
    mistake.change(folder)
    before = sorted(path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in path.parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as stopped:
            main([*mistake.command])
    printed = capsys.readouterr()
    after = sorted(path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in path.parts)
    assert stopped.value.code == 2, (stopped.value.code, printed)
    assert printed.out == "" and after == before
    assert str(place) not in printed.err
    return printed.err


def section(mistake: Mistake, printed: str) -> str:
    return f"## {mistake.name}\n$ auditkit {' '.join(mistake.command)}\n{printed}"


def sections() -> dict[str, str]:
    parts = GOLDEN.read_text(encoding="utf-8").split("\n## ")[1:] if GOLDEN.is_file() else []
    return {part.split("\n", 1)[0]: f"## {part.rstrip()}\n" for part in parts}


@pytest.mark.parametrize("name", ALL)
def test_a_mistake_gets_one_line_and_exit_2(
    name: str, right: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake = ALL[name]
    printed = said(mistake, right, tmp_path, capsys)
    first, *rest = printed.splitlines()
    assert first.startswith("auditkit: ") and "internal error" not in first
    assert not rest or (len(rest) == 1 and rest[0].startswith("    ")), printed  # the line of the file, and no more
    if os.environ.get("AUDITKIT_WRITE_GOLDEN"):
        found = sections() | {name: section(mistake, printed)}
        GOLDEN.write_text("\n".join([HEAD, *(found[one] for one in ALL if one in found)]), encoding="utf-8")
    assert sections()[name] == section(mistake, printed)


def test_the_golden_file_holds_all_and_no_others() -> None:
    assert list(sections()) == list(ALL)
    assert len(ALL) >= 60


def test_a_mistake_in_a_file_is_told_with_its_place_and_its_line() -> None:
    """Of what stands in a YAML file, unless the whole file is at fault or no one line of it."""
    told = [text.splitlines() for text in sections().values()]
    placed = [lines for lines in told if re.match(r"auditkit: \w+\.yaml:\d+:\d+: ", lines[2])]
    assert len(placed) >= 80
    assert all(len(lines) == 4 and lines[3].startswith("    ") for lines in placed)
    assert all(len(lines) == 3 for lines in told if lines not in placed)
