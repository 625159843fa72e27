"""Demographic parity: is the favourable decision equally frequent in all groups?"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure
from auditkit.group_rates import (
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    gap_measure,
    levels,
    rate_measure,
    rates_evidence,
    selection,
)
from auditkit.subject import Subject


@auditor(
    title="Demographic parity", needs=("prediction", "sensitive"), measures=("selection_rate", "difference", "ratio")
)
def demographic_parity(
    subject: Subject, *, min_group_size: int = MIN_GROUP_SIZE, min_denominator: int = MIN_DENOMINATOR
) -> Iterator[Measure | Evidence]:
    """How often each group gets the favourable decision, and how far the groups are apart.

    Notes
    -----
    Selection rate of group a: P(ŷ = favourable | A = a). ``difference`` is the highest minus the lowest rate (0 means
    that all groups have the same rate), ``ratio`` the lowest divided by the highest (1 means the same). Rates carry
    Wilson intervals; gaps carry pairwise MOVER bounds, simultaneous over all pairs on the side of a violation.

    Misleads when
    -------------
    Groups differ in what the decision is about: equal selection rates then mean unequal error rates. With many small
    groups a gap arises by chance alone; its expectation under equal rates stands beside it.

    References
    ----------
    .. [1] Feldman et al. 2015, Certifying and Removing Disparate Impact, doi:10.1145/2783258.2783311;
       Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)
    yield rate_measure("selection_rate", selection(tally, (), subject.favorable)[0], "none")
    for over in levels(subject.roles.sensitive):
        rates = selection(tally, over, subject.favorable)
        measures = [rate_measure("selection_rate", rate, "none", minimum=minimum) for rate in rates]
        yield from measures
        yield gap_measure("difference", "difference", over, rates, minimum=minimum)
        yield gap_measure("ratio", "ratio", over, rates, minimum=minimum)
        yield rates_evidence(
            f"fairness.demographic_parity.{'+'.join(over)}",
            f"Selection rate by {' and '.join(over)}",
            f"Share of rows decided {subject.favorable!r}; 95 % Wilson interval for each group",
            over,
            measures,
        )
