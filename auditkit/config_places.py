"""Which part of audit.yaml an error speaks of that was found in the data or the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditkit.errors import ModelError

Keys = tuple[str | int, ...]
_HINT = re.compile(r" (?:Known:|Did you mean)")


def blamed(data: Mapping[str, Any], error: Exception) -> Keys | None:
    """Return the way to the one part that an error names, or None where it names none or several.

    Parameters
    ----------
    data : mapping
        What audit.yaml holds.
    error : DataError or ModelError

    Examples
    --------
    >>> blamed({"columns": {"label": "y", "sensitive": ["sex", "race"]}}, ValueError("no column 'race'"))
    ('columns', 'sensitive', 1)
    """
    message = _HINT.split(str(error))[0]
    columns = data.get("columns", {})
    first = message.partition(" ")[0]
    if first.rstrip(":") in columns:
        role = first.rstrip(":")
        named = [keys for keys, value in _columns({role: columns[role]}) if repr(value) in message]
        return named[0] if len(named) == 1 and first == role else ("columns", role)
    if first.rstrip(":") in data:
        return (first.rstrip(":"),)
    if isinstance(error, ModelError):
        return ("model",) if "model" in data else None
    found = [keys for keys, name in _files(data.get("data", {})) if repr(name) in message]
    found = found or [keys for keys, value in _columns(columns) if repr(value) in message]
    return found[0] if len(found) == 1 else None


def _columns(columns: Mapping[str, Any]) -> Iterator[tuple[Keys, object]]:
    for role, given in columns.items():
        if isinstance(given, list):
            yield from ((("columns", role, place), value) for place, value in enumerate(given))
        elif not isinstance(given, Mapping):
            yield ("columns", role), given


def _files(files: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    yield from ((("data", role), Path(name).name) for role, name in files.items() if isinstance(name, str))
