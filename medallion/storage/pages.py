"""Parquet files of coded columns, whose pages are put together from whole arrays.

Arrow's writer takes a column value by value and looks at each for a run: some 75 ns for a
row of `silver.genotypes`. Here it is known beforehand what stands in runs, and a page is
a cast or a shift of the codes: some 15 ns. Codes have whole bytes or powers of two of bits,
which also compress better than such that lie across bytes.

https://parquet.apache.org/docs/file-format/ and, for the numbers of fields and kinds,
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import struct as packing
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from isal import isal_zlib

from medallion.files.objects import ObjectWriter
from medallion.storage.coded import Coded, Plain
from medallion.storage.thrift import Int8, Int16, Int64, Struct, struct, varint

__all__ = ["PageWriter", "Rows"]

Ints = npt.NDArray[np.int64]
Rows = Mapping[str, Coded | Plain]
"""Columns by name, all of one length."""

_MAGIC = b"PAR1"
_INT32, _INT64, _DOUBLE, _BYTE_ARRAY = 1, 2, 5, 6
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_ZSTD = 6
_LEVEL = 1
# Neighbouring variants are carried by much the same samples: so long pages compress well.
_ROWS_PER_PAGE = 1 << 20
_WIDTHS = (1, 2, 4, 8, 16, 32)
# A kind of column: how its numbers are stored, and what a reader is told they are.
_STORED: dict[str, tuple[int, str, Struct]] = {
    "string": (_BYTE_ARRAY, "", {6: 0, 10: {1: {}}}),
    "int8": (_INT32, "<i4", {6: 15, 10: {10: {1: Int8(8), 2: True}}}),
    "int16": (_INT32, "<i4", {6: 16, 10: {10: {1: Int8(16), 2: True}}}),
    "int32": (_INT32, "<i4", {}),
    "int64": (_INT64, "<i8", {}),
    "double": (_DOUBLE, "<f8", {}),
}


class PageWriter:
    """A Parquet file, written a row group at a time."""

    def __init__(
        self, output: Path | ObjectWriter, schema: pa.Schema, bounded: Collection[str]
    ) -> None:
        """Of a file that is not there yet. The numbers of columns in `bounded` have bounds told."""
        self._output, self._schema, self._bounded = output, schema, bounded
        self._codec = pa.Codec("zstd", compression_level=_LEVEL)
        self._groups: list[Struct] = []
        self._rows = 0
        self._pieces: list[Any] = [_MAGIC]
        self._at = len(_MAGIC)

    def write(self, rows: Rows) -> None:
        """Append a row group; the columns of the schema, in any order."""
        start, n = self._at, len(rows[self._schema.names[0]])
        chunks = [self._chunk(field, rows[field.name]) for field in self._schema]
        loose = sum(int(told[3][6]) for told in chunks)
        self._groups.append({
            1: chunks, 2: Int64(loose), 3: Int64(n), 5: Int64(start), 6: Int64(self._at - start),
            7: Int16(len(self._groups)),
        })  # fmt: skip
        self._rows += n
        self._flush()

    def close(self) -> None:
        """Write the footer."""
        columns = [
            {1: stored, 3: _OPTIONAL if field.nullable else _REQUIRED, 4: field.name, **meaning}
            for field in self._schema
            for stored, _, meaning in (_STORED[str(field.type)],)
        ]
        footer = struct({
            1: 2, 2: [{4: "schema", 5: len(columns)}, *columns], 3: Int64(self._rows),
            4: self._groups, 6: "medallion", 7: [{1: {}}] * len(columns),
        })  # fmt: skip
        self._pieces.append(footer + packing.pack("<I", len(footer)) + _MAGIC)
        self._flush()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if isinstance(self._output, Path):
            # Opened each time, so that a build that stops leaves no open file.
            with self._output.open("ab") as file:
                file.writelines(pieces)
        else:
            self._output.write(b"".join(pieces))

    def _chunk(self, field: pa.Field, column: Coded | Plain) -> dict[int, Any]:
        """Write the pages of a column of a row group, and tell of them."""
        stored, kind, _ = _STORED[str(field.type)]
        start, loose, dictionary = self._at, 0, None
        if isinstance(column, Coded):
            values = _strings(column.values) if kind == "" else column.values.astype(kind)
            head = {7: {1: len(column.values), 2: _PLAIN}}
            dictionary = Int64(start)
            loose += self._page(_DICTIONARY_PAGE, [values], head)
        first = self._at
        for some in _pages(column):
            encoding = _RLE_DICTIONARY if dictionary is not None else _PLAIN
            head = {5: {1: len(some), 2: encoding, 3: _RLE, 4: _RLE}}
            loose += self._page(_DATA_PAGE, _data(some, kind, nullable=field.nullable), head)
        encodings = [_PLAIN, _RLE] if dictionary is None else [_PLAIN, _RLE, _RLE_DICTIONARY]
        bounds = _bounds(column, kind) if field.name in self._bounded else None
        return {2: Int64(0), 3: {
            1: stored, 2: encodings, 3: [field.name], 4: _ZSTD, 5: Int64(len(column)),
            6: Int64(loose), 7: Int64(self._at - start), 9: Int64(first), 11: dictionary,
            12: bounds,
        }}  # fmt: skip

    def _page(self, kind: int, pieces: Sequence[Any], head: Struct) -> int:
        """Write a page, and tell its bytes before compression."""
        data = b"".join(pieces)
        packed = self._codec.compress(data)
        crc = packing.unpack("<i", packing.pack("<I", isal_zlib.crc32(packed)))[0]
        header = struct({1: kind, 2: len(data), 3: len(packed), 4: crc, **head})
        self._pieces += [header, packed]
        self._at += len(header) + len(packed)
        return len(header) + len(data)


def _pages(column: Coded | Plain) -> list[Coded | Plain]:
    """The column in pieces of some rows; what stands in runs is small, and one piece."""
    if isinstance(column, Coded) and column.times is not None:
        return [column]
    starts = range(0, max(1, len(column)), _ROWS_PER_PAGE)
    return [column.between(start, start + _ROWS_PER_PAGE) for start in starts]


def _data(column: Coded | Plain, kind: str, *, nullable: bool) -> list[Any]:
    """What a data page holds: which rows are null, if any may be, and the values of the rest."""
    if isinstance(column, Plain):
        known = None if column.null is None or not column.null.any() else ~column.null
        values = column.values if known is None else column.values[known]
        levels = _levels(known, None, len(column)) if nullable else []
        return [*levels, values.astype(kind, copy=False)]
    codes, times, k = column.codes, column.times, len(column.values)
    known = codes < k if int(codes.max(initial=0)) >= k else None
    levels = _levels(known, times, len(column)) if nullable else []
    if known is not None:
        codes, times = codes[known], None if times is None else times[known]
    width = next(w for w in _WIDTHS if k <= 1 << w)
    return [*levels, bytes([width]), *_hybrid(codes, times, width)]


def _levels(known: npt.NDArray[np.bool_] | None, times: Ints | None, n: int) -> list[bytes]:
    """Definition levels: of each row, or of as many as `times` says, whether it is not null."""
    if known is None:
        known, times = np.ones(1, bool), np.array([n])
    data = b"".join(_hybrid(known.view(np.uint8), times, 1))
    return [packing.pack("<I", len(data)), data]


def _hybrid(codes: npt.NDArray[Any], times: Ints | None, width: int) -> list[Any]:
    """Codes below 2**width in the hybrid of runs and packed bits, all in the one or the other."""
    if times is None:
        groups = -(-len(codes) // 8)
        return [varint(groups << 1 | 1), _packed(codes, width, groups)] if groups else []
    some = times > 0
    codes, twice = codes[some], times[some] << 1
    if not len(codes):
        return []
    # Each run is a varint and a code. All have the varint of the longest: it may end in zeros.
    size = len(varint(int(twice.max())))
    runs = np.empty((len(codes), size + max(1, width // 8)), np.uint8)
    for place in range(size):
        runs[:, place] = twice >> 7 * place & 0x7F | (0x80 if place < size - 1 else 0)
    kind = f"<u{max(1, width // 8)}"
    runs[:, size:] = codes.astype(kind).view(np.uint8).reshape(len(codes), -1)
    return [runs]


def _packed(codes: npt.NDArray[Any], width: int, groups: int) -> npt.NDArray[Any]:
    """`groups` of eight codes, of `width` bits each, the first in the lowest bits."""
    kind = f"<u{max(1, width // 8)}"
    full = np.zeros(8 * groups, kind)
    full[: len(codes)] = codes
    if width >= 8:
        return full
    if width == 1:
        return np.packbits(full, bitorder="little")
    of_byte = full.reshape(-1, 8 // width)
    packed = of_byte[:, 0].copy()
    for place in range(1, 8 // width):
        packed |= of_byte[:, place] << place * width
    return packed


def _strings(values: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Strings one after the other, each behind its length in four bytes."""
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    lengths = (ends[:-1] - ends[0] + 4 * np.arange(len(values)))[:, None] + np.arange(4)
    of_length = np.zeros(4 * len(values) + len(text), bool)
    of_length[lengths.ravel()] = True
    joined = np.empty(len(of_length), np.uint8)
    joined[of_length] = np.diff(ends).astype("<i4").view(np.uint8)
    joined[~of_length] = text
    return joined


def _bounds(column: Coded | Plain, kind: str) -> Struct | None:
    """The smallest and the largest number."""
    bounds = column.bounds() if kind else None
    if bounds is None:
        return None
    low, high = (np.array(x, kind).tobytes() for x in bounds)
    return {5: high, 6: low}
