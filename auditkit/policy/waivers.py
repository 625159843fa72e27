"""Waivers as they are written: two people, a day, and a rule and group that they can speak of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from auditkit.errors import did_you_mean
from auditkit.policy.placed import Placed
from auditkit.policy.rules import ANY, Rule, Waiver
from auditkit.yamlfile import Document

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


def waivers_of(document: Document, rules: Mapping[str, Placed]) -> tuple[Waiver, ...]:
    """Return the waivers that a file holds.

    Raises
    ------
    ConfigurationError
        If one has no such rule, can never match it, ends on no day, or was requested and approved by one person.
    """
    return tuple(
        _waiver(document, index, entry, rules) for index, entry in enumerate(document.data.get("waivers") or ())
    )


def _waiver(document: Document, index: int, entry: Mapping[str, Any], rules: Mapping[str, Placed]) -> Waiver:
    placed = rules.get(entry["rule"])
    if placed is None:
        message = f"waiver for {entry['rule']!r}, but no rule has this id.{did_you_mean(entry['rule'], rules)}"
        raise document.error(message, "waivers", index, "rule")
    for key in ("requested_by", "approved_by", "reason"):
        if not entry[key].strip():
            raise document.error(f"{key}: got blanks, wanted text", "waivers", index, key)
    if _person(entry["requested_by"]) == _person(entry["approved_by"]):
        message = f"requested and approved by {entry['approved_by']!r}; a waiver takes two different people"
        raise document.error(message, "waivers", index, "approved_by")
    group = entry.get("group")
    waiver = Waiver(
        rule=entry["rule"],
        reason=entry["reason"],
        requested_by=entry["requested_by"],
        approved_by=entry["approved_by"],
        until=date.fromisoformat(entry["until"]),  # the schema lets only days through
        group=tuple(group) if isinstance(group, list) else group,
    )
    if not _can_match(waiver, placed.rule):
        message = f"rule {placed.rule.id!r} speaks of {_speaks_of(placed.rule)}, so this waiver can never match; "
        raise document.error(message + "give a group that the rule judges, or none", "waivers", index, "group")
    return waiver


def _person(written: str) -> str:
    """Return what tells one person from another: the mail address where there is one, else the name without its case."""
    text = " ".join(unicodedata.normalize("NFKC", written).casefold().split())
    found = _ADDRESS.search(text)
    return found.group() if found else text


def _can_match(waiver: Waiver, rule: Rule) -> bool:
    if waiver.group is None:
        return True
    if isinstance(waiver.group, Mapping):
        if rule.each_group is not None:
            return len(waiver.group) == 1 and rule.each_group in (ANY, *waiver.group)
        return isinstance(rule.group, Mapping) and dict(rule.group) == dict(waiver.group)
    if rule.group is None or isinstance(rule.group, Mapping):
        return False
    named = [waiver.group] if isinstance(waiver.group, str) else waiver.group
    return (rule.group == ANY and len(named) == 1) or set(named) == set(rule.columns)


def _speaks_of(rule: Rule) -> str:
    if rule.each_group is not None:
        return "each group of " + ("every sensitive column" if rule.each_group == ANY else repr(rule.each_group))
    if rule.group is None:
        return "all rows"
    if isinstance(rule.group, Mapping):
        return "the group " + ", ".join(f"{name} {value}" for name, value in rule.group.items())
    return "the gap over " + ("each sensitive column" if rule.group == ANY else " and ".join(map(repr, rule.columns)))
