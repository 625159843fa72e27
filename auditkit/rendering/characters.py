"""Characters that a reader would not see: controls give way to a blank, breaks of no width are written by their code point."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Two names that differ in one of these alone look the same. The joiners U+200C and U+200D and the marks of direction
# U+200E and U+200F stay: scripts and emoji need them.
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")


def seen(value: object) -> str:
    r"""Return a text in which every character that tells two names apart can be seen.

    Examples
    --------
    >>> seen("Fe\u200bmale"), seen("a\x00b\u202ec")
    ('Fe‹U+200B›male', 'a b c')
    """
    return _UNSEEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", CONTROL.sub(" ", str(value)))
