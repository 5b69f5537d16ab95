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
_CELLS = 1 << 16
_MOST_CELLS = 1 << 24

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BITS = 20  # of a number of samples


def exact_test(n_hom_ref: npt.ArrayLike, n_het: npt.ArrayLike, n_hom_alt: npt.ArrayLike) -> Floats:
    """The p of the exact test for each row of counts.

    The three arrays have the same shape (n,) and count diploid samples. The result has
    shape (n,); NaN where a row has no sample. Raises ValueError for a negative count.
    """
    hom_ref, het, hom_alt = (np.asarray(x, np.int64).ravel() for x in (n_hom_ref, n_het, n_hom_alt))
    if (hom_ref < 0).any() or (het < 0).any() or (hom_alt < 0).any():
        raise ValueError("counts of genotypes must not be negative")
    n = hom_ref + het + hom_alt
    if len(n) and int(n.max()) >= 1 << _BITS:
        raise ValueError("more than a million samples in one group")
    rare = 2 * np.minimum(hom_ref, hom_alt) + het
    # With no copy or one of the rarer allele there is one outcome; most rows are such.
    p = np.where(n > 0, 1.0, np.nan)
    rows = np.flatnonzero(rare > 1)
    keys = rare[rows] << _BITS | n[rows]
    order = np.argsort(keys)
    rows, keys = rows[order], keys[order]
    edges = np.flatnonzero(np.diff(keys, prepend=-1, append=-1))
    distinct, times = keys[edges[:-1]], np.diff(edges)
    for first, end in _pieces(distinct >> _BITS):
        here = rows[edges[first] : edges[end]]
        tails = _tails.of(distinct[first:end])
        starts = np.cumsum([0, *map(len, tails[:-1])])
        p[here] = np.concatenate(tails)[np.repeat(starts, times[first:end]) + het[here] // 2]
    return p


def _pieces(rare: Ints) -> Iterator[tuple[int, int]]:
    """Cuts ascending numbers of copies to some that are alike, with outcomes that stay in cache."""
    first = 0
    while first < len(rare):
        alike = int(np.searchsorted(rare, 2 * rare[first], "right"))
        cells = (rare[first:alike] // 2 + 1) * np.arange(1, alike - first + 1)
        end = first + max(1, int(np.searchsorted(cells, _CELLS, "right")))
        yield first, end
        first = end


class _Tails:
    """The p of all outcomes by copies << _BITS | samples: a few thousand serve millions of rows."""

    def __init__(self) -> None:
        self._known: dict[int, Floats] = {}
        self._cells = 0
        self._looking = threading.Lock()

    def of(self, keys: Ints) -> list[Floats]:
        """For each key the p of rare & 1 heterozygotes, and of every second more, up to rare."""
        with self._looking:  # one thread at a time: others want the same
            found = [self._known.get(key) for key in keys.tolist()]
            missing = [at for at, tail in enumerate(found) if tail is None]
            if missing:
                new = keys[missing]
                copies = new >> _BITS
                p = _outcomes(new & ((1 << _BITS) - 1), copies)
                tails = np.split(p, np.cumsum(copies // 2 + 1)[:-1])
                for at, tail in zip(missing, tails, strict=True):
                    found[at] = tail
                if self._cells > _MOST_CELLS:
                    self._known, self._cells = {}, 0
                self._known.update(zip(new.tolist(), tails, strict=True))
                self._cells += len(p)
        return [tail for tail in found if tail is not None]


_tails = _Tails()


@lru_cache(maxsize=1)
def _log_factorials_up_to(size: int) -> npt.NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size)))])


def _log_factorials(n: int) -> npt.NDArray[np.float64]:
    """The logarithms ln k! for k from 0 to n at least."""
    return _log_factorials_up_to(1 << (n + 1).bit_length())


def _outcomes(n: Ints, rare: Ints) -> Floats:
    """The p of each outcome for n samples and rare copies, one pair after the other."""
    samples, copies = n[:, None], rare[:, None]
    het = (copies & 1) + 2 * np.arange(int(rare.max()) // 2 + 1)
    possible = het <= copies
    hom_rare = np.maximum(copies - het, 0) >> 1
    hom_common = np.maximum(samples - ((copies + het) >> 1), 0)
    ln = _log_factorials(int(n.max()))
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
