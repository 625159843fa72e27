"""A brand on the documents: a name, a logo and one colour that is dark enough to be read; data and states keep theirs."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.errors import ConfigurationError

PAPER, NIGHT = "#ffffff", "#14171a"
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: text; the colour is that of links
MOST_LOGO = 40_000  # bytes, of the 300,000 that a page has
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LOGO = re.compile(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/]+=*")
_KINDS = {".png": ("png", b"\x89PNG\r\n\x1a\n"), ".svg": ("svg+xml", b"<svg")}


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose document it is.

    Parameters
    ----------
    name : str
        Stands beside the logo, and for it where it cannot be seen.
    colour : str
        ``#rrggbb`` in lower case, or empty: the colour of links and of the line above the title.
    logo : str
        A ``data:`` address of a PNG or an SVG, or empty.
    """

    name: str
    colour: str = ""
    logo: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as the record holds it."""
        return {"name": self.name, "colour": self.colour, "logo": self.logo}

    @property
    def night(self) -> str:
        """The colour on a dark page: mixed with white until it can be read there."""
        return readable(self.colour, NIGHT) if self.colour else ""


def brand_of(written: Mapping[str, Any], logo: Path | None = None) -> Brand | None:
    """Return the brand that audit.yaml describes; None if it describes none.

    Raises
    ------
    ConfigurationError
        If the colour cannot be read on white paper (with the nearest that can), or the logo is no small PNG or SVG.
    """
    if not written:
        return None
    colour = str(written.get("colour", "")).lower()
    if colour and not _COLOUR.fullmatch(colour):
        raise ConfigurationError(f"brand.colour is {colour!r}; write six hexadecimal digits, such as #0a4f8c")
    if colour and contrast(colour, PAPER) < LEAST_CONTRAST:
        raise ConfigurationError(
            f"brand.colour {colour} has a contrast of {contrast(colour, PAPER):.2f}:1 with white paper, at least "
            f"{LEAST_CONTRAST}:1 is needed to read links; the nearest that has it is {readable(colour, PAPER)}"
        )
    return Brand(str(written["name"]), colour, _address(logo) if logo else "")


def brand_from_record(held: object) -> Brand | None:
    """Return the brand that a record holds; None where it holds none, or one that could not have been written."""
    if not isinstance(held, Mapping) or not isinstance(held.get("name"), str):
        return None
    colour, logo = str(held.get("colour", "")), str(held.get("logo", ""))
    usable = (not colour or (_COLOUR.fullmatch(colour) and contrast(colour, PAPER) >= LEAST_CONTRAST)) and (
        not logo or (len(logo) <= MOST_LOGO * 2 and _LOGO.fullmatch(logo))
    )
    return Brand(held["name"], colour, logo) if usable else None


def logo_file(brand: Brand) -> str:
    """Return the name under which the typesetter finds the logo; empty without one."""
    return "" if not brand.logo else "logo.svg" if "svg" in brand.logo[:20] else "logo.png"


def logo_content(brand: Brand) -> bytes:
    """Return the logo itself."""
    return base64.b64decode(brand.logo.partition(",")[2])


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours: (lighter + 0.05) / (darker + 0.05) of relative luminances (WCAG 2.2).

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"), 2), round(contrast("#767676", "#ffffff"), 2)
    (21.0, 4.54)
    """
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, paper: str) -> str:
    """Return the colour, mixed with as little black (on a dark paper: white) as lets it be read there.

    Examples
    --------
    >>> readable("#0a4f8c", "#ffffff"), readable("#ffcc00", "#ffffff")
    ('#0a4f8c', '#907300')
    """
    end = 255 if _luminance(paper) < 0.5 else 0
    parts = _parts(colour)
    for step in range(256):
        mixed = "#" + "".join(f"{round(part + (end - part) * step / 255):02x}" for part in parts)
        if contrast(mixed, paper) >= LEAST_CONTRAST:
            return mixed
    raise AssertionError("black on white and white on black can be read")


def _luminance(colour: str) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _address(logo: Path) -> str:
    kind, start = _KINDS.get(logo.suffix.lower(), ("", b""))
    if not kind:
        raise ConfigurationError(f"brand.logo is {logo.name!r}; give a .png or an .svg")
    try:
        content = logo.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"brand.logo {logo.name!r} cannot be read: {error.strerror}") from None
    if len(content) > MOST_LOGO:
        raise ConfigurationError(
            f"brand.logo {logo.name!r} has {len(content):,} bytes; at most {MOST_LOGO:,} fit in a page"
        )
    if start not in content[:1_000]:
        raise ConfigurationError(f"brand.logo {logo.name!r} is no {logo.suffix.lower()[1:].upper()}")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
