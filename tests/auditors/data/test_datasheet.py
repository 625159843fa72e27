"""What tables say of themselves, what people said, and what is open."""

import json
from pathlib import Path

import pandas as pd
import pytest

from auditkit.auditors.data.datasheet import HUMAN, QUESTIONS, datasheet
from auditkit.errors import ConfigurationError
from auditkit.finding import Evidence, Measure
from auditkit.run import subject_from
from auditkit.subject import Subject
from auditkit.yamlfile import schema

FRAME = pd.DataFrame(
    {
        "sex": ["f", "m", "m", "m"],
        "age": [31, 40, 40, None],
        "day": pd.to_datetime(["2019-03-01", "2020-01-01", "2020-01-01", "2024-05-05"]),
        "y": [0, 1, 1, 0],
    }
)


def run(**more: object) -> tuple[dict[str, object], dict[str, Evidence]]:
    subject = Subject(FRAME, label="y", sensitive=["sex"], time="day", **more)  # type: ignore[arg-type]
    found = datasheet.run(subject, {})
    return (
        {m.name: m.value for m in found if isinstance(m, Measure)},
        {e.id: e for e in found if isinstance(e, Evidence)},
    )


def test_a_table_answers_for_itself() -> None:
    _, evidence = run(train=FRAME.iloc[:2], card={"train_data": "Loans of one branch."})
    answers = dict(evidence["data.datasheet.test"].rows)
    assert answers == {
        "Rows": "4",
        "Columns": "4: 2 integer, 1 text, 1 time",
        "Missing cells": "1 of 16, in 1 columns; most in age (1)",
        "Rows equal to an earlier row": "1",
        "Sensitive columns": "sex (2 values)",
        "Quasi-identifiers": "none named",
        "Label": "y (2 labels)",
        "Years": "2019 to 2024 (day)",
    }
    assert dict(evidence["data.datasheet.train"].rows)["Rows"] == "2"
    assert dict(evidence["data.datasheet.train"].rows)["Described as"] == "Loans of one branch."


def test_what_people_did_not_say_is_listed_first_and_counted() -> None:
    asked = sum(len(part) for part in QUESTIONS.values())
    measures, evidence = run()
    assert measures == {"questions_answered": 0, "questions_open": asked}
    assert {row[3] for row in evidence["data.datasheet.questions"].rows} == {HUMAN}
    measures, evidence = run(datasheet={"purpose": "To learn.", "licence": "None."})
    assert measures == {"questions_answered": 2, "questions_open": asked - 2}
    assert [row[2] for row in evidence["data.datasheet.questions"].rows[-2:]] == ["To learn.", "None."]
    assert evidence["data.datasheet.parts"].rows[0] == ("Motivation", 1, 2, "created by, funded by")


def test_an_answer_to_no_question_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no question is called 'pupose'\. Did you mean 'purpose'"):
        run(datasheet={"pupose": "x"})


def test_every_question_can_be_answered_in_audit_yaml_and_no_other() -> None:
    keys = [key for part in QUESTIONS.values() for key, _ in part]
    assert len(set(keys)) == len(keys)
    assert list(schema("audit")["properties"]["datasheet"]["properties"]) == keys


def test_no_value_of_a_row_is_shown() -> None:
    frame = FRAME.assign(name=["canary1", "canary2", "canary3", "canary4"])
    found = datasheet.run(Subject(frame, label="y", cluster="name", sensitive=["sex"]), {})
    assert "canary" not in str(found)


def test_audit_yaml_brings_answers_and_a_reference(tmp_path: Path) -> None:
    FRAME.assign(p=FRAME["y"]).to_csv(tmp_path / "rows.csv", index=False)
    written = {
        "name": "m",
        "data": {"test": "rows.csv", "reference": {"sex": {"f": 0.5, "m": 0.5}}},
        "columns": {"label": "y", "prediction": "p", "sensitive": ["sex"]},
        "datasheet": {"purpose": "To learn."},
    }
    (tmp_path / "audit.yaml").write_text(json.dumps(written))
    subject = subject_from(tmp_path / "audit.yaml")
    assert subject.reference == {"sex": {"f": 0.5, "m": 0.5}}
    assert subject.datasheet == {"purpose": "To learn."}
    written["datasheet"] = {"purpos": "To learn."}
    (tmp_path / "audit.yaml").write_text(json.dumps(written))
    with pytest.raises(ConfigurationError, match="Did you mean 'purpose'"):
        subject_from(tmp_path / "audit.yaml")
