"""The first eight columns of records: parsed all at once, checked all at once.

The text goes through polars' CSV reader as strings; the rules are regular expressions
over whole columns; only a record that breaks one is looked at on its own.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from medallion.vcf.defects import REASONS

__all__ = [
    "SITE_COLUMNS",
    "SiteRule",
    "broken_rules",
    "control_character",
    "parse_sites",
    "typed_sites",
    "with_controls",
]

SITE_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "qual", "filter", "info")

# Contig names as VCF 4.3, section 1.4.7, or in angle brackets (an assembly file's).
_CHROM = r"^(?:[0-9A-Za-z!#$%&+./:;?@^_|~\-][0-9A-Za-z!#$%&*+./:;=?@^_|~\-]*|<[^<>\s,]+>)$"
# IUPAC codes other than N are not allowed by any version: an allele must say which base it is.
_BASES = "[ACGTNacgtn]+"
_CONTIG = r"(?:[^\s<>\[\]:,]|<[^<>\s,]+>)[^\s<>\[\],]*"
_ALLELE = (
    rf"(?:{_BASES}|\*|(?:{_BASES})?<[^<>\s,]+>|\.{_BASES}|{_BASES}\."
    rf"|{_BASES}(?:\[{_CONTIG}:[0-9]+\[|\]{_CONTIG}:[0-9]+\]|\[<[^<>\s,]+>:[0-9]+\[)"
    rf"|(?:\[{_CONTIG}:[0-9]+\[|\]{_CONTIG}:[0-9]+\]){_BASES}"
    rf"|\.\[{_CONTIG}:[0-9]+\[|\.\]{_CONTIG}:[0-9]+\]"
    rf"|\[{_CONTIG}:[0-9]+\[\.|\]{_CONTIG}:[0-9]+\]\.)"
)


@dataclass(frozen=True, slots=True)
class SiteRule:
    """A rule on one column: its value must match `pattern`, else the record has `reason`."""

    reason: str
    column: str
    pattern: str
    expected: str


RULES = (
    SiteRule("chrom-malformed", "chrom", _CHROM, "a contig's name"),
    SiteRule("pos-malformed", "pos", r"^[0-9]{1,10}$", "a whole number of at least 0"),
    SiteRule("id-malformed", "id", r"^[^\s;]+(?:;[^\s;]+)*$", "a dot or identifiers parted by ;"),
    SiteRule("ref-malformed", "ref", rf"^{_BASES}$", "bases (A, C, G, T or N)"),
    SiteRule("alt-malformed", "alt", rf"^(?:\.|{_ALLELE}(?:,{_ALLELE})*)$",
             "bases, <symbol>, a breakend, * or a dot"),
    SiteRule("qual-malformed", "qual",
             r"^(?:\.|\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?|(?i:\+?inf(?:inity)?|nan))$",
             "a dot or a number of at least 0"),
    SiteRule("filter-malformed", "filter", r"^(?:\.|[^\s;]+(?:;[^\s;]+)*)$",
             "a dot, PASS or filters' names parted by ;"),
)  # fmt: skip

_MAX_POS = 2**31 - 1
_TAB, _BLANK = 9, 32

Told = tuple[int, str, str, str]


def with_controls(prefixes: list[bytes]) -> list[int]:
    """Places of the prefixes that hold a control character beside their seven tabs."""
    text = np.frombuffer(b"\n".join(prefixes), np.uint8)
    # The tabs, and the newlines that join the prefixes, are all there may be: so a count will do.
    if not prefixes or np.count_nonzero(text < _BLANK) == 8 * len(prefixes) - 1:
        return []
    return [i for i, prefix in enumerate(prefixes) if control_character(prefix)]


def control_character(line: bytes) -> tuple[str | None, str] | None:
    """Where a line has its first control character other than a tab: (field, detail)."""
    array = np.frombuffer(line, np.uint8)
    at = np.flatnonzero(array < _BLANK)
    at = at[array[at] != _TAB]
    if not len(at):
        return None
    place = int(at[0])
    column = line.count(b"\t", 0, place)
    name = (*SITE_COLUMNS, "format")[column].upper() if column <= len(SITE_COLUMNS) else None
    return name, f"byte {place + 1:,} of the line, in column {column + 1:,}, is {line[place]:#04x}"


def parse_sites(prefixes: list[bytes]) -> pl.DataFrame:
    """The eight columns of each record's prefix (which has exactly seven tabs) as strings.

    Raises UnicodeDecodeError where a prefix is not UTF-8.
    """
    if not prefixes:
        return pl.DataFrame(schema=dict.fromkeys(SITE_COLUMNS, pl.String))
    text = b"\n".join(prefixes)
    if b"\r" in text or b"\0" in text:
        rows = [p.decode("utf-8").split("\t") for p in prefixes]
        return pl.DataFrame(rows, schema=dict.fromkeys(SITE_COLUMNS, pl.String), orient="row")
    if not text.isascii():
        text.decode("utf-8")
    return pl.read_csv(
        io.BytesIO(text + b"\n"),
        has_header=False,
        separator="\t",
        quote_char=None,
        schema=dict.fromkeys(SITE_COLUMNS, pl.String),
        empty_string_is_null=False,
        comment_prefix=None,
    )


def broken_rules(
    sites: pl.DataFrame, colons: Collection[str] | None = None
) -> list[tuple[int, str, str, str]]:
    """The rules that records break: (row, reason, field, detail), at most one a row.

    `colons` are the contigs whose names may hold a colon; None: any may. INFO has rules of
    its own (`medallion.vcf.info`).
    """
    if sites.is_empty():
        return []
    found: dict[int, tuple[str, str, str]] = {}
    for rule in RULES:
        column = sites[rule.column]
        # Few distinct values in millions of rows: contigs and filters are judged once each.
        if rule.column in ("chrom", "filter"):
            distinct = column.unique()
            odd = distinct.filter(~distinct.str.contains(rule.pattern))
            broken = column.is_in(odd.implode())
        else:
            broken = ~column.str.contains(rule.pattern)
        for row in broken.arg_true():
            detail = f"expected {rule.expected}, found {_shown(column[row])}"
            found.setdefault(row, (rule.reason, rule.column, detail))
    for row, *told in (
        *_colons(sites["chrom"], colons),
        *_beyond(sites["pos"]),
        *_filters(sites["filter"]),
        *_repeated_ids(sites["id"]),
        *_repeated_alleles(sites["ref"], sites["alt"]),
    ):
        found.setdefault(row, (told[0], told[1], told[2]))
    return [(row, *told) for row, told in sorted(found.items())]


def _colons(chrom: pl.Series, allowed: Collection[str] | None) -> Iterator[Told]:
    """4.1 and 4.2 allow no colon in a contig's name; names that the header declares pass."""
    if allowed is None:
        return
    distinct = chrom.unique()
    odd = [c for c in distinct.filter(distinct.str.contains(":", literal=True)) if c not in allowed]
    for row in chrom.is_in(odd).arg_true() if odd else ():
        detail = f"expected a contig's name without a colon, or one declared, found {chrom[row]!r}"
        yield row, "chrom-malformed", "chrom", detail


