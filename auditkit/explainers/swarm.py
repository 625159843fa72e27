"""How shares spread over rows, counted in bins: the evidence of a beeswarm, with no row in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import Explained
from auditkit.finding import Cell, Column, Evidence

COLUMNS, BINS, FEWEST = 12, 40, 5


def swarm(given: Explained, identifier: str, rows: int) -> Evidence:
    """Return for the columns of largest mean abs(φ) how many rows lie in each bin of φ, and where their values stand.

    Parameters
    ----------
    given : Explained
    identifier : str
    rows : int
        The first rows are counted.

    Notes
    -----
    All columns share one grid of 40 bins between the smallest and the largest φ. A bin of fewer than 5 rows is counted with
    its neighbour nearer to the middle, so that no bin speaks of one person. The standing of a value is its share of the rows
    with a smaller one (ties by half), 0 lowest to 1 highest; columns without an order have none.
    """
    values = given.attributions.values[:rows]
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:COLUMNS]
    edges = np.linspace(min(0.0, values.min(initial=0.0)), max(0.0, values.max(initial=0.0)), BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    cells: list[tuple[Cell, ...]] = []
    for place in order.tolist():
        bins = np.clip(np.searchsorted(edges, values[:, place], side="right") - 1, 0, BINS - 1)
        bins = _crowded(bins, FEWEST)
        standing = _standing(given.frame[given.features[place]].iloc[:rows])
        for one in np.unique(bins).tolist():
            inside = bins == one
            mean = None if standing is None else _mean(standing[inside])
            cells.append((given.features[place], float(centres[one]), int(inside.sum()), mean))
    return Evidence(
        id=identifier,
        kind="beeswarm",
        title="How the shares spread",
        caption=(
            f"Each dot stands for rows whose share φ ({given.attributions.units}) lies there; {rows:,} test rows in {BINS} "
            "bins, bins of fewer than 5 rows counted with their neighbours. Colour: whether these rows have low or high values."
        ),
        alt=f"Spread of shares by column: {', '.join(given.features[place] for place in order[:5].tolist())}",
        columns=(
            Column("column", role="label"),
            Column("φ", given.attributions.units, "x"),
            Column("rows", "rows", "count"),
            Column("standing of the values", "share", "value"),
        ),
        rows=tuple(cells),
    )


def _crowded(bins: npt.NDArray[np.int64], fewest: int) -> npt.NDArray[np.int64]:
    """Move rows from sparse bins inwards, from both ends, until each bin that holds any holds enough."""
    counts = np.bincount(bins, minlength=BINS)
    middle = int(np.argmax(counts))
    target = np.arange(BINS)
    for walk, step in ((range(middle), 1), (range(BINS - 1, middle, -1), -1)):
        for place in walk:
            if 0 < counts[place] < fewest:
                counts[place + step] += counts[place]
                counts[place] = 0
                target[target == place] = place + step
    moved: npt.NDArray[np.int64] = target[bins]
    return moved


def _standing(column: Any) -> Floats | None:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    ranks = column.rank(method="average")
    top = max(1, int(ranks.count()) - 1)
    found: Floats = ((ranks - 1) / top).to_numpy(dtype=float, na_value=np.nan)
    return found


def _mean(standing: Floats) -> float | None:
    known = standing[~np.isnan(standing)]
    return float(known.mean()) if len(known) else None
