"""Shares of labels and base rates of groups, with bounds that know what was chosen."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from auditkit.auditors.data.labels import labels
from auditkit.errors import NotApplicable
from auditkit.finding import Evidence, Group, Measure
from auditkit.subject import Subject


def rows_of() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "y": ["yes"] * 40 + ["no"] * 60 + ["yes"] * 20 + ["no"] * 80,
            "sex": ["m"] * 100 + ["f"] * 100,
            "town": ["a", "b"] * 100,
        }
    )


def run(frame: pd.DataFrame, **roles: object) -> tuple[list[Measure], dict[str, Evidence]]:
    found = labels.run(Subject(frame, label="y", favorable="yes", **roles), {})  # type: ignore[arg-type]
    return [m for m in found if isinstance(m, Measure)], {e.id: e for e in found if isinstance(e, Evidence)}


def one(measures: list[Measure], name: str, group: Group = Group(), over: tuple[str, ...] = ()) -> Measure:  # noqa: B008
    return next(m for m in measures if (m.name, m.group, m.over) == (name, group, over))


def test_each_label_has_its_share_with_wilsons_interval() -> None:
    measures, evidence = run(rows_of())
    share = one(measures, "label_share", Group.of({"y": "yes"}))
    assert (share.value, share.n) == (0.3, 200)
    assert share.interval is not None
    assert (share.interval.low, share.interval.high) == pytest.approx(proportion_confint(60, 200, method="wilson"))
    assert [row[0] for row in evidence["data.labels.balance"].rows] == ["no", "yes"]


def test_groups_have_base_rates_and_gaps() -> None:
    measures, evidence = run(rows_of(), sensitive=["sex", "town"])
    assert one(measures, "base_rate", Group.of({"sex": "f"})).value == 0.2
    assert one(measures, "base_rate").value == 0.3
    assert one(measures, "difference", over=("sex",)).value == pytest.approx(0.2)
    assert one(measures, "ratio", over=("sex",)).value == pytest.approx(0.5)
    assert one(measures, "difference", over=("sex", "town")).n == 200
    assert "data.labels.sex+town" in evidence


def test_the_smallest_share_knows_that_it_was_chosen() -> None:
    frame = pd.DataFrame({"y": ["a"] * 70 + ["b"] * 20 + ["yes"] * 10})
    smallest = one(run(frame)[0], "smallest_label_share", over=("y",))
    assert (smallest.value, smallest.worst) == (0.1, Group.of({"y": "yes"}))
    assert smallest.interval is not None
    assert smallest.interval.high == pytest.approx(proportion_confint(10, 100, 2 * 0.05 / 3, method="beta")[1])
    assert smallest.interval.low == pytest.approx(proportion_confint(10, 100, 0.10, method="beta")[0])


def test_weights_count_and_labels_of_numbers_do_too() -> None:
    frame = pd.DataFrame({"y": [0, 1] * 100, "w": [3.0, 1.0] * 100})
    found = labels.run(Subject(frame, label="y", weight="w"), {})
    shares = {m.group: m.value for m in found if isinstance(m, Measure) and m.name == "label_share"}
    assert shares[Group.of({"y": 1})] == pytest.approx(0.25)


def test_what_is_needed_is_told() -> None:
    with pytest.raises(NotApplicable, match="pass label="):
        labels.run(Subject(pd.DataFrame({"p": [0, 1]}), prediction="p"), {})
    with pytest.raises(NotApplicable, match="regression"):
        labels.run(Subject(pd.DataFrame({"y": np.arange(50.0) / 7}), label="y", task="regression"), {})


@pytest.mark.statistics
def test_bounds_of_the_smallest_share_are_wrong_no_more_often_than_promised() -> None:
    """Five labels, four of them equally rare: an uncorrected bound would be below the least share in 19 % of tables."""
    rng, shares, trials = np.random.default_rng(0), [0.8, 0.05, 0.05, 0.05, 0.05], 600
    above = below = 0
    for _ in range(trials):
        frame = pd.DataFrame({"y": rng.choice(["a", "b", "c", "d", "yes"], 400, p=shares)})
        found = one(run(frame)[0], "smallest_label_share", over=("y",)).interval
        assert found is not None
        above, below = above + (found.low > 0.05), below + (found.high < 0.05)
    for wrong in (above, below):
        assert binom.sf(wrong - 1, trials, 0.05) > 0.001
