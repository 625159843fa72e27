"""Golden files: the Markdown of both main documents word for word, and the bones of their HTML.

After a change that is meant, write them anew: ``python tests/rendering/test_golden.py``.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

import pytest
import samples

from auditkit.rendering.documents import render_document

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = ("gate_report", "model_card")
_SHOWN = {"h1", "h2", "h3", "section", "nav", "aside", "figure", "table", "tbody", "tr", "dl", "ul", "details", "a"}
_NAMED = ("id", "class", "data-evidence", "href", "aria-labelledby")


class Bones(HTMLParser):
    """Writes one line for each element that carries the structure, indented as it is nested, with what it is named by."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._depth = 0
        self.feed(re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SHOWN:
            named = [f'{name}="{value}"' for name, value in attrs if name in _NAMED]
            self.lines.append("  " * self._depth + " ".join([tag, *named]))
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in _SHOWN


def made(document: str, suffix: str) -> str:
    text = render_document(samples.states()["fail"], document, suffix).decode()
    return text if suffix == "md" else "\n".join(Bones(text).lines) + "\n"


def place(document: str, suffix: str) -> Path:
    return GOLDEN / (f"{document}.md" if suffix == "md" else f"{document}.structure.txt")


@pytest.mark.parametrize("suffix", ["md", "html"])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_as_it_was(document: str, suffix: str) -> None:
    assert made(document, suffix) == place(document, suffix).read_text("utf-8")


def test_headings_go_down_one_level_at_a_time_and_tables_have_heads() -> None:
    for document in DOCUMENTS:
        page = render_document(samples.states()["fail"], document, "html").decode()
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.count("<table") == page.count("<thead")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in DOCUMENTS:
        for kind in ("md", "html"):
            place(name, kind).write_text(made(name, kind), "utf-8")
