"""Distinct combinations of columns with their row counts: what every question of re-identification is answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.attacks.equivalence_classes import class_sizes, distinct_rows
from auditkit.data.scan import Scan
from auditkit.data.table import Coded, Table

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    """Distinct combinations of some columns.

    Parameters
    ----------
    columns : mapping of str to Coded
        The value of each column in each combination; all of the same length.
    counts : int64 array, shape (combinations,)
        Rows of each combination, at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from auditkit.data.frames import table_from_frame
    >>> rows = table_from_frame(pd.DataFrame({"sex": ["f", "f", "m"], "age": [30, 30, 40]}))
    >>> combinations(rows, ["sex", "age"]).class_sizes(["sex"])[1].tolist()
    [2, 1]
    """

    columns: Mapping[str, Coded]
    counts: Counts

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.counts.sum())

    def class_sizes(self, columns: Sequence[str]) -> tuple[Counts, Counts]:
        """Return the class of each combination when rows are compared by some columns only, and the rows of each class."""
        if not columns:
            return np.zeros(len(self.counts), dtype=np.int64), np.array([self.rows], dtype=np.int64)
        coded = [self.columns[name] for name in columns]
        inverse, found = class_sizes([one.codes for one in coded], [len(one.values) for one in coded])
        return inverse, np.bincount(inverse, weights=self.counts, minlength=len(found)).astype(np.int64)

    def replaced(self, column: str, values: Coded) -> Combinations:
        """Return the same combinations with another coding of one column, such as a coarser one."""
        return Combinations({**self.columns, column: values}, self.counts)


def combinations(rows: Table | Scan, columns: Sequence[str]) -> Combinations:
    """Return the distinct combinations of some columns; of rows in files by one grouping in DuckDB.

    Parameters
    ----------
    rows : Table or Scan
    columns : sequence of str
        At least one.
    """
    if isinstance(rows, Scan):
        table, counts = rows.distinct(columns)
        return Combinations({name: table.coded(name) for name in columns}, counts)
    coded = {name: rows.coded(name) for name in columns}
    found, counts = distinct_rows([one.codes for one in coded.values()], [len(one.values) for one in coded.values()])
    kept = {
        name: Coded(codes.astype(np.int32), one.values) for (name, one), codes in zip(coded.items(), found, strict=True)
    }
    return Combinations(kept, counts)
