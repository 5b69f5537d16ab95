"""What a value of an INFO or FORMAT key may look like, by its header line and the specification.

A key that is reserved may be defined otherwise by a header; then a value is right that
suits either, for the header line is what is odd there (and noted), not each record. A
key that is neither declared nor reserved may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from medallion.vcf.reserved import FORMAT_NUMBERS, reserved

__all__ = [
    "ANY",
    "EXPECTED",
    "ITEMS",
    "LOCAL_ALLELE",
    "LOCAL_ALT",
    "LOCAL_GENOTYPE",
    "PER_ALLELE",
    "PER_ALT",
    "PER_BASE",
    "PER_CALLED",
    "PER_GENOTYPE",
    "Definition",
    "Kind",
    "define",
]

ANY, PER_ALT, PER_ALLELE, PER_GENOTYPE = -1, -2, -3, -4
"""Numbers that are not counts: any (`.` and those not checked), A, R and G."""

PER_CALLED, LOCAL_ALT, LOCAL_ALLELE, LOCAL_GENOTYPE, PER_BASE = -5, -6, -7, -8, -9
"""Those of FORMAT alone, that a sample's other fields tell: P; LA, LR and LG; M."""


class Kind(IntEnum):
    """What each of the items of a value must be."""

    ANY = 0
    INTEGER = 1
    COUNT = 2
    FLOAT = 3
    SHARE = 4
    CHARACTER = 5
    CIGAR = 6
    FLAG = 7
    CLAIM = 8
    UNIT = 9


_WHOLE = r"[0-9]+"
_REAL = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?|(?i:inf(?:inity)?|nan)"
ITEMS = {
    Kind.INTEGER: rf"(?:[+\-]?{_WHOLE}|\.)",
    Kind.COUNT: rf"(?:\+?{_WHOLE}|\.)",
    Kind.FLOAT: rf"(?:[+\-]?(?:{_REAL})|\.)",
    Kind.SHARE: rf"(?:\+?(?:{_REAL})|-0+(?:\.0*)?|\.)",
    Kind.CHARACTER: r"(?s:.)",
    Kind.CIGAR: r"(?:(?:[0-9]+[MIDNSHPX=])+|\.)",
    Kind.FLAG: r"[01]",
    # In lists of strings nothing, too, stands for what is missing (4.4, section 3). Which claim
    # suits which kind of ALT is not judged: the text leaves open what DEL and DUP may lack.
    Kind.CLAIM: r"(?:D|J|DJ|\.|)",
    Kind.UNIT: r"(?:(?i:[ACGTUWSMKRYBDHVN]+)|\.|)",
}
"""A regular expression for an item of each kind but ANY."""

EXPECTED = {
    Kind.INTEGER: "a whole number",
    Kind.COUNT: "a whole number of at least 0",
    Kind.FLOAT: "a number",
    Kind.SHARE: "a number of at least 0",
    Kind.CHARACTER: "a single character",
    Kind.CIGAR: "a CIGAR string",
    Kind.FLAG: "no value, for it is a Flag",
    Kind.CLAIM: "D, J or DJ",
    Kind.UNIT: "bases",
}

_TYPES = {
    "Integer": Kind.INTEGER,
    "Float": Kind.FLOAT,
    "Character": Kind.CHARACTER,
    "Flag": Kind.FLAG,
}
_NUMBERS = {
    "A": PER_ALT, "R": PER_ALLELE, "G": PER_GENOTYPE, "P": PER_CALLED, "LA": LOCAL_ALT,
    "LR": LOCAL_ALLELE, "LG": LOCAL_GENOTYPE, "M": PER_BASE,
}  # fmt: skip
_NOT_NEGATIVE = {Kind.INTEGER: Kind.COUNT, Kind.FLOAT: Kind.SHARE}


@dataclass(frozen=True, slots=True)
class Definition:
    """How many items a value of a key has (either of `numbers` will do), and of which kind."""

    numbers: tuple[int, int] = (ANY, ANY)
    kind: Kind = Kind.ANY


def define(
    column: str, key: str, declared: Mapping[str, Mapping[str, str]], version: int
) -> Definition:
    """The definition of `key` of `column` (INFO or FORMAT) in a file of VCF 4.`version`."""
    line = declared.get(key)
    known = reserved(column, key, version)
    numbers = [_number(n, column, version) for n in known.numbers] if known else []
    kinds = [_kind(t) for t in known.types] if known else []
    if len(numbers) > 1:
        # Several Numbers are several versions' words: nothing is held against any of them. But
        # of P and the dot both say, in the text, one for each allele of the genotype.
        numbers = [PER_CALLED if PER_CALLED in numbers else ANY]
    if line is not None:
        numbers.append(_number(line.get("Number", "."), column, version))
        kinds.append(_kind(line.get("Type", "String")))
    if not kinds:
        return Definition()
    kind = _loosest(kinds)
    if known is not None and not known.negative:
        kind = _NOT_NEGATIVE.get(kind, kind)
    if known is not None and known.text and len(set(kinds)) == 1:
        kind = Kind[known.text]
    # Text that is not reserved may hold commas of its own, whatever its Number: many do.
    if kind is Kind.FLAG or ANY in numbers or (kind is Kind.ANY and known is None):
        numbers = [ANY]
    return Definition((numbers[0], numbers[-1]), kind)


def _number(text: str, column: str, version: int) -> int:
    if text in FORMAT_NUMBERS and (column != "FORMAT" or version < FORMAT_NUMBERS[text]):
        return ANY
    return int(text) if text.isdigit() and len(text) < 5 else _NUMBERS.get(text, ANY)


def _kind(text: str) -> Kind:
    return _TYPES.get(text, Kind.ANY)


def _loosest(kinds: list[Kind]) -> Kind:
    """The kind that allows what any of `kinds` allows."""
    distinct = set(kinds)
    if len(distinct) == 1:
        return kinds[0]
    return Kind.FLOAT if distinct == {Kind.INTEGER, Kind.FLOAT} else Kind.ANY
