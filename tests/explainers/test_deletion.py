"""Taking columns away, against loops; ranks against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from auditkit.explainers.deletion import deletion_curves, rank_correlations, shared_top


def test_curves_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=7), "b": rng.choice(["x", "y"], 7), "c": rng.integers(0, 9, 7)})
    background = pd.DataFrame({"a": rng.normal(size=5), "b": rng.choice(["x", "y"], 5), "c": rng.integers(0, 9, 5)})
    orders = np.stack([rng.permuted(np.tile(np.arange(3), (7, 1)), axis=1) for _ in range(2)])
    met = rng.integers(0, 5, (7, 4))

    def answer(frame: pd.DataFrame) -> np.ndarray:
        assert list(frame.dtypes) == list(rows.dtypes)
        return (frame["a"] * (frame["b"] == "x") + frame["c"] ** 2).to_numpy(dtype=float)

    found = deletion_curves(answer, rows, background, orders, met)
    for order in range(2):
        for row in range(7):
            for step in range(3):
                gone = [rows.columns[place] for place in orders[order, row, : step + 1]]
                outputs = []
                for other in met[row]:
                    state = rows.iloc[[row]].copy()
                    for name in gone:
                        state[name] = background[name].iloc[other]
                    outputs.append(answer(state.astype(rows.dtypes.to_dict()))[0])
                expected = abs(np.mean(outputs) - answer(rows.iloc[[row]])[0])
                assert found[order, row, step] == pytest.approx(expected)


def test_the_model_is_never_asked_for_more_than_ten_thousand_rows_at_once() -> None:
    asked = []
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 6)), columns=list("abcdef"))

    def answer(frame: pd.DataFrame) -> np.ndarray:
        asked.append(len(frame))
        return frame["a"].to_numpy()

    orders = np.tile(np.arange(6), (3, 300, 1))
    deletion_curves(answer, rows, rows, orders, np.zeros((300, 5), dtype=np.int64))
    assert max(asked) <= 10_000 and sum(asked) == 300 + 3 * 300 * 6 * 5


def test_rank_correlations_are_spearmans() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (20, 6)).astype(float), rng.normal(size=(20, 6))
    first[0] = 1.0
    found = rank_correlations(first, second)
    assert np.isnan(found[0])
    assert found[1:] == pytest.approx([spearmanr(a, b).statistic for a, b in zip(first[1:], second[1:], strict=True)])


def test_shared_top_counts_what_both_have() -> None:
    first = np.array([[5.0, 4, 3, 0, 0], [5, 4, 3, 0, 0]])
    second = np.array([[0.0, 0, 5, 4, 3], [3, 4, 5, 0, 0]])
    assert shared_top(first, second).tolist() == [1 / 3, 1.0]
