"""How long single calls take."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

MOST_CALLS, FEW_CALLS = 401, 40
MOST_SECONDS, SLOW_SECONDS = 1.0, 3.0
ENOUGH = {0.5: 5, 0.95: 40, 0.99: 200}  # calls without which a percentile says nothing: two of them lie beyond it

Seconds = npt.NDArray[np.float64]


def timings(call: Callable[[], object]) -> Seconds:
    """Return the seconds of up to 401 calls, or of as many as fit into a second.

    Of slow calls up to three seconds, until there are 40. One call that is not counted goes before them.
    """
    call()
    taken: list[float] = []
    spent = 0.0
    while len(taken) < MOST_CALLS and spent < (MOST_SECONDS if len(taken) >= FEW_CALLS else SLOW_SECONDS):
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
        spent += taken[-1]
    return np.array(taken)


def percentile(taken: Seconds, level: float) -> tuple[float, float, float] | None:
    r"""Return a percentile with the order statistics around it, or None where the calls are too few.

    The ends are the order statistics of ranks :math:`np \mp 2\sqrt{np(1-p)}`: about 95 % for calls that are alike and
    independent, which calls on a machine with other work are not; they are shown as a range.

    Examples
    --------
    >>> percentile(np.arange(1.0, 402.0), 0.5), percentile(np.arange(10.0), 0.99) is None
    ((180.0, 201.0, 222.0), True)
    """
    n = len(taken)
    if n < ENOUGH[level]:
        return None
    ordered = np.sort(taken)
    half = 2 * (n * level * (1 - level)) ** 0.5
    low, high = (int(np.clip(round(rank), 0, n - 1)) for rank in (n * level - half - 1, n * level + half))
    return float(ordered[low]), float(np.quantile(ordered, level)), float(ordered[high])
