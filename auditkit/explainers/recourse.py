"""Recourse: what a person could change, within what is permitted, so that the model decides favourably."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from auditkit.data.permitted import Permitted
from auditkit.errors import ON_REQUEST, NotApplicable
from auditkit.explainers.reason_reference import favourable
from auditkit.explainers.recourse_asking import Asked, Flags, Limits, Space, Stopped
from auditkit.explainers.recourse_search import blocks, search
from auditkit.explainers.recourse_space import Axis, Floats, axes_of
from auditkit.subject import Subject

MODEL_ROWS, SECONDS, TRAINING = 300_000, 60.0, 10_000
_EDGE = 1e-6
_EXAMPLE = "recourse: {columns: {income: {direction: up}}}"


@dataclass(frozen=True, slots=True, eq=False)
class Recourse:
    """The cheapest way found for each of some rows with an adverse decision.

    Attributes
    ----------
    axes : tuple of Axis
        The columns that may change.
    own, values : float arrays, shape (rows, axes)
        Where each row stands, and where it would go; positions on the axes, NaN rows where no way was found.
    costs : float array, shape (rows, axes)
        Of each change; NaN rows where no way was found.
    searched : bool array, shape (rows,)
        Which rows were searched to the end; of the others nothing is known.
    cut : {'', 'budget', 'clock'}
        What ended the search before all rows were searched.
    model_rows : int
        Rows the model was asked for.
    training : str
        ``train`` or ``test``: whose percentiles the costs are.
    """

    axes: tuple[Axis, ...]
    own: Floats
    values: Floats
    costs: Floats
    searched: Flags
    cut: Literal["", "budget", "clock"]
    model_rows: int
    training: str

    @property
    def has_way(self) -> Flags:
        """Which rows have a way to the favourable decision."""
        return np.asarray(~np.isnan(self.costs).any(axis=1), dtype=np.bool_)

    @property
    def cost(self) -> Floats:
        """The cost of each row's way; NaN where none was found."""
        return np.asarray(self.costs.sum(axis=1), dtype=np.float64)

    @property
    def changed(self) -> Flags:
        """Which columns each row's way changes, shape (rows, axes)."""
        moved = (self.values != self.own) & ~(np.isnan(self.values) & np.isnan(self.own))
        return np.asarray(moved & self.has_way[:, None], dtype=np.bool_)


def require_recourse(subject: Subject) -> Permitted:
    """Return the permitted changes, or say why recourse cannot be looked for.

    Raises
    ------
    NotApplicable
        If none were stated, there is no model, or the task is a regression.
    """
    if subject.recourse is None:
        raise NotApplicable(f"{ON_REQUEST}: state what a person could change, e.g. {_EXAMPLE} in audit.yaml")
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.task == "regression":
        raise NotApplicable("the task is a regression; recourse needs a decision that can be adverse")
    return subject.recourse


def recourse_of(subject: Subject, frame: Any, *, model_rows: int = MODEL_ROWS, seconds: float = SECONDS) -> Recourse:
    """Search a way to the favourable decision for each row of a frame, all of which are decided adversely.

    Cost of a way = Σ over changed columns of weight × shift in mid-percentiles of the training rows (test rows where there
    are none; 10,000 at most), after the total percentile shift of Ustun et al. [1]_; a category without order counts 1/3,
    the mean shift between two persons drawn at random. A missing value is not changed, and values beyond those of the
    training rows are not proposed. Single changes are asked for at up to 8 values each way; of combinations those
    whose single gains (in log-odds) add up best; what is found is taken back as far as the model keeps its
    decision, and the model decides once more on the result. That none is found does not prove that there is none.

    Parameters
    ----------
    subject : Subject
        With a model and permitted changes.
    frame : pandas DataFrame
        With the model's features.
    model_rows : int
        The most rows the model is asked for. Where they end the search is the same each time.
    seconds : float
        Of wall clock, looked at before each call of at most 10,000 rows; where they end the search differs from run to run.

    Raises
    ------
    NotApplicable
        As `require_recourse`.

    References
    ----------
    .. [1] Ustun, Spangher, Liu 2019, doi:10.1145/3287560.3287566
    """
    permitted = require_recourse(subject)
    rows: Any = subject.summary()["rows"]
    source = "train" if rows["train"] else "test"
    inputs = frame[list(subject.features)].reset_index(drop=True)
    axes = axes_of(permitted, inputs, subject.sample(TRAINING, source))
    own = np.column_stack([axis.encode(inputs[axis.change.column]) for axis in axes])
    limits = Limits(model_rows, seconds)
    empty = np.full(own.shape, np.nan)
    found = Recourse(axes, own, empty, empty.copy(), np.zeros(len(own), dtype=np.bool_), "", 0, source)
    cut: Literal["", "budget", "clock"] = ""
    try:
        ask, goal = _asking(subject, inputs)
        for block in blocks(len(own)):
            _fill(found, block, subject, Space.of(inputs[block], axes, ask, goal, limits), permitted.most_changes)
    except Stopped as stopped:
        cut = stopped.why
    return replace(found, cut=cut, model_rows=limits.used)


