from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest

from auditkit.data.files import read_table
from auditkit.data.frames import table_from_frame
from auditkit.errors import DataError


def written(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_blanks_are_trimmed_and_types_follow_the_rule(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a, s ,f,b,zip\n1, x ,1.5,TRUE,007\n,, 2e3,false,123\n-3,y,.5,true,\n"))
    assert table.types == {"a": "integer", "s": "text", "f": "number", "b": "boolean", "zip": "text"}
    assert [table.coded(column).values for column in table.columns] == [
        (-3, 1, None),
        ("x", "y", None),
        (0.5, 1.5, 2000.0),
        (False, True),
        ("007", "123", None),
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["0", "10"], "integer"),
        (["0.5", "1"], "number"),
        (["-0.5", "1"], "number"),
        (["00", "1"], "text"),
        (["-01", "1"], "text"),
        (["+49", "1"], "text"),
        (["1", "12345678901234567890"], "text"),
        (["nan", "1"], "text"),
        (["inf", "1"], "text"),
        (["1,5", "2"], "text"),
        (["true", "1"], "text"),
        (["", " "], "number"),
    ],
)
def test_a_column_gets_the_first_type_that_all_its_values_match(tmp_path: Path, values: list[str], kind: str) -> None:
    path = written(tmp_path, "x,y\n" + "".join(f'"{value}",1\n' for value in values))
    assert read_table(path).types["x"] == kind


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    table = read_table(written(tmp_path, delimiter.join("abc") + "\r\n" + delimiter.join("123") + "\r\n"))
    assert table.columns == ("a", "b", "c") and table.rows == 1


def test_only_listed_texts_are_missing(tmp_path: Path) -> None:
    path = written(tmp_path, "age,race\n1,NA\n?,None\n,\n")
    assert read_table(path).coded("race").values == ("NA", "None", None)
    assert read_table(path).types["age"] == "text"
    assert read_table(path, na_values=["?"]).coded("age").values == (1, None)


def test_quoted_fields_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, 'a,b\n"x, y","say ""hi"""\n"two\nlines",z\n'))
    assert set(table.coded("a").values) == {"x, y", "two\nlines"}
    assert 'say "hi"' in table.coded("b").values


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "\ufeffa,b\n1,2\n")).columns == ("a", "b")


def test_a_file_name_with_brackets_and_quotes_is_read(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a,b\n1,2\n", "it's [1]*.csv")).rows == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'data.csv' is empty; it needs a header"),
        ("a,b\n", "'data.csv': the data have no rows"),
        ("a,b\n1,2\n1,2,3\n", "'data.csv', line 3: 3 fields where the header has 2"),
        ("a,b\n1,2\n1\n", "'data.csv', line 3: 1 fields where the header has 2"),
        ("a, a\n1,2\n", "'data.csv', line 1: column name 'a' occurs 2 times"),
        ("a,\n1,2\n", "'data.csv', line 1: column 2 has no name"),
        ('a,b\n1,"x\n', "'data.csv', line 2: a quoted value does not end"),
    ],
)
def test_a_broken_csv_is_an_error_that_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(DataError, match=r"'data.csv'.* not UTF-8 text; save"):
        read_table(path)


def test_a_missing_file_proposes_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, "a\n1\n", "people.csv")
    with pytest.raises(DataError, match=r"no file 'peple.csv' in .* Did you mean 'people.csv'?"):
        read_table(tmp_path / "peple.csv")


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unknown suffix '.xlsx'; use .csv, "):
        read_table(written(tmp_path, "x", "people.xlsx"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, not a file"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["data.parquet", "data.arrow", "data.feather"])
def test_a_file_of_another_format_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"'{name}' is no (parquet|arrow) file"):
        read_table(written(tmp_path, "a,b\n1,2\n", name))


def test_all_formats_hold_the_same_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"i": [1, None, 3], "s": ["x", "y", None], "f": [0.5, 1.5, 2.5], "b": [True, False, True]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    pl.from_pandas(frame).write_ipc(tmp_path / "a.arrow")
    feather.write_feather(pa.Table.from_pandas(frame), tmp_path / "a.feather")
    with pa.OSFile(str(tmp_path / "a.ipc"), "wb") as sink, pa.ipc.new_stream(sink, pa.table({"i": [1]}).schema) as out:
        out.write_table(pa.table({"i": [1]}))
    wanted = table_from_frame(frame)
    for name, form in (("a.csv", "csv"), ("a.parquet", "parquet"), ("a.arrow", "arrow"), ("a.feather", "arrow")):
        table = read_table(tmp_path / name)
        assert table.digest == wanted.digest, name
        sha256 = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert table.source == {"file": name, "format": form, "sha256": sha256}
    assert read_table(tmp_path / "a.ipc").coded("i").values == (1,)


def test_an_index_written_by_pandas_is_no_column(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2]}, index=[5, 9]).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").columns == ("a",)
