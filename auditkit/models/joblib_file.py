"""Models in joblib and pickle files: loaded only if their digest is known beforehand."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from auditkit.errors import ModelError
from auditkit.models.local import model_from_object
from auditkit.models.model import Model, one_line


def load(path: Path, sha256: str | None) -> Model:
    """Return the model in a joblib or pickle file.

    The digest is taken of the same bytes that are unpickled, so the file cannot change in between.

    Parameters
    ----------
    path : Path
    sha256 : str or None
        Digest of the file its reader trusts.

    Raises
    ------
    ModelError
        If no digest is given, it differs, or the file cannot be loaded.
    """
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if not sha256:
        raise ModelError(
            f"{path.name!r}: unpickling runs code, so the file must be pinned; if you trust it, "
            f"write sha256: {found}, or save the model with skops.io.dump"
        )
    if sha256.lower() != found:
        raise ModelError(
            f"{path.name!r} has the SHA-256 {found}, wanted {sha256.lower()}; "
            "find out who changed the file before you change the digest"
        )
    import joblib

    try:
        obj = joblib.load(io.BytesIO(data))
    except Exception as error:
        raise ModelError(
            f"{path.name!r} cannot be loaded ({one_line(error)}); install the packages it was written with"
        ) from error
    return model_from_object(obj, digest=found, content_known=True)
