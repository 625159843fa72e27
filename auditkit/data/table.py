"""One table in memory: Arrow inside, codes and numbers outside, whatever library the rows came from."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.short_texts import short_text_codes
from auditkit.errors import DataError, did_you_mean
from auditkit.finding import Scalar

_NARROW = 1 << 12
_MANY = 1 << 16  # rows from which a second way to code text is worth its while
_EXACT = 2**53  # integers up to here are exact as float64
_NUMERIC = ("integer", "number", "boolean")


def normalised(name: str, column: Any) -> Any:
    """Return an Arrow column as one of the few types a `Table` holds, in one chunk.

    Integers become int64, decimals and floats float64 (NaN is missing, −0 is 0), text large_string, categories
    dictionaries. A float column that has missing values and is whole everywhere else becomes integer: that is how
    pandas stores integers with gaps.

    Raises
    ------
    DataError
        If the column holds lists, structures or bytes.
    """
    import pyarrow as pa
    import pyarrow.types as kinds

    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries() if kinds.is_dictionary(column.type) else column
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], type=column.type)
    kind = column.type
    if kinds.is_dictionary(kind):
        return _normalised_dictionary(name, column)
    if kinds.is_null(kind):
        return column.cast(pa.float64())
    if kinds.is_boolean(kind) or kinds.is_date(kind) or kinds.is_timestamp(kind):
        return column
    if kinds.is_integer(kind):
        return _floats(column.cast(pa.float64(), safe=False)) if _too_large(column) else column.cast(pa.int64())
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return _floats(column.cast(pa.float64()))
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kind == pa.string_view():
        return column.cast(pa.large_string())
    raise DataError(f"column {name!r} holds {kind}; wanted numbers, text, booleans or dates; drop or convert it")


def _too_large(column: Any) -> bool:
    import pyarrow.compute as pc

    largest = pc.max(column).as_py()
    return largest is not None and largest > np.iinfo(np.int64).max


def _floats(column: Any) -> Any:
    import pyarrow as pa

    gaps = np.asarray(column.is_null(nan_is_null=True))
    values = np.where(gaps, 0.0, column.to_numpy(zero_copy_only=False)) + 0.0
    if gaps.any() and not gaps.all() and (np.abs(values) <= _EXACT).all() and (values == np.floor(values)).all():
        return pa.array(values.astype(np.int64), mask=gaps)
    return pa.array(values, mask=gaps)


def _normalised_dictionary(name: str, column: Any) -> Any:
    import pyarrow as pa

    values = normalised(name, column.dictionary)
    indices = column.indices.cast(pa.int32())
    if values.null_count:  # a null among the categories: let the indices say so
        broken = np.asarray(values.is_null())
        gaps = np.asarray(indices.is_null())
        codes = np.where(gaps, 0, indices.fill_null(0).to_numpy())
        indices = pa.array(codes.astype(np.int32), mask=gaps | broken[codes])
        values = column.dictionary.fill_null("" if pa.types.is_large_string(values.type) else 0)
        values = normalised(name, values)
    return pa.DictionaryArray.from_arrays(indices, values, ordered=column.type.ordered)


def type_name(kind: Any) -> str:
    """Return auditkit's name of an Arrow type: integer, number, boolean, text, category, date or time."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):
        return "category"
    if kinds.is_boolean(kind):
        return "boolean"
    if kinds.is_integer(kind):
        return "integer"
    if kinds.is_floating(kind):
        return "number"
    if kinds.is_date(kind):
        return "date"
    return "time" if kinds.is_timestamp(kind) else "text"


