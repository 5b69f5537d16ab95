"""Diversity of sites within groups of samples, and sums of it along a chromosome.

A *site* is a record: all its alleles, REF and each ALT, count. With n called alleles of
which c_a are of allele a:

- Nucleotide diversity, the mean number of differences between two of the n:
  pi = n / (n - 1) (1 - sum (c_a / n)²).
  Nei M, Li WH. PNAS 76:5269 (1979), https://doi.org/10.1073/pnas.76.10.5269;
  Tajima F. Genetics 105:437 (1983), https://doi.org/10.1093/genetics/105.2.437
- Watterson's theta: S / a_n, where S sites segregate and a_n = sum of 1/i, i < n.
  Watterson GA. Theor Popul Biol 7:256 (1975), https://doi.org/10.1016/0040-5809(75)90020-9
- Tajima's D: (pi - S / a_n) over its standard deviation.
  Tajima F. Genetics 123:585 (1989), https://doi.org/10.1093/genetics/123.3.585
- Expected heterozygosity of N diploids: pi with n = 2N.
  Nei M. Genetics 89:583 (1978), https://doi.org/10.1093/genetics/89.3.583

With missing calls n varies from site to site: pi and theta take each site's own n;
Tajima's D takes the largest n of its sites, as scikit-allel does. A site with several
ALTs is one segregating site. Sites that are not in the VCF are not known here: a mean
per base needs the length of what was looked at, which the caller must state.

Heterozygosity is summed over records with one ALT only: with several, the counts per
ALT do not tell how many genotypes have two different ALTs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "SiteSums",
    "add_windows",
    "by_window",
    "coarser",
    "expected_heterozygosity",
    "inbreeding",
    "nucleotide_diversity",
    "observed_heterozygosity",
    "record_starts",
    "site_diversity",
    "site_sums",
    "tajima_d",
    "watterson_theta",
    "window_bounds",
    "window_of",
    "window_sums",
]

_RECORDS_AT_ONCE = 1024

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SiteSums:
    """Sums over sites, arrays of one shape (..., n_groups); added with +.

    `site_sums` gives one row a record, `by_window` one a window, `total` none.

    sites: records with at least two called alleles (int64)
    segregating: of these, those with at least two different alleles (int64)
    singletons: segregating ones with an allele, REF or ALT, that is called once (int64)
    pi: nucleotide diversity
    inverse_a: 1 / a_n of each segregating site, so that its sum is Watterson's theta
    largest_n: the largest number of called alleles (int64); a maximum, not a sum
    het_sites: records of one ALT with at least one diploid called (int64)
    het_observed: share of heterozygotes among the diploids called
    het_expected: Nei's unbiased expectation of that share
    """

    sites: Ints
    segregating: Ints
    singletons: Ints
    pi: Floats
    inverse_a: Floats
    largest_n: Ints
    het_sites: Ints
    het_observed: Floats
    het_expected: Floats

    def __add__(self, other: SiteSums) -> SiteSums:
        return _made(lambda name, how: how(getattr(self, name), getattr(other, name)))

    def total(self) -> SiteSums:
        """The sums over the first axis (records or windows)."""
        return _made(lambda name, how: how.reduce(getattr(self, name), axis=0, initial=0))

    def take(self, rows: npt.NDArray[np.intp]) -> SiteSums:
        """Some rows of the first axis."""
        return _made(lambda name, _: getattr(self, name)[rows])

    def columns(self, groups: Sequence[int]) -> SiteSums:
        """Some groups, in the order given."""
        return _made(lambda name, _: getattr(self, name)[..., list(groups)])

    def padded(self, rows: int) -> SiteSums:
        """With so many rows of zeros more at the end of the first axis."""
        return _made(lambda name, _: np.pad(getattr(self, name), [(0, rows), (0, 0)]))

    def reduced(self, start: npt.NDArray[np.intp]) -> SiteSums:
        """Neighbouring rows summed: a sum begins at each row of `start`, which ascends."""
        return _made(lambda name, how: how.reduceat(getattr(self, name), start, axis=0))


def _made(field: Callable[[str, np.ufunc], Any]) -> SiteSums:
    """Each field, from its name and how it is added up."""
    return SiteSums(
        **{f.name: field(f.name, np.maximum if f.name == "largest_n" else np.add)
           for f in fields(SiteSums)}
    )  # fmt: skip


def record_starts(record: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """The first row of each record, shape (n_records,).

    `record`, shape (n_alleles,), numbers the record of each row; a record's rows are
    neighbours.
    """
    first = np.ones(len(record), bool)
    first[1:] = record[1:] != record[:-1]
    return np.flatnonzero(first)


def site_diversity(ac: Ints, an: Ints, start: npt.NDArray[np.intp]) -> Floats:
    """Nucleotide diversity (Nei & Li 1979) of each record in each group.

    `ac`, `an`: copies of each ALT and called alleles, shape (n_alleles, n_groups);
    `start`: `record_starts`. Shape (n_records, n_groups), in differences per site, 0 to
    1; NaN where fewer than two alleles are called.
    """
    n = an[start]
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = _differing_pairs(ac, an, start, _several(ac, an, start)) / _pairs(n)
    return found


def site_sums(
    record: npt.NDArray[np.integer],
    ac: Ints,
    an: Ints,
    diploid_hom_ref: Ints,
    diploid_het: Ints,
    diploid_hom_alt: Ints,
) -> SiteSums:
    """The sums of each single record, shape (n_records, n_groups).

    `record`, shape (n_alleles,): number of the record; rows of one record are
    neighbours. The counts have shape (n_alleles, n_groups), as in
    `medallion.gold.counts.GroupCounts`.
    """
    start = record_starts(record)
    several = _several(ac, an, start)
    n, copies = _first_rows(an, start), _first_rows(ac, start)
    different = _differing_pairs(ac, an, start, several)
    segregating = different > 0
    # Of two alleles one is called once where one or all but one are the ALT.
    once = (copies == 1) | (copies == n - 1)
    if len(several.records):
        once[several.records] = several.any(several.alts == 1) | (several.refs == 1)
    het, hom = _first_rows(diploid_het, start), _first_rows(diploid_hom_alt, start)
    diploids = _first_rows(diploid_hom_ref, start) + het + hom
    alts = het + 2 * hom
    # What follows from n alone is computed once a group where n is everywhere the same. A
    # divisor of 0 becomes 1: the dividend is 0 there.
    row_n, row_d = _shared_row(n), _shared_row(diploids)
    observed = het / np.maximum(row_d, 1)
    expected = alts * (2 * row_d - alts) * (2 / np.maximum(_pairs(2 * row_d), 1))
    het_sites = (diploids > 0).astype(np.int64)
    for of_site in (het_sites, observed, expected):
        of_site[several.records] = 0
    return SiteSums(
        sites=(n > 1).astype(np.int64),
        segregating=segregating.astype(np.int64),
        singletons=(segregating & once).astype(np.int64),
        pi=different / np.maximum(_pairs(row_n), 1),
        inverse_a=segregating * _inverse_harmonic(row_n),
        largest_n=n,
        het_sites=het_sites,
        het_observed=observed,
        het_expected=expected,
    )


def window_sums(
    size: int,
    pos: npt.NDArray[np.integer],
    record: npt.NDArray[np.integer],
    ac: Ints,
    an: Ints,
    diploid_hom_ref: Ints,
    diploid_het: Ints,
    diploid_hom_alt: Ints,
) -> tuple[Ints, SiteSums]:
    """`site_sums` by windows of `size` bases, as `by_window` gives them, in less memory.

    `pos`, shape (n_alleles,), is the 1-based position of each row's record; a record
    counts in the window of its POS however far its REF reaches.
    """
    counts = (ac, an, diploid_hom_ref, diploid_het, diploid_hom_alt)
    start = record_starts(record)
    parts = []
    # Strips whose arrays stay in cache take a third of the time.
    for first in range(0, max(len(start), 1), _RECORDS_AT_ONCE):
        last = first + _RECORDS_AT_ONCE
        rows = slice(
            start[first] if len(start) else 0, start[last] if last < len(start) else len(record)
        )
        sums = site_sums(record[rows], *(c[rows] for c in counts))
        parts.append(by_window(sums, window_of(pos[start[first:last]], size)))
    return add_windows(parts)


def window_of(pos: npt.NDArray[np.integer], size: int) -> Ints:
    """The window of each position: window k holds k size + 1 to (k + 1) size, 1-based.

    vcftools cuts `--window-pi` in the same places, and `--TajimaD` a base earlier: there
    a bin holds k size to (k + 1) size - 1.
    """
    if size < 1:
        raise ValueError(f"a window has at least one base, not {size}")
    found: Ints = (np.asarray(pos, np.int64) - 1) // size
    return found


def window_bounds(number: Ints, size: int) -> tuple[Ints, Ints]:
    """First and last position of each window, 1-based, both included."""
    return number * size + 1, (number + 1) * size


def by_window(sums: SiteSums, window: Ints) -> tuple[Ints, SiteSums]:
    """Sum rows by window.

    `window`, shape (n_rows,), is the window of each row. Gives the numbers of the
    windows touched, ascending, shape (n_windows,), and their sums (n_windows, n_groups).
    """
    if not len(window):
        return window, sums
    if (window[1:] < window[:-1]).any():
        order = np.argsort(window, kind="stable")
        window, sums = window[order], sums.take(order)
    start = record_starts(window)
    return window[start], sums.reduced(start)


def add_windows(parts: Sequence[tuple[Ints, SiteSums]]) -> tuple[Ints, SiteSums]:
    """Put parts together that may share windows; their sums are added in the parts' order."""
    if not parts:
        raise ValueError("there must be at least one part")
    joined = _made(lambda name, _: np.concatenate([getattr(sums, name) for _, sums in parts]))
    return by_window(joined, np.concatenate([numbers for numbers, _ in parts]))


