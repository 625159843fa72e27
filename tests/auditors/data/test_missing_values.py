"""Missing values, by column and by group."""

import numpy as np
import pandas as pd
import pytest

from auditkit.auditors.data.missing_values import missing_values
from auditkit.finding import Evidence, Group, Measure
from auditkit.subject import Subject


@pytest.fixture
def frame() -> pd.DataFrame:
    table = pd.DataFrame({"sex": ["f"] * 50 + ["m"] * 50, "age": np.arange(100.0), "job": ["x", "y"] * 50})
    table.loc[:9, "age"] = np.nan
    table.loc[5:14, "job"] = None
    table.loc[50:54, "age"] = np.nan
    return table


def results(subject: Subject, **options: object) -> tuple[dict[str, Measure], dict[str, Evidence]]:
    found = missing_values.run(subject, options)
    measures = {item.name: item for item in found if isinstance(item, Measure)}
    return measures, {item.id: item for item in found if isinstance(item, Evidence)}


def test_a_complete_table_lacks_nothing_and_has_no_gap() -> None:
    table = pd.DataFrame({"sex": ["f", "m"] * 50, "age": np.arange(100)})
    measures, _ = results(Subject(table, sensitive=["sex"]))
    assert measures["share_missing"].value == 0
    assert measures["gap"].value == 0
    assert measures["gap"].interval is not None and measures["gap"].interval.low <= 0


def test_share_counts_all_cells_exactly(frame: pd.DataFrame) -> None:
    share = results(Subject(frame, sensitive=["sex"]))[0]["share_missing"]
    assert share.value == pytest.approx(25 / 300)
    assert share.interval is not None and share.interval.kind == "exact"


def test_the_gap_compares_rows_that_lack_any_feature(frame: pd.DataFrame) -> None:
    gap = results(Subject(frame, sensitive=["sex"]))[0]["gap"]
    assert gap.value == pytest.approx(15 / 50 - 5 / 50)
    assert (gap.worst, gap.best) == (Group.of({"sex": "f"}), Group.of({"sex": "m"}))
    assert gap.interval is not None
    assert gap.interval.low < 0.2 < gap.interval.high


def test_small_groups_are_listed_but_not_judged(frame: pd.DataFrame) -> None:
    frame.loc[0:4, "sex"] = "x"
    measures, evidence = results(Subject(frame, sensitive=["sex"]))
    assert measures["gap"].not_covered == pytest.approx(0.05)
    assert measures["gap"].value == pytest.approx(10 / 45 - 5 / 50)
    assert {row[0] for row in evidence["by_sex"].rows} == {"f", "m", "x"}


def test_a_gap_over_one_large_group_is_insufficient(frame: pd.DataFrame) -> None:
    gap = results(Subject(frame, sensitive=["sex"]), min_group_size=60)[0]["gap"]
    assert (gap.value, gap.status) == (None, "insufficient")
    assert gap.reason == "0 groups of 'sex' have at least 60 rows; a gap needs two"


def test_columns_come_with_the_most_incomplete_first(frame: pd.DataFrame) -> None:
    table = results(Subject(frame, sensitive=["sex"]))[1]["by_column"]
    assert table.rows == (("age", 15, 0.15), ("job", 10, 0.1), ("sex", 0, 0.0))


def test_without_sensitive_columns_there_is_a_share_and_no_gap(frame: pd.DataFrame) -> None:
    assert set(results(Subject(frame))[0]) == {"share_missing"}
