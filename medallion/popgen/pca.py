"""Principal components of genotypes.

Patterson N, Price AL, Reich D. Population structure and eigenanalysis. PLoS Genet
2:e190 (2006), https://doi.org/10.1371/journal.pgen.0020190

With x the copies of the ALT in a sample and p its frequency among called alleles, a
site's genotypes are standardised as

    z = (x - 2p) / sqrt(2p(1 - p)),     z = 0 where x is missing (the mean, imputed)

and the relationship of two samples is the mean of z z' over sites. Its eigenvectors are
the components. (The paper divides by sqrt(p(1 - p)): that scales all eigenvalues by 2.)

Sites are chosen by `common_snvs` (biallelic, diploid, not rare), `thin` (one in so many
bases) and `prune` (not in linkage with one kept nearby). A relationship is a sum over
sites, so that of parts of a genome add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = [
    "Components",
    "Ploidies",
    "Relationship",
    "common_snvs",
    "evenly",
    "principal_components",
    "prune",
    "relationship",
    "standardised",
    "thin",
]

MINOR_ALLELE_FREQUENCY = 0.05
"""A site is common where its rarer allele has at least this frequency among all samples."""
THIN_BASES = 1000
PRUNE_R2 = 0.2
PRUNE_BASES = 250_000

# So many sites at once: in float32 some 20 MB of 2504 samples.
_SITES_AT_ONCE = 2048
_PRUNED_AT_ONCE = 256

# Of more samples than this the first components come by Lanczos, to the same digits: all
# eigenvalues of 2504 samples cost ten times as much, and grow with the cube of the number.
_ALL_AT_ONCE = 500

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]


class Ploidies(Protocol):
    """Ploidy of each column, shape (n_columns,), by the id of a record's pattern."""

    @property
    def by_id(self) -> Mapping[int, Ints]:
        """The ploidies of each pattern."""


def common_snvs(
    variants: pl.DataFrame,
    ac: Ints,
    an: Ints,
    ploidy: Ploidies,
    at_least: float = MINOR_ALLELE_FREQUENCY,
) -> Bools:
    """Which rows of `silver.variants` are biallelic snvs, diploid in all, and not rare.

    `variants` has n_alts, variant_type and pattern; `ac` and `an`, shape (n_alleles,),
    are counts over all samples. The bound is included. Shape (n_alleles,).
    """
    diploid = [k for k, columns in ploidy.by_id.items() if (columns == 2).all()]
    plain = variants.select(
        (pl.col("n_alts") == 1)
        & (pl.col("variant_type") == "snv")
        & pl.col("pattern").is_in(diploid).fill_null(value=False)
    ).to_series()
    # In whole numbers: a frequency of exactly the bound is not lost to rounding.
    found: Bools = plain.to_numpy() & (an > 0) & (np.minimum(ac, an - ac) >= at_least * an)
    return found


def thin(pos: npt.NDArray[np.integer], bases: int = THIN_BASES) -> Bools:
    """Which sites are the first of their stretch of `bases` bases.

    `pos`, shape (n_sites,), rising and 1-based. Stretches are counted from position 1,
    so the choice depends on nothing else than the sites: shape (n_sites,).
    """
    stretch = (np.asarray(pos, np.int64) - 1) // bases
    first = np.ones(len(stretch), bool)
    first[1:] = stretch[1:] != stretch[:-1]
    return first


def evenly(n: int, at_most: int) -> Ints:
    """The places of at most `at_most` of n things, spread evenly; all where they are no more."""
    if n <= at_most:
        return np.arange(n, dtype=np.int64)
    chosen: Ints = np.arange(at_most, dtype=np.int64) * n // at_most
    return chosen


