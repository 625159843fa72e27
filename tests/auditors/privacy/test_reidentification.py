"""Attribute disclosure and risks as findings: tables, populations, statuses."""

from pathlib import Path

import pandas as pd
import pytest

import auditkit as ak
from auditkit.attacks.suggested import suggested
from auditkit.auditors.privacy.attribute_disclosure import attribute_disclosure
from auditkit.auditors.privacy.k_anonymity import k_anonymity
from auditkit.auditors.privacy.reidentification_risk import reidentification_risk
from auditkit.data.frames import table_from_frame
from auditkit.errors import ConfigurationError, DataError, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame({"sex": list("ffffffmmm"), "town": list("aaaaaabbc"), "y": [0, 1] * 4 + [0]})


def measures(results: list[Measure | Evidence]) -> dict[tuple[str, str], Measure]:
    return {(item.name, item.dataset): item for item in results if isinstance(item, Measure)}


def test_prosecutor_risk_is_classes_over_rows(people: pd.DataFrame) -> None:
    found = measures(reidentification_risk.run(Subject(people, quasi_identifiers=["sex", "town"]), {}))
    assert found["prosecutor_risk_max", "test"].value == 1.0
    assert found["prosecutor_risk", "test"].value == pytest.approx(3 / 9)
    assert ("marketer_risk", "test") not in found


def test_journalist_and_marketer_need_the_population(people: pd.DataFrame) -> None:
    everybody = pd.concat([people, people, people.iloc[:6]])
    subject = Subject(people, quasi_identifiers=["sex", "town"], population=everybody)
    found = measures(reidentification_risk.run(subject, {}))
    assert found["journalist_risk_max", "test"].value == 1 / 2
    assert found["marketer_risk", "test"].value == pytest.approx((6 / 18 + 2 / 4 + 1 / 2) / 9)


def test_a_population_that_lacks_the_rows_gives_no_number(people: pd.DataFrame) -> None:
    subject = Subject(people, quasi_identifiers=["sex", "town"], population=people.iloc[:7])
    found = measures(reidentification_risk.run(subject, {}))["marketer_risk", "test"]
    assert found.value is None and found.status == "undefined"
    assert "2 classes of the test table have more rows there than in the population" in str(found.reason)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2])
def test_a_sampling_fraction_is_a_share(people: pd.DataFrame, fraction: float) -> None:
    with pytest.raises(ConfigurationError, match="sampling_fraction"):
        reidentification_risk.run(Subject(people, quasi_identifiers=["sex"]), {"sampling_fraction": fraction})


def test_too_few_unique_rows_are_too_few(people: pd.DataFrame) -> None:
    subject = Subject(people, quasi_identifiers=["sex", "town"])
    found = measures(reidentification_risk.run(subject, {"sampling_fraction": 0.1}))["unique_match_risk", "test"]
    assert found.status == "insufficient"


def test_of_a_sample_the_marketer_has_a_range_and_the_journalist_a_reason(people: pd.DataFrame) -> None:
    subject = Subject(people, quasi_identifiers=["sex", "town"])
    found = measures(reidentification_risk.run(subject, {"sampling_fraction": 0.1}))
    marketer, journalist = found["marketer_risk", "test"], found["journalist_risk_max", "test"]
    assert marketer.interval is not None and marketer.interval.kind == "range"
    assert "Chao and Lin" in marketer.interval.method
    assert (marketer.interval.low, marketer.interval.high) == pytest.approx((0.1 * 3 / 9, 3 / 9))
    assert (journalist.value, journalist.status) == (None, "undefined")
    assert str(journalist.reason).startswith("at most 1/1, one by the rows of the smallest class")


def test_a_population_beside_a_fraction_is_what_counts(people: pd.DataFrame) -> None:
    subject = Subject(people, quasi_identifiers=["sex", "town"], population=pd.concat([people, people]))
    found = reidentification_risk.run(subject, {"sampling_fraction": 0.5})
    marketer = [item for item in found if isinstance(item, Measure) and item.name == "marketer_risk"]
    assert [(one.value, one.dataset) for one in marketer] == [(pytest.approx(1.5 / 9), "test")]


def test_the_released_table_is_counted(people: pd.DataFrame) -> None:
    subject = Subject(people, quasi_identifiers=["sex", "town"], released=people.iloc[:6])
    found = measures(k_anonymity.run(subject, {}))
    assert found["k", "released"].value == 6 and found["k", "test"].value == 1


def test_a_released_table_without_a_quasi_identifier_is_refused(people: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="the released data have no column 'town', which is a quasi-identifier"):
        Subject(people, quasi_identifiers=["sex", "town"], released=people[["sex"]])


def test_the_label_is_confidential_by_default(people: pd.DataFrame) -> None:
    found = attribute_disclosure.run(Subject(people, quasi_identifiers=["town"], label="y"), {})
    assert {item.over for item in found if isinstance(item, Measure)} == {("y",)}


def test_what_is_known_already_is_not_confidential(people: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match="is a quasi-identifier too"):
        attribute_disclosure.run(Subject(people, quasi_identifiers=["town"]), {"confidential": ("town",)})


def test_an_unknown_confidential_column_is_named(people: pd.DataFrame) -> None:
    with pytest.raises(ConfigurationError, match=r"no column 'twn'.*'town'"):
        attribute_disclosure.run(Subject(people, quasi_identifiers=["sex"]), {"confidential": ("twn",)})


def test_without_quasi_identifiers_some_are_suggested(people: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match=r"may be some: sex \(sex or gender\), town \(place\)"):
        k_anonymity.run(Subject(people), {})


def test_suggestions_leave_out_constants_and_identifiers() -> None:
    frame = pd.DataFrame({"Age": range(9), "zipCode": list("aabbccdde"), "sex": ["f"] * 9, "stage": [1, 2, 3] * 3})
    assert suggested(table_from_frame(frame)) == {"zipCode": "place"}


def test_a_hierarchy_shows_what_each_level_does(people: pd.DataFrame) -> None:
    hierarchies = {"town": {"a": ["north", "*"], "b": ["south", "*"], "c": ["south", "*"]}}
    subject = Subject(people, quasi_identifiers=["sex", "town"], hierarchies=hierarchies)
    table = next(
        item for item in k_anonymity.run(subject, {}) if isinstance(item, Evidence) and item.id == "left_out_test"
    )
    assert [row[3] for row in table.rows if row[0] == "town"] == [3, 3, 3]


@pytest.mark.parametrize(
    ("hierarchies", "message"),
    [
        ({"y": {"0": ["*"]}}, "hierarchies name 'y', which is no quasi-identifier"),
        ({"town": {"a": ["n", "*"], "b": ["s"]}}, "needs the same number of coarser values, at least one; 'b' has 1"),
        ({"town": {"a": []}}, "at least one; there is none"),
    ],
)
def test_a_broken_hierarchy_is_refused(
    people: pd.DataFrame, hierarchies: dict[str, dict[str, list[str]]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Subject(people, quasi_identifiers=["sex", "town"], hierarchies=hierarchies)


def test_rows_in_files_are_counted_where_they_lie(people: pd.DataFrame, tmp_path: Path) -> None:
    people.to_parquet(tmp_path / "rows.parquet")
    options = {"quasi_identifiers": ["sex", "town"], "label": "y"}
    filed = Subject(ak.scan(tmp_path / "rows.parquet"), **options)
    for auditor in (k_anonymity, attribute_disclosure, reidentification_risk):
        assert measures(auditor.run(filed, {})) == measures(auditor.run(Subject(people, **options), {}))
