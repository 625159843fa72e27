"""Shapley values of a forest's output for very few rows: row and background row walk down all trees side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Places
from auditkit.explainers.trees.shares import Shares
from auditkit.explainers.trees.stack import Stack, stacked

MOST_PLAYERS = 64
_AT_ONCE = 100
_Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class _Walkers:
    """Pairs on their way: the node, the pair, and the players who are known to stand with the row or with the background."""

    node: Places
    pair: Places
    with_row: _Words
    with_other: _Words

    def at(self, chosen: Bits) -> _Walkers:
        return _Walkers(self.node[chosen], self.pair[chosen], self.with_row[chosen], self.with_other[chosen])


def shares_by_walks(forest: Forest, rows: Floats, background: Floats | None, owner: Places, players: int) -> Shares:
    """Share each row's output out among players, as `shares` does, for at most 64 players.

    Where a row and a background row take the same branch, so does every mixture of both. Where they part, both branches are
    followed: one if the column's player stands with the row, one if with the background. A leaf that is reached with a players
    standing with the row and b with the background pays v: each of the a gets v·(a−1)!·b!/(a+b)!, each of the b loses
    v·a!·(b−1)!/(a+b)! (Shapley), and it takes as many steps as there are such leaves, not all of the tree's.
    """
    assert background is not None  # path-dependent shares have no pairs
    stack, word = stacked(forest.trees), np.uint64(1) << owner.astype(np.uint64)
    values, base, total = np.zeros((len(rows), players)), 0.0, np.zeros(len(rows))
    for start in range(0, len(background), _AT_ONCE):
        part = background[start : start + _AT_ONCE]
        step = max(1, _AT_ONCE // len(part))
        for at in range(0, len(rows), step):
            some = slice(at, at + step)
            found = _walked(stack, rows[some], part, word, players)
            values[some] += found.values * len(part) / len(background)
            total[some] += found.total * len(part) / len(background)
            base += found.base * len(part) / len(background) * len(rows[some]) / len(rows)
    return Shares(values, base, total)


def _walked(stack: Stack, rows: Floats, background: Floats, word: _Words, players: int) -> Shares:
    n, size = len(rows), len(background)
    both = np.concatenate([rows, background])
    pairs = n * size
    mine, other = np.repeat(np.arange(n), size), np.tile(np.arange(n, n + size), n)
    start = np.zeros(pairs * len(stack.roots), dtype=np.uint64)
    walkers = _Walkers(np.repeat(stack.roots, pairs), np.tile(np.arange(pairs), len(stack.roots)), start, start)
    arrived: list[_Walkers] = []
    while len(walkers.node):
        inner = stack.feature[walkers.node] != LEAF
        if not inner.all():
            arrived.append(walkers.at(~inner))
            walkers = walkers.at(inner)
        walkers = _step(stack, walkers, both, mine, other, word)
    return _paid(stack, arrived, mine, n, size, players)


def _step(stack: Stack, walkers: _Walkers, both: Floats, mine: Places, other: Places, word: _Words) -> _Walkers:
    column = stack.feature[walkers.node]
    own_left = stack.goes_left(walkers.node, both[mine[walkers.pair], column])
    their_left = stack.goes_left(walkers.node, both[other[walkers.pair], column])
    bit = word[column]
    there = walkers.with_other & bit != 0
    part = (own_left != their_left) & ~there & (walkers.with_row & bit == 0)
    goes_left = np.where(there, their_left, own_left)
    first = stack.children[walkers.node, goes_left.view(np.uint8)]
    if not part.any():
        return _Walkers(first, walkers.pair, walkers.with_row, walkers.with_other)
    with_row = np.where(part, walkers.with_row | bit, walkers.with_row)
    second = stack.children[walkers.node[part], their_left[part].view(np.uint8)]
    return _Walkers(
        np.concatenate([first, second]),
        np.concatenate([walkers.pair, walkers.pair[part]]),
        np.concatenate([with_row, walkers.with_row[part]]),
        np.concatenate([walkers.with_other, walkers.with_other[part] | bit[part]]),
    )


def _paid(stack: Stack, arrived: list[_Walkers], mine: Places, n: int, size: int, players: int) -> Shares:
    node = np.concatenate([one.node for one in arrived])
    row = mine[np.concatenate([one.pair for one in arrived])]
    with_row = np.concatenate([one.with_row for one in arrived])
    with_other = np.concatenate([one.with_other for one in arrived])
    a, b = np.bitwise_count(with_row), np.bitwise_count(with_other)
    value = stack.value[node] / size
    gets, loses = _weights()
    gain, loss = value * gets[a, b], value * loses[a, b]
    values = np.zeros((n, players))
    for player in range(players):
        bit = np.uint64(1) << np.uint64(player)
        paid = np.where(with_row & bit, gain, 0.0) - np.where(with_other & bit, loss, 0.0)
        values[:, player] = np.bincount(row, weights=paid, minlength=n)
    total = np.bincount(row, weights=np.where(b == 0, value, 0.0), minlength=n).astype(np.float64)
    return Shares(values, float(value[a == 0].sum() / n), total)


@cache
def _weights() -> tuple[Floats, Floats]:
    """Return (a−1)!·b!/(a+b)! and a!·(b−1)!/(a+b)!."""
    a, b = np.meshgrid(np.arange(MOST_PLAYERS + 1.0), np.arange(MOST_PLAYERS + 1.0), indexing="ij")
    with np.errstate(divide="ignore", invalid="ignore"):
        gets = np.exp(gammaln(np.maximum(a, 1)) + gammaln(b + 1) - gammaln(a + b + 1))
    return gets, gets.T
