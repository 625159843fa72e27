"""What happened to the persons of each category: selected, or scored above the median."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from auditkit.bias_audit.persons import Persons
from auditkit.errors import NotApplicable
from auditkit.finding import Interval, Measure
from auditkit.stats.impact_ratio import above, median_of_counts
from auditkit.subject import Subject
from auditkit.tally import PREDICTION

MANY_TIES = 0.1
Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cell → (persons, hits) for one thing that can happen to a person.

    `without` has, for each grouping, the counts that a median over the persons known there would give.
    """

    basis: str
    suffix: str
    what: str
    counts: dict[int, tuple[int, int]]
    judged: bool = True
    median: Measure | None = None
    without: Mapping[tuple[int, ...], dict[int, tuple[int, int]]] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


def selected(subject: Subject, persons: Persons) -> list[Outcome]:
    """Return who was decided favourably; with more than two labels, who was classified into each.

    Raises
    ------
    NotApplicable
        If there are no decisions.
    """
    tally = subject.tally(persons.columns)
    cube = tally.cube(persons.columns, [PREDICTION])
    place = {cell: index for index, cell in enumerate(persons.cells)}
    cells = [place[group.values] for group in tally.groups(persons.columns)]
    outcomes = []
    for code, label in enumerate(tally.axis(PREDICTION).values):
        judged = label == subject.favorable
        if judged or subject.task == "multiclass":
            counts = {cell: (int(row.sum()), int(row[code])) for cell, row in zip(cells, cube, strict=True)}
            what = f"{'classified as' if subject.task == 'multiclass' else 'decided'} {label!r}"
            outcomes.append(Outcome("selection", "" if judged else f".label_{code}", what, counts, judged))
    return outcomes


def scored(subject: Subject, persons: Persons, score: str) -> Outcome:
    """Return who scored strictly above the median of all persons scored.

    Parameters
    ----------
    score : str
        A column where higher is better for the person; if empty, the score of the favourable label.

    Raises
    ------
    NotApplicable
        If there are no scores.
    """
    lines: list[Line] = []
    cell, value, count = _scores(subject, persons, score)
    known_score = ~np.isnan(value)
    if not known_score.all():
        lines.append(
            ("Without a score", f"{int(count[~known_score].sum()):,} persons have no score and are in no scoring rate.")
        )
        cell, value, count = cell[known_score], value[known_score], count[known_score]
    if not len(value):
        raise NotApplicable(f"no person has a score in {score!r}")
    middle = median_of_counts(value, count)
    lines.extend(_ties(value, count, middle))
    without = {}
    for by in persons.groupings():
        known = persons.known(by)[cell]
        if not known.all() and known.any():
            own = median_of_counts(value[known], count[known])
            without[by] = above(cell[known], value[known], count[known], own)
    median = Measure(
        name="sample_median",
        value=middle,
        unit="score",
        direction="none",
        n=int(count.sum()),
        interval=Interval(middle, middle, None, "two", "exact", "median of all persons scored"),
    )
    counts = above(cell, value, count, middle)
    return Outcome("scoring", "", f"scored above the median, {middle:.6g}", counts, True, median, without, tuple(lines))


def _scores(
    subject: Subject, persons: Persons, score: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return cell, score and number of persons, higher scores better for the person."""
    if score and persons.index is None:
        raise NotApplicable("the rows stay in their files; name the scores as columns: {score: …}, or pass one file")
    if score and persons.index is not None:
        return persons.index, subject.table().numbers(score), np.ones(len(persons.index), dtype=np.int64)
    sign = 1.0 if subject.positive == subject.favorable else -1.0
    has_scores = subject.model is not None and subject.model.has_scores
    if subject.roles.label is None and has_scores and persons.index is not None:
        scores = subject.predict_scores(subject.table().frame(columns=list(subject.features)))
        return persons.index, sign * scores, np.ones(len(persons.index), dtype=np.int64)
    if subject.roles.label is None:
        raise NotApplicable("the scores are not known; name their column with the option score")
    table = subject.scores(persons.columns)
    place = {cell: index for index, cell in enumerate(persons.cells)}
    counts = [positives + negatives for _, positives, negatives in table.cells]
    cells = [np.full(len(n), place[group.values]) for group, n in zip(table.groups, counts, strict=True)]
    values = [sign * values for values, _, _ in table.cells]
    return np.concatenate(cells), np.concatenate(values), np.concatenate(counts)


def _ties(value: npt.NDArray[np.float64], count: npt.NDArray[np.int64], middle: float) -> Iterator[Line]:
    total = int(count.sum())
    tied, over = int(count[value == middle].sum()), int(count[value > middle].sum())
    if tied / total >= MANY_TIES:
        effect = (
            "so no scoring rate is above 0" if over == 0 else f"so only {over / total:.1%} of all persons are above it"
        )
        yield (
            "Ties at the median",
            f"{tied:,} of {total:,} scores ({tied / total:.1%}) equal the median, and only scores above it count: {effect}.",
        )
