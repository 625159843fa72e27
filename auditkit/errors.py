"""The exceptions of auditkit.

::

    AuditkitError                  a user's mistake or a broken input; exit code 2
      x ConfigurationError         audit.yaml, policy.yaml or an option is wrong (with file, line, column)
      x DataError                  a table is missing, empty or does not hold what it must
      x ModelError                 a model cannot be loaded, raises, or answers with the wrong shape
      x OutputError                the output folder cannot be written, or holds foreign files
      x RecordError                an audit.json that cannot be read or does not verify; exit code 4
      x NotApplicable              an auditor cannot run on this subject: why, and what to pass
      x InsufficientData           an auditor could run, but the rows are too few to say anything

Every message says what was got, what was wanted and what to do next, on one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AuditkitError(Exception):
    """A mistake that its reader can mend: one line, no traceback."""

    exit_code = 2


class ConfigurationError(AuditkitError):
    """A YAML file or an option is wrong.

    Parameters
    ----------
    message : str
        What was got, what was wanted, what to do.
    file, line, column : str and int, optional
        Where it stands; lines and columns count from 1.
    source : str, optional
        The text of that line, shown under the message.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        source: str | None = None,
    ) -> None:
        self.message, self.file, self.line, self.column, self.source = message, file, line, column, source
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)


class DataError(AuditkitError):
    """A table is missing, empty or does not hold what it must."""


class ModelError(AuditkitError):
    """A model cannot be loaded, raises, or answers with the wrong shape."""


class OutputError(AuditkitError):
    """The output folder cannot be written, or holds files that are not ours."""


class RecordError(AuditkitError):
    """An audit.json that cannot be read, is of a later version, or does not verify."""

    exit_code = 4


ON_REQUEST = "made on request"  # how the reason begins of an auditor that an option must ask for


class NotApplicable(AuditkitError):
    """An auditor cannot run on this subject; the message says why and what to pass."""


class InsufficientData(AuditkitError):
    """An auditor could run, but the rows are too few to say anything."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names that look most like a misspelt one, the nearest first.

    Examples
    --------
    >>> nearest("germny", ["germany", "france", "guernsey"])
    ['germany', 'guernsey']
    """
    return difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for a misspelt name, or the known names, or nothing.

    Examples
    --------
    >>> did_you_mean("sxe", ["sex", "race"])
    " Did you mean 'sex'?"
    """
    names = sorted(set(known))
    by_lower = {other.lower(): other for other in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {by_lower[close[0]]!r}?"
    if not names:
        return ""
    shown = ", ".join(repr(other) for other in names[:12])
    return f" Known: {shown}{' and more' if len(names) > 12 else ''}."
