"""How many rows each group has, and how many it ought to have."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from auditkit.attacks.counted import exact
from auditkit.bias_audit.drawn import Drawn
from auditkit.data.counting import cluster_buckets
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import DEPTH, LEVEL, two_sided
from auditkit.stats.uncertainty import Exact, Extreme, Pair, Uncertainty
from auditkit.subject import Subject

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
_MEASURES = ("share", "smallest_share", "groups_absent", "share_to_reference", "smallest_to_reference", "groups_off_reference")  # fmt: skip


@auditor(title="Representation", needs=("sensitive",), measures=_MEASURES)
def representation(subject: Subject, *, depth: int = DEPTH) -> Iterable[Measure | Evidence]:
    r"""Share of the rows that each group has, in the test table, in the training table and in a reference population.

    Parameters
    ----------
    subject : Subject
        With sensitive columns; the shares that groups ought to have are its `reference`.
    depth : int
        Up to how many sensitive columns are combined.

    Notes
    -----
    share = rows of the group / all rows, with Wilson's interval; smallest_share is the least over the groups that occur, its
    upper bound shared among all of them, for which is the least was seen from these rows; groups_absent counts combinations
    of values that occur, but not together. A missing value is a group of its own. With a reference, share_to_reference =
    share of the group among the rows whose group the reference names / its share there (1 means the same), MOVER;
    smallest_to_reference is the least of them; groups_off_reference counts groups whose exact 95 % bounds, shared among all
    groups of all columns (Bonferroni), leave out the reference: 0 in at least 95 % of tables drawn from it. Clusters widen
    all bounds; weights are not used.

    Misleads when
    -------------
    The rows are not drawn from the people the model will meet: a share of the table is not one of the population. A
    small share of a large table can be many rows: read n too. The reference is taken as exact, and speaks of those whom it
    counted: applicants are not residents.

    References
    ----------
    .. [1] Wilson 1927, doi:10.2307/2276774; Clopper, Pearson 1934, doi:10.1093/biomet/26.4.404; Donner, Zou 2012,
       Closed-form confidence intervals for functions of the normal mean and standard deviation, doi:10.1177/0962280210383082
    """
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive columns were named; pass sensitive=")
    counted = _Counted.of(subject)
    for over in subject.levels(depth):
        yield from _of_level(subject, counted, over)
    if subject.reference:
        yield from _beside_reference(subject, counted)


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Shares of rows, which know clusters."""

    drawn: Drawn
    rows: int

    @classmethod
    def of(cls, subject: Subject) -> _Counted:
        table, cluster = subject.table(), subject.roles.cluster
        if not table.rows:
            raise InsufficientData("the test table has no rows")
        buckets = cluster_buckets(table, cluster) if cluster else None
        return cls(Drawn(np.ones(table.rows), buckets, False), table.rows)

    def share(self, group: Group, inside: Flags, among: Flags | None = None) -> Rate:
        return self.drawn.rate(group, inside, np.ones(self.rows, dtype=np.bool_) if among is None else among)

    @property
    def method(self) -> str:
        return "Wilson" if self.drawn.buckets is None else "Wilson at the effective size, jackknife over clusters"


def _groups(subject: Subject, over: tuple[str, ...], dataset: str) -> tuple[list[Group], Codes, int]:
    """Return the groups that occur, which of them each row is in, and how many combinations there could be."""
    coded = [subject.groups_of(column, dataset) for column in over]
    key = reduce(
        lambda key, one: key * len(one.values) + one.codes, coded, np.zeros(len(coded[0].codes), dtype=np.int64)
    )
    present, place = np.unique(key, return_inverse=True)
    found = []
    for cell in present.tolist():
        values, rest = [], cell
        for one in reversed(coded):
            rest, own = divmod(rest, len(one.values))
            values.append(one.values[own])
        found.append(Group.of(dict(zip(over, reversed(values), strict=True))))
    possible = math.prod(len(np.unique(one.codes)) for one in coded)
    return found, place.ravel().astype(np.int64), possible


# ------------------------------------------------------------------------------------------------------------- shares