def scalar(value: object) -> Scalar:
    """Return a value of any library as a JSON scalar.

    Examples
    --------
    >>> scalar(np.int64(3)), scalar(np.float64("nan")), scalar(np.str_("a"))
    (3, None, 'a')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value:
        return None
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble 64-bit words (the finaliser of splitmix64): a bijection in which each bit depends on all."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column as small integers and what they stand for.

    Parameters
    ----------
    codes : array of int32, shape (rows,)
        Index into `values`.
    values : tuple of scalars
        The distinct values that occur, sorted; ``None`` (missing), if it occurs, last.
    """

    codes: npt.NDArray[np.int32]
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows and typed columns that do not change.

    Parameters
    ----------
    arrow : pyarrow.Table
        Columns as `normalised` makes them; use `table_from_frame` or `read_table`, which do.
    source : mapping
        Where the rows came from: ``{"format": "frame"}``, or file (base name), format and sha256.
    """

    arrow: Any
    source: Mapping[str, str] = field(default_factory=lambda: {"format": "frame"})
    _kept: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the source."""
        return tuple(self.arrow.column_names)

    @property
    def types(self) -> dict[str, str]:
        """Type of each column: integer, number, boolean, text, category, date or time."""
        return {part.name: type_name(part.type) for part in self.arrow.schema}

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.arrow.num_rows)

    def __len__(self) -> int:
        return self.rows

    def coded(self, column: str) -> Coded:
        """Return a column as codes and sorted distinct values; missing is a value of its own, ``None``.

        Raises
        ------
        DataError
            If there is no such column.
        """
        if ("coded", column) not in self._kept:
            self._kept["coded", column] = _coded(self._array(column))
        found: Coded = self._kept["coded", column]
        return found

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """Return a numeric or boolean column as float64, shape (rows,); missing is NaN.

        Raises
        ------
        DataError
            If there is no such column, or it holds text or dates.
        """
        import pyarrow as pa

        array = self._array(column)
        if pa.types.is_dictionary(array.type) and type_name(array.type.value_type) in _NUMERIC:
            array = array.dictionary_decode()
        if type_name(array.type) not in _NUMERIC:
            example = next((value for value in self.coded(column).values if value is not None), None)
            raise DataError(
                f"column {column!r} holds {type_name(array.type)}, e.g. {example!r}, where numbers are needed; "
                "name another column, or list its code for missing under na_values"
            )
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        return np.array(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)

    def values(self, column: str) -> tuple[Scalar, ...]:
        """Return the distinct values, sorted, missing last."""
        return self.coded(column).values

    def missing_count(self, column: str) -> int:
        """Return how many rows miss a value there."""
        return int(self._array(column).null_count)

    def missing(self, column: str) -> npt.NDArray[np.bool_]:
        """Return which rows miss a value, shape (rows,)."""
        return np.asarray(self._array(column).is_null(), dtype=np.bool_)

    def frame(self, rows: npt.NDArray[Any] | None = None, columns: Sequence[str] | None = None) -> Any:
        """Return a pandas frame with a fresh index.

        Parameters
        ----------
        rows : array of int or bool, optional
            Positions to take, in this order; all by default. Column types never depend on them.
        columns : sequence of str, optional
            Names to take, in this order.
        """
        if ("frame", "") not in self._kept:
            self._kept["frame", ""] = _pandas(self.arrow)
        whole = self._kept["frame", ""]
        if columns is not None:
            for column in columns:
                self._array(column)
            whole = whole[list(columns)]
        if rows is None:
            return whole.copy()
        return whole.iloc[rows].reset_index(drop=True)

    def row_hashes(self, seed: int, columns: Sequence[str] | None = None) -> npt.NDArray[np.uint64]:
        """Return a keyed hash of the content of each row, shape (rows,).

        Equal rows have equal hashes, whatever their place, the order of the columns or the library they came from.

        Parameters
        ----------
        seed : int
            The key.
        columns : sequence of str, optional
            What counts as content; all columns by default.
        """
        total = np.zeros(self.rows, dtype=np.uint64)
        for column in self.columns if columns is None else columns:
            key = hashlib.blake2b(f"{seed}\0{column}".encode(), digest_size=8).digest()
            total += _mixed(self._words(column, seed) ^ np.uint64(int.from_bytes(key, "little")))
        return _mixed(total)

    @property
    def digest(self) -> str:
        """SHA-256 of column names, types and values, in order; the same for pandas, polars, Arrow and files."""
        if ("digest", "") not in self._kept:
            self._kept["digest", ""] = self._digest()
        return str(self._kept["digest", ""])

    def _digest(self) -> str:
        total = hashlib.sha256()
        for column in self.columns:
            kind = self._value_type(column)
            total.update(json.dumps([column, kind, self.rows]).encode())
            if kind in _NUMERIC:
                total.update(np.packbits(self.missing(column)).tobytes())
                array = self._decoded(column)
                plain = array.fill_null(False if kind == "boolean" else 0).to_numpy(zero_copy_only=False)
                total.update(plain.astype("<f8" if kind == "number" else "<i8").tobytes())
            else:
                coded = self.coded(column)
                total.update(json.dumps(coded.values).encode())
                total.update(coded.codes.astype("<i4").tobytes())
        return total.hexdigest()

    def _words(self, column: str, seed: int) -> npt.NDArray[np.uint64]:
        """Return 64 bits per row: numbers by their bits as float64 (so 1 and 1.0 agree), text by a keyed hash."""
        if self._value_type(column) in _NUMERIC:
            numbers = self.numbers(column)
            if self._value_type(column) == "integer" and (np.abs(np.nan_to_num(numbers)) >= _EXACT).any():
                exact = self._decoded(column).fill_null(0).to_numpy().view(np.uint64)
                return np.where(np.abs(np.nan_to_num(numbers)) >= _EXACT, exact, _bits(numbers))
            return _bits(numbers)
        from pandas.util import hash_array

        coded = self.coded(column)
        texts = np.array(["\0missing" if value is None else str(value) for value in coded.values], dtype=object)
        key = hashlib.blake2b(str(seed).encode(), digest_size=8).hexdigest()
        return np.asarray(hash_array(texts, hash_key=key, categorize=False), dtype=np.uint64)[coded.codes]

    def _value_type(self, column: str) -> str:
        import pyarrow as pa

        kind = self._array(column).type
        return type_name(kind.value_type if pa.types.is_dictionary(kind) else kind)

    def _decoded(self, column: str) -> Any:
        import pyarrow as pa

        array = self._array(column)
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array

    def _array(self, column: str) -> Any:
        if column not in self.arrow.column_names:
            raise DataError(f"the data have no column {column!r}.{did_you_mean(str(column), self.columns)}")
        return self.arrow.column(column).chunk(0)


