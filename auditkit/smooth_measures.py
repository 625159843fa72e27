"""Measures that are smooth functions of the cells of a group: F1, balanced accuracy, Matthews' correlation, ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.finding import Direction, Group, Measure, MeasureStatus
from auditkit.group_cells import MIN_CLUSTERS, Cell, GroupCells, Minimum
from auditkit.group_rates import two_sided
from auditkit.stats.delta import multinomial_error
from auditkit.stats.uncertainty import Normal
from auditkit.stats.weighting import estimated_clusters, jackknife_variance

Shares: TypeAlias = npt.NDArray[np.complex128]
Scale = Literal["identity", "log", "logit", "fisher"]
_SCALES = {"log": "log", "logit": "logit", "fisher": "artanh"}


def smooth_measure(
    name: str,
    function: Callable[[Shares], complex],
    table: GroupCells,
    place: int,
    minimum: Minimum,
    needed: Sequence[Sequence[Cell]],
    low: float | None,
    *,
    high: float | None = 1.0,
    unit: str = "rate",
    direction: Direction = "higher",
    scale: Scale = "identity",
) -> Measure:
    """Return a function of the shares of a group's cells, with an interval by the delta method.

    Parameters
    ----------
    function : callable
        Takes complex shares of the cells, flattened; analytic.
    place : int
        Which group of the table.
    needed : sequence of sets of cells
        The function is undefined where one of these sets holds no row, and insufficient where it holds too few.
    low, high : float or None
        The ends of its range.
    scale : {'identity', 'log', 'logit', 'fisher'}
        On which the interval is normal: log for ratios of counts, logit for shares, Fisher's artanh for correlations; the
        identity where the value lies at an end of its scale.

    Notes
    -----
    Where rows have clusters the error is that of a jackknife over their buckets, with t quantiles.
    """
    group, counts = table.groups[place], table.counts[place]
    n = int(counts.sum())
    smallest = min(int(sum(counts[cell] for cell in cells)) for cells in needed)
    if smallest == 0:
        return _nothing(name, unit, direction, group, n, "undefined", "undefined: a count that it divides by is 0")
    if group and (n < minimum.group_size or smallest < minimum.denominator):
        reason = f"{n:,} rows, of which {smallest:,} in the smallest denominator: too few"
        return _nothing(name, unit, direction, group, n, "insufficient", reason)
    weights = counts if table.weights is None else table.weights[place]
    flat = np.asarray(weights, dtype=np.float64).ravel()
    value = complex(function((flat / flat.sum()).astype(np.complex128))).real
    if not math.isfinite(value):
        return _nothing(name, unit, direction, group, n, "undefined", "undefined: the weights it divides by are 0")
    if not {"log": value > 0, "logit": 0 < value < 1, "fisher": -1 < value < 1}.get(scale, True):
        scale = "identity"
    method = "delta method" if scale == "identity" else f"delta method on the {_SCALES[scale]} scale"

    def scaled(shares: Shares) -> complex:
        return _on_scale(complex(function(shares)), scale)

    if table.buckets is not None:
        left_out = flat - table.buckets[place].reshape(len(table.buckets[place]), -1)
        used = left_out.sum(axis=1) < flat.sum()
        if estimated_clusters(used) < MIN_CLUSTERS:
            reason = f"about {estimated_clusters(used):.0f} clusters, at least {MIN_CLUSTERS} are needed"
            return _nothing(name, unit, direction, group, n, "insufficient", reason)
        shares = left_out[used] / left_out[used].sum(axis=1, keepdims=True)
        replicates = np.array([scaled(row.astype(np.complex128)).real for row in shares])
        error, df = math.sqrt(jackknife_variance(replicates)), float(used.sum() - 1)
        method = "jackknife over buckets of clusters"
    else:
        squares = flat if table.squares is None else table.squares[place].ravel()
        error, df = multinomial_error(scaled, flat, np.asarray(squares, dtype=np.float64)), None
    uncertainty = Normal(value, error, scale, df, *((low, high) if scale == "identity" else (None, None)))
    return Measure(
        name=name,
        value=value,
        unit=unit,
        direction=direction,
        group=group,
        n=n,
        interval=two_sided(uncertainty, method),
        uncertainty=uncertainty,
    )


def _on_scale(value: complex, scale: Scale) -> complex:
    if scale == "log":
        return complex(np.log(value))
    if scale == "logit":
        return complex(np.log(value / (1 - value)))
    return complex(np.arctanh(value)) if scale == "fisher" else value


def _nothing(
    name: str, unit: str, direction: Direction, group: Group, n: int, status: MeasureStatus, reason: str
) -> Measure:
    return Measure(
        name=name, value=None, unit=unit, direction=direction, group=group, n=n, status=status, reason=reason
    )
