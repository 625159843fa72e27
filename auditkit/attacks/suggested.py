"""Which columns may be quasi-identifiers, by their names and their values, when nobody said."""

from __future__ import annotations

import re

from auditkit.data.table import Table

# What a neighbour, an employer or a public register may know of a person; the demographic variables that guides to
# disclosure control name first (Hundepool et al. 2012, Statistical Disclosure Control, section 3; 45 CFR 164.514(b)(2)).
_KNOWN = {
    "age or birth": r"\b(age|birth|born|dob|birth ?(date|day|year))\b",
    "sex or gender": r"\b(sex|gender)\b",
    "place": r"\b(zip|zip ?code|post ?code|postal( ?code)?|city|town|county|state|region|district|country|address|residence|street|latitude|longitude|lat|lon)\b",
    "origin": r"\b(race|ethnic(ity)?|nationality|native ?country|citizenship|origin|foreign( ?worker)?|language)\b",
    "family": r"\b(marital( ?status)?|married|civil ?status|relationship|children|dependents|household|family ?size)\b",
    "work or education": r"\b(occupation|job|employer|profession|work ?class|education|school|degree|industry)\b",
    "event date": r"\b(admission|discharge|hired?|visit|event|death) ?date\b",
    "belief or health": r"\b(religion|disability|disabled|veteran|pregnan(t|cy))\b",
}


def suggested(table: Table, taken: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return columns that others may know of a person, with why, in the order of the table.

    Parameters
    ----------
    table : Table
    taken : frozenset of str
        Columns that are not asked about: the label, predictions.

    Notes
    -----
    By name only; a column that is constant, or different in each row and therefore an identifier, is left out.
    """
    found = {}
    for column in table.columns:
        words = re.sub(r"([a-z])([A-Z])", r"\1 \2", column)
        words = re.sub(r"[\W_]+", " ", words).casefold()
        why = next((meaning for meaning, pattern in _KNOWN.items() if re.search(pattern, words)), None)
        if why is None or column in taken:
            continue
        distinct = len(table.values(column))
        if 1 < distinct < max(3, table.rows):
            found[column] = why
    return found
