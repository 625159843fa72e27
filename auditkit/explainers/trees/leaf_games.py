"""The game of one leaf: a row is paid the leaf's value if each condition on the path holds, and players own conditions."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_AT_ONCE = 1 << 19


def shapley_tables(weights: Floats) -> Floats:
    """Return the Shapley values of each player of a leaf, for each pattern of conditions that a row can show.

    Parameters
    ----------
    weights : array, shape (leaves, 2**players)
        For each leaf the share of the background whose conditions make the pattern; bit j of a pattern: player j's hold.

    Returns
    -------
    array, shape (leaves, players, 2**players)

    Notes
    -----
    For a row with conditions c and a background row with b, a coalition S is paid Π_{j∈S} c_j Π_{j∉S} b_j. With each player
    in S with chance t, the mean pay is Π_j (t c_j + (1−t) b_j), and player i's Shapley value is the integral over t of its
    derivative (c_i − b_i) Π_{j≠i} (t c_j + (1−t) b_j) [1]_. The mean over the background is a product of 2 × 2 matrices with
    the weights, one per player; the integrand is a polynomial of degree players − 1 in t, for which Gauss-Legendre nodes are
    exact. With weights Π_j p_j^b_j (1−p_j)^(1−b_j) the same is the path-dependent game.

    References
    ----------
    .. [1] Owen 1972, Multilinear extensions of games, doi:10.1287/mnsc.18.5.64

    Examples
    --------
    >>> import numpy as np
    >>> (0 + shapley_tables(np.array([[1.0, 0.0]]))).tolist()  # one player; the background never meets its condition
    [[[0.0, 1.0]]]
    """
    leaves, width = weights.shape
    players = width.bit_length() - 1
    tables = np.empty((leaves, players, width))
    if players == 0:
        return tables
    times, shares = quadrature((players + 1) // 2)
    # Leaves stand last, so that each step of the arithmetic is one over many leaves.
    step = max(1, _AT_ONCE // (width * len(times)))
    for start in range(0, leaves, step):
        part = weights[start : start + step].T
        spread = np.repeat(part[:, None], len(times), axis=1)
        found = np.empty((players, width, part.shape[1]))
        _all_but_one(spread, list(range(players)), times, shares, found)
        tables[start : start + step] = found.transpose(2, 0, 1)
    return tables


@cache
def quadrature(nodes: int) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on [0, 1]."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return (places + 1) / 2, weights / 2


def _all_but_one(game: Floats, left: list[int], times: Floats, shares: Floats, out: Floats) -> None:
    """Apply all players' matrices but one, for each: those of one half are applied before the other half is split."""
    if len(left) == 1:
        seen, target = _split(game, left[0]), _split(out[left[0]], left[0])
        np.einsum("abtl,t->abl", seen[:, 1], -shares, out=target[:, 0])
        np.einsum("abtl,t->abl", seen[:, 0], shares, out=target[:, 1])
        return
    half = len(left) // 2
    for first, others in ((left[:half], left[half:]), (left[half:], left[:half])):
        applied = game
        for player in others:
            applied = _apply(applied, player, times)
        _all_but_one(applied, first, times, shares, out)


def _apply(game: Floats, player: int, times: Floats) -> Floats:
    old, new = _split(game, player), np.empty_like(game)
    fresh = _split(new, player)
    time = times[:, None]
    np.multiply(old[:, 1], 1 - time, out=fresh[:, 0])
    np.multiply(old[:, 0], time, out=fresh[:, 1])
    fresh[:, 1] += old[:, 1]
    return new


def _split(game: Floats, player: int) -> Floats:
    """View the patterns, the first axis, as (higher bits, the player's bit, lower bits)."""
    return game.reshape(-1, 2, 1 << player, *game.shape[1:])
