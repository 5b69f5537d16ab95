"""`gold.spectrum` and `gold.joint_spectrum`: how many sites have how many copies."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from medallion.gold.columns import LEVEL, PAIR, POPULATION
from medallion.gold.sums import Spectra
from medallion.popgen.groups import Groups
from medallion.popgen.spectrum import complete
from medallion.storage.schema import Column, Table

__all__ = ["JOINT_SPECTRUM", "SPECTRUM", "joint_spectrum_rows", "spectrum_rows"]

_KIND = Column(
    "kind", "string",
    "unfolded: copies of the derived allele, where the ancestral one is known; folded: copies of "
    "the allele that there are fewer of", nullable=False,
)  # fmt: skip
_SITES = Column("sites", "int64", "snvs with so many copies", "sites", nullable=False)
_SOURCE = "Counting, over snv records with one ALT and as many calls as most such have"

SPECTRUM = Table(
    "gold.spectrum",
    "group, kind of spectrum and number of copies that occurs",
    (
        POPULATION, LEVEL, _KIND,
        Column("n", "int32", "called alleles of the group at these sites: the number that most "
               "have; sites with another number are left out", "alleles", nullable=False),
        Column("count", "int32", "copies among them; 0 and n: the group does not vary",
               "alleles", nullable=False),
        _SITES,
    ),
    source=_SOURCE,
    key=("population", "level", "kind", "n", "count"),
)  # fmt: skip

JOINT_SPECTRUM = Table(
    "gold.joint_spectrum",
    "pair of super-populations, kind of spectrum and pair of numbers of copies that occurs",
    (
        *PAIR, _KIND,
        Column("n_1", "int32", "called alleles of the first group", "alleles", nullable=False),
        Column("n_2", "int32", "called alleles of the second group", "alleles", nullable=False),
        Column("count_1", "int32", "copies in the first group", "alleles", nullable=False),
        Column("count_2", "int32", "copies in the second group; folded: of the allele that is "
               "rarer in the two together", "alleles", nullable=False),
        _SITES,
    ),
    source=_SOURCE,
    key=("population_1", "population_2", "kind", "n_1", "n_2", "count_1", "count_2"),
)  # fmt: skip


def spectrum_rows(spectra: Spectra, groups: Groups) -> pl.DataFrame:
    """`gold.spectrum`, from the spectra of a whole lake."""
    named = pl.DataFrame(
        {
            "group": pl.Series(range(len(groups.groups)), dtype=pl.Int64),
            "population": pl.Series([g.code for g in groups.groups], dtype=pl.String),
            "level": pl.Series([g.level for g in groups.groups], dtype=pl.String),
        }
    )
    rows = [
        complete(found)
        .with_columns(pl.col("group").cast(pl.Int64), kind=pl.lit(kind))
        .sort("group", "n", "count")
        for kind, found in (("unfolded", spectra.unfolded), ("folded", spectra.folded))
    ]
    return SPECTRUM.conform(pl.concat(rows).join(named, on="group", maintain_order="left"))


def joint_spectrum_rows(spectra: Spectra, codes: Sequence[str]) -> pl.DataFrame:
    """`gold.joint_spectrum`; `codes` of all groups, by the counts' column."""
    rows = [
        complete(found)
        .sort("group_1", "group_2", "n_1", "n_2", "count_1", "count_2")
        .with_columns(kind=pl.lit(kind))
        for kind, found in (("unfolded", spectra.joint_unfolded), ("folded", spectra.joint_folded))
    ]
    names = pl.Series(codes, dtype=pl.String)
    joined = pl.concat(rows)
    return JOINT_SPECTRUM.conform(
        joined.with_columns(
            population_1=names.gather(joined["group_1"]),
            population_2=names.gather(joined["group_2"]),
        )
    )
