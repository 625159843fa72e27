"""A rule and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.policy.rules import Place, Rule
from auditkit.yamlfile import Document


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule, where it stands, and the place in a file of the reader's own that brings it in."""

    rule: Rule
    document: Document
    index: int
    place: Place
