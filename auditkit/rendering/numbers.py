"""Numbers as a report prints them: three significant digits, a true minus, no claim beyond the digits."""

from __future__ import annotations

import math

NO_BREAK = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"
NOTHING = "\u2013"
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -6, 15
DRAWABLE = 1e150  # what is farther from 0 is drawn there
_SMALLEST_P = 1e-4
PREFIXED = ("Wh", "kWh", "gCO2e", "kgCO2e")
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, unit: str = "", most: int | None = None) -> str:
    """Return three significant digits with trailing zeros; counts whole with a comma; energy and emissions with their unit.

    Parameters
    ----------
    value : float, int or None
    unit : str
        ``count`` is printed whole, Wh and gCO2e get a prefix, a ``p-value`` ends at 0.0001.
    most : int, optional
        The most decimals, for tables of many columns; what they make 0 is ≈ 0.

    Examples
    --------
    >>> number(0.8), number(0.07463), number(37512.4), number(1234, "count"), number(-0.25)
    ('0.800', '0.0746', '37,500', '1,234', '−0.250')
    >>> number(8e-63, "p-value"), number(2.93e-5, "Wh").replace(NO_BREAK, " "), number(0.00123, most=4), number(1e-6, most=4)
    ('< 0.0001', '29.3 µWh', '0.0012', '≈ 0')
    """
    if value is None:
        return NOTHING
    if unit in PREFIXED:
        return interval(value, value, unit)
    if unit == "p-value" and value < _SMALLEST_P:
        return f"< {_SMALLEST_P}"
    if unit in ("count", "rows") and abs(value) < 10**_LARGEST_EXPONENT and float(value).is_integer():
        return count(int(value))
    if value == 0:
        return "0"
    if most is not None and round(value, most) == 0:
        return "≈ 0"
    sign = MINUS if value < 0 else ""
    if math.isinf(value):  # a difference of numbers that are near the largest a computer holds
        return f"{sign}∞"
    mantissa, exponent = f"{abs(value):.2e}".split("e")
    power = int(exponent)
    if not _SMALLEST_EXPONENT <= power < _LARGEST_EXPONENT:
        return f"{sign}{mantissa} × 10{str(power).translate(_SUPERSCRIPT)}"
    rounded = float(f"{abs(value):.2e}")
    decimals = max(0, 2 - power)
    return f"{sign}{rounded:,.{decimals if most is None else min(decimals, most)}f}"


def count(value: int) -> str:
    """Return a whole number with commas.

    Examples
    --------
    >>> count(14653)
    '14,653'
    """
    return f"{value:,}".replace("-", MINUS)


def percent(share: float) -> str:
    r"""Return a share in percent with a no-break space; never rounded up to a full 100.

    Examples
    --------
    >>> percent(0.0417) == "4.17\u00a0%", percent(0.9999) == "99.99\u00a0%"
    (True, True)
    """
    text = f"{100 * share:.3g}"
    if text == "100" and share < 1:
        decimals = min(8, max(1, math.ceil(round(-math.log10(1 - share), 6)) - 2))
        text = f"{100 * share:.{decimals}f}"
    return f"{text.replace('-', MINUS)}{NO_BREAK}%"


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """Return both ends with an en dash, or with "to" where an end is negative.

    Examples
    --------
    >>> interval(0.247, 0.264), interval(-0.1, 0.2), interval(2.93e-5, 1.99e-4, "Wh").replace(NO_BREAK, " ")
    ('0.247–0.264', '−0.100 to 0.200', '29.3–199 µWh')
    """
    if low is None or high is None:
        return ""
    if unit in PREFIXED:
        factor, name = prefixed(max(abs(low), abs(high)), unit)
        ends = number(low / factor) if low == high else interval(low / factor, high / factor)
        return f"{ends}{NO_BREAK}{name}"
    joint = " to " if min(low, high) < 0 else DASH
    return f"{number(low, unit)}{joint}{number(high, unit)}"


def prefixed(largest: float, unit: str) -> tuple[float, str]:
    """Return what to divide by, and the unit's name with the prefix that leaves one to three digits before the point."""
    own, name = (1e3, unit[1:]) if unit.startswith("k") else (1.0, unit)
    if not 1e-300 < largest < 1e300:  # beyond what can be multiplied
        return 1.0, unit
    factor, prefix = next(((f, p) for f, p in _PREFIXES if largest * own >= f), _PREFIXES[-1 if largest else 3])
    return factor / own, f"{prefix}{name}"


def limit(value: float, kind: str, unit: str = "") -> str:
    """Return a limit with its sign.

    Examples
    --------
    >>> limit(5, "min", "count").replace(NO_BREAK, " ")
    '≥ 5'
    >>> print(limit(0.05, "max").replace(NO_BREAK, " "))
    ≤ 0.0500
    """
    return f"{'≤' if kind == 'max' else '≥'}{NO_BREAK}{number(value, unit)}"


def axis(
    low: float, high: float, *, from_zero: bool = True, ceiling: float | None = None
) -> tuple[float, float, list[float]]:
    """Return the ends of an axis and its three to five steps.

    Parameters
    ----------
    low, high : float
        Least and greatest value that is drawn.
    from_zero : bool
        Let zero be on the axis.
    ceiling : float, optional
        What no value can exceed.

    Examples
    --------
    >>> axis(0.07, 0.26)
    (0.0, 0.3, [0.0, 0.1, 0.2, 0.3])
    """
    low, high = drawable(low), drawable(high)
    start = min(0.0, low) if from_zero else low
    end = max(0.0, high) if from_zero else high
    if end <= start:
        end = start + (abs(start) or 1.0)
    step = _step((end - start) / 4)
    first, last = math.floor(start / step + 1e-9), math.ceil(end / step - 1e-9)
    ticks = [round(place * step, 10) for place in range(first, last + 1)]
    if ceiling is not None and high <= ceiling < ticks[-1]:
        ticks = [*[tick for tick in ticks if tick < ceiling], ceiling]
    return ticks[0], ticks[-1], ticks


def drawable(value: float) -> float:
    """Return the place at which a number is drawn, near enough to 0 to be computed with."""
    return max(-DRAWABLE, min(DRAWABLE, value))


def _step(rough: float) -> float:
    power = float(10 ** math.floor(math.log10(rough)))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))


def tick(value: float) -> str:
    """Return a tick's label without needless zeros."""
    return f"{value:,.6g}".replace("-", MINUS)
