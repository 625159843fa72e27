"""YAML with positions, a schema and "did you mean", for audit.yaml and policy.yaml alike.

YAML 1.2: ``no``, ``yes`` and ``on`` are texts. Dates stay exactly the text that was written (``"2027-06-30"``), so that
nothing depends on a parser's idea of a calendar; the schema's ``format: date`` says which texts must be real dates.
Anchors used again, tags, several documents in one file, NaN and Infinity are refused: a reviewer reads what the
machine reads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Keys = tuple[str | int, ...]
Position = tuple[int, int]

_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(_TAG + name for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp"))
_TYPE_NAMES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file holds, and where each part of it stands.

    Parameters
    ----------
    data : dict
        Plain dicts, lists and scalars; dates are ISO texts.
    path : Path
        The file that was read.
    lines : tuple of str
        Its text, for messages.
    positions : mapping of keys to (line, column)
        For each key the place of the key, for each item of a list the place of the item; both count from 1.
    """

    data: dict[str, Any]
    path: Path
    lines: tuple[str, ...] = field(default=(), repr=False)
    positions: Mapping[Keys, Position] = field(default_factory=dict, repr=False)

    def position(self, *keys: str | int) -> Position:
        """Return the line and column of a part, or of the nearest part that stands in the file.

        Parameters
        ----------
        *keys : str or int
            The way to it: ``position("rules", 0, "min")``.

        Returns
        -------
        tuple of int
            Line and column, from 1.
        """
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.positions:
                return self.positions[keys[:length]]
        return (1, 1)

    def error(self, message: str, *keys: str | int) -> ConfigurationError:
        """Return, not raise, the error that points at a part of this file.

        Parameters
        ----------
        message : str
            What was got, what was wanted, what to do.
        *keys : str or int
            The way to the part.

        Returns
        -------
        ConfigurationError
            With file name, line, column and the text of the line.
        """
        return _error(message, self.path, self.lines, *self.position(*keys))


def load_yaml(path: Path, schema: Mapping[str, Any]) -> Document:
    """Read a YAML file and hold it against a schema.

    Parameters
    ----------
    path : Path
        The file.
    schema : mapping
        A JSON Schema, Draft 2020-12.

    Returns
    -------
    Document
        The data with their positions.

    Raises
    ------
    ConfigurationError
        The file is missing, is not YAML, has a key twice, or does not follow the schema.
    """
    text = _read_text(path)
    lines = tuple(text.splitlines())
    data, positions = _parse(text, path, lines)
    if data is None:
        raise ConfigurationError("the file is empty; wanted keys and values", file=path.name)
    document = Document(data, path, lines, positions)
    _check_schema(document, schema)
    return document


def schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema that ships with auditkit.

    Parameters
    ----------
    name : str
        ``"audit"`` or ``"policy"``.

    Returns
    -------
    dict
        The schema, Draft 2020-12.

    Examples
    --------
    >>> schema("policy")["title"]
    'policy.yaml'
    """
    source = resources.files("auditkit") / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return loaded


def load_policy_document(path: Path) -> Document:
    """Read a policy.yaml: its schema and unique rule ids.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Document
        The data with their positions.

    Raises
    ------
    ConfigurationError
        The file is missing or wrong, or two rules have one id.
    """
    document = load_yaml(path, schema("policy"))
    first: dict[str, int] = {}
    for index, rule in enumerate(document.data.get("rules") or ()):
        name = rule["id"]
        if name in first:
            line, _ = document.position("rules", first[name], "id")
            message = f"rule id {name!r} stands twice (first on line {line}); give each rule its own id"
            raise document.error(message, "rules", index, "id")
        first[name] = index
    return document


def _error(message: str, path: Path, lines: Sequence[str], line: int, column: int) -> ConfigurationError:
    source = lines[line - 1] if 0 < line <= len(lines) else None
    return ConfigurationError(message, file=path.name, line=line, column=column, source=source)


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise ConfigurationError(f"{path.name!r} is a folder; wanted a YAML file", file=path.name)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        names = [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, names) or " To have one proposed: auditkit init DATA"
        raise ConfigurationError(f"no such file: {path.name!r}.{hint}") from None
    except UnicodeDecodeError as problem:
        message = f"byte {problem.start} is not UTF-8; save the file as UTF-8"
        raise ConfigurationError(message, file=path.name) from None
    except OSError as problem:
        raise ConfigurationError(f"cannot be read: {problem.strerror}", file=path.name) from None


def _parse(text: str, path: Path, lines: Sequence[str]) -> tuple[Any, dict[Keys, Position]]:
    """Compose the nodes once for the positions and what YAML allows but we do not, then once for the values."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    class Constructor(YAML(typ="safe", pure=True).Constructor):  # type: ignore[misc]
        """Keeps dates as they were written."""

    Constructor.add_constructor(_TAG + "timestamp", lambda loader, node: loader.construct_scalar(node))
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Constructor
    try:
        root = YAML(typ="rt").compose(text)
        positions = dict(_walk(root, (), set(), lambda message, mark: _error(message, path, lines, *_at(mark))))
        return reader.load(text), positions
    except YAMLError as problem:
        raise _syntax_error(problem, path, lines) from None
    except RecursionError:
        raise ConfigurationError("nested too deeply to be read; flatten it", file=path.name) from None
    except ValueError as problem:
        raise ConfigurationError(f"a value cannot be read: {_one_line(str(problem))}", file=path.name) from None


