"""The rise of a loss when a column comes from other rows: its mean over rows and donors, and what that mean is worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def donors_of(rows: int, donors: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return for each row the rows that it gets a value from, shape (donors, rows): none itself, each as often as any other.

    Each is a cyclic shift of one random order, so that every row gives as often as it takes.

    Raises
    ------
    ValueError
        If there are fewer than `donors` + 1 rows.
    """
    if rows <= donors:
        raise ValueError(f"{rows} rows have no {donors} donors each")
    order = rng.permutation(rows)
    place = np.empty(rows, dtype=np.int64)
    place[order] = np.arange(rows)
    shifts = 1 + rng.choice(rows - 1, donors, replace=False)
    return np.stack([order[(place + shift) % rows] for shift in shifts])


def influences(rises: Floats, donors: npt.NDArray[np.int64]) -> Floats:
    r"""Return what each row does to the mean rise, as taker and as giver, shape (rows,); their mean is the mean rise.

    The rise :math:`r_{ij}` of row i with a value of row j is :math:`\theta + a_i + b_j + e_{ij}`. The mean over the design
    has the variance :math:`Var(a+b)/n + Var(e)/(nD)` with D donors for each row. The sum of row k's mean as taker and as
    giver has :math:`Var(a+b) + 2 Var(e)/D`, so the variance from these is too large by Var(e)/(nD): bounds are wider,
    never narrower, than they need be.

    Parameters
    ----------
    rises : array, shape (donors, rows)
    donors : int array, shape (donors, rows)
        From `donors_of`.
    """
    count, rows = rises.shape
    given = np.zeros(rows)
    np.add.at(given, donors, rises)
    found: Floats = rises.mean(axis=0) + given / count - rises.mean()
    return found
