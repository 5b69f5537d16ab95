"""Columns that several tables of gold have."""

from __future__ import annotations

from medallion.storage.schema import Column

__all__ = [
    "ALT", "ALT_INDEX", "CHROM", "FILE", "ID", "LEVEL", "PAIR", "POPULATION", "POS", "RECORD",
    "REF",
]  # fmt: skip

CHROM = Column("chrom", "string", "contig, as in the source", nullable=False)
POS = Column("pos", "int32", "position of the first base of REF, 1-based", nullable=False)
ID = Column("id", "string", "identifier in the source")
REF = Column("ref", "string", "reference allele", nullable=False)
ALT = Column("alt", "string", "alternate allele", nullable=False)
ALT_INDEX = Column(
    "alt_index", "int32", "which of the record's ALT alleles, from 1", nullable=False
)
FILE = Column("file", "string", "bronze file that the record stands in", nullable=False)
RECORD = Column("record", "int64", "number of the record in that file, from 1", nullable=False)
POPULATION = Column("population", "string", "code of the group: GBR, EUR, ALL", nullable=False)
LEVEL = Column("level", "string", "population, super_population or all", nullable=False)
PAIR = (
    Column("population_1", "string", "code of the first group", nullable=False),
    Column("population_2", "string", "code of the second group", nullable=False),
)
