"""A lint of the templates' syntax trees: what would get past the escaping, and words that promise too much."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import nodes

FILTERS = frozenset({"join", "format", "replace", "safe", "e", "escape", "forceescape", "tojson", "urlize", "xmlattr"})
METHODS = frozenset({"format", "format_map", "join", "replace"})
_WORDS = re.compile(r"\b(fair|unbiased|safe|compliant|certified|debiased)\b", re.IGNORECASE)
_TAG = re.compile(r"<[A-Za-z/!]")


def lint_templates(root: Path) -> list[str]:
    """Return one line per fault, sorted by file and line.

    Parameters
    ----------
    root : path
        The folder that holds ``documents`` and ``blocks``.

    Returns
    -------
    list of str
        ``documents/model_card.j2:12: the filter 'join' hands on text that is trusted afterwards``.

    Notes
    -----
    `~`, `join`, `format`, `replace` and their like make Markup out of Markup and a plain value, escaped for HTML
    whatever the format; only ``blocks`` may use them. Documents hold calls of blocks and text, no tags.
    """
    files = sorted(path for path in root.rglob("*.j2") if path.is_file())
    texts = sorted((root / "languages").glob("*.json"))
    return [fault for path in files for fault in _faults(path, path.relative_to(root))] + [
        f"{path.relative_to(root).as_posix()}: the word {match[0]!r} promises more than numbers can show"
        for path in texts
        for match in _WORDS.finditer(path.read_text("utf-8"))
    ]


def _faults(path: Path, name: Path) -> list[str]:
    import jinja2

    try:
        tree = jinja2.Environment(autoescape=True).parse(path.read_text("utf-8"))
    except jinja2.TemplateSyntaxError as error:
        return [f"{name.as_posix()}:{error.lineno}: {error.message}"]
    found: list[tuple[int, str]] = []
    if name.parts[0] != "blocks":
        found += _unescaped(tree)
    if name.parts[0] == "documents":
        found += _prose(tree)
    return [f"{name.as_posix()}:{line}: {fault}" for line, fault in sorted(set(found))]


def _unescaped(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    from jinja2 import nodes

    for node in tree.find_all((nodes.Concat, nodes.Add)):
        if isinstance(node, nodes.Concat):
            yield node.lineno, "'~' hands on text that is trusted afterwards"
        elif isinstance(node, nodes.Add) and any(_is_text(side) for side in (node.left, node.right)):
            yield node.lineno, "'+' on text hands on text that is trusted afterwards"
    for node in tree.find_all(nodes.Filter):
        named = [node.name, *_literals(node.args[:1])] if node.name in {"map", "attr"} else [node.name]
        for name in named:
            if name in FILTERS:
                yield node.lineno, f"the filter {name!r} hands on text that is trusted afterwards"
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr):
            reached = [node.attr]
        else:
            reached = _literals([node.arg] if isinstance(node, nodes.Getitem) else [])
        for name in reached:
            if name in METHODS:
                yield node.lineno, f"'.{name}' hands on text that is trusted afterwards"


def _prose(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    from jinja2 import nodes

    for node in tree.find_all((nodes.TemplateData, nodes.Const)):
        text = node.data if isinstance(node, nodes.TemplateData) else getattr(node, "value", None)
        if not isinstance(text, str):
            continue
        for match in _WORDS.finditer(text):
            yield _line(node, text, match.start()), f"the word {match[0]!r} promises more than numbers can show"
        if isinstance(node, nodes.TemplateData):
            for match in _TAG.finditer(text):
                yield _line(node, text, match.start()), "a tag in a document; call a block"


def _line(node: nodes.Node, text: str, position: int) -> int:
    return int(node.lineno) + text.count("\n", 0, position)


def _is_text(node: nodes.Node) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Call) or (isinstance(node, nodes.Const) and isinstance(node.value, str))


def _literals(arguments: list[nodes.Expr]) -> list[str]:
    from jinja2 import nodes

    return [node.value for node in arguments if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def main(arguments: list[str]) -> int:
    """Lint the built-in templates, or the folders given; print the faults and return 1 if there are any."""
    from auditkit.rendering.root import template_root

    roots = [Path(argument) for argument in arguments] or [Path(str(template_root()))]
    faults = [fault for root in roots for fault in lint_templates(root)]
    print("\n".join(faults) or "templates: nothing found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