def _bits(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)


def _coded_narrow(numbers: npt.NDArray[np.int64]) -> Coded | None:
    """Code integers within a narrow range by their distance from the least: no hashing."""
    if not len(numbers):
        return None
    least, most = int(numbers.min()), int(numbers.max())
    if most - least >= _NARROW:
        return None
    offset = numbers - least if least else numbers
    if most - least <= 1:  # both ends occur
        codes = offset.astype(np.int32)
        codes.flags.writeable = False
        return Coded(codes, (least,) if least == most else (least, most))
    used = np.flatnonzero(np.bincount(offset, minlength=most - least + 1))
    lookup = np.zeros(most - least + 1, dtype=np.int32)
    lookup[used] = np.arange(len(used), dtype=np.int32)
    codes = offset.astype(np.int32) if len(used) == most - least + 1 else lookup[offset]
    codes.flags.writeable = False
    return Coded(codes, tuple((used + least).tolist()))


def _coded(array: Any) -> Coded:
    import pyarrow as pa

    if pa.types.is_integer(array.type) and not array.null_count:
        found = _coded_narrow(array.to_numpy())
        if found is not None:
            return found
    if pa.types.is_large_string(array.type) and len(array) >= _MANY and not array.null_count:
        short = short_text_codes(array)
        if short is not None:
            order = np.argsort(np.array(short[1], dtype=object))
            rank = np.empty(len(order), dtype=np.int32)
            rank[order] = np.arange(len(order), dtype=np.int32)
            ranked = np.take(rank, short[0])
            ranked.flags.writeable = False
            return Coded(ranked, tuple(short[1][place] for place in order))
    fresh = not pa.types.is_dictionary(array.type)
    if fresh:
        array = array.dictionary_encode()
    if type_name(array.dictionary.type) in ("integer", "number"):
        distinct = array.dictionary.to_numpy(zero_copy_only=False)
    else:
        distinct = np.array([scalar(value) for value in array.dictionary.to_pylist()], dtype=object)
    gaps = array.null_count > 0
    codes = (array.indices.fill_null(len(distinct)) if gaps else array.indices).to_numpy()
    present = np.arange(len(distinct))
    if not fresh:  # categories may stand for no row
        present = np.flatnonzero(np.bincount(codes, minlength=len(distinct) + 1)[:-1])
    values, places = np.unique(distinct[present], return_inverse=True)
    lookup = np.full(len(distinct) + 1, len(values), dtype=np.int32)
    lookup[present] = places
    final = np.take(lookup, codes)
    final.flags.writeable = False
    return Coded(final, (*values.tolist(), *((None,) if gaps else ())))


def _pandas(arrow: Any) -> Any:
    import pandas as pd

    frame = arrow.to_pandas()
    for column in frame.columns:
        series = frame[column]
        if series.dtype == object and isinstance(series.dropna().head(1).squeeze(), str):
            frame[column] = series.where(series.notna(), np.nan)  # before pandas 3: as read_csv would have it
    return pd.DataFrame(frame)
