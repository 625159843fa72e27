"""Taking columns away, against loops; ranks against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from auditkit.explainers.deletion import deletion_curves, deletion_gain, rank_correlations, shared_top


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


def test_numbers_of_the_background_are_not_cut_to_the_type_of_the_rows() -> None:
    rows = pd.DataFrame({"a": [1, 2], "b": [1, 1]})
    background = pd.DataFrame({"a": [0.5, np.nan], "b": [3, 3]})
    orders, met = np.tile([0, 1], (1, 2, 1)), np.array([[0], [1]])

    def answer(frame: pd.DataFrame) -> np.ndarray:
        return frame["a"].fillna(7.0).to_numpy() + 10 * frame["b"].to_numpy()

    assert deletion_curves(answer, rows, background, orders, met)[0].tolist() == [[0.5, 19.5], [5.0, 25.0]]


def columns_of(n: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))


WEIGHTS = np.array([3.0, 1.0, 0.5, 0.1])


def curves_of(rows: pd.DataFrame, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of a linear model: by falling `sizes`, by chance, by rising `sizes`."""
    falling = np.argsort(-sizes, axis=1)
    chance = rng.permuted(np.tile(np.arange(4), (len(rows), 1)), axis=1)
    orders = np.stack([falling, chance, falling[:, ::-1]])
    return deletion_curves(
        lambda frame: frame.to_numpy() @ WEIGHTS,
        rows,
        columns_of(500, rng),
        orders,
        rng.integers(0, 500, (len(rows), 5)),
    )


def test_the_right_order_gains_and_the_wrong_one_loses() -> None:
    rng = np.random.default_rng(0)
    rows = columns_of(400, rng)
    sizes = np.abs(rows.to_numpy() * WEIGHTS)
    right, wrong = (deletion_gain(curves_of(rows, one, rng)) for one in (sizes, -sizes))
    assert right is not None and wrong is not None
    assert right.lower(0.999) > 0.05 and wrong.upper(0.999) < -0.05


def test_a_gain_stays_within_one_where_replacing_everything_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    rows = columns_of(200, rng)
    rows["b"] = rows["a"]  # off the data a and b part, and the output with them
    orders = np.stack([np.tile([0, 2, 3, 1], (200, 1)), np.tile([2, 3, 0, 1], (200, 1))])
    found = deletion_gain(
        deletion_curves(
            lambda frame: (frame["a"] - frame["b"]).to_numpy(), rows, rows, orders, rng.integers(0, 200, (200, 5))
        )
    )
    assert found is not None and found.value == pytest.approx(0.5)  # two of four steps earlier at the furthest distance


def test_nothing_that_moves_has_no_gain() -> None:
    assert deletion_gain(np.zeros((3, 40, 4))) is None


@pytest.mark.statistics
@pytest.mark.parametrize("order", ["shares", "chance"])
def test_the_interval_of_a_gain_covers_what_many_rows_show(order: str) -> None:
    rng, trials, n = np.random.default_rng(1), 1500, 60

    def gain(rows: pd.DataFrame) -> object:
        sizes = np.abs(rows.to_numpy() * WEIGHTS) if order == "shares" else rng.random((len(rows), 4))
        return deletion_gain(curves_of(rows, sizes, rng))

    truth = 0.0 if order == "chance" else gain(columns_of(40_000, rng)).value  # type: ignore[attr-defined]
    covered = 0
    for _ in range(trials):
        low, high = gain(columns_of(n, rng)).limits(1.959964)  # type: ignore[attr-defined]
        covered += low <= truth <= high
    assert 0.93 <= covered / trials <= 0.97
