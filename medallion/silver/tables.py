"""The tables of silver, declared as data.

A genotype is known exactly from them: where `genotypes` has a row for a sample and a
record, it is that row's `gt`; else where `calls` has a run that holds the sample's
column, it is that run's `gt`; else it is the reference, spelled as the record's
`pattern` says.
"""

from __future__ import annotations

from medallion.storage.schema import Column, Table

__all__ = [
    "CALLS",
    "COLUMNS",
    "DEFECTS",
    "GENOTYPES",
    "IDENTIFIERS",
    "PATTERNS",
    "SAMPLES",
    "SUPER_POPULATION_AFS",
    "TABLES",
    "VARIANTS",
]

SUPER_POPULATION_AFS = ("AFR", "AMR", "EAS", "EUR", "SAS")

_CHROM = Column("chrom", "string", "contig, as in the source", nullable=False)
_POS = Column("pos", "int32", "position of the first base of REF, 1-based", nullable=False)
_REF = Column("ref", "string", "reference allele", nullable=False)
_ALT = Column("alt", "string", "alternate allele; a dot where the record has none", nullable=False)
_FILE = Column("file", "string", "bronze file that it was read from", nullable=False)
_RECORD = Column("record", "int64", "number of the record in that file, from 1", nullable=False)
_ALT_INDEX = Column(
    "alt_index", "int32", "which of the record's ALT alleles, from 1; 0 where it has none",
    nullable=False,
)  # fmt: skip

SAMPLES = Table(
    "silver.samples",
    "sample, of a VCF or of the sample table",
    (
        Column("sample", "string", "name of the sample", nullable=False),
        Column("population", "string", "code of its population, or unassigned", nullable=False),
        Column("population_name", "string", "name of its population"),
        Column("super_population", "string", "code of its super-population, where one is known"),
        Column("super_population_name", "string", "name of its super-population"),
        Column("sex", "string", "female, male or unknown", nullable=False),
        Column("in_vcf", "boolean", "whether a VCF holds genotypes of it", nullable=False),
        Column("in_metadata", "boolean", "whether the sample table names it", nullable=False),
    ),
    key=("sample",),
)

COLUMNS = Table(
    "silver.columns",
    "sample column of a VCF",
    (
        _FILE,
        Column("column", "int32", "place among the file's samples, from 0", nullable=False),
        Column("sample", "string", "name of the sample", nullable=False),
    ),
    key=("file", "column"),
)

