"""Equal rows are found in whatever table, order or library, and nothing else is."""

import numpy as np
import pandas as pd
import polars as pl

from auditkit.data.frames import table_from_frame
from auditkit.data.row_keys import conflicts, known, repetitions, row_keys


def frame_of(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"a": rng.integers(0, 5, n), "b": rng.choice(["x", "y", None], n), "c": rng.normal(size=n).round(1)}
    )


def test_repetitions_and_known_rows_are_those_that_pandas_finds() -> None:
    first, second = frame_of(500), frame_of(300, 1)
    keys, others = (row_keys(table_from_frame(frame), ["a", "b", "c"]) for frame in (first, second))
    assert repetitions(keys) == int(first.duplicated().sum())
    kept = second.drop_duplicates().assign(there=True)
    truth = first.merge(kept, how="left", on=["a", "b", "c"])["there"].notna()
    assert known(keys, others).tolist() == truth.tolist()


def test_keys_do_not_depend_on_library_order_of_columns_or_of_rows() -> None:
    frame = frame_of(50)
    keys = row_keys(table_from_frame(frame), ["a", "b", "c"])
    assert (row_keys(table_from_frame(pl.from_pandas(frame)), ["c", "a", "b"]) == keys).all()
    assert (row_keys(table_from_frame(frame.iloc[::-1]), ["a", "b", "c"]) == keys[::-1]).all()
    assert (row_keys(table_from_frame(frame.astype({"a": float})), ["a", "b", "c"]) == keys).all()


def test_swapped_values_and_missing_ones_are_not_equal() -> None:
    frame = pd.DataFrame({"a": ["p", "q", None, "None"], "b": ["q", "p", "x", "x"]})
    assert repetitions(row_keys(table_from_frame(frame), ["a", "b"])) == 0


def test_conflicts_are_those_of_a_slow_count() -> None:
    rng = np.random.default_rng(0)
    keys, labels = rng.integers(0, 60, 400).astype(np.uint64), rng.integers(0, 3, 400)
    frame = pd.DataFrame({"key": keys, "label": labels})
    differ = frame.groupby("key")["label"].transform("nunique") > 1
    most = frame.groupby("key")["label"].agg(lambda one: one.value_counts().iloc[0])
    assert conflicts(keys, labels) == (int(differ.sum()), 400 - int(most.sum()))
    assert conflicts(keys[:0], labels[:0]) == (0, 0)
