"""From Typst source to a tagged PDF (PDF/UA-1), with the fonts that matplotlib brings and no others."""

from __future__ import annotations

import importlib.util
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from auditkit.errors import OutputError
from auditkit.kept import kept

FONT_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
_BEYOND_LATIN = re.compile(r"[^\x00-\u017f]")
# Not drawn by themselves, so no font needs a glyph for them.
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def compile_pdf(source: str, images: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    r"""Typeset Typst source as PDF/UA-1.

    Parameters
    ----------
    source : str
        A whole Typst document.
    images : mapping of str to bytes
        Files that the source may read, by plain file name. It can read nothing else.

    Returns
    -------
    bytes
        The same for the same source, on every machine with the same typst and matplotlib.

    Raises
    ------
    OutputError
        If the source does not compile or is not accessible (a figure without a description, for example).

    Notes
    -----
    PDF/UA forbids the empty box of a missing glyph, so a character that no font has is written by its code
    point: ``‹U+4E2D›``.

    Examples
    --------
    >>> compile_pdf('#set document(title: "x")\n#title()')[:5]
    b'%PDF-'
    """
    if images:
        return _compiled(source, images)
    return kept("pdf", source, lambda: _compiled(source, images))


def _compiled(source: str, images: Mapping[str, bytes]) -> bytes:
    import typst

    with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
        root, fonts = Path(folder, "root"), Path(folder, "fonts")
        root.mkdir()
        fonts.mkdir()
        for name in FONT_FILES:
            shutil.copyfile(font_folder() / name, fonts / name)
        for name, content in images.items():
            (root / _plain(name)).write_bytes(content)
        (root / "main.typ").write_text(_drawable(source), encoding="utf-8", newline="\n")
        families = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        try:
            made = typst.Compiler(
                root / "main.typ", root=root, font_paths=families, package_path=root, package_cache_path=root
            ).compile(format="pdf", pdf_standards=["ua-1"], timestamp=0)
        except RuntimeError as error:
            raise OutputError(_reason(error)) from error
    assert isinstance(made, bytes)
    return made


def font_folder() -> Path:
    """Return matplotlib's folder of TrueType fonts without importing matplotlib.

    Raises
    ------
    OutputError
        If matplotlib or one of the fonts is not there.
    """
    spec = importlib.util.find_spec("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" if spec and spec.origin else None
    if folder is None or not all((folder / name).is_file() for name in FONT_FILES):
        raise OutputError("the PDF needs the DejaVu fonts that come with matplotlib; run: pip install matplotlib")
    return folder


def _drawable(source: str) -> str:
    if not _BEYOND_LATIN.search(source):
        return source
    known = _glyphs()
    return _BEYOND_LATIN.sub(
        lambda found: found[0] if ord(found[0]) in known or found[0] in _INVISIBLE else f"‹U+{ord(found[0]):04X}›",
        source,
    )


@cache
def _glyphs() -> frozenset[int]:
    """Code points of the text font; bold and mono fall back on it."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_folder() / FONT_FILES[0], lazy=True) as font:
        return frozenset(font.getBestCmap())


def _plain(name: str) -> str:
    if name in {"", ".", "..", "main.typ"} or "\\" in name or PurePosixPath(name).name != name:
        raise OutputError(f"an image is named {name!r}; a plain file name was wanted")
    return name


def _reason(error: RuntimeError) -> str:
    said = str(getattr(error, "message", "") or error)
    first = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    hints = " ".join(str(hint) for hint in getattr(error, "hints", None) or ())
    return " ".join(f"the PDF could not be typeset: {first}{'; ' if hints else ''}{hints}".split())
