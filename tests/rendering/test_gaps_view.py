"""The table of gaps between groups."""

from __future__ import annotations

from dataclasses import replace

from auditkit.auditing import Audit
from auditkit.finding import Finding, Group, Measure
from auditkit.record import Record
from auditkit.rendering.gaps_view import gaps_table


def rows_of(*measures: Measure) -> list[list[str]]:
    finding = Finding(id="fairness.demographic_parity", status="measured", title="Parity", measures=measures)
    table = gaps_table(Record(Audit(name="m", subject={}, provenance={}, findings=(finding,)), None, ""), columns=1)
    assert table is not None
    rows: list[list[str]] = table["rows"]
    return rows


def gap(column: str, first: str, second: str) -> Measure:
    worst, best = (Group.of({column: name}) for name in (first, second))
    return Measure(
        name="difference", value=0.1, unit="difference", direction="lower", over=(column,), worst=worst, best=best
    )


def test_names_of_groups_stand_in_quotes_only_where_they_hold_an_and_of_their_own() -> None:
    assert rows_of(gap("sex", "f", "m"))[0][4] == "f and m"
    assert rows_of(gap("age", "under 25", "40 and over"))[0][4] == "“under 25” and “40 and over”"


def test_a_gap_that_was_not_measured_gives_its_reason_in_the_wide_column() -> None:
    measure = Measure(
        name="difference",
        value=None,
        unit="difference",
        direction="lower",
        over=("sex",),
        status="insufficient",
        reason="1 of 2 groups has enough rows",
    )
    assert rows_of(measure) == [
        ["Selection rate over sex", "–", "–", "–", "not measured because 1 of 2 groups has enough rows", "–", "–"]
    ]


def test_each_gap_says_over_how_many_rows_it_was_seen() -> None:
    measure = gap("sex", "f", "m")
    assert [rows_of(one)[0][1] for one in (measure, replace(measure, n=16_281))] == ["–", "16,281"]
