"""How the rows of each label are divided over the counted columns: confusion by group, labels against predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.charts.style import INK, MOST_BARS, needed, text
from auditkit.errors import NotApplicable
from auditkit.finding import Cell, Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Right decisions blue, wrong ones orange; dark where the model said positive. One digit beside the palette: these areas
# carry white figures, so a dark page must not lighten them as it does lines.
_OUTCOMES = {
    "TP": ("true positive", "#27577e"),
    "FP": ("false positive", "#b35901"),
    "FN": ("false negative", "#e5b27e"),
    "TN": ("true negative", "#a9c3d8"),
}
_AREAS = ("#27577e", "#b35901", "#00795b", "#9c4a81", "#6b5d01", "#4d4d4e")
_DARK_INK, _PAPER = "#17191c", "#ffffff"
_LIGHT = {"#e5b27e", "#a9c3d8"}
_LEAST_NAMED = 0.07  # a smaller part has no room for its percentage


def matrix(evidence: Evidence, axes: Axes) -> None:
    """Draw one bar for each row, divided as its counts are; the counts themselves stand in the table."""
    label = needed(evidence, "label")
    counted = [place for place, column in enumerate(evidence.columns) if column.role == "count"]
    rows = [(row, sizes) for row in evidence.rows if (sizes := _sizes(row, counted))][:MOST_BARS]
    if not rows or not 2 <= len(counted) <= len(_AREAS):
        raise NotApplicable(f"evidence {evidence.id!r} has no rows of two to six counts; nothing can be drawn")
    names = [evidence.columns[place].name for place in counted]
    colours = [_OUTCOMES[name][1] if name in _OUTCOMES else _AREAS[at] for at, name in enumerate(names)]
    for height, (_, sizes) in enumerate(rows):
        start = 0.0
        for share, colour in zip((size / sum(sizes) for size in sizes), colours, strict=True):
            axes.barh(
                height, share, left=start, height=0.66, color=colour, edgecolor=_PAPER, linewidth=0.5, clip_on=False
            )
            if share >= _LEAST_NAMED:
                ink = _DARK_INK if colour in _LIGHT else _PAPER
                at = start + share / 2
                axes.text(at, height, f"{100 * share:.0f} %", color=ink, ha="center", va="center", fontsize=7)
            start += share
    axes.set_yticks(range(len(rows)), [text(row[label]) for row, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"Share of rows, by {text(evidence.columns[label].name)}")
    _name(axes, [_OUTCOMES.get(name, (name, ""))[0] for name in names], colours)


def _sizes(row: tuple[Cell, ...], counted: list[int]) -> list[int]:
    """Return the counts of a row; none where one is missing or nothing was counted."""
    sizes = [cell for place in counted if isinstance(cell := row[place], int) and not isinstance(cell, bool)]
    return sizes if len(sizes) == len(counted) and min(sizes, default=-1) >= 0 and sum(sizes) > 0 else []


def _name(axes: Axes, names: list[str], colours: list[str]) -> None:
    """Name the parts above the bars, each after a square of its colour."""
    from matplotlib.patches import Patch

    axes.legend(
        [Patch(facecolor=colour) for colour in colours],
        [text(name, most=24) for name in names],
        loc="lower left",
        bbox_to_anchor=(-0.04, 1.0),
        ncols=min(4, len(names)),
        frameon=False,
        fontsize=7,
        labelcolor=INK,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.0,
        handletextpad=0.5,
        borderaxespad=0.1,
    )