def _at(mark: Any) -> Position:
    return (mark.line + 1, mark.column + 1)


def _walk(
    node: Any, keys: Keys, seen: set[int], fail: Callable[[str, Any], ConfigurationError]
) -> Iterator[tuple[Keys, Position]]:
    if node is None:
        return
    if id(node) in seen:
        raise fail("an anchor is used again (&, *); write the value out at each place", node.start_mark)
    seen.add(id(node))
    _check_node(node, fail)
    if not keys:
        yield keys, _at(node.start_mark)
    if isinstance(node.value, str):
        return
    if str(node.tag) == _TAG + "map":
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = _key(key, fail)
            if name in lines:
                raise fail(f"{name!r} stands twice (first on line {lines[name]}); keep one", key.start_mark)
            lines[name] = key.start_mark.line + 1
            yield (*keys, name), _at(key.start_mark)
            yield from _walk(value, (*keys, name), seen, fail)
    else:
        for index, value in enumerate(node.value):
            yield (*keys, index), _at(value.start_mark)
            yield from _walk(value, (*keys, index), seen, fail)


def _check_node(node: Any, fail: Callable[[str, Any], ConfigurationError]) -> None:
    tag = str(node.tag)
    if tag not in _KNOWN_TAGS:
        shown = "<<" if tag == _TAG + "merge" else tag.replace(_TAG, "!!")
        raise fail(f"the tag {shown!r} is not read here; write a plain value", node.start_mark)
    if tag == _TAG + "float" and isinstance(node.value, str):
        number = node.value.replace("_", "").lower().lstrip("+-")
        if number in {".nan", ".inf"} or not math.isfinite(float(number)):
            raise fail(f"got {node.value}, wanted a finite number", node.start_mark)


def _key(node: Any, fail: Callable[[str, Any], ConfigurationError]) -> str:
    _check_node(node, fail)
    if str(node.tag) == _TAG + "str":
        return str(node.value)
    shown = repr(node.value) if isinstance(node.value, str) else "a list or mapping"
    raise fail(f"got the key {shown}, wanted text; put it in quotes", node.start_mark)


def _syntax_error(problem: Any, path: Path, lines: Sequence[str]) -> ConfigurationError:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    if mark is None:
        reason = _one_line(str(getattr(problem, "reason", "") or problem).split("\n", maxsplit=1)[0])
        return ConfigurationError(f"not valid YAML: {reason}", file=path.name)
    line, column = _at(mark)
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in source[: max(column, len(source) - len(source.lstrip()))]:
        return _error("a tab stands where YAML wants blanks; indent with blanks", path, lines, line, column)
    reason = _one_line(str(getattr(problem, "problem", None) or getattr(problem, "context", None) or problem))
    return _error(f"not valid YAML: {reason}; look at this line and the one above", path, lines, line, column)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# What a schema's refusal says


