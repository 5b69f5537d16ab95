"""Keys that the VCF specification reserves, with the Number and Type that it gives them.

Sources: The Variant Call Format Specification, https://samtools.github.io/hts-specs/ :
VCFv4.1 and VCFv4.2, sections 1.4.1 (INFO), 1.4.2 (FORMAT) and 3 (structural variants);
VCFv4.3, tables 1 and 2; VCFv4.4 and VCFv4.5, the same tables and section 3. Where
versions differ, or say nothing and practice differs, all that they allow is listed: a
header that follows any of them is not odd. What is not: how values are checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "FORMAT",
    "FORMAT_NUMBERS",
    "INFO",
    "Reserved",
    "minor_version",
    "phase_may_lead",
    "reserved",
]

FORMAT_NUMBERS = {"P": 4, "LA": 5, "LR": 5, "LG": 5, "M": 5}
"""Numbers of FORMAT alone, and the 4.x that has them first: one for each allele of the genotype,
for those that are local to the sample, and for modified bases."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reserved key: the Numbers and Types it may be given, from 4.`since` on.

    `negative` tells whether its numbers may be below zero, `text` what a string of it is.
    """

    key: str
    numbers: tuple[str, ...]
    types: tuple[str, ...]
    since: int = 1
    negative: bool = False
    text: Literal["", "CIGAR", "CLAIM", "UNIT"] = ""


def _table(*rows: Reserved) -> dict[str, Reserved]:
    return {row.key: row for row in rows}


_INTEGER, _FLOAT, _STRING, _FLAG = ("Integer",), ("Float",), ("String",), ("Flag",)
_NUMBER = ("Integer", "Float")

INFO = _table(
    Reserved("AA", ("1",), _STRING),
    Reserved("AC", ("A",), _INTEGER),
    Reserved("AD", ("R",), _INTEGER, since=3),
    Reserved("ADF", ("R",), _INTEGER, since=3),
    Reserved("ADR", ("R",), _INTEGER, since=3),
    Reserved("AF", ("A",), _FLOAT),
    Reserved("AN", ("1",), _INTEGER),
    Reserved("BQ", ("1",), _FLOAT),
    Reserved("CIGAR", ("A",), _STRING, text="CIGAR"),
    Reserved("DB", ("0",), _FLAG),
    Reserved("DP", ("1",), _INTEGER),
    # 4.5 gives END back to the reader, who is to work it out; where it stands, it is one number.
    Reserved("END", ("1",), _INTEGER),
    Reserved("H2", ("0",), _FLAG),
    Reserved("H3", ("0",), _FLAG),
    # 4.1 and 4.2 say only that it is a root mean square; programs write both types.
    Reserved("MQ", ("1",), ("Float", "Integer")),
    Reserved("MQ0", ("1",), _INTEGER),
    Reserved("NS", ("1",), _INTEGER),
    # Four counts since 4.3; before that it was one number, the strand bias.
    Reserved("SB", ("4", "1", "."), ("Integer", "Float"), negative=True),
    Reserved("SOMATIC", ("0",), _FLAG),
    Reserved("VALIDATED", ("0",), _FLAG),
    Reserved("1000G", ("0",), _FLAG),
    Reserved("IMPRECISE", ("0",), _FLAG),
    Reserved("NOVEL", ("0",), _FLAG),
    Reserved("SVTYPE", ("1", "A"), _STRING),
    Reserved("SVLEN", (".", "1", "A"), _INTEGER, negative=True),
    Reserved("CIPOS", ("2", "."), _INTEGER, negative=True),
    Reserved("CIEND", ("2", "."), _INTEGER, negative=True),
    Reserved("HOMLEN", (".", "A", "1"), _INTEGER),
    Reserved("HOMSEQ", (".", "A", "1"), _STRING),
    Reserved("BKPTID", (".", "A"), _STRING),
    Reserved("MEINFO", ("4", "."), _STRING),
    Reserved("METRANS", ("4", "."), _STRING),
    *(Reserved(key, ("1", "A"), _STRING)
      for key in ("DGVID", "DBVARID", "DBRIPID", "PARID", "EVENT")),
    Reserved("MATEID", (".", "A", "1"), _STRING),
    Reserved("CILEN", ("2", "."), _INTEGER, negative=True),
    # Copy numbers may be fractions since 4.4.
    Reserved("CN", ("1", "A"), _NUMBER),
    Reserved("CICN", ("2", "."), _NUMBER, negative=True),
    Reserved("EVENTTYPE", ("A",), _STRING, since=4),
    Reserved("SVCLAIM", ("A",), _STRING, since=4, text="CLAIM"),
    Reserved("RN", ("A",), _INTEGER, since=4),
    Reserved("RUS", (".",), _STRING, since=4, text="UNIT"),
    Reserved("RUL", (".",), _INTEGER, since=4),
    Reserved("RUC", (".",), _FLOAT, since=4),
    Reserved("RB", (".",), _INTEGER, since=4),
    Reserved("RUB", (".",), _INTEGER, since=4),
    Reserved("CIRUC", (".",), _FLOAT, since=4, negative=True),
    Reserved("CIRB", (".",), _INTEGER, since=4, negative=True),
)  # fmt: skip
"""INFO keys."""

FORMAT = _table(
    Reserved("AD", ("R",), _INTEGER, since=3),
    Reserved("ADF", ("R",), _INTEGER, since=3),
    Reserved("ADR", ("R",), _INTEGER, since=3),
    Reserved("DP", ("1",), _INTEGER),
    Reserved("EC", ("A",), _INTEGER),
    Reserved("FT", ("1",), _STRING),
    Reserved("GL", ("G",), _FLOAT, negative=True),
    Reserved("GLE", ("G",), _STRING),
    Reserved("GP", ("G",), _FLOAT),
    Reserved("GQ", ("1",), _INTEGER),
    Reserved("GT", ("1",), _STRING),
    Reserved("HQ", ("2",), _INTEGER),
    Reserved("MQ", ("1",), _INTEGER),
    Reserved("PL", ("G",), _INTEGER),
    Reserved("PP", ("G",), _INTEGER, since=3),
    Reserved("PQ", ("1",), _INTEGER),
    Reserved("PS", ("1",), _INTEGER),
    Reserved("CN", ("1",), _NUMBER),
    Reserved("CICN", ("2",), _NUMBER, since=4, negative=True),
    Reserved("CNQ", ("1",), _FLOAT),
    # Defined with G since 4.3, but by the text one for each copy number, from none on.
    Reserved("CNL", (".", "G"), _FLOAT, negative=True),
    Reserved("CNP", (".", "G"), _FLOAT, since=3),
    *(Reserved(key, ("1",), _INTEGER) for key in ("NQ", "HAP", "AHAP")),
    # An erratum put P into the list of Numbers of 4.4.
    Reserved("PSL", ("P", "."), _STRING, since=4),
    Reserved("PSO", ("P", "."), _INTEGER, since=4),
    Reserved("PSQ", ("P", "."), _INTEGER, since=4),
    Reserved("LEN", ("1",), _INTEGER, since=5),
    Reserved("LA", (".",), _INTEGER, since=5),
    Reserved("LAA", (".",), _INTEGER, since=5),
    Reserved("LAD", ("LR",), _INTEGER, since=5),
    Reserved("LADF", ("LR",), _INTEGER, since=5),
    Reserved("LADR", ("LR",), _INTEGER, since=5),
    Reserved("LEC", ("LA",), _INTEGER, since=5),
    Reserved("LGL", ("LG",), _FLOAT, since=5, negative=True),
    Reserved("LGP", ("LG",), _FLOAT, since=5),
    Reserved("LPL", ("LG",), _INTEGER, since=5),
    Reserved("LPP", ("LG",), _INTEGER, since=5),
)
"""FORMAT keys, but for those of modified bases, which `reserved` knows by their form."""

# 4.5, table 2: by ChEBI's number or by an alias; the fraction, and two counts of reads.
_MODIFIED = re.compile(
    r"(M|DPM|ADM)(?:[0-9]+[ACGTUN]|5mC|5hmC|5fC|5caC|5hmU|5fU|5caU|6mA|8oxoG|[Xx]aoN)"
)


def minor_version(fileformat: str | None) -> int:
    """The 2 of `VCFv4.2`; 3, the first with tables of reserved keys, where it cannot be told."""
    found = re.fullmatch(r"VCFv4\.([0-9])", fileformat or "")
    return int(found[1]) if found else 3


def phase_may_lead(fileformat: str | None) -> bool:
    """Whether a genotype may begin with / or |: since 4.4, and where no version is told."""
    return re.fullmatch(r"VCFv4\.[0-3]", fileformat or "") is None


def reserved(column: str, key: str, version: int) -> Reserved | None:
    """What 4.`version` says of `key` of `column` (INFO or FORMAT); None where it says nothing."""
    found = (INFO if column == "INFO" else FORMAT).get(key)
    if column == "FORMAT" and version >= 5 and (modified := _MODIFIED.fullmatch(key)):
        found = Reserved(key, ("M",), _FLOAT if modified[1] == "M" else _INTEGER, since=5)
    return found if found is not None and found.since <= version else None
