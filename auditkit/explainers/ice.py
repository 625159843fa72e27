"""What replacing a column's value does to each row's output, told of many rows at once: partial dependence and its spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.explainers.effects import Asked, Effect, buckets_of, known_rows, replacements, within
from auditkit.stats.accumulated import Curve, replaced

Floats = npt.NDArray[np.float64]
TAILS = (0.1, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Partial dependence less the mean output, and how single rows depart from it.

    Attributes
    ----------
    curve : Curve
        At the points of the column's effect.
    tails : array, shape (2, points)
        10 % and 90 % quantiles over the rows of what the output changes by.
    lowest, highest : int
        The points at which the curve is so.
    against : bool array, shape (rows,)
        Rows whose own output is lower at the highest than at the lowest point.
    buckets : int array, shape (rows,), or None
        Of clusters.
    """

    curve: Curve
    tails: Floats
    lowest: int
    highest: int
    against: npt.NDArray[np.bool_]
    buckets: npt.NDArray[np.integer] | None

    @property
    def n(self) -> int:
        """Rows that it rests on."""
        return len(self.against)


def dependence_of(asked: Asked, frame: Any, effect: Effect, budget: int) -> Dependence:
    """Return the partial dependence of the output on a column whose effect is known.

    Parameters
    ----------
    asked : Asked
    frame : pandas DataFrame
        The rows that the effect was measured on.
    effect : Effect
    budget : int
        Model rows, at most.

    Raises
    ------
    InsufficientData
        If the budget is too small.
    """
    import pandas as pd

    rows, _ = known_rows(frame, effect.column)
    n = within(rows, len(effect.points) + 1, budget, effect.column)
    if effect.kind == "replaced":
        contrasts = replacements(asked, rows, effect.column, effect.sources, n)
    else:
        some = rows.iloc[:n]
        plain = asked.output(some)
        kind = rows[effect.column].dtype
        values = [pd.Series(np.full(n, point)).astype(kind) for point in effect.points]
        contrasts = np.stack([asked.with_values(some, effect.column, value) - plain for value in values], axis=1)
    buckets = buckets_of(asked.subject, rows.iloc[:n])
    curve = replaced(contrasts, buckets)
    lowest, highest = int(curve.value.argmin()), int(curve.value.argmax())
    against = contrasts[:, highest] < contrasts[:, lowest]
    return Dependence(curve, np.quantile(contrasts, TAILS, axis=0), lowest, highest, against, buckets)
