"""`gold.fst`: how far apart two groups are, over the whole lake."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from medallion.gold.columns import LEVEL, PAIR
from medallion.popgen.fst import all_pairs
from medallion.popgen.jackknife import PairSums, block_jackknife, mean_ratio
from medallion.storage.schema import Column, Table

__all__ = ["FST", "fst_rows"]

FST = Table(
    "gold.fst",
    "pair of groups of one level, and method",
    (
        *PAIR, LEVEL,
        Column("method", "string", "hudson or weir_cockerham", nullable=False),
        Column("fst", "float64",
               "ratio of sums over records with one ALT; null where the pair does not vary"),
        Column("se", "float64",
               "its standard error: block jackknife over blocks of 1 Mb; null with fewer than two"),
        Column("mean_fst", "float64",
               "mean of the records' own ratios, PLINK's and vcftools' mean FST: for comparison, "
               "since rare alleles pull it towards 0"),
        Column("sites", "int64", "records at which the pair varies", "sites", nullable=False),
        Column("blocks", "int32", "blocks that hold such records", "blocks", nullable=False),
    ),
    source="Hudson et al. 1992 as in Bhatia et al. 2013, https://doi.org/10.1101/gr.154831.113; "
    "Weir & Cockerham 1984, https://doi.org/10.1111/j.1558-5646.1984.tb05657.x; "
    "jackknife: Busing et al. 1999, https://doi.org/10.1023/A:1008800423698",
    key=("population_1", "population_2", "level", "method"),
)  # fmt: skip


def fst_rows(sums: PairSums, codes: Sequence[str], level: str, method: str) -> pl.DataFrame:
    """Rows of `gold.fst` of all pairs of the groups `codes`."""
    pairs = all_pairs(len(codes))
    found = block_jackknife(sums)
    frame = pl.DataFrame(
        {
            "population_1": pl.Series([codes[i] for i, _ in pairs], dtype=pl.String),
            "population_2": pl.Series([codes[j] for _, j in pairs], dtype=pl.String),
            "level": [level] * len(pairs),
            "method": [method] * len(pairs),
            "fst": pl.Series(found.fst, dtype=pl.Float64).fill_nan(None),
            "mean_fst": pl.Series(mean_ratio(sums), dtype=pl.Float64).fill_nan(None),
            "se": pl.Series(found.se, dtype=pl.Float64).fill_nan(None),
            "sites": sums.sites.sum(axis=0),
            "blocks": found.blocks,
        }
    )
    return FST.conform(frame)
