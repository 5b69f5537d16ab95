"""`gold.ld_decay`: how linkage falls off with distance."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from medallion.popgen.geography import MOST_COMPARED
from medallion.popgen.linkage import DECAY_EDGES, DecaySums
from medallion.storage.schema import Column, Table

__all__ = ["LD_DECAY", "decay_rows"]

LD_DECAY = Table(
    "gold.ld_decay",
    "super-population and range of distances; in a lake without a second super-population, "
    f"population, if they are 2 to {MOST_COMPARED}, and without any such group, ALL",
    (
        Column("super_population", "string", "code of the group", nullable=False),
        Column("distance_from", "int32", "smallest distance of two sites", "bases", nullable=False),
        Column("distance_to", "int32", "largest distance of two sites, included", "bases",
               nullable=False),
        Column("pairs", "int64", "pairs of sites so far apart", "pairs", nullable=False),
        Column("r2", "float64",
               "mean squared correlation of genotypes over these pairs: common snvs of the "
               "autosomes (minor allele frequency of at least 5 % in the group and in all), the "
               "first of each kilobase. Only pairs within one megabase count (positions 1 to "
               "1,000,000, 1,000,001 to 2,000,000, ...): the further apart, the fewer of them"),
    ),
    source="Rogers & Huff 2009, https://doi.org/10.1534/genetics.108.093153",
    key=("super_population", "distance_from", "distance_to"),
)  # fmt: skip


def decay_rows(sums: DecaySums, codes: Sequence[str]) -> pl.DataFrame:
    """`gold.ld_decay`; `codes` of the groups, in the order of the sums."""
    bins = len(DECAY_EDGES) - 1
    return LD_DECAY.conform(
        pl.DataFrame(
            {
                "super_population": pl.Series(
                    [c for c in codes for _ in range(bins)], dtype=pl.String
                ),
                "distance_from": (DECAY_EDGES[:-1] + 1).tolist() * len(codes),
                "distance_to": DECAY_EDGES[1:].tolist() * len(codes),
                "pairs": sums.pairs.ravel(),
                "r2": pl.Series(sums.mean.ravel(), dtype=pl.Float64).fill_nan(None),
            }
        )
    )
