"""Overall accuracy equality: is the model right equally often in all groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure, Scalar
from auditkit.group_rates import DEPTH, MIN_DENOMINATOR, MIN_GROUP_SIZE, Minimum, confusion
from auditkit.rate_gaps import Comparison, compared
from auditkit.subject import Subject


@auditor(
    title="Overall accuracy equality",
    needs=("label", "prediction", "sensitive"),
    measures=("accuracy", "difference", "ratio", "difference_to_reference", "ratio_to_reference"),
    public=True,
)
def accuracy_equality(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How often the decision is right, group by group, and how far the groups are apart.

    Notes
    -----
    Accuracy of group a: P(ŷ = y | A = a), positive against the rest. ``difference`` is the highest minus the lowest (0
    means the same), ``ratio`` the lowest divided by the highest (1 means the same). Wilson intervals; pairwise MOVER
    bounds.

    Misleads when
    -------------
    Base rates differ: a group in which one label is rare has a high accuracy under a model that never predicts it. Two
    groups of equal accuracy can suffer opposite errors.

    References
    ----------
    .. [1] Berk et al. 2021, Fairness in Criminal Justice Risk Assessments, doi:10.1177/0049124118782533
    """
    comparison = Comparison(
        finding="fairness.accuracy_equality",
        name="accuracy",
        title="Accuracy",
        caption="Share of rows that are decided as they were labelled; 95 % Wilson intervals",
        direction="higher",
        worst_is="low",
        minimum=Minimum(min_group_size, min_denominator),
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    tally = subject.tally(subject.roles.sensitive)
    yield from compared(comparison, subject.levels, lambda by: confusion(tally, by, subject.positive).accuracy())
