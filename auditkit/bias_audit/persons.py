"""Which category each person falls into, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from auditkit.errors import NotApplicable
from auditkit.finding import Scalar
from auditkit.stats.impact_ratio import Key
from auditkit.subject import Subject
from auditkit.tally import scalar_key

Counts = dict[Key, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Persons:
    """Who was assessed.

    Attributes
    ----------
    columns : tuple of str
        One or two.
    cells : tuple of values
        The combinations of their values.
    sizes : int array, shape (cells,)
        Persons of each.
    index : int array, shape (rows,), or None
        The cell of each row; None if the rows stay in their files.
    unknown : frozenset
        Values that mean unknown.
    """

    columns: tuple[str, ...]
    cells: tuple[Key, ...]
    sizes: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64] | None
    unknown: frozenset[Scalar]

    def groupings(self) -> Iterator[tuple[int, ...]]:
        """Yield each column, then both together, by their places."""
        yield from ((place,) for place in range(len(self.columns)))
        if len(self.columns) > 1:
            yield (0, 1)

    def known(self, by: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Return which cells have a known value in each of these columns."""
        return np.array([not self.unknown.intersection(cell[place] for place in by) for cell in self.cells])

    def marginal(self, counts: Mapping[int, tuple[int, int]], by: tuple[int, ...]) -> Counts:
        """Add up (persons, hits) of the cells over some of the columns, persons of unknown category left out."""
        total: Counts = {}
        for place in sorted(counts):
            key = tuple(self.cells[place][column] for column in by)
            if not self.unknown.intersection(key):
                n, hits = total.get(key, (0, 0))
                total[key] = (n + counts[place][0], hits + counts[place][1])
        return dict(sorted(total.items(), key=lambda item: [scalar_key(value) for value in item[0]]))


def persons_of(subject: Subject, columns: Sequence[str], unknown: Sequence[Scalar]) -> Persons:
    """Return the persons of the test table by the values of one or two columns.

    Raises
    ------
    DataError
        If a column is not there.
    """
    nothing = frozenset([None, *unknown])
    if not _in_memory(subject):
        tally = subject.tally(columns)
        cells = tuple(group.values for group in tally.groups(columns))
        return Persons(tuple(columns), cells, tally.cube(columns, ()), None, nothing)
    coded = [subject.groups_of(column) for column in columns]
    index = np.zeros(subject.table().rows, dtype=np.int64)
    for column in coded:
        index = index * len(column.values) + column.codes
    cells = tuple(product(*(column.values for column in coded)))
    return Persons(tuple(columns), cells, np.bincount(index, minlength=len(cells)), index, nothing)


def _in_memory(subject: Subject) -> bool:
    try:
        subject.table()
    except NotApplicable:
        return False
    return True
