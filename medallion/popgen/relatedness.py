"""Kinship of pairs of samples by the KING-robust estimator.

Manichaikul A, Mychaleckyj JC, Rich SS, Daly K, Sale M, Chen WM. Robust relationship
inference in genome-wide association studies. Bioinformatics 26:2867-2873 (2010),
https://doi.org/10.1093/bioinformatics/btq559 (the estimator for pairs of different families)

Over the sites where both samples i and j are called, with N the heterozygous sites of
each, H the sites where both are, and Z those where they share no allele (IBS0),

    kinship = (H - 2 Z) / (2 min(Ni, Nj)) + 1/2 - (Ni + Nj) / (4 min(Ni, Nj))

With x the copies of the ALT, sum((xi - xj)²) = Ni + Nj - 2 H + 4 Z =: S, so that
kinship = 1/2 - S / (4 min(Ni, Nj)), and all pairs come from two matrix products over
sites. The estimator needs no frequencies, so it is not led astray by structure; it
wants diploid biallelic sites.

Its standard error is that of the block jackknife (`medallion.popgen.jackknife`). People
have whole stretches of a chromosome in common, or none of it, so neighbouring sites tell
the same thing again: over one chromosome the error is several times that of as many
independent sites, 1 / (2 root of the sites). It tells a pair from strangers; how much of
the genome close relatives have in common varies more, about what their degree expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.popgen.jackknife import PairSums, block_jackknife

__all__ = [
    "DEGREES",
    "KinshipSums",
    "kinship",
    "kinship_errors",
    "kinship_sums",
    "related_pairs",
]

DEGREES = (
    (2**-1.5, "duplicate"),
    (2**-2.5, "first"),
    (2**-3.5, "second"),
    (2**-4.5, "third"),
)
"""Kinship above which a pair is taken for related in a degree, as the paper has it.
`duplicate` is a monozygotic twin as well."""
THIRD_DEGREE = 0.0442
"""2^-4.5, as it is customarily rounded."""

_SITES_AT_ONCE = 4096
_PAIRS_AT_ONCE = 512
_ROWS_AT_ONCE = 1024

Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Int8s = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class KinshipSums:
    """Sums over sites of some samples, the rows, with all; exact in whatever order they come.

    Shape (n_samples,): `het` heterozygous sites, `square` of x², `called` sites. Shape
    (n_rows, n_samples), row i being of sample `first` + i: `dot` of xi xj, `het_het` sites
    where both are heterozygous. `lost` is None where nothing is missing; else of shape
    (2, 3, n_rows, n_samples): at [0, :, i, j] the sites, the heterozygous sites and the x²
    of i where j is missing, at [1, :, i, j] those of j where i is.
    """

    first: int
    sites: int
    het: Int32s
    square: Int32s
    called: Int32s
    dot: Int32s
    het_het: Int32s
    lost: Int32s | None

    def __add__(self, other: KinshipSums) -> KinshipSums:
        lost = self.lost if other.lost is None else other.lost
        if self.lost is not None and other.lost is not None:
            lost = self.lost + other.lost
        return KinshipSums(
            self.first,
            self.sites + other.sites,
            self.het + other.het,
            self.square + other.square,
            self.called + other.called,
            self.dot + other.dot,
            self.het_het + other.het_het,
            lost,
        )


def kinship_sums(copies: Int8s, first: int = 0, end: int | None = None) -> KinshipSums:
    """Sums of some sites: `copies` has shape (n_sites, n_samples), 0, 1, 2 or -1 for missing.

    Of samples `first` up to `end` (None: the last), which is left out, with everybody. Up
    to 500 million sites can be summed.
    """
    n_sites, n = copies.shape
    own = slice(first, n if end is None else end)
    shape = len(range(n)[own]), n
    dot, het_het = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    het, square, called = (np.zeros(n, np.int32) for _ in range(3))
    lost: Int32s | None = None
    for begin in range(0, n_sites, _SITES_AT_ONCE):
        some = copies[begin : begin + _SITES_AT_ONCE]
        missing = some < 0
        holes = missing.any()
        # Whole numbers up to 4 x 4096: sums in float32 are exact.
        x = np.where(missing, 0, some).astype(np.float32) if holes else some.astype(np.float32)
        dot += (x[:, own].T @ x).astype(np.int32)
        h = (some == 1).astype(np.float32)
        het_het += (h[:, own].T @ h).astype(np.int32)
        het += h.sum(axis=0).astype(np.int32)
        square += np.einsum("ij,ij->j", x, x).astype(np.int32)
        called += (len(some) - missing.sum(axis=0)).astype(np.int32)
        if holes:
            lost = np.zeros((2, 3, *shape), np.int32) if lost is None else lost
            rows = missing.any(axis=1)
            gone, here = missing[rows].astype(np.float32), (some[rows] >= 0).astype(np.float32)
            for place, of in enumerate((here, h[rows], x[rows] ** 2)):
                lost[0, place] += (of[:, own].T @ gone).astype(np.int32)
                lost[1, place] += (gone[:, own].T @ of).astype(np.int32)
    return KinshipSums(own.start, n_sites, het, square, called, dot, het_het, lost)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Of pairs of samples, arrays of one shape: see the module's docstring."""

    sites: npt.NDArray[np.int64]
    het_1: npt.NDArray[np.int64]
    het_2: npt.NDArray[np.int64]
    het_het: npt.NDArray[np.int64]
    ibs0: npt.NDArray[np.int64]
    kinship: Floats


