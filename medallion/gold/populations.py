"""`gold.populations`: one row a group, summed over all alleles.

Each partition gives a `PopulationSums`; sums of sums are exact whatever the cuts, for
all are integers: shares are added as whole numbers of 2^-60.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.counts import GroupCounts
from medallion.gold.groups import Groups
from medallion.gold.tables import POPULATIONS

__all__ = ["PopulationSums", "population_rows", "sum_populations"]

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


def population_rows(parts: Iterable[PopulationSums], groups: Groups) -> pl.DataFrame:
    """`gold.populations`, from the sums of all partitions in order."""
    listed = list(parts)
    n = len(groups.groups)
    if n == 0:  # sites without samples
        return pl.DataFrame(schema=POPULATIONS.polars_schema())

    def total(name: str) -> Ints:
        out: Ints = np.zeros(n, np.int64)
        for part in listed:
            out = out + getattr(part, name)
        return out

    transitions, transversions = total("transitions"), total("transversions")
    everyone = np.array([g.level == "all" for g in groups.groups])
    with np.errstate(invalid="ignore", divide="ignore"):
        ti_tv = transitions / transversions
        coarse, fine = np.broadcast_to(total("heterozygosity"), (2, n))
        mean = (coarse / _STEP + fine / _STEP**2) / total("with_diploids")
    frame = pl.DataFrame(
        {
            "population": [g.code for g in groups.groups],
            "level": [g.level for g in groups.groups],
            "population_name": pl.Series([g.name for g in groups.groups], dtype=pl.String),
            "super_population": pl.Series(
                [g.super_population for g in groups.groups], dtype=pl.String
            ),
            "samples": [g.samples for g in groups.groups],
            "alleles": [sum(p.alleles for p in listed)] * n,
            "polymorphic_alleles": total("polymorphic"),
            "singletons": total("singletons"),
            "private_alleles": pl.Series(total("private")).set(pl.Series(everyone), None),
            "mean_heterozygosity": pl.Series(mean).fill_nan(None),
            "transitions": transitions,
            "transversions": transversions,
            "ti_tv": pl.Series(np.where(np.isfinite(ti_tv), ti_tv, np.nan)).fill_nan(None),
        }
    )
    return POPULATIONS.conform(frame)
