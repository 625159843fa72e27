"""What is odd in a table is counted and named; what is not is left in peace."""

import numpy as np
import pandas as pd
import pytest

from auditkit.auditors.data.quality import quality
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "town": rng.choice(list("pqrs"), n), "age": rng.integers(18, 90, n)})
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    return frame


def run(frame: pd.DataFrame, **roles: object) -> tuple[dict[str, Measure], dict[str, tuple[object, ...]]]:
    found = quality.run(Subject(frame, label="y", **roles), {})  # type: ignore[arg-type]
    table = next(e for e in found if isinstance(e, Evidence))
    return {m.name: m for m in found if isinstance(m, Measure)}, {str(row[0]): row for row in table.rows}


def test_a_clean_table_has_no_remarks() -> None:
    measures, rows = run(rows_of())
    names = ("constant_columns", "identifier_columns", "mixed_columns", "repeated_columns", "cells_spelled_missing")
    assert [measures[name].value for name in names] == [0, 0, 0, 0, 0]
    assert {row[7] for row in rows.values()} == {""}


@pytest.mark.parametrize(
    ("column", "values", "measure", "remark"),
    [
        ("one", ["x"] * 600, "constant_columns", "constant"),
        ("id", range(600), "identifier_columns", "a value of its own"),
        ("mixed", ["12", "many"] * 300, "mixed_columns", "numbers and texts mixed"),
        ("gaps", ["?", " N/A ", "p"] * 200, "cells_spelled_missing", "400 cells spell missing"),
        ("code", [*range(590), *[99999] * 10], None, "99999 may stand for missing"),
        ("price", ["1.5", "2", "3e2"] * 200, None, "numbers written as text"),
        ("answer", ["Yes", "yes ", "no"] * 200, None, "1 values differ from others only by case or blanks"),
        ("ratio", [*range(590), *[np.inf] * 10], None, "10 cells are infinite"),
        ("nothing", [None] * 600, "constant_columns", "no value"),
        ("minus", [*range(590), *[-9] * 10], None, "-9 may stand for missing"),
    ],
)
def test_oddities_are_named(column: str, values: list[object], measure: str | None, remark: str) -> None:
    measures, rows = run(rows_of().assign(**{column: values}))
    assert remark in str(rows[column][7])
    if measure is not None:
        assert float(measures[measure].value or 0) > 0


def test_far_values_are_counted_and_not_judged() -> None:
    frame = rows_of()
    frame.loc[:4, "a"] = 1e6
    frame["zeros"] = [0] * 500 + [7] * 100
    rows = run(frame)[1]
    assert rows["a"][6] == pytest.approx(5 / 600)
    assert rows["zeros"][6] is None


def test_labels_that_were_turned_are_doubtful() -> None:
    frame = rows_of(2000)
    clean = run(frame)[0]["share_doubtful_labels"]
    turned = np.random.default_rng(1).random(2000) < 0.1
    frame.loc[turned, "y"] = np.where(frame.loc[turned, "y"] == "yes", "no", "yes")
    noisy = run(frame)[0]["share_doubtful_labels"]
    assert float(clean.value or 0) < 0.02
    assert float(noisy.value or 0) == pytest.approx(0.1, abs=0.03)


def test_classes_that_overlap_have_as_many_doubtful_labels_as_the_caveat_says() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 5000)
    frame = pd.DataFrame({"a": rng.normal(size=5000) + y, "y": y})
    assert float(run(frame)[0]["share_doubtful_labels"].value or 0) == pytest.approx(0.18, abs=0.02)


def test_few_rows_give_no_estimate_of_labels() -> None:
    assert run(rows_of(80))[0]["share_doubtful_labels"].status == "insufficient"


def test_a_column_that_says_the_same_in_other_words_is_named() -> None:
    frame = rows_of()
    frame["town_number"] = frame["town"].map({"p": 7, "q": 1, "r": 3, "s": 2})
    frame["nearly"] = frame["town"].where(np.arange(600) != 5, "p" if frame["town"][5] != "p" else "q")
    measures, rows = run(frame)
    assert measures["repeated_columns"].value == 1
    assert "one to one with town" in str(rows["town_number"][7])


def test_ranges_are_rounded_outwards_and_identifiers_have_none() -> None:
    frame = rows_of().assign(salary=np.random.default_rng(0).integers(20_000, 90_000, 600) * 1.0 + 0.25)
    frame.loc[[0, 1], "salary"] = [12_345.25, 98_765.25]
    frame["phone"] = np.random.default_rng(1).permutation(10**9 + np.arange(600) * 1_234_567)
    rows = run(frame)[1]
    assert rows["salary"][4:6] == (12_000.0, 99_000.0)
    assert rows["phone"][4:6] == (None, None)


def test_dates_range_over_years_and_show_no_day() -> None:
    frame = rows_of()
    frame["seen"] = pd.Timestamp("2019-12-31") + pd.to_timedelta(np.arange(600) % 500, "D")
    frame["asked"] = [day.date() for day in pd.Timestamp("2021-03-01") + pd.to_timedelta(np.arange(600) % 90, "D")]
    rows = run(frame)[1]
    assert rows["seen"][4:] == (None, None, None, "2019 to 2021")
    assert rows["asked"][4:] == (None, None, None, "in 2021")


def test_labels_that_nothing_tells_cannot_be_doubted() -> None:
    frame = rows_of(800)
    frame["y"] = np.random.default_rng(5).choice(["no", "yes"], 800)
    measure = run(frame)[0]["share_doubtful_labels"]
    assert measure.status == "insufficient"
    assert "nothing is shown to tell label" in str(measure.reason)


def test_no_value_of_a_row_is_shown() -> None:
    frame = rows_of().assign(name=[f"canary{i}" for i in range(600)], number=np.arange(600) * 1001 + 100_003)
    frame.loc[3, "a"] = 7.654321
    found = quality.run(Subject(frame, label="y"), {})
    text = str([item for item in found if isinstance(item, Evidence)])
    assert not [word for word in ("canary", "100003", "7.654", "699602") if word in text]


@pytest.mark.parametrize(
    "values", [[2**60 + 1, -(2**60)] * 300, [1e308, -1e308] * 300, [5e-324, 0.0] * 300, [True, None] * 300]
)
def test_hostile_columns_do_not_stop_it(values: list[object]) -> None:
    assert "odd" in run(rows_of().assign(odd=values))[1]
