"""How many rows each group has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import NormalDist

from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure, Scalar
from auditkit.stats.uncertainty import Extreme, Proportion
from auditkit.subject import Subject

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@auditor(title="Representation", needs=("sensitive",), measures=("share", "smallest_share"))
def representation(subject: Subject) -> Iterable[Measure | Evidence]:
    r"""Share of the rows that each group has, in the test table and, if given, in the training table.

    Parameters
    ----------
    subject : Subject
        With sensitive columns.

    Notes
    -----
    share = rows of the group / all rows, with Wilson's interval; smallest_share is the least of them over a sensitive
    column. A missing value is a group of its own. What the shares ought to be depends on whom the model will meet, so
    `share` has no better side.

    Misleads when
    -------------
    The rows are not drawn from the people the model will meet: a share of the table is not one of the population. A
    group that never occurs is not seen at all, and a small share of a large table can be many rows: read n too.

    References
    ----------
    .. [1] Wilson (1927), doi:10.2307/2276774
    """
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive columns were named; pass sensitive=")
    for column in subject.roles.sensitive:
        yield from _of_column(subject, column)


def _of_column(subject: Subject, column: str) -> Iterator[Measure | Evidence]:
    counts = _counts(subject, column, "test")
    rows = sum(counts.values())
    if not rows:
        raise InsufficientData("the test table has no rows")
    shares = {value: Proportion(count, rows) for value, count in counts.items()}
    for value, share in shares.items():
        yield _share(column, value, share)
    yield _smallest(column, shares, rows)
    yield _intervals(column, shares)
    if _has_train(subject):
        yield _side_by_side(column, shares, _counts(subject, column, "train"))


def _has_train(subject: Subject) -> bool:
    try:
        subject.table("train")
    except NotApplicable:
        return False
    return True


def _counts(subject: Subject, column: str, dataset: str) -> dict[Scalar, int]:
    coded = subject.table(dataset).coded(column)
    return {value: int((coded.codes == code).sum()) for code, value in enumerate(coded.values)}


def _share(column: str, value: Scalar, share: Proportion) -> Measure:
    low, high = share.limits(Z)
    return Measure(
        name="share",
        value=share.estimate,
        unit="rate",
        direction="none",
        group=Group.of({column: value}),
        n=share.n,
        interval=Interval(low, high, LEVEL, "two", "interval", "Wilson"),
        uncertainty=share,
    )


def _smallest(column: str, shares: dict[Scalar, Proportion], rows: int) -> Measure:
    least = min(shares, key=lambda value: shares[value].estimate)
    most = max(shares, key=lambda value: shares[value].estimate)
    uncertainty = Extreme("min", tuple(shares.values()))
    return Measure(
        name="smallest_share",
        value=shares[least].estimate,
        unit="rate",
        direction="higher",
        over=(column,),
        worst=Group.of({column: least}),
        best=Group.of({column: most}),
        n=rows,
        interval=Interval(*uncertainty.limits(Z), LEVEL, "two", "interval", "least of Wilson's intervals"),
        uncertainty=uncertainty,
    )


def _intervals(column: str, shares: dict[Scalar, Proportion]) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for value, share in sorted(shares.items(), key=lambda item: -item[1].successes):
        low, high = share.limits(Z)
        rows.append((str(Group.of({column: value})), share.successes, share.estimate, low, high))
    return Evidence(
        id=f"shares_{column}",
        kind="intervals",
        title=f"Rows by {column}",
        caption=f"Share of all {next(iter(shares.values())).n:,} test rows, with its 95 % interval (Wilson).",
        alt=f"Share of the test rows in each group of {column}",
        columns=(
            Column(column, role="label"),
            Column("Rows", "count", "n"),
            Column("Share", "rate", "value"),
            Column("Low", "rate", "low"),
            Column("High", "rate", "high"),
        ),
        rows=tuple(rows),
    )


def _side_by_side(column: str, test: dict[Scalar, Proportion], train: dict[Scalar, int]) -> Evidence:
    total = sum(train.values())
    rows: list[tuple[Cell, ...]] = []
    for value in [*test, *(value for value in train if value not in test)]:
        in_test = test[value].estimate if value in test else 0.0
        in_train = train.get(value, 0) / total if total else None
        change = None if in_train is None else in_test - in_train
        count = test[value].successes if value in test else 0
        rows.append((str(Group.of({column: value})), train.get(value, 0), in_train, count, in_test, change))
    return Evidence(
        id=f"train_test_{column}",
        kind="table",
        title=f"Rows by {column}, training and test",
        caption="A group that is rarer in training than in the test is one the model has learned less about.",
        alt=f"Share of the rows in each group of {column}, training beside test",
        columns=(
            Column(column, role="label"),
            Column("Rows, train", "count", "count"),
            Column("Share, train", "rate", "value"),
            Column("Rows, test", "count", "count"),
            Column("Share, test", "rate", "value"),
            Column("Test minus train", "difference", "value"),
        ),
        rows=tuple(rows),
    )
