"""The badge as a browser reads it."""

from typing import Any
from xml.etree import ElementTree

import pytest
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.badge import badge
from auditkit.record import Record

SVG = "{http://www.w3.org/2000/svg}"


def test_the_badge_has_a_title_that_says_all(record: Record) -> None:
    root = ElementTree.fromstring(badge(record, SOURCES))
    title = root.find(f"{SVG}title")
    assert title is not None and title.text is not None
    assert root.get("role") == "img" and root.get("aria-labelledby") == title.get("id")
    assert title.text.startswith("auditkit: fail, inconclusive in part (policy policy of ")
    assert title.text.endswith("1 waived, 1 adopted, 3 pass)")
    assert {child.tag.removeprefix(SVG) for child in root.iter()} == {"svg", "title", "rect", "path", "g", "text"}


@pytest.mark.parametrize(
    ("statuses", "how", "word"),
    [
        (["pass"], {}, "pass"),
        (["pass", "waived"], {}, "pass with warnings"),
        (["inconclusive"], {}, "pass with warnings, inconclusive in part"),
        (["fail"], {}, "fail"),
        (["missing"], {}, "not decided"),
        (["inconclusive"], {"prove": "compliance"}, "fail, inconclusive in part"),
    ],
)
def test_the_word_is_the_verdict(statuses: list[str], how: dict[str, Any], word: str) -> None:
    found = record_of(*(ruling(number, status) for number, status in enumerate(statuses)), **how)
    root = ElementTree.fromstring(badge(found, SOURCES))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["auditkit", word]
