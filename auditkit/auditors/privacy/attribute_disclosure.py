"""What finding a person's class says of a confidential value: l-diversity, t-closeness and their kin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from auditkit.attacks import confidential as of
from auditkit.attacks.combinations import combinations
from auditkit.attacks.counted import counted_tables, exact, required_quasi_identifiers
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, NotApplicable, did_you_mean
from auditkit.finding import Cell, Column, Dataset, Direction, Evidence, Measure
from auditkit.subject import Subject

_BINS = ((1, 1, "1 (the value is known)"), (2, 2, "2"), (3, 4, "3 to 4"), (5, None, "5 or more"))
_UNITS: dict[str, tuple[str, Direction]] = {
    "distinct_l": ("count", "higher"),
    "entropy_l": ("values", "higher"),
    "share_given_away": ("rate", "lower"),
    "alpha": ("rate", "lower"),
    "t_equal_distance": ("distance", "lower"),
    "t_ordered_distance": ("distance", "lower"),
    "delta": ("log ratio", "lower"),
    "beta": ("relative gain", "lower"),
}


@auditor(
    title="Attribute disclosure",
    needs=("quasi_identifiers",),
    measures=tuple(_UNITS),
)
def attribute_disclosure(subject: Subject, *, confidential: tuple[str, ...] = ()) -> Iterable[Measure | Evidence]:
    r"""What whoever finds a person's class, by what is known of them, learns of a confidential value.

    Parameters
    ----------
    subject : Subject
        With quasi-identifiers. Rows may stay in their files.
    confidential : tuple of str
        Columns that nobody should learn; default the label.

    Notes
    -----
    Of the classes c of rows with equal quasi-identifiers, :math:`q_{cs}` is the share of the value s in the class,
    :math:`p_s` in the table. distinct_l: fewest distinct values of a class. entropy_l: least
    :math:`\exp(-\sum_s q_{cs} \ln q_{cs})`, not rounded down. alpha: largest :math:`q_{cs}`. t_equal_distance: largest
    :math:`\tfrac12\sum_s|q_{cs}-p_s|`; t_ordered_distance, of numbers and dates: largest mean difference of cumulative
    shares, in steps of the distinct values. delta: largest :math:`|\ln(q_{cs}/p_s)|` over values that occur in the class.
    beta: largest :math:`(q_{cs}-p_s)/p_s`. share_given_away: rows whose class has one value only. All are exact counts of
    the table that is named. `over` names the confidential column.

    Misleads when
    -------------
    Values differ and mean the same (two cancers are l = 2). Distances do not know which values are harmful. A class of
    one row gives its value away by itself: read k first.

    References
    ----------
    .. [1] Machanavajjhala et al. 2007, l-diversity, doi:10.1145/1217299.1217302; Li et al. 2007, t-closeness,
       doi:10.1109/ICDE.2007.367856; Wong et al. 2006, (α, k)-anonymity; Brickell, Shmatikov 2008, δ-disclosure; Cao,
       Karras 2012, β-likeness
    """
    columns = list(required_quasi_identifiers(subject))
    asked = list(dict.fromkeys(confidential)) or ([subject.roles.label] if subject.roles.label else [])
    if not asked:
        raise NotApplicable("no confidential column: name one under the option confidential, or pass label=")
    hidden = [name for name in asked if name not in columns]
    if not hidden:
        raise NotApplicable(
            f"{', '.join(asked)}: what is confidential is a quasi-identifier too, so it is known already"
        )
    for dataset in counted_tables(subject):
        rows = subject.rows_of(dataset)
        for name in hidden:
            if name not in rows.columns:
                if dataset != "test":
                    continue
                hint = did_you_mean(name, rows.columns)
                raise ConfigurationError(f"confidential: the data have no column {name!r}.{hint}")
            found = combinations(rows, [*columns, name])
            ordered = rows.types[name] in ("integer", "number", "date", "time")
            yield from _of_column(of.class_values(found, columns, name), name, dataset, found.rows, ordered)


def _of_column(
    cells: of.ClassValues, name: str, dataset: Dataset, rows: int, ordered: bool
) -> Iterator[Measure | Evidence]:
    values: dict[str, float] = {
        "distinct_l": of.distinct_l(cells),
        "entropy_l": of.entropy_l(cells),
        "share_given_away": of.rows_given_away(cells) / rows,
        "alpha": of.alpha(cells),
        "t_equal_distance": of.t_equal(cells),
        "delta": of.delta(cells),
        "beta": of.beta(cells),
    }
    if ordered:
        values["t_ordered_distance"] = of.t_ordered(cells)
    for measure, value in values.items():
        unit, direction = _UNITS[measure]
        yield replace(exact(measure, value, unit, direction, dataset, rows), over=(name,))
    yield _table(cells, name, dataset)


def _table(cells: of.ClassValues, name: str, dataset: str) -> Evidence:
    distinct, rows = cells.cells, int(cells.sizes.sum())
    shown: list[tuple[Cell, ...]] = []
    for low, high, label in _BINS:
        inside = (distinct >= low) & (distinct <= (high or np.inf))
        held = int(cells.sizes[inside].sum())
        shown.append((label, held, int(inside.sum()), held / rows))
    return Evidence(
        id=f"values_{dataset}.{name}",
        kind="table",
        title=f"Values of {name} in a class, {dataset} table",
        caption=f"Of a row in a class with one value of {name}, whoever finds the class knows the value, however large it is.",
        alt=f"Rows by number of distinct values of {name} in their class",
        columns=(
            Column("Distinct values in class", role="label"),
            Column("Rows", "count", "count"),
            Column("Classes", "count", "count"),
            Column("Share of rows", "rate", "value"),
        ),
        rows=tuple(shown),
    )
