"""Treatment equality: are misses and false alarms in the same proportion in all groups?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.finding import Evidence, Measure
from auditkit.group_rates import (
    DEPTH,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Gap,
    Minimum,
    confusion,
    gap_of,
    rates_evidence,
)
from auditkit.smooth_measures import smooth_measure
from auditkit.subject import Subject


@auditor(
    title="Treatment equality",
    needs=("label", "prediction", "sensitive"),
    measures=("misses_per_false_alarm", "difference", "ratio"),
    public=True,
)
def treatment_equality(
    subject: Subject,
    *,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
    depth: int = DEPTH,
) -> Iterator[Measure | Evidence]:
    """How many misses there are for one false alarm in each group, and how far the groups are apart.

    Notes
    -----
    Misses per false alarm of group a: FN / FP. ``difference`` is the highest minus the lowest (0 means the same), ``ratio``
    the lowest divided by the highest (1 means the same). Intervals are normal on the log scale, var log(FN/FP) = 1/FN +
    1/FP; gaps carry pairwise MOVER bounds. A group without false alarms has no such ratio: it is undefined.

    Misleads when
    -------------
    Errors are few: the ratio of two small counts swings widely. It is the same for a group with two errors in a thousand
    and for one with two in three.

    References
    ----------
    .. [1] Berk et al. 2021, Fairness in Criminal Justice Risk Assessments, doi:10.1177/0049124118782533
    """
    minimum = Minimum(min_group_size, min_denominator)
    tally = subject.tally(subject.roles.sensitive)

    def measured(by: tuple[str, ...]) -> tuple[list[Measure], list[int]]:
        table = confusion(tally, by, subject.positive).table
        found = [
            smooth_measure(
                "misses_per_false_alarm",
                _misses_per_false_alarm,
                table,
                place,
                minimum,
                [[(1, 0)], [(0, 1)]],
                None,
                unit="ratio",
                direction="none",
                scale="log",
            )
            for place in range(len(table.groups))
        ]
        return found, [int(n) for n in table.counts.sum(axis=(1, 2))]

    yield from measured(())[0]
    for over in subject.levels(depth):
        measures, rows = measured(over)
        yield from measures
        gaps: tuple[Gap, Gap] = ("difference", "ratio")
        yield from (gap_of(gap, gap, over, measures, rows) for gap in gaps)
        yield rates_evidence(
            f"fairness.treatment_equality.{'+'.join(over)}",
            f"Misses per false alarm by {' and '.join(over)}",
            f"Rows labelled {subject.positive!r} and not predicted so, for one the other way round; 95 % intervals",
            over,
            measures,
        )


def _misses_per_false_alarm(shares: npt.NDArray[np.complex128]) -> complex:
    _, false_alarm, miss, _ = shares
    return complex(miss / false_alarm)
