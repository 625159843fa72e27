"""In which direction, and how far, the columns that matter most move the model's output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData, did_you_mean
from auditkit.explainers.effects import FEWEST_ROWS, Asked, Effect, NoEffect, effect_of, leading_columns
from auditkit.explainers.effects_on_request import dependences, interacting
from auditkit.finding import Cell, Column, Evidence, Interval, Measure
from auditkit.group_rates import LEVEL
from auditkit.subject import Subject

_ID = "explanations.effects"
_FEWEST = 5  # fewer rows have no spread to speak of, and are persons


@auditor(
    title="Effects of single columns",
    needs=("model",),
    measures=("largest_effect", "against_direction", "interaction"),
)
def effects(
    subject: Subject,
    *,
    columns: tuple[str, ...] | None = None,
    most: int = 5,
    rows: int = 5000,
    bins: int = 20,
    fewest: int = 20,
    budget: int = 200_000,
    pdp: bool = False,
    interactions: bool = False,
) -> Iterator[Measure | Evidence]:
    """In which direction and how far the columns that matter most move the model's output, one by one.

    Parameters
    ----------
    subject : Subject
        With a model.
    columns : sequence of str, optional
        Which; default those of largest importance.
    most : int
        Columns, at most, where none are named.
    rows : int
        Test rows, at most.
    bins : int
        Of a column of numbers, at most.
    fewest : int
        Rows in a bin, and of a value that is shown, at least.
    budget : int
        Rows that the model is asked for at most, in equal parts for what is asked for, beside those of feature importance.
    pdp : bool
        Also partial dependence, and how single rows depart from it.
    interactions : bool
        Also Friedman's H² of each pair of the columns.

    Notes
    -----
    The output is the probability of the positive label, or the predicted number of a regression. Numbers: accumulated local
    effects. Within each bin of the column, the mean over its rows of output at the upper edge − output at the lower edge, all
    else as it is; these are added up and set to 0 on average over the rows. Columns with few values have these as edges.
    Values without order: the mean over rows of output with this value − output as it is (partial dependence less the mean
    output), since accumulating needs an order. largest_effect = highest − lowest point of a curve. Bands: delta method, which
    counts the chance of rows and in which bin they fall, edges and model taken as given, Student's t, at 95 % for all points of
    a curve at once (Bonferroni); bounds of largest_effect: the lower at once for all pairs of points, the upper not corrected.
    On request, against_direction = share of rows whose own output is lower at the highest point of the partial dependence than at
    the lowest, and interaction = H² = the part of the joint partial dependence of two columns, as variance, that is no sum of
    one of each.

    Misleads when
    -------------
    Read as what would happen if a person changed: effects are about the model. Replacing a value makes rows that do not
    occur, the more so the stronger columns go together. Local effects of different people are added up, so a curve is that of nobody,
    and may span more than the output does. The curve of few rows is more rugged than the model, so largest_effect is too high on
    average. Differences that only a handful of people would show are in no interval. H² is large where the columns have little
    effect: look at its size in units of the output.

    References
    ----------
    .. [1] Apley, Zhu 2020, doi:10.1111/rssb.12377; Friedman 2001, doi:10.1214/aos/1013203451; Goldstein et al. 2015,
       doi:10.1080/10618600.2014.907095; Friedman, Popescu 2008, doi:10.1214/07-AOAS148
    """
    for name, value, least in (("most", most, 1), ("bins", bins, 1), ("fewest", fewest, _FEWEST)):
        if value < least:
            raise ConfigurationError(f"option {name!r} of {_ID}: got {value}, wanted at least {least}")
    asked, part = Asked.of(subject), budget // (1 + pdp + interactions)
    frame = subject.sample(rows)
    if len(frame) < FEWEST_ROWS:
        raise InsufficientData(f"{len(frame)} test rows, at least {FEWEST_ROWS} are needed")
    chosen, said = _chosen(subject, asked, frame, columns, most, part)
    found = [effect_of(asked, frame, column, bins=bins, fewest=fewest, budget=part // len(chosen)) for column in chosen]
    yield from (_largest(effect, asked) for effect in found)
    known = [effect for effect in found if isinstance(effect, Effect)]
    yield from (_evidence(effect, asked, said) for effect in known)
    if pdp:
        yield from dependences(asked, frame, known, part)
    if interactions:
        yield from interacting(asked, frame, known, part)


def _chosen(
    subject: Subject, asked: Asked, frame: Any, columns: object, most: int, budget: int
) -> tuple[list[str], str]:
    if columns is None:
        leading, why = leading_columns(subject, asked, frame, most, budget)
        return leading, f" Columns shown: {why}."
    if not isinstance(columns, list | tuple) or not columns:
        raise ConfigurationError(f"option 'columns' of {_ID}: got {columns!r}, wanted a list of at least one column")
    named = list(dict.fromkeys(map(str, columns)))
    for column in named:
        if column not in subject.features:
            hint = did_you_mean(column, subject.features)
            raise ConfigurationError(f"option 'columns' of {_ID}: the model reads no column {column!r}.{hint}")
    return named, ""


def _largest(effect: Effect | NoEffect, asked: Asked) -> Measure:
    base = Measure(name="largest_effect", value=0.0, unit=asked.unit, direction="none", over=(effect.column,))
    if isinstance(effect, NoEffect):
        return replace(base, value=None, status=effect.status, reason=effect.reason)
    span = effect.curve.span()
    method = "delta method, pairs of points (Bonferroni)"
    interval = Interval(span.lower(LEVEL), span.upper(LEVEL), LEVEL, "each", "interval", method)
    return replace(base, value=span.estimate, n=effect.n, interval=interval, uncertainty=span)


def _evidence(effect: Effect, asked: Asked, said: str) -> Evidence:
    value, half = effect.curve.value, effect.curve.half_width(LEVEL)
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (point, n, float(middle), float(middle - width), float(middle + width))
        for point, n, middle, width in zip(effect.points, effect.rows, value.tolist(), half.tolist(), strict=True)
    )
    numbers = effect.kind == "accumulated"
    first = Column(effect.column, role="x" if numbers else "label")
    return Evidence(
        id=f"{_ID}.{effect.column}",
        kind="curve" if numbers else "intervals",
        title=f"How {asked.name} moves with {effect.column}",
        caption=(_along if numbers else _replacing)(effect, asked) + said,
        alt=f"{effect.column}: " + "; ".join(f"{_short(row[0])} {row[2]:+.3g}" for row in cells),
        columns=(
            first,
            Column("rows in the bin" if numbers else "rows", "rows", "n"),
            Column(f"effect on {asked.name}", asked.unit, "y" if numbers else "value"),
            Column("low", asked.unit, "low"),
            Column("high", asked.unit, "high"),
        ),
        rows=cells,
    )


def _along(effect: Effect, asked: Asked) -> str:
    bins = len(effect.points) - 1
    return (
        f"Accumulated local effect on {asked.name} ({asked.unit}), 0 on average over {effect.n:,} test rows: differences of the "
        f"output between the edges of {bins} {'bin' if bins == 1 else 'bins'}, for the rows of each, added up. Band: 95 % at once "
        f"for the {bins + 1} edges. Outer edges have 5 rows at or beyond them.{_left_out(effect)}"
    )


def _replacing(effect: Effect, asked: Asked) -> str:
    rare = f" {effect.unnamed:,} rows with rarer values are not shown as such." if effect.unnamed else ""
    return (
        f"Mean change of {asked.name} ({asked.unit}) over {effect.n:,} test rows if all had this value, all else as it is (partial "
        f"dependence less the mean output). n: rows that have it. Intervals: 95 % at once for the {len(effect.points)} values."
        f"{rare}{_left_out(effect)}"
    )


def _left_out(effect: Effect) -> str:
    if not effect.missing:
        return ""
    return (
        f" {effect.missing:,} {'row' if effect.missing == 1 else 'rows'} without a value of {effect.column} left out."
    )


def _short(point: Cell) -> str:
    return f"{point:g}" if isinstance(point, float) else str(point)
