"""Curves and bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.charts.style import (
    DASHES,
    DIAGONAL,
    INK,
    MOST_BARS,
    MOST_POINTS,
    MOST_SERIES,
    PALETTE,
    heading,
    needed,
    place,
    text,
)
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW_POINTS = 20
MOST_MARKED = 40  # of more points the lines alone are drawn
FEW_TICKS, CROWDED = 5, 10


def curve(evidence: Evidence, axes: Axes) -> None:
    """Draw lines, with whiskers for few points and bands for many, and the diagonal where both axes are shares of one kind."""
    x, y, label = needed(evidence, "x"), needed(evidence, "y"), place(evidence, "label")
    series: dict[str, list[tuple[float, float]]] = {}
    for row in evidence.rows:
        at, value = row[x], row[y]
        if isinstance(at, int | float) and isinstance(value, int | float):
            series.setdefault("" if label is None else text(row[label]), []).append((float(at), float(value)))
    if not series:
        raise NotApplicable(f"evidence {evidence.id!r} has no row with both numbers; nothing can be drawn")
    shown = list(series.items())[:MOST_SERIES]
    dense = sum(len(points) for _, points in shown) > MOST_MARKED
    for index, (_, points) in enumerate(shown):
        kept = _thinned(points)
        colour, dash = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
        marker = "D" if len(kept) == 1 else "o" if len(kept) <= 12 and not dense else ""
        size = 6 if len(kept) == 1 else 3.5
        axes.plot(*zip(*kept, strict=True), color=colour, linestyle=dash, linewidth=1.5, marker=marker, markersize=size)
    if any(len(points) > FEW_POINTS for _, points in shown):
        _bands(evidence, axes, [name for name, _ in shown])
    elif _limited(evidence) == 1:
        _whiskers(evidence, axes, x)
    stretched = _stretched(evidence, axes, x, [at for _, points in shown for at, _ in points])
    shares = all(0 <= value <= 1 for _, points in shown for point in points for value in point)
    if shares and evidence.columns[x].unit == evidence.columns[y].unit:  # equal values mean something
        axes.plot([0, 1], [0, 1], color=DIAGONAL, linewidth=0.8, linestyle=(0, (5, 3)), zorder=0)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if any(name for name, _ in shown):
        _name_lines(axes, [(name, _thinned(points)) for name, points in shown])
    axes.set(xlabel=heading(evidence, x) + (", low end stretched" if stretched else ""), ylabel=heading(evidence, y))


def _stretched(evidence: Evidence, axes: Axes, x: int, places: list[float]) -> bool:
    """Stretch the low end of a column without unit where most points are crowded there, with plain numbers as ticks."""
    ordered = sorted(set(places))
    if evidence.columns[x].unit or len(ordered) < FEW_TICKS or ordered[0] < 0:
        return False
    if ordered[len(ordered) // 2] * CROWDED > ordered[-1]:
        return False
    least = next(at for at in ordered if at > 0)
    axes.set_xscale("symlog", linthresh=least, linscale=0.5)
    ticks = [digit * 10.0**power for power in range(-12, 16) for digit in (1, 2, 5)]
    shown = [tick for tick in ticks if least <= tick <= ordered[-1] * 1.001]
    step = -(-len(shown) // FEW_TICKS)
    shown = [0.0] * (ordered[0] == 0) + shown[::step]
    axes.set_xticks(shown, [f"{tick:,.12g}" for tick in shown])
    axes.minorticks_off()
    return True


def _limited(evidence: Evidence) -> int:
    """Return how many lines have limits."""
    label, low = place(evidence, "label"), place(evidence, "low")
    return 0 if low is None else len({label is None or row[label] for row in evidence.rows if row[low] is not None})


def _whiskers(evidence: Evidence, axes: Axes, x: int) -> None:
    low, high = place(evidence, "low"), place(evidence, "high")
    if low is None or high is None or len(evidence.rows) > MOST_POINTS:
        return
    for row in evidence.rows:
        at, bottom, top = row[x], row[low], row[high]
        if isinstance(at, float) and isinstance(bottom, float) and isinstance(top, float):
            axes.plot([at, at], [bottom, top], color=PALETTE[0], linewidth=0.9, solid_capstyle="butt")


def _bands(evidence: Evidence, axes: Axes, names: list[str]) -> None:
    """Fill between the limits of each line."""
    x, label, low, high = (place(evidence, role) for role in ("x", "label", "low", "high"))
    if x is None or low is None or high is None:
        return
    for index, name in enumerate(names):
        rows = [row for row in evidence.rows if label is None or text(row[label]) == name]
        known = [
            (float(row[x]), float(row[low]), float(row[high]))  # type: ignore[arg-type]
            for row in rows
            if all(isinstance(row[at], int | float) for at in (x, low, high))
        ]
        if known:
            colour = PALETTE[index % len(PALETTE)]
            places, bottoms, tops = ([one[at] for one in known] for at in range(3))
            axes.fill_between(places, bottoms, tops, color=colour, alpha=0.18, linewidth=0)


def _name_lines(axes: Axes, lines: list[tuple[str, list[tuple[float, float]]]]) -> None:
    """Write each name at the right, at its line's height at the end, pushed apart where they would overlap."""
    low, high = axes.get_ylim()
    step = (high - low) * 0.075
    ends = sorted((points[-1][1], index) for index, (_, points) in enumerate(lines))
    at = -float("inf")
    placed = []
    for end, index in ends:
        at = max(end, at + step)
        placed.append((at, index))
    overshoot = max(0.0, at - high)
    for height, index in placed:
        spot = (1.02, height - overshoot)
        colour = PALETTE[index % len(PALETTE)]
        axes.text(*spot, lines[index][0], color=colour, va="center", transform=axes.get_yaxis_transform(), fontsize=8)


def bars(evidence: Evidence, axes: Axes) -> None:
    """Draw horizontal bars with whiskers."""
    label, value = needed(evidence, "label"), needed(evidence, "value")
    low, high = place(evidence, "low"), place(evidence, "high")
    rows = [row for row in evidence.rows if isinstance(row[value], int | float)][:MOST_BARS]
    if not rows:
        raise NotApplicable(f"evidence {evidence.id!r} has no row with a number; nothing can be drawn")
    heights = range(len(rows))
    axes.barh(heights, [float(row[value]) for row in rows], height=0.62, color=PALETTE[0])  # type: ignore[arg-type]
    for height, row in zip(heights, rows, strict=True):
        ends = [end for place in (low, high) if place is not None and isinstance(end := row[place], int | float)]
        if len(ends) == 2:
            axes.plot(ends, [height, height], color=INK, linewidth=1.2, solid_capstyle="butt", marker="|", markersize=5)
    axes.set_yticks(list(heights), [text(row[label]) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(heading(evidence, value))


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(index * last / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]
