"""FST between groups of samples: Hudson's and Weir & Cockerham's, with standard errors.

Both are ratios num / den per site, and over sites a *ratio of sums* (Bhatia's "ratio of
averages"; PLINK's "weighted" FST); the mean of the sites' own ratios (PLINK's "mean") is
biased where alleles are rare and is given for comparison only.

Hudson, for groups of frequencies p1, p2 out of n1, n2 called alleles:

    num = (p1 - p2)² - p1 (1 - p1) / (n1 - 1) - p2 (1 - p2) / (n2 - 1)
    den = p1 (1 - p2) + p2 (1 - p1)

Hudson RR, Slatkin M, Maddison WP. Genetics 132:583 (1992),
https://doi.org/10.1093/genetics/132.2.583; in this form Bhatia G, Patterson N,
Sankararaman S, Price AL. Genome Res 23:1514 (2013), https://doi.org/10.1101/gr.154831.113
(equation 10). It takes allele counts, so haploid calls count as they are. A site where
one of the two groups has fewer than two called alleles is left out.

Weir & Cockerham's theta = a / (a + b + c), for r groups of n_i diploids, frequencies p_i
and shares h_i of heterozygotes:

    nbar = mean n_i; nc = (r nbar - sum n_i² / (r nbar)) / (r - 1)
    pbar = sum n_i p_i / (r nbar); hbar = sum n_i h_i / (r nbar)
    s² = sum n_i (p_i - pbar)² / ((r - 1) nbar)
    a = nbar / nc (s² - (pbar (1 - pbar) - (r - 1) s² / r - hbar / 4) / (nbar - 1))
    b = nbar / (nbar - 1) (pbar (1 - pbar) - (r - 1) s² / r - (2 nbar - 1) hbar / (4 nbar))
    c = hbar / 2

Weir BS, Cockerham CC. Evolution 38:1358 (1984),
https://doi.org/10.1111/j.1558-5646.1984.tb05657.x (equations 2 to 4). It is made for
diploids: frequencies and heterozygotes are those of the diploid genotypes alone
(`diploid_*` counts). A haploid or half-missing call does not enter; so on chrX outside
the pseudo-autosomal regions it is the FST of females, and on MT it is undefined (NaN).
A group without a diploid at a site does not count there; with fewer than two groups, or
one diploid in each (nbar = 1), the site is left out.

All of it is of one ALT against all else. Sums are meant for records of one ALT: for
several, plink2 and scikit-allel sum num and den over all alleles of a site (for Hudson
half of it), which needs the heterozygotes of REF, and those do not follow from the
counts per ALT. tskit's Fst is another measure, 1 - 2 w / (w + b) where Hudson's is
1 - w / b (w: mean diversity within, b: between); of a Hudson's H it is H / (2 - H).

Standard errors: `medallion.popgen.jackknife`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from medallion.popgen.jackknife import (
    Jackknife,
    PairSums,
    add_blocks,
    block_jackknife,
    mean_ratio,
    ratio,
)

__all__ = [
    "Jackknife",
    "PairSums",
    "add_blocks",
    "all_pairs",
    "block_jackknife",
    "hudson_sites",
    "hudson_sums",
    "mean_ratio",
    "ratio",
    "weir_cockerham",
    "weir_cockerham_sites",
    "weir_cockerham_sums",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_Terms = Callable[[int, slice], tuple[Floats, Floats]]
"""Num and den of a group paired with each of some others, shape (n_others, n_sites)."""
Pairs = Sequence[tuple[int, int]]

_ROWS_AT_ONCE = 1024


def all_pairs(n_groups: int) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j, in the order of the pairs in every `PairSums`."""
    return list(combinations(range(n_groups), 2))


def hudson_sites(ac: Ints, an: Ints, pairs: Pairs) -> tuple[Floats, Floats]:
    """Hudson's num and den of each ALT allele, both of shape (n_alleles, n_pairs).

    `ac`, `an`: copies of the ALT and called alleles, shape (n_alleles, n_groups). Both
    are NaN where one of the pair has fewer than two called alleles, 0 where the pair
    does not vary.
    """
    i, j = np.array(pairs, np.intp).reshape(-1, 2).T
    num, den = np.empty((len(ac), len(i))), np.empty((len(ac), len(i)))
    for rows in _strips(0, len(ac), _ROWS_AT_ONCE):
        p, h = _hudson_terms(ac[rows], an[rows])
        num[rows], den[rows] = _hudson_pair(p[:, i], p[:, j], h[:, i], h[:, j])
    return num, den


