"""New York City's Local Law 144: how often does the tool select, or score above the median, each category?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auditkit.bias_audit.outcomes import Line, Outcome, scored, selected
from auditkit.bias_audit.persons import Persons, persons_of
from auditkit.declare import auditor
from auditkit.errors import ON_REQUEST, ConfigurationError, NotApplicable, did_you_mean
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure, Scalar
from auditkit.group_rates import two_sided
from auditkit.stats.impact_ratio import Category, impact_ratios
from auditkit.stats.uncertainty import Proportion
from auditkit.subject import Subject

ID = "fairness.local_law_144"
LARGEST_EXCLUSION = 0.02
RATES = ("both", "selection", "scoring")
KINDS = ("historical", "test")


@auditor(
    title="Figures of a Local Law 144 bias audit",
    needs=("prediction or score",),
    measures=("selection_rate", "selection_impact_ratio", "scoring_rate", "scoring_impact_ratio", "sample_median"),
)
def local_law_144(
    subject: Subject,
    *,
    sex: str = "",
    race_ethnicity: str = "",
    unknown: list[Scalar] | None = None,
    rates: str = "both",
    score: str = "",
    exclude_below: float = 0.0,
    exclusion_reason: str = "",
    distribution_date: str = "",
    data_source: str = "",
    data_kind: str = "",
    test_data_explanation: str = "",
) -> Iterator[Measure | Evidence]:
    """How often each sex, race or ethnicity and intersection of the two is selected, or scored above the median.

    Parameters
    ----------
    subject : Subject
        One row per person assessed.
    sex, race_ethnicity : str
        The columns that hold them.
    unknown : list of scalars, optional
        Values of those columns that mean unknown, beside missing ones. Nothing is inferred.
    rates : {'both', 'selection', 'scoring'}
        Which rates: the tool selects or classifies people, scores them, or does both.
    score : str
        A column of scores where higher is better for the person; default the model's own, or the score column.
    exclude_below : float
        Leave categories with a smaller share, at most 0.02, out of the impact ratios; needs `exclusion_reason`.
    exclusion_reason : str
        The justification that the rule asks for.
    distribution_date, data_source, data_kind, test_data_explanation : str
        What a published summary must state beside the figures; data_kind is ``historical`` or ``test``.

    Notes
    -----
    For a category: selection rate = persons selected (or classified so) / persons assessed; scoring rate = persons with a
    score strictly above the median / persons assessed; impact ratio = rate / highest rate of a category in the same
    table, from unrounded rates: 1 for the highest. One table each for sex, for race and ethnicity, and for their
    intersections, each over the persons whose category it knows; the others are counted. The median is that of all
    persons scored. No category is too small to be shown, and an impact ratio describes the persons assessed: it has no
    bounds and no limit here.

    Misleads when
    -------------
    Categories are small: one person more or less moves their ratio, and nothing in the table says so; the four-fifths
    auditor gives tests and bounds. Many scores equal the median: none of them is above it. These are figures for a bias
    audit, computed from the rows given; they are no audit by an independent auditor.

    References
    ----------
    .. [1] New York City Administrative Code § 20-870 to 20-874; Rules of the City of New York, title 6, § 5-300 to 5-304
    """
    _check(subject, rates, exclude_below, exclusion_reason, data_kind, (sex, race_ethnicity))
    persons = persons_of(subject, [column for column in (sex, race_ethnicity) if column], unknown or ())
    yield _unknowns(persons)
    lines = [*_lacking(sex, race_ethnicity)]
    wanted = ("selection", "scoring") if rates == "both" else (rates,)
    reasons: list[str] = []
    for basis in wanted:
        try:
            outcomes = selected(subject, persons) if basis == "selection" else [scored(subject, persons, score)]
        except NotApplicable as lacking:
            reasons.append(str(lacking))
            lines.append((f"No {basis} rates", f"Not measured because {lacking}."))
            continue
        for outcome in outcomes:
            lines.extend(outcome.lines)
            if outcome.median is not None:
                yield outcome.median
            for by in persons.groupings():
                for item in _table(outcome, persons, by, exclude_below, lines):
                    # A person may have several rows of one cluster: Wilson's interval would be too narrow.
                    if isinstance(item, Measure) and subject.roles.cluster is not None:
                        yield replace(item, interval=None, uncertainty=None)
                    else:
                        yield item
    if len(reasons) == len(wanted):
        raise NotApplicable("; ".join(reasons))
    if exclude_below and exclusion_reason:
        lines.append(("Justification of the exclusion", exclusion_reason))
    yield Evidence(
        id=f"{ID}.lines",
        kind="table",
        title="What to know of these figures",
        caption="Lines that the figures themselves give rise to.",
        alt="Remarks on the figures",
        columns=(Column("Topic", role="label"), Column("Remark")),
        rows=tuple(lines),
    )


def _check(
    subject: Subject, rates: str, exclude_below: float, reason: str, kind: str, columns: tuple[str, str]
) -> None:
    if not any(columns):
        raise NotApplicable(
            f"{ON_REQUEST}: no columns were named; for a hiring tool pass options {{{ID}: {{sex: …, race_ethnicity: …}}}}"
        )
    if subject.roles.weight is not None:
        raise NotApplicable(f"its tables count persons, and the rows are weighted by {subject.roles.weight!r}")
    for name, value, allowed in (("rates", rates, RATES), ("data_kind", kind, ("", *KINDS))):
        if value not in allowed:
            raise ConfigurationError(f"option {name!r} of {ID}: got {value!r}.{did_you_mean(value, allowed)}")
    if exclude_below > LARGEST_EXCLUSION:
        raise ConfigurationError(
            f"option 'exclude_below' of {ID}: got {exclude_below:g}; the rule lets categories below 0.02 be left out"
        )
    if exclude_below and not reason.strip():
        raise ConfigurationError(f"option 'exclude_below' of {ID} needs a justification; give exclusion_reason")


def _unknowns(persons: Persons) -> Evidence:
    sizes = persons.sizes
    rows: list[tuple[Cell, ...]] = [("Persons assessed", int(sizes.sum()))]
    for place, column in enumerate(persons.columns):
        rows.append((f"of unknown {column}", int(sizes[~persons.known((place,))].sum())))
    if len(persons.columns) > 1:
        rows.append((f"of unknown {' or '.join(persons.columns)}", int(sizes[~persons.known((0, 1))].sum())))
    return Evidence(
        id=f"{ID}.persons",
        kind="table",
        title="Persons assessed",
        caption="Persons of unknown category are in no table that needs it; nothing was inferred.",
        alt="Number of persons assessed and of those whose category is unknown",
        columns=(Column("Persons", role="label"), Column("Number", "count", "count")),
        rows=tuple(rows),
    )


def _lacking(sex: str, race_ethnicity: str) -> Iterator[Line]:
    for given, what in ((sex, "sex"), (race_ethnicity, "race or ethnicity")):
        if not given:
            yield (
                f"No table of {what}",
                f"No column of {what} was named; the rule asks for sex, race or ethnicity and both together.",
            )


def _table(
    outcome: Outcome, persons: Persons, by: tuple[int, ...], exclude_below: float, lines: list[Line]
) -> Iterator[Measure | Evidence]:
    columns = tuple(persons.columns[place] for place in by)
    found = impact_ratios(persons.marginal(outcome.counts, by), exclude_below)
    title = " × ".join(columns)
    if not found:
        lines.append((f"No table of {title}", "Nobody's category is known."))
        return
    if outcome.judged:
        for line in found:
            yield from _measures(outcome.basis, columns, line)
    if all(line.hits == 0 for line in found):
        lines.append((f"No impact ratio of {title}", f"Nobody was {outcome.what}, so there is no highest rate."))
    if by in outcome.without:
        other = impact_ratios(persons.marginal(outcome.without[by], by), exclude_below)
        lines.extend(_changed(title, found, other))
    yield Evidence(
        id=f"{ID}.{outcome.basis}{outcome.suffix}.{'+'.join(columns)}",
        kind="table",
        title=f"{outcome.basis.capitalize()} rates by {' and '.join(columns)}",
        caption=f"Share of the persons assessed who were {outcome.what}; impact ratios from unrounded rates.",
        alt=f"{outcome.basis.capitalize()} rate and impact ratio of each category of {title}",
        columns=(
            *(Column(column, role="label") for column in columns),
            Column("Persons", "count", "n"),
            Column("Selected" if outcome.basis == "selection" else "Above median", "count", "count"),
            Column("Rate", "rate", "value"),
            Column("Impact ratio", "ratio", "value"),
            Column("Share of persons", "rate", "value"),
            Column("Left out of the ratios"),
        ),
        rows=tuple(
            (*map(str, line.key), line.n, line.hits, line.rate, line.ratio, line.share, line.excluded) for line in found
        ),
    )


def _measures(basis: str, columns: tuple[str, ...], line: Category) -> Iterator[Measure]:
    group = Group(tuple(zip(columns, line.key, strict=True)))
    share = Proportion(line.hits, line.n)
    yield Measure(
        name=f"{basis}_rate",
        value=line.rate,
        unit="rate",
        direction="none",
        group=group,
        n=line.n,
        interval=two_sided(share, "Wilson"),
        uncertainty=share,
    )
    left_out = f"left out of the ratios: {line.share:.2%} of the persons" if line.excluded else None
    exact = (
        None if line.ratio is None else Interval(line.ratio, line.ratio, None, "two", "exact", "of persons assessed")
    )
    yield Measure(
        name=f"{basis}_impact_ratio",
        value=line.ratio,
        unit="ratio",
        direction="higher",
        group=group,
        n=line.n,
        status="undefined" if line.ratio is None else "measured",
        reason=(left_out or "undefined: the highest rate is 0") if line.ratio is None else None,
        interval=exact,
    )


def _changed(title: str, found: Sequence[Category], other: Sequence[Category]) -> Iterator[Line]:
    """Say whether a median over the persons known would give other ratios."""
    ratios = {line.key: line.ratio for line in other if line.ratio is not None}
    moved = {
        line.key: abs(ratios[line.key] - line.ratio)
        for line in found
        if line.ratio is not None and ratios.get(line.key, line.ratio) != line.ratio
    }
    if moved:
        most = max(moved, key=lambda key: moved[key])
        name = ", ".join(map(str, most))
        yield (
            f"Median and {title}",
            f"The median is that of all persons scored. Without those of unknown category {len(moved)} of "
            f"{len(found)} impact ratios would differ, by up to {moved[most]:.3f} ({name}: {ratios[most]:.3f}).",
        )
