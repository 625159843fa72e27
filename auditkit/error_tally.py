"""Sums over the rows of each group that every measure of a regression's errors is a function of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from auditkit.errors import DataError
from auditkit.finding import Group
from auditkit.stats.exact import exact_sums, float_of
from auditkit.tally import BUCKETS, Codes, Counts
from auditkit.weights import WEIGHT_UNIT, Whole, whole_weights

Floats: TypeAlias = npt.NDArray[np.float64]
MOMENTS = ("1", "e", "|e|", "e²", "e⁴", "d", "d²", "d³", "d⁴", "e²d", "e²d²")


def errors_of(label: Floats, prediction: Floats) -> Floats:
    """Return prediction − label of each row.

    Raises
    ------
    DataError
        If a label or prediction is missing or infinite.
    """
    error = prediction - label
    if not np.isfinite(error).all():
        bad = int((~np.isfinite(error)).sum())
        raise DataError(f"{bad:,} rows have a label or prediction that is missing or not finite; mend or drop them")
    return error


@dataclass(frozen=True, slots=True, eq=False)
class ErrorTally:
    """Exact sums of powers of e = prediction − label and d = label − anchor, by group.

    Attributes
    ----------
    groups : tuple of Group
    anchor : float
        A number near the labels' mean; tallies add up if they share it.
    counts : int array, shape (groups,)
        Rows.
    sums, squares : object arrays of int, shape (groups, buckets, 11)
        Σ w·m and Σ w²·m of each moment m of `MOMENTS`, in units of 2⁻¹²⁰⁰; one bucket if rows have no clusters.

    Notes
    -----
    ``tally(a) + tally(b) == tally(a ∪ b)``: each row's moment is rounded once, and the sums are exact.
    """

    groups: tuple[Group, ...]
    anchor: float
    counts: Counts
    sums: Whole
    squares: Whole

    @classmethod
    def of(
        cls,
        groups: Sequence[Group],
        group: Codes,
        label: Floats,
        prediction: Floats,
        *,
        anchor: float = 0.0,
        weight: Floats | None = None,
        bucket: Codes | None = None,
    ) -> ErrorTally:
        """Sum over rows; all arrays of shape (rows,).

        Raises
        ------
        DataError
            If a label or prediction is missing or infinite.
        """
        error = errors_of(label, prediction)
        shifted = label - anchor
        squared = error**2
        moments = (
            np.ones(len(label)),
            error,
            np.abs(error),
            squared,
            squared**2,
            shifted,
            shifted**2,
            shifted**3,
            shifted**4,
            squared * shifted,
            squared * shifted**2,
        )
        many = 1 if bucket is None else BUCKETS
        index = group.astype(np.int64) * many + (0 if bucket is None else bucket)
        size = len(groups) * many
        mass = None if weight is None else whole_weights(weight) * WEIGHT_UNIT
        plain, heavy = np.empty((size, len(MOMENTS)), dtype=object), np.empty((size, len(MOMENTS)), dtype=object)
        for place, moment in enumerate(moments):
            plain[:, place] = exact_sums(moment if mass is None else moment * mass, index, size)
            heavy[:, place] = plain[:, place] if mass is None else exact_sums(moment * mass * mass, index, size)
        shape = (len(groups), many, len(MOMENTS))
        counts = np.bincount(group, minlength=len(groups)).astype(np.int64)
        return cls(tuple(groups), anchor, counts, plain.reshape(shape), heavy.reshape(shape))

    def __add__(self, other: ErrorTally) -> ErrorTally:
        if self.anchor != other.anchor or self.sums.shape[1] != other.sums.shape[1]:
            raise DataError(
                f"sums around {self.anchor:g} and around {other.anchor:g} cannot be added; give both the same anchor, "
                "and both clusters or neither"
            )
        groups = tuple(dict.fromkeys((*self.groups, *other.groups)))
        counts = np.zeros(len(groups), dtype=np.int64)
        sums, squares = (np.zeros((len(groups), *self.sums.shape[1:]), dtype=object) for _ in range(2))
        for tally in (self, other):
            places = [groups.index(group) for group in tally.groups]
            counts[places] += tally.counts
            sums[places] += tally.sums
            squares[places] += tally.squares
        return ErrorTally(groups, self.anchor, counts, sums, squares)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ErrorTally) or set(self.groups) != set(other.groups):
            return False
        if float(self.anchor) != float(other.anchor):
            return False
        return all(bool(self._of(group) == other._of(group)) for group in self.groups)

    __hash__ = None  # type: ignore[assignment]

    def _of(self, group: Group) -> tuple[int, object, object]:
        place = self.groups.index(group)
        return int(self.counts[place]), self.sums[place].tolist(), self.squares[place].tolist()

    @property
    def clustered(self) -> bool:
        """Whether the sums are kept by bucket of clusters."""
        return bool(self.sums.shape[1] > 1)

    def moments(self, place: int) -> tuple[Floats, Floats, Floats]:
        """Return Σ w·m and Σ w²·m of a group, shape (11,), and Σ w·m without each bucket, shape (buckets, 11)."""
        total = self.sums[place].sum(axis=0)
        return float_of(total), float_of(self.squares[place].sum(axis=0)), float_of(total - self.sums[place])
