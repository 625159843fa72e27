"""Test rows that are training rows again, or nearly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.data.row_keys import known, row_keys
from auditkit.declare import auditor
from auditkit.errors import NotApplicable
from auditkit.explainers.proxies import numbers_of
from auditkit.finding import Measure
from auditkit.group_rates import two_sided
from auditkit.stats.comparisons import Pair
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

_BATCH = 200


@auditor(title="Duplicates of training rows", needs=("train",), measures=("share_exact", "share_near", "near_excess"))
def duplicates(subject: Subject, *, rows: int = 1000, pool: int = 10_000, near: float = 0.001) -> Iterator[Measure]:
    r"""How many test rows are in the training table too, exactly or nearly: a model is then examined on what it learned.

    Parameters
    ----------
    subject : Subject
        With training rows.
    rows, pool : int
        Test rows that are compared with so many training rows, for nearness.
    near : float
        A row is near another if its distance is at most this.

    Notes
    -----
    share_exact: all test rows that equal a training row in every column that both have, by a hash of the row.
    share_near: of a sample of test rows, those whose nearest training row in a sample is within `near` by Gower's distance:
    the mean over columns of abs(difference) ÷ range of numbers, and of 0 or 1 of other values; with twenty columns,
    0.001 is one number that differs by a fiftieth of its range, and never another value. near_excess: that share less the
    share of other training rows that are as near to the same training rows, so people who are alike cancel out: about 0 if
    the tables are a random split, above it if rows were copied over and changed a little. Wilson, and MOVER on Wilson.

    Misleads when
    -------------
    Columns have few values: many people are then equal without being the same.

    References
    ----------
    .. [1] Gower 1971, A general coefficient of similarity, doi:10.2307/2528823
    """
    test, train = subject.table(), subject.table("train")
    columns = [column for column in test.columns if column in train.columns]
    if not columns:
        raise NotApplicable("training and test table have no column in common")
    equal = known(row_keys(test, columns), row_keys(train, columns))
    yield _share("share_exact", int(equal.sum()), test.rows, "Wilson; all rows")
    some = subject.sample(rows)[columns]
    drawn = subject.sample(rows + pool, "train")[columns]
    asked = min(rows, len(drawn) // 2)
    own, others = drawn.iloc[:asked], drawn.iloc[asked:]
    found = Proportion(int((_nearest(some, others, columns) <= near).sum()), len(some))
    usual = Proportion(int((_nearest(own, others, columns) <= near).sum()), len(own))
    method = f"Wilson; nearest of {len(others):,} training rows within {near:g}"
    yield _share("share_near", found.successes, found.n, method)
    pair = Pair("difference", (found, usual))
    yield Measure(
        name="near_excess",
        value=pair.estimate,
        unit="difference",
        direction="lower",
        n=found.n + usual.n,
        interval=two_sided(pair, "MOVER on Wilson limits"),
        uncertainty=pair,
    )


def _share(name: str, count: int, rows: int, method: str) -> Measure:
    found = Proportion(count, rows)
    return Measure(
        name=name,
        value=found.estimate,
        unit="rate",
        direction="lower",
        n=rows,
        interval=two_sided(found, method),
        uncertainty=found,
    )


def _nearest(some: Any, others: Any, columns: list[str]) -> Any:
    """Return Gower's distance to the nearest other row, shape (rows,)."""
    import pandas as pd

    parts: list[tuple[Any, Any, float | None]] = []
    for column in columns:
        both = pd.concat([some[column], others[column]], ignore_index=True)
        values = numbers_of(both)
        if values is None:
            codes = pd.factorize(both)[0].astype(np.float64)
            parts.append((codes[: len(some)], codes[len(some) :], None))
            continue
        width = float(np.nanmax(values) - np.nanmin(values)) if np.isfinite(values).any() else 0.0
        parts.append((values[: len(some)], values[len(some) :], width))
    found = np.empty(len(some))
    for start in range(0, len(some), _BATCH):
        part = slice(start, start + _BATCH)
        total = np.zeros((len(found[part]), len(others)))
        for mine, theirs, reach in parts:
            gap = np.abs(mine[part, None] - theirs[None, :])
            if reach is None:
                total += gap > 0
            elif reach > 0:
                both_missing = np.isnan(mine[part])[:, None] & np.isnan(theirs)[None, :]
                total += np.where(both_missing, 0.0, np.nan_to_num(gap / reach, nan=1.0))
        found[part] = total.min(axis=1) / len(parts)
    return found
