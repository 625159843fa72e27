"""Values and names of the data as a line of text shows them."""

from __future__ import annotations

from auditkit.finding import MISSING_LABEL, Scalar


def shown(value: Scalar) -> str:
    """Return a value as a person would write it: on one line, thousands apart from 10,000, six digits.

    Examples
    --------
    >>> shown(20400.0), shown(0.25), shown(1987), shown(None), shown(1e-9)
    ('20,400', '0.25', '1987', '(missing)', '1e-09')
    """
    if value is None:
        return MISSING_LABEL
    if isinstance(value, bool) or not isinstance(value, int | float):
        return one_line(str(value))
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}" if abs(value) >= 10_000 else f"{int(value)}"
    return f"{value:,.2f}" if 10_000 <= abs(value) < 1e15 else f"{value:.6g}"


def one_line(text: str) -> str:
    r"""Return a text on one line, without what a terminal would take for a command.

    Examples
    --------
    >>> one_line("a\n\x1b[2Jb")
    'a [2Jb'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
