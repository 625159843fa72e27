"""Models in skops files: no code is run that the file brings along."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path

from auditkit.errors import ModelError
from auditkit.models.local import model_from_object
from auditkit.models.model import Model, one_line

# skops leaves out of its own list what takes numbers in a file unchecked, e.g. the nodes of a tree. Classes of these
# packages are what models are made of; their functions (numpy.testing holds one that runs text) are not.
_PACKAGES = ("sklearn", "numpy", "scipy", "lightgbm", "xgboost")
_EXACT = ("collections.OrderedDict",)  # LightGBM keeps its evaluation results in one
_NEVER = ("testing", "tests", "f2py", "distutils")


def load(path: Path, trusted: Sequence[str] = ()) -> Model:
    """Return the model in a skops file.

    Parameters
    ----------
    path : Path
    trusted : sequence of str
        Full names of further types it may hold, e.g. ``my_package.MyTransformer``.

    Raises
    ------
    ModelError
        If it is no skops file, or holds types that are not trusted.
    """
    import skops.io

    data = path.read_bytes()
    try:
        wanted = skops.io.get_untrusted_types(data=data)
    except Exception as error:
        raise ModelError(f"{path.name!r} is no skops file ({one_line(error)}); write it with skops.io.dump") from error
    refused = [name for name in wanted if name not in trusted and not _model_part(name)]
    if refused:
        listed = ", ".join(refused)
        raise ModelError(
            f"{path.name!r} holds types that are not trusted: {listed}; to allow them write trusted: [{listed}]"
        )
    try:
        obj = skops.io.loads(data, trusted=wanted)
    except Exception as error:
        raise ModelError(
            f"{path.name!r} cannot be loaded ({one_line(error)}); install the packages it was written with"
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    return model_from_object(obj, digest=digest, trusted_types=tuple(wanted), content_known=True)


def _model_part(name: str) -> bool:
    """Tell whether a name is that of a class in a package that models are made of."""
    if name in _EXACT:
        return True
    module, _, attribute = name.rpartition(".")
    parts = module.split(".")
    if parts[0] not in _PACKAGES or any(part in _NEVER for part in parts):
        return False
    try:
        return isinstance(getattr(importlib.import_module(module), attribute, None), type)
    except ImportError:
        return False