def hudson_sums(ac: Ints, an: Ints, block: Ints) -> PairSums:
    """Hudson's num and den of all pairs of the columns, summed over the sites of each block.

    `ac`, `an`: shape (n_sites, n_groups); `block`, shape (n_sites,): see
    `medallion.popgen.diversity.window_of`. The result's pairs are `all_pairs`.
    """

    def terms(rows: slice) -> _Terms:
        p, h = (np.ascontiguousarray(x.T) for x in _hudson_terms(ac[rows], an[rows]))
        return lambda i, others: _hudson_pair(p[i], p[others], h[i], h[others])

    return _by_block(block, ac.shape[1], terms)


def weir_cockerham_sites(
    diploid_hom_ref: Ints, diploid_het: Ints, diploid_hom_alt: Ints, pairs: Pairs
) -> tuple[Floats, Floats]:
    """Weir & Cockerham's a and a + b + c of each ALT allele, shape (n_alleles, n_pairs).

    The counts of diploids have shape (n_alleles, n_groups). Both are NaN where a pair
    cannot be compared (see the module), 0 where it does not vary.
    """
    i, j = np.array(pairs, np.intp).reshape(-1, 2).T
    num, den = np.empty((len(diploid_het), len(i))), np.empty((len(diploid_het), len(i)))
    for rows in _strips(0, len(diploid_het), _ROWS_AT_ONCE):
        n, p, het = _wc_terms(diploid_hom_ref[rows], diploid_het[rows], diploid_hom_alt[rows])
        num[rows], den[rows] = _wc_pair(n[:, i], n[:, j], p[:, i], p[:, j], het[:, i] + het[:, j])
    return num, den


def weir_cockerham_sums(
    diploid_hom_ref: Ints, diploid_het: Ints, diploid_hom_alt: Ints, block: Ints
) -> PairSums:
    """Sums of a and a + b + c of all pairs of the columns over the sites of each block.

    The counts of diploids have shape (n_sites, n_groups), `block` (n_sites,). The
    result's pairs are `all_pairs`.
    """

    def terms(rows: slice) -> _Terms:
        n, p, het = (
            np.ascontiguousarray(x.T)
            for x in _wc_terms(diploid_hom_ref[rows], diploid_het[rows], diploid_hom_alt[rows])
        )
        # One column where no site misses a call: what follows from n is then told once.
        if (n == n[:, :1]).all():
            n = n[:, :1]
        return lambda i, others: _wc_pair(n[i], n[others], p[i], p[others], het[i] + het[others])

    return _by_block(block, diploid_het.shape[1], terms)


