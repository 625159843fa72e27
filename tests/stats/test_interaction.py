"""Friedman's H² on small games that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from auditkit.stats.interaction import Interaction, interaction

Output = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def of(output: Output, columns: np.ndarray) -> Interaction | None:
    a, b, c = columns
    over = a[:, None], b[:, None]
    both = output(over[0] + 0 * c, over[1] + 0 * c, c + 0 * over[0])
    first = output(over[0] + 0 * c, b + 0 * over[0], c + 0 * over[0])
    second = output(a + 0 * over[0], over[1] + 0 * c, c + 0 * over[0])
    return interaction(both, first, second, float(np.mean(output(a, b, c) ** 2)))


def columns(n: int = 50) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, n)) + rng.normal(size=n)


@pytest.mark.parametrize(
    "output",
    [lambda a, b, c: a**3 + np.exp(b) + c, lambda a, b, c: a * c + b, lambda a, b, c: a * c + np.sin(b) * c**2],
)
def test_no_interaction_of_the_two_gives_0_exactly_whatever_the_third_does(output: Output) -> None:
    found = of(output, columns())
    assert found is not None
    assert (found.share.value, found.share.limits(1.96), found.size) == (0.0, (0.0, 0.0), 0.0)


def test_a_product_of_two_balanced_columns_is_all_interaction() -> None:
    a, b = (part.ravel() for part in np.meshgrid([-1.0, 1.0], [-1.0, 1.0]))
    found = of(lambda a, b, c: a * b, np.stack([np.tile(a, 4), np.tile(b, 4), np.zeros(16)]))
    assert found is not None
    assert found.share.value == pytest.approx(1.0)
    assert found.size == pytest.approx(1.0)


def test_sum_and_product_of_balanced_columns_share_it_by_variance() -> None:
    a, b = (part.ravel() for part in np.meshgrid([-1.0, 1.0], [-1.0, 1.0]))
    game = np.stack([np.tile(a, 4), np.tile(b, 4), np.arange(16.0)])
    found = of(lambda a, b, c: 2 * a + 3 * b + 4 * a * b + c, game)
    assert found is not None
    assert found.share.value == pytest.approx(16 / (4 + 9 + 16))
    assert found.size == pytest.approx(4.0)


def test_columns_without_an_effect_have_no_share() -> None:
    assert of(lambda a, b, c: c + 0 * a, columns()) is None
    assert of(lambda a, b, c: 0 * a, columns()) is None


def test_the_jackknife_leaves_each_row_out_on_both_sides() -> None:
    game = columns(12)

    def output(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        return a * b + np.sin(a + c) + b * c

    whole = of(output, game)
    assert whole is not None
    parts = [of(output, np.delete(game, row, axis=1)) for row in range(12)]
    shares = np.array([part.share.value for part in parts if part is not None])
    error = np.sqrt(11 / 12 * ((shares - shares.mean()) ** 2).sum())
    assert whole.share.standard_error == pytest.approx(error / whole.share.value)
