"""Pieces of one array of bytes, by where they start and stop: as numbers and as strings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["count_byte", "first_field", "key_codes", "strings"]

Ints = npt.NDArray[np.int64]
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
_LONG = np.uint64(1 << 63)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_U = np.uint64
_ONES = _U(0x0101010101010101)
_HIGH = _U(0x8080808080808080)
_TABS = _ONES * _U(ord("\t"))
_COLONS = _ONES * _U(ord(":"))
_PLAIN = (b"0|0:", b"0/0:")


def count_byte(text: bytes, byte: int) -> int:
    """How often `byte` is in `text`: where it is frequent, faster than bytes.count."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == byte))


def first_field(text: bytes, start: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
    """What n cells, from `start` on, have before their first colon or tab; and the long ones.

    Up to 7 bytes are their own code, shape (n,); `long` are the places of the cells that
    have more, whose codes mean nothing. `text` must have 8 bytes behind the last cell.
    """
    plain = text[int(start[0]) : int(start[0]) + 4]
    if plain not in _PLAIN:
        return _first_field(text, start)
    # Where the first cell is plain most are: four bytes tell.
    words = np.ndarray((len(text) - 3,), "<u4", buffer=text, strides=(1,))
    odd = np.flatnonzero(words[start] != np.frombuffer(plain, "<u4")[0])
    codes = np.full(len(start), int.from_bytes(plain[:3], "little"), _U)
    codes[odd], long = _first_field(text, start[odd])
    return codes, odd[long]


def _first_field(text: bytes, start: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
    # A view of the 8 bytes from every byte on, which no alignment allows but a stride does.
    words = np.ndarray((len(text) - 7,), "<u8", buffer=text, strides=(1,))[start]
    after_tab, after_colon = words ^ _TABS, words ^ _COLONS
    ended = (after_tab - _ONES) & ~after_tab
    ended |= (after_colon - _ONES) & ~after_colon
    ended &= _HIGH
    first = ended & (~ended + _U(1))
    return words & ((first >> _U(7)) - _U(1)), np.flatnonzero(ended == 0)


def key_codes(text: npt.NDArray[np.uint8], start: Ints, stop: Ints) -> npt.NDArray[np.uint64]:
    """A number for each of n pieces; the same for equal ones, another for different ones.

    Up to 8 bytes of ASCII are their own number; longer pieces are digested to 63 bits.
    `text` must have 8 bytes behind the last piece.
    """
    words = np.ndarray((len(text) - 7,), "<u8", buffer=text, strides=(1,))
    length = stop - start
    codes: npt.NDArray[np.uint64] = words[start] & _MASKS[np.minimum(length, 8)]
    done = 8
    while len(rest := np.flatnonzero(length > done)):
        word = words[start[rest] + done] & _MASKS[np.minimum(length[rest] - done, 8)]
        mixed = (codes[rest] ^ (codes[rest] >> np.uint64(29))) * _PRIME
        codes[rest] = (mixed + word) | _LONG
        done += 8
    return codes


def strings(
    text: npt.NDArray[np.uint8],
    start: Ints,
    stop: Ints,
    present: npt.NDArray[np.bool_] | None = None,
) -> pl.Series:
    """The pieces text[start[i]:stop[i]] as strings of shape (n,); null where not `present`."""
    n = len(start)
    length = stop - start if present is None else np.where(present, stop - start, 0)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    at = np.repeat(start - offsets[:-1], length) + np.arange(int(offsets[-1]))
    valid = None
    if present is not None:
        valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    array = pa.LargeStringArray.from_buffers(
        n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text[at])), valid
    )
    return pl.Series(pl.from_arrow(array))
