"""Equal opportunity: among those who are positive, is the model right equally often in all groups?"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.declare import auditor
from auditkit.finding import Direction, Evidence, Measure
from auditkit.group_rates import (
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    confusion,
    gap_measure,
    levels,
    rate_measure,
    rates_evidence,
)
from auditkit.subject import Subject


@auditor(
    title="Equal opportunity",
    needs=("label", "prediction", "sensitive"),
    measures=("true_positive_rate", "difference", "ratio"),
)
def equal_opportunity(
    subject: Subject, *, min_group_size: int = MIN_GROUP_SIZE, min_denominator: int = MIN_DENOMINATOR
) -> Iterator[Measure | Evidence]:
    """How often the model finds those who are positive, group by group, and how far the groups are apart.

    Notes
    -----
    True positive rate (recall) of group a: P(ŷ = positive | y = positive, A = a). ``difference`` is the highest minus
    the lowest (0 means the same), ``ratio`` the lowest divided by the highest. A group without positives has no true
    positive rate: it is undefined, not 0. Wilson intervals; pairwise MOVER bounds.

    Misleads when
    -------------
    The labels themselves are skewed between groups: the rate is measured against what was recorded, not what was true.

    References
    ----------
    .. [1] Hardt, Price, Srebro 2016, Equality of Opportunity in Supervised Learning, arXiv:1610.02413
    """
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)
    direction: Direction = "higher" if subject.positive == subject.favorable else "none"
    yield rate_measure("true_positive_rate", confusion(tally, (), subject.positive).true_positive_rate()[0], direction)
    for over in levels(subject.roles.sensitive):
        rates = confusion(tally, over, subject.positive).true_positive_rate()
        measures = [rate_measure("true_positive_rate", rate, direction, minimum=minimum) for rate in rates]
        yield from measures
        yield gap_measure("difference", "difference", over, rates, minimum=minimum)
        yield gap_measure("ratio", "ratio", over, rates, minimum=minimum)
        yield rates_evidence(
            f"fairness.equal_opportunity.{'+'.join(over)}",
            f"True positive rate by {' and '.join(over)}",
            f"Share of rows labelled {subject.positive!r} predicted so; 95 % Wilson intervals",
            over,
            measures,
        )
