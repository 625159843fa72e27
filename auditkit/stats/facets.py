"""Divergences and disparities of one facet d against all other rows a, as functions of shares of cells.

Each takes complex shares, so that a standard error comes from complex steps (`stats.delta`): shape (2, labels) is facet
(a, d) × label; shape (2, 2, 2) is facet × label × prediction, 1 being the favourable one; shape (strata, 2, 2) is stratum ×
facet × outcome. The names and formulas are those of the bias measures of Amazon SageMaker Clarify.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Shares: TypeAlias = npt.NDArray[np.complex128]


def _conditional(shares: Shares) -> tuple[Shares, Shares]:
    rows = shares / shares.sum(axis=1, keepdims=True)
    return rows[0], rows[1]


def kullback_leibler(shares: Shares) -> complex:
    """Return KL = Σ_y P_a(y) ln(P_a(y) ÷ P_d(y)); 0 means the same distribution of labels, no upper end."""
    a, d = _conditional(shares)
    present = a.real > 0
    return complex(np.sum(a[present] * np.log(a[present] / d[present])))


def jensen_shannon(shares: Shares) -> complex:
    """Return JS = ½ KL(P_a ‖ P) + ½ KL(P_d ‖ P), P = ½(P_a + P_d); 0 to ln 2."""
    a, d = _conditional(shares)
    middle = (a + d) / 2
    total = 0j
    for side in (a, d):
        present = side.real > 0
        total += complex(np.sum(side[present] * np.log(side[present] / middle[present]))) / 2
    return total


def observed_per_predicted(shares: Shares) -> complex:
    """Return DCA = (favourable labels ÷ favourable predictions) of a − the same of d; 0 means the same."""
    favorable = shares[:, 1, :].sum(axis=1) / shares[:, :, 1].sum(axis=1)
    return complex(favorable[0] - favorable[1])


def rejected_per_predicted(shares: Shares) -> complex:
    """Return DCR = (other labels ÷ other predictions) of d − the same of a; 0 means the same."""
    rejected = shares[:, 0, :].sum(axis=1) / shares[:, :, 0].sum(axis=1)
    return complex(rejected[1] - rejected[0])


def treatment(shares: Shares) -> complex:
    """Return TE = FN ÷ FP of d − FN ÷ FP of a; 0 means the same."""
    ratio = shares[:, 1, 0] / shares[:, 0, 1]
    return complex(ratio[1] - ratio[0])


def generalized_entropy(shares: Shares) -> complex:
    """Return GE = ½ mean((b ÷ mean b)² − 1) of benefits b = ŷ − y + 1, from shares of label × prediction; 0: all equal."""
    cells = shares.reshape(2, 2)
    benefit = np.array([[1.0, 2.0], [0.0, 1.0]])
    mean = np.sum(cells * benefit)
    return complex((np.sum(cells * benefit**2) / mean**2 - 1) / 2)


def conditional_disparity(shares: Shares) -> complex:
    """Return CDD = Σ_s n_s ÷ n · (share of d among the rejected − share of d among the accepted), within strata s."""
    total = 0j
    for stratum in shares:
        rejected, accepted = stratum[:, 0], stratum[:, 1]
        if rejected.sum().real > 0 and accepted.sum().real > 0:
            gap = rejected[1] / rejected.sum() - accepted[1] / accepted.sum()
            total += complex(stratum.sum() * gap)
    return total