VARIANTS = Table(
    "silver.variants",
    "ALT allele",
    (
        _CHROM,
        _POS,
        Column("id", "string", "identifier in the source; null where it has a dot"),
        _REF,
        _ALT,
        _ALT_INDEX,
        Column("n_alts", "int32", "ALT alleles of the record", "alleles", nullable=False),
        Column("qual", "float64", "phred-scaled quality, as in the source"),
        Column("filter", "string", "PASS, or the filters that the record failed"),
        Column("variant_type", "string",
               "snv, mnv, insertion, deletion, indel, sv, spanning_deletion (*), unspecified "
               "(<*>, <NON_REF>) or none",
               nullable=False),
        Column("transition", "boolean", "of an snv: transition (true) or transversion (false)"),
        Column("length_change", "int32", "length of ALT less that of REF; null for symbols",
               "bases"),
        Column("sv_end", "int32",
               "last position of a structural variant, 1-based: INFO END; where it is not "
               "stated, this allele's, from POS and SVLEN (of <INS>, POS and REF)"),
        Column("sv_length", "int32",
               "INFO SVLEN of this allele; where it is not stated and the record has one ALT, "
               "END - POS, of a deletion negative up to VCF 4.3", "bases"),
        Column("ancestral_allele", "string",
               "INFO AA up to its first bar; lower case: low confidence"),
        Column("ac", "int32", "copies of this ALT among called alleles, recounted", "alleles"),
        Column("an", "int32", "called alleles, recounted; null: no genotypes", "alleles"),
        Column("n_missing", "int32", "samples with no called allele", "samples"),
        Column("published_ac", "int32", "INFO AC of this allele, as the source states", "alleles"),
        Column("published_an", "int32", "INFO AN, as the source states", "alleles"),
        Column("published_af", "float64", "INFO AF of this allele, as the source states"),
        *(
            Column(f"published_{code.lower()}_af", "float64",
                   f"INFO AF in {code} of this allele, as the source states")
            for code in SUPER_POPULATION_AFS
        ),
        Column("info", "string", "the whole INFO column, as in the source"),
        Column("has_gt", "boolean", "whether the record has genotypes", nullable=False),
        Column("pattern", "int64", "how the record spells reference calls; null: no genotypes"),
        _FILE,
        _RECORD,
        Column("line", "int64", "number of the line in that file's text, from 1", nullable=False),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    key=("file", "chrom", "pos", "ref", "alt"),
)  # fmt: skip

GENOTYPES = Table(
    "silver.genotypes",
    "call that carries the ALT allele, joined with its sample",
    (
        _CHROM,
        _POS,
        _REF,
        _ALT,
        Column("sample", "string", "name of the sample", nullable=False),
        Column("population", "string", "code of its population, or unassigned", nullable=False),
        Column("super_population", "string", "code of its super-population, where one is known"),
        Column("sex", "string", "female, male or unknown", nullable=False),
        Column("gt", "string", "genotype as in the source", nullable=False),
        Column("dosage", "int8", "copies of this ALT in it", "alleles", nullable=False),
        _ALT_INDEX,
        _FILE,
        _RECORD,
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    key=("file", "chrom", "pos", "ref", "alt", "sample"),
)

CALLS = Table(
    "silver.calls",
    "run of neighbouring columns of one record that carry no ALT, and miss a call or spell the "
    "reference otherwise than the record's pattern",
    (
        _CHROM,
        _POS,
        _FILE,
        _RECORD,
        Column("first_column", "int32", "first column of the run, from 0", nullable=False),
        Column("last_column", "int32", "last column of the run, included", nullable=False),
        Column("gt", "string", "genotype as in the source, such as ./.", nullable=False),
        Column("called", "int16", "called alleles in it", "alleles", nullable=False),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    key=("file", "chrom", "pos", "first_column"),
)

IDENTIFIERS = Table(
    "silver.identifiers",
    "identifier of a record; of a record with several, each",
    (
        _CHROM,
        Column("id", "string", "identifier in the source", nullable=False),
        Column("folded", "string", "id in lower case, null where it is written so; the rows of a "
               "part are sorted by it, null first, then by id"),
        _POS,
        _FILE,
    ),
    partitioned=True,
    pruned_by=("id", "folded", "file"),
    distinct=("id", "folded"),
    key=("file", "chrom", "pos", "id"),
)  # fmt: skip

PATTERNS = Table(
    "silver.patterns",
    "run of neighbouring columns that spell the reference call alike",
    (
        Column("pattern", "int64", "the pattern: a digest of its runs", nullable=False),
        Column("first_column", "int32", "first column of the run, from 0", nullable=False),
        Column("last_column", "int32", "last column of the run, included", nullable=False),
        Column(
            "gt",
            "string",
            "reference call, such as 0|0, or 0 for one copy; a dot: none is implied, and "
            "silver.calls has each",
            nullable=False,
        ),
        Column("ploidy", "int16", "alleles in it; 0: none is implied", "alleles", nullable=False),
    ),
    key=("pattern", "first_column"),
)

DEFECTS = Table(
    "silver.defects",
    "defect found, in a record, a header line, a file or a sample row",
    (
        _FILE,
        Column("line", "int64", "number of the line in the file's text, from 1; 0: none",
               nullable=False),
        Column("chrom", "string", "contig, where it can be told"),
        Column("pos", "int32", "position, 1-based, where it can be told"),
        Column("scope", "string", "record, header, file or sample", nullable=False),
        Column("verdict", "string", "quarantined: not in silver; noted: kept", nullable=False),
        Column("reason", "string", "stable code of the reason", nullable=False),
        Column("field", "string", "column or key that is concerned"),
        Column("detail", "string", "what was expected and what was found", nullable=False),
        Column("raw", "string", "the whole line"),
        Column("raw_escaped", "boolean",
               "whether the line is not UTF-8 text: in raw, \\xNN is then a byte, and two "
               "backslashes are one", nullable=False),
    ),
    pruned_by=("file", "line"),
)  # fmt: skip

TABLES = (SAMPLES, COLUMNS, VARIANTS, IDENTIFIERS, GENOTYPES, CALLS, PATTERNS, DEFECTS)
