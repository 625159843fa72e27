"""What a person could change: the section is held against the model, the data and itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditkit.data.frames import table_from_frame
from auditkit.data.permitted import Permitted, PermittedError, permitted_changes
from auditkit.errors import ConfigurationError, DataError
from auditkit.run import subject_from
from auditkit.subject import Subject

FRAME = pd.DataFrame(
    {
        "income": [10_000.0, 20_500.0, 30_000.0],
        "years": [1, 5, 9],
        "housing": ["own", "rent", "family"],
        "since": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]),
        "sex": ["f", "m", "f"],
        "note": ["a", "b", "c"],
    }
)
FEATURES = ["income", "years", "housing", "since", "sex"]


def permitted(section: Any) -> Permitted:
    return permitted_changes(section, features=FEATURES, sensitive=["sex"], rows=[table_from_frame(FRAME)])


def test_what_is_not_named_does_not_change() -> None:
    found = permitted({"columns": {"income": {"direction": "up"}, "years": {"immutable": True}}})
    assert [change.column for change in found.changes] == ["income"]
    assert found.most_changes == 3


def test_free_by_default_leaves_sensitive_columns_dates_and_immutable_ones_alone() -> None:
    found = permitted({"columns": {"years": {"immutable": True}, "sex": {"immutable": True}}, "default": "free"})
    assert [(change.column, change.numeric) for change in found.changes] == [("income", True), ("housing", False)]


def test_an_order_gives_categories_a_direction() -> None:
    found = permitted({"columns": {"housing": {"order": ["family", "rent", "own"], "direction": "up"}}})
    assert str(found.changes[0]) == "up only; family < rent < own"


@pytest.mark.parametrize(
    ("column", "keys", "message"),
    [
        ({"incme": {}}, ("incme",), "the data have no column 'incme'. Did you mean 'income'?"),
        ({"note": {}}, ("note",), "the model does not read 'note'"),
        ({"sex": {"to": ["f"]}}, ("sex",), "'sex' is sensitive, and nobody is asked to change it"),
        ({"since": {}}, ("since",), "which are not changed"),
        ({"income": "up"}, ("income",), "wanted a mapping"),
        ({"income": {"dirction": "up"}}, ("income", "dirction"), "Did you mean 'direction'?"),
        ({"income": {"direction": "upp"}}, ("income", "direction"), "Did you mean 'up'?"),
        ({"income": {"immutable": True, "most": 3}}, ("income", "most"), "contradict each other"),
        ({"income": {"immutable": "yes"}}, ("income", "immutable"), "wanted true or false"),
        ({"income": {"least": 5, "most": 3}}, ("income", "least"), "least 5 is above most 3"),
        ({"income": {"step": 0}}, ("income", "step"), "wanted a number above 0"),
        ({"income": {"most": "much"}}, ("income", "most"), "wanted a number"),
        ({"income": {"cost": -1}}, ("income", "cost"), "wanted a number above 0"),
        ({"years": {"step": 0.5}}, ("years", "step"), "holds whole numbers"),
        ({"housing": {"direction": "up"}}, ("housing", "direction"), "has no order"),
        ({"housing": {"most": 3}}, ("housing", "most"), "speaks of numbers"),
        ({"housing": {"to": ["own", "rnt"]}}, ("housing", "to"), "'rnt' does not occur in the column. Did you mean"),
        ({"housing": {"to": ["own", "own"]}}, ("housing", "to"), "twice"),
        ({"housing": {"to": "own"}}, ("housing", "to"), "wanted a list"),
        ({"housing": {"order": ["own", "rent"], "to": ["family"]}}, ("housing", "to"), "does not stand in order"),
    ],
)
def test_a_mistake_in_a_column_is_told_with_its_place(
    column: dict[str, Any], keys: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PermittedError, match=r".") as caught:
        permitted({"columns": column})
    assert message in str(caught.value)
    assert caught.value.keys == ("columns", *keys)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"columns": {"years": {"immutable": True}}}, "permits no change"),
        ({}, "permits no change"),
        ({"colums": {}}, "Did you mean 'columns'?"),
        ({"columns": {"income": {}}, "default": "fre"}, "wanted 'immutable' or 'free'"),
        ({"columns": {"income": {}}, "most_changes": 9}, "wanted a whole number from 1 to 5"),
        ({"columns": {"income": {}}, "most_changes": True}, "wanted a whole number from 1 to 5"),
        ({"columns": ["income"]}, "wanted a mapping of column"),
        ("income", "wanted a mapping with columns"),
    ],
)
def test_a_mistake_in_the_section_is_told(section: Any, message: str) -> None:
    with pytest.raises(PermittedError, match=r".") as caught:
        permitted(section)
    assert message in str(caught.value)


def test_a_subject_refuses_a_section_that_does_not_fit_it() -> None:
    with pytest.raises(DataError, match=r"recourse.columns.incme: the data have no column 'incme'"):
        Subject(FRAME, prediction="note", recourse={"columns": {"incme": {}}})


AUDIT = """\
name: test
model: {python: "recourse_model:score"}
data: {test: test.csv}
columns: {label: y, favorable: 1, sensitive: sex, features: [income]}
recourse:
  columns:
    income: {direction: up}
    sex: {immutable: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("    income:", "    incme:", 7, "recourse: the data have no column 'incme'. Did you mean 'income'?"),
        ("{immutable: true}", "{to: [f]}", 8, "'sex' is sensitive"),
        ("direction: up", "direction: upp", 7, "Did you mean 'up'?"),
        ("direction: up", "directon: up", 7, "Did you mean 'direction'?"),
        ("direction: up", "step: 0", 7, "wanted a number above 0"),
        ("recourse:\n", "recourse:\n  most_changes: 0\n", 6, "wanted a whole number"),
    ],
)
def test_a_mistake_in_audit_yaml_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    (tmp_path / "recourse_model.py").write_text("def score(frame):\n    return frame['income'] / 100_000\n")
    FRAME.assign(y=[0, 1, 1])[["income", "sex", "y"]].to_csv(tmp_path / "test.csv", index=False)
    (tmp_path / "audit.yaml").write_text(AUDIT)
    section = subject_from(tmp_path / "audit.yaml").recourse
    assert section is not None
    assert [change.column for change in section.changes] == ["income"]
    assert old in AUDIT
    (tmp_path / "audit.yaml").write_text(AUDIT.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=r".") as caught:
        subject_from(tmp_path / "audit.yaml")
    assert message in str(caught.value)
    assert caught.value.line == line
