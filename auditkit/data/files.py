"""Files: CSV by DuckDB under stated rules, Parquet and Arrow by pyarrow."""

from __future__ import annotations

import csv
import glob
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditkit.data.frames import arrow_table, check_names
from auditkit.data.table import Table
from auditkit.errors import DataError, did_you_mean

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_DELIMITERS = (",", ";", "\t", "|")
_LEADING_ZERO = r"^-?0[0-9]"
_INTEGER = r"^-?[0-9]{1,18}$"
_WHOLE = r"^-?[0-9]{19,}$"
_NUMBER = r"^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_BOOLEAN = r"^(?i:true|false)$"


def read_table(path: Path | str, *, na_values: Sequence[str] = ("",)) -> Table:
    """Return the table in a CSV, Parquet or Arrow/Feather file.

    CSV: UTF-8, a header, one of ``, ; tab |`` between fields (the one that gives the header most fields), double
    quotes. Blanks around names and values are trimmed; then empty values and `na_values` are missing. A column is
    boolean if all its values are true or false in any case, integer if they are digits (up to 18, with or without a
    minus sign), number if they are decimal numbers, else text. One value with a leading zero (``007``), or a whole
    number too long to be exact, keeps the column text: it is a code. A column without any value is number.

    Parameters
    ----------
    path : path
        Suffix .csv, .tsv, .txt, .parquet, .pq, .arrow, .feather or .ipc.
    na_values : sequence of str
        Texts that mean missing, in CSV files only, compared after trimming.

    Raises
    ------
    DataError
        If the file is missing, empty, of another format, has no rows, two columns of one name, or a row with too many
        or too few fields.
    """
    path = Path(path)
    form = _FORMATS.get(path.suffix.lower())
    if not path.exists():
        folder = path.parent
        near = [other.name for other in folder.iterdir() if other.is_file()] if folder.is_dir() else []
        raise DataError(f"there is no file {path.name!r} in {str(folder)!r}.{did_you_mean(path.name, near)}")
    if path.is_dir():
        raise DataError(f"{path.name!r} is a folder, not a file; name one file in it")
    if form is None:
        raise DataError(f"{path.name!r}: unknown suffix {path.suffix!r}; use {', '.join(_FORMATS)}")
    try:
        if not path.stat().st_size:
            raise DataError(f"{path.name!r} is empty; it needs a header and at least one row")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path.name!r} cannot be read: {error.strerror}; check its permissions") from None
    source = {"file": path.name, "format": form, "sha256": digest}
    columns = _csv_columns(path, na_values) if form == "csv" else _arrow_columns(path, form)
    try:
        return arrow_table(columns, source)
    except DataError as error:
        raise DataError(f"{path.name!r}: {error}") from None


# ---------------------------------------------------------------- CSV


def _csv_columns(path: Path, na_values: Sequence[str]) -> dict[str, Any]:
    import duckdb

    names, delimiter = header(path)
    fields = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(names)))
    place = glob.escape(str(path)).replace("'", "''")
    query = (
        f"SELECT * FROM read_csv('{place}', columns={{{fields}}}, auto_detect=false, header=true, delim='{delimiter}', "
        "quote='\"', escape='\"', all_varchar=true, strict_mode=true, null_padding=false)"
    )
    with duckdb.connect() as connection:
        try:
            arrow = connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise DataError(_csv_problem(path, str(error))) from None
    return {name: _typed(arrow.column(index), na_values) for index, name in enumerate(names)}


def header(path: Path) -> tuple[list[str], str]:
    """Return the trimmed names and the delimiter that gives most of them."""
    best: list[str] = []
    chosen = ","
    try:
        for delimiter in _DELIMITERS:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                names = next(csv.reader(stream, delimiter=delimiter), [])
            if len(names) > len(best):
                best, chosen = [name.strip() for name in names], delimiter
    except UnicodeDecodeError:
        raise DataError(f"{path.name!r} is not UTF-8 text; save it as UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path.name!r}: no header ({error}); write column names on line 1") from None
    try:
        check_names(best)
    except DataError as error:
        raise DataError(f"{path.name!r}, line 1: {error}") from None
    return best, chosen


def _csv_problem(path: Path, message: str) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{path.name!r}, line {line.group(1)}" if line else repr(path.name)
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if counts:
        return f"{where}: {counts.group(2)} fields where the header has {counts.group(1)}; quote or mend that line"
    if "unicode" in message.lower() or "utf-8" in message.lower():
        return f"{where}: not UTF-8 text; save the file as UTF-8"
    if "quote" in message.lower():
        return f"{where}: a quoted value does not end where it should; close its double quotes"
    return f"{where}: {message.splitlines()[0]}; mend that line"


def _typed(column: Any, na_values: Sequence[str]) -> Any:
    """Return a column of texts as the first type that all its distinct values match."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    texts = pc.utf8_trim_whitespace(coded.dictionary.cast(pa.large_string()))
    absent = pa.array(sorted({"", *(value.strip() for value in na_values)}), type=pa.large_string())
    texts = pc.if_else(pc.is_in(texts, value_set=absent), pa.scalar(None, pa.large_string()), texts)
    return _converted(texts).take(coded.indices)


def _converted(texts: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = texts.drop_null()

    def every(pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(known, pattern), min_count=0).as_py())

    def any_(pattern: str) -> bool:
        return bool(pc.any(pc.match_substring_regex(known, pattern), min_count=0).as_py())

    if not len(known):
        return texts.cast(pa.float64())
    if every(_BOOLEAN):
        return pc.equal(pc.utf8_lower(texts), "true")
    if any_(_LEADING_ZERO) or any_(_WHOLE) or not every(_NUMBER):
        return texts
    return texts.cast(pa.int64() if every(_INTEGER) else pa.float64())


# ---------------------------------------------------------------- Parquet and Arrow


def _arrow_columns(path: Path, form: str) -> dict[str, Any]:
    import pyarrow as pa

    try:
        arrow = _parquet(path) if form == "parquet" else _feather(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path.name!r} is no {form} file ({reason}); write it again or mend its suffix") from None
    try:
        check_names(arrow.column_names)
    except DataError as error:
        raise DataError(f"{path.name!r}: {error}") from None
    pairs = zip(arrow.column_names, arrow.columns, strict=True)
    # pandas writes an index that is no plain range as columns of this name.
    return {name: column for name, column in pairs if not re.fullmatch(r"__index_level_\d+__", name)}


def _parquet(path: Path) -> Any:
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        return file.read()


def _feather(path: Path) -> Any:
    import pyarrow as pa

    with pa.memory_map(str(path)) as memory:
        start = memory.read(6)
        memory.seek(0)
        reader = pa.ipc.open_file(memory) if start == b"ARROW1" else pa.ipc.open_stream(memory)
        return reader.read_all()


def read_hierarchy(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the coarser values of each value: a CSV without a header, in each row a value, then its ancestors.

    Raises
    ------
    DataError
        If the file is no text, or a value stands there twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name!r} is not UTF-8 text; save it as UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    found: dict[str, tuple[str, ...]] = {}
    for row in csv.reader(text.splitlines(), delimiter=delimiter):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if cells[0] in found:
            raise DataError(f"{path.name!r}: the value {cells[0]!r} stands there twice; keep one row of each value")
        found[cells[0]] = tuple(cells[1:])
    return found
