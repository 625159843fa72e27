"""The reasons of adverse decisions as CSV, one person a line; written only where asked for, readable by its owner alone."""

from __future__ import annotations

import csv
import io
import os
import secrets
from pathlib import Path

from auditkit.errors import OutputError
from auditkit.explainers.reason_codes import MOST, Person, Reason, ReasonCodes
from auditkit.finding import Cell

NAME = "reason_codes.csv"
_OF_REASON = ("reason", "text", "share", "half_width")
COLUMNS = (
    *("row", "decision", "adverse", "units", "score", "base", "reference", "reference_rows", "reference_sha256"),
    *(f"{name}_{place}" for place in range(1, MOST + 1) for name in _OF_REASON),
    *("not_listed", "listed_of_adverse", "additivity_residual", "warning", "method"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = b"\xef\xbb\xbf"
_REPORT = "manifest.json"  # what a report folder holds
_PRIVATE = 0o600


def reason_codes_csv(codes: ReasonCodes) -> bytes:
    """Return one line for each person, UTF-8 with a byte order mark (RFC 4180), numbers unrounded.

    ``base + Σ share + not_listed + additivity_residual = score``, towards the favourable outcome, in `units`. A text that a
    spreadsheet would take for a formula begins with an apostrophe; numbers stay numbers.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for person in codes.persons:
        writer.writerow([safe_cell(cell) for cell in _line(codes, person)])
    return _MARK + text.getvalue().encode()


def write_reason_codes(codes: ReasonCodes, path: Path) -> None:
    """Write the CSV, all or nothing, with permissions 0600: it is about single persons.

    Raises
    ------
    OutputError
        If `path` is a folder, a file of another kind, lies in a report folder, or cannot be written.
    """
    check_output(path)
    incoming = path.with_name(f".{path.name}.incoming-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(reason_codes_csv(codes))
        incoming.replace(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"{path.name} cannot be written: {why}; name another file with --out") from None
    finally:
        incoming.unlink(missing_ok=True)


def check_output(path: Path) -> None:
    """Refuse to write over what is not ours, or where others look.

    Raises
    ------
    OutputError
        If `path` is a folder, a file of another kind, or lies in a report folder.
    """
    if path.is_dir():
        raise OutputError(f"{path.name} is a folder; name a file, e.g. {path.name}/{NAME}")
    if (path.parent / _REPORT).exists():
        raise OutputError(
            f"{path.parent.name} is a report folder, and reasons are about single persons; name another place with --out"
        )
    if path.exists():
        with path.open("rb") as file:
            first = file.readline()
        if first != _MARK + ",".join(COLUMNS).encode() + b"\r\n":
            raise OutputError(f"{path.name} exists and is no export of reasons; name another file with --out")


def safe_cell(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet computes.

    Examples
    --------
    >>> safe_cell("=HYPERLINK()"), safe_cell(" +1"), safe_cell("a"), safe_cell(-0.5)
    ("'=HYPERLINK()", "' +1", 'a', -0.5)
    """
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA) else cell


def _line(codes: ReasonCodes, person: Person) -> tuple[Cell, ...]:
    reasons: list[Reason | None] = [*person.reasons, *[None] * (MOST - len(person.reasons))]
    empty: tuple[Cell, ...] = (None,) * len(_OF_REASON)
    cells = [(one.column, one.text, one.share, one.half_width) if one else empty for one in reasons]
    return (
        person.row,
        person.decision,
        "yes" if person.adverse else "no",
        codes.explanation.units,
        person.score,
        person.base,
        codes.reference.name,
        len(codes.reference),
        codes.reference.digest,
        *(cell for four in cells for cell in four),
        person.not_listed,
        person.listed,
        person.residual,
        person.warning,
        f"{codes.explanation.certificate}; {codes.reference.note}",
    )
