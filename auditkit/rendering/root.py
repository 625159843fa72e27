"""Where the built-in templates and the texts of the documents are."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def template_root() -> Traversable:
    """Return the folder of the built-in templates, in a wheel or in a checkout."""
    packaged = resources.files("auditkit") / "_templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "reports" / "templates"
