"""The one Jinja environment of each format: strict, always escaping, with user folders in front of the built-in templates."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.errors import ConfigurationError
from auditkit.rendering.characters import seen
from auditkit.rendering.language import spoken
from auditkit.rendering.root import template_root

if TYPE_CHECKING:
    import jinja2

_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~!$@])")
_RULE_START, _LIST_START = re.compile(r"^([-+=])"), re.compile(r"^(\d+)([.)])(?=\s|$)")
_UNBROKEN, MOST_TEXT = re.compile(r"\S{81,}"), 20_000  # a digest is shorter, and stays whole


def escape_html(value: object) -> str:
    """Escape for HTML text and quoted attributes; invisible control and direction characters go.

    Examples
    --------
    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(seen(value), quote=True)


def escape_markdown(value: object) -> str:
    r"""Escape for one line of GitHub-flavoured Markdown, also inside a table's cell.

    Examples
    --------
    >>> print(escape_markdown("a|b\n# c"))
    a\|b \# c
    """
    text = seen(value).replace("\n", " ").replace("\t", " ")
    text = _MARKDOWN.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # The bare addresses that GitHub turns into links.
    text = text.replace("://", ":\\//").replace("www.", "www\\.")
    return _LIST_START.sub(r"\1\\\2", _RULE_START.sub(r"\\\1", text))


def _breakable(run: re.Match[str]) -> str:
    return "\u200b".join(run[0][at : at + 8] for at in range(0, len(run[0]), 8))


def escape_typst(value: object) -> str:
    r"""Return a Typst string literal, in which no character but its own quote and backslash has a meaning.

    Examples
    --------
    >>> print(escape_typst('#eval("x")'))
    #"#eval(\"x\")"
    """
    # Typst takes time quadratic in the length of an unbroken run, so very long ones get places to break, in narrow cells too.
    text = (
        _UNBROKEN.sub(_breakable, seen(str(value)[:MOST_TEXT]))
        .replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", " ")
    )
    return f'#"{text}"'


ESCAPERS: dict[str, Callable[[object], str]] = {"html": escape_html, "md": escape_markdown, "typ": escape_typst}


def environment(fmt: str, overrides: Iterable[Path] = ()) -> jinja2.Environment:
    """Build the environment of a format; folders in `overrides` win over the built-in templates.

    Parameters
    ----------
    fmt : {'html', 'md', 'typ'}
    overrides : iterable of path

    Returns
    -------
    jinja2.Environment

    Raises
    ------
    ConfigurationError
        If a folder of `overrides` is not there.

    Notes
    -----
    Jinja's own escaping is for HTML only. Here `finalize` escapes for the format each value that is not Markup yet,
    so a name from the data is text in every format.
    """
    import jinja2
    from markupsafe import Markup

    from auditkit.rendering.compiled import CompiledTemplates

    escape = ESCAPERS[fmt]
    folders = [Path(folder) for folder in overrides]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(
                f"the template folder {folder.name!r} is not there; name a folder like reports/templates"
            )

    def finalize(value: object) -> object:
        if isinstance(value, Markup | jinja2.Undefined):
            return value
        return Markup(escape("" if value is None else value))

    root = template_root()

    def builtin(name: str) -> str | None:
        node = root.joinpath(*name.split("/"))
        return node.read_text("utf-8") if node.is_file() else None

    loaders = [jinja2.FileSystemLoader(folders), jinja2.FunctionLoader(builtin)]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        bytecode_cache=CompiledTemplates(fmt),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["spoken"] = spoken
    if fmt == "typ":
        from auditkit.rendering.typst_filters import FILTERS

        made.filters.update(FILTERS)
    return made
