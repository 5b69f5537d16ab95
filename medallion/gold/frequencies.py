"""`gold.frequencies`: counts and frequency of each ALT allele in each group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.columns import (
    ALT,
    ALT_INDEX,
    CHROM,
    FILE,
    ID,
    LEVEL,
    POPULATION,
    POS,
    RECORD,
    REF,
)
from medallion.gold.counts import GroupCounts
from medallion.popgen.groups import Groups
from medallion.popgen.hwe import exact_test
from medallion.storage.coded import Coded, Plain
from medallion.storage.pages import Rows
from medallion.storage.schema import Column, Table

__all__ = ["FREQUENCIES", "frequency_rows"]

_ROWS_FOR_A_VALUE = 16

FREQUENCIES = Table(
    "gold.frequencies",
    "ALT allele and group of samples",
    (
        CHROM, POS, ID, REF, ALT, POPULATION, LEVEL,
        Column("ac", "int32", "copies of this ALT among called alleles", "alleles",
               nullable=False),
        Column("an", "int32", "called alleles; one for a haploid call", "alleles",
               nullable=False),
        Column("af", "float64", "ac / an; null where nothing is called"),
        Column("n_hom_ref", "int32", "called samples with no copy of this ALT", "samples",
               nullable=False),
        Column("n_het", "int32", "samples with some but not all copies this ALT", "samples",
               nullable=False),
        Column("n_hom_alt", "int32", "samples whose copies are all this ALT, haploid ones too",
               "samples", nullable=False),
        Column("n_missing", "int32", "samples with no called allele", "samples", nullable=False),
        Column("hwe_p", "float64",
               "p of the exact Hardy-Weinberg test over diploid calls (Wigginton 2005), this ALT "
               "against all else; null where no diploid is called"),
        ALT_INDEX, FILE, RECORD,
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    source="Counting; hwe_p: Wigginton et al. 2005, https://doi.org/10.1086/429864",
    key=("file", "chrom", "pos", "ref", "alt", "population", "level"),
)  # fmt: skip


def frequency_rows(
    variants: pl.DataFrame, counts: GroupCounts, groups: Groups
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """`gold.frequencies` of some alleles, allele by allele and within it group by group.

    `variants` are rows of `silver.variants`, the counts' rows in the same order. Also gives
    p of the Hardy-Weinberg test, shape (n_alleles, n_groups); NaN without a diploid.
    """
    n, k = len(variants), len(groups.groups)
    ac, an = counts.ac.ravel(), counts.an.ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        af = ac / an
    p = exact_test(counts.diploid_hom_ref, counts.diploid_het, counts.diploid_hom_alt)
    each_group, each_allele = np.full(n, k), np.tile(np.arange(k), n)
    rows: Rows = {
        **{name: Coded.of(variants[name]).repeated(each_group)
           for name in ("id", "ref", "alt", "file")},
        **{name: Coded.numbers(variants[name].to_numpy()).repeated(each_group)
           for name in ("pos", "alt_index", "record")},
        "population": Coded.of([g.code for g in groups.groups]).take(each_allele),
        "level": Coded.of([g.level for g in groups.groups]).take(each_allele),
        **{name: _counted(getattr(counts, name).ravel())
           for name in ("ac", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")},
        "an": Plain(an),
        "af": Plain(af, an == 0),
        "hwe_p": Plain(p, np.isnan(p)),
    }  # fmt: skip
    return rows, p.reshape(n, k)


def _counted(counts: npt.NDArray[np.int64]) -> Coded | Plain:
    """Counts as codes, which are shorter, where the largest is small against their number."""
    most = int(counts.max(initial=0))
    if most * _ROWS_FOR_A_VALUE > len(counts):
        return Plain(counts)
    return Coded.numbers(np.arange(most + 1)).take(counts)
