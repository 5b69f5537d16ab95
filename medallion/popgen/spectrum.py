"""Site-frequency spectra: at how many sites an allele is called how many times.

A spectrum is a frame of sparse rows (group, n, count, sites): of the sites at which the
group has n called alleles, `sites` have `count` of one allele. Rows of different n are
kept apart, because counts out of different n cannot be compared: without missing calls a
group has one n (two, say, on chrX: in and out of the pseudo-autosomal regions). Rows of
all n add up to all sites, so nothing is lost; `complete` picks the n that a chart shows.

- Unfolded: count is of the derived allele, 0 to n.
- Folded: of the allele called less often, 0 to n / 2.
- Joint: two groups at once, rows (group_1, group_2, n_1, n_2, count_1, count_2, sites).

Classes 0 and n (where the group does not vary) are kept; take them off for a chart.

Meant for sites of two alleles, one base each (`usable`): with more alleles neither
"derived" nor "minor" names one allele.

Sources: Fu YX. Theor Popul Biol 48:172 (1995), https://doi.org/10.1006/tpbi.1995.1025;
joint: Gutenkunst RN, Hernandez RD, Williamson SH, Bustamante CD. PLoS Genet 5:e1000695
(2009), https://doi.org/10.1371/journal.pgen.1000695
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = [
    "add_spectra",
    "complete",
    "dense",
    "derived",
    "folded",
    "joint",
    "joint_folded",
    "unfolded",
    "usable",
]

Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]

_ROWS = ("group", "n", "count")
_JOINT_ROWS = ("group_1", "group_2", "n_1", "n_2", "count_1", "count_2")


def derived(
    ref: pl.Expr, alt: pl.Expr, ancestral: pl.Expr, *, high_confidence_only: bool = False
) -> pl.Expr:
    """Which allele is derived (Int8): 1 the ALT, 0 the REF, -1 unknown.

    An allele is derived where the other one is ancestral. `ancestral` is spelled as in
    Phase 3 (its README of ancestral alignments): upper case where the ancestral sequence
    is of high confidence, lower case where of low (unknown here with
    `high_confidence_only`); `.`, `-`, `N`, `?` or null, or a base that is neither
    allele, leave it unknown.
    """
    spelled = ancestral if high_confidence_only else ancestral.str.to_uppercase()
    upper_ref, upper_alt = ref.str.to_uppercase(), alt.str.to_uppercase()
    known = ancestral.is_not_null() & ~spelled.is_in([".", "-", "N", "?", ""])
    return (
        pl.when(known & (spelled == upper_ref))
        .then(pl.lit(1, pl.Int8))
        .when(known & (spelled == upper_alt))
        .then(pl.lit(0, pl.Int8))
        .otherwise(pl.lit(-1, pl.Int8))
    )


def usable(variant_type: pl.Expr, n_alts: pl.Expr) -> pl.Expr:
    """Whether a row of `silver.variants` enters spectra: an snv that is its record's only ALT."""
    return (variant_type == "snv") & (n_alts == 1)


def unfolded(ac: Ints, an: Ints, derived_is_alt: Int8s) -> pl.DataFrame:
    """Unfolded spectra of all groups, of the sites whose derived allele is known.

    `ac`, `an`: copies of the ALT and called alleles, shape (n_sites, n_groups);
    `derived_is_alt`, shape (n_sites,), as `derived` gives it. The rows' `group` is the
    counts' column.
    """
    return _spectra(*_polarised(_by_group(ac), _by_group(an), derived_is_alt))


def folded(ac: Ints, an: Ints) -> pl.DataFrame:
    """Folded spectra of all groups: counts of the allele that the group has less of.

    `ac`, `an`: copies of the ALT and called alleles, shape (n_sites, n_groups).
    """
    copies, n = _by_group(ac), _by_group(an)
    return _spectra(np.minimum(copies, n - copies), n)


def joint(
    ac: Ints, an: Ints, derived_is_alt: Int8s, pairs: Sequence[tuple[int, int]]
) -> pl.DataFrame:
    """Joint unfolded spectra of pairs of groups (columns of the counts)."""
    copies, n = _polarised(_by_group(ac), _by_group(an), derived_is_alt)
    return _joint_spectra(n, [(copies[i], copies[j]) for i, j in pairs], pairs)


