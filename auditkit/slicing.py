"""Columns cut into a few values each, and a shallow tree of errors over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.data.binning import bin_labels
from auditkit.data.table import Table

Codes = npt.NDArray[np.int32]
_MOST_VALUES = 10
_DEPTH = 3
_LEAST_LEAF = 50


@dataclass(frozen=True, slots=True, eq=False)
class SlicedColumn:
    """A column as codes of a few values.

    Attributes
    ----------
    name : str
    codes : int array, shape (rows,)
    values : tuple of str
        What the codes stand for, in words.
    ordered : bool
        Whether they are bins of a number.
    """

    name: str
    codes: Codes
    values: tuple[str, ...]
    ordered: bool

    def says(self, code: int) -> str:
        """Return one value in words: ``age 25 to under 40``, ``sex is Female``."""
        return f"{self.name} {self.values[code]}" if self.ordered else f"{self.name} is {self.values[code]}"


def sliced_columns(table: Table, column: str, bins: int) -> SlicedColumn:
    """Return a column cut into bins at its quantiles if it has more than ten numbers, else its ten most frequent values.

    Cut points are rounded to three digits; a number at a cut point belongs to the bin above. Missing is a value.
    """
    coded = table.coded(column)
    numeric = table.types[column] in ("integer", "number")
    if numeric and len(coded.values) > _MOST_VALUES:
        return _at_quantiles(column, table.numbers(column), bins)
    counts = np.bincount(coded.codes, minlength=len(coded.values))
    names = ["(missing)" if value is None else str(value) for value in coded.values]
    if len(names) <= _MOST_VALUES:
        return SlicedColumn(column, coded.codes.astype(np.int32), tuple(names), False)
    kept = np.sort(np.lexsort((np.arange(len(counts)), -counts))[: _MOST_VALUES - 1])
    lookup = np.full(len(counts), len(kept), dtype=np.int32)
    lookup[kept] = np.arange(len(kept), dtype=np.int32)
    words = (*(names[place] for place in kept), f"one of {len(counts) - len(kept)} rarer values")
    return SlicedColumn(column, np.take(lookup, coded.codes), words, False)


def _at_quantiles(column: str, numbers: npt.NDArray[np.float64], bins: int) -> SlicedColumn:
    known = numbers[~np.isnan(numbers)]
    levels = np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf")
    cuts = sorted({float(f"{cut:.3g}") for cut in levels.tolist()} - {float(known.min())}) or [float(np.median(known))]
    codes = np.searchsorted(np.array(cuts), numbers, side="right").astype(np.int32)
    words: tuple[str, ...] = bin_labels(cuts)
    if len(known) < len(numbers):
        codes[np.isnan(numbers)] = len(words)
        words = (*words, "is missing")
    return SlicedColumn(column, codes, words, True)


def error_tree(
    columns: Sequence[SlicedColumn], codes: Sequence[Codes], errors: npt.NDArray[np.float64], other: Sequence[Codes]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Fit a tree of errors on some rows and yield its leaves: in words, and which other rows each holds.

    Rows are first added up by their values, so that their order changes nothing.
    """
    from sklearn.tree import DecisionTreeRegressor

    key = np.stack(codes, axis=1)
    cells, index = np.unique(key, axis=0, return_inverse=True)
    index = index.reshape(-1)
    rows = np.bincount(index).astype(np.float64)
    order = np.lexsort((errors, index))
    mean = np.bincount(index[order], weights=errors[order]) / rows
    questions = _questions(columns)
    tree = DecisionTreeRegressor(
        max_depth=_DEPTH, min_weight_fraction_leaf=min(0.5, _LEAST_LEAF / len(errors)), random_state=0
    )
    tree.fit(_asked(questions, cells.T), mean, sample_weight=rows)
    leaves = tree.apply(_asked(questions, other))
    for leaf, words in _paths(tree.tree_, questions, columns):
        yield words or "all rows", leaves == leaf


Question = tuple[int, int]


def _questions(columns: Sequence[SlicedColumn]) -> list[Question]:
    """Return (column, code) for each yes-or-no question: is it this bin, this value."""
    return [(place, code) for place, column in enumerate(columns) for code in range(len(column.values))]


def _asked(questions: Sequence[Question], codes: Sequence[Codes] | npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    return np.stack([codes[place] == code for place, code in questions], axis=1).astype(np.float32)


def _paths(tree: object, questions: Sequence[Question], columns: Sequence[SlicedColumn]) -> Iterator[tuple[int, str]]:
    stack: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    while stack:
        node, words = stack.pop()
        left, right = int(tree.children_left[node]), int(tree.children_right[node])  # type: ignore[attr-defined]
        if left < 0:
            yield node, "; ".join(words)
            continue
        place, code = questions[int(tree.feature[node])]  # type: ignore[attr-defined]
        says = columns[place].says(code)
        stack += [(left, (*words, f"not {says}")), (right, (*words, says))]
