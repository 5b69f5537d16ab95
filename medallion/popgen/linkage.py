"""Linkage disequilibrium between ALT alleles: r², D and D', and its decay with distance.

From phased haplotypes, with pA and pB the frequencies of the two ALT alleles and pAB that
of the haplotype that carries both, over the haplotypes where both are called,

    D = pAB - pA pB                                  (Lewontin & Kojima 1960)
    D' = D / min(pA(1 - pB), (1 - pA)pB)  for D > 0,
         D / min(pA pB, (1 - pA)(1 - pB)) for D < 0  (Lewontin 1964)
    r² = D² / (pA(1 - pA) pB(1 - pB))                (Hill & Robertson 1968)

so that D' has the sign of D: above 0 the two ALT alleles go together.
https://doi.org/10.1093/genetics/49.1.49, https://doi.org/10.1007/BF01245622

From unphased genotypes, r is the correlation of the copies of the two alleles over the
samples where both are called:

Rogers AR, Huff C. Linkage disequilibrium between loci with unknown phase. Genetics
182:839-844 (2009), https://doi.org/10.1534/genetics.108.093153
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medallion.popgen import bits

__all__ = [
    "DECAY_EDGES",
    "DecaySums",
    "HaplotypeLD",
    "dosage_r",
    "haplotype_ld",
    "ld_decay",
]

DECAY_EDGES: npt.NDArray[np.int64] = np.concatenate(
    [np.arange(0, 100_000, 1_000), np.arange(100_000, 1_000_001, 50_000)]
)
"""Bounds of the bins of distance, in bases: 1 kb wide up to 100 kb, then 50 kb up to 1 Mb.
A bin holds the distances above its lower bound, up to its upper bound."""
MINOR_ALLELE_FREQUENCY = 0.05

_SITES_AT_ONCE = 512
_DECAY_SITES_AT_ONCE = 256  # the more, the more pairs are made twice, the fewer, the more steps

Floats = npt.NDArray[np.float64]
Float32s = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class HaplotypeLD:
    """Linkage of alleles a with alleles b, each array of shape (n_a, n_b).

    `n` counts the haplotypes where both are called. `d`, `d_prime` (-1 to 1) and `r2`
    are as in the module's docstring; NaN where one of the two does not vary among those.
    """

    n: Ints
    d: Floats
    d_prime: Floats
    r2: Floats


def haplotype_ld(a: Int8s, b: Int8s) -> HaplotypeLD:
    """Linkage of each allele of a with each of b, from haplotypes.

    Both have shape (n_alleles, n_samples, 2), or (n_alleles, n_haplotypes), int8: 1, 0,
    and below 0 what is missing or absent, left out pair by pair. One allele of `a`
    against many of `b` gives proxies; a matrix against itself, all pairs. Whether the
    genotypes were phased is the caller's to know.
    """
    one_a, here_a, one_b, here_b = (bits.packed(x) for x in (a == 1, a >= 0, b == 1, b >= 0))
    n, n_ab = bits.shared(here_a, here_b), bits.shared(one_a, one_b)
    n_a, n_b = bits.shared(one_a, here_b), bits.shared(here_a, one_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_a, p_b = n_a / n, n_b / n
        # The counts' own difference: no frequency is lost to rounding where D is 0.
        d = (n_ab * n - n_a * n_b) / n**2
        varied = (n_a > 0) & (n_a < n) & (n_b > 0) & (n_b < n)
        most = np.where(
            d > 0,
            np.minimum(p_a * (1 - p_b), (1 - p_a) * p_b),
            np.minimum(p_a * p_b, (1 - p_a) * (1 - p_b)),
        )
        d_prime = np.clip(d / most, -1, 1)
        r2 = np.minimum(d * d / (p_a * (1 - p_a) * p_b * (1 - p_b)), 1)
    return HaplotypeLD(n, *(np.where(varied, x, np.nan) for x in (d, d_prime, r2)))


def dosage_r(a: Int8s, b: Int8s) -> Floats:
    """Correlation r of the copies of each allele of a with those of each of b; square it for r².

    Both have shape (n_alleles, n_samples), int8, copies of the ALT, below 0 for missing,
    left out pair by pair. Shape (n_a, n_b); NaN where one of the two does not vary.
    """
    here, x = a >= 0, np.maximum(a, 0)
    square = x.astype(np.float32) ** 2
    n, x1, x2, xy, y1, y2 = _products(
        b,
        lambda y: (
            (here, y >= 0), (x, y >= 0), (square, y >= 0), (x, np.maximum(y, 0)),
            (here, np.maximum(y, 0)), (here, np.maximum(y, 0).astype(np.float32) ** 2),
        ),
    )  # fmt: skip
    # All sums are whole numbers, so a variance of 0 is 0 exactly.
    product = (n * x2 - x1 * x1) * (n * y2 - y1 * y1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (n * xy - x1 * y1) / np.sqrt(product)
    found: Floats = np.where(product > 0, np.clip(r, -1, 1), np.nan)
    return found


def _products(
    b: Int8s, pairs: Callable[[Int8s], tuple[tuple[npt.NDArray[Any], npt.NDArray[Any]], ...]]
) -> list[Floats]:
    """Matrix products x @ y.T of the pairs that `pairs` makes of b, some rows of b at a time.

    In float32, where whole numbers up to 2^24 are exact: four million samples.
    """
    pieces = [
        [
            (x.astype(np.float32) @ y.astype(np.float32).T).astype(np.float64)
            for x, y in pairs(b[first : first + _SITES_AT_ONCE])
        ]
        for first in range(0, max(len(b), 1), _SITES_AT_ONCE)
    ]
    return [np.concatenate(of_pair, axis=1) for of_pair in zip(*pieces, strict=True)]


@dataclass(frozen=True, slots=True)
class DecaySums:
    """Sums over pairs of sites, by bin of distance: arrays of shape (n_groups, n_bins).

    `pairs` counts them, `r2` sums their r². Sums of parts add up.
    """

    pairs: Ints
    r2: Floats

    @classmethod
    def zeros(cls, n_groups: int, n_bins: int = len(DECAY_EDGES) - 1) -> DecaySums:
        """Sums of no pair."""
        return cls(np.zeros((n_groups, n_bins), np.int64), np.zeros((n_groups, n_bins)))

    def __add__(self, other: DecaySums) -> DecaySums:
        return DecaySums(self.pairs + other.pairs, self.r2 + other.r2)

    @property
    def mean(self) -> Floats:
        """Mean r² of each group and bin; NaN where there is no pair."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = self.r2 / self.pairs
        return found


