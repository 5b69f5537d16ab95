"""`gold.populations`: one row a group, summed over all alleles.

Each partition gives a `PopulationSums`; sums of sums are exact whatever the cuts, for
all are integers: shares are added as whole numbers of 2^-60.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.columns import LEVEL, POPULATION
from medallion.gold.counts import GroupCounts
from medallion.popgen import diversity
from medallion.popgen.diversity import SiteSums
from medallion.popgen.groups import Groups
from medallion.storage.schema import Column, Table

__all__ = ["POPULATIONS", "PopulationSums", "population_rows", "sum_populations"]

POPULATIONS = Table(
    "gold.populations",
    "group of samples",
    (
        POPULATION, LEVEL,
        Column("population_name", "string", "name of the group"),
        Column("super_population", "string", "super-population that it is part of"),
        Column("samples", "int32", "samples with genotypes", "samples", nullable=False),
        Column("alleles", "int64", "ALT alleles that the lake holds genotypes of", "alleles",
               nullable=False),
        Column("polymorphic_alleles", "int64",
               "ALT alleles of which the group has some copies, but not only copies",
               "alleles", nullable=False),
        Column("singletons", "int64", "ALT alleles of which the group has just one copy",
               "alleles", nullable=False),
        Column("private_alleles", "int64",
               "ALT alleles that samples in the group carry and none outside; null for ALL",
               "alleles"),
        Column("mean_heterozygosity", "float64",
               "share of called samples that are heterozygous, diploid calls only, averaged "
               "over ALT alleles"),
        Column("transitions", "int64", "polymorphic snvs that are transitions", "alleles",
               nullable=False),
        Column("transversions", "int64", "polymorphic snvs that are transversions", "alleles",
               nullable=False),
        Column("ti_tv", "float64", "transitions / transversions"),
        Column("length", "int64",
               "bases from the first to the last record of each contig, added up; what is per base "
               "below assumes that all of them were accessible", "bases", nullable=False),
        Column("segregating_sites", "int64",
               "snv records of which the group has more than one allele", "sites", nullable=False),
        Column("pi", "float64",
               "nucleotide diversity: mean differences between two copies, over snvs, per base; "
               "null where the group has no snv with two called alleles",
               "differences per base"),
        Column("theta_w", "float64", "Watterson's theta over snvs, per base; null where pi is",
               "per base"),
        Column("tajima_d", "float64", "Tajima's D over snvs, n the most alleles called"),
        Column("het_observed", "float64",
               "share of heterozygotes among diploid calls, mean over snvs with one ALT"),
        Column("het_expected", "float64",
               "unbiased expectation of that share under random mating, mean over the same snvs"),
        Column("f", "float64",
               "1 - sum of observed / sum of expected heterozygosity: above 0 with inbreeding or "
               "where the group is a mixture"),
    ),
    source="Nei & Li 1979, https://doi.org/10.1073/pnas.76.10.5269; Watterson 1975, "
    "https://doi.org/10.1016/0040-5809(75)90020-9; Tajima 1989, "
    "https://doi.org/10.1093/genetics/123.3.585; Nei 1978, "
    "https://doi.org/10.1093/genetics/89.3.583",
    key=("population", "level"),
)  # fmt: skip

_STEP = 2.0**30

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PopulationSums:
    """Sums over some alleles, each of shape (n_groups,).

    `heterozygosity` has shape (2, n_groups): whole numbers of 2^-30, and of 2^-60.
    """

    alleles: int
    polymorphic: Ints
    singletons: Ints
    private: Ints
    transitions: Ints
    transversions: Ints
    heterozygosity: Ints
    with_diploids: Ints

    @classmethod
    def zeros(cls, n_groups: int) -> PopulationSums:
        """Sums of no allele."""
        none = np.zeros(n_groups, np.int64)
        return cls(0, none, none, none, none, none, np.zeros((2, n_groups), np.int64), none)

    def __add__(self, other: PopulationSums) -> PopulationSums:
        return PopulationSums(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


def sum_populations(variants: pl.DataFrame, counts: GroupCounts) -> PopulationSums:
    """Sums of some alleles; the last group of the counts is everyone."""
    ac, an = counts.ac, counts.an
    seen = (ac > 0) & (ac < an)
    snv = variants["transition"]
    transition = snv.fill_null(value=False).to_numpy()[:, None]
    transversion = (~snv).fill_null(value=False).to_numpy()[:, None]
    diploids = counts.diploid_hom_ref + counts.diploid_het + counts.diploid_hom_alt
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(diploids > 0, counts.diploid_het / diploids, 0.0) * _STEP
    coarse = np.floor(share)
    fine = np.rint((share - coarse) * _STEP)
    return PopulationSums(
        alleles=len(variants),
        polymorphic=seen.sum(axis=0),
        singletons=(ac == 1).sum(axis=0),
        private=((ac > 0) & (ac == ac[:, -1:])).sum(axis=0),
        transitions=(seen & transition).sum(axis=0),
        transversions=(seen & transversion).sum(axis=0),
        heterozygosity=np.stack([coarse.sum(axis=0), fine.sum(axis=0)]).astype(np.int64),
        with_diploids=(diploids > 0).sum(axis=0),
    )


def population_rows(
    sums: PopulationSums, sites: SiteSums, length: int, groups: Groups
) -> pl.DataFrame:
    """`gold.populations`, from the sums of a lake whose contigs span `length` bases."""
    n = len(groups.groups)
    everyone = np.array([g.level == "all" for g in groups.groups])
    with np.errstate(invalid="ignore", divide="ignore"):
        ti_tv = sums.transitions / sums.transversions
        coarse, fine = sums.heterozygosity
        mean = (coarse / _STEP + fine / _STEP**2) / sums.with_diploids
    statistics = {
        "mean_heterozygosity": mean,
        "ti_tv": np.where(np.isfinite(ti_tv), ti_tv, np.nan),
        "pi": diversity.nucleotide_diversity(sites, length),
        "theta_w": diversity.watterson_theta(sites, length),
        "tajima_d": diversity.tajima_d(sites),
        "het_observed": diversity.observed_heterozygosity(sites),
        "het_expected": diversity.expected_heterozygosity(sites),
        "f": diversity.inbreeding(sites),
    }
    frame = pl.DataFrame(
        {
            "population": [g.code for g in groups.groups],
            "level": [g.level for g in groups.groups],
            "population_name": pl.Series([g.name for g in groups.groups], dtype=pl.String),
            "super_population": pl.Series(
                [g.super_population for g in groups.groups], dtype=pl.String
            ),
            "samples": [g.samples for g in groups.groups],
            "alleles": [sums.alleles] * n,
            "polymorphic_alleles": sums.polymorphic,
            "singletons": sums.singletons,
            "private_alleles": pl.Series(sums.private).set(pl.Series(everyone), None),
            "transitions": sums.transitions,
            "transversions": sums.transversions,
            "length": [length] * n,
            "segregating_sites": sites.segregating,
            **{name: pl.Series(values).fill_nan(None) for name, values in statistics.items()},
        }
    )
    return POPULATIONS.conform(frame)
