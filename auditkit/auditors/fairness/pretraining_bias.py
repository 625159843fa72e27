"""Bias in the labels: how one group's recorded outcomes differ from everybody else's, before any model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.facet_measures import delta_measure, facet_table, facets, joined, rate_pair, within_strata
from auditkit.finding import Evidence, Group, Interval, Measure
from auditkit.group_cells import GroupCells, Minimum, base_rate, group_cells
from auditkit.group_rates import MIN_DENOMINATOR, MIN_GROUP_SIZE, Rate
from auditkit.stats import facets as formulas
from auditkit.stats.uncertainty import Exact, WorstPair
from auditkit.subject import Subject
from auditkit.tally import LABEL, Tally

NAMES = (
    ("class_imbalance", "CI"),
    ("label_proportion_difference", "DPL"),
    ("kl_divergence", "KL"),
    ("js_divergence", "JS"),
    ("lp_norm", "LP"),
    ("total_variation_distance", "TVD"),
    ("kolmogorov_smirnov", "KS"),
    ("conditional_label_disparity", "CDDL"),
)


@auditor(
    title="Bias in the labels (before training)",
    needs=("label", "sensitive"),
    measures=tuple(name for name, _ in NAMES),
)
def pretraining_bias(
    subject: Subject,
    *,
    strata: str = "",
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
) -> Iterator[Measure | Evidence]:
    """How the recorded outcomes of one group differ from those of all other rows, whatever any model says.

    Notes
    -----
    For each group d, with a all other rows, P the shares of labels and q the share of the favourable one: class
    imbalance CI = (n_a − n_d) / (n_a + n_d), an exact count; DPL = q_a − q_d; KL = Σ P_a ln(P_a / P_d); JS = ½ KL(P_a ‖ P)
    + ½ KL(P_d ‖ P) with P = ½(P_a + P_d); LP = √Σ(P_a − P_d)²; TVD = ½ Σ |P_a − P_d|; KS = max |P_a − P_d|; with a
    `strata` column, CDDL = Σ n_s/n · (share of d among the unfavourable − share of d among the favourable labels). 0 means
    no difference in each. DPL, LP, TVD and KS carry MOVER bounds (for two labels the last three are √2, 1 and 1 times
    |DPL|), the others the delta method.

    Misleads when
    -------------
    A label is itself a decision of people: its bias is then inherited. Divergences are above 0 by chance alone, and more
    so for small groups; CI speaks of sizes, not of outcomes.

    References
    ----------
    .. [1] Das et al. 2021, Fairness Measures for Machine Learning in Finance, doi:10.3905/jfds.2021.3.4.033
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    if subject.task == "regression":
        raise NotApplicable("the task is a regression; these measures compare shares of labels")
    minimum = Minimum(min_group_size, min_denominator)
    for (column,) in subject.levels(1):
        tally = subject.tally((column,)) if not strata else subject.tally((column, strata))
        table = group_cells(tally, (column,), [LABEL])
        rates = base_rate(tally, (column,), subject.favorable)
        measures = [
            measure
            for place, rate in enumerate(rates)
            for measure in _of_facet(subject, tally, table, rates, place, rate, strata, minimum)
        ]
        yield from measures
        yield facet_table(
            f"fairness.pretraining_bias.{column}",
            f"Labels of each group against all other rows, by {column}",
            f"0 means no difference; favourable is {subject.favorable!r}",
            table,
            NAMES if strata else NAMES[:-1],
            measures,
        )


def _of_facet(
    subject: Subject,
    tally: Tally,
    table: GroupCells,
    rates: list[Rate],
    place: int,
    rate: Rate,
    strata: str,
    minimum: Minimum,
) -> Iterator[Measure]:
    pair = facets(table, place)
    others = _others(pair, subject)
    yield _imbalance(pair, rate.group)
    gap = rate_pair("label_proportion_difference", "difference", others, rate, rate.group, minimum)
    yield gap
    both = joined(pair)
    cells = [[(side, label) for label in range(pair.counts.shape[1])] for side in (0, 1)]
    present = [[(1, int(label))] for label in np.flatnonzero(pair.counts[0])]
    yield delta_measure("kl_divergence", "nats", formulas.kullback_leibler, both, minimum, [*cells, *present], low=0.0)
    yield delta_measure("js_divergence", "nats", formulas.jensen_shannon, both, minimum, cells, low=0.0)
    mass = np.asarray(pair.counts if pair.weights is None else pair.weights, dtype=np.float64)
    shares = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    yield from _distances(gap, shares, others, rate)
    if strata:
        yield within_strata("conditional_label_disparity", subject, tally, (strata, LABEL), rate.group, minimum)


def _others(pair: GroupCells, subject: Subject) -> Rate:
    place = subject.labels.index(subject.favorable)
    return pair.rate([(place,)], [(label,) for label in range(pair.counts.shape[1])])[0]


def _imbalance(pair: GroupCells, group: Group) -> Measure:
    a, d = (int(n) for n in pair.counts.sum(axis=1))
    value = (a - d) / (a + d)
    return Measure(
        name="class_imbalance",
        value=value,
        unit="share",
        direction="none",
        group=group,
        n=a + d,
        interval=Interval(value, value, None, "two", "exact", "a count of these rows"),
        uncertainty=Exact(value),
    )


def _distances(gap: Measure, shares: NDArray[np.float64], others: Rate, rate: Rate) -> Iterator[Measure]:
    away = np.abs(shares[0] - shares[1])
    values = {"lp_norm": float(np.sqrt(np.sum(away**2))), "total_variation_distance": float(away.sum() / 2)}
    values["kolmogorov_smirnov"] = float(away.max())
    for name, value in values.items():
        if gap.value is None or shares.shape[1] != 2:
            reason = gap.reason or "bounds are known for two labels only"
            status = gap.status if gap.value is None else "undefined"
            yield Measure(
                name=name,
                value=None,
                unit="share",
                direction="lower",
                group=gap.group,
                n=gap.n,
                status=status,
                reason=reason,
            )
            continue
        distance = WorstPair("difference", (others.proportion, rate.proportion))
        times = float(np.sqrt(2)) if name == "lp_norm" else 1.0
        yield Measure(
            name=name,
            value=value,
            unit="share",
            direction="lower",
            group=gap.group,
            n=gap.n,
            interval=Interval(
                times * distance.lower(0.95), times * distance.upper(0.95), 0.95, "each", "interval", "MOVER on |DPL|"
            ),
            uncertainty=distance if times == 1.0 else None,
        )
