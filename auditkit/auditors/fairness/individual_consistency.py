"""Individual consistency: do people who are alike get the same decision?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.bias_audit.drawn import Drawn, Mean, groups_in
from auditkit.data.table import scalar
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.finding import Evidence, Group, Measure
from auditkit.group_cells import MIN_CLUSTERS
from auditkit.group_rates import MIN_GROUP_SIZE, rates_evidence, two_sided
from auditkit.stats.neighbours import neighbour_agreement
from auditkit.stats.uncertainty import Normal, Proportion
from auditkit.subject import Subject
from auditkit.tally import scalar_key

ID = "fairness.individual_consistency"
MOST_VALUES = 100
LEAST_ROWS = 30
Floats = npt.NDArray[np.float64]


@auditor(title="Individual consistency", needs=("prediction", "features"), measures=("consistency",))
def individual_consistency(
    subject: Subject,
    *,
    neighbours: int = 5,
    rows: int = 500,
    pool: int = 3_000,
    min_group_size: int = MIN_GROUP_SIZE,
) -> Iterator[Measure | Evidence]:
    """How often a row and the rows most like it get the same decision.

    Parameters
    ----------
    subject : Subject
        With the model's inputs, and the model or a column of its decisions.
    neighbours : int
        How many of the nearest rows are compared; all as near as the last of them count.
    rows, pool : int
        Rows that are looked at, and other rows among which their neighbours are sought; both are drawn.
    min_group_size : int
        Smaller groups have no consistency of their own.

    Notes
    -----
    consistency = mean over rows of the share of their k nearest neighbours with the same decision; 1 means that near
    people are always decided alike. With two labels it is 1 - mean abs(decision - mean decision of the neighbours). Near:
    Euclidean distance over the inputs without the sensitive columns, numbers standardised over the rows drawn, words as 0
    or sqrt(1/2) for each value, so that two different words are one standard deviation apart. Normal interval over the
    rows looked at, given the others.

    Misleads when
    -------------
    What makes people alike is not a matter of statistics: every column counts the same here, also one that should not
    count at all. A model that decides everybody alike is perfectly consistent. Neighbours are sought in a sample, so they
    are less alike than those in all rows, and the figure is lower than that over all.

    References
    ----------
    .. [1] Zemel et al. 2013, Learning Fair Representations, PMLR 28(3):325-333; Dwork et al. 2012,
       doi:10.1145/2090236.2090255
    """
    if neighbours < 1:
        raise ConfigurationError(f"option 'neighbours' of {ID}: got {neighbours}, wanted at least 1")
    frame = _drawn(subject, rows + pool)
    looked_at = min(rows, len(frame) // 4)
    if looked_at < LEAST_ROWS or len(frame) - looked_at < neighbours:
        raise InsufficientData(f"{len(frame):,} rows, at least {4 * LEAST_ROWS} are needed to look at {LEAST_ROWS}")
    inputs, left_out = _encoded(subject, frame)
    decisions = _decisions(subject, frame)
    agreement = neighbour_agreement(
        inputs[:looked_at], inputs[looked_at:], decisions[:looked_at], decisions[looked_at:], neighbours
    )
    looked = frame[:looked_at]
    drawn = Drawn.of(subject, looked)
    yield _measure(Group(), drawn.mean(agreement, np.ones(looked_at, dtype=np.bool_)), min_group_size)
    for column in subject.roles.sensitive:
        own = groups_in(subject, looked, column)
        measures = [
            _measure(
                Group.of({column: value}),
                drawn.mean(agreement, np.array([other == value for other in own], dtype=np.bool_)),
                min_group_size,
            )
            for value in sorted(set(own), key=scalar_key)
        ]
        yield from measures
        yield rates_evidence(
            f"{ID}.{column}",
            f"Consistency by {column}",
            f"Share of the {neighbours} nearest of {len(frame) - looked_at:,} rows with the same decision, for {looked_at:,} "
            f"rows; 95 % intervals{left_out}",
            (column,),
            measures,
        )


def _drawn(subject: Subject, most: int) -> Any:
    if subject.task == "regression":
        raise NotApplicable("the task is a regression; consistency compares decisions")
    if subject.model is None and subject.roles.prediction is None:
        raise NotApplicable("no model and no column of decisions were given; pass model= or prediction=")
    return subject.sample(most)


def _decisions(subject: Subject, frame: Any) -> npt.NDArray[np.int64]:
    decided = frame[subject.roles.prediction] if subject.roles.prediction else subject.predict(frame)
    return np.unique(np.asarray(decided).astype(str), return_inverse=True)[1]


def _encoded(subject: Subject, frame: Any) -> tuple[Floats, str]:
    """Return the inputs as numbers, shape (rows, columns), and words on what was left out."""
    from pandas.api import types

    parts, dropped = list[Floats](), list[str]()
    for column in subject.features:
        if column in subject.roles.sensitive:
            continue
        if types.is_numeric_dtype(frame[column]) and not types.is_bool_dtype(frame[column]):
            parts += _numbers(frame[column].to_numpy(dtype=np.float64, na_value=np.nan))
            continue
        words = None if types.is_datetime64_any_dtype(frame[column]) else _words(frame[column])
        if words is None:
            dropped.append(column)
        else:
            parts.append(words)
    if not parts:
        raise NotApplicable(
            "no input beside the sensitive columns is a number or has at most 100 values; pass features="
        )
    return np.concatenate(parts, axis=1), f"; not used: {', '.join(dropped)}" if dropped else ""


def _numbers(values: Floats) -> list[Floats]:
    missing = np.isnan(values)
    known = values[~missing]
    spread = float(known.std()) if len(known) else 0.0
    parts = []
    if spread > 0:
        parts.append(np.where(missing, 0.0, (values - known.mean()) / spread)[:, None])
    if missing.any():
        parts.append(np.where(missing, 1.0, 0.0)[:, None])
    return parts


def _words(series: Any) -> Floats | None:
    values = [scalar(value) for value in series.astype(object).where(series.notna(), None)]
    known = sorted(set(values), key=scalar_key)
    if len(known) > MOST_VALUES:
        return None
    place = {value: index for index, value in enumerate(known)}
    encoded = np.zeros((len(values), len(known)))
    encoded[np.arange(len(values)), [place[value] for value in values]] = math.sqrt(0.5)
    return encoded


def _measure(group: Group, found: Mean, least: int) -> Measure:
    n, error = found.n, found.error
    reason = None
    if group and n < max(2, least):
        reason = f"{n:,} rows, at least {max(2, least)} are needed"
    elif found.clusters is not None and found.clusters < MIN_CLUSTERS:
        reason = f"about {found.clusters:.0f} clusters, at least {MIN_CLUSTERS} are needed"
    elif error == 0 and found.value < 1:
        reason = "no variation to bound it by"
    if reason is not None:
        return Measure(
            name="consistency",
            value=None,
            unit="share",
            direction="higher",
            group=group,
            n=n,
            status="insufficient",
            reason=reason,
        )
    # Where all agree there is no variance to estimate; Wilson still says how much less the truth could be.
    uncertainty = _all_agree(found) if error == 0 else Normal(found.value, error, "identity", found.df, 0.0, 1.0)
    return Measure(
        name="consistency",
        value=uncertainty.estimate,
        unit="share",
        direction="higher",
        group=group,
        n=n,
        interval=two_sided(uncertainty, "Wilson" if error == 0 else "t"),
        uncertainty=uncertainty,
    )


def _all_agree(found: Mean) -> Proportion:
    """Return all of the rows, or of the clusters where rows have them."""
    n = found.n if found.clusters is None else max(1, int(found.clusters))
    return Proportion(n, n)
