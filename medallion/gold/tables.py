"""The tables of gold, declared as data."""

from __future__ import annotations

from medallion.storage.schema import Column, Table

__all__ = ["FREQUENCIES", "POPULATIONS", "TABLES"]

_LEVEL = Column("level", "string", "population, super_population or all", nullable=False)

FREQUENCIES = Table(
    "gold.frequencies",
    "ALT allele and group of samples",
    (
        Column("chrom", "string", "contig, as in the source", nullable=False),
        Column("pos", "int32", "position of the first base of REF, 1-based", nullable=False),
        Column("id", "string", "identifier in the source"),
        Column("ref", "string", "reference allele", nullable=False),
        Column("alt", "string", "alternate allele", nullable=False),
        Column("population", "string", "code of the group: GBR, EUR, ALL", nullable=False),
        _LEVEL,
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
        Column("alt_index", "int32", "which of the record's ALT alleles, from 1", nullable=False),
        Column("file", "string", "bronze file that the record stands in", nullable=False),
        Column("record", "int64", "number of the record in that file, from 1", nullable=False),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
)  # fmt: skip

POPULATIONS = Table(
    "gold.populations",
    "group of samples",
    (
        Column("population", "string", "code of the group: GBR, EUR, ALL", nullable=False),
        _LEVEL,
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
    ),
)  # fmt: skip

TABLES = (FREQUENCIES, POPULATIONS)
