"""`gold.windows` and `gold.windows_fst`: statistics along the chromosome.

A window of size w and number k covers positions k w + 1 to (k + 1) w; 100 kb windows are
sums of 10 kb ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from medallion.gold.columns import CHROM, LEVEL, PAIR, POPULATION
from medallion.gold.partition import WINDOW_BASES
from medallion.gold.sums import Windows
from medallion.popgen import diversity, fst
from medallion.popgen.geography import MOST_COMPARED, Layout
from medallion.popgen.groups import Groups
from medallion.popgen.jackknife import PairSums, add_blocks, ratio
from medallion.storage.schema import Column, Table

__all__ = ["SIZES", "WINDOWS", "WINDOWS_FST", "window_fst_rows", "window_rows"]

SIZES = (WINDOW_BASES, 10 * WINDOW_BASES)

_PLACE = (
    CHROM,
    Column("start", "int32", "first position of the window, 1-based", nullable=False),
    Column("end", "int32", "last position of the window, included", nullable=False),
    Column("size", "int32", "length of the window", "bases", nullable=False),
)

WINDOWS = Table(
    "gold.windows",
    "window of the chromosome that holds a record, and super-population (or ALL); in a lake "
    f"without a second super-population, populations too, if they are at most {MOST_COMPARED}",
    (
        *_PLACE, POPULATION, LEVEL,
        Column("records", "int64", "records with genotypes in it, of any type", "records",
               nullable=False),
        Column("segregating_sites", "int64",
               "snv records of which the group has more than one allele", "sites",
               nullable=False),
        Column("pi", "float64",
               "nucleotide diversity: mean differences between two copies, over snvs, per base. "
               "Assumes that every base of the window was accessible, and that those without a "
               "record do not vary; null where the group has no snv with two called alleles",
               "differences per base"),
        Column("theta_w", "float64",
               "Watterson's theta over snvs, per base, under the same assumption", "per base"),
        Column("tajima_d", "float64",
               "Tajima's D over snvs, n the most alleles called; null without a segregating site"),
        Column("het_observed", "float64",
               "share of heterozygotes among diploid calls, mean over snvs with one ALT"),
        Column("het_expected", "float64",
               "unbiased expectation of that share under random mating, mean over the same snvs"),
    ),
    partitioned=True,
    pruned_by=("start",),
    source="Nei & Li 1979, https://doi.org/10.1073/pnas.76.10.5269; Watterson 1975, "
    "https://doi.org/10.1016/0040-5809(75)90020-9; Tajima 1989, "
    "https://doi.org/10.1093/genetics/123.3.585",
    key=("chrom", "size", "start", "end", "population", "level"),
)  # fmt: skip

WINDOWS_FST = Table(
    "gold.windows_fst",
    "window of the chromosome and pair of super-populations; in a lake without a second one, of "
    f"populations, if they are at most {MOST_COMPARED}",
    (
        *_PLACE, *PAIR,
        Column("fst", "float64",
               "Hudson's FST: ratio of sums over the window's records with one ALT; null where "
               "the pair does not vary"),
        Column("sites", "int64", "records at which the pair varies", "sites", nullable=False),
    ),
    partitioned=True,
    pruned_by=("start",),
    source="Hudson et al. 1992 as in Bhatia et al. 2013, https://doi.org/10.1101/gr.154831.113",
    key=("chrom", "size", "start", "end", "population_1", "population_2"),
)  # fmt: skip


def window_rows(windows: Windows, groups: Groups, size: int) -> pl.DataFrame:
    """`gold.windows` of one contig, without `chrom`, in order of window and group."""
    times = size // WINDOW_BASES
    number, sums = diversity.coarser(windows.number, windows.sums, times)
    records = np.zeros(len(number), np.int64)
    np.add.at(records, np.searchsorted(number, windows.number // times), windows.records)
    own = [groups.groups[g] for g in Layout.of(groups).along]
    n, k = len(number), len(own)
    start, end = diversity.window_bounds(number, size)
    statistics = {
        "pi": diversity.nucleotide_diversity(sums, size),
        "theta_w": diversity.watterson_theta(sums, size),
        "tajima_d": diversity.tajima_d(sums),
        "het_observed": diversity.observed_heterozygosity(sums),
        "het_expected": diversity.expected_heterozygosity(sums),
    }
    return pl.DataFrame(
        {
            "start": np.repeat(start, k),
            "end": np.repeat(end, k),
            "size": np.full(n * k, size),
            "population": [g.code for g in own] * n,
            "level": [g.level for g in own] * n,
            "records": np.repeat(records, k),
            "segregating_sites": sums.segregating.ravel(),
            **{k: pl.Series(v.ravel()).fill_nan(None) for k, v in statistics.items()},
        }
    )  # fmt: skip


def window_fst_rows(windows: Windows, codes: Sequence[str], size: int) -> pl.DataFrame:
    """`gold.windows_fst` of one contig, without `chrom`; `codes` of those that are compared."""
    times = size // WINDOW_BASES
    sums = windows.fst
    sums = add_blocks([PairSums(sums.block // times, sums.num, sums.den, sums.ratios, sums.sites)])
    pairs = fst.all_pairs(len(codes))
    n, k = len(sums.block), len(pairs)
    start, end = diversity.window_bounds(sums.block, size)
    return pl.DataFrame(
        {
            "start": np.repeat(start, k),
            "end": np.repeat(end, k),
            "size": np.full(n * k, size),
            "population_1": [codes[i] for i, _ in pairs] * n,
            "population_2": [codes[j] for _, j in pairs] * n,
            "fst": pl.Series(ratio(sums.num, sums.den).ravel()).fill_nan(None),
            "sites": sums.sites.ravel(),
        }
    )
