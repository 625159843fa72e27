"""Which two columns work together in the model's output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import InsufficientData
from auditkit.explainers.effects import Asked
from auditkit.stats.interaction import Interaction, interaction

Floats = npt.NDArray[np.float64]
MOST_ROWS, FEWEST_ROWS = 200, 30


def interactions(
    asked: Asked, frame: Any, columns: Sequence[str], budget: int
) -> tuple[dict[tuple[str, str], Interaction | None], int]:
    """Return H² of each pair of columns, and the rows that it rests on.

    Parameters
    ----------
    asked : Asked
    frame : pandas DataFrame
        Rows in random order; those that miss a value in one of the columns are left out.
    columns : sequence of str
        At least two.
    budget : int
        Model rows: rows² for each pair and for each column.

    Raises
    ------
    InsufficientData
        If the budget or the rows are too few.
    """
    pairs = list(combinations(columns, 2))
    whole = frame[frame[list(columns)].notna().all(axis=1)]
    tables = len(pairs) + len(columns)
    n = min(len(whole), MOST_ROWS, math.isqrt(budget // tables))
    if n < FEWEST_ROWS:
        raise InsufficientData(
            f"{budget:,} model rows and {len(whole):,} rows without a missing value allow for {n} rows; interactions of "
            f"{len(columns)} columns need at least {FEWEST_ROWS}, {FEWEST_ROWS**2 * tables:,} model rows"
        )
    rows = whole.iloc[:n].reset_index(drop=True)
    single = {column: _table(asked, rows, [column]) for column in columns}
    scale = float((np.diag(single[columns[0]]) ** 2).mean())
    found = {
        (first, second): interaction(_table(asked, rows, [first, second]), single[first], single[second], scale)
        for first, second in pairs
    }
    return found, n


def _table(asked: Asked, rows: Any, columns: list[str]) -> Floats:
    """Return the output of row l with some columns taken from row i, at [i, l]."""
    n = len(rows)
    taken, kept = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    made = rows.iloc[kept].reset_index(drop=True)
    for column in columns:
        made[column] = rows[column].iloc[taken].reset_index(drop=True)
    return asked.output(made).reshape(n, n)
