"""Arrow arrays from numpy arrays and strings, by their memory.

`pyarrow.array`, `pyarrow.scalar`, `fill_null` and `Array.to_numpy` first ask whether they
were given something of pandas, and so import all of pandas where that is installed; that
takes longer than many a build.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["codes", "encode", "numbers", "values"]


def numbers(values: npt.NDArray[Any], null: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """`values` as an Arrow array of the same type, without a copy; null where `null`."""
    data = np.ascontiguousarray(values)
    mask, count = None, 0
    if null is not None and (count := int(null.sum())):
        mask = pa.py_buffer(np.packbits(~null, bitorder="little"))
    kind = pa.from_numpy_dtype(data.dtype)
    return pa.Array.from_buffers(kind, len(data), [mask, pa.py_buffer(data)], null_count=count)


def encode(strings: Sequence[str | None] | pl.Series) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Codes of shape (n,) into the distinct strings, in order of appearance; -1 for null."""
    column = pl.Series(strings, dtype=pl.String) if not isinstance(strings, pl.Series) else strings
    # Arrow's own string, for polars hands over views, which Arrow cannot encode.
    found = column.to_arrow().cast(pa.string()).dictionary_encode()
    codes = _memory(found.indices)
    if column.null_count():
        codes = np.where(column.is_null().to_numpy(), np.int32(-1), codes)
    return codes, found.dictionary


def values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A numeric column without nulls as a numpy array."""
    pieces = [_memory(chunk) for chunk in column.chunks]
    return pieces[0] if len(pieces) == 1 else np.concatenate([*pieces, np.zeros(0, np.int64)])


def codes(column: pa.DictionaryArray) -> npt.NDArray[Any]:
    """The codes of a dictionary column without nulls as a numpy array."""
    return _memory(column.indices)


def _memory(array: pa.Array) -> npt.NDArray[Any]:
    # Array.to_numpy imports pandas, too. Arrow's names of numbers are those of numpy.
    kind = np.dtype(str(array.type))
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
