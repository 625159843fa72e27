"""Rules that no value can keep together, and rules that nothing can ever match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from auditkit.catalog import catalogue
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.policy.placed import Placed
from auditkit.policy.rules import ANY, Place, Rule

_BY_SENSITIVE = ("fairness", "performance")  # families whose groups are those of the sensitive columns, and no others


def check_together(rules: Sequence[Placed]) -> None:
    """Refuse two rules on one measure and group whose limits no value can keep.

    A pattern means each measure that it covers, ``*`` each column; rules that only apply in different deployments never meet.

    Raises
    ------
    ConfigurationError
        At the later of the two.
    """
    limited = [placed for placed in rules if not placed.rule.measured and placed.rule.severity != "info"]
    for first, second in combinations(limited, 2):
        shared = _shared(first.rule, second.rule)
        if not shared:
            continue
        for low, high in ((first, second), (second, first)):
            least, most = _side(low.rule, "min"), _side(high.rule, "max")
            if least is None or most is None or least <= most:
                continue
            raise second.document.error(
                f"no value keeps both {low.rule.id!r} (at least {least:g}) and {high.rule.id!r} (at most {most:g}) "
                f"on {shared}; drop one",
                "rules",
                second.index,
            )


def _side(rule: Rule, kind: str) -> float | None:
    if rule.of_change:
        return None
    return next((limit.value for limit in rule.limits() if limit.kind == kind), None)


def _shared(first: Rule, second: Rule) -> str:
    """Return a measure that both speak of, of the same rows in the same deployment; empty if there is none."""
    if first.dataset != second.dataset or not _groups_meet(first, second) or not _deployments_meet(first, second):
        return ""
    if first.measure == second.measure:
        return first.measure
    made = (f"{name}.{measure}" for name, entry in catalogue().items() for measure in entry.measures)
    return next((name for name in made if first.covers(name) and second.covers(name)), "")


def _groups_meet(first: Rule, second: Rule) -> bool:
    if first.each_group is not None and second.each_group is not None:
        return ANY in (first.each_group, second.each_group) or first.each_group == second.each_group
    for one, other in ((first, second), (second, first)):
        if one.each_group is not None and other.each_group is None:
            return isinstance(other.group, Mapping) and tuple(other.group) in (
                (one.each_group,),
                _any(one, other.group),
            )
    if isinstance(first.group, Mapping) or isinstance(second.group, Mapping):
        return first.group == second.group
    if first.group is None or second.group is None:
        return first.group is second.group
    columns = [frozenset([named] if isinstance(named, str) else named) for named in (first.group, second.group)]
    single = all(len(named) == 1 for named in columns)
    return columns[0] == columns[1] or (single and frozenset([ANY]) in columns)


def _any(rule: Rule, group: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(group) if rule.each_group == ANY and len(group) == 1 else ()


def _deployments_meet(first: Rule, second: Rule) -> bool:
    return all(
        set(first.applies_to[name]) & set(second.applies_to[name])
        for name in first.applies_to.keys() & second.applies_to.keys()
    )


def check_columns(
    rules: Sequence[Rule], places: Mapping[str, Place], sensitive: Sequence[str], deployment: Mapping[str, object]
) -> None:
    """Refuse a rule on groups of a column that an audit does not compare: nothing could ever match it.

    Raises
    ------
    ConfigurationError
        At the rule.
    """
    for rule in rules:
        if rule.measure.partition(".")[0] not in _BY_SENSITIVE or not rule.applies(deployment):
            continue
        unknown = [column for column in rule.columns if column not in sensitive]
        if not unknown:
            continue
        hint = did_you_mean(unknown[0], sensitive) if sensitive else " It names none."
        message = f"rule {rule.id!r} can never match: {unknown[0]!r} is no sensitive column of the audit.{hint}"
        place = places.get(rule.id)
        if place is None:
            raise ConfigurationError(message)
        name = Path(place.file)
        lines = name.read_text(encoding="utf-8-sig").splitlines() if name.is_file() else []
        source = lines[place.line - 1] if place.line <= len(lines) else None
        raise ConfigurationError(message, file=name.name, line=place.line, column=place.column, source=source)
