"""Coarser columns, and hierarchies that raise k as they must."""

import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.attacks.combinations import combinations
from auditkit.attacks.generalising import coarser, levels
from auditkit.data.files import read_hierarchy
from auditkit.data.frames import table_from_frame
from auditkit.errors import DataError

COLUMNS = ["age", "sex", "race", "marital-status"]


def test_numbers_go_into_five_bands_of_about_equal_count() -> None:
    column = table_from_frame(pd.DataFrame({"x": range(100)})).coded("x")
    how, found = coarser(column, np.ones(100, dtype=np.int64), 5) or ("", column)
    assert how == "in 5 bands"
    assert np.bincount(found.codes).tolist() == [20] * 5


def test_rare_texts_become_one_value_and_missing_stays_missing() -> None:
    frame = pd.DataFrame({"x": ["a"] * 6 + ["b", "c", "d"] + [None]})
    column = table_from_frame(frame).coded("x")
    how, found = coarser(column, np.ones(10, dtype=np.int64), 5) or ("", column)
    assert how == "3 values with fewer than 5 rows as one"
    assert len(found.values) == 3 and None in found.values
    assert coarser(table_from_frame(frame[:6]).coded("x"), np.ones(6, dtype=np.int64), 5) is None


def test_a_value_outside_its_hierarchy_is_named() -> None:
    column = table_from_frame(pd.DataFrame({"x": ["a", "bb"]})).coded("x")
    with pytest.raises(DataError, match=r"hierarchy of 'x': the value 'bb' is not in it\. Did you mean 'b'"):
        levels("x", column, {"a": ["*"], "b": ["*"]})


def test_a_hierarchy_with_a_value_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "age.csv").write_text("1;low\n1;high\n")
    with pytest.raises(DataError, match="stands there twice"):
        read_hierarchy(tmp_path / "age.csv")


def test_hierarchies_of_arx_never_lower_k_and_end_in_one_class(data_folder: Path) -> None:
    folder = data_folder / "adult_arx"
    if not (folder / "adult.csv.gz").exists():
        pytest.skip("adult_arx is not among the real data")
    with gzip.open(folder / "adult.csv.gz", "rt") as stream:
        rows = combinations(table_from_frame(pd.read_csv(stream, sep=";")), COLUMNS)
    for column in COLUMNS:
        hierarchy = read_hierarchy(folder / f"adult_hierarchy_{column}.csv")
        counts = [rows.class_sizes(COLUMNS)[1]]
        for level in levels(column, rows.columns[column], hierarchy):
            counts.append(rows.replaced(column, level).class_sizes(COLUMNS)[1])
        assert all(before.min() <= after.min() for before, after in itertools.pairwise(counts))
        assert all(len(before) >= len(after) for before, after in itertools.pairwise(counts))
        rows = rows.replaced(column, levels(column, rows.columns[column], hierarchy)[-1])
    assert rows.class_sizes(COLUMNS)[1].tolist() == [30162]
