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

__all__ = ["FORMAT", "INFO", "Reserved", "minor_version", "reserved"]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reserved key: the Numbers and Types it may be given, from 4.`since` on.

    `negative` tells whether its numbers may be below zero, `cigar` that it is a CIGAR
    string.
    """

    key: str
    numbers: tuple[str, ...]
    types: tuple[str, ...]
    since: int = 1
    negative: bool = False
    cigar: bool = False


def _table(*rows: Reserved) -> dict[str, Reserved]:
    return {row.key: row for row in rows}


_INTEGER, _FLOAT, _STRING, _FLAG = ("Integer",), ("Float",), ("String",), ("Flag",)

INFO = _table(
    Reserved("AA", ("1",), _STRING),
    Reserved("AC", ("A",), _INTEGER),
    Reserved("AD", ("R",), _INTEGER, since=3),
    Reserved("ADF", ("R",), _INTEGER, since=3),
    Reserved("ADR", ("R",), _INTEGER, since=3),
    Reserved("AF", ("A",), _FLOAT),
    Reserved("AN", ("1",), _INTEGER),
    Reserved("BQ", ("1",), _FLOAT),
    Reserved("CIGAR", ("A",), _STRING, cigar=True),
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
)
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
    Reserved("LEN", ("1",), _INTEGER, since=4),
    Reserved("PSL", ("P",), _STRING, since=4),
    Reserved("PSO", ("P",), _INTEGER, since=4),
    Reserved("PSQ", ("P",), _INTEGER, since=4),
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
"""FORMAT keys."""


def minor_version(fileformat: str | None) -> int:
    """The 2 of `VCFv4.2`; 3, the first with tables of reserved keys, where it cannot be told."""
    found = re.fullmatch(r"VCFv4\.([0-9])", fileformat or "")
    return int(found[1]) if found else 3


def reserved(column: str, key: str, version: int) -> Reserved | None:
    """What 4.`version` says of `key` of `column` (INFO or FORMAT); None where it says nothing."""
    found = (INFO if column == "INFO" else FORMAT).get(key)
    return found if found is not None and found.since <= version else None
