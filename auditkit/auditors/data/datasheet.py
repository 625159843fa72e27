"""What a datasheet asks of a dataset: what the tables answer, what people said, and what is still to be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.attacks.counted import exact
from auditkit.data.row_keys import repetitions, row_keys
from auditkit.data.table import Table
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, NotApplicable, did_you_mean
from auditkit.finding import Cell, Column, Dataset, Evidence, Measure
from auditkit.subject import Subject

HUMAN = "human input needed"
QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "Motivation": (
        ("purpose", "For what purpose was the dataset created?"),
        ("created_by", "Who created it, on behalf of whom?"),
        ("funded_by", "Who funded its creation?"),
    ),
    "Composition": (
        ("instances", "What does a row stand for?"),
        ("sampling", "Is it a sample of a larger set, and how was it drawn?"),
        ("missing_reasons", "Why is information missing from some rows?"),
        ("relationships", "Are there relations between rows, such as several of one person?"),
        ("errors", "Are there known errors, noise or redundancies?"),
        ("external", "Does it rely on external resources, and will these stay?"),
        ("confidential", "Does it contain confidential data?"),
        ("offensive", "Could it be offensive or cause anxiety if read?"),
        ("identifiable", "Can people be identified from it, directly or together with other data?"),
    ),
    "Collection": (
        ("acquisition", "How was each value acquired: observed, reported, derived?"),
        ("collected_by", "Who collected it, and how were they paid?"),
        ("timeframe", "Over what time was it collected?"),
        ("ethical_review", "Was there an ethical review?"),
        ("notice", "Were the people told of the collection?"),
        ("consent", "Did they consent, and can they revoke it?"),
        ("impact_analysis", "Was the impact on the people analysed?"),
    ),
    "Preprocessing": (
        ("preprocessing", "What was cleaned, filled in, derived or labelled, and how?"),
        ("raw_data", "Were the raw data kept, and where?"),
    ),
    "Uses": (
        ("used_for", "What has it been used for already?"),
        ("future_harm", "What in it could harm people in future uses?"),
        ("not_for", "For what should it not be used?"),
    ),
    "Distribution": (
        ("distribution", "To whom is it handed out, how and when?"),
        ("licence", "Under which licence or terms?"),
        ("third_parties", "Have third parties rights in it, or do export rules apply?"),
    ),
    "Maintenance": (
        ("maintained_by", "Who maintains it, and how can they be reached?"),
        ("updates", "Will it be updated, how often, and who is told?"),
        ("retention", "How long are data about people kept?"),
        ("contributions", "How can others report errors or add to it?"),
    ),
}


@auditor(title="Datasheet of the data", measures=("questions_answered", "questions_open"))
def datasheet(subject: Subject) -> Iterator[Measure | Evidence]:
    """What Datasheets for Datasets asks: the part that tables answer, and the questions that only people can answer.

    Parameters
    ----------
    subject : Subject
        With rows in memory; answers of people are its `datasheet`, in audit.yaml under ``datasheet:``.

    Notes
    -----
    Of each table: rows, columns, types, missing cells, rows that repeat an earlier one in all columns, columns by role,
    labels and the range of years of the time column, all exact counts; the digest of the content stands among the
    inputs of the audit. The other questions of the datasheet stand with the answer that was given, or as open: questions_answered and questions_open count them.
    Nobody checks an answer here.

    Misleads when
    -------------
    An answer is there and wrong: a filled form is no evidence. What a table shows of itself says nothing of how it came
    to be.

    References
    ----------
    .. [1] Gebru et al. 2021, Datasheets for Datasets, Communications of the ACM 64, doi:10.1145/3458723
    """
    given, known = subject.datasheet, [key for asked in QUESTIONS.values() for key, _ in asked]
    for key in given:
        if key not in known:
            raise ConfigurationError(f"datasheet: no question is called {key!r}.{did_you_mean(key, known)}")
    tables = _tables(subject)
    rows = tables[0][1].rows
    yield exact("questions_answered", len(given), "count", "higher", "none", rows)
    yield exact("questions_open", len(known) - len(given), "count", "lower", "none", rows)
    yield _parts(given)
    for name, table in tables:
        yield _composition(subject, name, table)
    yield _asked(subject)


def _tables(subject: Subject) -> list[tuple[Dataset, Table]]:
    found: list[tuple[Dataset, Table]] = [("test", subject.table())]
    others: tuple[Dataset, ...] = ("train", "released")
    for name in others:
        try:
            found.append((name, subject.table(name)))
        except NotApplicable:
            continue
    return found


def _composition(subject: Subject, name: Dataset, table: Table) -> Evidence:
    said = subject.card.get(f"{name}_data")
    described: list[tuple[Cell, ...]] = [("Described as", said)] if said else []
    rows = [*described, *_size(table), *_roles(subject, table), *_time(subject, table)]
    return Evidence(
        id=f"data.datasheet.{name}",
        kind="table",
        title=f"Composition of the {name} table",
        caption="Counted in the table as it was read; what it cannot say of itself is asked of people.",
        alt=f"Rows, columns, types, gaps, repetitions and roles of columns of the {name} table",
        columns=(Column("question", role="label"), Column("answer of the table")),
        rows=tuple(rows),
    )


def _size(table: Table) -> Iterator[tuple[Cell, ...]]:
    kinds: dict[str, int] = {}
    for kind in table.types.values():
        kinds[kind] = kinds.get(kind, 0) + 1
    gaps = {column: table.missing_count(column) for column in table.columns}
    gone, cells = sum(gaps.values()), table.rows * len(table.columns)
    most = sorted((column for column in gaps if gaps[column]), key=lambda column: (-gaps[column], column))[:5]
    again = repetitions(row_keys(table, table.columns))
    yield "Rows", f"{table.rows:,}"
    yield "Columns", f"{len(table.columns):,}: {', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}"
    shown = f"; most in {', '.join(f'{column} ({gaps[column]:,})' for column in most)}" if most else ""
    yield "Missing cells", f"{gone:,} of {cells:,}, in {sum(n > 0 for n in gaps.values())} columns{shown}"
    yield "Rows equal to an earlier row", f"{again:,}"


def _roles(subject: Subject, table: Table) -> Iterator[tuple[Cell, ...]]:
    roles = subject.roles
    sensitive = [
        f"{column} ({len(table.values(column))} values)" for column in roles.sensitive if column in table.columns
    ]
    yield "Sensitive columns", ", ".join(sensitive) or "none named"
    yield "Quasi-identifiers", ", ".join(roles.quasi_identifiers) or "none named"
    if roles.label is not None and roles.label in table.columns:
        yield "Label", roles.label if subject.task == "regression" else f"{roles.label} ({len(subject.labels)} labels)"
    for what, column in (("Rows of one person or cluster", roles.cluster), ("Weights", roles.weight)):
        if column is not None and column in table.columns:
            many = f" ({len(table.values(column)):,} clusters)" if column == roles.cluster else ""
            yield what, f"{column}{many}"


def _time(subject: Subject, table: Table) -> Iterator[tuple[Cell, ...]]:
    time = subject.roles.time
    if time is None or time not in table.columns:
        return
    known = [value for value in table.values(time) if value is not None]
    if known and table.types[time] in ("date", "time"):
        yield "Years", f"{str(known[0])[:4]} to {str(known[-1])[:4]} ({time})"
    else:
        yield "Time", f"{time}, {len(known):,} values"


def _parts(given: Mapping[str, str]) -> Evidence:
    """Return how far people have answered, by part of the datasheet."""
    rows: list[tuple[Cell, ...]] = []
    for part, asked in QUESTIONS.items():
        still = [key.replace("_", " ") for key, _ in asked if key not in given]
        rows.append((part, len(asked) - len(still), len(still), ", ".join(still)))
    return Evidence(
        id="data.datasheet.parts",
        kind="table",
        title="What people said about the data",
        caption="Questions of Datasheets for Datasets that no table can answer. Open ones need a person; answer them in audit.yaml under datasheet.",
        alt="Answered and open questions by part of the datasheet",
        columns=(
            Column("part", role="label"),
            Column("answered", "count", "count"),
            Column("open", "count", "count"),
            Column("human input needed on"),
        ),
        rows=tuple(rows),
    )


def _asked(subject: Subject) -> Evidence:
    given = subject.datasheet
    rows: list[tuple[Cell, ...]] = [
        (part, question, given.get(key, ""), "answered" if key in given else HUMAN, key)
        for part, asked in QUESTIONS.items()
        for key, question in asked
    ]
    return Evidence(
        id="data.datasheet.questions",
        kind="table",
        title="Questions to people about the data",
        caption="Answers stand in audit.yaml under datasheet, each by its key; they are shown as given, and not checked.",
        alt="Questions of Datasheets for Datasets with the answers that were given, and those that are open",
        columns=(
            Column("part"),
            Column("question", role="label"),
            Column("answer"),
            Column("status"),
            Column("key in audit.yaml"),
        ),
        rows=tuple(sorted(rows, key=lambda row: row[3] != HUMAN)),
    )