def weir_cockerham(
    diploid_hom_ref: Ints, diploid_het: Ints, diploid_hom_alt: Ints
) -> tuple[Floats, Floats]:
    """Weir & Cockerham's a and a + b + c of each ALT allele among all columns together.

    The counts of diploids have shape (n_alleles, n_groups); both results (n_alleles,).
    NaN where fewer than two groups have a diploid, or none has two.
    """
    n, copies = _diploids(diploid_hom_ref, diploid_het, diploid_hom_alt)
    r = (n > 0).sum(axis=1).astype(np.float64)
    total, carried, het = (x.sum(axis=1).astype(np.float64) for x in (n, copies, diploid_het))
    squares = np.einsum("ij,ij->i", n, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        nbar, pbar = total / r, carried / (2 * total)
        nc = (total - squares / total) / (r - 1)
        away = copies / (2 * np.maximum(n, 1)) - pbar[:, None]
        s2 = np.einsum("ij,ij,ij->i", n, away, away) / ((r - 1) * nbar)
        inner = pbar * (1 - pbar) - (r - 1) / r * s2
        a, whole = _components(nbar, nc, s2, inner, het / total)
    return _defined(a, whole, (r > 1) & (total > r), (carried == 0) | (carried == 2 * total))


def _hudson_terms(ac: Ints, an: Ints) -> tuple[Floats, Floats]:
    """Frequency, and p (1 - p) / (n - 1); both NaN where n < 2."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(an > 1, ac / an, np.nan)
        return p, p * (1 - p) / (an - 1)


def _diploids(hom_ref: Ints, het: Ints, hom_alt: Ints) -> tuple[Ints, Ints]:
    """Diploids called, and their copies of the ALT."""
    return hom_ref + het + hom_alt, het + 2 * hom_alt


def _strips(first: int, stop: int, size: int) -> Iterator[slice]:
    """Rows cut into strips, for arrays that stay in cache take half of the time or less."""
    for start in range(first, stop, size):
        yield slice(start, min(start + size, stop))


def _by_block(block: Ints, n_groups: int, terms: Callable[[slice], _Terms]) -> PairSums:
    """Sum num and den of all pairs over each run of rows of one block; add up each block's."""
    shape = (0, n_groups * (n_groups - 1) // 2)
    none = np.zeros(shape)
    if not n_groups:
        block = block[:0]
    found = [PairSums(np.zeros(0, np.int64), none, none, none, np.zeros(shape, np.int64))]
    for run in np.split(np.arange(len(block)), np.flatnonzero(np.diff(block)) + 1):
        first = int(run[0]) if len(run) else 0
        for rows in _strips(first, first + len(run), _ROWS_AT_ONCE):
            pair = terms(rows)
            # A group against all after it: the order of `all_pairs`.
            each = [_summed(*pair(i, slice(i + 1, None))) for i in range(n_groups)]
            sums = (np.concatenate(x)[None] for x in zip(*each, strict=True))
            found.append(PairSums(block[rows][:1], *sums))
    return add_blocks(found)


def _summed(num: Floats, den: Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """Sums over sites, shape (n_pairs, n_sites), of num, den, and num / den; and the sites.

    Both are NaN where a pair cannot be compared, and 0 where it does not vary: such sites
    are left out. Elsewhere den is positive.
    """
    if np.isnan(den).any():
        num, den = np.nan_to_num(num), np.nan_to_num(den)
    ratios = num / np.maximum(den, np.finfo(np.float64).tiny)
    varies = np.count_nonzero(den, axis=1)
    return num.sum(axis=1), den.sum(axis=1), ratios.sum(axis=1), varies


def _hudson_pair(p1: Floats, p2: Floats, h1: Floats, h2: Floats) -> tuple[Floats, Floats]:
    return (p1 - p2) ** 2 - h1 - h2, p1 + p2 - 2 * p1 * p2


def _components(
    nbar: Floats, nc: Floats, s2: Floats, inner: Floats, hbar: Floats
) -> tuple[Floats, Floats]:
    """Weir & Cockerham's a and a + b + c, of a site or of sums over sites of equal n.

    `inner` is pbar (1 - pbar) - (r - 1) s² / r. They are linear in s2, inner and hbar.
    """
    a = nbar / nc * (s2 - (inner - hbar / 4) / (nbar - 1))
    b = nbar / (nbar - 1) * (inner - (2 * nbar - 1) / (4 * nbar) * hbar)
    return a, a + b + hbar / 2


def _defined(a: Floats, whole: Floats, valid: Bools, still: Bools) -> tuple[Floats, Floats]:
    """NaN where not valid; 0, free of rounding, where the allele does not vary."""
    a, whole = (np.where(valid, np.where(still, 0.0, x), np.nan) for x in (a, whole))
    return a, whole


def _wc_terms(hom_ref: Ints, het: Ints, hom_alt: Ints) -> tuple[Floats, Floats, Floats]:
    """Diploids, their frequency of the ALT (NaN without one), and heterozygotes."""
    n, copies = _diploids(hom_ref, het, hom_alt)
    with np.errstate(invalid="ignore", divide="ignore"):
        return n.astype(np.float64), copies / (2 * n), het.astype(np.float64)


def _wc_pair(n1: Floats, n2: Floats, p1: Floats, p2: Floats, het: Floats) -> tuple[Floats, Floats]:
    """Of two groups: a and a + b + c from diploids, frequencies, heterozygotes of both.

    Either is a sum of three terms, in (p1 - p2)², pbar (1 - pbar) and het, with coefficients
    that follow from the diploids alone. Where both groups have the same single allele, each
    term is 0 without rounding.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        n = n1 + n2
        share = n2 / n
        nc = np.where((n1 > 0) & (n2 > 0) & (n > 2), 2 * n1 * share, np.nan)
        in_a, in_b = n / (2 * nc), n / (n - 2)
        less = 2 * in_a / (n - 2)
        a = in_a * nc / n + less * nc / (2 * n), -less, less / (4 * n)
        b = -in_b * nc / (2 * n), in_b, -in_b * (n - 1) / (2 * n * n)
        whole = a[0] + b[0], a[1] + b[1], a[2] + b[2] + 1 / (2 * n)
    apart = p1 - p2
    pbar = p1 - share * apart
    terms = apart * apart, pbar - pbar * pbar, het
    num, den = (x * terms[0] + y * terms[1] + z * terms[2] for x, y, z in (a, whole))
    return num, den
