"""Sampled values, sampled again as often as the budget allows: less noise, and intervals for each row of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import Explained, explain_rows
from auditkit.subject import Subject

MOST, FEWEST = 50, 4
LEVEL = 0.95


def explain_repeatedly(
    subject: Subject, frame: Any, reference: Any, named: str, background: int, budget: int
) -> tuple[Explained, Floats | None]:
    """Explain, and where values are sampled do it again as often as the budget allows; return half-widths, None if exact."""
    options: dict[str, Any] = {"reference": reference, "named": named, "background": background}
    once = explain_rows(subject, frame, budget=budget, **options)
    found = once.attributions
    if not found.asked:
        return once, None
    each = (found.asked - len(once.reference)) / len(found.values)
    left = budget - found.asked - len(once.reference)
    times = min(MOST, int(left // (len(frame) * each))) if len(found.values) == len(frame) else 0
    if times < FEWEST:
        noise = np.zeros(found.values.shape[1]) if found.noise is None else found.noise
        return once, np.broadcast_to(1.959964 * noise, found.values.shape)
    again = explain_rows(
        subject, frame.loc[np.tile(np.arange(len(frame)), times)], budget=left + len(once.reference), **options
    )
    return _averaged(again, frame, times)


def _averaged(again: Explained, frame: Any, times: int) -> tuple[Explained, Floats]:
    """Return means over repetitions, which are independent of each other, and half-widths by Student's t."""
    from scipy.special import stdtrit

    found, n = again.attributions, len(frame)
    each = found.values.reshape(times, n, -1)
    half = float(stdtrit(times - 1, (1 + LEVEL) / 2)) * each.std(axis=0, ddof=1) / math.sqrt(times)
    mean = replace(
        found,
        values=each.mean(axis=0),
        base=found.base[:n],
        output=found.output[:n],
        halves=None,
        fifths=None,
        noise=None,
    )
    notes = (*again.certificate.notes, f"mean of {times} repetitions")
    certificate = replace(again.certificate, rows=n, additivity_error=mean.additivity_error, notes=notes)
    return replace(again, frame=frame, attributions=mean, certificate=certificate), half
