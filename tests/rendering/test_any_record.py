"""Whatever the schema of audit.json allows: every document in every format, within its size, and no number but the record's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import any_record
import pytest
import samples
import yaml
from any_record import HOSTILE
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pages import Page

from auditkit.errors import NotApplicable
from auditkit.exports.formats import FORMATS as CARDS
from auditkit.exports.formats import exported
from auditkit.finding import Measure
from auditkit.rendering.documents import DOCUMENTS, MOST_BYTES, render
from auditkit.rendering.evidence_view import MOST_DRAWN
from auditkit.rendering.numbers import count, interval, number, percent
from auditkit.rendering.room import MOST_CHARTS
from auditkit.yamlfile import schema

SEEDS = st.integers(0, 2**32 - 1)
SCHEMA = Draft202012Validator(schema("record"))
MOST_OF_A_PDF = 1_500_000
RUNS = {"script", "img", "iframe", "object", "link", "form", "base", "embed"}
TURNS = re.compile(r"[\x00\u202a-\u202e\u2066-\u2069]")  # controls that turn the direction of what follows
ONCE = (Phase.explicit, Phase.generate)  # a seed has nothing to shrink


def check_pages(seed: int) -> None:
    content = any_record.content(seed)
    SCHEMA.validate(content)
    record = any_record.from_json(content)
    for name, data in render(record, documents=DOCUMENTS, formats=("html", "md")).items():
        text = data.decode()
        assert len(data) <= MOST_BYTES[name.rpartition(".")[2]], name
        if name.endswith(".md"):
            assert "<script" not in text
            continue
        page = Page(text)
        assert not RUNS & set(page.tags) and not TURNS.search(text), name
        assert not [key for key, _ in page.attributes if key.startswith("on")], name
        ids = page.values("id")
        assert len(ids) == len(set(ids)), name
        assert {value[1:] for value in page.values("href") if value.startswith("#")} <= set(ids), name
        drawings = re.findall(r'<div role="img"[^>]*>(<svg.*?</svg>)</div>', text, re.DOTALL)
        assert len(drawings) <= MOST_CHARTS and all(len(one.encode()) <= MOST_DRAWN for one in drawings)


@settings(max_examples=3, deadline=None, derandomize=True, phases=ONCE)
@given(SEEDS)
def test_every_record_is_a_page_in_every_document_within_its_size(seed: int) -> None:
    check_pages(seed)


@pytest.mark.statistics
@settings(max_examples=15, deadline=None, derandomize=True, phases=ONCE)
@given(SEEDS.map(lambda seed: seed + 2**32))
def test_many_more_records_are_pages_within_their_size(seed: int) -> None:
    check_pages(seed)


@settings(max_examples=1, deadline=None, derandomize=True, phases=ONCE)
@given(SEEDS)
def test_every_record_is_a_pdf_in_every_document(seed: int) -> None:
    pytest.importorskip("typst")
    for name, data in render(any_record.record(seed), documents=DOCUMENTS, formats=("pdf",)).items():
        assert data.startswith(b"%PDF-"), name
        assert len(data) <= MOST_OF_A_PDF, name


# ----------------------------------------------------------------------------------------------------- the numbers


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(part)


@settings(max_examples=12, deadline=None, derandomize=True, phases=ONCE)
@given(SEEDS)
def test_every_number_of_every_card_is_one_of_the_record(seed: int) -> None:
    content = any_record.content(seed)
    record, own = any_record.from_json(content), set(numbers_in(content))
    # Energy and emissions are given in the unit of the format.
    own |= {value * factor for value in set(own) for factor in (1e-3, 1e3, 1e-6)} | {1.0}
    for name in CARDS:
        try:
            text = exported(record, name)[1].decode()
        except NotApplicable:
            continue
        parsed = yaml.safe_load(text.split("---\n")[1]) if name == "huggingface" else json.loads(text)
        assert [one for one in numbers_in(parsed) if one not in own] == [], name


def shown_of(measure: Measure) -> set[str]:
    """Return how a document may write the numbers of a measure."""
    found = {number(measure.value, measure.unit)}
    if measure.interval is not None:
        found |= {interval(measure.interval.low, measure.interval.high, measure.unit)}
        found |= {f"{number(measure.value, measure.unit)}, {one}" for one in set(found)}
    return found


@settings(max_examples=4, deadline=None, derandomize=True, phases=ONCE)
@given(SEEDS)
def test_a_measure_in_a_page_is_written_as_in_the_record_and_names_its_finding(seed: int) -> None:
    record = any_record.record(seed)
    known = {f.id: {text for m in f.measures for text in shown_of(m)} for f in record.audit.findings}
    page = Page(render(record, documents=["model_card"], formats=["html"])["model_card.html"].decode())
    figures = [(text, evidence) for text, evidence, where in page.texts if where.endswith("dd value")]
    for text, evidence in figures:
        assert text in known[evidence]


def test_each_row_of_evidence_is_written_as_in_the_record_and_stands_under_its_id() -> None:
    record = samples.states()["fail"]
    wanted = {
        (item.id, str(row[0]), number(row[2], "rate"))
        for finding in record.audit.findings
        for item in finding.evidence
        if item.kind == "intervals"
        for row in item.rows
        if isinstance(row[2], float)
    }
    wanted.add(("carbon.inference", "Energy per 1,000 predictions", number(0.15, "Wh")))
    page = Page(render(record, documents=["model_card"], formats=["html"])["model_card.html"].decode())
    label, found = "", set()
    for text, evidence, where in page.texts:
        label = text if where.endswith("th ") else label
        if where.endswith("b ") and "chart" in where:
            found.add((evidence, label, text))
    assert found == wanted


@pytest.mark.parametrize("document", ["model_card", "gate_report", "bias_audit_summary"])
def test_every_number_in_a_table_or_figure_stands_under_an_id_of_the_record(document: str) -> None:
    record = samples.states()["fail"]
    findings = {finding.id: finding for finding in record.audit.findings}
    known = {"decision", *findings, *(ruling.evidence for ruling in samples.every_ruling())}
    known |= {item.id for finding in findings.values() for item in finding.evidence}
    page = Page(render(record, documents=[document], formats=["html"])[f"{document}.html"].decode())
    placed = ("table", "figures", "figure", "finding")
    bare = [
        (text, evidence)
        for text, evidence, where in page.texts
        if (re.search(r"\d", text) and "tbody" in where.split()) or any(place in where.split() for place in placed[1:])
        if "part-name" not in where and re.search(r"\d", text) and evidence not in known
    ]
    assert bare == []


def test_each_number_that_a_list_says_of_a_ruling_stands_under_the_ruling_s_evidence() -> None:
    record = samples.states()["fail"]
    assert record.decision is not None
    page = Page(render(record, documents=["gate_report"], formats=["html"])["gate_report.html"].decode())
    said = [(text, evidence) for text, evidence, where in page.texts if where.endswith("ul bullets li ")]
    bounds = [(text, evidence) for text, evidence in said if re.search(r"\d at \d+", text)]
    assert bounds and all(evidence in {ruling.evidence for ruling in record.decision.rulings} for _, evidence in bounds)


# -------------------------------------------------------------------------------------- hostile names, in all places


@pytest.mark.parametrize("name", [*HOSTILE, count(1), percent(0.5)])
def test_a_card_format_is_valid_whatever_a_name_is(name: str) -> None:
    maker = any_record.Maker(7)
    maker.name = lambda: name  # type: ignore[method-assign]
    record = any_record.from_json(json.loads(any_record.dump(maker.audit(), maker.decision())))
    for card in CARDS:
        try:
            text = exported(record, card)[1].decode()
        except NotApplicable:
            continue
        if card == "huggingface":
            yaml.safe_load(text.split("---\n")[1])
            assert "<script" not in text.replace("\\<", "")
        else:
            json.loads(text)
