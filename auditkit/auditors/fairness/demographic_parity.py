"""Demographic parity: is the favourable decision equally frequent in all groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure, Scalar
from auditkit.group_rates import DEPTH, MIN_DENOMINATOR, MIN_GROUP_SIZE, Minimum, selection
from auditkit.rate_gaps import Comparison, compared
from auditkit.subject import Subject


@auditor(
    title="Demographic parity",
    needs=("prediction", "sensitive"),
    measures=("selection_rate", "difference", "ratio", "difference_to_reference", "ratio_to_reference"),
    public=True,
)
def demographic_parity(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
    reference: str = "largest",
    reference_group: Mapping[str, Scalar] | None = None,
) -> Iterator[Measure | Evidence]:
    """How often each group gets the favourable decision, and how far the groups are apart.

    Notes
    -----
    Selection rate of group a: P(ŷ = favourable | A = a). ``difference`` is the highest minus the lowest rate (0 means
    that all groups have the same rate), ``ratio`` the lowest divided by the highest (1 means the same). Rates carry
    Wilson intervals; gaps carry pairwise MOVER bounds, simultaneous over all pairs on the side of a violation. Each group
    also stands against a reference: the largest group, the best one, or one that is named.

    Misleads when
    -------------
    Groups differ in what the decision is about: equal selection rates then mean unequal error rates. With many small
    groups a gap arises by chance alone; its expectation under equal rates stands beside it.

    References
    ----------
    .. [1] Feldman et al. 2015, Certifying and Removing Disparate Impact, doi:10.1145/2783258.2783311;
       Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    comparison = Comparison(
        finding="fairness.demographic_parity",
        name="selection_rate",
        title="Selection rate",
        caption=f"Share of rows decided {subject.favorable!r}; 95 % Wilson interval for each group",
        direction="none",
        worst_is="low",
        minimum=Minimum(min_group_size, min_denominator),
        depth=depth,
        reference=reference,
        reference_group=reference_group,
    )
    tally = subject.tally(subject.roles.sensitive)
    yield from compared(comparison, subject.levels, lambda by: selection(tally, by, subject.favorable))
