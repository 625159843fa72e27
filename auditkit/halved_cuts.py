"""The thresholds of each group on two halves of the rows, and where the subject's own decisions stand among them."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.finding import Group
from auditkit.group_cells import confusion
from auditkit.stats.frontier import Cuts, GapKind, accuracy_at, common_threshold, gap_at
from auditkit.subject import Subject


@dataclass(frozen=True, slots=True, eq=False)
class HalvedCuts:
    """Groups with enough rows of both outcomes in each half.

    Attributes
    ----------
    groups : tuple of Group
    chosen, judged : tuple of Cuts
        Of the half on which thresholds are chosen, and of the other; one for each group.
    decisions : tuple of Cuts
        The subject's own decisions on all rows, as the only cut of each group.
    left_out : int
        Groups with fewer rows.
    """

    groups: tuple[Group, ...]
    chosen: tuple[Cuts, ...]
    judged: tuple[Cuts, ...]
    decisions: tuple[Cuts, ...]
    left_out: int

    def own_threshold(self, subject: Subject) -> float | None:
        """Return the one threshold that makes the subject's decisions: the stated one, else what they show; None if none.

        A table may hold decisions and scores that were not made with the stated threshold.
        """
        whole = [one.with_rows_of(other) for one, other in zip(self.chosen, self.judged, strict=True)]
        shown = common_threshold(whole, self.decisions)
        if shown is not None and all(cuts.at(shown) == cuts.at(subject.threshold) for cuts in whole):
            return subject.threshold
        return shown

    def place(self, kind: GapKind) -> tuple[float, float]:
        """Return gap and accuracy of the subject's own decisions on all rows of these groups."""
        only = [0] * len(self.decisions)
        return gap_at(self.decisions, only, kind), accuracy_at(self.decisions, only)


def halved_cuts(subject: Subject, column: str, least: int) -> HalvedCuts:
    """Return the cuts of the groups of a column that have `least` rows of both outcomes in each half.

    Raises
    ------
    NotApplicable
        If there are no labels or no scores.
    """
    first, second = (
        {group: Cuts.of(cells) for group, cells in zip(table.groups, table.cells, strict=True)}
        for table in (subject.scores((column,), half=half) for half in (True, False))
    )
    usable = [group for group in first if group in second and min(first[group].fewest, second[group].fewest) >= least]
    cells = confusion(subject.tally((column,)), (column,), subject.positive)
    own = {group: Cuts.of_decisions(table) for group, table in zip(cells.groups, cells.cells, strict=True)}
    return HalvedCuts(
        groups=tuple(usable),
        chosen=tuple(first[group] for group in usable),
        judged=tuple(second[group] for group in usable),
        decisions=tuple(own[group] for group in usable),
        left_out=len(first.keys() | second.keys()) - len(usable),
    )
