"""Values in Typst's code position: string and number literals, never markup."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING

from auditkit.rendering.characters import seen

if TYPE_CHECKING:
    from markupsafe import Markup


def typ_string(value: object) -> Markup:
    r"""Return a quoted Typst literal, without the ``#`` that markup needs in front.

    Parameters
    ----------
    value : object
        None becomes the empty string; bytes are read as UTF-8.

    Returns
    -------
    markupsafe.Markup

    Examples
    --------
    >>> print(typ_string('a "b" #c'))
    "a \"b\" #c"
    """
    from markupsafe import Markup

    text = value.decode("utf-8") if isinstance(value, bytes) else "" if value is None else str(value)
    text = seen(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", " ")
    return Markup(f'"{text}"')


def typ_number(value: object) -> Markup:
    """Return a Typst number literal, or ``none`` where there is nothing to draw.

    Parameters
    ----------
    value : float, int or None

    Returns
    -------
    markupsafe.Markup

    Raises
    ------
    TypeError
        If the value is not a number.
    ValueError
        If it is not finite.

    Examples
    --------
    >>> print(typ_number(-0.25), typ_number(None))
    (-0.25) none
    """
    from markupsafe import Markup

    if value is None:
        return Markup("none")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"a number was wanted, {type(value).__name__} came")
    if not math.isfinite(value):
        raise ValueError(f"a finite number was wanted, {value!r} came")
    text = str(int(value)) if isinstance(value, Integral) else repr(float(value))
    return Markup(f"({text})" if text.startswith("-") else text)


FILTERS: dict[str, Callable[[object], Markup]] = {"typ_string": typ_string, "typ_number": typ_number}
