"""Reasons are worded as facts: no direction that is not true, nothing invented."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.errors import ConfigurationError
from auditkit.explainers.reason_texts import Compared, read_texts, reason_text

WHO = "those approved"


def compared(*values: object) -> Compared:
    return Compared.of(pd.Series(list(values)), WHO)


@pytest.mark.parametrize(
    ("value", "values", "text"),
    [
        (1.0, (2.0, 3.0, 9.0), "x: 1, below the median 3 of those approved"),
        (5.0, (2.0, 3.0, 4.0), "x: 5, above the median 3 of those approved"),
        (0, (0, 0, 0, 400), "x: 0, below the mean 100 of those approved"),
        (0, (0, 0), "x: 0, equal to the median of those approved"),
        (0.5, (np.nan, np.nan), "x: 0.5 (missing for all those approved)"),
        (None, (1.0, 2.0), "x missing"),
        ("car", ("home", "home", "car", None), "x: car (most frequent among those approved: home, 67%)"),
        ("home", ("home", "home", "car", None), "x: home (held by 67% of those approved)"),
        (True, (False, False, True), "x: True (most frequent among those approved: False, 67%)"),
    ],
)
def test_a_reason_says_what_the_person_holds_and_what_the_others_do(
    value: object, values: tuple[object, ...], text: str
) -> None:
    assert reason_text("x", value, compared(*values)) == text


def test_a_text_of_ones_own_is_used_only_where_it_is_true() -> None:
    others = compared(2.0, 3.0, 9.0)
    given = {"below": "Income insufficient", "missing": "Income not stated"}
    assert reason_text("x", 1.0, others, given) == "Income insufficient"
    assert reason_text("x", 5.0, others, given) == "x: 5, above the median 3 of those approved"
    assert reason_text("x", None, others, given) == "Income not stated"
    assert reason_text("x", 5.0, others, "Income") == "Income"
    assert reason_text("x", None, others, "Income insufficient") == "x missing"


def test_a_reason_is_one_line_without_control_characters() -> None:
    assert reason_text("a\nb", "c\r\nd\x1b", compared("e")) == "a b: c d (most frequent among those approved: e, 100%)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("incme: too low\n", "'incme' is no column that the model reads. Did you mean 'income'"),
        ("income: {lower: a}\n", "texts.yaml:1"),
        ("income: 3\n", "texts.yaml:1"),
    ],
)
def test_a_wrong_file_of_texts_is_one_line_with_its_place(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "texts.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        read_texts(tmp_path / "texts.yaml", ("income", "age"))


def test_texts_are_read(tmp_path: Path) -> None:
    (tmp_path / "texts.yaml").write_text("income: {below: Income insufficient}\nage: Time at address\n")
    assert read_texts(tmp_path / "texts.yaml", ("income", "age")) == {
        "income": {"below": "Income insufficient"},
        "age": "Time at address",
    }
