"""Four-fifths: each group's selection rate against the highest, with the tests that practice puts beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.group_rates import (
    LEVEL,
    MIN_DENOMINATOR,
    MIN_GROUP_SIZE,
    Minimum,
    Rate,
    rates_evidence,
    selection,
)
from auditkit.stats.multiple_testing import holm
from auditkit.stats.two_by_two import (
    FEW_EXPECTED,
    fisher_exact,
    katz_limits,
    smallest_expected,
    two_rate_z,
    two_sided_p,
)
from auditkit.stats.uncertainty import Pair
from auditkit.subject import Subject
from auditkit.tally import BUCKET, LABEL, PREDICTION, Tally

ID = "fairness.four_fifths"
FEW_ROWS = 30


@auditor(title="Four-fifths", needs=("prediction", "sensitive"), measures=("impact_ratio", "shortfall"))
def four_fifths(
    subject: Subject,
    *,
    reference: dict[str, object] | None = None,
    min_group_size: int = MIN_GROUP_SIZE,
    min_denominator: int = MIN_DENOMINATOR,
) -> Iterator[Measure | Evidence]:
    """Selection rate of each group divided by that of the group selected most often, with tests and the shortfall.

    Parameters
    ----------
    subject : Subject
    reference : mapping of column to group, optional
        Compare with this group instead, e.g. ``{"sex": "Male"}``; an intersection needs a group for each of its columns.
        A missing value is a group like any other, and never the one that others are compared with.
    min_group_size, min_denominator : int
        Groups with fewer rows are listed, and neither compared nor the highest.

    Notes
    -----
    impact_ratio = selection rate of the group / selection rate of the reference; 1 means the same rate. It is judged by
    MOVER bounds on Wilson limits, the upper one simultaneous over all pairs of groups unless the reference was named,
    for the highest is chosen by its value. shortfall = n p - s: the favourable
    decisions that the group lacks to have the rate p of both groups together. Beside them stand, for readers who expect
    them, z = (p1 - p2) / sqrt(p(1 - p)(1/n1 + 1/n2)), Fisher's exact test where a group has fewer than 30 rows or a cell
    expects fewer than 5, p-values adjusted by Holm within a table, and Katz's 95 % interval where both groups have at
    least 5 favourable decisions; all of these count rows, so rows with weights or clusters have the ratio and its bounds
    alone. A limit belongs in a policy; four fifths, 0.8, is that of 29 CFR 1607.4(D).

    Misleads when
    -------------
    Read as a limit of its own: small groups fall below four fifths by chance, and large groups can differ for certain
    while above it. The rows are not the people who applied. The reference was chosen for being the highest: that it is,
    is partly chance.

    References
    ----------
    .. [1] 29 CFR 1607.4(D), Uniform Guidelines on Employee Selection Procedures (1978); Katz et al. 1978,
       doi:10.2307/2530610; Holm 1979; Donner, Zou 2012, doi:10.1177/0962280210383718
    """
    minimum = Minimum(min_group_size, min_denominator)
    named = dict(reference or {})
    tally = subject.tally(subject.roles.sensitive)
    _check(named, tally)
    for over in subject.levels():
        rates = selection(tally, over, subject.favorable)
        usable = [rate for rate in rates if rate.evaluable(minimum)]
        chosen = _reference(named, over, rates)
        known = [rate for rate in usable if None not in rate.group.values]
        against = chosen or max(known, key=lambda rate: rate.proportion.estimate, default=None)
        reason = _why_not(against, usable, minimum)
        compared = [] if reason else [rate for rate in usable if rate != against]
        measures = [
            _ratio(rate, against, None if chosen else len(usable), reason, minimum) for rate in rates if rate != against
        ]
        yield from measures
        if against is None or not compared:
            continue
        rule = "named" if chosen else "the highest"
        yield _drawn(over, measures, against, rule)
        if not subject.weighted:
            tests = _tests(compared, against)
            yield from (_shortfall(test) for test in tests)
            yield _table(over, tests, against, rule)


def _check(named: Mapping[str, object], tally: Tally) -> None:
    for column, value in named.items():
        if column not in tally.names:
            hint = did_you_mean(column, [name for name in tally.names if name not in (LABEL, PREDICTION, BUCKET)])
            raise ConfigurationError(f"option 'reference' of {ID}: {column!r} is no sensitive column.{hint}")
        values = tally.axis(column).values
        if value is None or value not in values:
            hint = did_you_mean(str(value), [str(known) for known in values])
            raise ConfigurationError(f"option 'reference' of {ID}: {value!r} does not occur in {column!r}.{hint}")


def _reference(named: Mapping[str, object], over: tuple[str, ...], rates: Sequence[Rate]) -> Rate | None:
    wanted = {column: named[column] for column in over if column in named}
    return next((rate for rate in rates if rate.group.as_dict() == wanted), None)


def _why_not(against: Rate | None, usable: Sequence[Rate], minimum: Minimum) -> str | None:
    needed = f"{minimum.group_size} rows, {minimum.denominator} of them in the denominator"
    if against is None or not against.evaluable(minimum):
        return f"the group to compare with has fewer than {needed}" if against else f"no group has {needed}"
    if len(usable) < 2:
        return f"only one group has {needed}"
    if against.proportion.estimate <= 0:
        return f"undefined: {against.group} has no favourable decision to compare with"
    return None


def _ratio(rate: Rate, against: Rate | None, family: int | None, reason: str | None, minimum: Minimum) -> Measure:
    if reason is None and not rate.evaluable(minimum):
        reason = rate.shortage(minimum)
    if reason is not None or against is None:
        return _nothing(rate, reason or "no group can be compared with")
    compared = Pair("ratio", (rate.proportion, against.proportion), family)
    if not math.isfinite(compared.upper(LEVEL)):
        return _nothing(rate, f"{against.group} has too few favourable decisions for a bound")
    return Measure(
        name="impact_ratio",
        value=compared.estimate,
        unit="ratio",
        direction="higher",
        group=rate.group,
        n=rate.denominator,
        worst=rate.group,
        best=against.group,
        interval=Interval(
            compared.lower(LEVEL),
            compared.upper(LEVEL),
            LEVEL,
            "each",
            "interval",
            "MOVER on Wilson limits, upper bound simultaneous" if family else "MOVER on Wilson limits",
        ),
        uncertainty=compared,
    )


def _nothing(rate: Rate, reason: str) -> Measure:
    return Measure(
        name="impact_ratio",
        value=None,
        unit="ratio",
        direction="higher",
        group=rate.group,
        n=rate.denominator,
        status="undefined" if reason.startswith("undefined") else "insufficient",
        reason=reason,
    )


# ----------------------------------------------------------------------------------------------------------- tests


@dataclass(frozen=True, slots=True)
class _Test:
    rate: Rate
    ratio: float
    z: float | None
    p: float
    method: str
    adjusted: float
    katz: tuple[float, float] | None
    shortfall: float


def _tests(compared: Sequence[Rate], against: Rate) -> list[_Test]:
    counts = [(rate.successes, rate.denominator, against.successes, against.denominator) for rate in compared]
    z = [two_rate_z(*cells) for cells in counts]
    few = [
        score is None or smallest_expected(*cells) < FEW_EXPECTED or min(cells[1], cells[3]) < FEW_ROWS
        for score, cells in zip(z, counts, strict=True)
    ]
    p = [
        fisher_exact(*cells) if rare or score is None else two_sided_p(score)
        for score, rare, cells in zip(z, few, counts, strict=True)
    ]
    adjusted = holm(p)
    return [
        _Test(
            rate,
            rate.proportion.estimate / against.proportion.estimate,
            z[place],
            p[place],
            "Fisher" if few[place] else "z",
            float(adjusted[place]),
            katz_limits(*counts[place], level=LEVEL),
            _lacking(rate, against),
        )
        for place, rate in enumerate(compared)
    ]


def _lacking(rate: Rate, against: Rate) -> float:
    pooled = (rate.successes + against.successes) / (rate.denominator + against.denominator)
    return rate.denominator * pooled - rate.successes


def _shortfall(test: _Test) -> Measure:
    return Measure(
        name="shortfall",
        value=test.shortfall,
        unit="persons",
        direction="lower",
        group=test.rate.group,
        n=test.rate.denominator,
        interval=Interval(test.shortfall, test.shortfall, None, "two", "exact", "of the rows counted"),
    )


def _drawn(over: tuple[str, ...], measures: Sequence[Measure], against: Rate, rule: str) -> Evidence:
    return rates_evidence(
        f"{ID}.{'+'.join(over)}",
        f"Impact ratio by {' and '.join(over)}",
        f"Selection rate ÷ that of {against.group}, {rule}: {against.proportion.estimate:.3f}. 95 % bounds, each one-sided",
        over,
        measures,
    )


def _table(over: tuple[str, ...], tests: Sequence[_Test], against: Rate, rule: str) -> Evidence:
    rows = [
        (
            str(test.rate.group),
            test.rate.denominator,
            test.ratio,
            test.z,
            test.p,
            test.method,
            test.adjusted,
            test.katz[0] if test.katz else None,
            test.katz[1] if test.katz else None,
            test.shortfall,
        )
        for test in sorted(tests, key=lambda test: (test.ratio, str(test.rate.group)))
    ]
    return Evidence(
        id=f"{ID}.tests.{'+'.join(over)}",
        kind="table",
        title=f"Four-fifths and its tests by {' and '.join(over)}",
        caption=(
            f"Each group against {against.group}, {rule}: {against.successes:,} of {against.denominator:,}. p-values are "
            "adjusted by Holm within this table; Katz's interval is shown, never judged."
        ),
        alt=f"Impact ratio, tests and shortfall of each group of {' × '.join(over)} against {against.group}",
        columns=(
            Column(" × ".join(over), role="label"),
            Column("n", "count", "n"),
            Column("Ratio", "ratio", "value"),
            Column("z", "", "value"),
            Column("p", "p-value", "value"),
            Column("Test"),
            Column("p, Holm", "p-value", "value"),
            Column("Katz low", "ratio", "low"),
            Column("Katz high", "ratio", "high"),
            Column("Shortfall", "persons", "value"),
        ),
        rows=tuple(rows),
    )
