"""AUC, average precision, Brier score and log loss of one group's scores, with bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from auditkit.finding import Measure
from auditkit.group_cells import Minimum
from auditkit.score_cells import Array, ScoreCells
from auditkit.stats.auc import auc_from_counts, delong_standard_error
from auditkit.stats.scoring import (
    average_precision,
    brier_losses,
    log_losses,
    mean_loss,
    mean_variance,
    weighted_auc,
    weighted_auc_variance,
)
from auditkit.stats.uncertainty import AreaUnderCurve, Normal, Uncertainty

FEW = 100


def score_measures(cells: ScoreCells, minimum: Minimum, *, probability: bool) -> Iterator[Measure]:
    """Yield ROC AUC and PR AUC and, of probabilities, Brier score and log loss."""
    lacking = cells.shortage(minimum, both=True)
    if lacking is not None:
        yield from (cells.nothing(name, *lacking, unit="probability") for name in ("roc_auc", "pr_auc"))
    else:
        yield _auc(cells)
        yield _average_precision(cells)
    if probability:
        yield _mean(cells, "brier", "squared probability", brier_losses(cells.scores), minimum, 1.0)
        yield _log_loss(cells, minimum)


def _auc(cells: ScoreCells) -> Measure:
    negatives, positives = cells.weights.T
    if cells.buckets is not None:
        value = weighted_auc(positives, negatives)
        return _on_logits(cells, "roc_auc", value, lambda w: weighted_auc(w[:, 1], w[:, 0]))
    if cells.weights is cells.squares:  # all weights are 1: exact in whole numbers
        misses, hits = cells.counts.T
        value = auc_from_counts(hits, misses)
        error = delong_standard_error(hits, misses) if cells.rarer > 1 else None
        curve = AreaUnderCurve(value, int(hits.sum()), int(misses.sum()), error)
    else:
        value = weighted_auc(positives, negatives)
        error = math.sqrt(weighted_auc_variance(positives, negatives, cells.squares))
        curve = AreaUnderCurve(value, cells.effective(1), cells.effective(0), error)
    few = min(curve.positives, curve.negatives) < FEW
    method = "score interval, Hanley-McNeil variance" if few else "logit-DeLong"
    if cells.certified_error:
        method += f"; from a grid of scores, certified to be off by at most {cells.certified_error:.1e}"
    return cells.measure("roc_auc", curve, method, unit="probability")


def _average_precision(cells: ScoreCells) -> Measure:
    value = average_precision(cells.weights[:, 1], cells.weights[:, 0])
    if cells.buckets is not None:
        return _on_logits(cells, "pr_auc", value, lambda w: average_precision(w[:, 1], w[:, 0]))
    inside = min(max(value, 1e-9), 1 - 1e-9)
    error = 1 / math.sqrt(cells.effective(1) * inside * (1 - inside))
    uncertainty: Uncertainty = Normal(inside, error, "logit")
    return cells.measure(
        "pr_auc", uncertainty, "logit interval from the number of positives", unit="probability", value=value
    )


def _on_logits(cells: ScoreCells, name: str, value: float, function: object) -> Measure:
    inside = min(max(value, 1e-9), 1 - 1e-9)

    def logit(weights: Array) -> float:
        if weights.sum(axis=0).min() <= 0:
            return math.nan
        found = min(max(float(function(weights)), 1e-9), 1 - 1e-9)  # type: ignore[operator]
        return math.log(found / (1 - found))

    error = cells.jackknife(logit)
    if not math.isfinite(error) or error <= 0:
        return cells.nothing(
            name, "insufficient", "one bucket of clusters holds all rows of an outcome", unit="probability"
        )
    return cells.measure(name, Normal(inside, error, "logit", cells.df), "", unit="probability", value=value)


def _log_loss(cells: ScoreCells, minimum: Minimum) -> Measure:
    losses = log_losses(cells.scores)
    endless = int(cells.counts[~np.isfinite(losses)].sum())
    if endless:
        reason = f"undefined: infinite, since {endless:,} rows were given a score of 0 or 1 that was wrong"
        return cells.nothing("log_loss", "undefined", reason, unit="nats", direction="lower")
    return _mean(cells, "log_loss", "nats", losses, minimum, None)


def _mean(cells: ScoreCells, name: str, unit: str, losses: Array, minimum: Minimum, high: float | None) -> Measure:
    lacking = cells.shortage(minimum, both=False)
    if lacking is not None:
        return cells.nothing(name, *lacking, unit=unit, direction="lower")
    value = mean_loss(losses, cells.weights)
    error = (
        math.sqrt(mean_variance(losses, cells.weights, cells.squares))
        if cells.buckets is None
        else cells.jackknife(lambda weights: mean_loss(losses, weights))
    )
    if not error > 1e-12 * max(1.0, value):
        return cells.nothing(
            name, "insufficient", "all losses are the same, so no bound can be given", unit=unit, direction="lower"
        )
    uncertainty = Normal(value, error, "identity", cells.df, 0.0, high)
    return cells.measure(name, uncertainty, "t", unit=unit, direction="lower")
