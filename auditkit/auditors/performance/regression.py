"""How far predictions of a number are off."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.error_tally import MOMENTS, ErrorTally
from auditkit.errors import InsufficientData
from auditkit.finding import Direction, Evidence, Group, Measure, MeasureStatus
from auditkit.group_rates import DEPTH, MIN_GROUP_SIZE, rates_evidence, two_sided
from auditkit.stats.uncertainty import Normal
from auditkit.stats.weighting import estimated_clusters, jackknife_variance
from auditkit.subject import Subject

Floats = npt.NDArray[np.float64]
NAMES: tuple[tuple[str, str, Direction], ...] = (
    ("mae", "target", "lower"),
    ("rmse", "target", "lower"),
    ("mean_error", "target", "none"),
    ("r2", "share", "higher"),
)
_ONE, _E, _ABS, _E2, _E4, _D, _D2, _D3, _D4, _E2D, _E2D2 = range(len(MOMENTS))


@auditor(
    title="Performance of the regression",
    needs=("label", "prediction"),
    measures=tuple(name for name, _, _ in NAMES),
    public=True,
)
def regression(
    subject: Subject, *, min_group_size: int = MIN_GROUP_SIZE, depth: int = DEPTH
) -> Iterator[Measure | Evidence]:
    """How far the predictions are off, overall and by group.

    Notes
    -----
    With e = prediction − label: MAE = mean |e|, RMSE = √(mean e²), mean error = mean e, R² = 1 − Σe² / Σ(y − ȳ)²; where
    rows have weights every sum is weighted. Sums are exact. Intervals: t for MAE and mean error, by the delta method for
    RMSE (on the log scale) and R²; where rows have clusters, from a jackknife over 100 buckets of clusters.

    Misleads when
    -------------
    Errors are heavy-tailed: a few rows carry RMSE and R². R² compares with the mean of the same rows and is undefined
    where the label is constant; within a group it falls as the group's labels vary less.

    References
    ----------
    .. [1] Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, 7.2
    """
    overall = subject.error_tally()
    if int(overall.counts[0]) < 2:
        raise InsufficientData(f"{int(overall.counts[0])} row; an error with bounds needs at least 2")
    yield from _measures(overall, 0, min_group_size)
    for by in subject.levels(depth) if subject.roles.sensitive else ():
        tally = subject.error_tally(by)
        measures = [m for place in range(len(tally.groups)) for m in _measures(tally, place, min_group_size)]
        yield from measures
        yield rates_evidence(
            f"performance.regression.{'+'.join(by)}",
            f"Mean absolute error by {' and '.join(by)}",
            "Mean of |prediction − label|; 95 % interval for each group",
            by,
            [measure for measure in measures if measure.name == "mae"],
        )


def errors_of(moments: Floats) -> Floats:
    """Return MAE, RMSE, mean error and R² (NaN where the label is constant) from sums of moments, shape (…, 11)."""
    mass = moments[..., _ONE]
    mean = moments[..., _D] / mass
    spread = moments[..., _D2] / mass - mean**2
    square = moments[..., _E2] / mass
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.where(spread > 0, 1 - square / spread, np.nan)
    return np.stack([moments[..., _ABS] / mass, np.sqrt(square), moments[..., _E] / mass, explained], axis=-1)


def _measures(tally: ErrorTally, place: int, min_group_size: int) -> Iterator[Measure]:
    group, n = tally.groups[place], int(tally.counts[place])
    sums, squares, without = tally.moments(place)
    if reason := _lacking(tally, group, n, without, sums, min_group_size):
        yield from (_nothing(name, unit, way, group, n, "insufficient", reason) for name, unit, way in NAMES)
        return
    values = errors_of(sums)
    errors, df = _jackknife(without, sums) if tally.clustered else _linearised(sums, squares, values)
    how = "jackknife over buckets of clusters" if tally.clustered else ""
    for (name, unit, way), value, error in zip(NAMES, values.tolist(), errors.tolist(), strict=True):
        if math.isnan(value):
            yield _nothing(name, unit, way, group, n, "undefined", "undefined: the label is constant")
        elif error <= 0:
            yield _nothing(
                name, unit, way, group, n, "insufficient", "the errors do not vary, so no bound can be given"
            )
        else:
            yield _estimate(name, unit, way, group, n, value, error, df, how)


def _lacking(tally: ErrorTally, group: Group, n: int, without: Floats, sums: Floats, min_group_size: int) -> str | None:
    if n < max(2, min_group_size if group else 2):
        return f"{n:,} rows, at least {max(2, min_group_size if group else 2)} are needed"
    if sums[_ONE] <= 0:
        return "all weights are 0"
    clusters = estimated_clusters(without[:, _ONE] < sums[_ONE]) if tally.clustered else math.inf
    return f"about {clusters:.0f} clusters, at least 30 are needed" if clusters < 30 else None


def _linearised(sums: Floats, squares: Floats, values: Floats) -> tuple[Floats, float]:
    """Return standard errors (RMSE's on the log scale) and degrees of freedom, Kish's size less one."""
    mass = float(sums[_ONE])
    size = mass**2 / float(squares[_ONE])
    _, rmse, mean_error, r2 = values.tolist()
    mae, square = float(values[0]), rmse**2
    correction = size / (size - 1)

    def of_mean(second: int, first: int, mean: float) -> float:
        total = squares[second] - 2 * mean * squares[first] + mean**2 * squares[_ONE]
        return math.sqrt(max(0.0, float(total) * correction)) / mass

    absolute, signed, squared = of_mean(_E2, _ABS, mae), of_mean(_E2, _E, mean_error), of_mean(_E4, _E2, square)
    relative = squared / (2 * square) if square > 0 else 0.0
    return np.array([absolute, relative, signed, _r2_error(sums, squares, r2)]), size - 1


def _r2_error(sums: Floats, squares: Floats, r2: float) -> float:
    if math.isnan(r2):
        return 0.0
    mass, lost = float(sums[_ONE]), 1 - r2
    m = float(sums[_D]) / mass
    spread = float(sums[_D2]) - mass * m * m
    one, d, d2, d3, d4 = (float(squares[place]) for place in (_ONE, _D, _D2, _D3, _D4))
    centred4 = d4 - 4 * m * d3 + 6 * m * m * d2 - 4 * m**3 * d + m**4 * one
    cross = float(squares[_E2D2] - 2 * m * squares[_E2D] + m * m * squares[_E2])
    variance = float(squares[_E4]) - 2 * lost * cross + lost**2 * centred4
    return math.sqrt(max(0.0, variance)) / spread


def _jackknife(without: Floats, sums: Floats) -> tuple[Floats, float]:
    used = without[:, _ONE] < sums[_ONE]
    left_out = errors_of(without[used])
    left_out[:, 1] = np.log(np.maximum(left_out[:, 1], 1e-300))
    variances = [jackknife_variance(column) if np.isfinite(column).all() else 0.0 for column in left_out.T]
    return np.sqrt(np.array(variances)), float(used.sum() - 1)


def _estimate(
    name: str, unit: str, way: Direction, group: Group, n: int, value: float, error: float, df: float, how: str
) -> Measure:
    uncertainty = {
        "mae": lambda: Normal(value, error, "identity", df, 0.0, None),
        "rmse": lambda: Normal(value, error, "log", df, None, None),
        "mean_error": lambda: Normal(value, error, "identity", df, None, None),
        "r2": lambda: Normal(value, error, "identity", df if how else None, None, 1.0),
    }[name]()
    method = {"rmse": "delta method on the log scale", "r2": "delta method"}.get(name, "t")
    return Measure(
        name=name,
        value=value,
        unit=unit,
        direction=way,
        group=group,
        n=n,
        interval=two_sided(uncertainty, how or method),
        uncertainty=uncertainty,
    )


def _nothing(name: str, unit: str, way: Direction, group: Group, n: int, status: MeasureStatus, reason: str) -> Measure:
    return Measure(name=name, value=None, unit=unit, direction=way, group=group, n=n, status=status, reason=reason)
