"""How well each column alone tells each label from the others: by shares of its values or bins, and by its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.explainers.predicting import Groups, told_alone
from auditkit.explainers.proxies import numbers_of
from auditkit.stats.cross_fit import Flags, Floats, area, crossed_areas
from auditkit.stats.uncertainty import Uncertainty


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """The best that one column does.

    Attributes
    ----------
    label : int
        The code of the label that it tells best.
    way : str
        ``values`` or ``order``.
    tried : tuple of Uncertainty
        The AUC of each label in each way.
    """

    name: str
    label: int
    way: str
    best: Uncertainty
    tried: tuple[Uncertainty, ...]


def telling_columns(frame: Any, columns: Sequence[str], groups: Groups) -> list[Telling]:
    """Return what each column tells of the labels, most telling first.

    Ten bins of a number cannot tell a label of one row in a hundred from the rest of its bin; so of numbers and dates also
    the order is tried, upwards or downwards as the other half of the rows says.
    """
    found = []
    for told in told_alone(frame, columns, groups):
        tried = [(one, label, "values") for one, label in zip(told.areas, groups.asked, strict=True)]
        numbers = numbers_of(frame[told.name])
        if numbers is not None and np.isfinite(numbers).any():
            scores = _in_order(numbers, groups)
            areas = crossed_areas(scores, groups.codes, groups.asked, groups.second, groups.buckets)
            tried += [(one, label, "order") for one, label in zip(areas, groups.asked, strict=True)]
        best, label, way = max(tried, key=lambda one: one[0].estimate)
        found.append(Telling(told.name, label, way, best, tuple(one[0] for one in tried)))
    return sorted(found, key=lambda one: (-one.best.estimate, one.name))


def _in_order(numbers: Floats, groups: Groups) -> Floats:
    """Return numbers as scores of each group asked for, turned where the other half goes down; a missing one is the median."""
    known = np.where(np.isfinite(numbers), numbers, np.nanmedian(np.where(np.isfinite(numbers), numbers, np.nan)))
    ranks = np.unique(known, return_inverse=True)[1].ravel().astype(np.float64)
    scores = np.zeros((len(ranks), groups.count))
    for group in groups.asked:
        for half in (groups.second, ~groups.second):
            scores[half, group] = ranks[half] if _upwards(ranks, groups, group, ~half) else -ranks[half]
    return scores


def _upwards(ranks: Floats, groups: Groups, group: int, half: Flags) -> bool:
    return area(groups.codes[half] == group, ranks[half]).value >= 0.5
