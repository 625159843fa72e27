"""Reasons in the aggregate: silent on a model without sensitive columns or proxies, loud on one that has them."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from auditkit.auditing import audit
from auditkit.auditors.explanations.reason_codes import reason_codes
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.explainers.proxies import proxies_of
from auditkit.finding import Evidence, Measure
from auditkit.record import dump
from auditkit.stats.intervals import wilson
from auditkit.subject import Subject

RNG = np.random.default_rng(5)
ROWS = 3000
FRAME = pd.DataFrame({"income": RNG.normal(size=ROWS), "debt": RNG.normal(size=ROWS), "sex": RNG.integers(0, 2, ROWS)})
FRAME["club"] = np.where(RNG.random(ROWS) < 0.95, FRAME.sex, 1 - FRAME.sex)
FRAME["repaid"] = np.where(
    FRAME.income - FRAME.debt + FRAME.sex + FRAME.club + RNG.logistic(size=ROWS) > 0.5, "yes", "no"
)


def subject(columns: list[str], frame: pd.DataFrame = FRAME, **more: object) -> Subject:
    model = LogisticRegression().fit(FRAME[columns], FRAME.repaid)
    return Subject(frame, model=model, label="repaid", favorable="yes", **{"sensitive": ["sex"], **more})


def run(audited: Subject, **options: object) -> tuple[dict[tuple[str, object], Measure], dict[str, Evidence]]:
    found = reason_codes.run(audited, reason_codes.options(options))
    measures = {(m.name, next(iter(m.group.values), None)): m for m in found if isinstance(m, Measure)}
    return measures, {item.id.rpartition(".")[2]: item for item in found if isinstance(item, Evidence)}


def test_a_model_that_reads_neither_sensitive_columns_nor_proxies_is_exactly_without_them() -> None:
    measures, evidence = run(subject(["income", "debt"]))
    for name in ("share_with_sensitive_reason", "share_with_proxy_reason"):
        assert measures[name, None].value == 0
        assert measures[name, None].interval.kind == "exact"
    assert measures["share_with_reason", None].value == 1
    assert {row[0] for row in evidence["factors"].rows} == {"income", "debt"}
    assert [row[-1] for row in evidence["remarks"].rows] == ["", ""]


def test_sensitive_reasons_and_proxies_are_counted_over_all_and_by_group() -> None:
    measures, evidence = run(subject(["income", "debt", "sex", "club"]))
    assert measures["share_with_sensitive_reason", None].value > 0.2
    assert measures["share_with_sensitive_reason", 0].value > 0.5
    assert measures["share_with_sensitive_reason", 1].value == 0  # the higher value cannot lower a score
    assert measures["share_with_proxy_reason", None].value > 0.2
    remarks = {row[0]: row[-1] for row in evidence["remarks"].rows}
    assert remarks["sex"] == "sensitive"
    assert remarks["club"].startswith("stands for sex (V 0.9")
    assert "income: 0" in {row[0] for row in evidence["sex"].rows}


def test_a_column_named_like_a_protected_one_is_remarked_though_it_is_not_declared() -> None:
    measures, evidence = run(subject(["income", "sex"], sensitive=()))
    assert measures["share_with_sensitive_reason", None].value > 0.2
    assert {row[0]: row[-1] for row in evidence["remarks"].rows}["sex"] == "named like what ECOA protects"


def test_shares_are_wilsons_over_the_adverse_rows() -> None:
    audited = subject(["income", "debt", "sex"])
    measures, evidence = run(audited, rows=400)
    found = measures["share_with_sensitive_reason", None]
    low, high = wilson(round(found.value * 400), 400, 1.959963984540054)
    assert (found.n, found.interval.low, found.interval.high) == (400, pytest.approx(low), pytest.approx(high))
    assert sum(row[2] for row in evidence["remarks"].rows) == 400  # each has one first reason


def test_what_is_listed_carries_nearly_all_and_first_reasons_are_stable_for_few_columns() -> None:
    measures, _ = run(subject(["income", "debt", "sex"]))
    assert measures["share_listed", None].value > 0.98
    assert 0.7 < measures["share_stable", None].value < 1
    assert measures["additivity_error", None].value < 1e-9


def test_a_group_with_few_adverse_rows_gets_no_share() -> None:
    few = pd.concat([FRAME[FRAME.sex == 0].head(800), FRAME[FRAME.sex == 1].head(40)], ignore_index=True)
    measures, evidence = run(subject(["income", "sex"], few))
    found = measures["share_with_sensitive_reason", 1]
    assert found.status == "insufficient" and "at least 30 are needed" in found.reason
    assert all(row[2] is None for row in evidence["sex"].rows if row[0].endswith(": 1"))


def test_the_caption_states_the_reference() -> None:
    _, evidence = run(subject(["income", "debt"]))
    caption = evidence["factors"].caption
    assert " approved applicants at or just above the threshold: the " in caption and "digest" in caption
    _, evidence = run(subject(["income", "debt"]), reference="all")
    assert "2,000 all applicants" in evidence["factors"].caption


def test_a_black_box_is_explained_within_its_budget() -> None:
    model = LogisticRegression().fit(FRAME[["income", "sex"]], FRAME.repaid)

    def answer(frame: pd.DataFrame) -> np.ndarray:
        return model.predict_proba(frame[["income", "sex"]])[:, 1]

    answer.classes = ("no", "yes")  # type: ignore[attr-defined]
    audited = Subject(
        FRAME, model=answer, label="repaid", favorable="yes", sensitive=["sex"], features=["income", "sex"]
    )
    measures, _ = run(audited, budget=5000)
    assert measures["share_with_reason", None].n < 300
    assert ("share_stable", None) not in measures


@pytest.mark.parametrize(
    ("audited", "options", "error", "message"),
    [
        (lambda: subject(["income"]), {"reference": "best"}, ConfigurationError, "wanted 'near-threshold' or 'all'"),
        (lambda: subject(["income"], threshold=0.0), {}, InsufficientData, "0 of 3,000 test rows have an adverse"),
        (
            lambda: Subject(
                FRAME, model=LinearRegression().fit(FRAME[["income"]], FRAME.debt), label="debt", task="regression"
            ),
            {},
            NotApplicable,
            "regression",
        ),
        (lambda: Subject(FRAME.assign(p=FRAME.repaid), label="repaid", prediction="p"), {}, NotApplicable, "no model"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_reason(
    audited: object, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(audited(), **options)  # type: ignore[operator]


def test_the_record_holds_nothing_of_a_single_person() -> None:
    audited = subject(["income", "debt", "sex"])
    found = audit(audited, only=["explanations.reason_codes"], progress=False)
    finding = json.loads(dump(found, None))["findings"][0]
    cells = [cell for item in finding["evidence"] for row in item["rows"] for cell in row]
    people = set(FRAME[["income", "debt"]].to_numpy().ravel().tolist())
    assert finding["status"] == "measured"
    assert not people & {cell for cell in cells if isinstance(cell, float)}


def test_proxies_are_those_that_go_together_closely() -> None:
    words = pd.Series(np.where(FRAME.sex == 1, "m", None), dtype=object)
    frame = FRAME.assign(words=words, sum=FRAME.sex * 3 + RNG.normal(size=ROWS) * 0.1)
    found = proxies_of(frame, ["income", "club", "words", "sum"], {"sex": FRAME.sex.tolist()}, 0.5)
    assert set(found) == {"club", "words", "sum"}
    assert found["words"].strength == pytest.approx(1)
