"""Calibration: does a score of 70 % come true in 70 % of cases, in every group?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.group_rates import DEPTH, MIN_DENOMINATOR, MIN_GROUP_SIZE, Minimum, gap_of, rates_evidence
from auditkit.score_cells import ScoreCells
from auditkit.stats.intervals import wilson_limits, z_quantile
from auditkit.stats.scoring import (
    BINS,
    bins_of,
    calibration_error_moments,
    calibration_slope,
    expected_calibration_error,
    mean_loss,
    mean_variance,
    reliability,
)
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject

_LEAST_IN_BIN = 10


@auditor(
    title="Calibration",
    needs=("label", "score"),
    measures=("ece", "in_the_large", "slope", "in_the_large_difference"),
)
def calibration(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
) -> Iterator[Measure | Evidence]:
    """Whether probabilities mean what they say, overall and by group.

    Notes
    -----
    Expected calibration error over 10 bins of equal width: ECE = Σ n_b/n · |mean score − share of positives|; 0 is perfect,
    but the plug-in is above 0 by chance, so its expectation for perfect scores stands beside it, and the lower end of its
    interval gives away the most that chance can add (folded normals in each bin). In the large: mean score − base rate; 0 is neutral,
    above 0 the scores promise too much; t interval. Slope of a logistic regression of the outcome on logit(score): 1 is
    neutral, below 1 the scores are too extreme; sandwich variance. ``in_the_large_difference`` is the widest difference of
    it between groups, with pairwise MOVER bounds.

    Misleads when
    -------------
    Opposite errors in one bin cancel: ECE depends on the bins. Scores that are the base rate for everyone are perfectly
    calibrated and say nothing.

    References
    ----------
    .. [1] Naeini, Cooper, Hauskrecht 2015, AAAI 29, Obtaining Well Calibrated Probabilities Using Bayesian Binning;
       van Calster et al. 2019, doi:10.1186/s12916-019-1466-7
    """
    if subject.score_kind != "probability":
        raise NotApplicable("the scores are ranks, no probabilities; calibration speaks of probabilities")
    minimum = Minimum(min_group_size, min_denominator)
    overall = ScoreCells.of(subject.scores(), 0)
    yield from _measures(overall, minimum)
    yield _curve([overall])
    for by in subject.levels(depth) if subject.roles.sensitive else ():
        tally = subject.scores(by)
        cells = [ScoreCells.of(tally, place) for place in range(len(tally.groups))]
        found = {cell.group: list(_measures(cell, minimum)) for cell in cells}
        measures = [measure for some in found.values() for measure in some]
        yield from measures
        large = [measure for measure in measures if measure.name == "in_the_large"]
        yield gap_of("in_the_large_difference", "difference", by, large, [cell.n for cell in cells])
        yield rates_evidence(
            f"performance.calibration.{'+'.join(by)}",
            f"Mean score less base rate by {' and '.join(by)}",
            "Above 0 the scores promise more than came true; 95 % t intervals",
            by,
            large,
        )
        large_enough = [cell for cell in cells if cell.n >= max(min_group_size, 10 * BINS)]
        if len(by) == 1 and large_enough:
            yield _curve(large_enough, by[0])


def _measures(cells: ScoreCells, minimum: Minimum) -> Iterator[Measure]:
    lacking = cells.shortage(minimum, both=True)
    if lacking is not None:
        yield cells.nothing("ece", *lacking, direction="lower")
        yield cells.nothing("in_the_large", *lacking, unit="difference", direction="none")
        yield cells.nothing("slope", *lacking, unit="slope", direction="none")
        return
    yield _ece(cells)
    yield _in_the_large(cells)
    yield _slope(cells)


def _ece(cells: ScoreCells) -> Measure:
    value = expected_calibration_error(cells.scores, cells.weights)
    expected, bias, error = calibration_error_moments(cells.scores, cells.weights, cells.squares)
    if cells.buckets is not None:
        error = cells.jackknife(lambda weights: expected_calibration_error(cells.scores, weights))
    df = cells.df if cells.buckets is not None else None
    uncertainty = Normal(value, error, "identity", df, 0.0, 1.0, bias)
    method = "normal; the lower end gives away the most that the value can be too high by chance"
    return cells.measure("ece", uncertainty, method, direction="lower", expected=expected)


def _in_the_large(cells: ScoreCells) -> Measure:
    excess = np.stack([cells.scores, cells.scores - 1], axis=1)
    value = mean_loss(excess, cells.weights)
    error = (
        math.sqrt(mean_variance(excess, cells.weights, cells.squares))
        if cells.buckets is None
        else cells.jackknife(lambda weights: mean_loss(excess, weights))
    )
    return cells.measure(
        "in_the_large", Normal(value, error, "identity", cells.df, -1.0, 1.0), "t", unit="difference", direction="none"
    )


def _slope(cells: ScoreCells) -> Measure:
    found = calibration_slope(cells.scores, cells.weights, cells.squares)
    if found is None:
        reason = "undefined: scores are constant or separate the outcomes, so no regression on them has a solution"
        return cells.nothing("slope", "undefined", reason, unit="slope", direction="none")
    value, error = found
    if cells.buckets is not None:

        def slope(weights: np.ndarray) -> float:
            again = calibration_slope(cells.scores, weights, weights)
            return math.nan if again is None else again[0]

        error = cells.jackknife(slope)
        if not math.isfinite(error):
            return cells.nothing("slope", "insufficient", "too few clusters", unit="slope", direction="none")
    df = cells.df if cells.buckets is not None else None
    return cells.measure("slope", Normal(value, error, "identity", df), "sandwich", unit="slope", direction="none")


def _curve(cells: Sequence[ScoreCells], column: str = "") -> Evidence:
    """Return one reliability curve for all rows, or one for each group of a column."""
    rows = [row for cell in cells for row in _points(cell)]
    who = f"by {column}" if column else "all rows"
    whiskers = (Column("low", "", "low"), Column("high", "", "high"))
    names = (Column(column or "rows", role="label" if column else "text"), Column("bin"), Column("n", "rows", "n"))
    return Evidence(
        id=f"performance.calibration.curve.{column or 'all'}",
        kind="curve",
        title=f"Scores and what came true, {who}",
        caption="Share of positives by bin of the score, 95 % Wilson intervals, bins of at least 10 rows; on the diagonal scores come true",
        alt="; ".join(f"{row[0]}: mean score {row[3]:.2f}, came true {row[4]:.2f}" for row in rows[:20]),
        columns=(
            *names,
            Column("mean score", "probability", "x"),
            Column("share of positives", "probability", "y"),
            *whiskers,
        ),
        rows=tuple(rows),
    )


def _points(cells: ScoreCells) -> Iterator[tuple[Cell, ...]]:
    mean, rate, mass = reliability(cells.scores, cells.weights)
    place = bins_of(cells.scores)
    rows = np.bincount(place, weights=cells.counts.sum(axis=1), minlength=BINS).astype(int)
    heavy = np.bincount(place, weights=cells.squares.sum(axis=1), minlength=BINS)
    z = z_quantile(0.975)
    for index in np.flatnonzero((mass > 0) & (rows >= _LEAST_IN_BIN)).tolist():
        low, high = wilson_limits(float(rate[index]), float(mass[index] ** 2 / heavy[index]), z)
        name = f"{index / BINS:.1f} to {(index + 1) / BINS:.1f}"
        yield str(cells.group) or "all", name, int(rows[index]), float(mean[index]), float(rate[index]), low, high
