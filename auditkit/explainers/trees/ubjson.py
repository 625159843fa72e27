"""Universal Binary JSON, as far as XGBoost writes it: numbers in arrays of one type stay arrays."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_NUMBERS = {
    kind: np.dtype(form)
    for kind, form in (
        (b"i", ">i1"),
        (b"U", ">u1"),
        (b"I", ">i2"),
        (b"l", ">i4"),
        (b"L", ">i8"),
        (b"d", ">f4"),
        (b"D", ">f8"),
    )
}
_STRUCTS = {
    b"i": struct.Struct(">b"),
    b"U": struct.Struct(">B"),
    b"I": struct.Struct(">h"),
    b"l": struct.Struct(">i"),
    b"L": struct.Struct(">q"),
    b"d": struct.Struct(">f"),
    b"D": struct.Struct(">d"),
}
_LONG, _read_long = ord("L"), _STRUCTS[b"L"].unpack_from
_COUNTED = b"#L"
_WORDS = {b"T": True, b"F": False, b"Z": None}


def read_ubjson(data: bytes) -> Any:
    r"""Return the value that some bytes hold: dicts, lists, strings, numbers, and arrays of numpy, whose bytes stay as they are.

    Raises
    ------
    ValueError
        If a byte says what this format does not know.

    Examples
    --------
    >>> read_ubjson(b"{i\x01a[$U#i\x02\x03\x04i\x01bSi\x02hi}")
    {'a': array([3, 4], dtype=uint8), 'b': 'hi'}
    """
    return _value(data, data[:1], 1)[0]


def _value(data: bytes, kind: bytes, at: int) -> tuple[Any, int]:
    """Return a value of a kind that starts at a place, and the place after it."""
    if kind in _STRUCTS:
        one = _STRUCTS[kind]
        return one.unpack_from(data, at)[0], at + one.size
    if kind == b"S":
        return _text(data, at)
    if kind == b"{":
        return _object(data, at)
    if kind == b"[":
        return _array(data, at)
    if kind in _WORDS:
        return _WORDS[kind], at
    raise ValueError(f"not UBJSON: {kind!r} before byte {at}")


def _text(data: bytes, at: int) -> tuple[str, int]:
    if data[at] == _LONG:
        end = at + 9 + _read_long(data, at + 1)[0]
        return data[at + 9 : end].decode(), end
    size, at = _value(data, data[at : at + 1], at + 1)
    return data[at : at + size].decode(), at + size


def _object(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while (kind := data[at : at + 1]) != b"}":
        if kind not in _STRUCTS:
            raise ValueError(f"not UBJSON: {kind!r} at byte {at}")
        name, at = _text(data, at)
        kind, at = data[at : at + 1], at + 1
        found[name], at = _array(data, at) if kind == b"[" else _value(data, kind, at)
    return found, at + 1


def _array(data: bytes, at: int) -> tuple[Any, int]:
    kind, found = b"", list[Any]()
    if data[at : at + 1] == b"$":
        kind, at = data[at + 1 : at + 2], at + 2
        if data[at : at + 2] == _COUNTED and kind in _NUMBERS:  # nearly all there is
            form, count = _NUMBERS[kind], _read_long(data, at + 2)[0]
            return np.frombuffer(data, form, count, at + 10), at + 10 + count * form.itemsize
    if data[at : at + 1] == b"#":
        count, at = _value(data, data[at + 1 : at + 2], at + 2)
        if kind in _NUMBERS:
            form = _NUMBERS[kind]
            return np.frombuffer(data, form, count, at), at + count * form.itemsize
        for _ in range(count):
            one, at = _value(data, kind, at) if kind else _value(data, data[at : at + 1], at + 1)
            found.append(one)
        return found, at
    while (next_kind := data[at : at + 1]) != b"]":
        one, at = _value(data, next_kind, at + 1)
        found.append(one)
    return found, at + 1
