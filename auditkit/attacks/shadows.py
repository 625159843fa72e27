"""Shadow models: how sure models are of a row that was among their training rows, and models that never saw it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.attacks.side_by_side import Floats, Piece, done
from auditkit.attacks.steps import Step, tell

Fit = Callable[[npt.NDArray[np.int64], int], Floats]
# CPU seconds of a pair below which to fork a process takes longer than it saves.
_WORTH_PROCESSES = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Shadows:
    """Confidences of shadow models in the true label of each row of a pool.

    Attributes
    ----------
    confidence : array, shape (shadows, rows)
    inside : bool array, shape (shadows, rows)
        Which rows each shadow was trained on; two by two they are complements.
    cut : bool
        Whether there was no time for all shadows.
    """

    confidence: Floats
    inside: npt.NDArray[np.bool_]
    cut: bool = False


def complementary_halves(labels: npt.NDArray[np.int64], pairs: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which rows are in each half of `pairs` random splits, shape (2 · pairs, rows); of each label half in either.

    Examples
    --------
    >>> halves = complementary_halves(np.array([0, 0, 1, 1]), 2, np.random.default_rng(0))
    >>> halves.shape, bool((halves[0] == ~halves[1]).all()), halves.sum(axis=1).tolist()
    ((4, 4), True, [2, 2, 2, 2])
    """
    found = np.zeros((2 * pairs, len(labels)), dtype=bool)
    for pair in range(pairs):
        for label in np.unique(labels):
            places = rng.permutation(np.flatnonzero(labels == label))
            found[2 * pair, places[: (len(places) + pair % 2) // 2]] = True
        found[2 * pair + 1] = ~found[2 * pair]
    return found


def train_shadows(fit: Fit, inside: npt.NDArray[np.bool_], seconds: float, at_once: int = 1) -> Shadows:
    """Train shadow models in complementary pairs, as many pairs as the first one shows that the time allows.

    What n pairs give does not depend on the machine, nor on how many are trained at once; only n does.

    Parameters
    ----------
    fit : callable
        From the rows to train on and the shadow's number to its confidence in the true label of every row.
    inside : bool array, shape (shadows, rows)
    seconds : float
        CPU seconds of all shadows together; the first pair is always trained.
    at_once : int
        Processes.

    Raises
    ------
    ModelError
        If training fails.
    """
    began = time.monotonic()

    def work(place: int) -> Floats:
        return fit(np.flatnonzero(inside[place]), place)

    pieces = list(done(work, range(2), at_once))
    pair = max(sum(piece.cpu for piece in pieces), 1e-9)
    wanted = min(len(inside), 2 * max(1, int(seconds / pair)))
    _tell(began, 2, wanted)
    for piece in done(work, range(2, wanted), at_once if pair > _WORTH_PROCESSES else 1):
        pieces.append(piece)
        _tell(began, len(pieces), wanted)
    ordered = sorted(pieces, key=_place)
    return Shadows(np.array([piece.found for piece in ordered]), inside[:wanted], wanted < len(inside))


def _place(piece: Piece) -> int:
    return piece.place


def _tell(began: float, trained: int, wanted: int) -> None:
    tell(Step("shadow models", trained, wanted, (time.monotonic() - began) / trained * (wanted - trained)))
