"""policy.yaml to rules and waivers, with what it extends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from auditkit.catalog import catalogue
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.policy.conflicts import check_together
from auditkit.policy.placed import Placed
from auditkit.policy.rules import Place, Rule, Waiver
from auditkit.policy.waivers import waivers_of
from auditkit.yamlfile import Document, load_policy_document

PREFIX = "auditkit:"
_RULE_KEYS = frozenset(field.name for field in fields(Rule))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The content of a policy file and of all it extends."""

    data: Mapping[str, Any]
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...]
    replaced_waivers: tuple[Waiver, ...]
    canonical: bytes
    places: Mapping[str, Place]


def packs() -> dict[str, Path]:
    """Return the built-in packs by name, each a policy.yaml that others can extend."""
    folder = Path(str(resources.files("auditkit") / "policies"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(path: Path) -> Loaded:
    """Read policy.yaml and what it extends.

    Raises
    ------
    ConfigurationError
        With file, line and column: an unknown key, a rule without a limit, a measure that no auditor makes, two rules of
        one id, limits that cannot hold together, or a waiver for a rule that is not there.
    """
    document = load_policy_document(path)
    placed, contents, waived = _collected(document, ())
    check_together(placed)
    last = {entry.rule.id: entry.rule for entry in placed}
    waivers = tuple(waiver for waiver, rule in waived if rule is last[rule.id])
    replaced = tuple(waiver for waiver, rule in waived if rule is not last[rule.id])
    canonical = json.dumps(contents, sort_keys=True, default=str, separators=(",", ":")).encode()
    rules = tuple(entry.rule for entry in placed)
    if not rules:
        raise document.error("the policy has no rules; give rules:, or extends: with a pack that has some", "policy")
    inherited: dict[str, Any] = {}
    for content in contents[1:][::-1]:
        inherited |= {key: content[key] for key in ("prove", "false_alarm", "valid_for_days") if key in content}
    places = {entry.rule.id: entry.place for entry in placed}
    return Loaded({**inherited, **document.data}, rules, waivers, replaced, canonical, places)


Collected = tuple[list[Placed], list[Mapping[str, Any]], list[tuple[Waiver, Rule]]]


def _collected(document: Document, above: tuple[Path, ...]) -> Collected:
    """Return the rules of a file behind those that it extends, the contents of all files, its own first, and all waivers.

    Each waiver stands with the rule that it was given for: one that another file replaces has another limit, which nobody
    approved a breach of.
    """
    if document.path.resolve() in above:
        raise document.error("the policy extends itself, through other files; break the circle", "extends")
    rules: list[Placed] = []
    contents: list[Mapping[str, Any]] = [document.data]
    waivers: list[tuple[Waiver, Rule]] = []
    for index, name in enumerate(document.data.get("extends") or ()):
        other = load_policy_document(_extended(document, str(name), index))
        inherited, inner, accepted = _collected(other, (*above, document.path.resolve()))
        if str(name).startswith(PREFIX):
            inherited = [replace(one, place=_place(document, "extends", index)) for one in inherited]
        rules += inherited
        contents += inner
        waivers += accepted
    for index, entry in enumerate(document.data.get("rules") or ()):
        placed = Placed(_rule(document, index, entry), document, index, _place(document, "rules", index))
        same = next((one for one in rules if one.rule.id == placed.rule.id), None)
        if same is None and entry.get("override"):
            hint = did_you_mean(placed.rule.id, [one.rule.id for one in rules])
            raise document.error(
                f"nothing to override: no extended rule {placed.rule.id!r}.{hint}", "rules", index, "id"
            )
        if same is not None and not entry.get("override"):
            raise document.error(
                f"rule id {placed.rule.id!r} stands in {same.document.path.name} too; give another id, or say "
                "override: true to replace that rule",
                "rules",
                index,
                "id",
            )
        rules = [one for one in rules if one is not same] + [placed]
    twice = {one.rule.id for one in rules if sum(other.rule.id == one.rule.id for other in rules) > 1}
    if twice:
        raise document.error(f"rule id {min(twice)!r} stands in two files that are extended; extend one", "extends")
    known = {one.rule.id: one for one in rules}
    waivers += [(waiver, known[waiver.rule].rule) for waiver in waivers_of(document, known)]
    return rules, contents, waivers


def policy_path(name: str | Path) -> Path:
    """Return the file of a policy: the one that is named, or of ``auditkit:starter`` and its like the one of this package.

    Raises
    ------
    ConfigurationError
        If there is no such pack.
    """
    if not str(name).startswith(PREFIX):
        return Path(name)
    known = {PREFIX + pack: path for pack, path in packs().items()}
    if str(name) not in known:
        raise ConfigurationError(f"there is no policy {str(name)!r}.{did_you_mean(str(name), known)}")
    return known[str(name)]


def _place(document: Document, *keys: str | int) -> Place:
    return Place(str(document.path), *document.position(*keys))


def _extended(document: Document, name: str, index: int) -> Path:
    if name.startswith(PREFIX):
        known = packs()
        if name.removeprefix(PREFIX) not in known:
            hint = did_you_mean(name, [PREFIX + pack for pack in known])
            raise document.error(f"there is no pack {name!r}.{hint}", "extends", index)
        return known[name.removeprefix(PREFIX)]
    path = document.path.parent / name
    if not path.is_file():
        names = [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, names)
        raise document.error(f"no such file: {name!r}; packs begin with {PREFIX!r}.{hint}", "extends", index)
    return path


def _rule(document: Document, index: int, entry: Mapping[str, Any]) -> Rule:
    group, between = entry.get("group"), entry.get("between")
    values = {key: value for key, value in entry.items() if key in _RULE_KEYS}
    values["group"] = tuple(group) if isinstance(group, list) else group
    if between is not None:
        if between[0] > between[1]:
            raise document.error(
                f"between: got {between[0]} to {between[1]}, wanted the lower limit first", "rules", index, "between"
            )
        values["between"] = (float(between[0]), float(between[1]))
    values["applies_to"] = {
        name: (wanted,) if isinstance(wanted, str) else tuple(wanted)
        for name, wanted in (entry.get("applies_to") or {}).items()
    }
    rule = Rule(**values)
    _check_measure(document, index, rule)
    return rule


def _check_measure(document: Document, index: int, rule: Rule) -> None:
    known = catalogue()
    if rule.is_pattern:
        if not any(rule.covers(f"{name}.{made}") for name, entry in known.items() for made in entry.measures):
            raise document.error(
                f"no auditor makes a measure like {rule.measure!r}; * stands for one part between dots",
                "rules",
                index,
                "measure",
            )
        return
    finding, _, name = rule.measure.rpartition(".")
    if finding not in known or not name:
        hint = did_you_mean(finding or name, known)
        raise document.error(f"no auditor makes the measure {rule.measure!r}.{hint}", "rules", index, "measure")
    made = known[finding].measures
    if made and name not in made:
        raise document.error(
            f"{finding} makes no measure {name!r}.{did_you_mean(name, made)}", "rules", index, "measure"
        )


def load_pack(name: str) -> Loaded:
    """Return a built-in pack.

    Raises
    ------
    ConfigurationError
        If there is none of this name.
    """
    known = packs()
    if name not in known:
        raise ConfigurationError(f"there is no pack {name!r}.{did_you_mean(name, known)}")
    return load(known[name])


__all__ = ["Loaded", "load", "load_pack", "packs"]