def _of_level(subject: Subject, counted: _Counted, over: tuple[str, ...]) -> Iterator[Measure | Evidence]:
    groups, place, possible = _groups(subject, over, "test")
    shares = [counted.share(group, place == code) for code, group in enumerate(groups)]
    for share in shares:
        yield Measure(
            name="share",
            value=share.proportion.estimate,
            unit="rate",
            direction="none",
            group=share.group,
            n=share.n,
            interval=two_sided(share.proportion, counted.method),
            uncertainty=share.proportion,
        )
    yield _least("smallest_share", "rate", over, {share.group: share.proportion for share in shares}, counted.rows)
    absent = possible - len(groups)
    if len(over) > 1:
        yield replace(exact("groups_absent", absent, "count", "lower", "test", counted.rows), over=over)
    yield _intervals(over, shares, absent)
    if _has_train(subject, over):
        learned, places, _ = _groups(subject, over, "train")
        counts = np.bincount(places, minlength=len(learned)).tolist()
        yield _side_by_side(over, shares, dict(zip(learned, counts, strict=True)))


def _has_train(subject: Subject, over: tuple[str, ...]) -> bool:
    try:
        return set(over) <= set(subject.table("train").columns)
    except NotApplicable:
        return False


def _least(name: str, unit: str, over: tuple[str, ...], members: Mapping[Group, Uncertainty], rows: int) -> Measure:
    found = Extreme("min", tuple(members.values()))
    method = "least of all groups' bounds, the upper one shared among them"
    return Measure(
        name=name,
        value=found.estimate,
        unit=unit,
        direction="higher",
        over=over,
        worst=min(members, key=lambda group: members[group].estimate),
        best=max(members, key=lambda group: members[group].estimate),
        n=rows,
        interval=Interval(found.lower(LEVEL), found.upper(LEVEL), LEVEL, "each", "interval", method),
        uncertainty=found,
    )


def _intervals(over: tuple[str, ...], shares: list[Rate], absent: int) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for share in sorted(shares, key=lambda share: -share.successes):
        shown = two_sided(share.proportion, "")
        rows.append((str(share.group), share.successes, share.proportion.estimate, shown.low, shown.high))
    gone = f" {absent:,} combinations of values that occur have no row." if absent else ""
    named = " × ".join(over)
    return Evidence(
        id=f"data.representation.{'+'.join(over)}",
        kind="intervals",
        title=f"Rows by {named}",
        caption=f"Share of all {shares[0].n:,} test rows, with its 95 % interval (Wilson).{gone}",
        alt=f"Share of the test rows in each group of {named}",
        columns=(
            Column(named, role="label"),
            Column("Rows", "count", "n"),
            Column("Share", "rate", "value"),
            Column("Low", "rate", "low"),
            Column("High", "rate", "high"),
        ),
        rows=tuple(rows),
    )


def _side_by_side(over: tuple[str, ...], shares: list[Rate], learned: dict[Group, int]) -> Evidence:
    """Return the groups of either table, those of training alone too."""
    tested = {share.group: share.successes for share in shares}
    rows: list[tuple[Cell, ...]] = []
    for group in [*tested, *(group for group in learned if group not in tested)]:
        before, now = learned.get(group, 0), tested.get(group, 0)
        parts = before / sum(learned.values()), now / shares[0].n
        rows.append((str(group), before, parts[0], now, parts[1], parts[1] - parts[0]))
    named = " × ".join(over)
    return Evidence(
        id=f"data.representation.{'+'.join(over)}.train_test",
        kind="table",
        title=f"Rows by {named}, training and test",
        caption="A group that is rarer in training than in the test is one the model has learned less about.",
        alt=f"Share of the rows in each group of {named}, training beside test",
        columns=(
            Column(named, role="label"),
            Column("Rows, train", "count", "count"),
            Column("Share, train", "rate", "value"),
            Column("Rows, test", "count", "count"),
            Column("Share, test", "rate", "value"),
            Column("Test minus train", "difference", "value"),
        ),
        rows=tuple(rows),
    )


# ---------------------------------------------------------------------------------------------- a reference population


