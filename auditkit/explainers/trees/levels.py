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

_NODES, _PART, _AT_ONCE, _TINY, _PER_STEP, _BITS = 30_000, 20_000, 100_000, 1e-300, 2e-8, 63


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
    player, before : int array, shape (nodes,)
        Who owns the column that was asked above; the last edge above of the same player, or the place of any
        root, where no player was met.
    share : array, shape (nodes,)
        Of the training rows at the parent, how many came here.
    value : array, shape (nodes,)
        What a leaf adds; 0 at inner nodes.
    """

    node: Places
    ends: tuple[int, ...]
    inner: tuple[Places, ...]
    player: Places
    before: Places
    share: Floats
    value: Floats


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
    return Shares(values, _base(levels), np.concatenate([np.zeros(0), *(one for _, one in found)]))


def _levels(stack: Stack, owner: Places) -> _Levels:
    nodes, at = stack.roots, 0
    node, parent, inner_of, ends = [nodes], [np.full(len(nodes), -1)], [], [len(nodes)]
    while len(places := np.flatnonzero(stack.feature[nodes] != LEAF)):
        inner_of.append(at + places)
        at = ends[-1]
        children = stack.children[nodes[places]]
        nodes = np.concatenate([children[:, 1], children[:, 0]])
        node.append(nodes)
        parent += [inner_of[-1], inner_of[-1]]
        ends.append(at + len(nodes))
    every, above = np.concatenate(node), np.concatenate(parent)
    roots = ends[0]
    asked = np.append(owner, -1)[stack.feature[every]]  # at leaves nothing, by column -1
    player = np.append(np.full(roots, -1), asked[above[roots:]])
    before = np.append(np.arange(roots), _last(asked, player, above, ends)[above[roots:]])
    cover = stack.cover[every]
    whole = cover[above[roots:]]
    share = np.append(np.ones(roots), np.where(whole > 0, cover[roots:], 0.5) / np.where(whole > 0, whole, 1.0))
    value = np.where(asked < 0, stack.value[every], 0.0)
    return _Levels(every, tuple(ends), tuple(inner_of), player, before, share, value)


def _last(asked: Places, player: Places, above: Places, ends: list[int]) -> Places:
    """Return for each inner node the last edge down to it of the player who is asked there, or a root."""
    bit = np.left_shift(1, player & _BITS)  # more players than bits share them, and some are looked for in vain
    known = bit.copy()
    known[: ends[0]] = 0
    for start, end in pairwise(ends):
        known[start:end] |= known[above[start:end]]
    last = np.zeros(len(asked), dtype=np.int64)
    edge = searching = np.flatnonzero((asked >= 0) & (np.right_shift(known, asked & _BITS) & 1 != 0))
    wanted = asked[searching]
    while len(searching):
        last[searching] = edge
        going = np.flatnonzero((player.take(edge) != wanted) & (edge >= ends[0]))
        searching, edge, wanted = searching[going], above[edge[going]], wanted[going]
    return last


def _base(levels: _Levels) -> float:
    """Return the mean of leaf values, weighted by the shares of training rows on the way to each."""
    mean = levels.value.copy()
    for inner, (start, end) in reversed(list(zip(levels.inner, pairwise(levels.ends), strict=True))):
        half, part = (end - start) // 2, levels.share[start:end] * mean[start:end]
        mean[inner] = part[:half] + part[half:]
    return float(mean[: levels.ends[0]].sum())


def _of_rows(
    stack: Stack, levels: _Levels, rows: Floats, times: Floats, weights: Floats, players: int
) -> tuple[Floats, Floats]:
    """Return values, shape (rows, players), and the trees' own sums."""
    held = _taken(stack, levels, rows)
    met = np.ones(held.shape[1])
    for start, end in pairwise(levels.ends):
        some, before = slice(start, end), levels.before[start:end]
        held[:, some] &= held.take(before, axis=1)
        met[some] = levels.share[some] * met[before]
    step, player, apart = max(1, _PART // held.size), levels.player[levels.ends[0] :], held - met
    parts = [slice(at, at + step) for at in range(0, len(times), step)]
    each = sum(np.tensordot(weights[one], _edges(levels, apart, met, times[one]), 1) for one in parts)
    return np.stack([np.bincount(player, weights=one, minlength=players) for one in np.asarray(each)]), stack.total_of(
        rows
    )


def _edges(levels: _Levels, apart: Floats, met: Floats, times: Floats) -> Floats:
    """Return what each edge pays its player, shape (times, rows, edges), by c_j − p_j and p_j."""
    shape, roots = (len(times), *apart.shape), levels.ends[0]
    factor, ratio, paid = np.empty(shape), np.empty(shape), np.empty(shape)
    factor[..., :roots], ratio[..., :roots], paid[..., :roots] = 1, 0, 1
    for inner, (start, end) in zip(levels.inner, pairwise(levels.ends), strict=True):
        some, half = slice(start, end), (start + end) // 2
        before = levels.before[start:half]  # the same in both halves, as is what is above: siblings
        # where neither the row nor any training row meets a player's conditions there is nothing to pay: no 0 / 0
        one = np.multiply(times[:, None, None], apart[:, some], out=factor[..., some])
        one += met[some]
        np.maximum(one, _TINY, out=one)
        np.divide(apart[:, some], one, out=ratio[..., some])
        share = paid.take(inner, axis=2)
        share /= factor.take(before, axis=2)
        np.multiply(one[..., : half - start], share, out=paid[..., start:half])
        np.multiply(one[..., half - start :], share, out=paid[..., half:end])
    paid *= levels.value
    for inner, (start, end) in reversed(list(zip(levels.inner, pairwise(levels.ends), strict=True))):
        half = (start + end) // 2
        paid[..., inner] = paid[..., start:half] + paid[..., half:end]
    edges: Floats = ratio[..., roots:] - ratio.take(levels.before[roots:], axis=2)
    edges *= paid[..., roots:]
    return edges


def _taken(stack: Stack, levels: _Levels, rows: Floats) -> Bits:
    """Return whether each row would take each edge, shape (rows, nodes); true at roots."""
    found = np.ones((len(rows), len(levels.node)), dtype=bool)
    for inner, (start, end) in zip(levels.inner, pairwise(levels.ends), strict=True):
        node = levels.node[inner]
        values = rows.take(stack.feature[node], axis=1)
        left = stack.goes_left(np.broadcast_to(node, values.shape).ravel(), values.ravel()).reshape(values.shape)
        half = (start + end) // 2
        found[:, start:half], found[:, half:end] = left, ~left
    return found
