"""What can be wrong with a VCF, as data: stable codes, verdicts and meanings.

`quarantined`: the record is not in silver; `silver.defects.raw` holds it whole.
`noted`: it is kept, with this remark. A code's verdict is part of its meaning, so
that the same defect is treated alike everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["REASONS", "Defect", "Reason", "Scope", "Verdict"]

Verdict = Literal["quarantined", "noted"]
Scope = Literal["record", "header", "file", "sample"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A kind of defect: its stable `code`, what follows, what it means, what to do."""

    code: str
    verdict: Verdict
    meaning: str
    remedy: str


_ASK = "Look at the raw line; ask whoever made the file, or mend the line and build again."
_HARMLESS = "Nothing has to be done; the data is read as it stands."

REASONS: dict[str, Reason] = {
    r.code: r
    for r in (
        Reason("column-count", "quarantined",
               "The line does not have the number of columns that the #CHROM line announces.",
               _ASK),
        Reason("blank-line", "quarantined", "The line between the records is empty.", _ASK),
        Reason("not-utf8", "quarantined", "The line holds bytes that are not UTF-8 text.", _ASK),
        Reason("control-character", "quarantined",
               "The line holds a control character, such as NUL, that text does not have.", _ASK),
        Reason("chrom-malformed", "quarantined",
               "CHROM is empty or holds a character that a contig's name cannot have.", _ASK),
        Reason("pos-malformed", "quarantined",
               "POS is not a whole number from 0 to 2,147,483,647.", _ASK),
        Reason("id-malformed", "quarantined",
               "ID is empty, or holds white space or an empty or repeated identifier.", _ASK),
        Reason("ref-malformed", "quarantined",
               "REF is not made of the letters A, C, G, T and N.", _ASK),
        Reason("alt-malformed", "quarantined",
               "An ALT allele is not bases, a symbolic allele, a breakend, * or .", _ASK),
        Reason("alt-repeated", "quarantined",
               "An ALT allele stands twice, or is the same as REF.", _ASK),
        Reason("qual-malformed", "quarantined",
               "QUAL is neither a number of at least 0 nor missing.", _ASK),
        Reason("filter-malformed", "quarantined",
               "FILTER is empty, is 0, or holds white space or an empty name.", _ASK),
        Reason("info-malformed", "quarantined",
               "INFO is not a list of KEY=VALUE pairs and flags.", _ASK),
        Reason("info-definition", "quarantined",
               "A value in INFO is not as many, or not of the type, as the key's definition says: "
               "neither as the header has it nor, for a reserved key, as the specification does.",
               "Look at the raw line. If all records of the file have it, mend the header line."),
        Reason("info-repeated", "quarantined",
               "A key stands twice in INFO, with different values.", _ASK),
        Reason("format-malformed", "quarantined",
               "FORMAT is empty, repeats a key, or holds a key that is not a name.", _ASK),
        Reason("genotype-not-first", "quarantined",
               "FORMAT has GT, but not first, as the specification demands.", _ASK),
        Reason("genotype-unreadable", "quarantined",
               "A sample's genotype is not allele numbers joined by / or |.", _ASK),
        Reason("allele-out-of-range", "quarantined",
               "A genotype names an allele that the record does not have.", _ASK),
        Reason("sample-malformed", "quarantined",
               "A sample's column is empty or has more fields than FORMAT names.", _ASK),
        Reason("format-definition", "quarantined",
               "A sample's value is not as many, or not of the type, as the key's definition says: "
               "neither as the header has it nor, for a reserved key, as the specification does.",
               "Look at the raw line. If all records of the file have it, mend the header line."),
        Reason("duplicate", "quarantined",
               "The same contig, position, REF and an ALT stand in an earlier record.",
               "The first one is kept. If the two differ on purpose, give them apart."),
        Reason("out-of-order", "noted",
               "The record's position is before that of the record above, or its contig is split.",
               "It is kept. Tools that need a sorted file want it sorted first (bcftools sort)."),
        Reason("info-value", "noted",
               "A value in INFO, allowed by its header line, is not the number that it should be.",
               "Its column is empty; the whole INFO is kept beside it."),
        Reason("undeclared", "noted",
               "A contig, FILTER or FORMAT key is used that the header, which declares others of "
               "its kind, does not declare. Told of once, at the first line.",
               _HARMLESS),
        Reason("fileformat-missing", "noted",
               "The file does not begin with ##fileformat.", _HARMLESS),
        Reason("fileformat-unknown", "noted",
               "##fileformat is not a version of VCF that is known (4.0 to 4.5).", _HARMLESS),
        Reason("header-malformed", "noted",
               "A header line is not as the specification has it.", _HARMLESS),
        Reason("reserved-key", "noted",
               "The header defines a reserved key with another Number or Type than the "
               "specification does.",
               "Values that suit either definition are taken; mend the header line if it is off."),
        Reason("end-of-file-block", "noted",
               "The BGZF file lacks its closing block: it may have been cut between two blocks.",
               "Compare the size or checksum with the source; get the file again if they differ."),
        Reason("line-end-missing", "noted",
               "The file's last line does not end with a line separator: it may have been cut.",
               "Look whether its last value is whole; compare the size or checksum with the "
               "source, and get the file again if they differ."),
        Reason("files-overlap", "noted",
               "Another file of the lake has records of the same stretch and samples, or both list "
               "sites only: an allele of both stands in each, and is counted in each.",
               "Where they are the same data, leave one file out; where they are parts, join them "
               "first (bcftools concat -a -D)."),
        Reason("sample-without-metadata", "noted",
               "The VCF has a sample that the sample table does not name.",
               "It is kept, in the group 'unassigned'. Add it to the sample table to place it."),
        Reason("metadata-without-sample", "noted",
               "The sample table names a sample that the VCF does not have.", _HARMLESS),
        Reason("sample-row-repeated", "noted",
               "The sample table names a sample more than once; the first row counts.",
               "Remove the rows that do not hold."),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect as found. `line` is 1-based in the file's text; 0 where it has none.

    `raw` is the line's text, `escaped` where it is not UTF-8 (see `medallion.vcf.escaped`).
    """

    reason: str
    line: int
    scope: Scope = "record"
    chrom: str | None = None
    pos: int | None = None
    field: str | None = None
    detail: str = ""
    raw: str | None = None
    escaped: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether the record is left out or kept."""
        return REASONS[self.reason].verdict
