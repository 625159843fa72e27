"""The explanation of single rows: equal to hand and to brute force, additive, named, honest about noise."""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from auditkit.errors import DataError, NotApplicable
from auditkit.explainers.local import PARTS, Explanation, explain
from auditkit.notebook import explanation_html
from auditkit.subject import Subject

RNG = np.random.default_rng(0)
NAMES = ["a", "b", "c", "d"]
FRAME = pd.DataFrame(RNG.normal(size=(400, 4)), columns=NAMES)
FRAME["y"] = (FRAME.a + FRAME.a * FRAME.b - FRAME.c + RNG.logistic(size=400) > 0).astype(int)


def brute_force(answer, row: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Shapley values from their definition: all coalitions, those outside take each reference row's values."""
    n = row.shape[1]

    def worth(inside: tuple[int, ...]) -> float:
        mixed = reference.copy()
        for place in inside:
            mixed.iloc[:, place] = row.iloc[0, place]
        return float(np.mean(answer(mixed)))

    found = np.zeros(n)
    for place in range(n):
        others = [other for other in range(n) if other != place]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for inside in itertools.combinations(others, size):
                found[place] += weight * (worth((*inside, place)) - worth(inside))
    return found


def linear() -> Subject:
    model = LogisticRegression().fit(FRAME[NAMES], FRAME.y)
    return Subject(FRAME, model=model, label="y")


def black_box(frame: pd.DataFrame) -> np.ndarray:
    a, b, c = (frame[name].to_numpy(dtype=float) for name in "abc")
    return 1 / (1 + np.exp(-(a + 2 * a * b - c)))


def test_a_linear_model_is_explained_by_hand() -> None:
    subject, reference = linear(), FRAME.iloc[:50]
    found = explain(subject, [3, 17], reference=reference, named="the first 50")
    expected = (FRAME.loc[[3, 17], NAMES] - reference[NAMES].mean()) * subject.model.estimator.coef_[0]
    pd.testing.assert_frame_equal(found.values, expected, check_names=False)
    assert found.target == "log-odds of 1"
    assert "50 the first 50" in found.certificate.background


@pytest.mark.parametrize("kind", ["tree", "boosted"])
def test_a_tree_model_is_explained_as_all_coalitions_say(kind: str) -> None:
    reference = FRAME.iloc[100:120][NAMES]
    if kind == "tree":
        model = DecisionTreeRegressor(max_depth=4, random_state=0).fit(FRAME[NAMES], FRAME.a * FRAME.b)
        subject = Subject(FRAME.assign(z=FRAME.a * FRAME.b), model=model, label="z", task="regression", features=NAMES)
        answer = model.predict
    else:
        model = GradientBoostingClassifier(n_estimators=10, max_depth=3, random_state=0).fit(FRAME[NAMES], FRAME.y)
        subject, answer = Subject(FRAME, model=model, label="y"), model.decision_function
    found = explain(subject, 7, reference=reference)
    np.testing.assert_allclose(found.shares[0], brute_force(answer, FRAME.loc[[7], NAMES], reference), atol=1e-9)


def test_base_and_values_add_up_to_the_output() -> None:
    for subject in (linear(), Subject(FRAME, model=black_box, label="y", features=NAMES)):
        found = explain(subject, range(5))
        total = found.base + found.values.sum(axis=1).to_numpy() + found.residual
        np.testing.assert_allclose(total, found.output, rtol=1e-12)
        assert np.abs(found.residual).max() < 1e-9


def test_exact_values_have_no_half_width_and_say_so() -> None:
    found = explain(linear(), 0)
    assert found.half_width is None
    assert "computed, not sampled" in repr(found)


def test_sampled_values_are_repeated_and_carry_intervals_that_hold_the_truth() -> None:
    subject, reference = Subject(FRAME, model=black_box, label="y", features=NAMES), FRAME.iloc[:40][NAMES]
    found = explain(subject, [5], reference=reference, budget=20_000)
    truth = brute_force(black_box, FRAME.loc[[5], NAMES], reference)
    assert found.half_width is not None
    assert "mean of 50 repetitions" in str(found.certificate)
    assert "sampled: 95 % intervals" in repr(found)
    assert np.all(np.abs(found.shares[0] - truth) < 2 * found.half_width[0] + 1e-9)
    assert 0 < found.half_width.max() < 0.02
    assert found.shares[0, 3] == 0  # it reads no d


def test_too_small_a_budget_for_repetitions_still_tells_the_noise() -> None:
    subject = Subject(FRAME, model=black_box, label="y", features=NAMES)
    found = explain(subject, range(30), reference=FRAME.iloc[:40], budget=2500)
    assert found.half_width is not None and found.half_width[0, 0] > 0
    assert "repetitions" not in str(found.certificate)


@pytest.mark.statistics
def test_intervals_of_sampled_values_cover_as_promised() -> None:
    reference, inside, cells = FRAME.iloc[:40][NAMES], 0, 0
    truths = np.stack([brute_force(black_box, FRAME.loc[[row], NAMES], reference) for row in range(40)])
    for seed in range(10):
        subject = Subject(FRAME, model=black_box, label="y", features=NAMES, seed=seed)
        found = explain(subject, range(40), reference=reference, budget=40 * 61 * 22)
        gap = np.abs(found.shares - truths)[:, :3]
        inside, cells = inside + int((gap <= found.half_width[:, :3]).sum()), cells + gap.size
    assert 0.93 < inside / cells < 0.985


def test_waterfall_leads_from_the_base_to_the_output() -> None:
    found = explain(linear(), [3, 17])
    evidence = found.waterfall(17)
    assert evidence.kind == "waterfall"
    assert [column.role for column in evidence.columns] == ["label", "value", "text"]
    assert [row[2] for row in evidence.rows] == ["base", "part", "part", "part", "part", "output"]
    sizes = [abs(row[1]) for row in evidence.rows[1:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(row[1] for row in evidence.rows[:-1]) == pytest.approx(evidence.rows[-1][1])
    assert any(row[0] == f"a = {FRAME.a[17]:.6g}" for row in evidence.rows)


def test_the_smallest_of_many_parts_are_summed_and_none_is_lost() -> None:
    wide = pd.DataFrame(RNG.normal(size=(60, 20)), columns=[f"x{place}" for place in range(20)])
    wide["y"] = wide.sum(axis=1)
    model = LinearRegression().fit(wide.drop(columns="y"), wide.y)
    subject = Subject(wide, model=model, label="y", task="regression")
    rows = explain(subject, 0).waterfall(0).rows
    assert len(rows) == PARTS + 3
    assert rows[-2][0] == f"{20 - PARTS} other columns"
    assert sum(row[1] for row in rows[:-1]) == pytest.approx(rows[-1][1])
    assert rows[-1][0] == "prediction"


def test_rows_of_a_frame_keep_their_names() -> None:
    given = FRAME.iloc[:2].set_axis(["ann", "bob"])
    found = explain(linear(), given)
    assert found.rows == ("ann", "bob")
    assert list(found.values.index) == ["ann", "bob"]
    assert found.waterfall("bob").title == "Row bob: log-odds of 1"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([400], "row 400: the test table has rows 0 to 399"),
        ([-1], "row -1"),
        ([], "no rows were named"),
        ([2, 2], "row 2 is named twice"),
        (FRAME[["a", "b", "c"]], "lack the feature 'd'"),
        (FRAME.iloc[:0], "without rows"),
    ],
)
def test_rows_that_are_not_there_are_refused_in_one_line(rows: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        explain(linear(), rows)


def test_a_row_that_was_not_explained_is_refused() -> None:
    with pytest.raises(DataError, match="row 9 was not explained; explained are 0"):
        explain(linear(), 0).waterfall(9)


def test_predictions_without_a_model_are_not_explained() -> None:
    with pytest.raises(NotApplicable, match="no model"):
        explain(Subject(FRAME.assign(p=FRAME.y), label="y", prediction="p"), 0)


def test_an_explanation_cannot_be_changed() -> None:
    found = explain(linear(), 0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.units = "points"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        found.shares[0, 0] = 1
    values = found.values
    values.iloc[0, 0] = 99.0
    assert found.shares[0, 0] != 99.0


def test_readable_in_a_terminal_and_a_notebook() -> None:
    hostile = FRAME.rename(columns={"d": "<b>d\x1b[2J\n"})
    names = [*NAMES[:3], "<b>d\x1b[2J\n"]
    subject = Subject(hostile, model=LogisticRegression().fit(hostile[names], hostile.y), label="y")
    found: Explanation = explain(subject, [0, 1])
    assert "\x1b" not in found.text(0) and "\x1b" not in repr(found)
    assert "<b>" not in explanation_html(found) and "and 1 more row" in explanation_html(found)
    assert repr(found).startswith("Explanation(2 rows × 4 columns, log-odds of 1)")
