"""What a family shows where there is not room for all: the first of each finding, then the second of each."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.rendering import shared_view


def block(title: str, size: int) -> dict[str, Any]:
    return {"block": "figure", "svg": "x" * size, "title": title}


def shown(findings: list[list[dict[str, Any]]]) -> list[str]:
    return [found.get("title", found.get("text")) for found in shared_view._in_turns(findings, "family")]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shared_view.BUDGETS, "family", 10_000)


def test_with_room_all_is_shown_in_order() -> None:
    note = {"block": "note", "text": "misleads"}
    assert shown([[block("a1", 100), block("a2", 100), note], [block("b1", 100)]]) == ["a1", "a2", "misleads", "b1"]


def test_the_first_of_each_comes_before_the_second_of_any() -> None:
    findings = [[block("a1", 2000), block("a2", 5000)], [block("b1", 2000), block("b2", 100)]]
    assert shown(findings) == ["a1", "b1", "b2", "One more table or figure is in audit.json."]


def test_nothing_is_shown_after_what_found_no_room_and_no_warning_without_its_figure() -> None:
    note = {"block": "note", "text": "misleads"}
    findings = [[block("a1", 20_000), block("a2", 10), note], [block("b1", 10)]]
    assert shown(findings) == ["b1", "2 more tables and figures are in audit.json."]
