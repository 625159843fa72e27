import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.charts.svg import draw
from auditkit.errors import NotApplicable
from auditkit.finding import Cell, Column, Evidence, EvidenceKind

CURVE = (Column("mean_score", role="x"), Column("observed", role="y"), Column("sex", role="label"))
BARS = (
    Column("feature", role="label"),
    Column("effect", unit="log odds", role="value"),
    Column("low", role="low"),
    Column("high", role="high"),
)


def evidence(kind: EvidenceKind, columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...]) -> Evidence:
    return Evidence(id="some.evidence", kind=kind, title="T", caption="", alt="A", columns=columns, rows=rows)


def curve(names: tuple[str, ...] = ("Female", "Male"), points: int = 11) -> Evidence:
    rows = tuple((i / (points - 1), (i / (points - 1)) ** 1.2, name) for name in names for i in range(points))
    return evidence("curve", CURVE, rows)


def bars(names: tuple[str | None, ...]) -> Evidence:
    return evidence(
        "bars", BARS, tuple((name, 1.0 - i / 40, 0.9 - i / 40, 1.1 - i / 40) for i, name in enumerate(names))
    )


def texts(svg: bytes) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("made", [curve(), bars(("a", "b"))], ids=["curve", "bars"])
def test_a_drawing_stands_alone_within_a_page(made: Evidence) -> None:
    svg = draw(made).decode()
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    assert not re.search(r"<\?xml|<!DOCTYPE|<style|<script|<metadata|style=|xlink", svg)
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "currentColor" in svg
    assert "#27577f" in svg


def test_the_same_evidence_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import sys; from auditkit.charts.svg import draw; from auditkit.finding import *; "
        "rows = tuple((i / 10, (i / 10) ** 1.2, n) for n in ('Female', 'Male') for i in range(11)); "
        "columns = (Column('mean_score', role='x'), Column('observed', role='y'), Column('sex', role='label')); "
        "sys.stdout.buffer.write(draw(Evidence(id='some.evidence', kind='curve', title='T', caption='', alt='A', "
        "columns=columns, rows=rows)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout == draw(curve()) == draw(curve())


def test_a_matplotlib_style_of_the_user_changes_nothing() -> None:
    import matplotlib

    plain = draw(curve())
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30}):
        assert draw(curve()) == plain


def test_names_stand_as_text_beside_their_lines() -> None:
    assert {"Female", "Male", "Mean score", "Observed"} <= set(texts(draw(curve())))


def test_a_unit_follows_the_name_of_the_axis() -> None:
    assert "Effect (log odds)" in texts(draw(bars(("a",))))


def test_a_missing_group_has_a_name() -> None:
    assert "(missing)" in texts(draw(bars((None,))))


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_any_name_gives_well_formed_text_and_no_new_element(name: str) -> None:
    tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(draw(bars((name, "b")))).iter()}
    assert tags <= {"svg", "g", "path", "defs", "use", "text", "clipPath", "rect", "tspan"}


@pytest.mark.parametrize("name", ["$x^2$", "<script>", "a & b", '" style="x', "_hidden", "v 0.123456 w", "#17191c"])
def test_a_name_is_drawn_as_it_is(name: str) -> None:
    assert name in texts(draw(bars((name, "b"))))
    assert name in texts(draw(curve((name, "b"))))


def test_ids_of_two_drawings_do_not_meet() -> None:
    other = Evidence(id="other", kind="curve", title="", caption="", alt="", columns=CURVE, rows=curve().rows)
    ids = [set(re.findall(r' id="([^"]*)"', draw(made).decode())) for made in (curve(), other)]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("made", [curve(points=1001), curve(("a", "b", "c", "d")), bars(tuple("abcdefghijkl"))])
def test_a_drawing_is_small(made: Evidence) -> None:
    assert len(draw(made)) <= 14_000


def test_rows_without_numbers_are_left_out() -> None:
    assert "gone" not in texts(draw(evidence("bars", BARS, (("gone", None, None, None), ("kept", 1.0, None, None)))))


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (evidence("table", CURVE, ()), "only curve, bars, beeswarm, waterfall, matrix are drawn"),
        (evidence("curve", CURVE, ()), "no row"),
        (evidence("bars", BARS, ()), "no row"),
        (evidence("bars", CURVE, ()), "no column with the role 'value'"),
    ],
)
def test_what_cannot_be_drawn_says_why(made: Evidence, match: str) -> None:
    with pytest.raises(NotApplicable, match=match):
        draw(made)


def test_a_frontier_fills_its_axes_and_its_names_do_not_overlap() -> None:
    columns = (Column("how", role="label"), Column("gap", "difference", "x"), Column("accuracy", "rate", "y"))
    rows = (("by group", 0.01, 0.85), ("by group", 0.2, 0.87), ("for all", 0.02, 0.78), ("for all", 0.14, 0.869))
    made = Evidence(
        id="f", kind="curve", title="", caption="", alt="", columns=columns, rows=(*rows, ("this model", 0.16, 0.87))
    )
    drawing = draw(made).decode()
    assert ">1.00</text>" not in drawing
    names = re.findall(r'y="([\d.]+)">(?:by group|for all|this model)<', drawing)
    heights = sorted(float(height) for height in names)
    assert len(heights) == 3
    assert min(b - a for a, b in pairwise(heights)) > 8
