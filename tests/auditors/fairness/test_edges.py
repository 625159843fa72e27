"""What the field's libraries answer silently wrong."""

import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.subject import Subject


def subject(rows: list[tuple[str | None, int, int]], **more: object) -> Subject:
    frame = pd.DataFrame(rows, columns=["g", "y", "p"])
    return Subject(frame, label="y", prediction="p", sensitive=["g"], **more)


def test_group_without_positives_has_no_true_positive_rate() -> None:
    rows = [("a", 0, 0), ("a", 0, 1)] * 30 + [("b", 1, 1), ("b", 0, 0)] * 30
    found = audit(subject(rows), only=["fairness.equal_opportunity"], progress=False)["fairness.equal_opportunity"]
    rate = found.measure("true_positive_rate", {"g": "a"})
    assert (rate.value, rate.status) == (None, "undefined")
    assert found.measure("difference", over="g").status == "insufficient"


def test_small_group_is_shown_as_insufficient_and_never_judged() -> None:
    rows = [("a", 1, 1), ("a", 0, 0)] * 40 + [("b", 1, 0), ("b", 0, 0)] * 40 + [("tiny", 1, 1)]
    found = audit(subject(rows), only=["fairness.demographic_parity"], progress=False)["fairness.demographic_parity"]
    assert found.measure("selection_rate", {"g": "tiny"}).status == "insufficient"
    gap = found.measure("difference", over="g")
    assert gap.value == 0.5
    assert gap.not_covered == pytest.approx(1 / 161)
    assert (str(gap.worst), str(gap.best)) == ("b", "a")


def test_missing_sensitive_values_are_a_group_of_their_own() -> None:
    rows = [("a", 1, 1), (None, 0, 0)] * 40
    found = audit(subject(rows), only=["fairness.demographic_parity"], progress=False)["fairness.demographic_parity"]
    assert found.measure("selection_rate", {"g": None}).value == 0.0
    assert found.measure("ratio", over="g").value == 0.0


def test_nobody_selected_leaves_the_ratio_undefined() -> None:
    rows = [("a", 1, 0), ("b", 0, 0)] * 40
    found = audit(subject(rows), only=["fairness.demographic_parity"], progress=False)["fairness.demographic_parity"]
    assert found.measure("ratio", over="g").status == "undefined"
    assert found.measure("difference", over="g").value == 0.0


def test_a_subject_without_sensitive_columns_is_not_applicable() -> None:
    frame = pd.DataFrame({"y": [0, 1], "p": [0, 1]})
    of_individuals = ["fairness.generalized_entropy", "fairness.individual_consistency"]
    found = audit(Subject(frame, label="y", prediction="p"), only=["fairness"], skip=of_individuals, progress=False)
    assert {finding.status for finding in found.findings} == {"not applicable"}
    assert "sensitive" in (found["fairness.equalized_odds"].reason or "")


def test_equalized_odds_is_the_larger_of_both_gaps() -> None:
    rows = [("a", 1, 1), ("a", 0, 1)] * 40 + [("b", 1, 1), ("b", 0, 0)] * 40
    found = audit(subject(rows), only=["fairness.equalized_odds"], progress=False)["fairness.equalized_odds"]
    assert found.measure("difference", over="g").value == 1.0
    assert found.measure("false_positive_rate_difference", over="g").worst.as_dict() == {"g": "a"}
