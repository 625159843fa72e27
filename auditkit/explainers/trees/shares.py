"""Shapley values of a forest's output for many rows, from tables of its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from auditkit.explainers.trees.blocks import Block, cut, players_at_leaves
from auditkit.explainers.trees.forest import Bits, Decisions, Floats, Forest, Places, Tree
from auditkit.explainers.trees.leaf_games import shapley_tables

MOST_PLAYERS = 14
_PER_LEAF, _PER_NUMBER = 6e-5, 1e-8
_ROWS_AT_ONCE = 1 << 15
_TABLES_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Values, shape (rows, players), the mean output over the background, and the trees' own sum for each row."""

    values: Floats
    base: float
    total: Floats


def seconds(forest: Forest, owner: Places) -> float:
    """Return about how long the tables of all leaves take, measured once; infinite if a path has too many players."""
    sizes = players_at_leaves(forest.trees, owner)[1]
    if sizes.max(initial=0) > MOST_PLAYERS:
        return float("inf")
    numbers = 2.0**sizes * sizes * np.maximum(1, np.log2(np.maximum(1, sizes))) * np.ceil(sizes / 2)
    return float(_PER_LEAF * len(sizes) + _PER_NUMBER * numbers.sum())


def shares(forest: Forest, rows: Floats, background: Floats | None, owner: Places, players: int) -> Shares:
    """Share each row's output out among players, each of whom owns columns.

    Parameters
    ----------
    forest : Forest
    rows : array, shape (rows, columns asked)
    background : array or None
        Rows to compare with, all of them used (interventional); None compares with the trees' own counts of training
        rows along each path (path-dependent).
    owner : array of int, shape (columns asked,)
        The player that owns each column: those of one player are replaced together.
    players : int
    """
    known = None if background is None else Background(Decisions(forest, background), np.zeros(len(background), int), 1)
    values, base, total = _shared_out(forest, rows, known, owner, players)
    return Shares(values[0].T, base, total)


def values_by_part(
    forest: Forest, rows: Floats, background: Floats, part: Places, owner: Places, players: int
) -> Floats:
    """Return the values against each part of the background, shape (parts, rows, players)."""
    known = Background(Decisions(forest, background), part, int(part.max(initial=0)) + 1)
    return _shared_out(forest, rows, known, owner, players)[0].transpose(0, 2, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What background rows decide, and the part that each belongs to."""

    decisions: Decisions
    part: Places
    parts: int


def _shared_out(
    forest: Forest, rows: Floats, known: Background | None, owner: Places, players: int
) -> tuple[Floats, float, Floats]:
    parts = 1 if known is None else known.parts
    values, total = np.zeros((parts, players, len(rows))), np.zeros(len(rows))
    base = 0.0
    pieces = [slice(at, at + _ROWS_AT_ONCE) for at in range(0, max(1, len(rows)), _ROWS_AT_ONCE)]
    decisions = [Decisions(forest, rows[piece]) for piece in pieces]
    bits = int(np.clip(np.log2(max(2, len(rows))) - 5, 2, 9))
    for trees in _groups(forest, owner):
        cuts = [
            (tree, list(cut(tree, owner, bits)), None if known is None else known.decisions.left(tree))
            for tree in trees
        ]
        games = _games(cuts, known)
        base += games.base
        tables_of = iter(games.tables)
        for tree, blocks, _ in cuts:
            found = [one.left(tree) for one in decisions]
            for block in blocks:
                tables = next(tables_of)
                for piece, directions in zip(pieces, found, strict=True):
                    codes = block.codes(directions).astype(np.intp)
                    total[piece] += tables.paid[codes]
                    for player, table in zip(tables.players, tables.values, strict=True):
                        for place in range(parts):
                            values[place, player, piece] += table[place][codes]
    return values, base, total


def _groups(forest: Forest, owner: Places) -> Iterator[list[Tree]]:
    """Return trees whose leaves' tables are made in one go: few calls, and bounded memory."""
    group, size = list[Tree](), 0.0
    place, players = players_at_leaves(forest.trees, owner)
    numbers = np.bincount(place, weights=players * 2.0**players, minlength=len(forest.trees))
    for tree, own in zip(forest.trees, numbers.tolist(), strict=True):
        if group and size + own > _TABLES_AT_ONCE:
            yield group
            group, size = [], 0.0
        group.append(tree)
        size += own
    if group:
        yield group


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    players: list[int]
    values: Floats
    paid: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Games:
    base: float
    tables: list[_Tables]


_Cut: TypeAlias = tuple[Tree, list[Block], Bits | None]


def _games(cuts: Sequence[_Cut], known: Background | None) -> _Games:
    """Return the tables of all blocks; leaves with as many players are solved together."""
    leaves = [(tree, leaf) for tree, blocks, _ in cuts for block in blocks for leaf in block.leaves]
    weights = [weight for _, blocks, left in cuts for weight in _weights(blocks, left, known)]
    base = sum(
        float(tree.value[leaf.node] * weight[:, -1].mean())
        for (tree, leaf), weight in zip(leaves, weights, strict=True)
    )
    by_size: dict[int, list[int]] = {}
    for place, (_, leaf) in enumerate(leaves):
        by_size.setdefault(len(leaf.players), []).append(place)
    solved: dict[int, Floats] = {}
    for places in by_size.values():
        stacked = np.stack([weights[place] for place in places])
        found = shapley_tables(stacked.reshape(-1, stacked.shape[-1]))
        found = found.reshape(*stacked.shape[:2], *found.shape[1:])
        found *= np.array([leaves[place][0].value[leaves[place][1].node] for place in places])[:, None, None, None]
        solved.update(zip(places, found, strict=True))
    tables = iter(solved[place] for place in range(len(leaves)))
    return _Games(base, [_merged(tree, block, tables) for tree, blocks, _ in cuts for block in blocks])


def _weights(blocks: Sequence[Block], left: Bits | None, known: Background | None) -> Iterator[Floats]:
    """Return for each leaf the weight of each pattern, shape (parts of the background, patterns)."""
    for block in blocks:
        counts = None
        if left is not None and known is not None:
            codes = block.codes(left) + known.part * (1 << block.bits)
            counts = np.bincount(codes, minlength=known.parts << block.bits).reshape(known.parts, -1)
            counts = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        for leaf in block.leaves:
            size = 1 << len(leaf.players)
            if counts is not None:
                yield np.stack([np.bincount(leaf.patterns, weights=one, minlength=size) for one in counts])
                continue
            product = np.ones(1)
            for chance in leaf.met:
                product = np.concatenate([product * (1 - chance), product * chance])
            yield product[None]


def _merged(tree: Tree, block: Block, tables: Iterator[Floats]) -> _Tables:
    players = sorted({player for leaf in block.leaves for player in leaf.players})
    place_of = {player: place for place, player in enumerate(players)}
    values, paid = None, np.zeros(1 << block.bits)
    for leaf in block.leaves:
        paid[leaf.patterns == (1 << len(leaf.players)) - 1] = tree.value[leaf.node]
        table = next(tables)
        if values is None:
            values = np.zeros((len(players), len(table), 1 << block.bits))
        for place, player in enumerate(leaf.players):
            values[place_of[player]] += table[:, place, leaf.patterns]
    assert values is not None  # a block has a leaf
    return _Tables(players, values, paid)