def _check_schema(document: Document, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator, FormatChecker

    validator = Draft202012Validator(schema, format_checker=FormatChecker(formats=["date"]))
    problems = [_innermost(problem) for problem in validator.iter_errors(document.data)]
    if not problems:
        return
    # A misspelt key is often also a missing one: the misspelling is what its reader can mend.
    order = {"additionalProperties": 0, "required": 2}
    found = [(order.get(str(problem.validator), 1), *_describe(problem)) for problem in problems]
    _, message, keys = min(found, key=lambda item: (item[0], document.position(*item[2]), item[1]))
    raise document.error(message, *keys)


def _innermost(problem: ValidationError) -> ValidationError:
    """Go into the one branch of an anyOf that was meant: the one whose type the value has."""
    if problem.validator != "anyOf":
        return problem
    depth = len(problem.absolute_path)
    by_branch: dict[Any, list[ValidationError]] = {}
    for inner in problem.context or ():
        by_branch.setdefault(inner.schema_path[0], []).append(inner)
    meant = [
        found
        for found in by_branch.values()
        if not any(e.validator == "type" and len(e.absolute_path) == depth for e in found)
    ]
    if len(meant) != 1:
        return problem
    order = {"additionalProperties": 0, "required": 2}
    return _innermost(min(meant[0], key=lambda e: order.get(str(e.validator), 1)))


def _describe(problem: ValidationError) -> tuple[str, Keys]:
    """Return the message and the keys of the place it speaks of."""
    keys: Keys = tuple(problem.absolute_path)
    instance: Any = problem.instance
    schema: Mapping[str, Any] = problem.schema if isinstance(problem.schema, Mapping) else {}
    where = f" in {_where(keys)}" if keys else ""
    if problem.validator == "additionalProperties":
        known = schema.get("properties", {})
        name = next(key for key in instance if key not in known)
        return f"unknown key {name!r}{where}.{did_you_mean(name, known)}", (*keys, name)
    if problem.validator == "required":
        name = next(key for key in schema["required"] if key not in instance)
        about = schema.get("properties", {}).get(name, {}).get("description", "")
        return f"missing key {name!r}{where}; add it{': ' + about.rstrip('.') if about else ''}", keys
    if problem.validator == "oneOf":
        rivals = [name for branch in schema["oneOf"] for name in branch["required"]]
        given = [repr(name) for name in rivals if name in instance]
        return f"got {' and '.join(given) or 'none'}{where}, wanted exactly one of {', '.join(map(repr, rivals))}", keys
    if problem.validator == "not":
        both = " and ".join(map(repr, schema["not"]["required"]))
        return f"got both {both}{where}, wanted one of them", keys
    if problem.validator == "dependentRequired":
        name, needed = next(
            (name, other)
            for name, others in schema["dependentRequired"].items()
            for other in others
            if name in instance and other not in instance
        )
        return f"{name!r} goes with {needed!r} alone{where}; add {needed!r}, or leave {name!r} out", (*keys, name)
    if problem.validator == "enum" and isinstance(instance, str):
        hint = did_you_mean(instance, map(str, schema["enum"]))
        hint = f".{hint}" if "Did you mean" in hint else ""
        return f"{_name(keys)}got {instance!r}, wanted {_wanted(schema)}{hint}", keys
    return f"{_name(keys)}got {_got(instance)}, wanted {_wanted(schema)}{_quotes(problem, schema)}", keys


def _where(keys: Keys) -> str:
    text = ""
    for key in keys:
        text += f"[{key + 1}]" if isinstance(key, int) else f"{'.' if text else ''}{key}"
    return text


def _name(keys: Keys) -> str:
    return f"{_where(keys)}: " if keys else ""


def _got(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping of keys to values" if value else "an empty mapping"
    if isinstance(value, list) and not value:
        return "an empty list"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:56]}...{shown[-1]}"


def _quotes(problem: ValidationError, schema: Mapping[str, Any]) -> str:
    is_scalar = isinstance(problem.instance, bool | int | float)
    return "; put it in quotes" if is_scalar and schema.get("type") == "string" else ""


def _wanted(schema: Mapping[str, Any]) -> str:
    """Say in words what a schema asks for.

    Examples
    --------
    >>> _wanted({"type": "number", "minimum": 0, "maximum": 1})
    'a number between 0 and 1'
    >>> _wanted({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    'text or a list of text'
    """
    if "enum" in schema:
        return " or ".join("nothing" if value is None else repr(value) for value in schema["enum"])
    if "const" in schema:
        return f"{json.dumps(schema['const'])}, or leave it out"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_wanted(branch) for branch in schema["anyOf"]))
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    text = " or ".join(_TYPE_NAMES[name] for name in names) or "another value"
    if "array" in names:
        return text + _wanted_items(schema)
    if "pattern" in schema or "format" in schema:
        kind = "a date" if schema.get("format") == "date" else text
        examples = schema.get("examples", [])
        return f"{kind} like {examples[0]!r}" if examples else f"{kind} in another form"
    if schema.get("minLength"):
        text = text.replace("text", "text that is not empty")
    return text + _wanted_limits(schema)


def _wanted_items(schema: Mapping[str, Any]) -> str:
    items = schema.get("items")
    of = f" of {_wanted(items)}" if items else ""
    least = f", at least {schema['minItems']}" if schema.get("minItems") else ""
    return of + least + (", each once" if schema.get("uniqueItems") else "")


def _wanted_limits(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" between {low} and {high}"
    limits = [(above, "above"), (low, "of at least"), (below, "below"), (high, "of at most")]
    said = [f"{word} {limit}" for limit, word in limits if limit is not None]
    return f" {' and '.join(said)}" if said else ""