def joint_folded(ac: Ints, an: Ints, pairs: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Joint folded spectra: counts in both groups of the allele that is minor in the two together.

    So count_1 + count_2 <= (n_1 + n_2) / 2, as in dadi; scikit-allel's joint_sfs_folded
    instead folds each group by itself. Where both alleles are called equally often in
    the two, the one with fewer copies in the first group is taken (dadi counts such a
    site half in each of its two classes).
    """
    copies, all_n, counts = _by_group(ac), _by_group(an), []
    for i, j in pairs:
        first, second = copies[i], copies[j]
        n_first, n_second = all_n[i], all_n[j]
        twice, n = 2 * (first + second), n_first + n_second
        other = (twice > n) | ((twice == n) & (2 * first > n_first))
        counts.append(
            (np.where(other, n_first - first, first), np.where(other, n_second - second, second))
        )
    return _joint_spectra(all_n, counts, pairs)


def add_spectra(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Sum spectra of one kind, in order of their keys. Raises ValueError where there is none."""
    if not parts:
        raise ValueError("there must be at least one spectrum")
    keys = [c for c in parts[0].columns if c != "sites"]
    return pl.concat(parts).group_by(keys).agg(pl.col("sites").sum()).sort(keys)


def complete(spectra: pl.DataFrame) -> pl.DataFrame:
    """For each group or pair, the rows of the n that most sites have; of equals the largest n.

    So a site with a missing call is left out, unless most have one.
    """
    of = [c for c in spectra.columns if c.startswith("group")]
    ns = ["n"] if "n" in spectra.columns else ["n_1", "n_2"]
    best = (
        spectra.group_by(*of, *ns)
        .agg(pl.col("sites").sum())
        .sort(*of, "sites", *ns, descending=[False] * len(of) + [True] * (len(ns) + 1))
        .unique(of, keep="first", maintain_order=True)
        .drop("sites")
    )
    return spectra.join(best, on=[*of, *ns], how="semi", maintain_order="left")


def dense(spectrum: pl.DataFrame, n: int) -> Ints:
    """Rows of one group and one n as an array of shape (n + 1,): sites by count.

    Raises ValueError where a count exceeds n or occurs twice.
    """
    count = spectrum["count"].to_numpy()
    if len(count) and (count.max() > n or len(np.unique(count)) < len(count)):
        raise ValueError(f"the rows are not of one spectrum of {n} alleles")
    out = np.zeros(n + 1, np.int64)
    out[count] = spectrum["sites"].to_numpy()
    return out


def _by_group(counts: Ints) -> Ints:
    """Shape (n_groups, n_sites), so that a group's counts are neighbours in memory."""
    return np.ascontiguousarray(counts.T)


def _polarised(copies: Ints, n: Ints, derived_is_alt: Int8s) -> tuple[Ints, Ints]:
    """Copies of the derived allele and called alleles, at the sites where it is known."""
    known = derived_is_alt >= 0
    if not known.all():
        copies, n, derived_is_alt = copies[:, known], n[:, known], derived_is_alt[known]
    return np.where(derived_is_alt == 1, copies, n - copies), n


def _spectra(copies: Ints, n: Ints) -> pl.DataFrame:
    found = [
        (np.full(len(values[0]), group), *values, sites)
        for group in range(len(copies))
        for values, sites in [_tally(n[group], copies[group])]
    ]
    return _frame(found, _ROWS)


def _joint_spectra(
    n: Ints,
    counts: Sequence[tuple[Ints, Ints]],
    pairs: Sequence[tuple[int, int]],
) -> pl.DataFrame:
    found = []
    for (i, j), (first, second) in zip(pairs, counts, strict=True):
        values, sites = _tally(n[i], n[j], first, second)
        groups = (np.full(len(sites), i), np.full(len(sites), j))
        found.append((*groups, *values, sites))
    return _frame(found, _JOINT_ROWS)


def _frame(found: Sequence[tuple[npt.NDArray[np.int64], ...]], keys: Sequence[str]) -> pl.DataFrame:
    names = (*keys, "sites")
    empty = np.zeros(0, np.int64)
    columns = [np.concatenate([empty, *(f[k] for f in found)]) for k in range(len(names))]
    dtypes = {n: pl.Int64 if n == "sites" else pl.Int32 for n in names}
    return pl.DataFrame(dict(zip(names, columns, strict=True))).cast(dtypes)  # type: ignore[arg-type]


def _tally(*values: Ints) -> tuple[list[Ints], Ints]:
    """The distinct combinations of values >= 0, in ascending order, and how often each occurs."""
    if not len(values[0]):
        return [v[:0] for v in values], values[0][:0]
    low = [int(v.min()) for v in values]
    span = [int(v.max()) - least + 1 for v, least in zip(values, low, strict=True)]
    cells = prod(span)
    if cells >= 1 << 62:  # a key of so many cells is no int64
        rows, sites = np.unique(np.stack(values, axis=1), axis=0, return_counts=True)
        return list(rows.T), sites
    key = np.zeros(len(values[0]), np.int64)
    for value, least, width in zip(values, low, span, strict=True):
        key = key * width + (value - least)
    if cells <= max(4 * len(key), 1024):
        table = np.bincount(key, minlength=cells)
        distinct = np.flatnonzero(table)
        sites = table[distinct]
    else:
        distinct, sites = np.unique(key, return_counts=True)
    out = []
    for least, width in zip(reversed(low), reversed(span), strict=True):
        distinct, value = np.divmod(distinct, width)
        out.append(value + least)
    return out[::-1], sites
