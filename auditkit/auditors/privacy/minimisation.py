"""Columns that the model could do without, and that make people easier to find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.attacks.combinations import combinations
from auditkit.attacks.counted import exact
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.predicting import Groups, told_scores
from auditkit.finding import Cell, Column, Evidence, Measure
from auditkit.stats.cross_fit import halves
from auditkit.subject import Subject

_ROWS, _FEWEST = 6000, 400


@auditor(
    title="Data minimisation",
    needs=("model", "label"),
    measures=("columns_to_spare", "identifying_to_spare", "sensitive_inputs", "identifying_inputs"),
    slow=True,
)
def minimisation(subject: Subject, *, margin: float = 0.002) -> Iterator[Measure | Evidence]:
    r"""Which columns add nothing measurable to how well the label is predicted, yet help to find a person.

    Parameters
    ----------
    subject : Subject
        With a model of two or more classes and a label.
    margin : float
        A column can be spared if, without it, the Brier score rises by less than this, by the upper bound.

    Notes
    -----
    Boosted trees stand in for the model, since what counts is what the columns offer to any model: they are fitted to half
    of up to 6,000 test rows and predict the other half, both ways, with all inputs and with each left out. The rise of the
    Brier score is a mean of paired differences over rows; its bounds hold at once for all columns (Bonferroni,
    normal). columns_to_spare: inputs whose upper bound is below `margin`. Beside it stands what leaving the column out does
    to the number of unique rows among the quasi-identifiers; identifying_to_spare: the columns to spare without which
    fewer rows would be unique, so that they are risk for nothing. sensitive_inputs and identifying_inputs: inputs that are
    sensitive columns, or quasi-identifiers. GDPR Art. 5(1)(c) asks for what is necessary; this measures what is useful.

    Misleads when
    -------------
    Columns stand in for each other: each may be spared, and not all at once. Trees on few rows miss small effects, which a
    narrow margin and the interval guard against only as far as they go.

    References
    ----------
    .. [1] Regulation (EU) 2016/679, Article 5(1)(c); Goldsteen et al. 2022, doi:10.1007/s43681-021-00095-8
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.task == "regression" or len(subject.labels) > 10:
        raise NotApplicable(f"the task is a {subject.task}; this is for up to ten classes")
    names = list(subject.features)
    sensitive = [name for name in names if name in subject.roles.sensitive]
    identifying = [name for name in names if name in subject.roles.quasi_identifiers]
    rows = subject.rows_of().rows
    yield exact("sensitive_inputs", len(sensitive), "count", "lower", "test", rows)
    yield exact("identifying_inputs", len(identifying), "count", "lower", "test", rows)
    if subject.roles.label is None:
        return
    if len(names) < 2:
        raise InsufficientData("the model reads one column, so there is none to spare")
    frame = subject.sample(_ROWS)
    frame = frame[frame[subject.roles.label].notna()].reset_index(drop=True)
    places = {value: place for place, value in enumerate(subject.labels)}
    codes = np.array([places[value] for value in frame[subject.roles.label].tolist()], dtype=np.int64)
    if len(frame) < _FEWEST or np.bincount(codes, minlength=len(places)).min() < 20:
        raise InsufficientData(f"{len(frame)} rows with a label, at least {_FEWEST} and 20 of each label are needed")
    rises = _rises(frame, names, codes, len(places))
    mean, error = rises.mean(axis=1), rises.std(axis=1, ddof=1) / np.sqrt(rises.shape[1])
    from auditkit.stats.intervals import z_quantile

    z = z_quantile(1 - 0.05 / 2 / len(names))
    low, high = mean - z * error, mean + z * error
    spare = [name for name, top in zip(names, high, strict=True) if top < margin]
    yield exact("columns_to_spare", len(spare), "count", "lower", "test", len(frame))
    unique = _unique_rows_without(subject)
    telling = {name for name in spare if name in unique and unique[name] < unique[""]}
    if unique:
        yield exact("identifying_to_spare", len(telling), "count", "lower", "test", len(frame))
    verdicts = {name: "can be spared" + ", and helps to find people" * (name in telling) for name in spare}
    yield _table(subject, names, (mean, low, high), verdicts, unique, margin)


def _unique_rows_without(subject: Subject) -> dict[str, int]:
    """Return how many rows are unique among the quasi-identifiers, under "", and without each of them."""
    columns = list(subject.roles.quasi_identifiers)
    if not columns:
        return {}
    found = combinations(subject.rows_of(), columns)
    left = {name: [other for other in columns if other != name] for name in columns}
    alone = len(columns) == 1  # without the only one, all rows are alike
    return {
        name: 0 if alone and name else int((found.class_sizes(kept)[1] == 1).sum())
        for name, kept in {"": columns, **left}.items()
    }


def _rises(frame: Any, names: list[str], codes: Any, labels: int) -> Any:
    """Return the rise of each row's Brier score without each column, shape (columns, rows)."""
    groups = Groups(codes, labels, tuple(range(labels)), halves(codes))
    truth = np.eye(labels)[codes]

    def losses(columns: list[str]) -> Any:
        return ((told_scores(frame, columns, groups) - truth) ** 2).sum(axis=1) / (2 if labels == 2 else 1)

    whole = losses(names)
    return np.stack([losses([other for other in names if other != name]) - whole for name in names])


def _table(
    subject: Subject,
    names: list[str],
    bounds: tuple[Any, Any, Any],
    verdicts: dict[str, str],
    unique: dict[str, int],
    margin: float,
) -> Evidence:
    order = sorted(range(len(names)), key=lambda place: (float(bounds[2][place]), names[place]))
    rows: list[tuple[Cell, ...]] = [
        (
            names[place],
            *(float(part[place]) for part in bounds),
            verdicts.get(names[place], ""),
            "yes" if names[place] in subject.roles.sensitive else "no",
            unique[names[place]] - unique[""] if names[place] in unique else None,
        )
        for place in order
    ]
    before = f" {unique['']:,} rows are unique among the quasi-identifiers." if unique else ""
    return Evidence(
        id="privacy.minimisation.columns",
        kind="table",
        title="What each column adds, and what it gives away",
        caption=(
            "Rise of the Brier score without the column, with bounds that hold at once for all; below "
            f"{margin:g} it can be spared.{before} Each column alone; sparing several is another question."
        ),
        alt="Rise of the Brier score without each column, and the change in unique rows",
        columns=(
            Column("column", role="label"),
            Column("rise of the Brier score", "", "value"),
            Column("low", "", "value"),
            Column("high", "", "value"),
            Column("verdict"),
            Column("sensitive"),
            Column("change in unique rows", "count", "value"),
        ),
        rows=tuple(rows),
    )
