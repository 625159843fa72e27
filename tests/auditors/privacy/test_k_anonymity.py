"""k-anonymity on hand-made, published and independent values."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditors.privacy.k_anonymity import k_anonymity
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

ADULT = [
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex",
    "capital-gain capital-loss hours-per-week native-country income",
]
ADULT_SETS = [
    "age+sex+race",
    "age+sex+race+native-country",
    "age+sex+race+marital-status+education+native-country+workclass+occupation",
    "sex+race",
]
STUDENTS = ("Teacher", "Gender", "Ethnic", "Freeredu", "wesson")
ANONYMISED = ("age", "education", "occupation", "relationship", "sex", "native-country")
DRUGS = ("Age", "Sex", "BP", "Cholesterol", "Na_to_K")
STROKE = [
    "gender",
    "age",
    "hypertension",
    "heart_disease",
    "ever_married",
    "work_type",
    "Residence_type",
    "avg_glucose_level",
    "bmi",
    "smoking_status",
]


def values(subject: Subject, dataset: str = "test") -> dict[str, float | int | None]:
    results = k_anonymity.run(subject, {})
    return {item.name: item.value for item in results if isinstance(item, Measure) and item.dataset == dataset}


def evidence(subject: Subject) -> dict[str, Evidence]:
    return {item.id: item for item in k_anonymity.run(subject, {}) if isinstance(item, Evidence)}


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame({"sex": list("ffffffmmm"), "town": list("aaaaaabbc"), "y": [0, 1] * 4 + [0]})


def test_a_subject_without_quasi_identifiers_is_told_what_to_pass(people: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match="pass quasi_identifiers="):
        k_anonymity.run(Subject(people), {})


def test_counts_of_a_small_table_are_those_counted_by_hand(people: pd.DataFrame) -> None:
    found = values(Subject(people, quasi_identifiers=["sex", "town"]))
    assert found == {
        "k": 1,
        "unique_rows": 1,
        "share_unique": 1 / 9,
        "share_small": 3 / 9,
        "rows_small": 3,
        "share_below_11": 1.0,
        "rows_below_11": 9,
        "classes": 3,
    }


def test_bounds_of_a_count_are_the_count(people: pd.DataFrame) -> None:
    for item in k_anonymity.run(Subject(people, quasi_identifiers=["sex", "town"]), {}):
        if isinstance(item, Measure):
            assert item.interval is not None and item.uncertainty is not None
            assert item.interval.kind == "exact"
            assert item.interval.low == item.interval.high == item.uncertainty.lower(0.95) == item.value


def test_a_missing_value_is_a_value(people: pd.DataFrame) -> None:
    people["town"] = ["a", "a", "a", None, None, None, "b", "b", "b"]
    assert values(Subject(people, quasi_identifiers=["sex", "town"]))["classes"] == 3


def test_the_train_table_is_counted_too(people: pd.DataFrame) -> None:
    subject = Subject(people, train=pd.concat([people] * 5), quasi_identifiers=["sex", "town"])
    assert values(subject, "train")["k"] == 5
    assert values(subject, "test")["k"] == 1


def test_class_sizes_add_up_to_all_rows(people: pd.DataFrame) -> None:
    table = evidence(Subject(people, quasi_identifiers=["sex", "town"]))["class_sizes_test"]
    assert [row[:3] for row in table.rows] == [
        ("1 (unique)", 1, 1),
        ("2 to 4", 2, 1),
        ("5 to 10", 6, 1),
        ("11 or more", 0, 0),
    ]


def test_leaving_out_the_column_that_singles_out_raises_k(people: pd.DataFrame) -> None:
    table = evidence(Subject(people, quasi_identifiers=["sex", "town"]))["left_out_test"]
    found = {(row[0], row[1]): row[3] for row in table.rows}
    assert found["(as it is)", ""] == found["sex", "left out"] == 1
    assert found["town", "left out"] == 3
    assert found["town", "2 values with fewer than 5 rows as one"] == 3


def test_order_of_rows_does_not_matter(people: pd.DataFrame) -> None:
    shuffled = people.sample(frac=1, random_state=0)
    options = {"quasi_identifiers": ["sex", "town"]}
    assert k_anonymity.run(Subject(people, **options), {}) == k_anonymity.run(Subject(shuffled, **options), {})


@pytest.mark.parametrize(
    ("file", "columns", "k"),
    [
        ("StudentsMath_Score", STUDENTS, 1),
        ("StudentsMath_Score_k2", STUDENTS, 2),
        ("StudentsMath_Score_k5", STUDENTS, 5),
        ("StudentsMath_Score_k7", STUDENTS, 7),
        ("adult_anonymized_3", ANONYMISED, 3),
        ("adult_anonymized_20", ANONYMISED, 20),
        ("drugs_k5", DRUGS, 5),
        ("stroke_k2", STROKE, 2),
        ("stroke_k5", STROKE, 5),
        ("stroke_k10", STROKE, 10),
        ("stroke_k25", STROKE, 27),
    ],
)
def test_k_of_published_anonymised_tables_is_the_one_in_their_name(
    data_folder: Path, file: str, columns: tuple[str, ...], k: int
) -> None:
    path = data_folder / "pycanon" / "processed" / f"{file}.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the real data")
    frame = pd.read_csv(path, skipinitialspace=True, low_memory=False)
    frame.columns = frame.columns.str.strip()
    assert values(Subject(frame, quasi_identifiers=columns))["k"] == k


@pytest.fixture(scope="module")
def adult(data_folder: Path) -> pd.DataFrame:
    names = " ".join(ADULT).split()
    return pd.read_csv(data_folder / "adult" / "adult.data", skiprows=1, names=names, skipinitialspace=True)


@pytest.mark.parametrize("columns", ADULT_SETS)
def test_adult_equals_the_independent_reference(data_folder: Path, adult: pd.DataFrame, columns: str) -> None:
    expected = json.loads((data_folder / "adult" / "privacy_reference.json").read_text())[f"train32561|{columns}"]
    found = values(Subject(adult, quasi_identifiers=columns.split("+")))
    assert found["k"] == expected["k_anonymity"]
    assert found["classes"] == expected["n_classes"]
    assert found["unique_rows"] == expected["n_unique_rows"]
    assert found["share_unique"] == pytest.approx(expected["share_unique"], abs=1e-12)
    assert np.round(float(found["share_small"] or 0) * 32561) == expected["rows_in_classes_lt5"]