def _beside_reference(subject: Subject, counted: _Counted) -> Iterator[Measure | Evidence]:
    family = sum(len(shares) for shares in subject.reference.values())
    off, unread = 0, ""
    for column, wanted in subject.reference.items():
        groups, place, _ = _groups(subject, (column,), "test")
        known = {str(group): (group, place == code) for code, group in enumerate(groups)}
        nobody = np.zeros(counted.rows, dtype=np.bool_)
        named = {name: known.get(name, (Group.of({column: name}), nobody)) for name in wanted}
        among = np.logical_or.reduce([inside for _, inside in named.values()])
        if not among.any():
            unread = unread or column
            yield _nothing(
                column,
                f"no test row is in one of the {len(wanted)} groups of {column!r} that the reference names; spell them as the "
                "data do",
            )
            continue
        misspelt = _misspelt(
            [name for name in wanted if name not in known], [name for name in known if name not in wanted]
        )
        if misspelt is not None:
            unread = unread or column
            yield _nothing(
                column,
                f"the reference of {column!r} names {misspelt[0]!r}, which no test row has, and not {misspelt[1]!r}, which "
                "rows have; spell it as the data do, or name both",
            )
            continue
        rates = [counted.share(group, inside, among) for group, inside in named.values()]
        ratios = [
            Pair("ratio", (rate.proportion, Exact(share))) for rate, share in zip(rates, wanted.values(), strict=True)
        ]
        flags = [_off(rate.proportion, share, family) for rate, share in zip(rates, wanted.values(), strict=True)]
        off += sum(flag != "" for flag in flags)
        for rate, ratio in zip(rates, ratios, strict=True):
            yield Measure(
                name="share_to_reference",
                value=ratio.estimate,
                unit="ratio",
                direction="none",
                group=rate.group,
                n=rate.n,
                interval=two_sided(ratio, f"{counted.method}, divided by the reference"),
                uncertainty=ratio,
            )
        members = {rate.group: ratio for rate, ratio in zip(rates, ratios, strict=True)}
        yield _least("smallest_to_reference", "ratio", (column,), members, rates[0].n)
        yield _table(column, rates, list(wanted.values()), flags, counted.rows)
    counts = exact("groups_off_reference", off, "count", "lower", "test", counted.rows)
    if unread:
        why = f"the groups of {unread!r} could not be found in the reference"
        counts = replace(counts, value=None, interval=None, uncertainty=None, status="insufficient", reason=why)
    yield counts


def _off(share: Uncertainty, wanted: float, family: int) -> str:
    """Return on which side of the reference a share is shown to be, at 95 % for the whole family."""
    level = 1 - (1 - LEVEL) / (2 * family)
    return "fewer" if share.upper(level) < wanted else "more" if share.lower(level) > wanted else ""


def _misspelt(absent: Sequence[str], unnamed: Sequence[str]) -> tuple[str, str] | None:
    """Return a group of the reference that does not occur and one that does and looks like it, but was not named."""
    by_lower = {name.lower(): name for name in unnamed}
    for name in absent:
        close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.8)
        if close:
            return name, by_lower[close[0]]
    return None


def _nothing(column: str, reason: str) -> Measure:
    return Measure(
        name="smallest_to_reference",
        value=None,
        unit="ratio",
        direction="higher",
        over=(column,),
        n=0,
        status="insufficient",
        reason=reason,
    )


def _table(column: str, rates: list[Rate], wanted: list[float], flags: list[str], rows: int) -> Evidence:
    shown: list[tuple[Cell, ...]] = []
    for rate, share, flag in zip(rates, wanted, flags, strict=True):
        ends, value = two_sided(rate.proportion, ""), rate.proportion.estimate
        shown.append((str(rate.group), rate.successes, value, ends.low, ends.high, share, value / share, flag))
    left = rows - rates[0].n
    gone = f" Left out: {left:,} rows whose group it does not name." if left else ""
    return Evidence(
        id=f"data.representation.{column}.reference",
        kind="table",
        title=f"Rows by {column}, beside the reference population",
        caption=(
            f"Share of {rates[0].n:,} test rows, with its 95 % interval, and the share in audit.yaml's reference.{gone} Fewer "
            "or more: shown at 95 % for all groups of all columns together."
        ),
        alt=f"Share of the test rows in each group of {column} beside its share in the reference population",
        columns=(
            Column(column, role="label"),
            Column("Rows", "count", "count"),
            Column("Share", "rate", "value"),
            Column("Low", "rate", "low"),
            Column("High", "rate", "high"),
            Column("Reference", "rate", "value"),
            Column("Ratio", "ratio", "value"),
            Column("Shown to be"),
        ),
        rows=tuple(shown),
    )
