from __future__ import annotations

import datetime
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.frames import table_from_frame
from auditkit.data.table import Table, scalar
from auditkit.errors import DataError

PEOPLE = {
    "age": [31, None, 19, 31],
    "sex": ["f", "m", None, "f"],
    "income": [1.5, 2.25, None, 0.0],
    "hired": [True, False, True, True],
    "rank": [3, 1, 2, 3],
}
MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table, "lazy polars": pl.LazyFrame}


def people(maker: str = "pandas") -> Table:
    return table_from_frame(MAKERS[maker](PEOPLE))


@pytest.mark.parametrize("maker", MAKERS)
def test_every_library_gives_the_same_table(maker: str) -> None:
    table, reference = people(maker), people()
    assert table.digest == reference.digest
    assert table.types == {"age": "integer", "sex": "text", "income": "number", "hired": "boolean", "rank": "integer"}
    assert (table.row_hashes(3) == reference.row_hashes(3)).all()
    for column in table.columns:
        assert table.coded(column).values == reference.coded(column).values
        assert (table.coded(column).codes == reference.coded(column).codes).all()
    pd.testing.assert_frame_equal(table.frame(), reference.frame())


def test_values_are_sorted_and_missing_is_the_last_of_them() -> None:
    coded = people().coded("sex")
    assert coded.values == ("f", "m", None)
    assert coded.codes.tolist() == [0, 1, 2, 0]
    assert coded.codes.dtype == np.int32


def test_integers_with_gaps_stay_integers() -> None:
    values = people().coded("age").values
    assert values == (19, 31, None)
    assert [type(value) for value in values] == [int, int, type(None)]


def test_values_are_python_scalars_and_not_numpy_ones() -> None:
    table = people()
    kinds = {type(value) for column in table.columns for value in table.coded(column).values}
    assert kinds == {int, float, str, bool, type(None)}


def test_categories_that_do_not_occur_are_no_values() -> None:
    column = pd.Categorical(["b", None, "a"], categories=["z", "b", "a"], ordered=True)
    table = table_from_frame(pd.DataFrame({"x": column}))
    assert table.coded("x").values == ("a", "b", None)
    assert table.coded("x").codes.tolist() == [1, 2, 0]
    assert table.types == {"x": "category"}
    assert table.frame()["x"].cat.categories.tolist() == ["z", "b", "a"]
    assert table.frame()["x"].cat.ordered


def test_a_category_and_a_text_of_the_same_content_have_the_same_digest_and_hashes() -> None:
    text = table_from_frame(pd.DataFrame({"x": ["b", None, "a"]}))
    for frame in (
        pd.DataFrame({"x": pd.Categorical(["b", None, "a"])}),
        pl.DataFrame({"x": ["b", None, "a"]}, schema={"x": pl.Categorical}),
        pa.table({"x": pa.array(["b", None, "a"]).dictionary_encode()}),
    ):
        table = table_from_frame(frame)
        assert table.digest == text.digest
        assert (table.row_hashes(0) == text.row_hashes(0)).all()


def test_a_null_among_the_categories_is_missing() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2]), pa.array(["a", None, "b"]))
    table = table_from_frame(pa.table({"x": column}))
    assert table.coded("x").values == ("a", "b", None)
    assert table.missing("x").tolist() == [False, True, True, False]


