"""Scores of membership that compare the model with shadow models; higher speaks for a training row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditkit.attacks.shadows import Shadows

Floats = npt.NDArray[np.float64]
CLIP = 1e-3
_LEAST = 1e-6


def rmia(target: Floats, shadows: Shadows) -> Floats:
    r"""Return how much surer the target is of a row than models are on average.

    The score of RMIA with γ = 1 is the share of other people's rows whose ratio :math:`p_{target}/\bar p_{shadows}` is lower.
    It rises with the row's own ratio, so that ratio ranks rows alike and is returned.

    References
    ----------
    .. [1] Zarifzadeh et al. 2024, Low-Cost High-Power Membership Inference Attacks, arXiv:2312.03262
    """
    found: Floats = np.maximum(target, _LEAST) / np.maximum(shadows.confidence.mean(axis=0), _LEAST)
    return found


def lira(target: Floats, shadows: Shadows) -> Floats:
    r"""Return the log ratio of two normal densities of :math:`\ln(p/(1-p))`: of models with the row, and of models without.

    Means are each row's own, variances those of all rows together, since a few shadows cannot tell a row's own.

    References
    ----------
    .. [1] Carlini et al. 2022, Membership Inference Attacks From First Principles, arXiv:2112.03570
    """
    observed, seen = log_odds(target), log_odds(shadows.confidence)
    densities = []
    for member in (True, False):
        mask = shadows.inside == member
        count = np.maximum(mask.sum(axis=0), 1)
        mean = np.where(mask, seen, 0.0).sum(axis=0) / count
        spare = np.maximum(1, int(mask.sum()) - mask.shape[1])
        variance = max(1e-6, float(np.where(mask, (seen - mean) ** 2, 0.0).sum()) / spare)
        densities.append(-((observed - mean) ** 2) / (2 * variance) - 0.5 * np.log(variance))
    found: Floats = densities[0] - densities[1]
    return found


def difficulty(target: Floats, shadows: Shadows) -> Floats:
    r"""Return the target's :math:`\ln(p/(1-p))` less its mean among shadows: surer than the row's difficulty explains.

    References
    ----------
    .. [1] Watson et al. 2022, On the Importance of Difficulty Calibration in Membership Inference Attacks, arXiv:2111.08440
    """
    found: Floats = log_odds(target) - log_odds(shadows.confidence).mean(axis=0)
    return found


def log_odds(p: Floats) -> Floats:
    """Return ln(p ÷ (1 − p)), with p moved to between 0.001 and 0.999."""
    clipped = np.clip(p, CLIP, 1 - CLIP)
    found: Floats = np.log(clipped / (1 - clipped))
    return found
