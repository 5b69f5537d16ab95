"""`gold.samples`: one row per sample, its calls counted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from medallion.popgen.samples import SampleSums
from medallion.storage.schema import Column, Table

__all__ = ["SAMPLES", "sample_rows"]

SAMPLES = Table(
    "gold.samples",
    "sample of a VCF",
    (
        Column("sample", "string", "name of the sample", nullable=False),
        Column("population", "string", "code of its population, or unassigned", nullable=False),
        Column("super_population", "string", "code of its super-population, where one is known"),
        Column("sex", "string", "female, male or unknown", nullable=False),
        *(
            Column(name, "int64", meaning, "calls", nullable=False)
            for name, meaning in (
                ("records", "records with genotypes in the files that hold it"),
                ("hom_ref", "calls of two or more copies, all REF"),
                ("het", "calls of two or more copies that are not all of one allele"),
                ("hom_alt", "calls of two or more copies, all of one ALT allele"),
                ("haploid_ref", "calls of one copy, the REF"),
                ("haploid_alt", "calls of one copy, an ALT allele"),
                ("missing", "records without a whole call"),
                ("transitions",
                 "calls that carry a transition; of two different ALT alleles the first counts"),
                ("transversions", "calls that carry a transversion, counted alike"),
                ("insertions", "calls that carry an insertion, counted alike"),
                ("deletions", "calls that carry a deletion, counted alike"),
            )
        ),
        Column("singletons", "int64", "ALT alleles of which it has the only copy of the lake",
               "alleles", nullable=False),
        Column("ti_tv", "float64", "transitions / transversions"),
        Column("het_hom_ratio", "float64", "het / hom_alt"),
        Column("call_rate", "float64", "share of records that are called"),
        Column("f", "float64",
               "inbreeding coefficient by the method of moments, over diploid calls of autosomal "
               "records: 1 - observed / expected heterozygous calls, as plink --het"),
    ),
    source="Counts: as bcftools stats -s - (PSC); f: Purcell et al. 2007, "
    "https://doi.org/10.1086/519795",
    key=("sample",),
)  # fmt: skip


def sample_rows(people: pl.DataFrame, names: Sequence[str], sums: SampleSums) -> pl.DataFrame:
    """`gold.samples`: `people` are rows of `silver.samples`, `sums` in the order of `names`."""
    counted = pl.DataFrame(
        {
            "sample": pl.Series(names, dtype=pl.String),
            "records": sums.records,
            "hom_ref": sums.hom_ref,
            "het": sums.het,
            "hom_alt": sums.hom_alt,
            "haploid_ref": sums.haploid_ref,
            "haploid_alt": sums.haploid_alt,
            "missing": sums.missing,
            "transitions": sums.of_type("transition"),
            "transversions": sums.of_type("transversion"),
            "insertions": sums.of_type("insertion"),
            "deletions": sums.of_type("deletion"),
            "singletons": sums.singletons,
            "call_rate": pl.Series(sums.call_rate).fill_nan(None),
            "f": pl.Series(sums.inbreeding).fill_nan(None),
        }
    )
    known = people.select("sample", "population", "super_population", "sex")
    frame = known.join(counted, on="sample", maintain_order="left").with_columns(
        ti_tv=_ratio("transitions", "transversions"), het_hom_ratio=_ratio("het", "hom_alt")
    )
    return SAMPLES.conform(frame)


def _ratio(above: str, below: str) -> pl.Expr:
    return pl.when(pl.col(below) > 0).then(pl.col(above) / pl.col(below))
