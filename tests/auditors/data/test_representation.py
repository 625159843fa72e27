"""Shares of groups."""

import pandas as pd
import pytest

from auditkit.auditors.data.representation import representation
from auditkit.errors import NotApplicable
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
    assert set(evidence) == {"shares_sex", "shares_region"}
    assert {e.kind for e in evidence.values()} == {"intervals"}


def test_train_stands_beside_test_with_groups_of_either(frame: pd.DataFrame) -> None:
    train = pd.DataFrame({"sex": ["f", "m", "m", "x"]})
    _, evidence = results(Subject(frame[["sex"]], train=train, sensitive=["sex"]))
    rows = {row[0]: row[1:] for row in evidence["train_test_sex"].rows}
    assert rows["f"] == (1, 0.25, 30, 0.3, pytest.approx(0.05))
    assert rows["x"] == (1, 0.25, 0, 0.0, -0.25)
    assert rows["(missing)"] == (0, 0.0, 2, 0.02, 0.02)


def test_without_sensitive_columns_it_says_what_to_pass(frame: pd.DataFrame) -> None:
    with pytest.raises(NotApplicable, match="pass sensitive="):
        results(Subject(frame))
