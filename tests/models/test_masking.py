"""What other people's code says may quote rows: a record, a report and a terminal have it without them."""

import io
import json
from contextlib import redirect_stderr

import numpy as np
import pandas as pd
import pytest

import auditkit as ak
from auditkit.auditing import audit
from auditkit.auditors.privacy.k_anonymity import k_anonymity
from auditkit.auditors.privacy.membership_inference import membership_inference
from auditkit.errors import DataError, ModelError
from auditkit.finding import Measure
from auditkit.models.masking import masked
from auditkit.record import as_json
from auditkit.subject import Subject
from auditkit.workers import run_one

CANARIES = ("CanaryJob", "Zyxwv Canarylane 77", "987654.5")


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("Found unknown categories ['nurse', 'x y'] in column 0", "Found unknown categories ['…', '…'] in column 0"),
        ('Unable to parse string "b c" at position 0', 'Unable to parse string "…" at position 0'),
        ("could not convert string to float: 'a long cell that was cut", "could not convert string to float: '…'"),
        ("KeyError: 'abc'", "KeyError: '…'"),
        ("no column 'income'", "no column 'income'"),
        ("No module named 'xgboost.core'", "No module named 'xgboost.core'"),
        ("'list' object has no attribute 'foo'", "'list' object has no attribute 'foo'"),
        ("can't: X has 3 features, expects 5", "can't: X has 3 features, expects 5"),
        ("bad rows 987654.0, -0.25 and 12,345 of (300, 3)", "bad rows …, … and … of (300, 3)"),
        ("row of nurse is odd", "row of … is odd"),
        ("nurses are odd", "nurses are odd"),
    ],
)
def test_what_is_quoted_goes_and_what_went_wrong_stays(message: str, left: str) -> None:
    assert masked(message, ["income"], ["nurse", "income", "is"]) == left


class Telling:
    """A model that quotes the rows it fails on, from its second call on, as encoders do."""

    classes_ = np.array([0, 1])

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        self.calls += 1
        if self.calls > 1:
            raise ValueError(f"cannot read {CANARIES[0]} of {rows['job'].tolist()}, {CANARIES[1]!r}: {CANARIES[2]}")
        return np.tile([0, 1], len(rows))[: len(rows)]


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 300), "income": rng.normal(0, 1, 300), "y": rng.integers(0, 2, 300)}
    )
    frame["job"] = rng.choice(["cook", "nurse"], 300)
    frame.loc[7, ["job", "income"]] = ["CanaryJob", 987654.5]
    return frame


def test_a_model_that_fails_on_a_row_does_not_put_it_into_the_record() -> None:
    inputs = ["sex", "income", "job"]
    subject = Subject(people(), model=Telling(), label="y", features=inputs, sensitive=["sex"])
    shown = io.StringIO()
    with redirect_stderr(shown):
        found = audit(subject, only=["explanations.effects", "fairness.counterfactual_flip"], progress=True)
    reasons = [str(finding.reason) for finding in found.findings if finding.status == "error"]
    assert reasons and all("predict raised ValueError: cannot read … of ['…'" in reason for reason in reasons)
    written = json.dumps(as_json(found, None)) + shown.getvalue()
    assert [canary for canary in CANARIES if canary in written] == []


def test_an_auditor_that_dies_of_a_value_does_not_name_it() -> None:
    def dying(subject: Subject) -> list[Measure]:
        """Die.

        Notes
        -----
        None.

        Misleads when
        -------------
        Always.
        """
        raise KeyError("CanaryJob")

    subject = Subject(people(), label="y", prediction="y", sensitive=["sex"])
    found = run_one(ak.auditor(title="Dying", measures=("x",))(dying), subject, {})
    assert (found.status, found.reason) == ("error", "KeyError: '…'")


def test_a_value_that_a_hierarchy_lacks_is_told_to_the_caller_and_not_to_the_record() -> None:
    hierarchies = {"job": {"cook": ["*"], "nurse": ["*"]}}
    subject = Subject(people(), quasi_identifiers=["sex", "job"], hierarchies=hierarchies)
    with pytest.raises(DataError, match="the value 'CanaryJob' is not in it"):
        k_anonymity.run(subject, {})
    found = run_one(k_anonymity, subject, {})
    assert found.reason == "DataError: hierarchy of 'job': the value '…' is not in it. Known: '…', '…'."


def test_a_model_that_cannot_be_asked_is_said_without_the_rows() -> None:
    def function(rows: pd.DataFrame) -> np.ndarray:
        raise ValueError(f"cannot read {rows['job'].max()} in column 'job'")

    with pytest.raises(ModelError, match=r"raised ValueError: cannot read … in column 'job'; give it"):
        Subject(people()[lambda rows: rows["job"] != "cook"], model=function, label="y", features=["job"])


class Untrainable:
    """A model whose training quotes a row."""

    classes_ = np.array([0, 1])

    def get_params(self, deep: bool = True) -> dict[str, object]:
        return {}

    def set_params(self, **_: object) -> "Untrainable":
        return self

    def fit(self, rows: pd.DataFrame, labels: object) -> None:
        raise ValueError(f"could not convert string to float: {CANARIES[0]!r}, that is CanaryJob")

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack([np.linspace(0.1, 0.9, len(rows)), np.linspace(0.9, 0.1, len(rows))])

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.tile([0, 1], len(rows))[: len(rows)]


def test_a_shadow_that_fails_on_a_row_does_not_name_it() -> None:
    subject = Subject(
        people(),
        train=people().assign(income=lambda rows: rows["income"] + 1),
        model=Untrainable(),
        label="y",
        features=["income", "job"],
    )
    found = membership_inference.run(subject, {})
    texts = " ".join(str(item) for item in found)
    assert "no shadow models" in texts and "CanaryJob" not in texts
