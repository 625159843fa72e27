"""Rows that stay in their files: counted by DuckDB where they lie, never loaded whole."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.files import header
from auditkit.data.frames import arrow_table, check_names
from auditkit.data.table import Table, scalar, type_name
from auditkit.errors import DataError, did_you_mean
from auditkit.finding import Scalar

_PARQUET, _CSV = (".parquet", ".pq"), (".csv", ".tsv", ".txt")
_BATCH = 1 << 17
Cell = tuple[tuple[Scalar, ...], int, int | None, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Files of one shape, Parquet or CSV, together larger than memory perhaps.

    Parameters
    ----------
    paths : tuple of Path
        In the order of their names.
    relation : str
        What DuckDB selects from.
    types : mapping
        auditkit's type of each column.
    """

    paths: tuple[Path, ...]
    relation: str
    types: Mapping[str, str]
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)
    _grouped: dict[tuple[tuple[str, ...], str | None], list[Cell]] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.types)

    @property
    def rows(self) -> int:
        """Number of rows."""
        if "rows" not in self._kept:
            counted = next(iter(self._grouped.values()), None)
            self._kept["rows"] = (
                int(self.query(f"SELECT count(*) FROM {self.relation}")[0][0])
                if counted is None
                else sum(n for _, n, *_ in counted)
            )
        return int(self._kept["rows"])

    def __len__(self) -> int:
        return self.rows

    @property
    def source(self) -> dict[str, str]:
        """Base names of the files, their format, and how rows are read."""
        names = ", ".join(path.name for path in self.paths[:3]) + (" …" if len(self.paths) > 3 else "")
        form = "parquet" if self.paths[0].suffix.lower() in _PARQUET else "csv"
        return {"file": names, "files": str(len(self.paths)), "format": form, "engine": "duckdb, in place"}

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of the files, in the order of their names."""
        if "digest" not in self._kept:
            total = hashlib.sha256()
            for path in self.paths:
                with path.open("rb") as stream:
                    total.update(hashlib.file_digest(stream, "sha256").digest())
            self._kept["digest"] = total.hexdigest()
        return str(self._kept["digest"])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, on a connection of its own."""
        import duckdb

        with duckdb.connect() as connection:
            try:
                return list(connection.execute(sql).fetchall())
            except duckdb.Error as error:
                raise self._mended(error) from None

    def _mended(self, error: Exception) -> DataError:
        first = str(error).splitlines()[0]
        return DataError(f"{self.paths[0].name!r}: {first}; mend the files, or load them as a frame")

    def column(self, name: str) -> str:
        """Return a column as SQL.

        Raises
        ------
        DataError
            If there is no such column.
        """
        if name not in self.types:
            raise DataError(f"the data have no column {name!r}.{did_you_mean(name, self.columns)}")
        return _quoted(name)

    def values(self, name: str, most: int = 1000) -> tuple[Scalar, ...]:
        """Return up to `most` + 1 distinct values, sorted, missing last."""
        key = f"values {name} {most}"
        if key not in self._kept:
            where = self.column(name)
            counted = self._counted(where)
            if counted is not None:
                distinct = set(counted)
            else:
                found = self.query(f"SELECT DISTINCT {where} FROM {self.relation} LIMIT {most + 1}")
                distinct = {scalar(row[0]) for row in found}
            known = sorted((value for value in distinct if value is not None), key=_order)
            self._kept[key] = (*known, *((None,) if None in distinct else ()))
        return tuple(self._kept[key])

    def missing_count(self, name: str) -> int:
        """Return how many rows miss a value there."""
        where = self.column(name)
        counted = self._counted(where)
        if counted is not None:
            return counted.get(None, 0)
        gone = f"{where} IS NULL" + (f" OR isnan({where})" if self.types[name] == "number" else "")
        return int(self.query(f"SELECT count(*) FILTER ({gone}) FROM {self.relation}")[0][0])

    def _counted(self, key: str) -> dict[Scalar, int] | None:
        """Return the counts of one key from a grouping made before, so that its values cost no further pass."""
        for (keys, _), cells in self._grouped.items():
            if key in keys:
                place = keys.index(key)
                counts: dict[Scalar, int] = {}
                for values, n, *_ in cells:
                    counts[values[place]] = counts.get(values[place], 0) + n
                return counts
        return None

    def grouped(self, keys: Sequence[str], weight: str | None = None) -> list[Cell]:
        """Return distinct keys with n and, of a weight, Σw and Σw² in whole units of 2⁻²⁰ and 2⁻⁴⁰; one pass, kept.

        Parameters
        ----------
        keys : sequence of str
            SQL expressions.
        weight : str, optional
            A column.
        """
        if (tuple(keys), weight) in self._grouped:
            return self._grouped[tuple(keys), weight]
        named = ", ".join(f"{key} AS k{place}" for place, key in enumerate(keys))
        groups = ", ".join(f"k{place}" for place in range(len(keys)))
        sums = "" if weight is None else f", {self._weight_sums(weight)}"
        found = self.query(f"SELECT {named}, count(*){sums} FROM {self.relation} GROUP BY {groups}")
        width = len(keys)
        if weight is not None:
            _check_weights(weight, [row[width + 3 :] for row in found])
        self._grouped[tuple(keys), weight] = [
            (
                tuple(scalar(value) for value in row[:width]),
                int(row[width]),
                int(row[width + 1]) if weight is not None else None,
                int(row[width + 2]) if weight is not None else None,
            )
            for row in found
        ]
        return self._grouped[tuple(keys), weight]

    def _weight_sums(self, weight: str) -> str:
        """Return SQL for Σw and Σw² in whole units, how many weights are none, and the least and greatest above 0."""
        value = f"CAST({self.column(weight)} AS DOUBLE)"
        none = f"({value} IS NULL OR isnan({value}) OR isinf({value}) OR {value} < 0)"
        unit = f"CAST(round(CASE WHEN {none} OR {value} > 1e6 THEN 0 ELSE {value} END * 1048576.0) AS HUGEINT)"
        above = f"FILTER (NOT {none} AND {value} > 0)"
        return (
            f"sum({unit}), sum({unit} * {unit}), count(*) FILTER ({none}), min({value}) {above}, max({value}) {above}"
        )

    def distinct(self, columns: Sequence[str]) -> tuple[Table, npt.NDArray[np.int64]]:
        """Return the distinct combinations of some columns as a table, and the rows of each; one pass, not sorted."""
        import duckdb

        picked = ", ".join(self.column(name) for name in columns)
        query = f"SELECT {picked}, count(*) FROM {self.relation} GROUP BY {picked}"
        with duckdb.connect() as connection:
            try:
                found: Any = connection.sql(query).to_arrow_table()
            except duckdb.Error as error:
                raise self._mended(error) from None
        table = arrow_table(dict(zip(columns, found.columns[:-1], strict=True)), self.source)
        return table, found.column(len(columns)).to_numpy().astype(np.int64)

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest number of a column."""
        where = self.column(name)
        low, high = self.query(f"SELECT min({where}), max({where}) FROM {self.relation}")[0]
        return float(low or 0), float(high or 0)

    def batches(self, columns: Sequence[str]) -> Iterator[Table]:
        """Yield tables of some 130,000 rows with these columns."""
        import duckdb

        picked = ", ".join(self.column(name) for name in columns)
        with duckdb.connect() as connection:
            connection.execute("SET preserve_insertion_order = false")
            reader: Any = connection.sql(f"SELECT {picked} FROM {self.relation}").to_arrow_reader(_BATCH)
            for batch in reader:
                if batch.num_rows:
                    yield arrow_table(dict(zip(columns, batch.columns, strict=True)), self.source)

    def sample(self, n: int, seed: int) -> Table:
        """Return n rows as a table: those with the smallest keyed hashes of (seed, content), in that order."""
        import duckdb

        content = ", ".join(f"coalesce(CAST({_quoted(name)} AS VARCHAR), chr(0))" for name in sorted(self.types))
        key = f"md5(concat_ws(chr(1), '{int(seed)}', {content}))"
        with duckdb.connect() as connection:
            query = f"SELECT * FROM {self.relation} ORDER BY {key} LIMIT {int(n)}"
            found: Any = connection.sql(query).to_arrow_table()
        return arrow_table(dict(zip(found.column_names, found.columns, strict=True)), self.source)


def _check_weights(weight: str, rows: Sequence[tuple[Any, ...]]) -> None:
    none = sum(int(row[0]) for row in rows)
    if none:
        raise DataError(
            f"weight column {weight!r}: {none:,} weights are missing, infinite or below 0; mend or drop them"
        )
    low = min((float(row[1]) for row in rows if row[1] is not None), default=0.0)
    high = max((float(row[2]) for row in rows if row[2] is not None), default=0.0)
    if low < 1e-3 or high > 1e6:
        raise DataError(
            f"weights in {weight!r} run from {low:.3g} to {high:.3g}, wanted 0.001 to 1,000,000; multiply them all by one "
            "number, which changes no result"
        )


def scan(path: str | Path, *, na_values: Sequence[str] = ("",)) -> Scan:
    """Return the rows of files that stay where they are.

    Parameters
    ----------
    path : path
        A file, a folder of Parquet files, or a pattern such as ``"rows/*.parquet"``; CSV files share one header.
    na_values : sequence of str
        Texts that mean missing, in CSV files only, compared after trimming.

    Raises
    ------
    DataError
        If nothing is there, or the files are of mixed or unknown format.
    """
    given = Path(path)
    if given.is_dir():
        paths = sorted(given.glob("*.parquet"))
    else:
        paths = [given] if given.exists() else sorted(Path(found) for found in glob.glob(str(path)))
    if not paths:
        raise DataError(f"there is no file {given.name!r}; name a file, a folder of Parquet files or a pattern")
    suffixes = {found.suffix.lower() for found in paths}
    if suffixes <= set(_PARQUET):
        relation = f"read_parquet([{', '.join(map(_place, paths))}])"
    elif suffixes <= set(_CSV):
        relation = _csv(paths, na_values)
    else:
        raise DataError(
            f"{given.name!r}: got files ending in {', '.join(sorted(suffixes))}, wanted Parquet or CSV alone"
        )
    empty = Scan(tuple(paths), relation, {})
    described = empty.query(f"DESCRIBE SELECT * FROM {relation}")
    check_names([row[0] for row in described])
    # pandas writes an index that is no plain range as columns of this name
    index = [row[0] for row in described if re.fullmatch(r"__index_level_\d+__", row[0])]
    if index:
        relation = f"(SELECT * EXCLUDE ({', '.join(map(_quoted, index))}) FROM {relation})"
        described = [row for row in described if row[0] not in index]
    types = {str(name): _types(str(kind)) for name, kind, *_ in described}
    return Scan(tuple(paths), relation, types)


def _csv(paths: Sequence[Path], na_values: Sequence[str]) -> str:
    """Return a selection that reads CSV by the rules of `read_table`: trimmed, typed by what all its values match."""
    names, delimiter = header(paths[0])
    fields = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(names)))
    read = (
        f"read_csv([{', '.join(map(_place, paths))}], columns={{{fields}}}, auto_detect=false, header=true, "
        f"delim='{delimiter}', quote='\"', escape='\"', all_varchar=true, strict_mode=true, null_padding=false)"
    )
    absent = ", ".join(_text(value.strip()) for value in ("", *na_values))
    trimmed = [f"CASE WHEN trim(c{i}) IN ({absent}) THEN NULL ELSE trim(c{i}) END" for i in range(len(names))]
    tests = [
        (
            f"bool_and(regexp_full_match({text}, '(?i:true|false)'))",
            f"bool_or(regexp_matches({text}, '^-?0[0-9]') OR regexp_matches({text}, '^-?[0-9]{{19,}}$'))",
            f"bool_and(regexp_full_match({text}, '-?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?'))",
            f"bool_and(regexp_full_match({text}, '-?[0-9]{{1,18}}'))",
        )
        for text in trimmed
    ]
    flat = ", ".join(test for column in tests for test in column)
    found = Scan(tuple(paths), read, {}).query(f"SELECT {flat} FROM {read}")[0]
    picked = []
    for place, (name, text) in enumerate(zip(names, trimmed, strict=True)):
        boolean, code, number, integer = found[4 * place : 4 * place + 4]
        kind = (
            "DOUBLE"
            if boolean is None
            else "BOOLEAN"
            if boolean
            else "VARCHAR"
            if code or not number
            else "BIGINT"
            if integer
            else "DOUBLE"
        )
        picked.append(f"CAST({text} AS {kind}) AS {_quoted(name)}")
    return f"(SELECT {', '.join(picked)} FROM {read})"


def _types(kind: str) -> str:
    import pyarrow as pa

    if kind.startswith("ENUM"):
        return "category"
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        return "number"
    if "INT" in kind:
        return "integer"
    if kind == "BOOLEAN":
        return "boolean"
    if kind.startswith("TIMESTAMP"):
        return "time"
    if kind == "DATE":
        return type_name(pa.date32())
    if kind == "VARCHAR":
        return "text"
    return kind.lower()


def _order(value: Scalar) -> tuple[int, float, str]:
    return (0, float(value), "") if isinstance(value, bool | int | float) else (1, 0.0, str(value))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _place(path: Path) -> str:
    return _text(glob.escape(str(path)))
