"""Slices on real rows: what is said, what is not, and that rows may come in any order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID = "performance.slices"


def people(rows: int = 6000, effect: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, rows),
            "job": rng.choice(["a", "b", "c", None], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "town": rng.choice([f"t{i}" for i in range(30)], rows),
            "y": rng.choice(["no", "yes"], rows),
        }
    )
    wrong = rng.random(rows) < np.where((frame.job == "b") & (frame.age >= 60), 0.1 + effect, 0.1)
    frame["p"] = np.where(wrong, frame.y.map({"no": "yes", "yes": "no"}), frame.y)
    return frame


def sliced(frame: pd.DataFrame, **options: object) -> Finding:
    subject = Subject(frame, label="y", prediction="p", favorable="yes", sensitive=["job"])
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def test_a_bad_slice_is_named_in_words_with_an_excess_that_holds_the_truth() -> None:
    found = sliced(people())
    table = found.evidence[0]
    assert "job is b" in str(table.rows[0][0])
    assert "age" in str(table.rows[0][0])
    worst = found.measure("worst_excess")
    assert worst.interval.low > 0.1
    leading = next(str(row[0]) for row in found.evidence[1].rows)
    assert "job is b" in leading


def test_where_nothing_is_worse_nothing_is_reported() -> None:
    found = sliced(people(effect=0.0))
    assert found.measure("slices_found").value == 0
    assert found.measure("worst_excess").status == "undefined"


def test_row_order_changes_nothing() -> None:
    frame = people(3000)
    one, two = sliced(frame), sliced(frame.sample(frac=1, random_state=1))
    assert one.measures == two.measures
    assert [item.rows for item in one.evidence] == [item.rows for item in two.evidence]


def test_errors_of_a_regression_are_sliced() -> None:
    frame = people(3000).assign(z=lambda f: f.age * 1.0)
    rng = np.random.default_rng(1)
    frame["q"] = frame.z + rng.normal(0, np.where(frame.job == "c", 6, 1))
    subject = Subject(frame, label="z", prediction="q", task="regression", sensitive=["job"])
    found = audit(subject, only=[ID], progress=False)[ID]
    assert "job is c" in str(found.evidence[0].rows[0][0])
    assert found.measure("worst_excess").unit == "target"


def test_too_few_rows_and_unknown_columns_are_said() -> None:
    assert sliced(people(120)).status == "insufficient data"
    found = sliced(people(), columns=["agee"])
    assert (found.status, "no column 'agee'" in found.reason) == ("not applicable", True)


def test_all_that_is_found_is_counted_and_the_first_ten_are_shown() -> None:
    rng = np.random.default_rng(2)
    frame = people(20_000, effect=0.0).assign(block=lambda f: rng.integers(0, 10, len(f)).astype(str))
    for column in "uvw":
        frame[column] = rng.choice(list("abcdefg"), len(frame))
    bad = sum((frame[column] == "a").astype(int) for column in "uvw") + (frame.block < "3")
    wrong = rng.random(len(frame)) < np.array([0.05, 0.3, 0.5, 0.7, 0.9])[bad]
    frame["p"] = np.where(wrong, frame.y.map({"no": "yes", "yes": "no"}), frame.y)
    found = sliced(frame)
    count = found.measure("slices_found").value
    assert count > len(found.evidence[0].rows) == 10
    assert f"{count:,} are found to have more errors" in found.evidence[0].caption


def test_clustered_rows_are_not_taken_for_independent() -> None:
    frame = people(2000).assign(who=lambda f: f.index // 10)
    subject = Subject(frame, label="y", prediction="p", favorable="yes", sensitive=["job"], cluster="who")
    found = audit(subject, only=[ID], progress=False)[ID]
    assert (found.status, "clusters ('who')" in found.reason) == ("not applicable", True)


def test_a_missing_prediction_of_a_regression_is_said() -> None:
    frame = people(2000).assign(z=lambda f: f.age * 1.0, q=lambda f: np.where(f.index == 7, np.nan, f.age))
    subject = Subject(frame, label="z", prediction="q", task="regression", sensitive=["job"])
    assert "1 rows have a label or prediction that is missing" in audit(subject, only=[ID], progress=False)[ID].reason


@pytest.mark.parametrize("depth", [1, 2])
def test_depth_bounds_the_combinations(depth: int) -> None:
    rows = sliced(people(), depth=depth).evidence[0].rows
    assert all(str(row[0]).count(";") < depth for row in rows)
