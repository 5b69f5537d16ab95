"""Pieces of one array of bytes, by where they start and stop: as numbers and as strings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["count_byte", "digits_and_dot", "first_field", "key_codes", "strings"]

Ints = npt.NDArray[np.int64]
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
_LONG = np.uint64(1 << 63)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_U = np.uint64
_ONES = _U(0x0101010101010101)
_HIGH = _U(0x8080808080808080)
_ZEROS = _ONES * _U(ord("0"))
_DOTS = _ONES * _U(ord("."))
_ADDED = _ONES * _U(118)
_TABS = _ONES * _U(ord("\t"))
_COLONS = _ONES * _U(ord(":"))
_PLAIN = (b"0|0:", b"0/0:")
# A view of Arrow: of a long string the head is its first bytes, and the tail says where it is.
_VIEW = np.dtype([("length", "<i4"), ("head", "<u4"), ("tail", "<u8")])
_INLINE = 12


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


def digits_and_dot(
    text: npt.NDArray[np.uint8], start: Ints, stop: Ints
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which of n pieces are digits only, and which digits and one dot.

    Told of pieces of 1 to 16 bytes; of others neither. `text` must have 16 bytes behind the
    last piece.
    """
    eight = np.ndarray((len(text) - 7,), "<u8", buffer=text, strides=(1,))
    length = stop - start
    others = np.zeros(len(start), np.uint8)
    dot = np.zeros(len(start), bool)
    for done in (0, 8):
        mask = _MASKS[np.clip(length - done, 0, 8)]
        word = (eight[start + done] & mask) | (_ZEROS & ~mask)
        # Digits are 0 to 9 here: adding 118 sets the highest bit of any other byte. A carry
        # may set that of a digit behind one, but never clears one.
        value = word ^ _ZEROS
        others += np.bitwise_count(((value + _ADDED) | value) & _HIGH)
        at_dot = word ^ _DOTS
        dot |= ((at_dot - _ONES) & ~at_dot & _HIGH) != 0
    told = (length > 0) & (length <= 16)
    return told & (others == 0), told & (others == 1) & dot


def strings(
    text: npt.NDArray[np.uint8],
    start: Ints,
    stop: Ints,
    present: npt.NDArray[np.bool_] | None = None,
) -> pl.Series:
    """The pieces text[start[i]:stop[i]] as strings of shape (n,); null where not `present`.

    Arrow's views: a string of up to 12 bytes stands in its view, a longer one is a place in
    `text`. So no bytes are put together.
    """
    length = stop - start
    if int(stop.max(initial=0)) + _INLINE > len(text):
        text = np.append(text, np.zeros(_INLINE, np.uint8))
    views = np.empty(len(start), _VIEW)
    views["length"] = length
    four = np.ndarray((len(text) - 3,), "<u4", buffer=text, strides=(1,))
    eight = np.ndarray((len(text) - 7,), "<u8", buffer=text, strides=(1,))
    views["head"] = four[start] & _MASKS[np.minimum(length, 4)].astype(np.uint32)
    views["tail"] = eight[start + 4] & _MASKS[np.clip(length - 4, 0, 8)]
    long = np.flatnonzero(length > _INLINE)
    views["tail"][long] = start[long].astype(np.uint64) << _U(32)
    valid = None
    if present is not None:
        valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    array = pa.Array.from_buffers(
        pa.string_view(), len(start), [valid, pa.py_buffer(views), pa.py_buffer(text)]
    )
    return pl.Series(pl.from_arrow(array))
