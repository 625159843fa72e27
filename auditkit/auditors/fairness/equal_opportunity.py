"""Equal opportunity: among those who are positive, is the model right equally often in all groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure, Scalar
from auditkit.group_rates import DEPTH, MIN_DENOMINATOR, MIN_GROUP_SIZE, Minimum, confusion
from auditkit.rate_gaps import Comparison, compared
from auditkit.subject import Subject


@auditor(
    title="Equal opportunity",
    needs=("label", "prediction", "sensitive"),
    measures=("true_positive_rate", "difference", "ratio", "difference_to_reference", "ratio_to_reference"),
    public=True,
)
def equal_opportunity(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How often the model finds those who are positive, group by group, and how far the groups are apart.

    Notes
    -----
    True positive rate (recall) of group a: P(ŷ = positive | y = positive, A = a). ``difference`` is the highest minus
    the lowest (0 means the same), ``ratio`` the lowest divided by the highest (1 means the same). A group without
    positives has no true positive rate: it is undefined, not 0. Wilson intervals; pairwise MOVER bounds.

    Misleads when
    -------------
    The labels themselves are skewed between groups: the rate is measured against what was recorded, not what was true.

    References
    ----------
    .. [1] Hardt, Price, Srebro 2016, Equality of Opportunity in Supervised Learning, arXiv:1610.02413
    """
    comparison = Comparison(
        finding="fairness.equal_opportunity",
        name="true_positive_rate",
        title="True positive rate",
        caption=f"Share of rows labelled {subject.positive!r} predicted so; 95 % Wilson intervals",
        direction="higher" if subject.positive == subject.favorable else "none",
        worst_is="low",
        minimum=Minimum(min_group_size, min_denominator),
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    tally = subject.tally(subject.roles.sensitive)
    yield from compared(
        comparison, subject.levels, lambda by: confusion(tally, by, subject.positive).true_positive_rate()
    )
