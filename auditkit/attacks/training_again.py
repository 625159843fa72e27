"""A model's estimator trained again on other rows: a clone with the same settings, each with a seed of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from auditkit.errors import NotApplicable

_SEEDS = ("random_state", "random_seed")
_THREADS = ("n_jobs", "thread_count")


def trainer(estimator: Any, seed: int) -> Callable[[Any, Any, int], Any]:
    """Return a function of inputs, labels and a number that trains the number-th clone of an estimator.

    Settings named ``random_state`` that are None get a seed, so that the same audit gives the same bytes; ``n_jobs`` is 1,
    whatever it was: several clones are trained side by side, and threads of some libraries do not survive a fork. Of a search over settings, the estimator that it chose is cloned.

    Raises
    ------
    NotApplicable
        If it cannot be cloned, or holds parts that its fit does not train.
    """
    from sklearn.base import clone

    wanted = getattr(estimator, "best_estimator_", estimator)
    try:
        clone(wanted)
    except (TypeError, RuntimeError, AttributeError) as error:
        text = " ".join(str(error).split())
        raise NotApplicable(f"the model cannot be cloned ({type(error).__name__}: {text[:160]})") from None
    settings = wanted.get_params(deep=True)
    kept = _trained_before(settings)
    if kept:
        raise NotApplicable(f"the model holds a part that was trained before and would not be trained again ({kept})")
    single = {name: 1 for name in settings if _last(name) in _THREADS}
    unseeded = sorted(name for name in settings if _last(name) in _SEEDS and settings[name] is None)

    def train(inputs: Any, truth: Any, number: int) -> Any:
        numbers = np.random.default_rng([seed, number]).integers(0, 2**31 - 1, len(unseeded))
        fresh = clone(wanted).set_params(**single, **dict(zip(unseeded, numbers.tolist(), strict=True)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its training warns of was said when the model was trained
            return fresh.fit(inputs, truth)

    return train


def _last(name: str) -> str:
    return name.rpartition("__")[2]


def _trained_before(settings: Mapping[str, Any]) -> str | None:
    """Return a part that a clone keeps as trained: a frozen estimator, or one with ``prefit``."""
    for name, value in settings.items():
        if type(value).__name__ == "FrozenEstimator":
            return f"{name}: FrozenEstimator"
        if (isinstance(value, str) and value == "prefit") or (_last(name) == "prefit" and value is True):
            return f"{name}: prefit"
    return None
