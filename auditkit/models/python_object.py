"""Models in Python code: ``module:name``, imported from one folder."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from auditkit.errors import ModelError, did_you_mean
from auditkit.models.local import model_from_object
from auditkit.models.model import Model, one_line

_loaded: set[str] = set()  # top-level modules that came from a user's folder; another folder may have its own


def load(spec: str, folder: Path, allowed: bool = True, version: str | None = None) -> Model:
    """Import an object with ``predict``, a function, or a class that needs no arguments.

    Parameters
    ----------
    spec : str
        ``module:name``; the module lies in `folder`, or is installed.
    folder : Path
        The only folder put on the import path, for the time of the import.
    allowed : bool
        False refuses: importing runs code.
    version : str, optional
        What somebody declares this code, and all that it reads, to be: findings may then be kept until it changes.

    Raises
    ------
    ModelError
        If it is refused, cannot be imported, or cannot predict.
    """
    module_name, colon, name = spec.partition(":")
    if not colon or not name or not all(part.isidentifier() for part in module_name.split(".")):
        raise ModelError(f"python: {spec!r} is no module:name; write e.g. python: my_model:predict")
    if not allowed:
        raise ModelError(f"python: {spec!r} is not loaded, since importing runs code; allow code, or use a skops file")
    module = _imported(module_name, folder.resolve())
    obj = getattr(module, name, None)
    if obj is None:
        raise ModelError(f"module {module_name!r} has no {name!r}.{did_you_mean(name, _public(module))}")
    if isinstance(obj, type):
        try:
            obj = obj()
        except Exception as error:
            raise ModelError(f"{spec!r} raised {one_line(error)}; name a ready object") from error
    return model_from_object(obj, digest=_digest(module, name, version or ""), content_known=version is not None)


def _public(module: ModuleType) -> list[str]:
    return [name for name in vars(module) if not name.startswith("_")]


def _imported(name: str, folder: Path) -> ModuleType:
    top = name.partition(".")[0]
    own = (folder / f"{top}.py").exists() or (folder / top).is_dir()
    if own:
        _make_room(top, folder)
    with _on_path(folder):
        importlib.invalidate_caches()
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            files = [file.stem for file in folder.glob("*.py")] if folder.is_dir() else []
            missing = error.name or name
            hint = did_you_mean(missing, files) if missing == top else f" It is imported by {name!r}: install it."
            raise ModelError(f"there is no module {missing!r} in {folder.name!r} or installed.{hint}") from error
        except Exception as error:
            raise ModelError(f"importing {name!r} raised {one_line(error)}; mend the module") from error
    if own:
        _loaded.add(top)
    return module


def _make_room(top: str, folder: Path) -> None:
    """Forget a user's module of that name from another folder; refuse to shadow anything else."""
    present = sys.modules.get(top)
    if present is None:
        if top in sys.stdlib_module_names:
            raise ModelError(f"{top}.py bears the name of a module of Python itself; rename the file")
        return
    file = getattr(present, "__file__", None)
    if file is not None and Path(file).resolve().is_relative_to(folder):
        return
    if top not in _loaded:
        raise ModelError(f"a module {top!r} is already imported from elsewhere; rename {top}.py")
    for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
        del sys.modules[name]


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def _digest(module: ModuleType, name: str, version: str) -> str:
    file = getattr(module, "__file__", None)
    source = Path(file).read_bytes() if file and Path(file).is_file() else module.__name__.encode()
    declared = b"\0" + version.encode() if version else b""
    return hashlib.sha256(source + b"\0" + name.encode() + declared).hexdigest()
