"""Generalized entropy: how unequally do the model's errors spread a benefit over people and over groups?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Interval, Measure, Scalar
from auditkit.group_cells import GroupCells, group_cells
from auditkit.group_rates import Minimum, two_sided
from auditkit.smooth_measures import smooth_measure
from auditkit.stats.inequality import Inequality
from auditkit.stats.inequality import generalized_entropy as index_of
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject
from auditkit.tally import LABEL, PREDICTION, Tally

BENEFITS = (0.0, 1.0, 2.0)


@auditor(
    title="Inequality of the outcome",
    needs=("label", "prediction"),
    measures=("generalized_entropy", "theil", "between_group_share"),
)
def generalized_entropy(subject: Subject, *, alpha: float = 2.0) -> Iterator[Measure | Evidence]:
    """How unequally people fare under the model's errors, and how much of that inequality lies between groups.

    Parameters
    ----------
    subject : Subject
    alpha : float
        How much the largest benefits count; 1 is Theil's index, 2 half the squared coefficient of variation.

    Notes
    -----
    Benefit b of a row: 1 if the decision is what was recorded, 2 if it is favourable and the record is not, 0 if the
    record is favourable and the decision is not. With r = b / mean(b): GE(alpha) = mean(r^alpha - 1) / (alpha(alpha - 1));
    theil = mean(r ln r). 0 means that everybody has the same benefit. between_group_share = GE of the group means / GE:
    0 means that the groups fare alike, 1 that nobody differs within a group; beside it stands what chance alone would
    show. Intervals by the delta method on the log scale. The share has no bounds, and a policy cannot judge it.

    Misleads when
    -------------
    Labels are skewed: everything is measured against what was recorded. Two groups can fare very differently and the share
    between groups still be small, for most inequality of 0, 1 and 2 lies within groups; read the gaps too. Whoever is
    refused rightly counts as well off as who is accepted rightly.

    References
    ----------
    .. [1] Speicher et al. 2018, A Unified Approach to Quantifying Algorithmic Unfairness, doi:10.1145/3219819.3220046
    """
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    tally = subject.tally(subject.roles.sensitive)
    whole = _benefits(tally, (), subject.favorable)
    if whole.counts.sum() < 2:
        raise InsufficientData(f"{whole.counts.sum()} rows, at least 2 are needed")
    for name, power in (("generalized_entropy", alpha), ("theil", 1.0)):
        if subject.weighted:
            yield _weighted(name, power, whole)
        else:
            yield _index(name, index_of(BENEFITS, whole.counts, power), int(whole.counts.sum()))
    if not subject.roles.sensitive:
        return
    for over in subject.levels():
        cells = _benefits(tally, over, subject.favorable)
        yield _between(over, index_of(BENEFITS, _shares(cells), alpha), cells)
        if len(over) == 1:
            yield _table(over, cells)


def _benefits(tally: Tally, over: tuple[str, ...], favorable: Scalar) -> GroupCells:
    """Return rows by group and benefit, shape (groups, 3)."""
    recorded = tally.axis(LABEL).values.index(favorable)
    decided = tally.axis(PREDICTION).values.index(favorable)

    def collapsed(cube: Any) -> Any:
        lost = cube[..., recorded, :].sum(axis=-1) - cube[..., recorded, decided]
        won = cube[..., :, decided].sum(axis=-1) - cube[..., recorded, decided]
        return np.stack([lost, cube.sum(axis=(-2, -1)) - lost - won, won], axis=-1)

    return group_cells(tally, over, [LABEL, PREDICTION]).mapped(collapsed)


def _shares(cells: GroupCells) -> npt.NDArray[Any]:
    return cells.counts if cells.weights is None else cells.weights


def _weighted(name: str, alpha: float, whole: GroupCells) -> Measure:
    def index(shares: npt.NDArray[np.complex128]) -> complex:
        relative = np.array(BENEFITS) / (shares @ np.array(BENEFITS))
        some = relative[1:]  # a benefit of 0 adds nothing to what is summed
        if alpha == 1:
            return complex(shares[1:] @ (some * np.log(some)))
        if alpha == 0:
            return complex(-(shares[1:] @ np.log(some)))
        return complex((shares[1:] @ some**alpha - 1) / (alpha * (alpha - 1)))

    if index_of(BENEFITS, _shares(whole), alpha) is None:
        return _index(name, None, int(whole.counts.sum()))
    needed = [[(0,), (1,), (2,)]]
    return smooth_measure(name, index, whole, 0, Minimum(0, 0), needed, 0.0, high=None, unit="index", direction="lower")


def _index(name: str, found: Inequality | None, n: int) -> Measure:
    if found is None:
        reason = "undefined: nobody has a benefit, or, for alpha up to 0, somebody has none"
        return Measure(name=name, value=None, unit="index", direction="lower", n=n, status="undefined", reason=reason)
    if found.value <= 0 or found.standard_error <= 0:
        reason = "every row has the same benefit, or all who have one share it equally, so no bound can be given"
        return Measure(
            name=name, value=None, unit="index", direction="lower", n=n, status="insufficient", reason=reason
        )
    uncertainty = Normal(found.value, found.standard_error / found.value, "log")
    return Measure(
        name=name,
        value=found.value,
        unit="index",
        direction="lower",
        n=n,
        interval=two_sided(uncertainty, "delta method on the log scale"),
        uncertainty=uncertainty,
    )


def _between(over: tuple[str, ...], found: Inequality | None, cells: GroupCells) -> Measure:
    n = int(cells.counts.sum())
    if found is None or found.value <= 0 or not np.isfinite(found.between):
        reason = "undefined: there is no inequality to divide, or a group without any benefit"
        return Measure(
            name="between_group_share",
            value=None,
            unit="share",
            direction="lower",
            over=over,
            n=n,
            status="undefined",
            reason=reason,
        )
    share = min(1.0, found.between / found.value)
    return Measure(
        name="between_group_share",
        value=share,
        unit="share",
        direction="lower",
        over=over,
        n=n,
        # What chance shows is known for rows drawn independently, each counting once.
        expected=min(1.0, found.between_expected / found.value) if cells.weights is None else None,
        interval=Interval(share, share, None, "two", "exact", "of the rows counted"),
    )


def _table(over: tuple[str, ...], cells: GroupCells) -> Evidence:
    benefits, shares = np.array(BENEFITS), _shares(cells)
    mean = float(shares.sum(axis=0) @ benefits) / float(shares.sum())
    rows: list[tuple[Cell, ...]] = []
    for group, counts, share in zip(cells.groups, cells.counts, shares, strict=True):
        own = float(share @ benefits) / float(share.sum()) if share.sum() > 0 else None
        relative = own / mean if own is not None and mean else None
        rows.append((str(group), int(counts.sum()), *(int(count) for count in counts), own, relative))
    return Evidence(
        id=f"fairness.generalized_entropy.{over[0]}",
        kind="table",
        title=f"Benefit by {over[0]}",
        caption=f"Decided against the record, as recorded, in favour against the record; the mean benefit of all rows is {mean:.3f}.",
        alt=f"Rows by benefit and mean benefit of each group of {over[0]}",
        columns=(
            Column(over[0], role="label"),
            Column("n", "count", "n"),
            Column("Against", "count", "count"),
            Column("As recorded", "count", "count"),
            Column("In favour", "count", "count"),
            Column("Mean benefit", "", "value"),
            Column("÷ mean of all", "ratio", "value"),
        ),
        rows=tuple(rows),
    )
