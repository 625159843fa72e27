"""Bias in the decisions: how one group's decisions and errors differ from everybody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.facet_measures import delta_measure, facet_table, facets, joined, rate_pair, within_strata
from auditkit.finding import Evidence, Group, Measure
from auditkit.group_cells import Cell, GroupCells, Minimum, confusion
from auditkit.group_rates import MIN_DENOMINATOR, MIN_GROUP_SIZE, Gap
from auditkit.smooth_measures import smooth_measure
from auditkit.stats import facets as formulas
from auditkit.subject import Subject
from auditkit.tally import PREDICTION

_Y1, _Y0, _P1, _P0 = [(1, 0), (1, 1)], [(0, 0), (0, 1)], [(0, 1), (1, 1)], [(0, 0), (1, 0)]
_ALL = [*_Y0, *_Y1]
# name, short name, gap, hits, among, whether the facet comes first
RATES: tuple[tuple[str, str, Gap, list[Cell], list[Cell], bool], ...] = (
    ("prediction_proportion_difference", "DPPL", "difference", list(_P1), list(_ALL), False),
    ("disparate_impact", "DI", "ratio", list(_P1), list(_ALL), True),
    ("recall_difference", "RD", "difference", [(1, 1)], list(_Y1), False),
    ("specificity_difference", "SD", "difference", [(0, 0)], list(_Y0), True),
    ("acceptance_rate_difference", "DAR", "difference", [(1, 1)], list(_P1), False),
    ("rejection_rate_difference", "DRR", "difference", [(0, 0)], list(_P0), True),
    ("accuracy_difference", "AD", "difference", [(0, 0), (1, 1)], list(_ALL), False),
)
Function = Callable[[npt.NDArray[np.complex128]], complex]
SMOOTH: tuple[tuple[str, str, Function, list[list[Cell]]], ...] = (
    ("conditional_acceptance_difference", "DCA", formulas.observed_per_predicted, [list(_P1)]),
    ("conditional_rejection_difference", "DCR", formulas.rejected_per_predicted, [list(_P0)]),
    ("treatment_equality_difference", "TE", formulas.treatment, [[(0, 1)], [(1, 0)]]),
)
NAMES = (
    *((name, short) for name, short, *_ in RATES),
    *((name, short) for name, short, *_ in SMOOTH),
    ("generalized_entropy", "GE"),
    ("conditional_prediction_disparity", "CDDPL"),
)


@auditor(
    title="Bias in the decisions (after training)",
    needs=("label", "prediction", "sensitive"),
    measures=tuple(name for name, _ in NAMES),
)
def posttraining_bias(
    subject: Subject,
    *,
    strata: str = "",
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
) -> Iterator[Measure | Evidence]:
    """How the decisions on one group and their errors differ from those on all other rows.

    Notes
    -----
    For each group d, with a all other rows and 1 the favourable label: DPPL = q̂_a − q̂_d, DI = q̂_d / q̂_a (q̂ the share
    decided favourably); RD = TPR_a − TPR_d; SD = TNR_d − TNR_a; DAR = precision_a − precision_d; DRR = NPV_d − NPV_a; AD =
    accuracy_a − accuracy_d; DCA = (n₁ / n̂₁)_a − (n₁ / n̂₁)_d and DCR = (n₀ / n̂₀)_d − (n₀ / n̂₀)_a, labels per prediction;
    TE = (FN / FP)_d − (FN / FP)_a; with a `strata` column, CDDPL = Σ n_s/n · (share of d among the rejected − among the
    accepted); over all rows GE = ½ mean((b / mean b)² − 1) of benefits b = ŷ − y + 1. 0 means no difference, in DI 1. Rates
    carry MOVER bounds, the others the delta method. The flip test is an auditor of its own.

    Misleads when
    -------------
    "All other rows" mixes groups that may differ among themselves. The signs differ from measure to measure, as their
    authors chose them.

    References
    ----------
    .. [1] Das et al. 2021, Fairness Measures for Machine Learning in Finance, doi:10.3905/jfds.2021.3.4.033
    """
    minimum = Minimum(min_group_size, min_denominator)
    for (column,) in subject.levels(1):
        tally = subject.tally((column,) if not strata else (column, strata))
        table = confusion(tally, (column,), subject.favorable).table
        measures = [
            measure
            for place in range(len(table.groups))
            for measure in _of_facet(facets(table, place), table.groups[place], minimum)
        ]
        if strata:
            measures += [
                within_strata("conditional_prediction_disparity", subject, tally, (strata, PREDICTION), group, minimum)
                for group in table.groups
            ]
        yield from measures
        yield facet_table(
            f"fairness.posttraining_bias.{column}",
            f"Decisions on each group against all other rows, by {column}",
            f"0 means no difference (DI: 1); favourable is {subject.favorable!r}",
            table,
            [*NAMES[:10], *([NAMES[-1]] if strata else [])],
            measures,
        )
    yield _entropy(confusion(subject.tally(()), (), subject.favorable).table, minimum)


def _of_facet(pair: GroupCells, group: Group, minimum: Minimum) -> Iterator[Measure]:
    for name, _, gap, hits, among, facet_first in RATES:
        others, facet = pair.rate(hits, among)
        first, second = (facet, others) if facet_first else (others, facet)
        yield rate_pair(name, gap, first, second, group, minimum)
    both = joined(pair)
    for name, _, function, denominators in SMOOTH:
        needed = [[(side, *cell) for cell in cells] for side in (0, 1) for cells in denominators]
        yield delta_measure(name, "difference", function, both, minimum, needed)


def _entropy(table: GroupCells, minimum: Minimum) -> Measure:
    return smooth_measure(
        "generalized_entropy",
        formulas.generalized_entropy,
        table,
        0,
        minimum,
        [[(0, 0), (0, 1), (1, 1)]],
        0.0,
        high=None,
        unit="index",
        direction="lower",
    )
