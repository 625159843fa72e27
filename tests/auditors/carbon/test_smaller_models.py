"""What extra accuracy costs: on request, paired, and no value where the gain may be none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from auditkit.auditing import audit
from auditkit.catalog import catalogue
from auditkit.finding import Finding
from auditkit.stats.paired import PairedDifference
from auditkit.subject import Subject
from auditkit.workers import run_one

ENTRY = catalogue()["carbon.smaller_models"]
BOTH = ("logistic_regression", "shallow_tree")
QUICK = {"models": BOTH, "seconds": 0.1, "batch": 200}


def rows(n: int, seed: int) -> pd.DataFrame:
    """A chessboard, which neither of the smaller models sees, and a column of words with gaps."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.uniform(0, 4, size=(n, 2)), columns=["a", "b"])
    frame["town"] = rng.choice(["north", "south", None], n)
    frame["y"] = np.where((frame.a.astype(int) + frame.b.astype(int)) % 2 == 0, "yes", "no")
    return frame


class Fixed:
    """Answers from a rule, at no cost worth speaking of."""

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.where((frame["a"].astype(int) + frame["b"].astype(int)) % 2 == 0, "yes", "no")


def found(model: object, n: int = 800, **options: object) -> Finding:
    subject = Subject(
        rows(n, 1), model=model, train=rows(1000, 0), label="y", favorable="yes", features=["a", "b", "town"],
        carbon={"country": "FRA"},
    )  # fmt: skip
    return run_one(ENTRY, subject, ENTRY.options({**QUICK, **options}))


def test_it_runs_only_on_request_and_says_how_to_ask() -> None:
    finding = found(Fixed(), models=())
    assert finding.status == "not applicable"
    assert "models: [logistic_regression, shallow_tree]" in (finding.reason or "")


def test_a_misspelt_model_is_an_error_with_the_nearest_name() -> None:
    finding = found(Fixed(), models=("logistic",))
    assert finding.status == "error" and "logistic_regression" in (finding.reason or "")


def test_extra_accuracy_has_a_price_in_energy() -> None:
    train = rows(1000, 0)
    encoded = RandomForestClassifier(40, random_state=0).fit(train[["a", "b"]].to_numpy(), train["y"])

    class Forest:
        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return encoded.predict(frame[["a", "b"]].to_numpy())

    finding = found(Forest())
    gained, cost = finding.measure("accuracy_gained"), finding.measure("energy_per_extra_correct")
    assert gained.interval.low > 0.2 and gained.interval.level == 0.95
    table = {row[0]: row for row in finding.evidence[0].rows}
    assert set(table) == {"the model", "logistic regression", "tree of depth 4"}
    best = max((row for name, row in table.items() if name != "the model"), key=lambda row: row[1])
    assert gained.value == pytest.approx(table["the model"][1] - best[1])
    extra = table["the model"][2] - best[2]
    if extra > 0:
        assert cost.value == pytest.approx(extra / (1000 * gained.value))
        assert cost.interval.low < cost.value < cost.interval.high
        emissions = finding.measure("emissions_per_extra_correct")
        assert emissions.value == pytest.approx(cost.value * 56.039 / 1000, rel=1e-3)
    else:  # a machine with other work may turn it round
        assert cost.status == "undefined"
    assert all(measure.volatile for measure in finding.measures)
    assert best[4] is not None and best[4] > 0 and table["the model"][4] is None


def test_a_model_that_gains_nothing_has_no_price_and_says_so() -> None:
    class Same:
        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return np.full(len(frame), "no")

    cost = found(Same()).measure("energy_per_extra_correct")
    assert cost.status in ("undefined", "insufficient") and cost.value is None
    assert "right as often" in cost.reason or "no more energy" in cost.reason or "may be none" in cost.reason


def test_row_order_changes_no_accuracy() -> None:
    first = found(Fixed())
    again = rows(800, 1).sample(frac=1, random_state=3).reset_index(drop=True)
    subject = Subject(
        again, model=Fixed(), train=rows(1000, 0).iloc[::-1].reset_index(drop=True), label="y", favorable="yes",
        features=["a", "b", "town"], carbon={"country": "FRA"},
    )  # fmt: skip
    second = run_one(ENTRY, subject, ENTRY.options(QUICK))
    assert [row[1] for row in first.evidence[0].rows] == [row[1] for row in second.evidence[0].rows]


def test_fast_leaves_it_out() -> None:
    subject = Subject(rows(300, 1), model=Fixed(), label="y", features=["a", "b"])
    finding = audit(subject, only=["carbon.smaller_models"], fast=True, progress=False).findings[0]
    assert finding.status == "skipped"


# Newcombe 1998, table II: cells and limits of method 10.
@pytest.mark.parametrize(("cells", "low", "high"), [((36, 12, 2, 0), 0.0569, 0.3404), ((54, 0, 0, 0), -0.0664, 0.0664)])
def test_paired_limits_are_the_published_ones(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    assert PairedDifference(*cells).limits(1.959964) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.tuples(*[st.integers(0, 200)] * 4).filter(lambda cells: sum(cells) > 0))
def test_paired_limits_hold_the_estimate_and_turn_round_with_the_models(cells: tuple[int, int, int, int]) -> None:
    both, first, second, neither = cells
    low, high = PairedDifference(*cells).limits(1.96)
    assert -1 <= low <= PairedDifference(*cells).estimate <= high <= 1
    turned = PairedDifference(both, second, first, neither).limits(1.96)
    assert turned == (pytest.approx(-high), pytest.approx(-low))


@pytest.mark.statistics
def test_paired_limits_cover_the_true_gain() -> None:
    rng = np.random.default_rng(5)
    chances = np.array([0.7, 0.12, 0.08, 0.1])
    cells = rng.multinomial(100, chances, size=4000)
    covered = [low <= 0.04 <= high for low, high in (PairedDifference(*map(int, row)).limits(1.96) for row in cells)]
    assert 0.94 <= np.mean(covered) <= 0.975