def _beyond(pos: pl.Series) -> Iterator[Told]:
    # Nine digits are always within the range.
    long = (pos.str.len_bytes() > 9).arg_true()
    for row in long:
        if pos[row].isdigit() and int(pos[row]) > _MAX_POS:
            yield row, "pos-malformed", "pos", f"expected at most {_MAX_POS:,}, found {pos[row]}"


def _filters(column: pl.Series) -> Iterator[Told]:
    odd = []
    for value in column.unique().to_list():
        names = value.split(";")
        if "0" in names or (len(names) > 1 and "." in names):
            odd.append(value)
    for row in column.is_in(odd).arg_true() if odd else ():
        detail = f"expected filters' names other than 0 and ., found {_shown(column[row])}"
        yield row, "filter-malformed", "filter", detail


def _repeated_ids(column: pl.Series) -> Iterator[Told]:
    for row in column.str.contains(";", literal=True).arg_true():
        names = column[row].split(";")
        if len(set(names)) < len(names):
            detail = f"an identifier stands twice in {_shown(column[row])}"
            yield row, "id-malformed", "id", detail


def _repeated_alleles(ref: pl.Series, alt: pl.Series) -> Iterator[Told]:
    several = alt.str.contains(",", literal=True)
    for row in ((ref.str.to_uppercase() == alt.str.to_uppercase()) | several).arg_true():
        # Bases may be in either case; symbols may not.
        alleles = [a.upper() if a.isalpha() else a for a in (ref[row], *alt[row].split(","))]
        # Two deletions of one start (SVLEN=-100,-110), two copy numbers of one stretch (CN=1,2):
        # of symbols other than <*> INFO tells what differs (section 3 of each version).
        alleles = [a for a in alleles if not a.endswith(">") or a == "<*>"]
        if len(set(alleles)) < len(alleles):
            detail = f"REF {_shown(ref[row])} and ALT {_shown(alt[row])} do not all differ"
            yield row, "alt-repeated", "alt", detail


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "...")


def typed_sites(sites: pl.DataFrame) -> pl.DataFrame:
    """Sites that break no rule, with pos and qual as numbers and a dot as null."""
    return sites.with_columns(
        pl.col("pos").cast(pl.Int32),
        pl.col("qual").cast(pl.Float64, strict=False),
        *(pl.when(pl.col(c) != ".").then(c).alias(c) for c in ("id", "filter", "info")),
    )


assert all(rule.reason in REASONS for rule in RULES)  # noqa: S101  # said at import