def test_chunks_with_different_dictionaries_are_one_column() -> None:
    chunks = pa.chunked_array([pa.array(["b", "a"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()])
    table = table_from_frame(pa.table({"x": chunks}))
    assert [table.coded("x").values[code] for code in table.coded("x").codes] == ["b", "a", "c", "a"]


def test_dates_are_their_iso_texts() -> None:
    days = [datetime.date(2024, 2, 1), None, datetime.date(2023, 1, 1)]
    table = table_from_frame(pl.DataFrame({"day": days}))
    assert table.types == {"day": "date"}
    assert table.coded("day").values == ("2023-01-01", "2024-02-01", None)


def test_numbers_are_floats_with_nan_where_missing() -> None:
    table = people()
    assert table.numbers("age").tolist()[0] == 31.0 and math.isnan(table.numbers("age")[1])
    assert table.numbers("hired").tolist() == [1.0, 0.0, 1.0, 1.0]


def test_numbers_of_a_text_column_are_an_error_that_shows_a_value() -> None:
    with pytest.raises(DataError, match=r"column 'sex' holds text, e.g. 'f', where numbers are needed"):
        people().numbers("sex")


def test_a_misspelt_column_is_an_error_that_proposes_the_right_one() -> None:
    with pytest.raises(DataError, match=r"no column 'sxe'. Did you mean 'sex'?"):
        people().coded("sxe")


def test_taking_rows_never_changes_a_columns_type() -> None:
    table = people()
    taken = table.frame(rows=np.array([3, 0]), columns=["age", "sex"])
    assert taken["age"].tolist() == [31.0, 31.0]
    assert taken.dtypes.equals(table.frame(columns=["age", "sex"]).dtypes)
    assert taken.index.tolist() == [0, 1]


def test_writing_into_a_frame_does_not_change_the_table() -> None:
    table = people()
    frame = table.frame()
    frame.loc[0, "income"] = 99.0
    assert table.frame().loc[0, "income"] == 1.5
    assert table.numbers("income")[0] == 1.5


def test_changing_the_given_frame_afterwards_does_not_change_the_table() -> None:
    given_frame = pd.DataFrame({"x": [1.5, 2.5], "n": [1, 2]})
    table = table_from_frame(given_frame)
    before = table.digest
    given_frame.loc[0, "x"] = 7.0
    given_frame["n"].to_numpy(copy=False)
    assert table.numbers("x").tolist() == [1.5, 2.5]
    assert table_from_frame(table.frame()).digest == before


def test_hashes_know_the_seed_and_not_the_place_of_a_row() -> None:
    table = people()
    order = np.array([2, 0, 3, 1])
    moved = table_from_frame(table.frame(rows=order))
    assert (moved.row_hashes(7) == table.row_hashes(7)[order]).all()
    assert (table.row_hashes(7) != table.row_hashes(8)).all()


def test_hashes_do_not_depend_on_the_order_of_columns() -> None:
    table = people()
    assert (table.row_hashes(1, ["sex", "age"]) == table.row_hashes(1, ["age", "sex"])).all()
    assert table.row_hashes(1, ["sex"])[0] == table.row_hashes(1, ["sex"])[3]


def test_swapping_two_columns_values_changes_the_hash() -> None:
    one = table_from_frame(pd.DataFrame({"a": [1], "b": [2]}))
    other = table_from_frame(pd.DataFrame({"a": [2], "b": [1]}))
    assert one.row_hashes(0)[0] != other.row_hashes(0)[0]
    assert one.digest != other.digest


def test_neighbouring_large_integers_have_different_hashes() -> None:
    table = table_from_frame(pd.DataFrame({"id": [2**53, 2**53 + 1, 2**53 + 2]}))
    assert len(set(table.row_hashes(0).tolist())) == 3


def test_minus_zero_is_zero() -> None:
    table = table_from_frame(pd.DataFrame({"x": [0.0, -0.0, 0.5]}))
    assert table.coded("x").values == (0.0, 0.5)
    assert table.row_hashes(0)[0] == table.row_hashes(0)[1]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(np.int8(3), 3), (np.bool_(True), True), (np.float64("nan"), None), (pd.NaT, None), (None, None), ("a", "a")],
)
def test_a_scalar_of_any_library_becomes_a_json_scalar(value: object, wanted: object) -> None:
    assert scalar(value) == wanted
    assert type(scalar(value)) is type(wanted)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.one_of(
    st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), min_size=1),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1),
    st.lists(st.one_of(st.none(), FLOATS), min_size=1),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1),
)


@given(COLUMNS)
def test_codes_and_values_give_the_column_back(column: list[object]) -> None:
    table = table_from_frame(pa.table({"x": column}))
    coded = table.coded("x")
    assert [coded.values[code] for code in coded.codes] == column
    known = [value for value in coded.values if value is not None]
    assert known == sorted(set(known))
    assert set(range(len(coded.values))) == set(coded.codes.tolist())
    assert None not in coded.values[:-1]
    assert table.missing("x").tolist() == [value is None for value in column]


@given(COLUMNS, st.integers(0, 2**63))
def test_rows_have_equal_hashes_exactly_if_they_are_equal(column: list[object], seed: int) -> None:
    hashes = table_from_frame(pa.table({"x": column})).row_hashes(seed).tolist()
    assert len(set(hashes)) == len(set(column))
    assert len(set(zip(hashes, column, strict=True))) == len(set(column))
