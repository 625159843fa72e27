"""Equalized odds: are both kinds of error equally frequent in all groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.finding import Direction, Evidence, Measure, Scalar
from auditkit.group_rates import (
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Gap,
    Minimum,
    confusion,
    extreme_measure,
    gap_measure,
    rate_measure,
    rates_evidence,
)
from auditkit.rate_gaps import Comparison, against_reference
from auditkit.subject import Subject


@auditor(
    title="Equalized odds",
    needs=("label", "prediction", "sensitive"),
    measures=(
        "false_positive_rate",
        "false_positive_rate_difference",
        "false_positive_rate_ratio",
        "difference",
        "ratio",
        "difference_to_reference",
        "ratio_to_reference",
    ),
    public=True,
)
def equalized_odds(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How far the groups are apart in true and in false positive rates, whichever is further.

    Notes
    -----
    ``difference`` = max(gap in P(ŷ = positive | y = positive), gap in P(ŷ = positive | y ≠ positive)) over groups; 0
    means that both rates are the same everywhere. ``ratio`` = the smaller of the two ratios. The two families share
    the error budget: each violation bound is taken at half of it. ``false_positive_rate_difference`` and ``_ratio``
    are the second part alone; the first is equal opportunity. ``_to_reference`` compare false positive rates.

    Misleads when
    -------------
    Base rates differ: equal odds then imply unequal predictive values, and the other way round.

    References
    ----------
    .. [1] Hardt, Price, Srebro 2016, Equality of Opportunity in Supervised Learning, arXiv:1610.02413
    """
    minimum = Minimum(min_group_size, min_denominator)
    comparison = Comparison(
        finding="fairness.equalized_odds",
        name="false_positive_rate",
        title="False positive rate",
        caption="",
        direction="none",
        worst_is="high",
        minimum=minimum,
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    tally = subject.tally(subject.roles.sensitive)
    direction: Direction = "lower" if subject.positive == subject.favorable else "none"
    overall = confusion(tally, (), subject.positive).false_positive_rate()[0]
    yield rate_measure("false_positive_rate", overall, "lower")
    for over in subject.levels(depth):
        cells = confusion(tally, over, subject.positive)
        false, true = cells.false_positive_rate(), cells.true_positive_rate()
        measures = [rate_measure("false_positive_rate", rate, direction, minimum=minimum) for rate in false]
        yield from measures
        gaps: tuple[Gap, Gap] = ("difference", "ratio")
        for gap in gaps:
            alone = gap_measure(f"false_positive_rate_{gap}", gap, over, false, worst_is="high", minimum=minimum)
            yield alone
            yield extreme_measure(gap, gap, [gap_measure(gap, gap, over, true, minimum=minimum), alone])
        yield rates_evidence(
            f"fairness.equalized_odds.{'+'.join(over)}",
            f"False positive rate by {' and '.join(over)}",
            f"Share of rows not labelled {subject.positive!r} predicted so; 95 % Wilson intervals",
            over,
            measures,
        )
        yield from against_reference(comparison, over, false)
