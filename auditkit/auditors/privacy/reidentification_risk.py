"""How surely someone who knows the quasi-identifiers finds a person's row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditkit.attacks.combinations import Combinations, Counts, combinations
from auditkit.attacks.counted import counted_tables, exact, required_quasi_identifiers
from auditkit.attacks.identifying import marketer_range, sizes_in, unique_match_risk
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, NotApplicable
from auditkit.finding import Column, Dataset, Evidence, Interval, Measure
from auditkit.group_rates import two_sided
from auditkit.subject import Subject

_FEWEST = 10
_MEASURES = ("prosecutor_risk_max", "prosecutor_risk", "journalist_risk_max", "marketer_risk", "unique_match_risk")


@auditor(title="Re-identification risk", needs=("quasi_identifiers",), measures=_MEASURES)
def reidentification_risk(subject: Subject, *, sampling_fraction: float | None = None) -> Iterable[Measure | Evidence]:
    r"""How surely someone who knows a person's quasi-identifiers finds their row, under three kinds of attacker.

    Parameters
    ----------
    subject : Subject
        With quasi-identifiers; with a population for the journalist and the marketer.
    sampling_fraction : float, optional
        The share of all people who are in the table, if they came into it by chance and alike: above 0, below 1.

    Notes
    -----
    f is the rows of a class in the table, F in the population. The prosecutor knows that the person is in the table:
    prosecutor_risk_max = max 1/f, prosecutor_risk = mean over rows of 1/f = classes ÷ rows. The journalist does not
    know it: journalist_risk_max = max 1/F over the classes of the table. The marketer links everybody: marketer_risk =
    mean over rows of 1/F, the share of right links. All exact counts. Where the population is not at hand but the
    sampling fraction π is, unique_match_risk = π·n₁ ÷ (π·n₁ + 2(1−π)·n₂), n₁ classes of one row and n₂ of two: how often a
    match on a unique row would be right; logit interval that counts how this itself depends on the sample. marketer_risk is
    then a range: from π · classes ÷ rows, if no class was missed, to the prosecutor's risk, if no class has more people
    than rows; its middle figure is from below too, by Chao and Lin's estimate of the classes that were missed. A rule on it
    passes only if the highest keeps the limit. Of the journalist's highest risk a sample says only that it is at most 1/f.

    Misleads when
    -------------
    The population is not the one that the rows come from. People were chosen unequally, or households together: the
    sampling fraction then says little. Without population or fraction only the prosecutor's risk is
    measured. All assume that what the attacker knows is without error.

    References
    ----------
    .. [1] El Emam 2013, Guide to the De-Identification of Personal Health Information, ch. 16; Skinner, Elliot 2002;
       Chao, Lin 2012, doi:10.1111/j.1541-0420.2011.01739.x
    """
    columns = list(required_quasi_identifiers(subject))
    if sampling_fraction is not None and not 0 < sampling_fraction < 1:
        raise ConfigurationError(f"sampling_fraction: got {sampling_fraction!r}, wanted a share above 0 and below 1")
    for dataset in counted_tables(subject):
        found = combinations(subject.rows_of(dataset), columns)
        counts = found.class_sizes(columns)[1]
        yield exact("prosecutor_risk_max", 1 / int(counts.min()), "probability", "lower", dataset, found.rows)
        yield exact("prosecutor_risk", len(counts) / found.rows, "probability", "lower", dataset, found.rows)
        yield from _against_population(subject, found, columns, dataset)
        if sampling_fraction is not None:
            yield _sampled(counts, sampling_fraction, dataset, found.rows)
            if not _has_population(subject):
                yield _marketer(counts, sampling_fraction, dataset, found.rows)
                yield _undefined("journalist_risk_max", dataset, found.rows, _journalist(int(counts.min())))


def _has_population(subject: Subject) -> bool:
    try:
        subject.rows_of("population")
    except NotApplicable:
        return False
    return True


def _against_population(
    subject: Subject, found: Combinations, columns: list[str], dataset: Dataset
) -> Iterator[Measure | Evidence]:
    names = ("journalist_risk_max", "marketer_risk")
    try:
        population = combinations(subject.rows_of("population"), columns)
    except NotApplicable:
        return
    own, theirs = sizes_in(population, found, columns)
    lacking = int((theirs < own).sum())
    if lacking:
        reason = (
            f"{lacking:,} classes of the {dataset} table have more rows there than in the population, so it is not the "
            "population of these rows; give the one that holds them all"
        )
        for name in names:
            yield _undefined(name, dataset, found.rows, reason)
        return
    yield exact(names[0], 1 / int(theirs.min()), "probability", "lower", dataset, found.rows)
    yield exact(names[1], float((own / theirs).sum() / found.rows), "probability", "lower", dataset, found.rows)
    yield _unique_among_people(own, theirs, dataset)


def _unique_among_people(own: Counts, theirs: Counts, dataset: str) -> Evidence:
    unique = own == 1
    both = unique & (theirs == 1)
    return Evidence(
        id=f"unique_among_people_{dataset}",
        kind="table",
        title=f"Unique rows, and unique people, {dataset} table",
        caption="A row that is unique in the table need not be unique among people; one that is both is found for certain.",
        alt="Counts of unique rows and of those that are unique in the population too",
        columns=(Column("Rows", role="label"), Column("Number", "count", "count")),
        rows=(
            ("unique in the table", int(unique.sum())),
            ("unique in the population too", int(both.sum())),
        ),
    )


def _sampled(counts: Counts, fraction: float, dataset: Dataset, rows: int) -> Measure:
    found = unique_match_risk(counts, fraction)
    base = _undefined("unique_match_risk", dataset, rows, f"fewer than {_FEWEST} classes of one row, or of two")
    if found is None:
        return replace(base, status="insufficient")
    interval = two_sided(found, "Skinner and Elliot, logit")
    return replace(base, value=found.value, status="measured", reason="", interval=interval, uncertainty=found)


def _marketer(counts: Counts, fraction: float, dataset: Dataset, rows: int) -> Measure:
    amount = marketer_range(counts, fraction)
    method = (
        f"sampling fraction {fraction:g}: if no class was missed; from below (Chao and Lin 2012); the prosecutor's risk"
    )
    return Measure(
        name="marketer_risk",
        value=amount.value,
        unit="probability",
        direction="lower",
        dataset=dataset,
        n=rows,
        interval=Interval(amount.low, amount.high, None, "two", "range", method),
        uncertainty=amount,
    )


def _journalist(smallest: int) -> str:
    return (
        f"at most 1/{smallest:,}, one by the rows of the smallest class; how many people are like them a sample does "
        "not tell; give the population"
    )


def _undefined(name: str, dataset: Dataset, rows: int, reason: str) -> Measure:
    return Measure(
        name=name,
        value=None,
        unit="probability",
        direction="lower",
        dataset=dataset,
        n=rows,
        status="undefined",
        reason=reason,
    )
