"""Sets of haplotypes, a bit for each: how many are in two of them is counted 64 at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Words", "packed", "shared"]

Words = npt.NDArray[np.uint64]


def packed(members: npt.NDArray[np.bool_]) -> Words:
    """Return sets as bits, shape (n_sets, n_words), of shape (n_sets, ...): who is in each."""
    bits = np.packbits(members.reshape(len(members), -1), axis=1)
    return np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)


def shared(x: Words, y: Words) -> npt.NDArray[np.int64]:
    """Count the members that each set of x has in common with each of y: (n_x, n_y)."""
    counts = np.empty((len(x), len(y)), np.int64)
    for row, one in zip(counts, x, strict=True):
        np.bitwise_count(one & y).sum(axis=1, dtype=np.int64, out=row)
    return counts
