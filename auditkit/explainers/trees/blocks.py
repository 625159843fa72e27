"""Trees cut into blocks: subtrees small enough that all that can happen in one is a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from auditkit.explainers.trees.forest import LEAF, Bits, Places, Tree

Codes = npt.NDArray[np.uint16]
_WORD = 64


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A leaf of a block: its players, and the pattern of their conditions for each code of the block."""

    node: int
    players: tuple[int, ...]
    patterns: npt.NDArray[np.uint16]
    met: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A subtree. Its code has one bit per player on the way to it, then one per inner node.

    Attributes
    ----------
    way : tuple of (player, conditions)
        A condition is (node, goes left); the bit is 1 if all of a player's conditions hold.
    nodes : tuple of int
    leaves : tuple of Leaf
    """

    way: tuple[tuple[int, tuple[tuple[int, bool], ...]], ...]
    nodes: tuple[int, ...]
    leaves: tuple[Leaf, ...]

    @property
    def bits(self) -> int:
        """Length of the code."""
        return len(self.way) + len(self.nodes)

    def codes(self, left: Bits) -> Codes:
        """Return the code of each row from its decisions, shape (rows,)."""
        found = np.zeros(left.shape[1], dtype=np.uint16)
        for place, (_, conditions) in enumerate(self.way):
            held: Bits | None = None
            for node, goes_left in conditions:
                one = left[node] if goes_left else ~left[node]
                held = one if held is None else held & one
            assert held is not None
            found |= held.view(np.uint8).astype(np.uint16) << np.uint16(place)
        for place, node in enumerate(self.nodes, len(self.way)):
            found |= left[node].view(np.uint8).astype(np.uint16) << np.uint16(place)
        return found


def players_at_leaves(trees: Sequence[Tree], owner: Places) -> tuple[Places, Places]:
    """Return for each leaf of some trees the place of its tree, and how many different players stand on the way to it.

    All trees are walked at once, level by level, with one bit for each player who was met.
    """
    if not trees:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])[:-1]
    feature = np.concatenate([tree.feature for tree in trees])
    left = np.concatenate([tree.left + start for tree, start in zip(trees, starts, strict=True)])
    right = np.concatenate([tree.right + start for tree, start in zip(trees, starts, strict=True)])
    word, bit = np.divmod(owner, _WORD)
    nodes, place = starts, np.arange(len(trees))
    met = np.zeros((int(word.max(initial=0)) + 1, len(trees)), dtype=np.uint64)
    found: list[tuple[Places, Places]] = []
    while len(nodes):
        leaf = feature[nodes] == LEAF
        found.append((place[leaf], np.bitwise_count(met[:, leaf]).sum(axis=0).astype(np.int64)))
        nodes, place, met = nodes[~leaf], place[~leaf], met[:, ~leaf]
        column = feature[nodes]
        met[word[column], np.arange(len(nodes))] |= np.uint64(1) << bit[column].astype(np.uint64)
        nodes, place, met = np.concatenate([left[nodes], right[nodes]]), np.tile(place, 2), np.tile(met, 2)
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def cut(tree: Tree, owner: Places, most_bits: int) -> Iterator[Block]:
    """Cut a tree into the largest subtrees whose codes have at most `most_bits` bits, or of one inner node."""
    inner = _inner_counts(tree)
    stack: list[tuple[int, dict[int, tuple[tuple[int, bool], ...]], dict[int, float]]] = [(0, {}, {})]
    while stack:
        node, way, met = stack.pop()
        children = (int(tree.left[node]), int(tree.right[node]))
        small = inner[node] == 0 or (inner[children[0]] == 0 and inner[children[1]] == 0)
        if small or len(way) + inner[node] <= most_bits:
            yield _block(tree, owner, node, way, met)
            continue
        player = int(owner[tree.feature[node]])
        for child, goes_left in zip(children, (True, False), strict=True):
            further = {**way, player: (*way.get(player, ()), (node, goes_left))}
            stack.append((child, further, {**met, player: met.get(player, 1.0) * _ratio(tree, node, child)}))


def _ratio(tree: Tree, node: int, child: int) -> float:
    return float(tree.cover[child] / tree.cover[node]) if tree.cover[node] > 0 else 0.5


def _inner_counts(tree: Tree) -> list[int]:
    counts = [0] * len(tree.feature)
    order, stack = [], [0]
    while stack:
        node = stack.pop()
        order.append(node)
        if tree.feature[node] != LEAF:
            stack += [int(tree.left[node]), int(tree.right[node])]
    for node in reversed(order):
        if tree.feature[node] != LEAF:
            counts[node] = 1 + counts[tree.left[node]] + counts[tree.right[node]]
    return counts


def _block(
    tree: Tree, owner: Places, root: int, way: dict[int, tuple[tuple[int, bool], ...]], met: dict[int, float]
) -> Block:
    nodes: list[int] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if tree.feature[node] != LEAF:
            nodes.append(node)
            stack += [int(tree.left[node]), int(tree.right[node])]
    planes = _planes(len(way) + len(nodes))
    place_of = {node: place for place, node in enumerate(nodes, len(way))}
    leaves: list[Leaf] = []
    walk = [(root, {player: planes[place] for place, player in enumerate(way)}, met)]
    while walk:
        node, held, reached = walk.pop()
        if tree.feature[node] == LEAF:
            leaves.append(_leaf(node, held, reached, 1 << len(planes)))
            continue
        player, plane = int(owner[tree.feature[node]]), planes[place_of[node]]
        for child, goes_left in ((int(tree.left[node]), True), (int(tree.right[node]), False)):
            one = plane if goes_left else ~plane
            walk.append(
                (
                    child,
                    {**held, player: held[player] & one if player in held else one},
                    {**reached, player: reached.get(player, 1.0) * _ratio(tree, node, child)},
                )
            )
    return Block(tuple(way.items()), tuple(nodes), tuple(leaves))


@cache
def _planes(bits: int) -> tuple[Bits, ...]:
    """Return for each bit whether it is set in 0, 1, …, 2**bits - 1."""
    codes = np.arange(1 << bits)
    return tuple((codes >> place & 1).astype(bool) for place in range(bits))


def _leaf(node: int, held: dict[int, Bits], reached: dict[int, float], codes: int) -> Leaf:
    patterns = np.zeros(codes, dtype=np.uint16)
    for place, plane in enumerate(held.values()):
        patterns |= plane.astype(np.uint16) << np.uint16(place)
    return Leaf(node, tuple(held), patterns, tuple(reached[player] for player in held))
