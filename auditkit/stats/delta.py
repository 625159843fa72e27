"""Standard errors of smooth functions of the shares of cells."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_STEP = 1e-20


def multinomial_error(function: Callable[[npt.NDArray[np.complex128]], complex], cells: Array, squares: Array) -> float:
    """Return the standard error of a function of cell shares, by the delta method.

    With shares p = w/Σw and gradient g of the function at p: variance = Σ_c s_c (g_c − Σ p g)² ÷ (Σw)², where s_c is
    Σw² of the cell (its count, if rows have no weights). Half a row is added to each cell first, so that an empty cell
    does not make the error 0.

    Parameters
    ----------
    function : callable
        Takes complex shares, shape (cells,), and must be analytic: its gradient is taken by complex steps, which are
        exact to rounding.
    cells, squares : float arrays, shape (cells,)
        Σw and Σw² of each cell.

    References
    ----------
    Agresti 2013, Categorical Data Analysis, 16.1; Martins, Sturdza, Alonso 2003, doi:10.1145/838250.838251
    """
    mean_weight = float(squares.sum() / cells.sum())
    weight, spread = cells + mean_weight / 2, squares + mean_weight**2 / 2
    total = float(weight.sum())
    shares = weight / total
    gradient = np.empty(len(shares))
    for place in range(len(shares)):
        moved = shares.astype(np.complex128)
        moved[place] += 1j * _STEP
        gradient[place] = complex(function(moved)).imag / _STEP
    centred = gradient - float(shares @ gradient)
    return math.sqrt(float(spread @ centred**2)) / total
