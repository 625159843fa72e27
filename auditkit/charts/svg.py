"""Drawings as small SVG, the same bytes for the same evidence."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, overload

from auditkit.charts.attributions import beeswarm, lines, waterfall
from auditkit.charts.plots import bars, curve
from auditkit.charts.shares import matrix
from auditkit.charts.style import INK, MOST_BARS, SETTINGS, WIDTH, needed
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence
from auditkit.kept import kept

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWERS: dict[str, Callable[[Evidence, Axes], None]] = {
    "curve": curve,
    "bars": bars,
    "beeswarm": beeswarm,
    "waterfall": waterfall,
    "matrix": matrix,
}
_LEAST, _MOST = 1e-60, 1e60  # what an axis can be divided at
_REFERENCE = re.compile(r'(?:url\(|href=")#([\w-]+)')


def preload() -> None:
    """Import the drawing library now: processes forked later, and the documents, then pay for it once."""
    import matplotlib.figure  # noqa: F401


@overload
def draw(evidence: Evidence) -> bytes: ...
@overload
def draw(evidence: Evidence, axes: Axes) -> Axes: ...
def draw(evidence: Evidence, axes: Axes | None = None) -> bytes | Axes:
    """Draw a curve, bars, a beeswarm, a waterfall or a matrix, as SVG or on given axes.

    Parameters
    ----------
    evidence : Evidence
        ``curve``: columns with the roles x and y, and perhaps label (one line each), low and high; ``bars``: label and value,
        perhaps low and high; ``beeswarm``: label, x, count, value; ``waterfall``: label, value, text; ``matrix``: label and
        two to six times count. Rows with an
        empty number are left out.
    axes : matplotlib Axes, optional
        Where to draw: nothing else of the figure is touched, and pyplot is not used.

    Returns
    -------
    bytes or Axes
        Without `axes` an ``<svg>`` element in UTF-8 without prolog, styles, scripts or references, so that it can stand within
        HTML and be read by Typst. Text is text; ink is ``currentColor``; the background is transparent.

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
    if axes is None:
        return _drawn(evidence)
    with _settings():
        _drawer(evidence)(evidence, axes)
    return axes


def _drawer(evidence: Evidence) -> Callable[[Evidence, Axes], None]:
    if evidence.kind not in DRAWERS:
        raise NotApplicable(
            f"evidence {evidence.id!r} is of kind {evidence.kind!r}; only {', '.join(DRAWERS)} are drawn"
        )
    extreme = next((cell for row in evidence.rows for cell in row if _undrawable(cell)), None)
    if extreme is not None:
        raise NotApplicable(f"evidence {evidence.id!r} holds {extreme!r}, which no axis can show beside other numbers")
    return DRAWERS[evidence.kind]


def _undrawable(cell: object) -> bool:
    return isinstance(cell, int | float) and cell != 0 and not _LEAST < abs(cell) < _MOST


@contextmanager
def _settings() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A style file of the user must not change the bytes.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        # A glyph that the measuring font lacks: the reader's font draws it.
        warnings.simplefilter("ignore")
        yield


@lru_cache(maxsize=64)
def _drawn(evidence: Evidence) -> bytes:
    return kept("svg", repr(evidence), lambda: _drawn_anew(evidence))


def _drawn_anew(evidence: Evidence) -> bytes:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    drawer = _drawer(evidence)
    with _settings():
        figure = Figure(figsize=(WIDTH, _height(evidence)), layout="constrained")
        FigureCanvasSVG(figure)
        drawer(evidence, figure.add_subplot())
        found = _svg(figure)
    return _tidy(found, evidence.id).encode("utf-8")


def _height(evidence: Evidence) -> float:
    if evidence.kind == "matrix":
        return 0.95 + 0.24 * min(MOST_BARS, len(evidence.rows))
    if evidence.kind == "bars":
        value = needed(evidence, "value")
        return 0.55 + 0.24 * min(MOST_BARS, sum(isinstance(row[value], int | float) for row in evidence.rows))
    return 2.6 if evidence.kind == "curve" else 0.75 + 0.26 * lines(evidence)


def _svg(figure: object) -> str:
    import io

    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})  # type: ignore[attr-defined]
    return stream.getvalue()


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