def _fill(found: Recourse, block: slice, subject: Subject, space: Space, most_changes: int) -> None:
    """Search a block; where the model's own decision does not bear out what its scores said, search by its decisions."""
    way = search(space, most_changes)
    good = np.flatnonzero(way.has_way)
    space.limits.spend(len(good))
    decided = favourable(subject, subject.predict(space.rows(good, way.values[good]))) if len(good) else good
    refuted = good[~decided] if len(good) else good
    if len(refuted):
        strict = Space.of(space.frame.iloc[refuted], space.axes, _by_decision(subject), space.goal, space.limits)
        again = search(strict, most_changes)
        way.values[refuted], way.costs[refuted] = again.values, again.costs
    found.values[block], found.costs[block] = way.values, way.costs
    found.searched[block] = True


def _asking(subject: Subject, inputs: Any) -> tuple[Callable[[Any], Asked], float]:
    """Return how the model is asked, and the nearness that suffices: by scores alone where these make the decision."""
    if not _guided(subject):
        return _by_decision(subject), 1.0
    toward = 1.0 if subject.positive == subject.favorable else -1.0
    drawn = subject.sample(1000)
    near = _nearness(subject, drawn)
    decided = favourable(subject, subject.predict(drawn))
    goal = toward * float(_stretched(subject, np.array([subject.threshold]))[0])

    def by_score(frame: Any) -> Asked:
        reached = _nearness(subject, frame)
        return reached, np.asarray(reached >= goal if toward > 0 else reached > goal, dtype=np.bool_)

    if subject.task == "binary" and np.array_equal(by_score(drawn)[1], decided):
        return by_score, goal
    good = near[decided] if decided.any() else near
    return _by_decision(subject), float(np.quantile(good, 0.1))


def _guided(subject: Subject) -> bool:
    model = subject.model
    return bool(model and model.has_scores and (subject.task == "binary" or subject.positive == subject.favorable))


def _by_decision(subject: Subject) -> Callable[[Any], Asked]:
    guided = _guided(subject)

    def ask(frame: Any) -> Asked:
        decided = favourable(subject, subject.predict(frame))
        return (_nearness(subject, frame) if guided else decided.astype(np.float64)), decided

    return ask


def _nearness(subject: Subject, frame: Any) -> Floats:
    """Return how near to the favourable decision: log-odds of its score, or the score itself where it is no probability."""
    toward = 1.0 if subject.positive == subject.favorable else -1.0
    return toward * _stretched(subject, subject.predict_scores(frame))


def _stretched(subject: Subject, scores: Floats) -> Floats:
    if subject.score_kind != "probability":
        return scores
    clipped = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float64)


def find_recourse(subject: Subject, frame: Any, *, model_rows: int = MODEL_ROWS, seconds: float = SECONDS) -> Any:
    """Return for each row of a frame the cheapest way found to the favourable decision, for an operator's eyes.

    Parameters
    ----------
    subject : Subject
        With a model and permitted changes.
    frame : pandas DataFrame
        Rows in the model's features; its index is kept.
    model_rows, seconds
        As in `recourse_of`.

    Returns
    -------
    pandas DataFrame
        ``outcome`` (favourable already, found, none found, not searched), ``cost``, ``changes``, and each column that may
        change with its value after the change.

    Raises
    ------
    NotApplicable
        As `require_recourse`.

    Examples
    --------
    >>> import pandas as pd
    >>> def score(frame):
    ...     return frame["income"] / 100
    >>> frame = pd.DataFrame({"income": [10, 30, 60, 90], "y": [0, 0, 1, 1]})
    >>> section = {"columns": {"income": {"direction": "up"}}}
    >>> subject = Subject(frame, model=score, label="y", favorable=1, features=["income"], recourse=section)
    >>> find_recourse(subject, frame)[["outcome", "income"]].to_dict("list")
    {'outcome': ['found', 'found', 'favourable already', 'favourable already'], 'income': [60, 60, 60, 90]}
    """
    import pandas as pd

    require_recourse(subject)
    decided = favourable(subject, subject.predict(frame)) if len(frame) else np.zeros(0, dtype=np.bool_)
    adverse = frame[~decided]
    found = recourse_of(subject, adverse, model_rows=model_rows, seconds=seconds)
    has_way = found.has_way
    outcome = np.where(has_way, "found", np.where(found.searched, "none found", "not searched"))
    table = pd.DataFrame({"outcome": "favourable already", "cost": np.nan, "changes": 0}, index=frame.index)
    table.loc[~decided, "outcome"] = outcome
    table.loc[~decided, "cost"] = found.cost
    table.loc[~decided, "changes"] = found.changed.sum(axis=1)
    after = np.where(found.changed, found.values, found.own)
    for place, axis in enumerate(found.axes):
        name = axis.change.column
        column = frame[name].copy()
        column[~decided] = axis.decode(after[:, place], adverse[name])
        table[name] = column
    return table
