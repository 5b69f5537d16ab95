"""Columns as codes into a few values: how rows that are many, but much alike, are held.

Neither a sample's name nor a position is spelled out for each row, in memory as on disk
(`medallion.storage.pages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.lookup import look_up
from medallion.storage.arrow import encode

__all__ = ["Coded", "Plain"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column: of each row `values[code]`, or null where the code is the number of values.

    `values` are k strings or numbers. `codes`, unsigned and of shape (n,), are one for each
    row, or one for as many rows as `times`, of the same shape, says.
    """

    values: pa.StringArray | npt.NDArray[Any]
    codes: npt.NDArray[Any]
    times: Ints | None = None

    @classmethod
    def of(cls, strings: Sequence[str | None] | pl.Series) -> Coded:
        """`strings`, a row each."""
        codes, values = encode(strings)
        return cls(values, _small(np.where(codes < 0, len(values), codes), len(values)))

    @classmethod
    def numbers(cls, values: npt.NDArray[Any]) -> Coded:
        """Numbers, a row each, that are few or will be repeated."""
        return cls(values, _small(np.arange(len(values)), len(values)))

    def __len__(self) -> int:
        return len(self.codes) if self.times is None else int(self.times.sum())

    def take(self, index: npt.NDArray[Any]) -> Coded:
        """The rows at `index`, of a column with a code for each row."""
        if len(self.codes) == len(self.values):
            return Coded(self.values, index.astype(self.codes.dtype))  # all distinct, in order
        return Coded(self.values, look_up(self.codes, index))

    def repeated(self, times: Ints) -> Coded:
        """Each row as often as `times`, of shape (n,), says."""
        return Coded(self.values, self.codes, times)

    def between(self, start: int, stop: int) -> Coded:
        """Rows of a column with a code for each."""
        return Coded(self.values, self.codes[start:stop])

    def bounds(self) -> tuple[Any, Any] | None:
        """The smallest and the largest value that some row has; None where all are null."""
        codes = self.codes if self.times is None else self.codes[self.times > 0]
        used = np.flatnonzero(np.bincount(codes, minlength=len(self.values))[: len(self.values)])
        if isinstance(self.values, np.ndarray):
            found = self.values[used].tolist()
        else:
            found = [self.values[i].as_py() for i in used.tolist()]
        return (min(found), max(found)) if found else None


@dataclass(frozen=True, slots=True)
class Plain:
    """A column of numbers, shape (n,), each as it is; null where `null`."""

    values: npt.NDArray[Any]
    null: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def between(self, start: int, stop: int) -> Plain:
        """Some of the rows."""
        null = None if self.null is None else self.null[start:stop]
        return Plain(self.values[start:stop], null)

    def bounds(self) -> tuple[Any, Any] | None:
        """The smallest and the largest number; None where all are null."""
        known = self.values if self.null is None else self.values[~self.null]
        return (known.min().item(), known.max().item()) if len(known) else None


def _small(codes: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
    """Codes up to `most` in as few bytes as they fit."""
    return codes.astype(np.min_scalar_type(most))
