"""How many times as large a measure is as in the baseline: only of repeated runs under the same conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditkit.stats.uncertainty import Range, Uncertainty

FEWEST_RUNS = 5
NOT_COMPARABLE = "not comparable"


def ratio_of_runs(
    now: Uncertainty, was: Uncertainty, low_sure: float, high_sure: float
) -> tuple[float, float, float] | str:
    r"""Return the ratio to the baseline with a lower and an upper bound, or why there is none.

    What makes a range wide (the power model, the grid's datum) is the same in both where hardware, method and datum are,
    and goes out of the ratio; what is left is how runs differ. The ratio is that of geometric means, its bounds are
    :math:`\exp(d \mp t\,s)` with d the difference of the mean logarithms, s its standard error and t Student's quantile
    with Welch's degrees of freedom.

    Parameters
    ----------
    now, was : Uncertainty
        Ranges with their runs and conditions.
    low_sure, high_sure : float
        Confidence of the lower and of the upper bound, each on its own.

    Notes
    -----
    Misleads when the machine was busier with other work during one of the audits: runs of one audit do not show that.

    References
    ----------
    Welch 1947, Biometrika 34, 28-35
    """
    if not isinstance(now, Range) or not isinstance(was, Range):
        return f"{NOT_COMPARABLE}: only measures of repeated runs, such as energy, have a ratio to a baseline"
    if len(now.runs) < FEWEST_RUNS or len(was.runs) < FEWEST_RUNS:
        return (
            f"{NOT_COMPARABLE}: {len(now.runs) or 1} runs now and {len(was.runs) or 1} in the baseline, wanted {FEWEST_RUNS} of "
            f"each; audit both with the option repeats: {FEWEST_RUNS} of carbon.inference"
        )
    if now.conditions != was.conditions:
        return f"{NOT_COMPARABLE}: measured under other conditions, now {now.conditions!r}, in the baseline {was.conditions!r}"
    if min(now.runs) <= 0 or min(was.runs) <= 0:
        return f"{NOT_COMPARABLE}: a run of 0 has no ratio"
    return _welch([math.log(run) for run in now.runs], [math.log(run) for run in was.runs], low_sure, high_sure)


def _welch(
    first: Sequence[float], second: Sequence[float], low_sure: float, high_sure: float
) -> tuple[float, float, float]:
    from scipy.stats import t

    difference = math.fsum(first) / len(first) - math.fsum(second) / len(second)
    parts = [(_variance(logs) / len(logs), len(logs) - 1) for logs in (first, second)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return (math.exp(difference),) * 3
    freedom = total**2 / sum(part**2 / df for part, df in parts)
    error = math.sqrt(total)
    low, high = (float(t.ppf(sure, freedom)) * error for sure in (low_sure, high_sure))
    return math.exp(difference), math.exp(difference - low), math.exp(difference + high)


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
