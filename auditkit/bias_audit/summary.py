"""The figures of a bias audit, read back from its finding: what the document and the exports show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditkit.finding import Evidence, Finding, Scalar

FINDING = "fairness.local_law_144"
NO_INDEPENDENT_AUDIT = (
    "These figures were computed by auditkit from the rows that it was given. They are evidence for a bias audit, not a bias "
    "audit by an independent auditor, which Local Law 144 asks for."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A category: number, hits, unrounded rate and impact ratio, share of the table's persons."""

    category: tuple[str, ...]
    n: int
    hits: int
    rate: float
    ratio: float | None
    share: float
    excluded: bool

    @property
    def name(self) -> str:
        """The category in words."""
        return ", ".join(self.category)


@dataclass(frozen=True, slots=True)
class BiasTable:
    """One table: selection or scoring rates over sex, race and ethnicity, or both.

    ``hit`` is the heading of the column that counts: "Selected" or "Above median".
    """

    basis: str
    columns: tuple[str, ...]
    title: str
    caption: str
    hit: str
    rows: tuple[Row, ...]

    @property
    def lowest(self) -> Row | None:
        """The category with the lowest impact ratio, or None if there is no ratio."""
        rated = [row for row in self.rows if row.ratio is not None]
        return min(rated, key=lambda row: (row.ratio, row.name), default=None)


@dataclass(frozen=True, slots=True)
class BiasAudit:
    """All tables, the persons who are in none, and what the figures give rise to say.

    Attributes
    ----------
    tables : tuple of BiasTable
    persons : int
    unknown : tuple of (column or columns, number)
    median : float or None
        Of all persons scored.
    lines : tuple of (topic, remark)
    stated : mapping of option to text
        What the owner says beside the figures.
    """

    tables: tuple[BiasTable, ...]
    persons: int
    unknown: tuple[tuple[str, int], ...]
    median: float | None
    lines: tuple[tuple[str, str], ...]
    stated: dict[str, str]


def bias_audit_of(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding of Local Law 144 if it was measured, or asked for and not measured; else None."""
    for finding in findings:
        asked = finding.options.get("sex") or finding.options.get("race_ethnicity")
        if finding.id == FINDING and (finding.status == "measured" or asked):
            return finding
    return None


def read(finding: Finding) -> BiasAudit:
    """Return the figures of a measured finding."""
    evidence = {item.id.removeprefix(f"{FINDING}."): item for item in finding.evidence}
    persons = [(str(label), int(str(number))) for label, number in evidence["persons"].rows]
    named = ("exclusion_reason", "distribution_date", "data_source", "data_kind", "test_data_explanation")
    return BiasAudit(
        tables=tuple(_table(name, item) for name, item in evidence.items() if name not in ("persons", "lines")),
        persons=persons[0][1],
        unknown=tuple((label.removeprefix("of unknown "), number) for label, number in persons[1:]),
        median=next(
            (float(m.value) for m in finding.measures if m.name == "sample_median" and m.value is not None), None
        ),
        lines=tuple((str(topic), str(text)) for topic, text in evidence["lines"].rows),
        stated={name: str(finding.options.get(name) or "") for name in named},
    )


def _table(name: str, item: Evidence) -> BiasTable:
    labels = [column.name for column in item.columns if column.role == "label"]
    rows = [_row(row[: len(labels)], row[len(labels) :]) for row in item.rows]
    basis = name.partition(".")[0]
    return BiasTable(basis, tuple(labels), item.title, item.caption, item.columns[len(labels) + 1].name, tuple(rows))


def _row(category: tuple[Scalar, ...], numbers: tuple[Scalar, ...]) -> Row:
    n, hits, rate, ratio, share, excluded = numbers
    return Row(
        tuple(map(str, category)),
        int(n or 0),
        int(hits or 0),
        float(rate or 0),
        None if ratio is None else float(ratio),
        float(share or 0),
        bool(excluded),
    )
