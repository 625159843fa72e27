"""Shares of groups, and what they ought to be."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from auditkit.auditors.data.representation import representation
from auditkit.errors import DataError, NotApplicable
from auditkit.finding import Evidence, Group, Measure
from auditkit.subject import Subject


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"sex": ["f"] * 30 + ["m"] * 68 + [None] * 2, "region": ["n", "s"] * 50})


def results(subject: Subject) -> tuple[list[Measure], dict[str, Evidence]]:
    found = representation.run(subject, {})
    measures = [item for item in found if isinstance(item, Measure)]
    return measures, {item.id: item for item in found if isinstance(item, Evidence)}


def test_shares_of_a_column_sum_to_one(frame: pd.DataFrame) -> None:
    measures, _ = results(Subject(frame, sensitive=["sex"]))
    assert sum(float(m.value or 0) for m in measures if m.name == "share") == pytest.approx(1)


def test_a_share_has_wilsons_interval(frame: pd.DataFrame) -> None:
    measures, _ = results(Subject(frame, sensitive=["sex"]))
    share = next(m for m in measures if m.group == Group.of({"sex": "f"}))
    assert share.interval is not None
    assert (share.value, share.n) == (0.3, 100)
    assert (share.interval.low, share.interval.high) == pytest.approx((0.2189, 0.3959), abs=1e-4)


def test_the_smallest_share_names_its_group_and_missing_is_a_group(frame: pd.DataFrame) -> None:
    measures, _ = results(Subject(frame, sensitive=["sex"]))
    smallest = next(m for m in measures if m.name == "smallest_share")
    assert (smallest.value, smallest.over) == (0.02, ("sex",))
    assert (smallest.worst, smallest.best) == (Group.of({"sex": None}), Group.of({"sex": "m"}))


def test_every_sensitive_column_has_its_intervals(frame: pd.DataFrame) -> None:
    _, evidence = results(Subject(frame, sensitive=["sex", "region"]))
    assert set(evidence) == {f"data.representation.{level}" for level in ("sex", "region", "sex+region")}
    assert {e.kind for e in evidence.values()} == {"intervals"}


def test_train_stands_beside_test_with_groups_of_either(frame: pd.DataFrame) -> None:
    train = pd.DataFrame({"sex": ["f", "m", "m", "x"]})
    _, evidence = results(Subject(frame[["sex"]], train=train, sensitive=["sex"]))
    rows = {row[0]: row[1:] for row in evidence["data.representation.sex.train_test"].rows}
    assert rows["f"] == (1, 0.25, 30, 0.3, pytest.approx(0.05))
    assert rows["x"] == (1, 0.25, 0, 0.0, -0.25)
    assert rows["(missing)"] == (0, 0.0, 2, 0.02, 0.02)


def test_without_sensitive_columns_it_says_what_to_pass(frame: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match="pass sensitive="):
        results(Subject(frame))


def one(measures: list[Measure], name: str, group: Group = Group(), over: tuple[str, ...] = ()) -> Measure:  # noqa: B008
    return next(m for m in measures if (m.name, m.group, m.over) == (name, group, over))


def test_the_smallest_share_knows_that_it_was_chosen(frame: pd.DataFrame) -> None:
    smallest = one(results(Subject(frame, sensitive=["sex"]))[0], "smallest_share", over=("sex",))
    assert smallest.interval is not None
    assert smallest.interval.high == pytest.approx(proportion_confint(2, 100, 2 * 0.05 / 3, method="beta")[1])
    assert smallest.interval.low == pytest.approx(proportion_confint(2, 100, 0.10, method="beta")[0])


def test_combinations_are_counted_and_those_without_a_row_too(frame: pd.DataFrame) -> None:
    frame = frame.assign(region=["n"] * 30 + ["n", "s"] * 35)  # no f in the south
    measures, evidence = results(Subject(frame, train=frame.iloc[:90], sensitive=["sex", "region"]))
    over = ("sex", "region")
    assert one(measures, "groups_absent", over=over).value == 1
    assert one(measures, "share", Group.of({"sex": "f", "region": "n"})).value == 0.3
    assert one(measures, "smallest_share", over=over).value == 0.01
    assert sum(row[1] for row in evidence["data.representation.sex+region"].rows) == 100  # type: ignore[misc]
    assert "data.representation.sex+region.train_test" in evidence


def test_bins_are_groups() -> None:
    frame = pd.DataFrame({"age": [20, 30, 40, 50, 60] * 20})
    measures, _ = results(Subject(frame, sensitive=["age"], bins={"age": [35]}))
    assert {str(m.group): m.value for m in measures if m.name == "share"} == {"under 35": 0.4, "35 and over": 0.6}


def test_a_reference_stands_beside_the_rows_that_it_names(frame: pd.DataFrame) -> None:
    subject = Subject(frame, sensitive=["sex", "region"], reference={"sex": {"f": 0.5, "m": 0.47, "x": 0.03}})
    measures, evidence = results(subject)
    ratio = one(measures, "share_to_reference", Group.of({"sex": "f"}))
    assert (ratio.value, ratio.n) == (pytest.approx(30 / 98 / 0.5), 98)
    low, high = proportion_confint(30, 98, method="wilson")
    assert ratio.interval is not None
    assert (ratio.interval.low, ratio.interval.high) == pytest.approx((low / 0.5, high / 0.5))
    least = one(measures, "smallest_to_reference", over=("sex",))
    assert (least.value, least.worst) == (0.0, Group.of({"sex": "x"}))
    assert one(measures, "groups_off_reference").value == 2
    shown = {row[0]: (row[1], row[7]) for row in evidence["data.representation.sex.reference"].rows}
    assert shown == {"f": (30, "fewer"), "m": (68, "more"), "x": (0, "")}
    assert "Left out: 2 rows" in evidence["data.representation.sex.reference"].caption


def test_groups_of_numbers_are_named_by_their_text() -> None:
    subject = Subject(pd.DataFrame({"code": [1, 2] * 50}), sensitive=["code"], reference={"code": {"1": 0.5, "2": 0.5}})
    measures, _ = results(subject)
    assert one(measures, "share_to_reference", Group.of({"code": 1})).value == pytest.approx(1)
    assert one(measures, "groups_off_reference").value == 0


def test_a_reference_that_names_no_group_of_the_data_says_so(frame: pd.DataFrame) -> None:
    measures, _ = results(Subject(frame, sensitive=["sex"], reference={"sex": {"F": 0.5, "M": 0.5}}))
    found = one(measures, "smallest_to_reference", over=("sex",))
    assert found.status == "insufficient"
    assert "spell them as the data do" in str(found.reason)


def test_a_group_that_the_reference_misspells_is_told_and_not_counted_as_nobody() -> None:
    rows = pd.DataFrame({"sex": ["female"] * 60 + ["male"] * 40})
    measures, _ = results(Subject(rows, sensitive=["sex"], reference={"sex": {"Female": 0.5, "male": 0.5}}))
    found = one(measures, "smallest_to_reference", over=("sex",))
    assert found.status == "insufficient"
    assert "names 'Female', which no test row has, and not 'female', which rows have" in str(found.reason)
    assert one(measures, "groups_off_reference").status == "insufficient"
    shares = {"sex": {"female": 0.4, "male": 0.4, "diverse": 0.2}}
    measures, _ = results(Subject(rows, sensitive=["sex"], reference=shares))
    assert one(measures, "smallest_to_reference", over=("sex",)).value == 0


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"sez": {"f": 0.5, "m": 0.5}}, "Did you mean 'sex'"),
        ({"sex": {"f": 0.5, "m": 0.4}}, "add up to 0.9"),
        ({"sex": {"f": 1.0, "m": 0}}, "'m' has 0"),
        ({"sex": {"f": 1.0}}, "two shares or more"),
        ({"sex": {"f": -0.5, "m": 1.5}}, "'f' has -0.5"),
    ],
)
def test_a_wrong_reference_is_refused_in_one_line(
    frame: pd.DataFrame, reference: dict[str, dict[str, float]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        Subject(frame, sensitive=["sex"], reference=reference)


def test_rows_of_one_person_widen_the_bounds(frame: pd.DataFrame) -> None:
    people = pd.concat([frame[["sex"]].assign(person=range(100))] * 10, ignore_index=True)
    plain = one(results(Subject(people, sensitive=["sex"]))[0], "share", Group.of({"sex": "f"})).interval
    known = one(
        results(Subject(people, sensitive=["sex"], cluster="person"))[0], "share", Group.of({"sex": "f"})
    ).interval
    assert plain is not None and known is not None
    assert known.high - known.low > 2.5 * (plain.high - plain.low)


@pytest.mark.statistics
def test_tables_drawn_from_the_reference_are_off_no_more_often_than_promised() -> None:
    rng, trials = np.random.default_rng(0), 800
    wanted = {"sex": {"f": 0.5, "m": 0.5}, "race": {"a": 0.7, "b": 0.25, "c": 0.03, "d": 0.02}}
    wrong = above = below = 0
    for _ in range(trials):
        frame = pd.DataFrame({name: rng.choice(list(one), 150, p=list(one.values())) for name, one in wanted.items()})
        measures, _ = results(Subject(frame, sensitive=list(wanted), reference=wanted))
        wrong += float(one(measures, "groups_off_reference").value or 0) > 0
        least = one(measures, "smallest_to_reference", over=("race",)).interval
        assert least is not None
        above, below = above + (least.low > 1), below + (least.high < 1)
    assert binom.sf(wrong - 1, trials, 0.05) > 0.001
    assert binom.sf(above - 1, trials, 0.05) > 0.001
    assert binom.sf(below - 1, trials, 0.05) > 0.001
