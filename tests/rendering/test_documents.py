"""Both documents in html and md: every state, hostile names, size, words, no outside."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import samples

from auditkit.errors import ConfigurationError
from auditkit.finding import Column, Evidence, Finding
from auditkit.record import Record
from auditkit.rendering.documents import DOCUMENTS, render, render_document
from auditkit.rendering.gate_view import gate_view

STATES = samples.states()
MOST_BYTES = 300_000
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "a|b\n# heading\n- item",
    "[x](javascript:alert(1)) ![y](http://example.org/z.png)",
    "`code` **bold** ~~gone~~ <b>",
    '#eval("1") $x$ \\',
    "\u202egnp.exe\x00",
    "=cmd|'/C calc'!A0",
    "שלום مرحبا",
    "Fe\u200bmale\ufeff",
    "x" * 10_000,
    "word " * 2_000,
)
FORBIDDEN = re.compile(r"\b(fair|unbiased|safe|compliant|certified|debiased)\b", re.IGNORECASE)


class Tags(HTMLParser):
    """Collects the tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)


def page(record: Record, document: str = "gate_report", fmt: str = "html") -> str:
    return render_document(record, document, fmt).decode()


def words(text: str) -> str:
    return " ".join(" ".join(Tags(text).texts).split())


def hostile(name: str) -> Record:
    finding = samples.parity(column=name, women=name, men="Male")
    ruling = replace(
        samples.FAILED,
        over=(name,),
        owner=name,
        worst=finding.measures[1].group,
        best=finding.measures[0].group,
        why=name,
    )
    waiver = replace(samples.WAIVER, reason=name, requested_by=name)
    broken = Finding(id="own.auditor", title=name, status="error", reason=name)
    card = {key: name for key in samples.EVERY_CARD_TEXT}
    judged = samples.decision(
        ruling,
        replace(samples.WAIVED, waiver=waiver),
        samples.ruling(),
        verdict="fail",
        policy=name,
        problems=(f"own.auditor: {name}",),
    )
    made = samples.record(judged, name=name, card=card, findings=(finding, samples.performance(), broken))
    return samples.said(made, name)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("fmt", ["html", "md"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_renders_the_same_bytes_twice(state: str, fmt: str, document: str) -> None:
    first = render_document(STATES[state], document, fmt)
    assert first == render_document(STATES[state], document, fmt)
    assert len(first) <= MOST_BYTES
    assert not FORBIDDEN.search(first.decode().split("</style>")[-1])


@pytest.mark.parametrize(
    ("state", "word", "text"),
    [
        ("fail", "No", "Two of five blocking rules are exceeded"),
        ("inconclusive", "Yes", "INCONCLUSIVE"),
        ("inconclusive blocks", "No", "closes the gate"),
        ("pass", "Yes", "PASS."),
        ("died", "Not decided", "one auditor ended without a result"),
        ("nothing evaluated", "Not decided", "no rule ran"),
        ("no policy", "Not decided", "Not decided: no policy was judged"),
        ("nothing at all", "Not decided", "Not decided: no policy was judged"),
    ],
)
def test_first_answer_says_what_was_decided(state: str, word: str, text: str) -> None:
    view = gate_view(STATES[state])["verdict"]
    assert view["word"] == word
    assert text in view["lede"]


@pytest.mark.parametrize(
    ("statuses", "verdict", "mark", "text"),
    [
        (["pass"], "pass", "pass", "The one blocking rule is not exceeded."),
        (["pass", "pass"], "pass", "pass", "None of two blocking rules is exceeded."),
        (["inconclusive"], "pass with warnings", "inconclusive", "The one blocking rule does not close the gate; one"),
        (["inconclusive", "pass"], "pass", "inconclusive", "None of two blocking rules closes the gate; one cannot"),
        (["waived", "pass"], "pass with warnings", "pass", "None of two blocking rules closes the gate; one is waived"),
        (["inconclusive"], "fail", "fail", "The one blocking rule is not shown to be exceeded; one cannot be settled"),
        (["inconclusive", "pass"], "fail", "fail", "None of two blocking rules is shown to be exceeded; one cannot"),
        ([], "pass", "pass", "No rule of the policy blocks."),
    ],
)
def test_a_gate_that_no_rule_closes_says_whether_limits_were_shown_to_be_kept(
    statuses: list[str], verdict: str, mark: str, text: str
) -> None:
    rulings = [samples.ruling(status, rule=f"rule-{place}") for place, status in enumerate(statuses)]
    judged = samples.decision(*rulings, verdict=verdict, prove="compliance" if verdict == "fail" else "violation")
    view = gate_view(samples.record(judged))
    assert view["verdict"]["status"] == mark
    assert text in view["verdict"]["lede"]
    kept = "No blocking rule is shown to keep its limit." in view["why"]["text"]
    assert kept is (bool(statuses) and "pass" not in statuses and verdict != "fail")


def test_open_rules_are_counted_as_they_are_shown_without_those_for_information() -> None:
    rulings = [samples.ruling("inconclusive", rule=name, severity=name) for name in ("block", "info")]
    view = gate_view(samples.record(samples.decision(*rulings, verdict="pass with warnings")))["verdict"]
    assert view["lede"].startswith("PASS WITH WARNINGS, and one rule INCONCLUSIVE.")
    assert [row["label"] for row in view["tape"]] == ["1 blocking"]


def test_auditor_that_died_is_named_with_its_message() -> None:
    assert "fairness.equal_opportunity MemoryError: no memory left" in words(page(STATES["died"]))


def test_sections_without_numbers_say_why() -> None:
    text = words(page(STATES["nothing at all"]))
    for sentence in (
        "No group was compared",
        "No intersection was compared",
        "no privacy auditor ran",
        "no energy auditor ran",
        "No policy was judged, so there is no ruling",
    ):
        assert sentence in text


def test_tables_of_the_data_stand_in_the_gate_report_though_no_rule_speaks_of_them() -> None:
    columns = (Column("column", role="label"), Column("distance", "difference", "value"))
    table = Evidence(
        id="data.drift.columns",
        kind="table",
        title="Columns, train beside test",
        caption="",
        alt="",
        columns=columns,
        rows=(("age", 0.0123),),
    )
    drift = Finding(id="data.drift", title="Drift", status="measured", evidence=(table,))
    record = samples.record(STATES["fail"].decision, findings=(*samples.FINDINGS, drift))
    text = words(page(record))
    assert "Columns, train beside test" in text and "0.0123" in text


def test_card_lists_what_is_missing_with_its_consequence() -> None:
    text = words(page(STATES["fail"], "model_card"))
    assert "Contact: not given, so a person affected has nobody to write to." in text
    assert "Membership inference: not measured because no training table was given" in text
    assert "Contact: not given" not in words(page(STATES["pass"], "model_card"))


def test_card_names_what_was_measured_and_is_shown_nowhere_in_it() -> None:
    drift = Finding(id="data.drift", status="measured", title="Drift from training to test")
    record = samples.record(STATES["fail"].decision, findings=(*samples.FINDINGS, drift))
    said = "Measured, with figures in audit.json only: Drift from training to test."
    assert said in words(page(record, "model_card"))
    assert "Drift" not in words(page(STATES["fail"], "model_card"))


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("fmt", ["html", "md"])
def test_synthetic_data_are_said_to_be_synthetic(fmt: str, document: str) -> None:
    assert "synthetic" in page(STATES["synthetic"], document, fmt)
    assert "synthetic" not in page(STATES["fail"], document, fmt)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_stays_text_in_html(name: str, document: str) -> None:
    plain, attacked = Tags(page(hostile("sex"), document)), Tags(page(hostile(name), document))
    assert attacked.tags == plain.tags
    assert [key for key, _ in attacked.attributes] == [key for key, _ in plain.attributes]
    assert "script" not in attacked.tags


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_adds_no_line_cell_or_markup_in_markdown(name: str, document: str) -> None:
    plain, attacked = page(hostile("sex"), document, "md"), page(hostile(name), document, "md")
    bare = [re.sub(r"\\.", "", line) for line in attacked.splitlines()]
    assert len(bare) == len(plain.splitlines())
    for ours, theirs in zip(plain.splitlines(), bare, strict=True):
        assert ours.count("|") == theirs.count("|")
        assert "<" not in theirs and "`" not in theirs and "[" not in theirs and "~" not in theirs
        assert ours.count("*") == theirs.count("*")


@pytest.mark.parametrize("fmt", ["html", "md"])
def test_names_that_differ_in_a_character_of_no_width_look_different(fmt: str) -> None:
    finding = samples.parity(women="Ma\u200ble", men="Male")
    text = page(samples.record(None, findings=(finding,)), "model_card", fmt)
    assert "Ma‹U+200B›le" in text and "\u200b" not in text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_page_runs_nothing_and_asks_nobody(document: str) -> None:
    text = page(STATES["fail"], document)
    tags = Tags(text)
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(tags.tags)
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert all(value.startswith("#") for name, value in tags.attributes if name in ("href", "src"))
    assert not re.search(r"url\((?!#)", text) and "@import" not in text


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("state", STATES)
def test_ids_are_unique_and_links_lead_somewhere(state: str, document: str) -> None:
    attributes = Tags(page(STATES[state], document)).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in attributes if name == "href"} <= set(ids)
    assert {value for name, value in attributes if name == "aria-labelledby"} <= set(ids)


def test_number_in_prose_is_the_number_in_the_table() -> None:
    text = words(page(STATES["fail"]))
    assert text.count("0.292") >= 2
    assert "Among equal numbers, 29 from Female are selected for every 100 from Male." in text
    assert "Exceeded by 0.508; by at least 0.465 at 99\u00a0% confidence" in " ".join(Tags(page(STATES["fail"])).texts)


def test_bounds_far_beyond_the_limit_are_cut_at_the_edge() -> None:
    rows = [row for group in gate_view(STATES["fail"])["rulings"]["groups"] for row in group["rows"]]
    assert all(-1 <= row[key] <= 3 for row in rows for key in ("at", "low", "high") if row[key] is not None)
    assert any(row["runs_on"] for row in rows)


def test_user_folder_wins_over_the_built_in_templates(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "gate_report.j2").write_text("{{ view.head.title }}")
    files = render(STATES["fail"], documents=["gate_report"], formats=["html"], templates=tmp_path)
    assert files == {"gate_report.html": b"Income classifier 1.0\n"}


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'nowhere' is not there"):
        render_document(STATES["fail"], "gate_report", "html", tmp_path / "nowhere")


def test_unknown_document_and_format_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'gate_report'"):
        render_document(STATES["fail"], "gate_repot", "html")
    with pytest.raises(ConfigurationError, match=r"no format 'docx'.*'html', 'md', 'pdf'"):
        render_document(STATES["fail"], "gate_report", "docx")
