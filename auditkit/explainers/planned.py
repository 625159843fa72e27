"""The explained rows that importance rests on: as many as a pilot asks for, the same for all who speak of importance."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.errors import InsufficientData
from auditkit.explainers.explained import BACKGROUND, BUDGET, ROWS, Explained, explained
from auditkit.stats.importance import rows_needed
from auditkit.subject import Subject

PILOT, MOST_ROWS, HALF_WIDTH = 200, 5000, 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """Explained rows, how many of the first ones are used, and why so many."""

    given: Explained
    rows: int
    said: str


def planned(
    subject: Subject,
    *,
    rows: int = ROWS,
    most_rows: int = MOST_ROWS,
    half_width: float = HALF_WIDTH,
    background: int = BACKGROUND,
    budget: int = BUDGET,
    encoded_game: bool = False,
    path_dependent: bool = False,
) -> Planned:
    """Explain test rows; the same question is answered once.

    Parameters
    ----------
    subject : Subject
    rows, most_rows : int
        Rows used, at least and at most; 200 others say how many it takes.
    half_width : float
        Wanted of the columns that carry 90 % of the importance, as a share of it.
    background, budget : int
    encoded_game, path_dependent : bool
        As in `explained`.

    Raises
    ------
    NotApplicable
        If there is no model, or it gives no probabilities.
    InsufficientData
        If there are none to explain, or the budget does not suffice for enough rows.
    """
    if max(rows, most_rows) < 1:
        raise InsufficientData("no rows are to be explained; raise rows")
    given = explained(
        subject,
        rows=max(rows, most_rows) + PILOT,
        background=background,
        budget=budget,
        encoded_game=encoded_game,
        path_dependent=path_dependent,
        by_part=True,
    )
    return Planned(given, *_chosen(given, rows, most_rows, half_width))


def _chosen(given: Explained, rows: int, most_rows: int, half_width: float) -> tuple[int, str]:
    """Return how many of the explained rows are used, and why; the pilot's are the last ones."""
    explained_rows = len(given.attributions.values)
    if given.attributions.asked or explained_rows <= rows + PILOT:
        few = min(explained_rows, max(rows, most_rows))
        return few, "All rows that could be explained are used." if few < rows else "No pilot: all rows are used."
    needed = rows_needed(given.attributions.sizes[-PILOT:], half_width)
    chosen = min(max(rows, needed), explained_rows - PILOT, max(rows, most_rows))
    wanted = f"a half-width of {half_width:.0%} takes {needed:,} rows, as {PILOT} other rows say"
    return chosen, f"{wanted[0].upper()}{wanted[1:]}; {chosen:,} are used."
