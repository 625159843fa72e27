"""Reasons of adverse decisions: does everybody get specific ones, and are they of a kind that may be given?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from auditkit.bias_audit.drawn import Drawn, Flags, groups_in
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData
from auditkit.explainers.protected import sounds_protected
from auditkit.explainers.proxies import Proxy, proxies_of
from auditkit.explainers.reason_codes import MOST, ReasonCodes
from auditkit.explainers.reason_codes import reason_codes as reasons_of
from auditkit.explainers.reason_reference import FEWEST, KINDS, Kind, decisions_of, favourable, require_reasons
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import MIN_GROUP_SIZE, Minimum, Rate, rate_measure, two_sided
from auditkit.stats.uncertainty import Exact, Normal
from auditkit.subject import Subject
from auditkit.tally import scalar_key

ID = "explanations.reason_codes"
_SHOWN = 6


@auditor(
    title="Reasons of adverse decisions",
    needs=("model",),
    measures=(
        "share_with_reason",
        "share_with_sensitive_reason",
        "share_with_proxy_reason",
        "share_listed",
        "share_stable",
        "additivity_error",
    ),
)
def reason_codes(
    subject: Subject,
    *,
    rows: int = 1000,
    pool: int = 10_000,
    reference: str = "",
    proxy: float = 0.5,
    budget: int = 200_000,
    min_group_size: int = MIN_GROUP_SIZE,
) -> Iterator[Measure | Evidence]:
    """Whether each adverse decision has specific reasons, which they are, and whether sensitive columns are among them.

    Parameters
    ----------
    subject : Subject
        With a model that gives scores; of more than two labels, the favourable one is explained.
    rows : int
        Adverse test rows explained at most.
    pool : int
        Test rows among which these are sought.
    reference : str
        ``near-threshold`` or ``all``; empty: the first if at least 120 rows are decided favourably, else the second.
    proxy : float
        Cramér's V from which a column counts as a proxy of a sensitive one.
    budget : int
        Rows that the model is asked for at most, where it can only be asked.
    min_group_size : int
        Groups with fewer adverse rows are listed without a share.

    Notes
    -----
    A reason = a column whose Shapley value φ against the reference lowered the score of the favourable outcome, by at least 5 % of all
    that lowered it and, where φ is sampled, by more than its 95 % half-width; at most 4, largest first. The reference is
    the favourably decided rows that score lowest (a tenth of them, 30 to 200) or all rows: the two ways of
    comment 9(b)(2)-5. share_with_reason = adverse rows with at least one reason / adverse rows; 1 is as it should be.
    share_listed = mean of what the reasons listed are of all that lowered the score; near 1: little is left unsaid.
    share_with_sensitive_reason counts columns that are sensitive or are named like what ECOA protects; share_with_proxy_reason
    others whose association with a sensitive column (Cramér's V, corrected; numbers in 10 bins) is at least `proxy`.
    share_stable = rows whose first reason is the same against either half of the reference alone (where φ is exact): what
    chance in the reference leaves standing, at half its size.
    Wilson intervals over adverse rows, which know weights and clusters; the model and the reference count as given. Aggregates only:
    reasons of single persons are written by ``auditkit explain`` alone.

    Misleads when
    -------------
    Decisions rest on more than the model: overrides, policy rules. Columns are correlated: shares then depend on the
    reference. A reason is what moved the score, not what the person could change, and not a cause. V knows no
    combination of columns, and 0.5 is a convention.

    References
    ----------
    .. [1] 12 CFR 1002.9(b)(2) and its Official Interpretation, comments 9(b)(2)-1, -4 and -5; 15 U.S.C. 1691(a), (d)
    .. [2] Nair et al. 2022, Explaining Adverse Actions in Credit Decisions Using Shapley Decomposition, arXiv:2204.12365
    .. [3] Bergsma 2013, doi:10.1016/j.jkss.2012.10.002
    """
    require_reasons(subject)
    drawn = subject.sample(pool)
    found = _reasons(subject, drawn, rows, _kind(reference), budget)
    adverse = found.explanation.given
    tally = _Tally.of(subject, found, Drawn.of(subject, adverse))
    others = [name for name in tally.features if name not in tally.sensitive]
    sensitive = {column: groups_in(subject, drawn, column) for column in subject.roles.sensitive}
    proxies = proxies_of(drawn, others, sensitive, proxy)
    groups = {column: groups_in(subject, adverse, column) for column in subject.roles.sensitive}
    minimum = Minimum(min_group_size, 1)
    yield rate_measure("share_with_reason", tally.rate(Group(), tally.features), "higher")
    yield from _flagged("share_with_sensitive_reason", tally, tally.sensitive, groups, minimum)
    yield from _flagged("share_with_proxy_reason", tally, tuple(proxies), groups, minimum)
    yield _listed(found, tally)
    if found.explanation.half_width is None and len(found.reference) >= FEWEST:
        yield _stable(subject, found, tally)
    yield _additivity(found)
    yield _factors(found, tally, len(drawn))
    yield _remarks(tally, subject.roles.sensitive, proxies)
    for column, own in groups.items():
        yield _by_group(tally, column, own, minimum)


@dataclass(frozen=True, slots=True, eq=False)
class _Tally:
    """Which columns are reasons of which adverse rows, and which come first; flags of shape (rows, columns)."""

    features: tuple[str, ...]
    drawn: Drawn
    among: Flags
    first: Flags
    sensitive: tuple[str, ...]

    @classmethod
    def of(cls, subject: Subject, found: ReasonCodes, drawn: Drawn) -> _Tally:
        features = found.explanation.features
        among = np.zeros((len(found.persons), len(features)), dtype=np.bool_)
        first = np.zeros_like(among)
        for row, person in enumerate(found.persons):
            for rank, reason in enumerate(person.reasons):
                at = features.index(reason.column)
                among[row, at], first[row, at] = True, rank == 0
        flagged = (name for name in features if name in subject.roles.sensitive or sounds_protected(name))
        return cls(features, drawn, among, first, tuple(flagged))

    def rate(self, group: Group, names: Sequence[str], here: Flags | None = None) -> Rate:
        """Return in how many rows one of these columns is among the reasons."""
        hits = np.asarray(self.among[:, [self.features.index(name) for name in names]].any(axis=1), dtype=np.bool_)
        return self.drawn.rate(group, hits, np.ones(len(hits), dtype=np.bool_) if here is None else here)

    def ordered(self) -> list[str]:
        """Return the columns that are a reason of anybody, the most frequent first."""
        counts = dict(zip(self.features, self.among.sum(axis=0).tolist(), strict=True))
        return sorted((name for name in self.features if counts[name]), key=lambda name: (-counts[name], name))


def _kind(reference: str) -> Kind | None:
    if reference not in ("", *KINDS):
        raise ConfigurationError(f"reference: got {reference!r}, wanted {' or '.join(map(repr, KINDS))}, or nothing")
    return next((kind for kind in KINDS if kind == reference), None)


def _reasons(subject: Subject, drawn: Any, rows: int, kind: Kind | None, budget: int) -> ReasonCodes:
    adverse = drawn[~favourable(subject, decisions_of(subject, drawn))].head(rows)
    if len(adverse) < MIN_GROUP_SIZE:
        raise InsufficientData(
            f"{len(adverse):,} of {len(drawn):,} test rows have an adverse decision, at least {MIN_GROUP_SIZE} are needed"
        )
    return reasons_of(subject, adverse.reset_index(drop=True), reference=kind, budget=budget)


def _groups(own: Sequence[Scalar]) -> Iterator[tuple[Scalar, Flags]]:
    for value in sorted(set(own), key=scalar_key):
        yield value, np.array([other == value for other in own], dtype=np.bool_)


def _flagged(
    name: str, tally: _Tally, columns: tuple[str, ...], groups: Mapping[str, Sequence[Scalar]], minimum: Minimum
) -> Iterator[Measure]:
    """Return how many rows have one of these columns among their reasons; exactly none where the model reads none of them."""
    if not columns:
        interval = Interval(0.0, 0.0, None, "each", "exact", "no such column is read by the model")
        n, none = len(tally.among), Exact(0.0)
        yield Measure(name=name, value=0.0, unit="rate", direction="lower", n=n, interval=interval, uncertainty=none)
        return
    yield rate_measure(name, tally.rate(Group(), columns), "lower")
    for column, own in groups.items():
        for value, here in _groups(own):
            yield rate_measure(name, tally.rate(Group.of({column: value}), columns, here), "lower", minimum=minimum)


def _listed(found: ReasonCodes, tally: _Tally) -> Measure:
    listed = np.array([person.listed or 0.0 for person in found.persons])
    mean = tally.drawn.mean(listed, np.ones(len(listed), dtype=np.bool_))
    base = Measure(name="share_listed", value=mean.value, unit="share", direction="higher", n=mean.n)
    if mean.n == 0 or mean.error == 0:
        return base
    uncertainty = Normal(mean.value, mean.error, "identity", mean.df, 0.0, 1.0)
    return replace(base, interval=two_sided(uncertainty, "Student's t"), uncertainty=uncertainty)


def _stable(subject: Subject, found: ReasonCodes, tally: _Tally) -> Measure:
    halves = [reasons_of(subject, found.explanation.given, reference=half) for half in found.reference.halves()]
    firsts = [[person.reasons[0].column if person.reasons else "" for person in half.persons] for half in halves]
    same = np.array([one == two for one, two in zip(*firsts, strict=True)], dtype=np.bool_)
    return rate_measure("share_stable", tally.drawn.rate(Group(), same, np.ones(len(same), dtype=np.bool_)), "higher")


def _additivity(found: ReasonCodes) -> Measure:
    error = found.explanation.certificate.additivity_error
    interval = Interval(error, error, None, "each", "exact", "computed, not estimated")
    return Measure(
        name="additivity_error",
        value=error,
        unit=found.explanation.units,
        direction="lower",
        n=len(found.persons),
        interval=interval,
        uncertainty=Exact(error),
    )


def _factors(found: ReasonCodes, tally: _Tally, drawn: int) -> Evidence:
    measures = {name: rate_measure("among", tally.rate(Group(), [name]), "none") for name in tally.ordered()}
    never = len(tally.features) - len(measures)
    rest = f" {never} other columns are nobody's reason." if never else ""
    caption = (
        f"Share of {len(found.persons):,} adverse decisions (of {drawn:,} test rows) with the column among their at most {MOST} "
        f"reasons; against {len(found.reference):,} {found.reference.name}: {found.reference.note}, "
        f"digest {found.reference.digest}.{rest} 95 % Wilson intervals, each for itself; "
        f"{found.explanation.certificate.method}."
    )
    return _whiskers(
        "factors", "What adverse decisions are given as reasons", caption, "column", list(measures.items())
    )


def _remarks(tally: _Tally, roles: tuple[str, ...], proxies: Mapping[str, Proxy]) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for name in tally.ordered():
        at = tally.features.index(name)
        counts = (int(tally.among[:, at].sum()), int(tally.first[:, at].sum()))
        rows.append((name, *counts, _remark(name, roles, proxies)))
    return Evidence(
        id=f"{ID}.remarks",
        kind="table",
        title="First reasons, and which are sensitive",
        caption="Adverse decisions with the column among the reasons, and as the first; V: Cramér's, corrected for its bias.",
        alt="Counts of reasons by column, with remarks on sensitive columns and what stands for them",
        columns=(
            Column("column", role="label"),
            Column("A reason", "count", "count"),
            Column("The first", "count", "count"),
            Column("Remark"),
        ),
        rows=tuple(rows),
    )


def _remark(name: str, roles: tuple[str, ...], proxies: Mapping[str, Proxy]) -> str:
    if name in roles or sounds_protected(name):
        return "sensitive" if name in roles else "named like what ECOA protects"
    return f"stands for {proxies[name].column} (V {proxies[name].strength:.2f})" if name in proxies else ""


def _by_group(tally: _Tally, column: str, own: Sequence[Scalar], minimum: Minimum) -> Evidence:
    measures = []
    for name in tally.ordered()[:_SHOWN]:
        for value, here in _groups(own):
            group = Group.of({column: value})
            rate = tally.rate(group, [name], here)
            measures.append((f"{name}: {group}", rate_measure("among", rate, "none", minimum=minimum)))
    caption = (
        f"The {_SHOWN} most frequent reasons: share of each group's adverse decisions with the column among the reasons; 95 % "
        "Wilson intervals, each for itself. Groups that hold other values get other reasons: a difference is not yet a fault."
    )
    return _whiskers(
        f"group.{column}", f"Reasons of adverse decisions by {column}", caption, f"column: {column}", measures
    )


def _whiskers(name: str, title: str, caption: str, label: str, measures: Sequence[tuple[str, Measure]]) -> Evidence:
    ends = [(found.interval.low, found.interval.high) if found.interval else (None, None) for _, found in measures]
    return Evidence(
        id=f"{ID}.{name}",
        kind="intervals",
        title=title,
        caption=caption,
        alt=f"{title}: {'; '.join(f'{said} {found.value:.3g}' for said, found in measures[:6] if found.value is not None)}",
        columns=(
            Column(label, role="label"),
            Column("n", "rows", "n"),
            Column("among the reasons", "rate", "value"),
            Column("low", "", "low"),
            Column("high", "", "high"),
            Column("reason"),
        ),
        rows=tuple(
            (said, found.n, found.value, *pair, found.reason)
            for (said, found), pair in zip(measures, ends, strict=True)
        ),
    )
