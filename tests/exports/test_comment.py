"""The comment as a Markdown parser reads it."""

import re
from html import unescape

import gate_samples
import pytest
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.comment import MOST, comment, marker
from auditkit.exports.gate_lines import lines
from auditkit.record import Record


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table, their text alone; refuse anything that Markdown makes of names."""
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table").enable("strikethrough")
    found: list[list[str]] = []
    for token in markdown.parse(text):
        if token.type == "html_block":
            assert re.fullmatch(r"<!-- auditkit:gate:[0-9a-f]{16} -->\n?", token.content)
        if token.type == "tr_open":
            found.append([])
        for inner in token.children or ():
            assert inner.type in (
                "text",
                "text_special",
                "html_inline",
                "strong_open",
                "strong_close",
                "code_inline",
            ), inner
            if inner.type == "html_inline":
                assert inner.content == "<!-- -->"
            if inner.type == "code_inline":
                assert inner.content == "auditkit explain"
        if token.type == "inline" and found:
            found[-1].append("".join(inner.content for inner in token.children or () if inner.type != "html_inline"))
    return found


def test_names_stay_text_in_a_table(record: Record) -> None:
    assert record.decision is not None
    head, *body = rows(comment(record, SOURCES).decode())
    assert head[:5] == ["ended", "rule", "measured", "limit", "says"]
    names = {line.name for line in lines(record.decision, SOURCES)}
    told = [row[1] for row in body]
    assert len(body) == len(record.decision.rulings)
    assert all(any(name == one or (one.endswith("…") and name.startswith(one[:-1])) for name in names) for one in told)


def test_nothing_becomes_a_link_a_mention_or_a_reference() -> None:
    text = comment(gate_samples.hostile(), SOURCES).decode()
    shown = re.sub(r"<!-- -->", "\0", text)
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.", shown)


def test_blocking_rulings_come_first() -> None:
    body = rows(comment(record_of(ruling(0, "pass"), ruling(1, "inconclusive"), ruling(2, "fail")), SOURCES).decode())[
        1:
    ]
    assert [row[1][:2] for row in body] == ["r2", "r1", "r0"]
    assert body[0][0].endswith("fail (blocks)")


def test_the_marker_is_the_first_line_and_stays_when_numbers_move() -> None:
    first, second = record_of(ruling(0, "fail")), record_of(ruling(0, "pass", value=0.9))
    assert comment(first, SOURCES).decode().split("\n")[0] == marker(first) == marker(second)
    assert marker(first) != marker(record_of(ruling(0, "fail"), name="another model"))


@pytest.mark.parametrize("sign", ["x", "|", "é", "\U0001f600", "&", "\ud800"])
def test_a_long_comment_stays_below_its_limit_and_says_what_is_cut(sign: str) -> None:
    notes = tuple(sign * 3000 for _ in range(100))
    record = record_of(*(ruling(n, "fail", sign * 3000) for n in range(500)), name=sign * 5000, unused_waivers=notes)
    found = comment(record, SOURCES)
    assert 40_000 < len(found) < MOST
    text = found.decode()
    told = len([line for line in text.split("\n") if line.startswith("| ❌")])
    assert f"**{500 - told} more rulings were cut here" in text and "more notes are in audit.json" in text
    assert text.rstrip().endswith("tells what a code means.")


def test_a_short_comment_is_whole() -> None:
    text = comment(gate_samples.every(), SOURCES).decode()
    assert "cut here" not in text and "…" not in text
    assert "waived until 2027-01-31" in unescape(text)
