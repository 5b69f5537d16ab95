"""The first eight columns of records: parsed all at once, checked all at once.

The text goes through polars' CSV reader as strings; the rules are regular expressions
over whole columns; only a record that breaks one is looked at on its own.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from medallion.vcf.defects import REASONS

__all__ = ["SITE_COLUMNS", "SiteRule", "broken_rules", "parse_sites", "typed_sites"]

SITE_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "qual", "filter", "info")

# Contig names as VCF 4.3, section 1.4.7, or in angle brackets (an assembly file's).
_CHROM = r"^(?:[0-9A-Za-z!#$%&+./:;?@^_|~\-][0-9A-Za-z!#$%&*+./:;=?@^_|~\-]*|<[^<>\s,]+>)$"
_BASES = "[ACGTNacgtnRYSWKMBDHVryswkmbdhv]+"
_CONTIG = r"(?:[^\s<>\[\]:,]|<[^<>\s,]+>)[^\s<>\[\],]*"
_ALLELE = (
    rf"(?:{_BASES}|\*|<[^<>\s,]+>|\.{_BASES}|{_BASES}\."
    rf"|{_BASES}(?:\[{_CONTIG}:[0-9]+\[|\]{_CONTIG}:[0-9]+\]|\[<[^<>\s,]+>:[0-9]+\[)"
    rf"|(?:\[{_CONTIG}:[0-9]+\[|\]{_CONTIG}:[0-9]+\]){_BASES}"
    rf"|\.\[{_CONTIG}:[0-9]+\[|\.\]{_CONTIG}:[0-9]+\]"
    rf"|\[{_CONTIG}:[0-9]+\[\.|\]{_CONTIG}:[0-9]+\]\.)"
)
_KEY = r"(?:[A-Za-z_][0-9A-Za-z_.\-+]*|1000G)"


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
    SiteRule("ref-malformed", "ref", rf"^{_BASES}$", "bases (A, C, G, T, N or an IUPAC code)"),
    SiteRule("alt-malformed", "alt", rf"^(?:\.|{_ALLELE}(?:,{_ALLELE})*)$",
             "bases, <symbol>, a breakend, * or a dot"),
    SiteRule("qual-malformed", "qual",
             r"^(?:\.|\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?|(?i:\+?inf(?:inity)?|nan))$",
             "a dot or a number of at least 0"),
    SiteRule("filter-malformed", "filter", r"^(?:\.|[^\s;]+(?:;[^\s;]+)*)$",
             "a dot, PASS or filters' names parted by ;"),
    SiteRule("info-malformed", "info", rf"^(?:\.|{_KEY}(?:=[^\s;]*)?(?:;{_KEY}(?:=[^\s;]*)?)*;?)$",
             "a dot or KEY=VALUE pairs parted by ;"),
)  # fmt: skip

_MAX_POS = 2**31 - 1


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


def broken_rules(sites: pl.DataFrame) -> list[tuple[int, str, str, str]]:
    """The rules that records break: (row, reason, field, detail), at most one a row."""
    if sites.is_empty():
        return []
    checks: dict[str, pl.Expr] = {
        f"{i}": ~pl.col(rule.column).str.contains(rule.pattern) for i, rule in enumerate(RULES)
    }
    checks["range"] = pl.col("pos").str.to_integer(strict=False).fill_null(-1) > _MAX_POS
    checks["filter"] = (
        pl.col("filter").str.contains(r"(?:^|;)0(?:;|$)")
        | (pl.col("filter").str.contains(";") & pl.col("filter").str.contains(r"(?:^|;)\.(?:;|$)"))
    )  # fmt: skip
    checks["repeated"] = (
        (pl.col("alt") == pl.col("ref"))
        | (
            pl.col("alt").str.contains(",", literal=True)
            & (
                (pl.col("alt").str.split(",").list.n_unique()
                 < pl.col("alt").str.count_matches(",", literal=True) + 1)
                | pl.col("alt").str.split(",").list.contains(pl.col("ref"))
            )
        )
    )  # fmt: skip
    checks["ids"] = pl.col("id").str.contains(";", literal=True) & (
        pl.col("id").str.split(";").list.n_unique() < pl.col("id").str.count_matches(";") + 1
    )
    flags = sites.lazy().select(**checks).with_row_index("row").collect()
    found: list[tuple[int, str, str, str]] = []
    any_bad = flags.filter(pl.any_horizontal(pl.all().exclude("row")))
    for flag in any_bad.iter_rows(named=True):
        row = flag["row"]
        site = sites.row(row, named=True)
        found.append((row, *_explain(flag, site)))
    return found


def _explain(flag: Mapping[str, bool], site: Mapping[str, str]) -> tuple[str, str, str]:
    for i, rule in enumerate(RULES):
        if flag[f"{i}"]:
            value = site[rule.column]
            return rule.reason, rule.column, f"expected {rule.expected}, found {_shown(value)}"
    if flag["range"]:
        return "pos-malformed", "pos", f"expected at most {_MAX_POS:,}, found {site['pos']}"
    if flag["filter"]:
        detail = f"expected filters' names other than 0 and ., found {_shown(site['filter'])}"
        return "filter-malformed", "filter", detail
    if flag["ids"]:
        return "id-malformed", "id", f"an identifier stands twice in {_shown(site['id'])}"
    detail = f"REF {_shown(site['ref'])} and ALT {_shown(site['alt'])} do not all differ"
    return "alt-repeated", "alt", detail


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "...")


def typed_sites(sites: pl.DataFrame) -> pl.DataFrame:
    """Sites that break no rule, with pos and qual as numbers and a dot as null."""
    return sites.with_columns(
        pl.col("pos").cast(pl.Int32),
        pl.col("qual").replace(".", None).cast(pl.Float64, strict=False),
        pl.col("id", "filter", "info").replace(".", None),
    )


assert all(rule.reason in REASONS for rule in RULES)  # noqa: S101  # said at import
