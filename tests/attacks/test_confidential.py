"""Diversity and closeness against plain definitions, and against published figures."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.attacks import confidential as of
from auditkit.attacks.combinations import combinations
from auditkit.data.frames import table_from_frame
from auditkit.data.scan import scan

STUDENTS = ["Teacher", "Gender", "Ethnic", "Freeredu", "wesson"]


def cells(frame: pd.DataFrame, columns: list[str], confidential: str) -> of.ClassValues:
    found = combinations(table_from_frame(frame), [*columns, confidential])
    return of.class_values(found, columns, confidential)


def plain(frame: pd.DataFrame, columns: list[str], confidential: str) -> dict[str, float]:
    """The definitions, class by class over all values of the table."""
    order = sorted(frame[confidential].unique())
    whole = [float((frame[confidential] == value).mean()) for value in order]
    found: dict[str, list[float]] = {name: [] for name in ("l", "h", "a", "te", "to", "d", "b")}
    for _, rows in frame.groupby(columns, dropna=False):
        counts = Counter(rows[confidential])
        shares = [counts[value] / len(rows) for value in order]
        found["l"].append(len(counts))
        found["h"].append(math.exp(-sum(q * math.log(q) for q in shares if q)))
        found["a"].append(max(shares))
        found["te"].append(sum(abs(q - p) for q, p in zip(shares, whole, strict=True)) / 2)
        steps = np.abs(np.cumsum(np.subtract(shares, whole)))[:-1].sum()
        found["to"].append(float(steps) / max(1, len(order) - 1))
        found["d"].append(max(abs(math.log(q / p)) for q, p in zip(shares, whole, strict=True) if q))
        found["b"].append(max(0.0, *((q - p) / p for q, p in zip(shares, whole, strict=True))))
    return {name: min(values) if name in "lh" else max(values) for name, values in found.items()}


def measured(found: of.ClassValues) -> dict[str, float]:
    return {
        "l": of.distinct_l(found),
        "h": of.entropy_l(found),
        "a": of.alpha(found),
        "te": of.t_equal(found),
        "to": of.t_ordered(found),
        "d": of.delta(found),
        "b": of.beta(found),
    }


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.integers(-3, 4)), min_size=1, max_size=40))
def test_every_measure_is_its_definition(rows: list[tuple[int, str, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["x", "y", "s"])
    assert measured(cells(frame, ["x", "y"], "s")) == pytest.approx(plain(frame, ["x", "y"], "s"), abs=1e-12)


def test_rows_given_away_are_those_of_classes_with_one_value() -> None:
    frame = pd.DataFrame({"x": [1, 1, 2, 2, 3], "s": ["a", "a", "a", "b", "b"]})
    assert of.rows_given_away(cells(frame, ["x"], "s")) == 3


def test_files_give_what_frames_give(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.integers(0, 30, 2000), "y": rng.choice(["a", "b", None], 2000), "s": rng.random(2000)}
    )
    frame["s"] = frame["s"].round(1)
    frame.to_parquet(tmp_path / "rows.parquet")
    filed = combinations(scan(tmp_path / "rows.parquet"), ["x", "y", "s"])
    assert measured(of.class_values(filed, ["x", "y"], "s")) == pytest.approx(measured(cells(frame, ["x", "y"], "s")))


@pytest.mark.parametrize(
    ("file", "published"),
    [
        ("StudentsMath_Score", {"l": 1, "a": 1.0, "b": 71.0, "d": 4.276666119016055, "to": 0.4165919952210274}),
        ("StudentsMath_Score_k5", {"l": 4, "h": math.sqrt(12), "a": 0.5}),
        ("StudentsMath_Score_k7", {"l": 6, "a": 2 / 7}),
    ],
)
def test_published_values_of_the_students(data_folder: Path, file: str, published: dict[str, float]) -> None:
    path = data_folder / "pycanon" / "processed" / f"{file}.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the real data")
    frame = pd.read_csv(path, skipinitialspace=True)
    frame.columns = frame.columns.str.strip()
    found = measured(cells(frame, STUDENTS, "Score"))
    assert {name: found[name] for name in published} == pytest.approx(published, abs=1e-9)


@pytest.mark.parametrize("columns", ["age+sex+race", "sex+race", "age+sex+race+native-country"])
def test_adult_equals_the_independent_reference(data_folder: Path, adult_names: list[str], columns: str) -> None:
    path = data_folder / "adult" / "adult.data"
    if not path.exists():
        pytest.skip("adult.data is not among the real data")
    frame = pd.read_csv(path, skiprows=1, names=adult_names, skipinitialspace=True)
    expected = json.loads((data_folder / "adult" / "privacy_reference.json").read_text())[f"train32561|{columns}"]
    found = measured(cells(frame, columns.split("+"), "income"))
    assert found["l"] == expected["l_distinct"]
    assert found["te"] == pytest.approx(expected["t_closeness_equal_distance"], abs=1e-9)
