"""Any model: antithetic permutation sampling on the original columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditkit.errors import InsufficientData, ModelError
from auditkit.explainers.attribution import Attributions, Floats, Task

if TYPE_CHECKING:
    import pandas as pd

PAIRS = 10
FEWEST_ROWS = 20
BATCH = 10_000
_FEW = 1000
Places = npt.NDArray[np.int64]


def model_rows(rows: int, columns: int, background: int) -> int:
    """Return how many rows the model is asked for: states on the way, the rows themselves, the background."""
    return rows * (2 * PAIRS * max(0, columns - 1) + 1) + background


def rows_within(task: Task) -> int:
    """Return how many of the rows can be explained within the budget.

    Raises
    ------
    InsufficientData
        If these are too few to speak of.
    """
    wanted, columns, background = len(task.rows), task.rows.shape[1], len(task.background)
    each = model_rows(1, columns, 0)
    affordable = min(wanted, max(0, task.budget - background) // each)
    fewest = min(wanted, FEWEST_ROWS)
    if affordable < fewest:
        needed = model_rows(fewest, columns, background)
        raise InsufficientData(
            f"a budget of {task.budget:,} model rows explains {affordable:,} rows of {columns} columns, at least "
            f"{fewest} are needed; raise budget to {needed:,}"
        )
    return affordable


def explain_permutation(task: Task) -> Attributions:
    """Estimate Shapley values by walking from background rows to the explained row, column by column.

    Notes
    -----
    Each explained row meets 10 background rows, each in a random order of the columns and in its reverse (an antithetic
    pair). A walk's steps add up to f(row) − f(background row); as f is known for the whole background, what the rows met
    differ from its mean is taken out again, most from the columns whose shares vary most from walk to walk, so that all
    rows have one base. Costs 2 · 10 · (columns − 1) + 1 model rows per explained row, at most 10,000 in one call.

    References
    ----------
    .. [1] Štrumbelj, Kononenko 2014, doi:10.1007/s10115-013-0679-x; Mitchell et al. 2022, arXiv:2104.12199 (antithetic)
    """
    import pandas as pd

    given, n = len(task.rows), rows_within(task)
    columns, background = task.rows.shape[1], len(task.background)
    both = pd.concat([task.rows.iloc[:n], task.background], ignore_index=True)
    known = _ask(task, both)
    output, base = known[:n], float(known[n:].mean())
    pairs = np.empty((PAIRS, n, columns))
    met = np.empty((PAIRS, n))
    places = task.rng.permuted(np.tile(np.arange(columns), (PAIRS * n, 1)), axis=1).reshape(PAIRS, n, columns)
    starts = _met(task, n, background) + n
    met[:] = known[starts]
    there = _walks(task, both, starts, places, known)
    back = _walks(task, both, starts, columns - 1 - places, known)
    pairs = (there + back) / 2
    variance = pairs.var(axis=0, ddof=1).mean(axis=0)
    weight = variance / variance.sum() if variance.sum() > 0 else np.full(columns, 1 / max(1, columns))
    pairs += (met - base)[..., None] * weight
    noise = np.sqrt(pairs.var(axis=0, ddof=1).mean(axis=0) / PAIRS)
    asked = model_rows(n, columns, background)
    notes = [f"sampled with {PAIRS} antithetic pairs of walks, {asked:,} model rows"]
    if n < given:
        notes.append(f"the first {n:,} of {given:,} rows only: the budget is {task.budget:,} model rows")
    return Attributions(
        pairs.mean(axis=0),
        np.full(n, base),
        output,
        "permutation sampling on the original columns",
        "target" if task.positive is None else "probability",
        halves=pairs.reshape(2, -1, n, columns).mean(axis=1),
        fifths=pairs.reshape(5, -1, n, columns).mean(axis=1),
        noise=noise,
        asked=asked,
        notes=tuple(notes),
    )


def _met(task: Task, rows: int, background: int) -> Places:
    """Return which background rows each row meets, all different where that is cheap, shape (pairs, rows)."""
    if PAIRS <= background <= _FEW:
        return task.rng.permuted(np.tile(np.arange(background), (rows, 1)), axis=1)[:, :PAIRS].T
    return task.rng.integers(0, background, (PAIRS, rows))


def _walks(task: Task, both: pd.DataFrame, starts: Places, places: Places, known: Floats) -> Floats:
    """Return what each step changes, by column, shape (pairs, rows, columns)."""
    pairs, n, columns = places.shape
    own = np.tile(np.arange(n), pairs)
    other, ranks = starts.ravel(), places.reshape(-1, columns)
    answers = np.empty((pairs * n, columns + 1))
    answers[:, 0], answers[:, -1] = known[other], known[own]
    for some in _parts(pairs * n, max(1, BATCH // max(1, columns - 1))):
        if columns > 1:
            answers[some, 1:-1] = _ask(task, _states(both, own[some], other[some], ranks[some])).reshape(
                -1, columns - 1
            )
    steps = np.diff(answers, axis=1)
    found: Floats = np.take_along_axis(steps, ranks, axis=1).reshape(pairs, n, columns)
    return found


def _parts(total: int, size: int) -> Iterator[slice]:
    return (slice(at, at + size) for at in range(0, total, size))


def _states(both: pd.DataFrame, own: Places, other: Places, ranks: Places) -> pd.DataFrame:
    """Return the rows between: after step s the columns of rank below s are the explained row's own."""
    import pandas as pd

    columns = ranks.shape[1]
    steps = np.arange(1, columns)
    taken = {
        name: both[name].take(np.where(ranks[:, column, None] < steps, own[:, None], other[:, None]).ravel()).array
        for column, name in enumerate(both.columns)
    }
    return pd.DataFrame(taken)


def _ask(task: Task, frame: pd.DataFrame) -> Floats:
    parts: list[Any] = [task.answer(frame.iloc[part].reset_index(drop=True)) for part in _parts(len(frame), BATCH)]
    found = np.concatenate([np.asarray(part, dtype=float) for part in parts]) if parts else np.empty(0)
    if len(found) != len(frame) or not np.isfinite(found).all():
        raise ModelError(f"the model gave {len(found):,} answers to {len(frame):,} rows, or one that is not finite")
    return found
