"""Codes of columns of short texts with few distinct values, faster than hashing each text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 15
_FEW = 256
_SLOTS = 12
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MASKS = np.array([(1 << (8 * length)) - 1 for length in range(9)], dtype=np.uint64)

Words = npt.NDArray[np.uint64]


def short_text_codes(array: Any) -> tuple[npt.NDArray[np.int32], list[str]] | None:
    """Return codes and distinct texts of an Arrow large_string array, or None where this way does not serve.

    A text of at most 8 bytes is one 64-bit word, compared as a whole: nothing is hashed that is not then compared. It serves
    where no text is longer or missing, none holds a NUL, and at most 256 differ.
    """
    rows = len(array)
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset : array.offset + rows + 1]
    raw = (
        np.frombuffer(array.buffers()[2], dtype=np.uint8)[: offsets[-1]]
        if array.buffers()[2]
        else np.zeros(0, np.uint8)
    )
    codes = np.empty(rows, dtype=np.int32)
    known: Words = np.zeros(0, dtype=np.uint64)
    slots, places = np.zeros(1 << _SLOTS, dtype=np.uint64), np.zeros(1 << _SLOTS, dtype=np.int32)
    for start in range(0, rows, _CHUNK):
        ends = offsets[start : start + _CHUNK + 1]
        words = _words(raw, ends)
        if words is None:
            return None
        slot = (words * _MULTIPLIER) >> np.uint64(64 - _SLOTS)
        if not start or not np.array_equal(slots[slot], words):
            fresh = np.setdiff1d(words, known, assume_unique=False)
            known = np.concatenate([known, fresh])
            taken = (known * _MULTIPLIER) >> np.uint64(64 - _SLOTS)
            if len(known) > _FEW or len(np.unique(taken)) < len(known):
                return None
            slots[taken], places[taken] = known, np.arange(len(known), dtype=np.int32)
        np.take(places, slot.view(np.int64), out=codes[start : start + len(words)])
    texts = [int(word).to_bytes(8, "little").rstrip(b"\0").decode() for word in known]
    return codes, texts


def _words(raw: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> Words | None:
    """Return each text as a little-endian word; None where one is longer than 8 bytes or ends in NUL."""
    length = np.diff(ends)
    if length.max(initial=0) > 8:
        return None
    base = int(ends[0])
    part = np.zeros(int(ends[-1]) - base + 8, dtype=np.uint8)
    part[:-8] = raw[base : int(ends[-1])]
    if not part[:-8].all():
        return None
    every = np.lib.stride_tricks.as_strided(part[:8].view("<u8"), shape=(len(part) - 7,), strides=(1,))
    words: Words = every[ends[:-1] - base]
    words &= np.take(_MASKS, length)
    return words
