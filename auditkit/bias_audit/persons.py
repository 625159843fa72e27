"""Which category each person falls into, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from auditkit.finding import Scalar
from auditkit.stats.impact_ratio import Key
from auditkit.subject import Subject
from auditkit.tally import scalar_key

Counts = dict[Key, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Persons:
    """Who was assessed: the columns named, and which cell of their values each row falls into."""

    columns: tuple[str, ...]
    cells: tuple[Key, ...]
    index: npt.NDArray[np.int64]
    unknown: frozenset[Scalar]

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the persons of each cell."""
        return np.bincount(self.index, minlength=len(self.cells))

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
    coded = [subject.groups_of(column) for column in columns]
    index = np.zeros(subject.table().rows, dtype=np.int64)
    for column in coded:
        index = index * len(column.values) + column.codes
    cells = tuple(product(*(column.values for column in coded)))
    return Persons(tuple(columns), cells, index, frozenset([None, *unknown]))