def ld_decay(
    copies: Int8s,
    pos: npt.NDArray[np.integer],
    members: npt.NDArray[np.bool_],
    edges: Ints = DECAY_EDGES,
    at_least: float = MINOR_ALLELE_FREQUENCY,
) -> DecaySums:
    """Sums of r² by distance, over pairs of sites of one contig, in each group.

    `copies` has shape (n_sites, n_samples), `pos` (n_sites,) rising, 1-based; `members`,
    shape (n_groups, n_samples), tells who is in a group; `edges`, shape (n_bins + 1,),
    bound the bins. In a group, those sites count whose minor allele has a frequency of
    at least `at_least` in it. r² is that of dosages (Rogers & Huff); a missing genotype
    is imputed by the group's mean. Pairs at one position or beyond the last edge do not
    count. Choose the sites with `pca.thin` for less work: the mean stays that of the rest.
    """
    pos = np.asarray(pos, np.int64)
    n_bins = len(edges) - 1
    sums = DecaySums.zeros(len(members), n_bins)
    pairs, r2 = sums.pairs, sums.r2
    # The bin of each distance in bases: 1 + bin, 0 for none.
    bin_of = np.zeros(int(edges[-1]) + 2, np.int64)
    bin_of[int(edges[0]) + 1 : int(edges[-1]) + 1] = np.repeat(
        np.arange(1, n_bins + 1), np.diff(edges)
    )
    for group, who in enumerate(members):
        if not who.any():
            continue
        some = copies[:, who]
        z, common = _unit(some, at_least)
        at = pos[common]
        z = z[common]
        for first in range(0, len(z), _DECAY_SITES_AT_ONCE):
            last = min(first + _DECAY_SITES_AT_ONCE, len(z))
            stop = int(np.searchsorted(at, at[last - 1] + edges[-1], side="right"))
            square = (z[first:last] @ z[first:stop].T) ** 2
            distance = at[None, first:stop] - at[first:last, None]
            np.clip(distance, 0, len(bin_of) - 1, out=distance)
            place = bin_of[distance]
            # Each pair once: a site stands before its partners.
            place[:, : last - first] = np.triu(place[:, : last - first], 1)
            flat = place.ravel()
            pairs[group] += np.bincount(flat, minlength=n_bins + 1)[1:]
            r2[group] += np.bincount(flat, weights=square.ravel(), minlength=n_bins + 1)[1:]
    return sums


def _unit(copies: Int8s, at_least: float) -> tuple[Float32s, npt.NDArray[np.bool_]]:
    """Each site's copies, of mean 0 and length 1, and which sites are common."""
    here = copies >= 0
    z = np.where(here, copies, 0).astype(np.float32)
    called = here.sum(axis=1)
    ac = z.sum(axis=1, dtype=np.float64)
    common = (called > 0) & (np.minimum(ac, 2 * called - ac) >= at_least * 2 * called)
    z -= (ac / np.maximum(called, 1)).astype(np.float32)[:, None]
    z[~here] = 0
    length = np.sqrt(np.einsum("ij,ij->i", z, z))
    # All heterozygous: no variance, though the alleles are common.
    common &= length > 1e-3
    z /= np.where(length > 0, length, 1)[:, None]
    return z, common
