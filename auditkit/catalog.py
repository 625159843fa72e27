"""Finds the auditors: those of this package by their path, those of others by entry point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points

from auditkit import auditors
from auditkit.declare import Auditor
from auditkit.errors import ConfigurationError, did_you_mean

ENTRY_POINTS = "auditkit.auditors"


@cache
def catalogue() -> dict[str, Auditor]:
    """Return all auditors by id, sorted.

    Raises
    ------
    ConfigurationError
        If an entry point does not name an auditor, or takes an id that exists.
    """
    found: dict[str, Auditor] = {}
    for module in pkgutil.walk_packages(auditors.__path__, auditors.__name__ + "."):
        if not module.ispkg:
            name = module.name.rpartition(".")[2]
            entry = getattr(importlib.import_module(module.name), name)
            found[entry.id] = entry
    for point in entry_points(group=ENTRY_POINTS):
        entry = point.load()
        if not isinstance(entry, Auditor) or entry.id in found:
            raise ConfigurationError(
                f"entry point {point.name!r} is no auditor, or its id is taken; see auditkit.auditor"
            )
        found[entry.id] = entry
    return dict(sorted(found.items()))


def select(only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[list[Auditor], list[str]]:
    """Return the auditors to run and the ids left out; a family (``fairness``) stands for its auditors.

    Raises
    ------
    ConfigurationError
        If a name is neither an auditor nor a family.
    """
    known = catalogue()
    wanted, unwanted = _expand(only, known), _expand(skip, known)
    chosen = [entry for name, entry in known.items() if (not wanted or name in wanted) and name not in unwanted]
    return chosen, [name for name in known if name not in {entry.id for entry in chosen}]


def _expand(names: Iterable[str], known: dict[str, Auditor]) -> set[str]:
    families = {name.partition(".")[0] for name in known}
    expanded: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        if name in known:
            expanded.add(name)
        elif name in families:
            expanded |= {other for other in known if other.startswith(name + ".")}
        else:
            raise ConfigurationError(f"there is no auditor {name!r}.{did_you_mean(name, [*known, *families])}")
    return expanded
