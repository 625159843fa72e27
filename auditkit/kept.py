"""Drawings and typeset pages that nothing has changed for: made once, and found again by all that they are made from."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from auditkit.cache import read_json, source_digest, write_json

_MADE_BY = {"svg": ("matplotlib", "numpy"), "pdf": ("typst", "matplotlib", "fonttools")}
_folder: ContextVar[Path | None] = ContextVar("kept", default=None)


@contextmanager
def keeping(folder: Path | None) -> Iterator[None]:
    """Keep what is made within the block in a folder, and take from there what was made before; None keeps nothing."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def kept(kind: str, source: str, make: Callable[[], bytes]) -> bytes:
    """Return what `make` makes of a source, or made of it before.

    Parameters
    ----------
    kind : {'svg', 'pdf'}
    source : str
        All that the result depends on, but for this package, the packages that make it and Python, which are added.
    make : callable

    Notes
    -----
    A file that was cut short or changed does not match its own digest and counts as none. Whoever can write to the folder
    can write a digest too: it guards against accidents, not against people.
    """
    folder = _folder.get()
    if folder is None:
        return make()
    parts = [kind, source, source_digest(), sys.version, *(f"{name} {_version(name)}" for name in _MADE_BY[kind])]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    file = folder / f"{digest}.json"
    known = _known(file)
    if known is not None:
        return known
    made = make()
    write_json(file, {"sha256": hashlib.sha256(made).hexdigest(), "base64": base64.b64encode(made).decode()})
    return made


def _known(file: Path) -> bytes | None:
    data = read_json(file)
    try:
        content = base64.b64decode(data["base64"], validate=True)
        return content if hashlib.sha256(content).hexdigest() == data["sha256"] else None
    except (KeyError, TypeError, ValueError):
        return None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
