"""Path-dependent Shapley values of a forest's output for few rows: all trees at once, level by level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from auditkit.explainers.trees.blocks import players_at_leaves
from auditkit.explainers.trees.forest import LEAF, Bits, Floats, Forest, Places
from auditkit.explainers.trees.leaf_games import quadrature
from auditkit.explainers.trees.shares import Shares
from auditkit.explainers.trees.stack import Stack, stacked

_NODES, _AT_ONCE, _TINY, _PER_STEP = 12_000, 100_000, 1e-300, 2e-8


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """Nodes of all trees from the roots down; an edge is named by the place of the node that it leads to.

    Attributes
    ----------
    node : int array, shape (nodes,)
    ends : tuple of int
        Where each level ends; in each but the first the nodes on the left come first, then those on the right.
    inner : tuple of int array
        Places of each level's inner nodes: the parents of the next level's left half, and of its right half.
    parent, player, before : int array, shape (nodes,)
        The place above; who owns the column that was asked there; the last edge above of the same player, or that of a root,
        where no player was met.
    share : array, shape (nodes,)
        Of the training rows at the parent, how many came here.
    """

    node: Places
    ends: tuple[int, ...]
    inner: tuple[Places, ...]
    parent: Places
    player: Places
    before: Places
    share: Floats


def seconds_by_levels(forest: Forest, owner: Places, rows: int) -> float:
    """Return about how long it takes, measured once."""
    place, players = players_at_leaves(forest.trees, owner)
    return float(_PER_STEP * 2 * len(place) * np.ceil(players.max(initial=1) / 2) * rows)


def shares_by_levels(forest: Forest, rows: Floats, background: Floats | None, owner: Places, players: int) -> Shares:
    r"""Share each row's output out among players, as `shares` does, by the trees' own counts of training rows.

    With each player with the row with chance t, a leaf pays :math:`v \prod_j f_j`, f_j = t c_j + (1−t) p_j: c_j is 1 if the row
    meets all of j's conditions on the path, p_j the share of training rows that do. Player i's value is the integral over t of
    :math:`v (c_i − p_i) / f_i \prod_j f_j` (Owen; see `shapley_tables`), a polynomial, which Gauss-Legendre nodes give exactly.
    The products are made on the way down; on the way up each edge's factor meets the sum of all leaves below it.
    """
    assert background is None  # those pairs are walked
    if len(forest.trees) > 1 and sum(len(tree.feature) for tree in forest.trees) > _NODES:
        half = len(forest.trees) // 2  # what fits into a processor's own memory is done sooner
        halves = (replace(forest, trees=forest.trees[:half]), replace(forest, trees=forest.trees[half:]))
        one, other = (shares_by_levels(part, rows, None, owner, players) for part in halves)
        return Shares(one.values + other.values, one.base + other.base, one.total + other.total)
    stack = stacked(forest.trees)
    levels = _levels(stack, owner)
    times, weights = quadrature(max(1, min(len(levels.ends), len(np.unique(owner)) + 1) // 2))
    step = max(1, _AT_ONCE // (len(levels.node) * len(times)))
    found = [_of_rows(stack, levels, rows[at : at + step], times, weights, players) for at in range(0, len(rows), step)]
    values = np.concatenate([np.zeros((0, players)), *(one for one, _ in found)])
    return Shares(values, _base(stack, levels), np.concatenate([np.zeros(0), *(one for _, one in found)]))


def _levels(stack: Stack, owner: Places) -> _Levels:
    nodes, at = stack.roots, 0
    node, parent, inner_of, ends = [nodes], [np.full(len(nodes), -1)], [], [len(nodes)]
    while len(places := np.flatnonzero(stack.feature[nodes] != LEAF)):
        inner_of.append(at + places)
        at = ends[-1]
        children = stack.children[nodes[places]]
        nodes = np.concatenate([children[:, 1], children[:, 0]])
        node.append(nodes)
        parent.append(np.tile(inner_of[-1], 2))
        ends.append(at + len(nodes))
    every, above = np.concatenate(node), np.concatenate(parent)
    roots = ends[0]
    asked = np.append(owner, -1)[stack.feature[every]]  # at leaves nothing, by column -1
    player = np.append(np.full(roots, -1), asked[above[roots:]])
    last = np.arange(len(every))  # for each inner node the last edge down to it of the player who is asked there
    while len(unlike := np.flatnonzero((last >= roots) & (asked >= 0) & (player[last] != asked))):
        last[unlike] = above[last[unlike]]
    before = np.append(np.arange(roots), last[above[roots:]])
    share = np.ones(len(every))
    cover = stack.cover[every]
    np.divide(cover[roots:], cover[above[roots:]], out=share[roots:], where=cover[above[roots:]] > 0)
    share[roots:][cover[above[roots:]] <= 0] = 0.5
    return _Levels(every, tuple(ends), tuple(inner_of), above, player, before, share)


def _base(stack: Stack, levels: _Levels) -> float:
    reached = np.ones(len(levels.node))
    for start, end in pairwise(levels.ends):
        reached[start:end] = reached[levels.parent[start:end]] * levels.share[start:end]
    leaf = stack.feature[levels.node] == LEAF
    return float((reached[leaf] * stack.value[levels.node[leaf]]).sum())


def _of_rows(
    stack: Stack, levels: _Levels, rows: Floats, times: Floats, weights: Floats, players: int
) -> tuple[Floats, Floats]:
    """Return values, shape (rows, players), and the trees' own sums."""
    shape = (len(times), len(rows), len(levels.node))
    held = _taken(stack, levels, rows)
    came, met = np.ones(shape[1:], dtype=bool), np.ones(shape[2])
    factor, ratio, paid = np.empty(shape), np.empty(shape), np.empty(shape)
    roots = levels.ends[0]
    factor[..., :roots], ratio[..., :roots], paid[..., :roots] = 1, 0, 1
    row, other = times[:, None, None], 1 - times[:, None, None]
    for start, end in pairwise(levels.ends):
        some, above, before = slice(start, end), levels.parent[start:end], levels.before[start:end]
        came[:, some] = came[:, above] & held[:, some]
        held[:, some] &= held[:, before]
        met[some] = levels.share[some] * met[before]
        # where neither the row nor any training row meets a player's conditions there is nothing to pay: no 0 / 0
        one = np.maximum(row * held[:, some] + other * met[some], _TINY)
        np.divide(held[:, some] - met[some], one, out=ratio[..., some])
        factor[..., some] = one
        one /= factor.take(before, axis=2)
        np.multiply(one, paid.take(above, axis=2), out=paid[..., some])
    value = np.where(stack.feature[levels.node] == LEAF, stack.value[levels.node], 0.0)
    total: Floats = came @ value
    paid *= value
    for inner, (start, end) in reversed(list(zip(levels.inner, pairwise(levels.ends), strict=True))):
        half = (start + end) // 2
        paid[..., inner] = paid[..., start:half] + paid[..., half:end]
    edges = ratio[..., roots:] - ratio.take(levels.before[roots:], axis=2)
    edges *= paid[..., roots:]
    each, player = np.tensordot(weights, edges, 1), levels.player[roots:]
    return np.stack([np.bincount(player, weights=one, minlength=players) for one in each]), total


def _taken(stack: Stack, levels: _Levels, rows: Floats) -> Bits:
    """Return whether each row would take each edge, shape (rows, nodes); true at roots."""
    found = np.ones((len(rows), len(levels.node)), dtype=bool)
    for inner, (start, end) in zip(levels.inner, pairwise(levels.ends), strict=True):
        node = np.tile(levels.node[inner], len(rows))
        row = np.repeat(np.arange(len(rows)), len(inner))
        left = stack.goes_left(node, rows[row, stack.feature[node]]).reshape(len(rows), len(inner))
        half = (start + end) // 2
        found[:, start:half], found[:, half:end] = left, ~left
    return found
