"""From a line of audit.yaml to a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from auditkit.errors import ModelError, did_you_mean
from auditkit.models import joblib_file, python_object, skops_file
from auditkit.models.model import Model

_KEYS = ("file", "sha256", "trusted", "python", "version")
_PICKLES = (".joblib", ".pkl", ".pickle")
_SUFFIXES = (".skops", *_PICKLES)


def load_model(spec: str | Mapping[str, object], folder: Path, allow_code: bool = True) -> Model:
    """Return the model that a specification names.

    Parameters
    ----------
    spec : str or mapping
        A file name; ``{"file": ..., "sha256": ..., "trusted": [...]}``; or ``{"python": "module:name"}``.
    folder : Path
        What relative names are relative to.
    allow_code : bool
        False refuses whatever runs code on loading: pickles and Python modules.

    Raises
    ------
    ModelError
        If the specification is malformed, the file is missing or changed, or the model cannot be loaded.
    """
    wanted: Mapping[str, object] = {"file": spec} if isinstance(spec, str) else spec
    for key in wanted:
        if key not in _KEYS:
            raise ModelError(f"model has no key {key!r}.{did_you_mean(str(key), _KEYS)}")
    if "python" in wanted:
        if wanted.keys() - {"python", "version"}:
            raise ModelError("model names python and a file; keep one of them")
        version = _text(wanted, "version") if "version" in wanted else None
        return python_object.load(_text(wanted, "python"), folder, allowed=allow_code, version=version)
    name = _text(wanted, "file")
    path = folder / name
    if path.suffix.lower() not in _SUFFIXES:
        if re.fullmatch(r"[\w.]+:\w+", name):
            raise ModelError(f"model {name!r} is no file; for Python code write model: {{python: {name!r}}}")
        raise ModelError(f"model file {name!r} has the suffix {path.suffix!r}; use {', '.join(_SUFFIXES)}")
    _check_file(path, name)
    pin = _text(wanted, "sha256") if "sha256" in wanted else None
    if path.suffix.lower() in _PICKLES:
        if not allow_code:
            raise ModelError(f"{path.name!r} is refused: unpickling runs code; allow code, or save it as skops")
        return joblib_file.load(path, pin)
    model = skops_file.load(path, _names(wanted.get("trusted")))
    if pin is not None and model.digest != pin.lower():
        raise ModelError(
            f"{path.name!r} has the SHA-256 {model.digest}, wanted {pin.lower()}; "
            "find out who changed the file before you change the digest"
        )
    return model


def _text(spec: Mapping[str, object], key: str) -> str:
    value = spec.get(key)
    if not isinstance(value, str) or not value:
        raise ModelError(f"model needs {key}: a text, got {value!r}; write e.g. model: {{file: model.skops}}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ModelError(f"model: trusted is {value!r}; write a list of type names, e.g. trusted: [my_package.MyStep]")
    return tuple(value)


def _check_file(path: Path, name: str) -> None:
    if path.is_file():
        return
    if path.exists():
        raise ModelError(f"model {name!r} is a folder, not a file; name one file in it")
    near = [other.name for other in path.parent.iterdir() if other.is_file()] if path.parent.is_dir() else []
    raise ModelError(f"there is no model file {name!r}.{did_you_mean(path.name, near)}")