def _pairs(sums: KinshipSums, i: npt.NDArray[np.intp], j: npt.NDArray[np.intp]) -> _Pairs:
    """Of the i-th row of `sums` with sample j."""
    own = i + sums.first
    sites, het_1, het_2 = (
        a.astype(np.int64) for a in (sums.called[own], sums.het[own], sums.het[j])
    )
    apart = sums.square[own].astype(np.int64) + sums.square[j] - 2 * sums.dot[i, j].astype(np.int64)
    if sums.lost is not None:
        sites -= sums.lost[0, 0, i, j]
        het_1 -= sums.lost[0, 1, i, j]
        het_2 -= sums.lost[1, 1, i, j]
        apart -= sums.lost[0, 2, i, j].astype(np.int64) + sums.lost[1, 2, i, j]
    het_het = sums.het_het[i, j].astype(np.int64)
    ibs0 = (apart - het_1 - het_2 + 2 * het_het) // 4
    with np.errstate(invalid="ignore", divide="ignore"):
        value = 0.5 - apart / (4 * np.minimum(het_1, het_2))
    value[np.minimum(het_1, het_2) == 0] = np.nan
    return _Pairs(sites, het_1, het_2, het_het, ibs0, value)


def kinship(sums: KinshipSums) -> Floats:
    """Kinship of all pairs, shape (n_rows, n_samples); NaN where one has no het site.

    That of a sample with itself is 0.5.
    """
    out = np.empty(sums.dot.shape)
    everyone = np.arange(sums.dot.shape[1])
    for i in range(len(out)):
        out[i] = _pairs(sums, np.full(len(everyone), i), everyone).kinship
    return out


def related_pairs(
    copies: Int8s, samples: Sequence[str], at_least: float = THIRD_DEGREE
) -> pl.DataFrame:
    """Pairs of a kinship of at least `at_least`, the closest first.

    `copies` as of `kinship_sums`, columns as `samples`. Columns: sample_1, sample_2 (in
    the order of `samples`), kinship, degree (DEGREES; `unrelated` below them), sites (both
    called), het_1, het_2, het_het, ibs0 (counts of sites, as plink2 --make-king-table counts).
    """
    names = pl.Series(samples, dtype=pl.String)
    # Some samples with all at a time: what is held does not grow with the pairs.
    frames = [
        _related(kinship_sums(copies, first, first + _ROWS_AT_ONCE), names, at_least)
        for first in range(0, max(1, len(samples)), _ROWS_AT_ONCE)
    ]
    return pl.concat(frames).sort("kinship", descending=True, maintain_order=True)


def _related(sums: KinshipSums, names: pl.Series, at_least: float) -> pl.DataFrame:
    """Of the rows of `sums`, with the samples after them: rows of `related_pairs`, as they come."""
    found = []
    for i in range(len(sums.dot)):
        j = np.arange(sums.first + i + 1, len(names))
        near = np.flatnonzero(_pairs(sums, np.full(len(j), i), j).kinship >= at_least)
        found += [(i, int(other)) for other in j[near]]
    both = np.array(found, np.intp).reshape(-1, 2)
    row, second = both[:, 0], both[:, 1]
    pairs = _pairs(sums, row, second)
    return pl.DataFrame(
        {
            "sample_1": names.gather(row + sums.first),
            "sample_2": names.gather(second),
            "kinship": pairs.kinship,
            "degree": pl.Series([_degree(k) for k in pairs.kinship.tolist()], dtype=pl.String),
            "sites": pairs.sites,
            "het_1": pairs.het_1,
            "het_2": pairs.het_2,
            "het_het": pairs.het_het,
            "ibs0": pairs.ibs0,
        }
    )


def kinship_errors(
    copies: Int8s,
    block: npt.NDArray[np.integer],
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
) -> Floats:
    """Standard errors of the kinship of pairs of columns; NaN with fewer than two blocks.

    `copies` as of `kinship_sums`; `block`, shape (n_sites,), is equal for the sites of a
    block, which stand together. `first`, `second` and the result have shape (n_pairs,).
    Kinship is 1/2 less a ratio of sums over sites, S / (4 min(Ni, Nj)).
    """
    people = np.ascontiguousarray(copies.T)
    start = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
    found = [np.zeros(0)]
    for begin in range(0, len(first), _PAIRS_AT_ONCE):
        some = slice(begin, begin + _PAIRS_AT_ONCE)
        a, b = people[first[some]], people[second[some]]
        both = (a >= 0) & (b >= 0)
        apart, het_a, het_b, sites = (
            np.add.reduceat(x, start, axis=1, dtype=np.int64)
            for x in ((a - b) ** 2 * both, (a == 1) & both, (b == 1) & both, both)
        )
        fewer = np.where((het_a.sum(axis=1) < het_b.sum(axis=1))[:, None], het_a, het_b)
        # Nobody asks for the mean of the sites' own ratios.
        none = np.zeros_like(fewer.T, np.float64)
        sums = PairSums(start, apart.T.astype(float), 4.0 * fewer.T, none, sites.T)
        found.append(block_jackknife(sums).se)
    return np.concatenate(found)


def _degree(value: float) -> str:
    return next((name for bound, name in DEGREES if value > bound), "unrelated")
