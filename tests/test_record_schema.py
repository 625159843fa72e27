"""audit.json is what its published schema says, and the schema refuses what no audit writes."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from sklearn.linear_model import LogisticRegression

from auditkit.auditing import audit
from auditkit.policy import Policy, Rule, Waiver
from auditkit.record import dump
from auditkit.stats.uncertainty import (
    _KINDS,
    AreaUnderCurve,
    EffectiveProportion,
    Exact,
    Extreme,
    Normal,
    Pair,
    PairedDifference,
    Proportion,
    Range,
    Replicates,
    Uncertainty,
    WorstPair,
)
from auditkit.subject import Subject
from auditkit.yamlfile import schema

SCHEMA = schema("record")
RULES = (
    Rule(id="gap", measure="fairness.equalized_odds.difference", group="g", max=0.01),
    Rule(id="each", measure="performance.classification.accuracy", each_group="g", min=0.5),
    Rule(id="k", measure="privacy.k_anonymity.k", min=5, severity="warn"),
    Rule(id="energy", measure="carbon.inference.energy_per_1000", max=1e-9),
    Rule(id="absent", measure="performance.regression.mae", group={"g": "a"}, max=1, on_missing="warn"),
)
WAIVERS = (
    Waiver(rule="k", reason="r", requested_by="a", approved_by="b", until=date(2026, 6, 1)),
    Waiver(rule="energy", reason="r", requested_by="a", approved_by="b", until=date(2025, 6, 1)),
    Waiver(rule="absent", reason="r", requested_by="a", approved_by="b", until=date(2026, 6, 1), group={"g": "a"}),
)


@cache
def written(judged: bool = True) -> bytes:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "g": rng.choice(["a", "b", None], 400, p=[0.5, 0.4, 0.1]),
            "flag": rng.random(400) < 0.5,
            "age": rng.integers(20, 40, 400),
            "income": rng.normal(0, 1, 400),
        }
    )
    frame["y"] = (rng.random(400) < 1 / (1 + np.exp(-frame.income))).astype(int)
    train, test = frame.iloc[:200].reset_index(drop=True), frame.iloc[200:].reset_index(drop=True)
    subject = Subject(
        test,
        train=train,
        model=LogisticRegression().fit(train[["age", "income"]], train.y),
        label="y",
        sensitive=["g", "flag"],
        quasi_identifiers=["age", "g"],
        carbon={"country": "FRA"},
    )
    found = audit(subject, options={"carbon.inference": {"seconds": 0.2}}, progress=False)
    policy = Policy(name="p", rules=RULES, waivers=WAIVERS)
    return dump(found, policy.judge(found, as_of=date(2026, 1, 1)) if judged else None)


def check(data: Any) -> None:
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)


def measures(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for finding in [*data["findings"], *data["run"]["findings"]]:
        yield from finding["measures"]


def first(data: dict[str, Any], key: str) -> dict[str, Any]:
    return next(measure for measure in measures(data) if measure[key])


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("judged", [True, False])
def test_what_is_written_follows_the_schema(judged: bool) -> None:
    data = json.loads(written(judged))
    check(data)
    assert [finding["id"] for finding in data["run"]["findings"]] == ["carbon.inference"]
    assert {m["interval"]["kind"] for m in measures(data) if m["interval"]} == {"exact", "range", "interval"}
    assert {type(value) for m in measures(data) for value in m["group"].values()} == {str, bool, int, type(None)}
    if judged:
        assert data["run"]["rulings"][0]["waiver_expired"]
        assert {r["status"] for r in data["decision"]["rulings"]} >= {"waived"}


SHARE, OTHER = Proportion(3, 10), Proportion(5, 10)
UNCERTAINTIES: list[Uncertainty] = [
    SHARE,
    Normal(0.5, 0.1),
    Normal(0.5, 0.1, "logit", df=4.5, low=0, high=1),
    AreaUnderCurve(0.7, 30, 40),
    WorstPair("ratio", (SHARE, OTHER)),
    Pair("difference", (SHARE, OTHER)),
    Pair("ratio", (SHARE, OTHER), 4),
    EffectiveProportion(0.3, 41.5, 60.2),
    Extreme("max", (WorstPair("difference", (SHARE, OTHER)), Exact(0.0))),
    Range(1.0, 2.0, 3.0),
    Range(1.0, 2.0, 3.0, (1.9, 2.1), "one machine"),
    PairedDifference(36, 12, 2, 0),
    Exact(5),
    Replicates(0.5, (0.4, 0.5, 0.6)),
]


@pytest.mark.parametrize("given", UNCERTAINTIES, ids=lambda given: given.kind)
def test_every_kind_of_uncertainty_follows_the_schema(given: Uncertainty) -> None:
    data = json.loads(written())
    first(data, "uncertainty")["uncertainty"] = given.as_dict()
    check(data)
    first(data, "uncertainty")["uncertainty"] = {**given.as_dict(), "other": 1}
    with pytest.raises(ValidationError):
        check(data)


def test_no_kind_of_uncertainty_is_left_out() -> None:
    assert {given.kind for given in UNCERTAINTIES} == set(_KINDS)


def unknown_key(data: dict[str, Any]) -> None:
    first(data, "name")["colour"] = "red"


def not_a_number(data: dict[str, Any]) -> None:
    first(data, "value")["value"] = "NaN"


def not_a_number_in_a_bound(data: dict[str, Any]) -> None:
    first(data, "interval")["interval"]["low"] = "NaN"


def star(data: dict[str, Any]) -> None:
    measure = first(data, "group")
    measure["group"] = dict.fromkeys(measure["group"], "*")


def nested_group(data: dict[str, Any]) -> None:
    first(data, "group")["group"] = {"g": ["a"]}


def measure_status(data: dict[str, Any]) -> None:
    first(data, "name")["status"] = "guessed"


def measured_without_a_value(data: dict[str, Any]) -> None:
    first(data, "value")["value"] = None


def finding_status(data: dict[str, Any]) -> None:
    data["findings"][0]["status"] = "fine"


def ruling_status(data: dict[str, Any]) -> None:
    data["decision"]["rulings"][0]["status"] = "maybe"


def no_limit(data: dict[str, Any]) -> None:
    del data["decision"]["rulings"][0]["limit"]


def unknown_kind(data: dict[str, Any]) -> None:
    first(data, "uncertainty")["uncertainty"]["kind"] = "guess"


def kind_of_another(data: dict[str, Any]) -> None:
    first(data, "uncertainty")["uncertainty"] = {"kind": "proportion", "value": 1}


def volatile_among_the_steady(data: dict[str, Any]) -> None:
    data["findings"].append(data["run"]["findings"].pop())


def decision_without_a_verdict(data: dict[str, Any]) -> None:
    del data["run"]["verdict"]


@pytest.mark.parametrize(
    ("spoil", "where", "keyword"),
    [
        (unknown_key, "", "additionalProperties"),
        (not_a_number, "value", "type"),
        (not_a_number_in_a_bound, "interval", "oneOf"),
        (star, "", "not"),
        (nested_group, "g", "type"),
        (measure_status, "status", "enum"),
        (measured_without_a_value, "value", "type"),
        (finding_status, "status", "enum"),
        (ruling_status, "decision", "oneOf"),
        (no_limit, "decision", "oneOf"),
        (unknown_kind, "uncertainty", "oneOf"),
        (kind_of_another, "uncertainty", "oneOf"),
        (volatile_among_the_steady, "volatile", "const"),
        (decision_without_a_verdict, "run", "required"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_no_audit_writes_is_refused(spoil: Callable[[dict[str, Any]], None], where: str, keyword: str) -> None:
    data = json.loads(written())
    before = copy.deepcopy(data)
    spoil(data)
    assert data != before
    with pytest.raises(ValidationError):
        check(data)
    errors = list(Draft202012Validator(SCHEMA).iter_errors(data))
    assert any(error.validator == keyword and where in ("", error.path[-1]) for error in errors), errors
