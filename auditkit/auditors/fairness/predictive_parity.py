"""Predictive parity: does a positive prediction mean the same in all groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure, Scalar
from auditkit.group_rates import DEPTH, MIN_DENOMINATOR, MIN_GROUP_SIZE, Minimum, confusion
from auditkit.rate_gaps import Comparison, compared
from auditkit.subject import Subject


@auditor(
    title="Predictive parity",
    needs=("label", "prediction", "sensitive"),
    measures=("precision", "difference", "ratio", "difference_to_reference", "ratio_to_reference"),
    public=True,
)
def predictive_parity(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How often a positive prediction comes true, group by group, and how far the groups are apart.

    Notes
    -----
    Precision (positive predictive value) of group a: P(y = positive | ŷ = positive, A = a). ``difference`` is the highest
    minus the lowest (0 means the same), ``ratio`` the lowest divided by the highest (1 means the same). A group in which
    nobody is predicted positive has no precision: it is undefined. Wilson intervals; pairwise MOVER bounds.

    Misleads when
    -------------
    Base rates differ: unless the model is perfect, equal precision then goes with unequal error rates, so this measure
    and equalized odds cannot both be without a gap.

    References
    ----------
    .. [1] Chouldechova 2017, Fair prediction with disparate impact, doi:10.1089/big.2016.0047
    """
    comparison = Comparison(
        finding="fairness.predictive_parity",
        name="precision",
        title="Precision",
        caption=f"Share of rows predicted {subject.positive!r} that are so; 95 % Wilson intervals",
        direction="higher",
        worst_is="low",
        minimum=Minimum(min_group_size, min_denominator),
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    tally = subject.tally(subject.roles.sensitive)
    yield from compared(
        comparison,
        subject.levels,
        lambda by: confusion(tally, by, subject.positive).positive_predictive_value(),
    )
