"""Curves and bars as small SVG, the same bytes for the same evidence."""

from __future__ import annotations

import hashlib
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from auditkit.errors import NotApplicable
from auditkit.finding import Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart with any colour vision, and dark enough on white to be read as text at the line's end.
PALETTE = ("#27577f", "#b35900", "#00795c", "#9c4a80", "#6b5d00", "#4d4d4d")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
INK, DIAGONAL = "#17191c", "#8c8a84"
WIDTH = 5.4
MOST_POINTS, MOST_BARS, MOST_SERIES = 120, 25, 6
_PLAIN = {"rate", "count", "text", "share", "probability", "difference", "ratio"}  # units that the name says already
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r'(?:url\(|href=")#([\w-]+)')
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "auditkit",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def preload() -> None:
    """Import the drawing library now: processes forked later, and the documents, then pay for it once."""
    import matplotlib.figure  # noqa: F401


@lru_cache(maxsize=64)
def draw(evidence: Evidence) -> bytes:
    """Draw a curve or bars.

    Parameters
    ----------
    evidence : Evidence
        ``curve``: columns with the roles x and y, and perhaps label, one line per label; ``bars``: label and value,
        perhaps low and high. Rows with an empty number are left out.

    Returns
    -------
    bytes
        An ``<svg>`` element in UTF-8 without prolog, styles, scripts or references, so that it can stand within HTML
        and be read by Typst. Text is text; ink is ``currentColor``; the background is transparent.

    Raises
    ------
    NotApplicable
        If the evidence is of another kind, lacks a column or has no row with numbers.

    Notes
    -----
    At most 120 points a line (evenly spaced over the rows, ends kept), 6 lines and 25 bars are drawn; all
    rows are in the record.

    Examples
    --------
    >>> from auditkit.finding import Column
    >>> roc = Evidence(id="roc", kind="curve", title="ROC", caption="", alt="ROC curve", columns=(Column("fpr", role="x"),
    ...     Column("tpr", role="y")), rows=((0.0, 0.0), (0.1, 0.8), (1.0, 1.0)))
    >>> draw(roc)[:4]
    b'<svg'
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    drawers = {"curve": _curve, "bars": _bars}
    if evidence.kind not in drawers:
        raise NotApplicable(f"evidence {evidence.id!r} is of kind {evidence.kind!r}; only curve and bars are drawn")
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A style file of the user must not change the bytes.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        # A glyph that the measuring font lacks: the reader's font draws it.
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
        FigureCanvasSVG(figure)
        drawers[evidence.kind](evidence, figure.add_subplot())
        text = _svg(figure)
    return _tidy(text, evidence.id).encode("utf-8")


def _svg(figure: object) -> str:
    import io

    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})  # type: ignore[attr-defined]
    return stream.getvalue()


def _curve(evidence: Evidence, axes: Axes) -> None:
    x, y, label = _needed(evidence, "x"), _needed(evidence, "y"), _place(evidence, "label")
    series: dict[str, list[tuple[float, float]]] = {}
    for row in evidence.rows:
        at, value = row[x], row[y]
        if isinstance(at, int | float) and isinstance(value, int | float):
            series.setdefault("" if label is None else _text(row[label]), []).append((float(at), float(value)))
    if not series:
        raise NotApplicable(f"evidence {evidence.id!r} has no row with both numbers; nothing can be drawn")
    shown = list(series.items())[:MOST_SERIES]
    for index, (_, points) in enumerate(shown):
        kept = _thinned(points)
        colour, dash = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
        marker = "D" if len(kept) == 1 else "o" if len(kept) <= 12 else ""
        size = 6 if len(kept) == 1 else 3.5
        axes.plot(*zip(*kept, strict=True), color=colour, linestyle=dash, linewidth=1.5, marker=marker, markersize=size)
    if len(series) == 1:
        _whiskers(evidence, axes, x)
    shares = all(0 <= value <= 1 for _, points in shown for point in points for value in point)
    if shares and evidence.columns[x].unit == evidence.columns[y].unit:  # equal values mean something
        axes.plot([0, 1], [0, 1], color=DIAGONAL, linewidth=0.8, linestyle=(0, (5, 3)), zorder=0)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if any(name for name, _ in shown):
        _name_lines(axes, [(name, _thinned(points)) for name, points in shown])
    axes.set(xlabel=_heading(evidence, x), ylabel=_heading(evidence, y))


def _whiskers(evidence: Evidence, axes: Axes, x: int) -> None:
    low, high = _place(evidence, "low"), _place(evidence, "high")
    if low is None or high is None or len(evidence.rows) > MOST_POINTS:
        return
    for row in evidence.rows:
        at, bottom, top = row[x], row[low], row[high]
        if isinstance(at, float) and isinstance(bottom, float) and isinstance(top, float):
            axes.plot([at, at], [bottom, top], color=PALETTE[0], linewidth=0.9, solid_capstyle="butt")


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


def _bars(evidence: Evidence, axes: Axes) -> None:
    label, value = _needed(evidence, "label"), _needed(evidence, "value")
    low, high = _place(evidence, "low"), _place(evidence, "high")
    rows = [row for row in evidence.rows if isinstance(row[value], int | float)][:MOST_BARS]
    if not rows:
        raise NotApplicable(f"evidence {evidence.id!r} has no row with a number; nothing can be drawn")
    axes.figure.set_size_inches(WIDTH, 0.55 + 0.24 * len(rows))  # type: ignore[union-attr]
    heights = range(len(rows))
    axes.barh(heights, [float(row[value]) for row in rows], height=0.62, color=PALETTE[0])  # type: ignore[arg-type]
    for height, row in zip(heights, rows, strict=True):
        ends = [end for place in (low, high) if place is not None and isinstance(end := row[place], int | float)]
        if len(ends) == 2:
            axes.plot(ends, [height, height], color=INK, linewidth=1.2, solid_capstyle="butt", marker="|", markersize=5)
    axes.set_yticks(list(heights), [_text(row[label]) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(_heading(evidence, value))


def _place(evidence: Evidence, role: str) -> int | None:
    return next((index for index, column in enumerate(evidence.columns) if column.role == role), None)


def _needed(evidence: Evidence, role: str) -> int:
    place = _place(evidence, role)
    if place is None:
        raise NotApplicable(
            f"evidence {evidence.id!r} has no column with the role {role!r}; a {evidence.kind} needs one"
        )
    return place


def _heading(evidence: Evidence, place: int) -> str:
    column = evidence.columns[place]
    name = _text(column.name.replace("_", " "), most=64)
    name = name[:1].upper() + name[1:]
    return f"{name} ({_text(column.unit)})" if column.unit and column.unit not in _PLAIN else name


def _text(value: object, most: int = 32) -> str:
    text = "(missing)" if value is None else " ".join(_CONTROL.sub(" ", str(value)).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(index * last / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]


def _tidy(text: str, name: str) -> str:
    """Cut what an inline picture must not have, and turn styles into attributes that a page's own style can overrule."""
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>|\s*<style[^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    # Text holds no < and no >, so this reaches tags only.
    tags = re.compile(r"<[^<>]*>")
    text = tags.sub(lambda found: _tag(found[0]), text)
    used = {target for tag in tags.findall(text) for target in _REFERENCE.findall(tag)}
    prefix = f"c{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    text = tags.sub(lambda found: _named(found[0], used, prefix), text)
    text = text.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return re.sub(r">\s+<", "><", text).strip()


def _tag(tag: str) -> str:
    tag = tag.replace('xmlns:xlink="http://www.w3.org/1999/xlink" ', "").replace("xlink:href", "href")
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    tag = re.sub(r'(?<=\s)style="([^"]*)"', lambda found: _attributes(found[1]), tag)
    tag = re.sub(r"-?\d+\.\d{3,}(?![\w.])", lambda found: f"{float(found[0]):.2f}", tag)
    return " ".join(tag.replace(f'"{INK}"', '"currentColor"').split())


def _named(tag: str, used: set[str], prefix: str) -> str:
    """Keep the ids that something refers to, with a prefix of this drawing: several stand in one page."""
    tag = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", tag)
    return _REFERENCE.sub(lambda found: found[0].replace("#", f"#{prefix}-"), tag)


def _attributes(style: str) -> str:
    pairs = []
    for part in style.split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key == "font":
            size = re.search(r"([\d.]+)px", value)
            pairs += [("font-size", size[1] if size else "8"), ("font-family", "DejaVu Sans, sans-serif")]
        elif key == "font-family":
            pairs.append((key, "DejaVu Sans, sans-serif"))
        elif key and key not in {"stroke-linejoin", "stroke-miterlimit"}:
            pairs.append((key, value))
    return " ".join(f'{key}="{value}"' for key, value in pairs)
