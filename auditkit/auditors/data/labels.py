"""How frequent each label is, and how frequent the favourable one is in each group, before any model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import (
    DEPTH,
    LEVEL,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    base_rate,
    rate_measure,
    rates_evidence,
)
from auditkit.rate_gaps import Comparison, compared
from auditkit.stats.uncertainty import Extreme
from auditkit.subject import Subject
from auditkit.tally import Tally

_RATES = ("base_rate", "difference", "ratio", "difference_to_reference", "ratio_to_reference")


@auditor(
    title="Labels and base rates",
    needs=("label",),
    measures=("label_share", "smallest_label_share", *_RATES),
)
def labels(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How frequent each label is, and how far the groups are apart in how often they have the favourable one.

    Notes
    -----
    label_share: rows with the label ÷ all rows; smallest_label_share is the least of them, its upper bound shared among all
    labels, for which is the least was seen from these rows. base_rate of group a: P(y = favourable | A = a), whatever any
    model says. ``difference`` is the highest minus the lowest base rate (0 means that all groups have the same), ``ratio``
    the lowest divided by the highest (1 means the same). Wilson intervals; pairwise MOVER bounds, simultaneous over all pairs
    on the side of a violation. Each group also stands against a reference. Divergences of the same shares are in
    fairness.pretraining_bias.

    Misleads when
    -------------
    The label is a decision of people, or recorded more often for some: its rate is then not that of what happened. Rows
    that were sampled by their label have base rates of the sampling. Different base rates are no error of the data by
    themselves.

    References
    ----------
    .. [1] Barocas, Hardt, Narayanan 2023, Fairness and Machine Learning, chapter 3; Newcombe 1998,
       doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    tally = subject.tally(subject.roles.sensitive)
    yield from _balance(subject, subject.roles.label, tally)
    if not subject.roles.sensitive:
        return
    comparison = Comparison(
        finding="data.labels",
        name="base_rate",
        title="Base rate",
        caption=f"Share of rows labelled {subject.favorable!r}; 95 % Wilson interval for each group",
        direction="none",
        worst_is="low",
        minimum=Minimum(min_group_size, min_denominator),
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    yield from compared(comparison, subject.levels, lambda by: base_rate(tally, by, subject.favorable))


def _balance(subject: Subject, column: str, tally: Tally) -> Iterator[Measure | Evidence]:
    rates = [base_rate(tally, (), label)[0] for label in subject.labels]
    groups = [Group.of({column: label}) for label in subject.labels]
    measures = [
        replace(rate_measure("label_share", rate, "none"), group=group)
        for rate, group in zip(rates, groups, strict=True)
    ]
    yield from measures
    known = [measure for measure in measures if measure.value is not None and measure.uncertainty is not None]
    if known:
        yield _smallest(column, known)
    caption = f"Share of all rows with each label of {column}; 95 % Wilson intervals"
    yield rates_evidence("data.labels.balance", "Labels", caption, (column,), measures)


def _smallest(column: str, measures: list[Measure]) -> Measure:
    least = min(measures, key=lambda measure: measure.value or 0.0)
    most = max(measures, key=lambda measure: measure.value or 0.0)
    found = Extreme("min", tuple(one.uncertainty for one in measures if one.uncertainty is not None))
    method = "least of all labels' bounds, the upper one shared among them"
    return Measure(
        name="smallest_label_share",
        value=found.estimate,
        unit="rate",
        direction="higher",
        over=(column,),
        worst=least.group,
        best=most.group,
        n=least.n,
        interval=Interval(found.lower(LEVEL), found.upper(LEVEL), LEVEL, "each", "interval", method),
        uncertainty=found,
    )
