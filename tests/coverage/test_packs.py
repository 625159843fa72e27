"""The packs that ship: dated, with what was repealed, in words that promise nothing; own packs are checked line by line."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest

from auditkit.coverage.packs import STALE_DAYS, Pack, built_in, load_pack, load_packs, pack_of
from auditkit.errors import ConfigurationError
from auditkit.questions.asking import annex_iv, board_questions, file_questions, review_board
from auditkit.rendering.technical_parts import PARTS
from auditkit.yamlfile import schema

FRAMEWORKS = (
    "algorithmic-accountability-act",
    "colorado-sb-26-189",
    "eu-ai-act",
    "gdpr",
    "ieee-7003",
    "iso-42001",
    "nist-ai-rmf",
    "nyc-ll144",
    "oecd-principles",
    "reg-b-adverse-action",
    "sr-26-2",
    "uk-atrs",
)
PROMISES = re.compile(r"\b(compliant|compliance|certified|certify|fair|unbiased|safe|debiased)\b", re.IGNORECASE)
OWN = """\
pack: our-rules
title: Our rules
version: "3"
source: intranet
legal_status: Binding inside the house.
legal_status_as_of: 2026-11-01
items:
  - id: "1"
    text: Gaps between groups are measured.
    wants: [{finding: fairness.demographic_parity}]
  - id: "2"
    text: Somebody is named.
    wants: [{card: owner}]
