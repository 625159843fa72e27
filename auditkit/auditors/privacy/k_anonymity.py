"""How many rows share their quasi-identifiers with the fewest others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditkit.attacks.combinations import Combinations, Counts, combinations
from auditkit.attacks.counted import counted_tables, exact, required_quasi_identifiers
from auditkit.attacks.generalising import coarser, levels
from auditkit.declare import auditor
from auditkit.finding import Column, Direction, Evidence, Measure
from auditkit.subject import Subject

SMALL = (5, 11)
DIRECTIONS: dict[str, Direction] = {
    "k": "higher",
    "unique_rows": "lower",
    "share_unique": "lower",
    "share_small": "lower",
    "rows_small": "lower",
    "share_below_11": "lower",
    "rows_below_11": "lower",
    "classes": "none",
}
BINS = ((1, 1, "1 (unique)"), (2, 4, "2 to 4"), (5, 10, "5 to 10"), (11, None, "11 or more"))


@auditor(
    title="k-anonymity",
    needs=("quasi_identifiers",),
    measures=tuple(DIRECTIONS),
)
def k_anonymity(subject: Subject) -> Iterable[Measure | Evidence]:
    r"""Size of the smallest group of rows that agree in every quasi-identifier, and how many rows stand alone.

    Parameters
    ----------
    subject : Subject
        With quasi-identifiers: columns that someone outside may know of a person. Rows may stay in their files.

    Notes
    -----
    Rows with equal quasi-identifiers form a class; k is the size of the smallest class, unique_rows the number of
    rows alone in theirs, rows_small and rows_below_11 those in classes below 5 and below 11, share_… their shares. A missing
    value is a value like any other. All are exact counts of the test table, and of the training table and the released
    one if they were given. What k becomes is shown for each column left out and made coarser: by its hierarchy, or
    numbers in five bands, and values of fewer than 5 rows taken together.

    Misleads when
    -------------
    The quasi-identifiers leave out a column that others know; k says nothing of what a class has in common (if all
    its rows share a diagnosis, k hides nothing: see attribute_disclosure). The table is a sample: a row unique in it
    need not be unique among people.

    References
    ----------
    .. [1] Sweeney (2002), k-anonymity: a model for protecting privacy, doi:10.1142/S0218488502001648
    """
    columns = list(required_quasi_identifiers(subject))
    for dataset in counted_tables(subject):
        found = combinations(subject.rows_of(dataset), columns)
        counts = found.class_sizes(columns)[1]
        rows, unique = found.rows, int((counts == 1).sum())
        few, some = (int(counts[counts < below].sum()) for below in SMALL)
        values = {
            "k": (int(counts.min()), "count"),
            "unique_rows": (unique, "count"),
            "share_unique": (unique / rows, "rate"),
            "share_small": (few / rows, "rate"),
            "rows_small": (few, "count"),
            "share_below_11": (some / rows, "rate"),
            "rows_below_11": (some, "count"),
            "classes": (len(counts), "count"),
        }
        for name, (value, unit) in values.items():
            yield exact(name, value, unit, DIRECTIONS[name], dataset, rows)
        yield _sizes(counts, dataset, columns)
        yield _changed(subject, found, columns, dataset)


def _sizes(counts: Counts, dataset: str, columns: Sequence[str]) -> Evidence:
    rows = []
    for low, high, label in BINS:
        inside = counts[(counts >= low) & (counts <= (high or counts.max()))]
        rows.append((label, int(inside.sum()), len(inside), int(inside.sum()) / int(counts.sum())))
    return Evidence(
        id=f"class_sizes_{dataset}",
        kind="table",
        title=f"Sizes of the classes, {dataset} table",
        caption=f"Rows that agree in {', '.join(columns)} form a class; a row in a class of 1 is unique.",
        alt=f"Rows and classes by size of class in the {dataset} table",
        columns=(
            Column("Size of class", role="label"),
            Column("Rows", "count", "count"),
            Column("Classes", "count", "count"),
            Column("Share of rows", "rate", "value"),
        ),
        rows=tuple(rows),
    )


def _changed(subject: Subject, found: Combinations, columns: list[str], dataset: str) -> Evidence:
    cases = [("(as it is)", "", columns, found), *_changes(subject, found, columns)]
    rows = []
    for column, how, kept, changed in cases:
        counts = changed.class_sizes(kept)[1]
        values = len(found.columns[column].values) if column in found.columns else None
        rows.append((column, how, values, int(counts.min()), int((counts == 1).sum())))
    return Evidence(
        id=f"left_out_{dataset}",
        kind="table",
        title=f"k when columns are left out or made coarser, {dataset} table",
        caption="k and unique rows that would remain: which column singles people out, and what would help.",
        alt=f"k of the {dataset} table with each quasi-identifier left out or made coarser in turn",
        columns=(
            Column("Column", role="label"),
            Column("Change"),
            Column("Its values", "count", "count"),
            Column("k", "count", "value"),
            Column("Unique rows", "count", "count"),
        ),
        rows=tuple(rows),
    )


def _changes(
    subject: Subject, found: Combinations, columns: list[str]
) -> Iterator[tuple[str, str, list[str], Combinations]]:
    coarsest = found
    for column in columns:
        if len(columns) > 1:
            yield column, "left out", [name for name in columns if name != column], found
        coded = found.columns[column]
        if column in subject.hierarchies:
            steps = levels(column, coded, subject.hierarchies[column])
            named = [(f"level {place} of its hierarchy", step) for place, step in enumerate(steps, 1)]
        else:
            step = coarser(coded, found.counts, SMALL[0])
            named = [] if step is None else [step]
        for how, changed in named:
            yield column, how, columns, found.replaced(column, changed)
        if named:
            coarsest = coarsest.replaced(column, named[0][1])
    if coarsest is not found and len(columns) > 1:
        yield "(all)", "each made coarser by the first step above", columns, coarsest
