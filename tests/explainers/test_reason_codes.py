"""Reasons of adverse decisions: what really lowered the score, at most four, against stated rows, sensitive ones flagged."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from auditkit.errors import ConfigurationError, NotApplicable
from auditkit.explainers.protected import sounds_protected
from auditkit.explainers.reason_codes import Person, principal, reason_codes
from auditkit.explainers.reason_reference import reference_of
from auditkit.subject import Subject

RNG = np.random.default_rng(3)
ROWS = 1200
NAMES = ["income", "debt", "tenure", "sex", "noise", "unread"]
FRAME = pd.DataFrame({name: RNG.normal(size=ROWS) for name in NAMES})
FRAME["sex"] = RNG.integers(0, 2, ROWS)
FRAME["repaid"] = np.where(2 * FRAME.income - FRAME.debt + FRAME.sex + RNG.logistic(size=ROWS) > 0, "yes", "no")


def fitted(**changes: float) -> LogisticRegression:
    model = LogisticRegression().fit(FRAME[NAMES], FRAME.repaid)
    for name, value in {"unread": 0.0, **changes}.items():
        model.coef_[0, NAMES.index(name)] = value
    return model


def black_box() -> object:
    linear = fitted()

    def answer(frame: pd.DataFrame) -> np.ndarray:
        return linear.predict_proba(frame[NAMES])[:, 1]

    answer.classes = ("no", "yes")  # type: ignore[attr-defined]
    return answer


def subject(frame: pd.DataFrame = FRAME, model: object = None, **more: object) -> Subject:
    given = {"label": "repaid", "favorable": "yes", "sensitive": ["sex"], "features": NAMES, **more}
    return Subject(frame, model=model or fitted(), **given)


def adverse(persons: tuple[Person, ...]) -> list[Person]:
    return [person for person in persons if person.adverse]


def test_reasons_of_a_linear_model_are_those_computed_by_hand() -> None:
    audited = subject()
    codes = reason_codes(audited, range(200))
    expected = (FRAME.loc[:199, NAMES] - codes.reference.frame[NAMES].mean()) * audited.model.estimator.coef_[0]
    assert len(adverse(codes.persons)) > 50
    for person in adverse(codes.persons):
        own = expected.loc[person.row]
        lowered = -own[own < 0].sum()
        by_hand = own[own <= -0.05 * lowered].sort_values()[:4]
        assert [reason.column for reason in person.reasons] == by_hand.index.tolist()
        np.testing.assert_allclose([reason.share for reason in person.reasons], by_hand, rtol=1e-9)
        assert person.listed == pytest.approx(-by_hand.sum() / lowered)


def test_the_reference_is_the_lowest_scoring_tenth_of_the_approved() -> None:
    audited = subject()
    scores = audited.predict_scores(FRAME)
    approved = np.sort(scores[scores >= 0.5])
    reference = reference_of(audited)
    near = len(approved) // 10
    assert near > 30
    assert (reference.kind, len(reference)) == ("near-threshold", near)
    np.testing.assert_allclose(np.sort(audited.predict_scores(reference.frame)), approved[:near])
    assert f"{approved[0]:.3g} to {approved[near - 1]:.3g}" in reference.note


def test_training_rows_make_the_reference_where_there_are_any() -> None:
    reference = reference_of(subject(FRAME.iloc[:200].reset_index(drop=True), train=FRAME.iloc[200:]))
    assert "favourably decided train rows" in reference.note


def test_too_few_approved_rows_leave_all_applicants_and_say_so() -> None:
    strict = subject(threshold=0.98)
    reference = reference_of(strict)
    assert (reference.kind, reference.name) == ("all", "all applicants")
    assert "rows are decided favourably, 120 are needed" in reference.note
    with pytest.raises(NotApplicable, match="use the reference all"):
        reference_of(strict, "near-threshold")


def test_the_certificate_shows_the_digest_of_the_reference() -> None:
    codes = reason_codes(subject(), [0])
    assert f"digest {codes.reference.digest}" in codes.explanation.certificate.background
    assert codes.reference.name in codes.explanation.certificate.background
    assert {half.digest for half in codes.reference.halves()}.isdisjoint({codes.reference.digest})


def test_each_adverse_row_has_a_reason_near_the_threshold_and_none_more_than_four() -> None:
    persons = reason_codes(subject(), range(ROWS)).persons
    counts = {len(person.reasons) for person in adverse(persons)}
    assert min(counts) >= 1 and max(counts) == 4
    assert all(not person.reasons and not person.warning for person in persons if not person.adverse)


def test_reasons_lowered_this_persons_score_and_come_largest_first() -> None:
    for person in adverse(reason_codes(subject(), range(300)).persons):
        shares = [reason.share for reason in person.reasons]
        assert all(share < 0 for share in shares)
        assert shares == sorted(shares)


def test_the_parts_add_up_to_the_score() -> None:
    for model in (None, DecisionTreeClassifier(max_depth=4, random_state=0).fit(FRAME[NAMES], FRAME.repaid)):
        for person in reason_codes(subject(model=model), range(200)).persons:
            total = person.base + sum(reason.share for reason in person.reasons) + person.not_listed + person.residual
            assert total == pytest.approx(person.score, abs=1e-12)
            assert abs(person.residual) < 1e-9


@pytest.mark.parametrize("kind", ["linear", "tree", "black box"])
def test_a_column_that_the_model_does_not_read_is_never_a_reason(kind: str) -> None:
    model: object = fitted()
    if kind == "tree":
        model = DecisionTreeClassifier(max_depth=5, random_state=0).fit(FRAME[NAMES].assign(unread=0.0), FRAME.repaid)
    if kind == "black box":
        model = black_box()
    audited = subject(model=model)
    codes = reason_codes(audited, range(60))
    assert any(person.reasons for person in codes.persons)
    assert all(reason.column != "unread" for person in codes.persons for reason in person.reasons)


def test_a_reason_that_is_sampled_is_above_its_noise() -> None:
    audited = subject(model=black_box())
    codes = reason_codes(audited, range(60), budget=9000)
    assert codes.explanation.half_width is not None
    for person in adverse(codes.persons):
        assert all(reason.half_width is not None and -reason.share > reason.half_width for reason in person.reasons)


def test_a_sensitive_reason_is_kept_and_flagged_loudly() -> None:
    codes = reason_codes(subject(model=fitted(sex=6.0)), range(100))
    flagged = [person for person in codes.persons if any(reason.column == "sex" for reason in person.reasons)]
    assert flagged
    for person in flagged:
        text = next(reason.text for reason in person.reasons if reason.column == "sex")
        assert text.startswith("WARNING, sensitive: sex: 0, ")
        assert "ECOA (15 U.S.C. 1691(a)) prohibits" in person.warning and "'sex'" in person.warning


def test_a_text_of_ones_own_does_not_hide_that_a_reason_is_sensitive() -> None:
    codes = reason_codes(subject(model=fitted(sex=6.0)), range(50), texts={"sex": "Time at address"})
    texts = {reason.text for person in codes.persons for reason in person.reasons if reason.column == "sex"}
    assert texts == {"WARNING, sensitive: Time at address"}


def test_a_column_named_like_a_protected_one_is_flagged_though_nobody_called_it_sensitive() -> None:
    codes = reason_codes(subject(model=fitted(sex=6.0), sensitive=()), range(50))
    assert any(person.warning for person in codes.persons)


@pytest.mark.parametrize("name", ["Sex", "GENDER", "race", "maritalStatus", "native.country", "age", "National_Origin"])
def test_names_of_protected_columns_are_known(name: str) -> None:
    assert sounds_protected(name)


@pytest.mark.parametrize("name", ["income", "mileage", "usage", "essex", "grace_period", "percentage", "trace", ""])
def test_other_names_are_not_taken_for_protected_ones(name: str) -> None:
    assert not sounds_protected(name)


def test_an_unfavourable_positive_label_turns_the_direction_round() -> None:
    codes = reason_codes(subject(), range(100))
    turned = reason_codes(subject(positive="no"), range(100))
    for one, two in zip(codes.persons, turned.persons, strict=True):
        assert [reason.column for reason in one.reasons] == [reason.column for reason in two.reasons]
        assert (one.score, one.base) == pytest.approx((two.score, two.base))
    one, two = (reason_codes(subject(model=black_box(), positive=label), [2]).persons[0] for label in ("yes", "no"))
    assert 0 < one.score < 1
    assert one.score == pytest.approx(two.score)
    assert one.base == pytest.approx(two.base)


def test_a_recorded_decision_that_is_not_the_models_gets_no_invented_reason() -> None:
    own = pd.Series(fitted().predict(FRAME[NAMES]))
    recorded = own.where(np.arange(ROWS) % 7 != 0, "no")
    codes = reason_codes(subject(FRAME.assign(decided=recorded), prediction="decided"), range(300))
    overruled = [person for person in codes.persons if own[person.row] == "yes" and recorded[person.row] == "no"]
    assert overruled
    assert all(not person.reasons and "is not the model's" in person.warning for person in overruled)


def test_missing_values_are_worded_as_missing() -> None:
    frame = FRAME.assign(income=FRAME.income.where(np.arange(ROWS) % 5 != 0))
    frame["repaid"] = frame.repaid.where(frame.income.notna(), "no")
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(frame[NAMES], frame.repaid)
    persons = reason_codes(subject(frame, model), range(300)).persons
    texts = [
        reason.text
        for person in persons
        for reason in person.reasons
        if reason.column == "income" and person.row % 5 == 0
    ]
    assert texts and set(texts) == {"income missing"}


def test_the_favourable_class_of_several_is_explained() -> None:
    frame = FRAME.assign(repaid=np.select([FRAME.income > 0.5, FRAME.income > -0.5], ["yes", "later"], "no"))
    model = LogisticRegression(max_iter=500).fit(frame[NAMES], frame.repaid)
    codes = reason_codes(subject(frame, model), range(100))
    assert codes.explanation.target.endswith("'yes'")
    assert all(
        person.reasons[0].column == "income" for person in adverse(codes.persons) if frame.income[person.row] < -1
    )
    with pytest.raises(NotApplicable, match="say positive: 'yes'"):
        reason_codes(subject(frame, model, positive="no"), [0])


def test_a_regression_has_no_reasons() -> None:
    model = LinearRegression().fit(FRAME[["income"]], FRAME.debt)
    with pytest.raises(NotApplicable, match="regression"):
        reason_codes(Subject(FRAME, model=model, label="debt", task="regression"), [0])


def test_texts_of_an_unknown_column_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'income'"):
        reason_codes(subject(), [0], texts={"incme": "a"})


def test_ties_are_broken_by_name() -> None:
    assert principal(np.array([-1.0, -1.0, -1.0 - 1e-13]), None, ["c", "a", "b"]) == [1, 2, 0]


@given(arrays(np.float64, 8, elements=st.floats(-1e6, 1e6)), st.integers(0, 4))
def test_reasons_are_never_more_than_four_nor_positive_nor_below_the_floor(shares: np.ndarray, most: int) -> None:
    picked = principal(shares, None, list("abcdefgh"), most=most)
    lowered = -shares[shares < 0].sum()
    assert len(picked) <= most
    assert all(shares[at] < 0 and -shares[at] >= 0.05 * lowered * (1 - 1e-9) for at in picked)


def test_the_same_rows_have_the_same_reasons_in_any_order_of_the_table() -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    one = reason_codes(subject(), FRAME.iloc[:100])
    two = reason_codes(subject(FRAME.iloc[order].reset_index(drop=True)), FRAME.iloc[:100])
    assert one.reference.digest == two.reference.digest
    assert one.persons == two.persons
