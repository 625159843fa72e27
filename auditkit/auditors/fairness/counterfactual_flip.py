"""Flip test: does the decision change when nothing but the sensitive attribute does?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.bias_audit.drawn import Drawn, groups_in
from auditkit.data.table import scalar
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Measure, Scalar
from auditkit.group_rates import MIN_GROUP_SIZE, Minimum, Rate, rate_measure
from auditkit.subject import Subject
from auditkit.tally import scalar_key

ID = "fairness.counterfactual_flip"


@auditor(
    title="Flip test",
    needs=("model", "sensitive"),
    measures=("share_changed", "share_to_favorable", "share_to_unfavorable"),
)
def counterfactual_flip(
    subject: Subject, *, model_rows: int = 10_000, min_group_size: int = MIN_GROUP_SIZE
) -> Iterator[Measure | Evidence]:
    """How many decisions change when the model is asked again with another value of a sensitive column.

    Parameters
    ----------
    subject : Subject
        With a model that reads a sensitive column.
    model_rows : int
        The most rows that the model is asked for; fewer test rows are drawn where they would not suffice.
    min_group_size : int
        Smaller groups are listed without a share.

    Notes
    -----
    Each row drawn is given every other value that the column has in the test data (of a column with bins, the median of
    each other bin), all else as it was, and the model itself decides again. share_changed = rows whose decision changes for at least one other value / rows; 0 means that the column
    alone decides nothing. share_to_favorable and share_to_unfavorable: rows for which some other value would bring the
    favourable decision, or cost it. Wilson intervals over the rows drawn, which know weights and clusters. Missing values are replaced, never put in.

    Misleads when
    -------------
    Other columns stand for the sensitive one: they are left as they were, so a model can treat groups very differently and
    change nothing here. A row with one value changed may describe nobody who could exist.

    References
    ----------
    .. [1] Kusner et al. 2017, Counterfactual Fairness, arXiv:1703.06856 (which changes what depends on the attribute too);
       the flip test of Black, Yeom, Fredrikson 2020, doi:10.1145/3351095.3372845
    """
    columns = _read(subject)
    tally = subject.tally(columns)
    per_row = 1 + sum(value is not None for column in columns for value in tally.axis(column).values)
    drawn = min(tally.n, model_rows // per_row)
    if drawn < max(1, min_group_size):
        raise InsufficientData(
            f"{model_rows:,} model rows are {drawn:,} rows of {per_row} variants, at least {min_group_size} are needed; "
            "raise model_rows"
        )
    frame = subject.sample(drawn)
    rows = Drawn.of(subject, frame)
    # As objects: an array of short words would cut a longer one short.
    before = np.asarray(subject.predict(frame), dtype=object)
    for column in columns:
        yield from _of_column(subject, frame, rows, before, column, min_group_size)


def _read(subject: Subject) -> list[str]:
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…]")
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.task == "regression":
        raise NotApplicable("the task is a regression; a flip test counts decisions that change")
    columns = [column for column in subject.roles.sensitive if column in subject.features]
    if not columns:
        raise NotApplicable(
            f"the model does not read {', '.join(subject.roles.sensitive)}, so a change there cannot change a decision; "
            "columns that stand for them still can"
        )
    return columns


@dataclass(frozen=True, slots=True)
class _Direction:
    """Rows of one value asked again with another."""

    source: Scalar
    target: Scalar
    changed: Rate
    gained: int
    lost: int


def _of_column(
    subject: Subject, frame: Any, rows: Drawn, before: npt.NDArray[Any], column: str, least: int
) -> Iterator[Measure | Evidence]:
    own = groups_in(subject, frame, column)
    targets = _targets(subject, frame, column, own)
    was = np.asarray(before == subject.favorable, dtype=np.bool_)
    changed, gained, lost = (np.zeros(len(frame), dtype=np.bool_) for _ in range(3))
    directions: list[_Direction] = []
    for target, value_put_in in targets.items():
        moved = np.array([value != target for value in own], dtype=np.bool_)
        if not moved.any():
            continue
        after = before.copy()
        after[moved] = subject.predict(_with(frame[moved], column, value_put_in))
        is_now = np.asarray(after == subject.favorable, dtype=np.bool_)
        differs = np.asarray(after != before, dtype=np.bool_)
        changed, gained, lost = changed | differs, gained | (is_now & ~was), lost | (was & ~is_now)
        for source in sorted({value for value in own if value != target}, key=scalar_key):
            here = np.array([value == source for value in own], dtype=np.bool_)
            counts = (int((here & flags).sum()) for flags in (is_now & ~was, was & ~is_now))
            directions.append(_Direction(source, target, rows.rate(Group(), differs, here), *counts))
    minimum, everybody = Minimum(least, 1), np.ones(len(frame), dtype=np.bool_)
    for name, flags in (("share_changed", changed), ("share_to_favorable", gained), ("share_to_unfavorable", lost)):
        whole = rate_measure(
            name, rows.rate(Group(), flags, everybody), "lower" if flags is changed else "none", minimum=minimum
        )
        yield replace(whole, over=(column,))
    for value in sorted(set(own), key=scalar_key):
        here = np.array([other == value for other in own], dtype=np.bool_)
        rate = rows.rate(Group.of({column: value}), changed, here)
        yield rate_measure("share_changed", rate, "lower", minimum=minimum)
    yield _drawn(column, directions, len(frame), minimum)
    yield _table(column, directions, subject.favorable)


def _targets(subject: Subject, frame: Any, column: str, own: Sequence[Scalar]) -> dict[Scalar, Scalar]:
    """Return the value that stands for each group; for a bin its lower median, which is a value that occurs."""
    bins = subject.summary()["bins"]
    if not isinstance(bins, dict) or column not in bins:
        return {value: value for value in subject.tally([column]).axis(column).values if value is not None}
    numbers = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    targets: dict[Scalar, Scalar] = {}
    for label in sorted({value for value in own if value is not None}, key=scalar_key):
        inside = np.sort(numbers[[value == label for value in own]])
        targets[label] = scalar(inside[(len(inside) - 1) // 2])
    return targets


def _with(rows: Any, column: str, target: Scalar) -> Any:
    import pandas as pd

    changed = rows.copy()
    changed[column] = pd.Series([target] * len(rows), index=rows.index, dtype=rows[column].dtype)
    return changed


def _label(direction: _Direction) -> str:
    source, target = (str(Group.of({"": value})) for value in (direction.source, direction.target))
    return f"{source} → {target}"


def _ordered(directions: Sequence[_Direction]) -> list[_Direction]:
    return sorted(
        directions,
        key=lambda item: (-item.changed.proportion.estimate, scalar_key(item.source), scalar_key(item.target)),
    )


def _drawn(column: str, directions: Sequence[_Direction], drawn: int, minimum: Minimum) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for item in _ordered(directions):
        found = rate_measure(
            "changed", replace(item.changed, group=Group.of({column: item.source})), "lower", minimum=minimum
        )
        shown = found.interval
        ends = (shown.low, shown.high) if shown else (None, None)
        rows.append((_label(item), item.changed.n, found.value, *ends, found.reason))
    rows.sort(key=lambda row: row[2] is None)
    return Evidence(
        id=f"{ID}.{column}",
        kind="intervals",
        title=f"Decisions that change with {column} alone",
        caption=f"The model was asked again for {drawn:,} test rows, {column} changed and nothing else; 95 % Wilson intervals",
        alt=f"Share of decisions that change when {column} is changed from one value to another",
        columns=(
            Column(column, role="label"),
            Column("n", "rows", "n"),
            Column("value", "rate", "value"),
            Column("low", "", "low"),
            Column("high", "", "high"),
            Column("reason"),
        ),
        rows=tuple(rows),
    )


def _table(column: str, directions: Sequence[_Direction], favorable: Scalar) -> Evidence:
    return Evidence(
        id=f"{ID}.directions.{column}",
        kind="table",
        title=f"Direction of the decisions that change with {column}",
        caption=f"Gained: the changed row is decided {favorable!r} and the row as it was is not; lost: the other way round.",
        alt=f"Decisions gained and lost for each change of {column}",
        columns=(
            Column(column, role="label"),
            Column("n", "count", "n"),
            Column("Changed", "count", "count"),
            Column("Gained", "count", "count"),
            Column("Lost", "count", "count"),
        ),
        rows=tuple(
            (_label(item), item.changed.n, item.changed.successes, item.gained, item.lost)
            for item in _ordered(directions)
        ),
    )
