"""Beeswarms, waterfalls and bands, as SVG and on axes that somebody else made."""

import subprocess
import sys

import matplotlib
import pytest
from matplotlib.figure import Figure

from auditkit.charts.svg import draw
from auditkit.errors import NotApplicable
from auditkit.finding import Column, Evidence

SWARM = (
    Column("column", role="label"),
    Column("φ", "log-odds", "x"),
    Column("rows", "rows", "count"),
    Column("standing", "share", "value"),
)
FALL = (Column("column", role="label"), Column("share", "log-odds", "value"), Column("part", role="text"))


def evidence(kind: str, columns: tuple[Column, ...], rows: tuple[tuple[object, ...], ...]) -> Evidence:
    return Evidence(id=f"x.{kind}", kind=kind, title="T", caption="", alt="A", columns=columns, rows=rows)


def swarm(name: str = "income") -> Evidence:
    return evidence("beeswarm", SWARM, ((name, -1.0, 20, 0.1), (name, 1.0, 80, 0.95), ("job", 0.5, 100, None)))


def fall(parts: int = 3) -> Evidence:
    shares = [(f"c{place} = 1", 0.5 if place % 2 else -0.25, "part") for place in range(parts)]
    output = 1.0 + sum(amount for _, amount, _ in shares)
    return evidence("waterfall", FALL, (("mean", 1.0, "base"), *shares, ("log-odds", output, "output")))


def band(points: int) -> Evidence:
    columns = (
        Column("age", "", "x"),
        Column("effect", "probability", "y"),
        Column("low", role="low"),
        Column("high", role="high"),
    )
    return evidence("curve", columns, tuple((float(at), at / 10, at / 10 - 0.1, at / 10 + 0.1) for at in range(points)))


@pytest.mark.parametrize("given", [swarm(), fall(), band(30)], ids=["beeswarm", "waterfall", "band"])
def test_the_same_evidence_gives_the_same_bytes_in_another_process(given: Evidence) -> None:
    code = f"import sys; from auditkit.finding import *; from auditkit.charts.svg import draw; sys.stdout.buffer.write(draw({given!r}))"
    again = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True).stdout
    assert again == draw(given)


@pytest.mark.parametrize("given", [swarm(), fall(), band(30)], ids=["beeswarm", "waterfall", "band"])
def test_axes_given_are_drawn_on_and_nothing_else_is_touched(given: Evidence) -> None:
    figure = Figure(figsize=(4, 3))
    left, right = figure.subplots(1, 2)
    before = dict(matplotlib.rcParams)
    assert draw(given, left) is left
    assert left.has_data()
    assert not right.has_data()
    assert tuple(figure.get_size_inches()) == (4, 3)
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_never_imported() -> None:
    code = f"import sys; from auditkit.finding import *; from auditkit.charts.svg import draw; draw({fall()!r}); print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"


def test_a_swarm_names_its_columns_and_its_colours() -> None:
    drawn = draw(swarm()).decode()
    for part in ("income", "job", "low values", "high values", "φ (log-odds)"):
        assert part in drawn
    assert "low values" not in draw(evidence("beeswarm", SWARM, (("job", 0.5, 100, None),))).decode()


def test_a_waterfall_tells_signs_apart_without_colour() -> None:
    drawn = draw(fall()).decode()
    assert "+0.5" in drawn
    assert "−0.25" in drawn
    assert "pattern" in drawn  # hatched


def test_beyond_25_parts_the_smallest_are_one() -> None:
    assert "6 other columns" in draw(fall(30)).decode()


def test_hostile_names_stay_text() -> None:
    drawn = draw(swarm('<script>alert("x")</script>')).decode()
    assert "<script" not in drawn


def test_few_points_have_whiskers_and_many_a_band() -> None:
    assert "fill-opacity" not in draw(band(10)).decode()
    assert "fill-opacity" in draw(band(30)).decode()


@pytest.mark.parametrize(
    "given",
    [evidence("beeswarm", SWARM, (("a", None, None, None),)), evidence("waterfall", FALL, (("a", 1.0, "part"),))],
)
def test_nothing_to_draw_says_so(given: Evidence) -> None:
    with pytest.raises(NotApplicable, match="nothing can be drawn"):
        draw(given)
