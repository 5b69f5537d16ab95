"""FST between groups of samples: Hudson's and Weir & Cockerham's, with standard errors.

Both are ratios num / den per site, and over sites a *ratio of sums* (Bhatia's "ratio of
averages"; PLINK's "weighted" FST); the mean of the sites' own ratios (`mean_of_sites`;
PLINK's "mean") is biased where alleles are rare and is given for comparison only.

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

Num and den are quadratic in p, so sums over sites of all pairs come from one Gram matrix
P^T P, in BLAS: for Hudson always, for each term has the n of one group only; for Weir &
Cockerham, whose coefficients mix the n of both, a matrix for each set of sites of equal
n (one set without missing calls). Sites of rare sets are computed pair by pair.
Standard errors: `medallion.popgen.jackknife`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from medallion.popgen.jackknife import (
    Jackknife,
    PairSums,
    add_blocks,
    block_jackknife,
    mean_of_sites,
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
    "mean_of_sites",
    "ratio",
    "weir_cockerham",
    "weir_cockerham_sites",
    "weir_cockerham_sums",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_Rows = npt.NDArray[np.intp]
_Block = tuple[Floats, Floats, Ints]
_Number = TypeVar("_Number", bound=np.generic)
Pairs = Sequence[tuple[int, int]]

_SITES_AT_ONCE = 4096
_ROWS_AT_ONCE = 1024
# Fewer sites than this of one combination of sample sizes are computed pair by pair.
_WORTH_A_MATRIX = 64


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
        one, other = p[:, i], p[:, j]
        num[rows] = (one - other) ** 2 - h[:, i] - h[:, j]
        den[rows] = one * (1 - other) + other * (1 - one)
    return num, den


def hudson_sums(ac: Ints, an: Ints, block: Ints) -> PairSums:
    """Hudson's num and den of all pairs of the columns, summed over the sites of each block.

    `ac`, `an`: shape (n_sites, n_groups); `block`, shape (n_sites,): see
    `medallion.popgen.diversity.window_of`. The result's pairs are `all_pairs`.
    """
    return _by_block(block, ac.shape[1], lambda rows: _hudson_block(ac[rows], an[rows]))


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
        het = diploid_het[rows]
        n, copies = _diploids(diploid_hom_ref[rows], het, diploid_hom_alt[rows])
        num[rows], den[rows] = _pairwise(
            n[:, i], n[:, j], copies[:, i], copies[:, j], het[:, i] + het[:, j]
        )
    return num, den


def weir_cockerham_sums(
    diploid_hom_ref: Ints, diploid_het: Ints, diploid_hom_alt: Ints, block: Ints
) -> PairSums:
    """Sums of a and a + b + c of all pairs of the columns over the sites of each block.

    The counts of diploids have shape (n_sites, n_groups), `block` (n_sites,). The
    result's pairs are `all_pairs`.
    """
    n, copies = _diploids(diploid_hom_ref, diploid_het, diploid_hom_alt)
    return _by_block(
        block, n.shape[1], lambda rows: _wc_block(n[rows], copies[rows], diploid_het[rows])
    )


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


def _by_block(block: Ints, n_groups: int, sums: Callable[[slice], _Block]) -> PairSums:
    """Run `sums` on each run of rows of one block, and add up the runs of each."""
    shape = (0, n_groups * (n_groups - 1) // 2)
    empty = PairSums(np.zeros(0, np.int64), np.zeros(shape), np.zeros(shape), np.zeros(shape, int))
    found = [empty]
    for run in np.split(np.arange(len(block)), np.flatnonzero(np.diff(block)) + 1):
        first = int(run[0]) if len(run) else 0
        for rows in _strips(first, first + len(run), _SITES_AT_ONCE):
            num, den, sites = sums(rows)
            found.append(PairSums(block[rows][:1], num[None], den[None], sites[None]))
    return add_blocks(found)


def _hudson_block(ac: Ints, an: Ints) -> _Block:
    p, h = _hudson_terms(ac, an)
    valid = an > 1
    if not valid.all():
        p, h = np.where(valid, p, 0.0), np.where(valid, h, 0.0)
    gram, here = p.T @ p, valid.astype(np.float64)
    # Each group's terms over the sites that count for the pair: [i, j] those of i.
    squares, firsts = (p * p - h).T @ here, p.T @ here
    num = squares + squares.T - 2 * gram
    den = firsts + firsts.T - 2 * gram
    return _upper(num), _upper(den), _upper(_varying(ac, an, valid))


def _varying(copies: Ints, n: Ints, valid: Bools) -> Ints:
    """Sites at which each pair of groups has both alleles, shape (n_groups, n_groups)."""
    # Whole numbers up to the sites of a block are exact in float32.
    here, none, only = (
        x.astype(np.float32) for x in (valid, valid & (copies == 0), valid & (copies == n))
    )
    found: Ints = (here.T @ here - none.T @ none - only.T @ only).astype(np.int64)
    return found


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


def _pairwise(n1: Ints, n2: Ints, c1: Ints, c2: Ints, het: Ints) -> tuple[Floats, Floats]:
    """Of two groups, site by site: diploids n, copies c of the ALT, heterozygotes of both."""
    n, copies = n1 + n2, c1 + c2
    with np.errstate(invalid="ignore", divide="ignore"):
        nbar, pbar = n / 2, copies / (2 * n)
        apart = n2 * c1 - n1 * c2  # of p1 - p2, the numerator over 2 n1 n2
        s2 = apart * (apart / (2.0 * n1 * n2 * n * n))
        inner = pbar * (1 - pbar) - s2 / 2
        a, whole = _components(nbar, 2 * n1 * n2 / n, s2, inner, het / n)
    return _defined(a, whole, (n1 > 0) & (n2 > 0) & (n > 2), (copies == 0) | (copies == 2 * n))


def _wc_block(n: Ints, copies: Ints, het: Ints) -> _Block:
    sets, rest = _equal_rows(n)
    parts = [_wc_equal(n[rows][0], copies[rows], het[rows]) for rows in sets]
    if len(rest):
        parts.append(_wc_rest(n[rest], copies[rest], het[rest]))
    num, den, sites = (np.sum(x, axis=0) for x in zip(*parts, strict=True))
    return num, den, sites


def _equal_rows(n: Ints) -> tuple[list[slice] | list[_Rows], _Rows]:
    """Sets of rows that are equal, where they are many; and all other rows."""
    if (n == n[0]).all():
        return [slice(None)], np.zeros(0, np.intp)
    # Rows are told apart by a sum with odd weights, and the sets it makes are verified:
    # a collision costs time only.
    weights = np.random.default_rng(5).integers(1 << 62, size=n.shape[1]) | 1
    _, of, size = np.unique(n @ weights, return_inverse=True, return_counts=True)
    many = [np.flatnonzero(of == k) for k in np.flatnonzero(size >= _WORTH_A_MATRIX)]
    sets = [rows for rows in many if (n[rows] == n[rows[0]]).all()]
    left = np.ones(len(n), bool)
    left[np.concatenate([*sets, np.zeros(0, np.intp)])] = False
    return sets, np.flatnonzero(left)


def _wc_equal(n: Ints, copies: Ints, het: Ints) -> _Block:
    """Sites that share the diploids of each group, `n` of shape (n_groups,)."""
    p = copies / (2 * np.maximum(n, 1))
    gram, firsts, hets = p.T @ p, p.sum(axis=0), het.sum(axis=0)
    squares = np.diag(gram)
    i, j = np.triu_indices(len(n), 1)
    n1, n2, cross = n[i], n[j], gram[i, j]
    both = n1 + n2
    with np.errstate(invalid="ignore", divide="ignore"):
        s2 = 2 * n1 * n2 * (squares[i] + squares[j] - 2 * cross) / both**2
        pbar = (n1 * firsts[i] + n2 * firsts[j]) / both
        pbar2 = (n1**2 * squares[i] + n2**2 * squares[j] + 2 * n1 * n2 * cross) / both**2
        hbar = (hets[i] + hets[j]) / both
        num, den = _components(both / 2, 2 * n1 * n2 / both, s2, pbar - pbar2 - s2 / 2, hbar)
    valid = (n1 > 0) & (n2 > 0) & (both > 2)
    sites = _upper(_varying(copies, 2 * n, np.broadcast_to(n > 0, copies.shape)))
    return np.where(valid, num, 0.0), np.where(valid, den, 0.0), np.where(valid, sites, 0)


def _wc_rest(n: Ints, copies: Ints, het: Ints) -> _Block:
    """Sites of any n, pair by pair, those that vary in it."""
    n, copies, het = (np.ascontiguousarray(x.T) for x in (n, copies, het))
    pairs = all_pairs(len(n))
    num, den, sites = np.zeros(len(pairs)), np.zeros(len(pairs)), np.zeros(len(pairs), np.int64)
    for place, (i, j) in enumerate(pairs):
        both, carried = n[i] + n[j], copies[i] + copies[j]
        rows = np.flatnonzero(
            (carried > 0) & (carried < 2 * both) & (n[i] > 0) & (n[j] > 0) & (both > 2)
        )
        a, whole = _pairwise(
            n[i][rows], n[j][rows], copies[i][rows], copies[j][rows], het[i][rows] + het[j][rows]
        )
        num[place], den[place], sites[place] = a.sum(), whole.sum(), len(rows)
    return num, den, sites


def _upper(square: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The pairs of a square, in the order of `all_pairs`."""
    return square[np.triu_indices(len(square), 1)]
