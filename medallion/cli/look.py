"""Looking at a lake: raw, variant, search, query."""

from __future__ import annotations

import argparse
import json
import math
import sys

import polars as pl

from medallion.cli.shared import Commands, command, open_lake, print_rows
from medallion.errors import UsageError
from medallion.lake import Lake
from medallion.query.bounded import start_early
from medallion.terminal import cell

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    raw = command(commands, "raw", _raw, "print bronze lines as they stand")
    raw.add_argument("where", metavar="REGION|RECORD", help="22:16050000-16051000, or '#5000'")
    raw.add_argument("--file", help="one VCF of several")
    raw.add_argument("--limit", type=int, default=None, metavar="N", help="at most N lines")
    variant = command(commands, "variant", _variant, "tell all about a variant")
    variant.add_argument("variant", help="22-16050075-A-G, 22:16050075 or rs587697622")
    variant.add_argument("--population", action="append", metavar="CODE",
                         help="only this group, such as GBR, AFR or ALL; repeatable")  # fmt: skip
    variant.add_argument("--json", action="store_true", help="as JSON")
    search = command(commands, "search", _search, "say what a name, or a list of them, means")
    search.add_argument("text", nargs="+", help="variants, a region, samples, populations")
    query = command(commands, "query", _query, "run SQL over every table")
    query.add_argument("sql", help="one SELECT, such as 'select * from gold.populations'")
    query.add_argument("--json", action="store_true", help="as JSON, a row a line")
    query.add_argument(
        "--seconds", type=_seconds, default=600, metavar="N",
        help="stop it after N seconds; default: 600",
    )  # fmt: skip


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text}")
    return value


def _raw(options: argparse.Namespace) -> int:
    lake = open_lake(options)
    found = lake.raw(options.where, limit=options.limit, file=options.file)
    for record in found:
        print(record.text)
    if not found:
        print(
            f"medallion: no line of {lake.path} is at {options.where!r}. A place is a region, a "
            "position (22:16050075) or a record ('#5000'); what a name means: medallion search",
            file=sys.stderr,
        )
    return 0


def _variant(options: argparse.Namespace) -> int:
    lake = open_lake(options)
    found = lake.variant(options.variant)
    if found.is_empty():
        why = dict.fromkeys(lake.search(options.variant).reasons)
        print(
            f"medallion: no variant in {lake.path} is {options.variant!r}.",
            *(why or ["What a name means: medallion search."]),
            file=sys.stderr,
        )
        return 1
    results = []
    for row in found.iter_rows(named=True):
        groups = (
            lake.scan("gold.frequencies", build=False)
            .filter(
                (pl.col("chrom") == row["chrom"])
                & (pl.col("pos") == row["pos"])
                & (pl.col("file") == row["file"])
                & (pl.col("record") == row["record"])
                & (pl.col("alt_index") == row["alt_index"])
            )
            .select("population", "level", "ac", "an", "af", "n_hom_ref", "n_het", "n_hom_alt",
                    "n_missing", "hwe_p")
            .collect()
        )  # fmt: skip
        if options.population:
            groups = _of_groups(groups, options.population, lake)
        results.append({**row, "frequencies": groups.to_dicts()})
    if options.json:
        print(json.dumps(results, indent=2))
        return 0
    for result in results:
        groups = result.pop("frequencies")
        print(f"{result['chrom']}-{result['pos']}-{result['ref']}-{result['alt']}")
        for name, value in result.items():
            if value is not None and name not in ("chrom", "pos", "ref", "alt", "pattern"):
                print(f"  {name:<20}{cell(value)}")
        print(
            f"  {'group':<12}{'level':<18}{'ac':>7}{'an':>8}{'af':>12}{'het':>7}{'hom':>7}"
            f"{'missing':>9}"
        )
        for group in groups:
            af = "" if group["af"] is None else f"{group['af']:.6f}"
            level = group["level"].replace("_", "-")
            print(
                f"  {group['population']:<12}{level:<18}{group['ac']:>7,}{group['an']:>8,}{af:>12}"
                f"{group['n_het']:>7,}{group['n_hom_alt']:>7,}{group['n_missing']:>9,}"
            )
    return 0


def _of_groups(groups: pl.DataFrame, wanted: list[str], lake: Lake) -> pl.DataFrame:
    """The rows of some groups, which are looked for by their codes."""
    unknown = sorted(set(wanted) - set(groups["population"]))
    if unknown:
        raise UsageError(
            f"no group of {lake.path} is {unknown[0]!r}. Expected one of "
            f"{', '.join(dict.fromkeys(groups['population']))}."
        )
    return groups.filter(pl.col("population").is_in(wanted))


def _search(options: argparse.Namespace) -> int:
    found = open_lake(options).search(" ".join(options.text))
    for place in found.regions:
        bounds = "" if place.start is None else f":{place.start}-{place.end}"
        print(f"region\t{place.chrom}{bounds}")
    for kind, names in (("sample", found.samples), ("population", found.populations)):
        for name in names:
            print(f"{kind}\t{name}")
    for kind, rows in (("variant", found.variants), ("unclear", found.ambiguous)):
        for row in rows.iter_rows(named=True):
            allele = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
            print(f"{kind}\t{row['asked']}\t{allele}\t{cell(row['id'])}")
    for name, reason in zip(found.missing, found.reasons, strict=True):
        print(f"missing\t{name}\t{reason}")
    for note in found.notes:
        print(f"medallion: {note}", file=sys.stderr)
    return 1 if len(found.missing) == len(found.terms) else 0


def _query(options: argparse.Namespace) -> int:
    start_early()  # while the lake is opened
    result = open_lake(options).query(
        options.sql, seconds=options.seconds,
        remark=lambda told: print(f"medallion: {told}", file=sys.stderr),
    )  # fmt: skip
    if options.json:
        for row in result.iter_rows(named=True):
            print(json.dumps(row, default=str))
        return 0
    return print_rows(result)
