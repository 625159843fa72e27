"""Curves of effects: which lines get limits, and where the axis is stretched."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from auditkit.charts.svg import draw
from auditkit.finding import Cell, Column, Evidence

SVG = "{http://www.w3.org/2000/svg}"
COLUMNS = (
    Column("line", role="label"),
    Column("income", role="x"),
    Column("effect", "probability", "y"),
    Column("low", "probability", "low"),
    Column("high", "probability", "high"),
)


def made(places: list[float], lines: tuple[str, ...] = ("mean", "10 % of rows")) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for line in lines:
        limits = (-0.1, 0.3) if line == "mean" else (None, None)
        rows += [(line, at, number / 100, *limits) for number, at in enumerate(places)]
    return Evidence(id="e", kind="curve", title="T", caption="", alt="A", columns=COLUMNS, rows=tuple(rows))


def texts(evidence: Evidence) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(draw(evidence)).iter(f"{SVG}text")]


def whiskers(evidence: Evidence) -> int:
    """Upright strokes of the first colour."""
    strokes = [path.get("d", "").split() for path in ElementTree.fromstring(draw(evidence)).iter(f"{SVG}path")]
    return sum(len(d) == 6 and d[0] == "M" and d[1] == d[4] and abs(float(d[2]) - float(d[5])) > 40 for d in strokes)


def test_the_one_line_that_has_limits_gets_them_among_lines_that_have_none() -> None:
    plain = Evidence(
        id="e",
        kind="curve",
        title="T",
        caption="",
        alt="A",
        columns=COLUMNS[:3],
        rows=tuple(row[:3] for row in made([1.0, 2.0, 3.0]).rows),
    )
    assert whiskers(made([1.0, 2.0, 3.0])) == whiskers(plain) + 3
    assert {"mean", "10 % of rows"} <= set(texts(made([1.0, 2.0, 3.0])))


def test_many_points_get_a_band_instead() -> None:
    few, many = made([float(at) for at in range(20)]), made([float(at) for at in range(21)])
    assert whiskers(few) > whiskers(many)
    assert "fill-opacity" in draw(many).decode()
    assert "fill-opacity" not in draw(few).decode()


def test_points_crowded_at_the_low_end_are_drawn_apart_and_the_axis_says_so() -> None:
    found = texts(made([0.0, 1500.0, 2500.0, 3000.0, 4000.0, 7000.0, 99999.0]))
    assert "Income, low end stretched" in found
    assert {"0", "2,000", "10,000", "50,000"} <= set(found)


@pytest.mark.parametrize(
    "places",
    [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [-1.0, 1.0, 2.0, 3.0, 4.0, 900.0], [0.0, 900.0], [1e5, 2e5, 3e5, 4e5, 5e5]],
)
def test_other_axes_stay_as_they_are(places: list[float]) -> None:
    assert "Income" in texts(made(places))
