"""What all drawings share: colours, sizes, words."""

from __future__ import annotations

import re
from typing import Any

from auditkit.errors import NotApplicable
from auditkit.finding import Evidence

# Told apart with any colour vision, and dark enough on white to be read as text at the line's end.
PALETTE = ("#27577f", "#b35900", "#00795c", "#9c4a80", "#6b5d00", "#4d4d4d")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
# Low to high values of a column: told apart on white, on dark and in grey print.
LEVELS = ("#8fc1e3", "#8aa3ac", "#8f8474", "#a0693f", "#b04d00")
LOW, HIGH, NONE = LEVELS[0], LEVELS[-1], "#7d7d7d"
INK, DIAGONAL = "#17191c", "#8c8a84"
WIDTH = 4.4  # inches; a page draws it larger where there is room, so that type stays readable on a phone
MOST_POINTS, MOST_BARS, MOST_SERIES = 120, 25, 6
PLAIN = {"rate", "count", "text", "share", "probability", "difference", "ratio"}  # units that the name says already
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
SETTINGS: dict[Any, Any] = {
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


def place(evidence: Evidence, role: str) -> int | None:
    """Return the position of the column with a role."""
    return next((index for index, column in enumerate(evidence.columns) if column.role == role), None)


def needed(evidence: Evidence, role: str) -> int:
    """Return the position of the column with a role.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    found = place(evidence, role)
    if found is None:
        raise NotApplicable(
            f"evidence {evidence.id!r} has no column with the role {role!r}; a {evidence.kind} needs one"
        )
    return found


def heading(evidence: Evidence, at: int) -> str:
    """Return a column's name, and its unit where the name does not say it."""
    column = evidence.columns[at]
    name = text(column.name.replace("_", " "), most=64)
    name = name[:1].upper() + name[1:] if name[:1].isascii() else name
    return f"{name} ({text(column.unit)})" if column.unit and column.unit not in PLAIN else name


def text(value: object, most: int = 32) -> str:
    """Return one line without control characters, cut to `most` characters."""
    found = "(missing)" if value is None else " ".join(_CONTROL.sub(" ", str(value)).split())
    return found if len(found) <= most else f"{found[: most - 1]}…"
