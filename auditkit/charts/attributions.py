"""Shares of an output: how they spread over rows, and how one row's add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.charts.style import HIGH, INK, LEVELS, LOW, MOST_BARS, NONE, PALETTE, heading, needed, place, text
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TALLEST = 0.84  # of the room a column has
_POSITIVE, _NEGATIVE = PALETTE[0], PALETTE[1]


def beeswarm(evidence: Evidence, axes: Axes) -> None:
    """Draw one band per column: at each share a stroke as tall as many rows lie there, coloured by their values' standing."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    label, at, count, value = (needed(evidence, role) for role in ("label", "x", "count", "value"))
    names = list(dict.fromkeys(str(row[label]) for row in evidence.rows))[:MOST_BARS]
    counts = [row[count] for row in evidence.rows if isinstance(row[count], int)]
    if not names or not counts:
        raise NotApplicable(f"evidence {evidence.id!r} has no row with numbers; nothing can be drawn")
    most = max(int(number) for number in counts)  # type: ignore[arg-type]
    strokes: dict[str, list[tuple[float, float, float]]] = {}
    for row in evidence.rows:
        x, number, standing = row[at], row[count], row[value]
        if isinstance(x, float) and isinstance(number, int) and str(row[label]) in names:
            height = max(0.08, TALLEST * (number / most) ** 0.5)
            colour = LEVELS[min(len(LEVELS) - 1, int(standing * len(LEVELS)))] if isinstance(standing, float) else NONE
            strokes.setdefault(colour, []).append((x, names.index(str(row[label])), height))
    for colour, marks in sorted(strokes.items()):
        points = [(x, y + side * height / 2) for x, y, height in marks for side in (-1, 1)]
        path = Path(points, [Path.MOVETO, Path.LINETO] * len(marks))
        axes.add_collection(
            PathCollection([path], facecolors="none", edgecolors=colour, linewidths=3.4, capstyle="round", zorder=2)
        )
    places = [x for marks in strokes.values() for x, _, _ in marks]
    room = 0.03 * ((max(places) - min(places)) or 1.0)
    axes.set(xlim=(min(*places, 0.0) - room, max(*places, 0.0) + room), ylim=(len(names) - 0.4, -0.6))
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(names)), [text(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(heading(evidence, at))
    if any(colour in LEVELS for colour in strokes):
        _scale(axes)


def _scale(axes: Axes) -> None:
    """Name the colours above the drawing."""
    y = 1.03
    axes.text(0.0, y, "low values", transform=axes.transAxes, va="center", fontsize=7.5)
    for place_of, colour in enumerate((LOW, *LEVELS[1:-1], HIGH)):
        x = 0.155 + 0.035 * place_of
        axes.plot([x, x + 0.02], [y, y], color=colour, linewidth=5, transform=axes.transAxes, clip_on=False)
    axes.text(0.345, y, "high values", transform=axes.transAxes, va="center", fontsize=7.5)


def waterfall(evidence: Evidence, axes: Axes) -> None:
    """Draw how one row's output comes about: from the mean output of the background, share by share."""
    label, value, kind = needed(evidence, "label"), needed(evidence, "value"), needed(evidence, "text")
    rows = [
        (text(row[label], 44), float(amount), row[kind])
        for row in evidence.rows
        if isinstance(amount := row[value], int | float)
    ]
    base = next((amount for _, amount, sort in rows if sort == "base"), None)
    output = next((amount for _, amount, sort in rows if sort == "output"), None)
    if base is None or output is None:
        raise NotApplicable(f"evidence {evidence.id!r} has no row 'base' or no row 'output'; nothing can be drawn")
    parts = _largest([(name, amount) for name, amount, sort in rows if sort == "part"], MOST_BARS)
    ends = [base]
    for height, (_, amount) in enumerate(parts, 1):
        start = ends[-1]
        colour, hatch = (_POSITIVE, "") if amount >= 0 else (_NEGATIVE, "////")
        axes.barh(height, amount, left=start, height=0.6, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        axes.plot([start, start], [height - 1, height + 0.3], color=INK, linewidth=0.5)
        ends.append(start + amount)
    axes.plot([ends[-1]] * 2, [len(parts), len(parts) + 1], color=INK, linewidth=0.5)
    axes.plot([base], [0], marker="D", color=INK, markersize=5)
    axes.plot([output], [len(parts) + 1], marker="D", color=INK, markersize=5)
    width = (max(ends) - min(ends)) or 1.0
    axes.set_xlim(min(ends) - 0.06 * width, max(ends) + 0.2 * width)
    for height, (_, amount) in enumerate(parts, 1):
        right = max(ends[height - 1], ends[height])
        sign = "+" if amount >= 0 else "−"
        axes.text(right + 0.015 * width, height, f"{sign}{abs(amount):.3g}", va="center", fontsize=7.5)
    for height, amount in ((0, base), (len(parts) + 1, output)):
        axes.text(amount + 0.03 * width, height, f"{amount:.3g}".replace("-", "−"), va="center", fontsize=7.5)
    names = [rows[0][0], *(name for name, _ in parts), rows[-1][0]]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(heading(evidence, value))


def _largest(parts: list[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Return the parts in their order, the smallest beyond `most` as one."""
    if len(parts) <= most:
        return parts
    kept = sorted(range(len(parts)), key=lambda at: -abs(parts[at][1]))[: most - 1]
    rest = [amount for at, (_, amount) in enumerate(parts) if at not in kept]
    return [parts[at] for at in sorted(kept)] + [(f"{len(rest)} other columns", sum(rest))]


def lines(evidence: Evidence) -> int:
    """Return how many lines of names the drawing of a beeswarm or waterfall has."""
    label = place(evidence, "label")
    names = {row[label] for row in evidence.rows} if label is not None else set()
    return min(MOST_BARS + 2, len(names) if evidence.kind == "beeswarm" else len(evidence.rows))
