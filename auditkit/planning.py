"""How many rows would settle an inconclusive ruling."""

from __future__ import annotations

import math

from auditkit.finding import Measure
from auditkit.stats import planning
from auditkit.stats.intervals import z_quantile
from auditkit.stats.uncertainty import EffectiveProportion, Extreme, Proportion, Uncertainty, WorstPair

BEYOND = 0.02


def rows_needed(measure: Measure, limit: float, confidence: float) -> int | None:
    """Return the rows of the test table that would show a true breach of stated size with 80 % power.

    Planned for a gap of twice the limit, a ratio that falls short by twice as much as the limit allows, or a rate, AUC or
    score 0.02 beyond its limit; from the sizes of the groups and the pooled rate, or the width of the interval, never from
    the gap that was found. A number above 100 times the rows says only that more than that would be needed. None when the
    measure has no such plan.
    """
    if measure.uncertainty is None or not measure.n:
        return None
    counts = _counts(measure.uncertainty)
    if isinstance(measure.uncertainty, Proportion):
        planned = limit - BEYOND if measure.direction == "higher" else limit + BEYOND
        needed = planning.rows_needed_rate(min(max(planned, 0.001), 0.999), limit, confidence)
        return None if needed is None else min(needed, planning.MOST * measure.n + 1)
    if len(counts) < 2:
        return _from_width(measure, confidence)
    sizes = [n for _, n in counts]
    pooled = sum(k for k, _ in counts) / sum(sizes)
    if not 0 < pooled < 1 or not 0 < limit < 1:
        return None
    if measure.name.endswith("ratio"):
        scaled = planning.rows_needed_ratio(sizes, pooled, max(0.05, 1 - 2 * (1 - limit)), limit, confidence)
    else:
        scaled = planning.rows_needed_difference(sizes, pooled, min(0.95, 2 * limit), limit, confidence)
    return None if scaled is None else round(scaled * measure.n / sum(sizes))


def _from_width(measure: Measure, confidence: float) -> int | None:
    """Return rows for a breach of 0.02 from the standard error, which falls with the root of the rows."""
    if (
        measure.over
        or measure.unit not in ("rate", "probability", "squared probability")
        or measure.uncertainty is None
    ):
        return None
    low, high = measure.uncertainty.limits(1.0)
    reach = (z_quantile(confidence) + z_quantile(0.8)) * (high - low) / 2
    return min(math.ceil((measure.n or 0) * (reach / BEYOND) ** 2), planning.MOST * (measure.n or 0) + 1)


def _counts(uncertainty: Uncertainty) -> list[tuple[int, int]]:
    if isinstance(uncertainty, Extreme):
        return max((_counts(member) for member in uncertainty.members), key=len)
    if isinstance(uncertainty, WorstPair):
        return [
            (m.successes, m.n) if isinstance(m, Proportion) else (round(m.value * m.n), max(1, round(m.n)))
            for m in uncertainty.members
            if isinstance(m, Proportion | EffectiveProportion)
        ]
    return []