def standardised(copies: Int8s) -> npt.NDArray[np.float32]:
    """`copies`, shape (n_sites, n_samples), -1 for missing, as z; 0 in sites of one allele."""
    missing = copies < 0
    z = copies.astype(np.float32)
    if absent := missing.any():
        z[missing] = 0
    called = copies.shape[1] - missing.sum(axis=1) if absent else np.int64(copies.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        p = z.sum(axis=1, dtype=np.float64) / (2 * called)
        scale = np.sqrt(1 / (2 * p * (1 - p)))
    # A site of one allele, or of no call, says nothing of structure.
    plain = np.isfinite(scale)
    p, scale = np.where(plain, p, 0), np.where(plain, scale, 0)
    z -= (2 * p).astype(np.float32)[:, None]
    z *= scale.astype(np.float32)[:, None]
    if absent:
        z[missing] = 0
    return z


def prune(
    copies: Int8s,
    pos: npt.NDArray[np.integer],
    r2: float = PRUNE_R2,
    bases: int = PRUNE_BASES,
) -> Bools:
    """Which sites have r² of at most `r2` with every kept site less than `bases` before them.

    `copies` has shape (n_sites, n_samples), `pos` (n_sites,) rising. Greedy, from the
    first position on: of two in linkage the earlier is kept. (plink's --indep-pairwise
    keeps the one with the higher minor allele frequency.) r² is that of dosages, the
    missing imputed by the mean; a site of one allele is not kept. Shape (n_sites,).
    """
    n_sites, n_samples = copies.shape
    keep = np.zeros(n_sites, bool)
    places = np.zeros(0, np.int64)
    window = np.zeros((0, n_samples), np.float32)
    for first in range(0, n_sites, _PRUNED_AT_ONCE):
        some = np.arange(first, min(first + _PRUNED_AT_ONCE, n_sites))
        z = standardised(copies[some])
        length = np.sqrt(np.einsum("ij,ij->i", z, z))
        z /= np.where(length > 0, length, 1)[:, None]
        near = pos[places] > pos[first] - bases
        places, window = places[near], window[near]
        linked = (z @ window.T) ** 2 > r2
        linked &= pos[some][:, None] - pos[places][None, :] < bases
        free = ~linked.any(axis=1) & (length > 0)
        among = (z @ z.T) ** 2 > r2
        among &= np.abs(pos[some][:, None] - pos[some][None, :]) < bases
        for i in range(len(some)):
            if free[i]:
                free[i + 1 :] &= ~among[i, i + 1 :]
        keep[some] = free
        places = np.concatenate([places, some[free]])
        window = np.concatenate([window, z[free]])
    return keep


@dataclass(frozen=True, slots=True)
class Relationship:
    """Sums of z z' over sites: `products`, shape (n_samples, n_samples), float64."""

    products: Floats
    sites: int

    def __add__(self, other: Relationship) -> Relationship:
        return Relationship(self.products + other.products, self.sites + other.sites)


def relationship(copies: Int8s) -> Relationship:
    """The relationship over sites: `copies` has shape (n_sites, n_samples), -1 for missing.

    Products are made in float32, some thousand sites at a time, and added in float64.
    Sites of one allele are not counted.
    """
    n_sites, n_samples = copies.shape
    total = np.zeros((n_samples, n_samples))
    used = 0
    for first in range(0, n_sites, _SITES_AT_ONCE):
        z = standardised(copies[first : first + _SITES_AT_ONCE])
        used += int(z.any(axis=1).sum())
        total += z.T @ z
    return Relationship(total, used)


@dataclass(frozen=True, slots=True)
class Components:
    """Principal components, the first one first.

    `vectors`, shape (n_samples, k): eigenvectors of unit length, as plink2 --pca gives
    them. `eigenvalues`, shape (k,): of the mean relationship, as in plink2's .eigenval.
    `explained`, shape (k,): each one's share of the variance, the trace.
    """

    vectors: Floats
    eigenvalues: Floats
    explained: Floats

    @property
    def coordinates(self) -> Floats:
        """Samples' coordinates, shape (n_samples, k): vectors times root of eigenvalue.

        The distance of two samples is then that of their genotypes, as far as k
        components tell.
        """
        scaled: Floats = self.vectors * np.sqrt(np.maximum(self.eigenvalues, 0))
        return scaled


def principal_components(sums: Relationship, k: int = 10) -> Components:
    """The first k components, or as many as there are samples.

    An eigenvector's sign is free. It is turned so that its entries' cubes sum to more
    than 0 (the long tail of samples points up), which a rebuild or a sample more does
    not change; where they cancel out, so that the first entry is positive. Raises
    ValueError where no site was used.
    """
    if not sums.sites:
        raise ValueError("no polymorphic site to make components of")
    n = len(sums.products)
    # Divided when they are few: among many samples the matrix is what takes memory.
    found, vectors = _largest(sums.products, min(k, n))
    found, trace = found / sums.sites, np.trace(sums.products) / sums.sites
    eigenvalues = np.ascontiguousarray(found[::-1])
    # Fewer sites than components leave some of nothing, whose directions mean nothing.
    eigenvalues[eigenvalues <= n * np.finfo(float).eps * eigenvalues[0]] = 0
    vectors = turned(np.ascontiguousarray(vectors[:, ::-1]))
    return Components(vectors, eigenvalues, eigenvalues / trace)


def _largest(matrix: Floats, k: int) -> tuple[Floats, Floats]:
    """The k largest eigenvalues of a symmetric matrix, rising, and their vectors as columns."""
    n = len(matrix)
    if n > _ALL_AT_ONCE and 4 * k < n:
        # Slow to import, and only so many samples want it.
        from scipy.sparse.linalg import ArpackNoConvergence, eigsh

        # Chance of our own, so that a rebuild gives the same bits. tol=0: the machine's precision.
        chance = np.random.default_rng(0)
        try:
            values, vectors = eigsh(
                matrix, k, which="LA", ncv=4 * k, tol=0, maxiter=1000, rng=chance
            )
        except ArpackNoConvergence:
            pass  # eigenvalues too close together: the long way
        else:
            order = np.argsort(values)
            return values[order], vectors[:, order]
    values, vectors = np.linalg.eigh(matrix)
    return values[-k:], vectors[:, -k:]


def turned(vectors: Floats) -> Floats:
    """`vectors`, shape (n, k), each column with its sign fixed."""
    cubes = (vectors**3).sum(axis=0)
    size = (np.abs(vectors) ** 3).sum(axis=0)
    even = np.abs(cubes) <= 1e-6 * size
    negative = np.where(even, vectors[0] < 0, cubes < 0)
    fixed: Floats = np.where(negative, -vectors, vectors)
    return fixed
