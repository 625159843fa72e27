from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from auditkit.data.frames import table_from_frame
from auditkit.errors import DataError


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "the data are a list, not a frame; pass"),
        (np.zeros((2, 2)), "the data are a ndarray, not a frame"),
        (pd.DataFrame({"a": []}), "the data have no rows"),
        (pd.DataFrame(), "the data have no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "column name 'a' occurs 2 times; rename"),
        (pa.table([[1], [2]], names=["a", "a"]), "column name 'a' occurs 2 times; rename"),
        (pd.DataFrame([[1, 2]]), r"a column is named 0, no text; rename it"),
        (pd.DataFrame({" ": [1]}), "column 1 has no name"),
        (pd.DataFrame({"a": [1, "x"]}), r"column 'a' mixes int, str; convert it"),
        (pd.DataFrame({"a": [[1]]}), "column 'a' holds list<.*>; wanted numbers"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_one_line(frame: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        table_from_frame(frame)
    assert "\n" not in str(caught.value)


def test_an_index_is_no_column_and_does_not_matter() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    table = table_from_frame(frame)
    assert table.columns == ("a",)
    assert table.frame().index.tolist() == [0, 1]


def test_a_table_is_returned_as_it_is() -> None:
    table = table_from_frame(pd.DataFrame({"a": [1]}))
    assert table_from_frame(table) is table


def test_a_duckdb_relation_is_collected() -> None:
    with duckdb.connect() as connection:
        table = table_from_frame(connection.sql("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a"))
    assert table.coded("a").values == (1, 2)


def test_nullable_and_narrow_pandas_types_are_read() -> None:
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "s": pd.array(["x", None], dtype="string"),
            "f": np.array([0.5, np.nan], dtype=np.float32),
            "n": np.array([1, 2], dtype=np.uint8),
            "nothing": [None, None],
        }
    )
    table = table_from_frame(frame)
    assert list(table.types.values()) == ["integer", "boolean", "text", "number", "integer", "number"]
    assert [table.coded(column).values for column in table.columns] == [
        (1, None),
        (True, None),
        ("x", None),
        (0.5, None),
        (1, 2),
        (None,),
    ]
    assert table.source == {"format": "frame"}
