"""Looking things up in a table, all at once: what much of reading and counting is made of."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["look_up"]

T = TypeVar("T", bound=np.generic)


def look_up(table: npt.NDArray[T], index: npt.NDArray[np.integer[Any]]) -> npt.NDArray[T]:
    """`table[index]` for an index that is known to be within bounds, in half the time."""
    return np.take(table, index, mode="clip") if len(table) else table[index]
