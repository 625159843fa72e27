"""Technical file, questionnaire and coverage: what is filled, what people owe, what is old, and texts as long as people write."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import samples

from auditkit.coverage.packs import built_in, load_packs
from auditkit.questions.asking import board_questions, file_questions
from auditkit.record import Record
from auditkit.rendering.coverage_view import coverage_view
from auditkit.rendering.documents import documents_for, render, render_document
from auditkit.rendering.questions_view import open_questions, questions_view
from auditkit.rendering.said import within
from auditkit.rendering.technical_view import technical_view

STATES = samples.states()
PLAIN, SAID = STATES["fail"], STATES["said"]
NEW = ("technical_file", "review_board_questionnaire", "coverage")
PROMISES = re.compile(r"\b(compliant|certified|certify|fair|unbiased|safe|debiased)\b", re.IGNORECASE)


def asking(record: Record, **texts: dict[str, str]) -> Record:
    return replace(record, audit=replace(record.audit, subject={**record.audit.subject, **texts}))


@pytest.fixture(scope="module")
def everything() -> Record:
    return replace(SAID, coverage=load_packs(built_in(), Path()))


# ----------------------------------------------------------------------------------------------------- technical file


def test_texts_are_counted_and_the_cards_count_too() -> None:
    from_card = sum(question.card in samples.CARD for question in file_questions().values())
    assert technical_view(PLAIN)["open"] == len(file_questions()) - from_card
    assert technical_view(SAID)["open"] == 0
    assert "human input needed" not in render_document(SAID, "technical_file", "md").decode()


@pytest.mark.parametrize("fmt", ["html", "md"])
def test_what_people_owe_is_marked_with_its_key(fmt: str) -> None:
    text = re.sub(r"\\(.)", r"\1", render_document(PLAIN, "technical_file", fmt).decode())
    missing = [key for key, question in file_questions().items() if question.card not in samples.CARD]
    assert text.count("human input needed") == len(missing)
    assert all(f"technical_file.{key}" in text for key in missing)
    assert "card.owner" in text and "technical_file.provider" not in text


def test_own_text_wins_over_the_cards() -> None:
    text = render_document(asking(PLAIN, technical_file={"provider": "Bank, 1 Road"}), "technical_file", "md").decode()
    assert "Bank, 1 Road" in text
    assert "Name and address of the provider.** credit-models" not in text


def test_every_point_of_the_outline_is_there_in_order() -> None:
    titles = [point["title"].split()[0] for section in technical_view(PLAIN)["sections"] for point in section["points"]]
    general, development = [f"1({x})" for x in "abcdefgh"], [f"2({x})" for x in "abcdefgh"]
    assert titles == [*general, *development, "3(a)", "3(b)", "3(c)", "4", "5", "6", "7", "8", "9"]


def test_a_part_that_the_audit_cannot_fill_says_why() -> None:
    empty = technical_view(STATES["nothing at all"])
    points = {point["title"].split()[0]: point for section in empty["sections"] for point in section["points"]}
    assert points["3(a)"]["reasons"][0]["text"] == "no group was compared."
    assert points["5"]["reasons"][0]["text"] == "no policy was judged."
    assert points["6"]["reasons"][0]["text"].startswith("No earlier audit was given")
    assert points["7"]["reasons"][0]["text"].startswith("the audit was held against no framework")
    assert empty["filled"] < technical_view(PLAIN)["filled"]


def test_counts_of_the_first_page_add_up() -> None:
    view = technical_view(PLAIN)
    filled = [tuple(map(int, row[1].split(" of "))) for row in view["counts"]]
    written = [tuple(map(int, row[2].split(" of "))) for row in view["counts"]]
    assert sum(got for got, _ in filled) == view["filled"]
    assert sum(total - got for got, total in written) == view["open"]


def test_the_file_says_that_it_declares_nothing() -> None:
    assert "declares nothing" in render_document(SAID, "technical_file", "md").decode()


@pytest.mark.parametrize(("day", "old"), [(date(2026, 11, 23), False), (date(2027, 5, 23), True)])
def test_points_of_the_law_grow_old_with_the_audit(day: date, old: bool) -> None:
    assert PLAIN.decision is not None
    record = replace(PLAIN, decision=replace(PLAIN.decision, as_of=day))
    assert ("Points of the law: old" in render_document(record, "technical_file", "md").decode()) is old


# ------------------------------------------------------------------------------------------------------ questionnaire


def test_open_questions_are_counted_and_listed_in_the_gate_report() -> None:
    from_card = sum(question.card in samples.CARD for question in board_questions().values())
    still = len(board_questions()) - from_card
    assert questions_view(PLAIN)["open"] == still
    assert open_questions(PLAIN)["lede"].startswith(f"{still} of {len(board_questions())} questions")
    gate = render_document(PLAIN, "gate_report", "md").decode()
    assert "**People:** who is affected, worst case, who can bear it least, who was heard, how they are told." in gate


def test_one_answer_closes_one_question() -> None:
    answered = asking(PLAIN, questionnaire={"worst_case": "A wrong refusal."})
    assert questions_view(answered)["open"] == questions_view(PLAIN)["open"] - 1
    assert "worst case" not in render_document(answered, "gate_report", "md").decode()
    assert "A wrong refusal." in render_document(answered, "review_board_questionnaire", "md").decode()


def test_all_answered_says_so_and_leaves_the_board_to_judge() -> None:
    text = render_document(SAID, "review_board_questionnaire", "md").decode()
    assert "All 25 questions are answered" in text and "human input needed" not in text
    assert "for the board to say" in text


# ----------------------------------------------------------------------------------------------------------- coverage


def test_counts_and_items_of_every_pack_stand_in_the_document(everything: Record) -> None:
    view = coverage_view(everything)["coverage"]
    for pack, counts, table in zip(everything.coverage, view["counts"]["rows"], view["tables"], strict=True):
        assert [row["id"] for row in table["lines"]] == [item.id for item in pack.items]
        assert sum(map(int, counts[1:6])) == len(pack.items)
        words = [row["word"] for row in table["lines"]]
        assert [words.count(word) for word in ("Met", "Partly", "Not", "Human input", "Not applicable")] == [
            int(number) for number in counts[1:6]
        ]


@pytest.mark.parametrize("document", ["gate_report", *NEW])
def test_all_packs_at_once_keep_to_the_size_and_promise_nothing(everything: Record, document: str) -> None:
    for fmt in ("html", "md"):
        content = render_document(everything, document, fmt)
        assert len(content) <= 300_000
        assert not PROMISES.search(content.decode().split("</style>")[-1])


def test_a_gate_report_without_room_sends_readers_to_the_document(everything: Record) -> None:
    gate = render_document(everything, "gate_report", "md").decode()
    assert "of its items stand in the document of coverage" in gate
    assert all(pack.title in gate for pack in everything.coverage)


def test_every_evidence_link_leads_to_a_place_in_the_page(everything: Record) -> None:
    for document in ("gate_report", "technical_file"):
        page = render_document(everything, document, "html").decode()
        links = re.findall(r'<td role="cell"[^>]*>((?:<a href="#[^"]+"[^>]*>.*?</a>(?:<br>)?)+)', page)
        targets = {target for cell in links for target in re.findall(r'href="#([^"]+)"', cell)}
        assert len(targets) >= 4
        assert all(f'id="{target}"' in page for target in targets)


@pytest.mark.parametrize(
    ("day", "titles"),
    [
        (date(2026, 6, 30), ["ours: superseded"]),
        (date(2026, 7, 1), ["ours: superseded", "ours: old"]),
    ],
)
def test_a_pack_that_was_superseded_or_is_old_warns_where_its_table_is(day: date, titles: list[str]) -> None:
    assert PLAIN.decision is not None
    record = replace(PLAIN, decision=replace(PLAIN.decision, as_of=day), coverage=(samples.pack(),))
    assert [one["title"] for one in coverage_view(record)["coverage"]["warnings"]] == titles
    for document in ("gate_report", "technical_file", "coverage"):
        text = render_document(record, document, "md").decode()
        assert all(title in text for title in titles)


def test_a_record_without_a_date_says_that_the_age_is_not_known() -> None:
    undated = replace(STATES["no policy"], coverage=(replace(samples.pack(), superseded_by=""),))
    undated = replace(undated, audit=replace(undated.audit, run={}))
    assert [one["title"] for one in coverage_view(undated)["coverage"]["warnings"]] == ["ours: age not known"]


def test_without_packs_the_report_says_how_to_choose_some() -> None:
    assert "held against no framework" in render_document(PLAIN, "gate_report", "md").decode()


# ------------------------------------------------------------------------------------------------------------- all three


def test_documents_are_called_for_where_they_were_asked_for() -> None:
    plain = samples.record(None)
    assert not set(NEW) & set(documents_for(plain))
    assert "technical_file" in documents_for(asking(plain, technical_file={}))
    assert "review_board_questionnaire" in documents_for(asking(plain, questionnaire={}))
    assert "coverage" in documents_for(replace(plain, coverage=(samples.pack(),)))
    assert set(NEW) <= set(documents_for(SAID))


def test_very_long_texts_are_cut_evenly_and_the_page_keeps_to_its_size() -> None:
    record = samples.said(PLAIN, "<&>'\" long text " * 700)
    for name, content in render(record, documents=NEW, formats=["html", "md"]).items():
        assert len(content) <= 300_000, name
    assert b"(the rest is in audit.json)" in render_document(record, "review_board_questionnaire", "html")


@pytest.mark.parametrize("document", NEW)
def test_hostile_texts_make_a_pdf(document: str) -> None:
    text = '#let x = 1; #eval("1") ] $x$ @y \\ \u202e\x00 <script> |\n= a ' + "x" * 300
    assert render_document(samples.said(PLAIN, text), document, "pdf").startswith(b"%PDF-")


def test_texts_share_their_room_and_what_short_ones_leave_goes_to_the_long() -> None:
    texts = ["a" * 190, "b" * 1000, "c" * 1000]
    kept = within(texts, 600)
    assert kept[0] == texts[0]
    assert len(kept[1]) == len(kept[2])
    assert 595 <= sum(len(text.encode()) for text in kept) <= 600
    assert within(texts, 5000) == texts
