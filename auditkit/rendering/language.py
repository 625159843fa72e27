"""The documents' fixed texts by language: one file each, ``languages/CODE.json``, from the English text to what is said instead."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.rendering.root import template_root

ENGLISH = "en"
_FOLDER = "languages"
_spoken: ContextVar[Mapping[str, str]] = ContextVar("spoken", default={})  # noqa: B039  (never changed in place)


def spoken(text: str, **values: object) -> str:
    """Return a fixed text in the language of the document, with the values in its places.

    Parameters
    ----------
    text : str
        The English text. One that no file knows, in a template of one's own, stays as it is.
    **values : object
        For the places, such as ``{n}``; they are put in as they are, and escaped with the text when it is printed.

    Returns
    -------
    str

    Examples
    --------
    >>> spoken("{n} more in audit.json.", n=3)
    '3 more in audit.json.'
    """
    found = _spoken.get().get(text, text)
    return found.format_map({name: str(value) for name, value in values.items()}) if values else found


def more_in_record(amount: int) -> str:
    """Return how many rows a table leaves to the record; nothing where it leaves none."""
    return spoken("{n} more in audit.json.", n=f"{amount:,}") if amount > 0 else ""


@contextmanager
def speaking(texts: Mapping[str, str]) -> Iterator[None]:
    """Let `spoken` speak the language of these texts within the block."""
    before = _spoken.set(texts)
    try:
        yield
    finally:
        _spoken.reset(before)


def language_texts(language: str, folders: Iterable[Path] = ()) -> Mapping[str, str]:
    """Return the texts of a language; a file in one of the folders wins over the built-in one.

    Parameters
    ----------
    language : str
        Its code, such as ``en``.
    folders : iterable of path
        Template folders of one's own, which may hold ``languages/CODE.json``.

    Returns
    -------
    mapping of English text to text

    Raises
    ------
    ConfigurationError
        If there is no file for the language, or it is damaged, lacks a text, has one that no document says, or has
        other places in a text than the English one.
    """
    english = _english()
    folders = list(folders)
    own = next((file for folder in folders if (file := Path(folder) / _FOLDER / f"{language}.json").is_file()), None)
    if own is None and language == ENGLISH:
        return english
    if own is None:
        known = sorted({ENGLISH, *(file.stem for folder in folders for file in Path(folder, _FOLDER).glob("*.json"))})
        raise ConfigurationError(
            f"there are no texts in the language {language!r}, only in {', '.join(known)}.{did_you_mean(language, known)} "
            f"To add it, translate languages/en.json as {_FOLDER}/{language}.json in the folder that --templates names"
        )
    return _checked(_read(own), english, f"{_FOLDER}/{own.name}")


@cache
def _english() -> Mapping[str, str]:
    content = template_root().joinpath(_FOLDER, f"{ENGLISH}.json").read_text("utf-8")
    found: dict[str, str] = json.loads(content)
    return found


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{_FOLDER}/{file.name} cannot be read: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ConfigurationError(f"{_FOLDER}/{file.name} must hold one object, from English text to text")
    return found


def _checked(found: dict[str, str], english: Mapping[str, str], name: str) -> dict[str, str]:
    unknown = next((text for text in found if text not in english), None)
    if unknown is not None:
        raise ConfigurationError(f"{name}: no document says {unknown!r}.{did_you_mean(unknown, english)}")
    lacking = [text for text in english if text not in found]
    if lacking:
        raise ConfigurationError(f"{name} lacks {len(lacking)} of {len(english)} texts; the first is {lacking[0]!r}")
    for text, said in found.items():
        if _places(text) != _places(said):
            raise ConfigurationError(
                f"{name}: {said!r} must have the places {sorted(_places(text)) or 'of the English text: none'}, as {text!r} has"
            )
    return found


def _places(text: str) -> set[str]:
    try:
        return {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}
    except ValueError:  # a single brace, which is no place
        return {"{"}
