"""`gold.variants`: one row per ALT allele, the one to search and to sort by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.columns import ALT, ALT_INDEX, CHROM, FILE, ID, POS, RECORD, REF
from medallion.gold.counts import GroupCounts
from medallion.popgen import fst
from medallion.popgen.geography import SCHEMA, Layout, geography
from medallion.popgen.hwe import exact_test
from medallion.popgen.jackknife import ratio
from medallion.popgen.spectrum import derived
from medallion.storage.schema import Column, Table

__all__ = ["READ", "VARIANTS", "derived_is_alt", "variant_rows"]

READ = (
    "pos", "id", "ref", "alt", "alt_index", "n_alts", "filter", "variant_type", "transition",
    "ancestral_allele", "ac", "an", "n_missing", "published_ac", "published_an", "published_af",
    "published_afr_af", "published_amr_af", "published_eas_af", "published_eur_af",
    "published_sas_af", "has_gt", "pattern", "file", "record", "line",
)  # fmt: skip
"""Columns of `silver.variants` that gold is made from."""

_KEPT = (
    "id", "ref", "alt", "alt_index", "n_alts", "filter", "variant_type", "transition",
    "ancestral_allele", "ac", "an", "n_missing", "published_ac", "published_an", "published_af",
    "file", "record", "line",
)  # fmt: skip

VARIANTS = Table(
    "gold.variants",
    "ALT allele",
    (
        CHROM, POS, ID, REF, ALT,
        Column("variant_type", "string", "as in silver.variants: snv, insertion, deletion, ...",
               nullable=False),
        Column("transition", "boolean", "of an snv: transition (true) or transversion (false)"),
        Column("filter", "string", "PASS, or the filters that the record failed"),
        Column("ac", "int32", "copies among all samples; null: no genotypes", "alleles"),
        Column("an", "int32", "called alleles among all samples", "alleles"),
        Column("af", "float64", "ac / an: the global frequency"),
        Column("n_missing", "int32", "samples with no called allele", "samples"),
        Column("hwe_p", "float64",
               "p of the exact Hardy-Weinberg test over all diploid calls; low where populations "
               "differ, too"),
        Column("highest_population", "string", "population in which it is most frequent"),
        Column("highest_af", "float64", "its frequency there"),
        Column("lowest_population", "string", "population in which it is least frequent"),
        Column("lowest_af", "float64", "its frequency there"),
        Column("n_populations", "int32",
               "populations in which it is seen; unassigned samples are none", "populations"),
        Column("n_super_populations", "int32", "super-populations in which it is seen",
               "super-populations"),
        Column("private_population", "string", "the one population that has all copies of it"),
        Column("private_super_population", "string",
               "the one super-population that has all copies of it"),
        Column("singleton", "boolean", "whether it is called just once among all samples"),
        Column("minor_is_ref", "boolean",
               "whether the rarer allele, which the geographic code is of, is the REF"),
        Column("geographic_code", "string",
               "a letter per super-population, in the catalog's order (AFR AMR EAS EUR SAS): how "
               "often the globally minor allele is there: U unobserved, R rare (below 5 %), "
               "C common"),
        Column("rarity", "string",
               "unobserved, rare everywhere, common somewhere or common everywhere: the code in "
               "short"),
        Column("ancestral_allele", "string",
               "INFO AA up to its first bar; lower case: low confidence"),
        Column("derived_af", "float64",
               "frequency of the derived allele over all samples; null where the ancestral allele "
               "is unknown or is neither REF nor ALT"),
        Column("fst_super_populations", "float64",
               "Weir-Cockerham FST of this allele among all super-populations"),
        Column("fst_populations", "float64",
               "Weir-Cockerham FST of this allele among all populations"),
        Column("published_ac", "int32", "INFO AC, as the source states", "alleles"),
        Column("published_an", "int32", "INFO AN, as the source states", "alleles"),
        Column("published_af", "float64", "INFO AF, as the source states"),
        Column("published_agrees", "boolean",
               "whether published AC and AN, where stated, are those recounted; null: not stated"),
        ALT_INDEX,
        Column("n_alts", "int32", "ALT alleles of the record", "alleles", nullable=False),
        FILE, RECORD,
        Column("line", "int64", "number of the line in that file's text, from 1", nullable=False),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    source="Code: Biddanda et al. 2020, https://doi.org/10.7554/eLife.60107; FST: Weir & Cockerham "
    "1984, https://doi.org/10.1111/j.1558-5646.1984.tb05657.x",
    key=("file", "chrom", "pos", "ref", "alt"),
)  # fmt: skip


def derived_is_alt(variants: pl.DataFrame) -> npt.NDArray[np.int8]:
    """Which allele of each row is derived: 1 the ALT, 0 the REF, -1 unknown."""
    found = variants.select(derived(pl.col("ref"), pl.col("alt"), pl.col("ancestral_allele")))
    return found.to_series().to_numpy()


def variant_rows(
    variants: pl.DataFrame, counts: GroupCounts | None, layout: Layout
) -> pl.DataFrame:
    """`gold.variants` of some rows of `silver.variants`, in their order.

    `counts`, of the same rows, is None where they have no genotypes: what needs those is null.
    """
    kept = variants.select("pos", *_KEPT)
    if counts is None:
        nothing = {name: pl.lit(None, dtype) for name, dtype in SCHEMA.items()}
        made = ("hwe_p", "fst_super_populations", "fst_populations")
        frame = kept.with_columns(
            **nothing, **{name: pl.lit(None, pl.Float64) for name in made},
            published_agrees=pl.lit(None, pl.Boolean),
        )  # fmt: skip
    else:
        where = geography(counts.ac, counts.an, layout, derived_is_alt(variants))
        frame = kept.hstack(where).with_columns(
            hwe_p=pl.Series(_hardy_weinberg(counts, layout)).fill_nan(None),
            fst_super_populations=_fst(counts, layout.super_populations),
            fst_populations=_fst(counts, layout.populations),
            published_agrees=_agrees(),
        )
    return frame.select(c for c in VARIANTS.column_names if c != "chrom")


def _hardy_weinberg(counts: GroupCounts, layout: Layout) -> npt.NDArray[np.float64]:
    column = layout.everyone
    if column is None:
        return np.full(len(counts.ac), np.nan)
    return exact_test(
        counts.diploid_hom_ref[:, column],
        counts.diploid_het[:, column],
        counts.diploid_hom_alt[:, column],
    )


def _fst(counts: GroupCounts, columns: tuple[int, ...]) -> pl.Series:
    if len(columns) < 2:
        return pl.Series([None] * len(counts.ac), dtype=pl.Float64)
    some = list(columns)
    num, den = fst.weir_cockerham(
        counts.diploid_hom_ref[:, some], counts.diploid_het[:, some],
        counts.diploid_hom_alt[:, some],
    )  # fmt: skip
    return pl.Series(ratio(num, den), dtype=pl.Float64).fill_nan(None)


def _agrees() -> pl.Expr:
    stated = [
        pl.when(pl.col(f"published_{c}").is_not_null()).then(pl.col(f"published_{c}") == pl.col(c))
        for c in ("ac", "an")
    ]
    return (
        pl.when(pl.any_horizontal(s.is_not_null() for s in stated))
        .then(pl.all_horizontal(s.fill_null(value=True) for s in stated))
    )  # fmt: skip
