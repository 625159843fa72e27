"""How far predictions of a number are off."""

from __future__ import annotations

import math
from collections.abc import Iterator

from auditkit.declare import auditor
from auditkit.errors import InsufficientData
from auditkit.finding import Direction, Evidence, Measure
from auditkit.group_rates import MIN_GROUP_SIZE, rates_evidence, two_sided
from auditkit.stats.uncertainty import Normal
from auditkit.subject import RegressionSums, Subject


@auditor(
    title="Performance of the regression", needs=("label", "prediction"), measures=("mae", "rmse", "mean_error", "r2")
)
def regression(subject: Subject, *, min_group_size: int = MIN_GROUP_SIZE) -> Iterator[Measure | Evidence]:
    """How far the predictions are off, overall and by group.

    Notes
    -----
    With e = prediction − label: MAE = mean |e|, RMSE = √(mean e²), mean error = mean e, R² = 1 − Σe² / Σ(y − ȳ)². Sums
    are exact. Intervals are normal with t quantiles (MAE, mean error) and by the delta method (RMSE on the log scale, R²).

    Misleads when
    -------------
    Errors are heavy-tailed: a few rows carry RMSE and R². R² compares with the mean of the same rows and is undefined
    where the label is constant.

    References
    ----------
    .. [1] Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, 7.2
    """
    overall = subject.regression_sums()[0]
    if overall.n < 2:
        raise InsufficientData(f"{overall.n} row; an error with bounds needs at least 2")
    yield from _measures(overall, min_group_size)
    for column in subject.roles.sensitive:
        measures = [
            measure for sums in subject.regression_sums((column,)) for measure in _measures(sums, min_group_size)
        ]
        yield from measures
        yield rates_evidence(
            f"performance.regression.{column}",
            f"Mean absolute error by {column}",
            "Mean of |prediction − label|; 95 % t interval for each group",
            (column,),
            [measure for measure in measures if measure.name == "mae"],
        )


def _measures(sums: RegressionSums, min_group_size: int) -> Iterator[Measure]:
    if sums.group and sums.n < max(2, min_group_size):
        for name in ("mae", "rmse", "mean_error", "r2"):
            reason = f"{sums.n:,} rows, at least {min_group_size} are needed"
            yield Measure(
                name=name,
                value=None,
                unit="target",
                direction="lower",
                group=sums.group,
                n=sums.n,
                status="insufficient",
                reason=reason,
            )
        return
    n, mean_square = sums.n, sums.squared / sums.n
    yield _mean("mae", sums, sums.absolute / n, mean_square, "lower", low=0.0)
    if mean_square > 0:
        spread = math.sqrt(max(0.0, sums.fourth / n - mean_square**2) / n)
        rmse = Normal(math.sqrt(mean_square), spread / (2 * mean_square), "log", n - 1.0, None, None)
        yield Measure(
            name="rmse",
            value=rmse.estimate,
            unit="target",
            direction="lower",
            group=sums.group,
            n=n,
            interval=two_sided(rmse, "delta method on the log scale"),
            uncertainty=rmse,
        )
    yield _mean("mean_error", sums, sums.error / n, mean_square, "none", low=None)
    yield _r2(sums)


def _r2(sums: RegressionSums) -> Measure:
    if sums.spread <= 0:
        reason = "undefined: the label is constant"
        return Measure(
            name="r2",
            value=None,
            unit="share",
            direction="higher",
            group=sums.group,
            n=sums.n,
            status="undefined",
            reason=reason,
        )
    lost = sums.squared / sums.spread
    variance = max(0.0, sums.fourth - 2 * lost * sums.cross + lost**2 * sums.spread_squared)
    uncertainty = Normal(1 - lost, math.sqrt(variance) / sums.spread, "identity", None, None, 1.0)
    return Measure(
        name="r2",
        value=1 - lost,
        unit="share",
        direction="higher",
        group=sums.group,
        n=sums.n,
        interval=two_sided(uncertainty, "delta method"),
        uncertainty=uncertainty,
    )


def _mean(
    name: str, sums: RegressionSums, mean: float, mean_square: float, direction: Direction, low: float | None
) -> Measure:
    error = math.sqrt(max(0.0, mean_square - mean**2) / (sums.n - 1))
    uncertainty = Normal(mean, error, "identity", sums.n - 1.0, low, None)
    return Measure(
        name=name,
        value=mean,
        unit="target",
        direction=direction,
        group=sums.group,
        n=sums.n,
        interval=two_sided(uncertainty, "t"),
        uncertainty=uncertainty,
    )
