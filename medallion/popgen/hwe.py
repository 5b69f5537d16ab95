"""The exact test for Hardy-Weinberg equilibrium.

Wigginton JE, Cutler DJ, Abecasis GR. A note on exact tests of Hardy-Weinberg
equilibrium. Am J Hum Genet 76:887-893 (2005), https://doi.org/10.1086/429864

Given n diploid genotypes with a copies of one allele and b = 2n - a of the other, the
probability of h heterozygotes (h of a's parity) is

    P(h) = 2^h n! a! b! / ( ((a - h)/2)! h! ((b - h)/2)! (2n)! )

and p is the sum of all P(k) that do not exceed P(h).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["exact_test"]

# Probabilities that are equal on paper differ in the last bits; as in the authors' code
# and plink's, such a one counts as not exceeding the observed.
_SLACK = 1e-8
# A table of n samples has some n * n / 4 numbers.
_TABLED = 1 << 12
# What may come out for one number of copies takes, alone, as long as for so many in a table.
_AS_LONG = 8
_MOST_BYTES = 1 << 27
_CELLS = 1 << 16

Ints = npt.NDArray[np.int64]


_tables: dict[int, npt.NDArray[np.float64]] = {}
_making = threading.Lock()


def exact_test(
    n_hom_ref: npt.ArrayLike, n_het: npt.ArrayLike, n_hom_alt: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """The p of the exact test for each row of counts.

    The three arrays have the same shape (n,) and count diploid samples. The result has
    shape (n,); NaN where a row has no sample. Raises ValueError for a negative count.
    """
    hom_ref, het, hom_alt = (np.asarray(x, np.int64).ravel() for x in (n_hom_ref, n_het, n_hom_alt))
    if (hom_ref < 0).any() or (het < 0).any() or (hom_alt < 0).any():
        raise ValueError("counts of genotypes must not be negative")
    n = hom_ref + het + hom_alt
    if len(n) and int(n.max()) >= 1 << 20:
        raise ValueError("more than a million samples in one group")
    rare = 2 * np.minimum(hom_ref, hom_alt) + het
    # With no copy or one of the rarer allele there is one outcome; most rows are such.
    p = np.where(n > 0, 1.0, np.nan)
    rows = np.flatnonzero(rare > 1)
    n, rare, het = n[rows], rare[rows], het[rows]
    # Where many rows have one number of samples, all that may come out is worked out once.
    times = np.bincount(n)
    often = times[:_TABLED] * _AS_LONG > np.arange(len(times[:_TABLED]))
    for size in np.flatnonzero(often).tolist():
        here = np.flatnonzero(n == size)
        if size in _tables or np.count_nonzero(np.bincount(rare[here])) * _AS_LONG > size:
            p[rows[here]] = _table(size)[_place(rare[here], het[here])]
            times[size] = 0
    if len(left := np.flatnonzero(times[n])):
        p[rows[left]] = _one_by_one(n[left], rare[left], het[left])
    return p


def _one_by_one(n: Ints, rare: Ints, het: Ints) -> npt.NDArray[np.float64]:
    """The p of each row; p depends on (n, rare, het) alone, and of these few are distinct."""
    distinct, inverse = np.unique((n << 42) | (rare << 21) | het, return_inverse=True)
    found = np.empty(len(distinct))
    groups = distinct >> 21
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(distinct)], strict=True):
        samples, copies = int(groups[start]) >> 21, int(groups[start]) & (2**21 - 1)
        found[start:stop] = _tail(samples, copies)[(distinct[start:stop] & (2**21 - 1)) // 2]
    p: npt.NDArray[np.float64] = found[inverse]
    return p


def _table(n: int) -> npt.NDArray[np.float64]:
    """The p of everything that may come out among n samples, in the order of `_place`."""
    with _making:  # one thread at a time: others want the same tables
        found = _tables.get(n)
        if found is None:
            found = np.concatenate([_outcomes(n, rare) for rare in _pieces(n)])
            if found.nbytes + sum(t.nbytes for t in _tables.values()) > _MOST_BYTES:
                _tables.clear()
            _tables[n] = found
    return found


def _pieces(n: int) -> Iterator[Ints]:
    """Numbers of copies from 0 to n, as many at a time as have outcomes that stay in cache."""
    rare = np.arange(n + 1)
    step = max(1, _CELLS // (n // 2 + 1))
    return (rare[low : low + step] for low in range(0, n + 1, step))


def _place(rare: Ints, het: Ints) -> Ints:
    """Where in `_table` an outcome is: behind all with fewer copies, each with rare//2 + 1."""
    return rare + (rare - 1) ** 2 // 4 + het // 2


@lru_cache(maxsize=1)
def _log_factorials_up_to(size: int) -> npt.NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size)))])


def _log_factorials(n: int) -> npt.NDArray[np.float64]:
    """The logarithms ln k! for k from 0 to n at least."""
    return _log_factorials_up_to(1 << (n + 1).bit_length())


@lru_cache(maxsize=1 << 15)
def _tail(n: int, rare: int) -> npt.NDArray[np.float64]:
    """The p for each possible number of heterozygotes (rare & 1, then every second one)."""
    return _outcomes(n, np.array([rare]))


def _outcomes(n: int, rare: Ints) -> npt.NDArray[np.float64]:
    """`_tail` for several numbers of copies of the rarer allele, one after the other."""
    copies = rare[:, None]
    het = (copies & 1) + 2 * np.arange(int(rare.max()) // 2 + 1)
    possible = het <= copies
    hom_rare = np.maximum(copies - het, 0) >> 1
    hom_common = np.maximum(n - ((copies + het) >> 1), 0)
    ln = _log_factorials(n)
    log_p = het * np.log(2) - ln[hom_rare] - ln[het] - ln[hom_common]
    log_p[~possible] = -np.inf
    likelihood = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    # A row rises and falls, which a stable sort takes for two runs to be merged.
    order = np.argsort(likelihood, axis=1, kind="stable")
    ascending = np.take_along_axis(likelihood, order, axis=1)
    # Added from the least on, so that p does not depend on what stands in the matrix beside it.
    total = np.cumsum(ascending, axis=1)
    total /= total[:, -1:].copy()
    # P(h) rises to its peak and falls: so at most two outcomes are equally likely.
    equal = ascending[:, 1:] <= ascending[:, :-1] * (1 + _SLACK)
    total[:, :-1][equal] = total[:, 1:][equal]
    p = np.empty_like(total)
    np.put_along_axis(p, order, np.minimum(1.0, total), axis=1)
    return p[possible]
