"""How much worse the model does when a column tells it nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from auditkit.declare import auditor
from auditkit.errors import ON_REQUEST, InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.importance import spread, tiers
from auditkit.stats.shuffled_loss import Floats, donors_of, influences
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject

_ID = "explanations.permutation_importance"
_BATCH, _FEWEST = 10_000, 50


@auditor(
    title="Permutation importance",
    needs=("model", "label"),
    measures=("loss", "rise"),
    slow=True,
)
def permutation_importance(
    subject: Subject, *, donors: int = 0, rows: int = 1000, budget: int = 200_000
) -> Iterator[Measure | Evidence]:
    r"""How much the model's loss rises when a column's value comes from another person: which columns it needs to be right.

    Parameters
    ----------
    subject : Subject
        With a model and a label.
    donors : int
        Other rows that each row gets the column's value from, 5 say; at 0 the auditor is not run.
    rows : int
        Test rows, at most.
    budget : int
        Rows that the model is asked for, at most.

    Notes
    -----
    The rise of a column = mean over rows i and donors j of loss(model(row i with the column of row j), label i) −
    loss(model(row i), label i). The loss is the Brier score (two classes: (p − y)²; more: the sum over classes), the share of
    errors where the model gives no probabilities, or the squared error of a regression. Every row gives as often as it
    takes (cyclic shifts of a random order). 95 % intervals count the sampling of rows, in both parts, and of donors:
    Student's t on each row's influence as taker and as giver; the spread over repeats, which other libraries print,
    leaves the sampling of rows out. A column opens a lower tier if its paired difference from the head of the last one is
    significant (Bonferroni).

    Misleads when
    -------------
    Columns are correlated: rows are then made that no person has, and columns that can stand in for each other all look
    unimportant. It speaks of the loss, so a column that moves the output without making it righter counts as nothing.

    References
    ----------
    .. [1] Fisher, Rudin, Dominici 2019, All Models are Wrong, but Many are Useful, JMLR 20(177); Breiman 2001
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if not donors:
        raise NotApplicable(f"{ON_REQUEST}: pass options {{{_ID}: {{donors: 5}}}}")
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    names = list(subject.features)
    frame = subject.sample(rows)
    n = min(len(frame), budget // (1 + len(names) * donors))
    if n < max(_FEWEST, donors + 1):
        least = max(_FEWEST, donors + 1)
        raise InsufficientData(
            f"{n} rows could be asked for within {len(frame):,} test rows and a budget of {budget:,} model rows, at least "
            f"{least} are needed; raise budget to {least * (1 + len(names) * donors):,}"
        )
    frame = frame.iloc[:n].reset_index(drop=True)
    name, losses = _loss(subject, frame[subject.roles.label])
    kept = frame[names]
    own = losses(kept, np.arange(n))
    taken = donors_of(n, donors, subject.rng(_ID))
    found = np.column_stack([influences(_rises(kept, column, taken, own, losses), taken) for column in names])
    yield _mean("loss", own, f"mean {name}", n)
    sure = spread(found, None)
    order = np.array(sorted(range(len(names)), key=lambda place: (-found[:, place].mean(), names[place])))
    yield _evidence(names, found, sure.half_width(), order, tiers(found, order), name, donors)
    for place in order.tolist():
        yield _mean("rise", found[:, place], name, n, (names[place],))


Losses = Callable[[Any, Any], Floats]


def _loss(subject: Subject, labels: Any) -> tuple[str, Losses]:
    """Return the name of the loss and a function of a frame and of which rows' labels belong to it."""
    if subject.task == "regression":
        truth = np.asarray(labels, dtype=np.float64)
        return "squared error", lambda frame, rows: (np.asarray(subject.predict(frame), np.float64) - truth[rows]) ** 2
    known = list(subject.labels)
    places = {value: place for place, value in enumerate(known)}
    codes = np.array([places[value] for value in labels.tolist()])
    assert subject.model is not None  # the caller looked
    if not subject.model.has_scores:
        wrong = np.asarray(known, dtype=object)
        return "share of errors", lambda frame, rows: (subject.predict(frame) != wrong[codes[rows]]).astype(np.float64)
    classes = list(subject.model.classes or known)
    columns = np.array([classes.index(value) if value in classes else -1 for value in known])

    def brier(frame: Any, rows: Any) -> Floats:
        shares = subject.predict_probabilities(frame)
        column = columns[codes[rows]]
        hit = np.where(column >= 0, shares[np.arange(len(shares)), np.maximum(column, 0)], 0.0)
        total: Floats = (shares**2).sum(axis=1) - 2 * hit + 1
        return total / 2 if len(classes) == 2 else total

    return "Brier score", brier


def _rises(frame: Any, column: str, donors: Any, own: Floats, losses: Losses) -> Floats:
    """Return the rise of the loss with the column of each donor, shape (donors, rows); at most 10,000 rows in a call."""
    n = len(frame)
    rows = np.tile(np.arange(n), len(donors))
    values = frame[column].iloc[donors.ravel()].reset_index(drop=True)
    changed = np.empty(len(rows))
    for start in range(0, len(rows), _BATCH):
        part = slice(start, start + _BATCH)
        asked = frame.iloc[rows[part]].reset_index(drop=True)
        asked[column] = values.iloc[part].reset_index(drop=True)
        changed[part] = losses(asked, rows[part])
    rises: Floats = changed.reshape(len(donors), n) - own
    return rises


def _mean(name: str, values: Floats, unit: str, n: int, over: tuple[str, ...] = ()) -> Measure:
    uncertainty = Normal(float(values.mean()), float(values.std(ddof=1)) / float(np.sqrt(n)), "identity", n - 1.0)
    return Measure(
        name=name,
        value=uncertainty.value,
        unit=unit,
        direction="lower" if name == "loss" else "none",
        over=over,
        n=n,
        interval=two_sided(uncertainty, "Student's t"),
        uncertainty=uncertainty,
    )


def _evidence(
    names: list[str], found: Floats, half: Floats, order: Any, tier_of: list[int], loss: str, donors: int
) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for place in order.tolist():
        mean = float(found[:, place].mean())
        rows.append(
            (names[place], len(found), mean, mean - float(half[place]), mean + float(half[place]), str(tier_of[place]))
        )
    return Evidence(
        id=f"{_ID}.rises",
        kind="intervals",
        title="What the model needs to be right",
        caption=(
            f"Rise of the {loss} when a column's value comes from another of {len(found):,} test rows, {donors} donors for each; "
            "95 % intervals count rows and donors. Columns of one tier are not separated by these rows."
        ),
        alt=f"Rise of the {loss} by column, largest first: {', '.join(str(row[0]) for row in rows[:5])}",
        columns=(
            Column("column", role="label"),
            Column("rows", "rows", "n"),
            Column(f"rise of the {loss}", loss, "value"),
            Column("low", loss, "low"),
            Column("high", loss, "high"),
            Column("tier"),
        ),
        rows=tuple(rows),
    )