def coarser(number: Ints, sums: SiteSums, times: int) -> tuple[Ints, SiteSums]:
    """The sums in windows of `times` the size."""
    return by_window(sums, number // times)


def nucleotide_diversity(sums: SiteSums, length: npt.ArrayLike) -> Floats:
    """Nucleotide diversity per base: the sites' diversity over the bases looked at.

    `length` in bases, broadcast against the sums; bases without a record are taken for
    invariant. NaN where at no site two alleles are called: then nothing is known of any.
    Raises ValueError where a length is not positive.
    """
    return np.where(sums.sites > 0, sums.pi / _positive(length), np.nan)


def watterson_theta(sums: SiteSums, length: npt.ArrayLike) -> Floats:
    """Watterson's theta (1975) per base: the sum over segregating sites of 1 / a_n, by length.

    Each site counts with the n of its own called alleles. NaN where at no site two
    alleles are called. Raises ValueError where a length is not positive.
    """
    return np.where(sums.sites > 0, sums.inverse_a / _positive(length), np.nan)


def tajima_d(sums: SiteSums) -> Floats:
    """Tajima's D (1989), equation 38, with n the largest number of called alleles.

    NaN where no site segregates or n < 4 (with two or three alleles pi and S / a_n are
    the same, and so is their difference's variance 0).
    """
    n = sums.largest_n
    s = sums.segregating.astype(np.float64)
    a1, a2 = _harmonic(n, 1), _harmonic(n, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        b1 = (n + 1) / (3 * (n - 1))
        b2 = 2 * (n * n + n + 3) / (9 * n * (n - 1))
        c1 = b1 - 1 / a1
        c2 = b2 - (n + 2) / (a1 * n) + a2 / (a1 * a1)
        variance = c1 / a1 * s + c2 / (a1 * a1 + a2) * s * (s - 1)
        found = (sums.pi - s / a1) / np.sqrt(variance)
    return np.where((s > 0) & (n > 3), found, np.nan)


def observed_heterozygosity(sums: SiteSums) -> Floats:
    """Mean over sites of the share of heterozygotes; NaN without a diploid call."""
    return _ratio(sums.het_observed, sums.het_sites)


def expected_heterozygosity(sums: SiteSums) -> Floats:
    """Mean over sites of Nei's (1978) unbiased expectation; NaN without a diploid call."""
    return _ratio(sums.het_expected, sums.het_sites)


def inbreeding(sums: SiteSums) -> Floats:
    """F = 1 - sum of observed / sum of expected heterozygosity, over all sites.

    A ratio of sums, not a mean of the sites' ratios, which are undefined where a group
    does not vary. NaN where nothing varies.
    """
    return 1 - _ratio(sums.het_observed, sums.het_expected)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _positive(length: npt.ArrayLike) -> Floats:
    bases = np.asarray(length, np.float64)
    if not (bases > 0).all():
        raise ValueError("a length in bases must be positive")
    return bases


def _pairs(n: Ints) -> Floats:
    """Ordered pairs of two of the n, n (n - 1)."""
    found: Floats = (n * (n - 1)).astype(np.float64)
    return found


def _first_rows(counts: Ints, start: npt.NDArray[np.intp]) -> Ints:
    return counts if len(start) == len(counts) else counts[start]


def _shared_row(n: Ints) -> Ints:
    """One row where all are equal, else all rows."""
    return n[:1] if len(n) and (n == n[0]).all() else n


@dataclass(frozen=True, slots=True)
class _Several:
    """The records with several ALTs, few as a rule.

    records: their places among all records; alts: copies of each of their ALTs, row by
    row; refs: called alleles that are REF; start: first row of `alts` of each.
    """

    records: npt.NDArray[np.intp]
    alts: Ints
    refs: Ints
    start: npt.NDArray[np.intp]

    def any(self, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Per record, whether it holds of one of its ALTs."""
        found: npt.NDArray[np.bool_] = np.logical_or.reduceat(which, self.start, axis=0)
        return found


def _several(ac: Ints, an: Ints, start: npt.NDArray[np.intp]) -> _Several:
    each = np.diff(start, append=len(ac))
    records = np.flatnonzero(each > 1)
    if not len(records):
        return _Several(records, ac[:0], an[:0], records)
    inner = np.cumsum(each[records]) - each[records]
    alts = ac[np.repeat(each > 1, each)]
    refs = an[start[records]] - np.add.reduceat(alts, inner, axis=0)
    return _Several(records, alts, refs, inner)


def _differing_pairs(ac: Ints, an: Ints, start: npt.NDArray[np.intp], several: _Several) -> Ints:
    """Ordered pairs of called alleles that differ: n² - sum c_a², shape (n_records, n_groups)."""
    copies, n = _first_rows(ac, start), _first_rows(an, start)
    different = 2 * copies * (n - copies)
    if len(several.records):
        same = np.add.reduceat(several.alts**2, several.start, axis=0) + several.refs**2
        different[several.records] = n[several.records] ** 2 - same
    return different


def _inverse_harmonic(n: Ints) -> Floats:
    """1 / a_n; 0 where n < 2."""
    a = _harmonic(n, 1)
    return np.where(n > 1, 1 / np.where(n > 1, a, 1.0), 0.0)


def _harmonic(n: Ints, power: int) -> Floats:
    """The sum of 1 / i^power for 0 < i < n, of any shape."""
    largest = int(n.max(initial=1))
    table = np.concatenate([[0.0, 0.0], np.cumsum(1.0 / np.arange(1, largest) ** power)])
    found: Floats = table[n]
    return found
