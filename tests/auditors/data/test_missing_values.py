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


def test_each_column_that_lacks_values_is_compared_between_the_groups() -> None:
    table = pd.DataFrame({"sex": ["f"] * 100 + ["m"] * 100, "age": np.arange(200.0), "job": ["x"] * 200, "home": 1})
    table.loc[[*range(40), *range(100, 140)], "age"] = np.nan  # of both sexes alike: hides the gap of job
    table.loc[0:29, "job"] = None
    measures, evidence = results(Subject(table, sensitive=["sex"]))
    assert measures["gap"].value == 0
    rows = evidence["columns_by_sex"].rows
    assert [row[:6] for row in rows] == [
        ("job", "f", 0.3, "m", 0.0, 0.3),
        ("age", rows[1][1], 0.4, rows[1][3], 0.4, 0.0),
    ]
    assert rows[0][6] > 0.15 and rows[1][6] <= 0  # type: ignore[operator]


def test_complete_columns_and_lone_groups_are_not_compared(frame: pd.DataFrame) -> None:
    assert "columns_by_sex" not in results(Subject(frame, sensitive=["sex"]), min_group_size=60)[1]
    complete = pd.DataFrame({"sex": ["f", "m"] * 50, "age": np.arange(100)})
    assert "columns_by_sex" not in results(Subject(complete, sensitive=["sex"]))[1]


@pytest.mark.statistics
def test_columns_that_lack_values_by_chance_are_shown_to_differ_in_few_tables() -> None:
    rng, wrong, tables = np.random.default_rng(3), 0, 300
    for _ in range(tables):
        table = pd.DataFrame({"sex": rng.choice(["f", "m", "x"], 240)})
        for column in "abcdefgh":
            table[column] = np.where(rng.random(240) < 0.2, np.nan, 1.0)
        rows = results(Subject(table, sensitive=["sex"]))[1]["columns_by_sex"].rows
        wrong += any(row[6] > 0 for row in rows)  # type: ignore[operator]
    assert wrong / tables <= 0.08
