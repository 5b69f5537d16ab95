"""The sample columns of records, and the fields that they are cut into, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Cells", "Fields", "cut", "odd_texts"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_TAB, _COLON, _COMMA = b"\t:,"
_BLANK = 32


@dataclass(frozen=True, slots=True)
class Cells:
    """The sample columns of one record: text[start:stop] of the text they are given with.

    `row` is the number that a defect is told with, `n_alts` the record's ALT alleles, `site`
    its first eight columns.
    """

    row: int
    start: int
    stop: int
    n_alts: int
    site: bytes


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of some records' cells, in the order of the text; arrays of shape (m,).

    `cell` counts the samples of all those records, `key` the fields of a cell, both from
    0; `items` are the field's values; it is array[start:stop].
    """

    cell: Ints
    key: Ints
    items: Ints
    start: Ints
    stop: Ints


def cut(array: Bytes) -> Fields:
    """Cut cells, each with a tab behind it, into fields."""
    marks = np.flatnonzero((array == _TAB) | (array == _COLON) | (array == _COMMA))
    types = array[marks]
    end = np.flatnonzero(types != _COMMA)
    last = np.flatnonzero(types[end] == _TAB)
    before = np.concatenate([[-1], end[:-1]])
    stop = marks[end]
    start = np.zeros_like(stop)
    start[1:] = stop[:-1] + 1
    per_cell = np.diff(last, prepend=-1)
    return Fields(
        cell=np.repeat(np.arange(len(last)), per_cell),
        key=np.arange(len(end)) - np.repeat(last - per_cell + 1, per_cell),
        items=end - before,
        start=start,
        stop=stop,
    )


def odd_texts(array: Bytes, fields: Fields) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Fields, ascending, with a byte that no plain number has; and which have a control."""
    # Wrapped around 0: digits and the colon; comma, minus and dot.
    odd = (array - np.uint8(ord("0")) > 10) & (array - np.uint8(_COMMA) > 2) & (array != _TAB)
    at = np.flatnonzero(odd)
    field = np.searchsorted(fields.stop, at)
    controls = np.zeros(len(fields.stop), bool)
    controls[field[array[at] < _BLANK]] = True
    return np.unique(field), controls