"""


@pytest.fixture(scope="module")
def packs() -> dict[str, Pack]:
    return {pack.id: pack for pack in load_packs(built_in(), Path())}


def own(folder: Path, text: str = OWN) -> Path:
    file = folder / "ours.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_framework_has_its_pack_under_its_own_name(packs: dict[str, Pack]) -> None:
    assert tuple(packs) == FRAMEWORKS
    assert all(path.stem == pack.id for path, pack in zip(built_in().values(), packs.values(), strict=True))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("eu-ai-act", "Annex III systems to 2 December 2027"),
        ("eu-ai-act", "Annex I products to 2 August 2028"),
        ("colorado-sb-26-189", "in effect from 1 January 2027"),
        ("colorado-sb-26-189", "repeals and re-enacts SB 24-205"),
        ("sr-26-2", "since 17 April 2026, when SR 11-7 was rescinded"),
        ("reg-b-adverse-action", "in effect since 21 July 2026, removed the effects test"),
        ("nyc-ll144", "no limit for an impact ratio"),
        ("algorithmic-accountability-act", "A bill, not law"),
    ],
)
def test_dates_and_repeals_are_those_that_were_looked_up(packs: dict[str, Pack], name: str, sentence: str) -> None:
    assert sentence in packs[name].legal_status


def test_every_pack_says_when_its_law_was_looked_up_and_grows_old(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        looked_up = pack.legal_status_as_of
        assert looked_up == date(2026, 11, 23)
        assert not pack.stale(looked_up + timedelta(days=STALE_DAYS))
        assert pack.stale(looked_up + timedelta(days=STALE_DAYS + 1))


@pytest.mark.parametrize("folder", ["coverage/frameworks", "questions"])
def test_no_data_file_promises_anything(folder: str) -> None:
    files = list(Path(str(resources.files("auditkit") / folder)).glob("*.yaml"))
    assert files
    for file in files:
        assert not PROMISES.search(file.read_text(encoding="utf-8")), file.name


def test_a_pack_survives_the_record(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        again = pack_of(json.loads(json.dumps(pack.data)))
        assert again == pack and again.digest == pack.digest


def test_every_item_wants_something_and_says_what_remains(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        for item in pack.items:
            assert item.wants and item.text.endswith(".")
            assert bool(item.at_most) == bool(item.because)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nist-ai-rfm", "Did you mean 'nist-ai-rmf'?"),
        ("sr-11-7", "no longer in force; sr-26-2 took its place"),
        ("colorado-sb-24-205", "no longer in force; colorado-sb-26-189 took its place"),
    ],
)
def test_a_name_that_no_pack_has_leads_to_the_one_meant(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        load_packs([name], Path())


def test_one_pack_is_not_chosen_twice(tmp_path: Path) -> None:
    own(tmp_path)
    with pytest.raises(ConfigurationError, match="'our-rules' is chosen twice"):
        load_packs(["ours.yaml", "./ours.yaml"], tmp_path)


def test_an_own_pack_is_read_by_its_path(tmp_path: Path) -> None:
    own(tmp_path)
    (pack,) = load_packs(["ours.yaml"], tmp_path)
    assert [item.id for item in pack.items] == ["1", "2"]
    assert pack.superseded_by == ""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("title: Our rules\n", "", 1, "missing key 'title'"),
        ("version:", "versoin:", 3, "unknown key 'versoin'. Did you mean 'version'?"),
        ("2026-11-01", "last autumn", 6, "got 'last autumn', wanted a date like '2026-11-23'"),
        ("{card: owner}", "{card: ownr}", 13, "there is no card 'ownr'. Did you mean 'owner'?"),
        ("{card: owner}", "{finding: fairnes.*}", 13, "there is no finding 'fairnes.*'"),
        ("{card: owner}", "{questionnaire: purpos}", 13, "Did you mean 'purpose'?"),
        ("{card: owner}", "{technical_file: desing}", 13, "Did you mean 'design'?"),
        ("{card: owner}", "{datasheet: consnt}", 13, "Did you mean 'consent'?"),
        ("{card: owner}", "{measure: privacy.k_anonymity.kk}", 13, "there is no measure 'privacy.k_anonymity.kk'"),
        ("{card: owner}", "{record: digest}", 13, "got 'digest', wanted 'baseline' or 'data'"),
        ("{card: owner}", "{card: owner, finding: a}", 13, "got 'finding' and 'card'"),
        ("{card: owner}", "{cart: owner}", 13, "unknown key 'cart'"),
        ('id: "2"', 'id: "1"', 11, "the item '1' stands twice"),
        ("wants: [{card: owner}]", "wants: []", 13, "got an empty list, wanted a list"),
        ("wants: [{card: owner}]", "wants: [{card: owner}]\n    at_most: partly", 14, "because"),
    ],
)
def test_a_mistake_in_a_pack_is_one_line_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in OWN
    with pytest.raises(ConfigurationError) as caught:
        load_pack(own(tmp_path, OWN.replace(old, new)))
    assert str(caught.value).startswith(f"ours.yaml:{line}:")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_keys_of_audit_yaml_are_those_of_the_questions() -> None:
    known = schema("audit")["properties"]
    for part, questions in (("questionnaire", board_questions()), ("technical_file", file_questions())):
        described = {key: value["description"] for key, value in known[part]["properties"].items()}
        assert described == {key: question.ask for key, question in questions.items()}


def test_every_question_stands_once_and_every_fallback_is_a_text_of_the_card() -> None:
    board = [question.key for chapter in review_board() for question in chapter.questions]
    filed = [one.key for part in annex_iv().sections for point in part.points for one in point.human]
    assert len(board) == len(set(board)) and len(filed) == len(set(filed))
    card = schema("audit")["properties"]["card"]["properties"]
    questions = [*board_questions().values(), *file_questions().values()]
    assert {question.card for question in questions if question.card} <= set(card)


def test_every_part_that_the_outline_asks_a_machine_for_can_be_made_and_no_other() -> None:
    asked = [name for part in annex_iv().sections for point in part.points for name in point.machine]
    assert sorted(asked) == sorted(PARTS)
    points = [point.point for part in annex_iv().sections for point in part.points]
    assert points[:8] == [f"1({letter})" for letter in "abcdefgh"]
    assert points[8:16] == [f"2({letter})" for letter in "abcdefgh"]
