"""Text of data and policies as a line that no terminal, log or page takes for anything else."""

from __future__ import annotations

import re

UNKNOWN = "\ufffd"
# What changes the direction of a text or cannot be seen; joiners, which some scripts need, are left.
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return a text on one line in which nothing is hidden: controls as pictures, invisible and illegal signs as U+FFFD.

    What is left can be written in XML 1.0 and in UTF-8. ``##[`` and ``##vso[``, which the logs of CI servers obey anywhere in
    a line, are parted.

    Examples
    --------
    >>> visible("a\n b\x1b[2J\u202e \ud800 ##[error]")
    'a b␛[2J� � # #[error]'
    """
    return " ".join("".join(map(_sign, _HIDDEN.sub(UNKNOWN, text))).split()).replace("##", "# #")


def pictured(text: str) -> str:
    r"""Return a text with each control but the line feed as its picture, so that different texts stay different.

    Examples
    --------
    >>> pictured("a\r\x00\n")
    'a␍␀\n'
    """
    return "".join(sign if sign == "\n" else _picture(sign) for sign in text)


def cut(text: str, most: int) -> str:
    """Return at most so many signs of a text; an ellipsis says that something is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _sign(sign: str) -> str:
    return " " if sign.isspace() else _picture(sign)


def _picture(sign: str) -> str:
    code = ord(sign)
    if code < 0x20:
        return chr(0x2400 + code)
    if 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
        return "\u2421" if code == 0x7F else UNKNOWN
    return sign
