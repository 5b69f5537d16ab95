"""What stands behind a lake's numbers: plan, trace, history, versions, verify, clean."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

import polars as pl

from medallion.cli.shared import Commands, command, open_lake, print_rows
from medallion.errors import UsageError
from medallion.lake import Lake
from medallion.status import LAYERS
from medallion.terminal import ProgressBar, cell, size
from medallion.trace import KEYS

__all__ = ["add"]

_RAW_CHARS = 120
_MOST_LINES = 20
_WORDS = {"error": "FAILED", "warning": "warning", "info": "note"}


def add(commands: Commands) -> None:
    """Add the commands."""
    plan = command(commands, "plan", _plan, "say what a build would make, and why")
    plan.add_argument("layer", nargs="?", choices=LAYERS, default="gold", help="default: gold")
    plan.add_argument("--force", action="store_true", help="as if build were given --force")
    trace = command(commands, "trace", _trace, "follow a row of gold back to the source, or a "
                    "line of bronze to all that it became")  # fmt: skip
    trace.add_argument("table", choices=["bronze", *KEYS], metavar="TABLE",
                       help=f"{', '.join(KEYS)}; or bronze, for the way up")  # fmt: skip
    forms = "22-16051249-T-C GBR; GBR; HG00096; 22:16050001-16060000 EUR; of bronze: '#12'"
    trace.add_argument("key", nargs="+", metavar="NAME", help=forms)
    trace.add_argument("--file", help="one VCF of several")
    history = command(commands, "history", _history, "list all builds of the lake")
    history.add_argument("--limit", type=int, default=20, metavar="N", help="the last N builds")
    versions = command(commands, "versions", _versions, "list the kept versions of a table")
    versions.add_argument("table", metavar="TABLE", help="such as gold.frequencies")
    compare = command(commands, "compare", _compare, "say what changed since an earlier version")
    compare.add_argument("table", metavar="TABLE", help="such as gold.frequencies")
    compare.add_argument("version", type=int, metavar="VERSION", help="a number of versions")
    compare.add_argument("--limit", type=int, default=10, metavar="N",
                         help="rows shown of each kind; default: 10")  # fmt: skip
    command(commands, "verify", _verify, "check bytes, conservation and sums again")
    clean = command(commands, "clean", _clean, "remove earlier versions and what dead builds left")
    clean.add_argument("--older-than", type=float, default=0, metavar="DAYS",
                       help="keep versions that are younger; default: none")  # fmt: skip


def _plan(options: argparse.Namespace) -> int:
    lake = open_lake(options)
    steps = lake.plan(options.layer, force=options.force)
    if not steps:
        print(f"Nothing to do: {lake.source.title} is fresh in {lake.path}.")
    for step in steps:
        costs = []
        if step.download_bytes:
            costs.append(f"download {size(step.download_bytes)}")
        if step.last_seconds is not None:
            costs.append(f"took {step.last_seconds:.1f} s the last time")
        print(f"{step.layer:<7}would be built{': ' + ', '.join(costs) if costs else ''}")
        for reason in step.reasons:
            print(f"       {reason}")
    return 0


def _trace(options: argparse.Namespace) -> int:
    lake = open_lake(options)
    if options.table == "bronze":
        return _up(lake, options)
    found = lake.trace(options.table, *options.key, file=options.file)
    print(f"{found.table}, version {found.version}: {' '.join(options.key)}")
    if found.row is None:
        print("  no such row: silver may be newer than gold (see status)")
    for name, value in (found.row or {}).items():
        if value is not None:
            print(f"  {name:<26}{cell(value)}")
    for source in found.sources:
        rows = _rows(source.rows)
        print(f"{source.table}, version {source.version}: {rows}, {source.meaning}")
    made_of = ", ".join(f"{name} version {version}" for name, version in found.bronze.items())
    print(f"bronze: {found.records:,} record{'' if found.records == 1 else 's'} ({made_of})")
    for line in found.lines:
        print(f"  {line.file} #{line.record:,}, line {line.line:,}: {line.text[:_RAW_CHARS]}")
    if found.records > len(found.lines):
        print(f"  and {found.records - len(found.lines):,} more")
    for row in found.files.iter_rows(named=True):
        print(f"  {row['file']}  sha256 {row['sha256']}  from {row['url']}")
    return 0


def _up(lake: Lake, options: argparse.Namespace) -> int:
    """Print what lines of bronze became."""
    if len(options.key) != 1:
        raise UsageError(
            f"bronze {' '.join(options.key)} names no line: expected a record ('#12') or a place "
            "(22:16051249)."
        )
    records = lake.raw(options.key[0], limit=_MOST_LINES + 1, file=options.file)
    if not records:
        raise UsageError(f"No line of {lake.path} is at {options.key[0]!r}.")
    for record in records[:_MOST_LINES]:
        found = lake.trace_record(record.record, file=record.file)
        print(f"{record.file} #{record.record:,}, line {record.line:,}: {found.verdict}")
        print(f"  {record.text[:_RAW_CHARS]}")
        for reason in found.apart:
            print(f"  {reason}")
        for name, rows in (
            ("silver.variants", found.variants), ("silver.genotypes", found.genotypes),
            ("silver.calls", found.calls), ("silver.defects", found.defects),
            ("gold.variants", found.alleles), ("gold.frequencies", found.frequencies),
            ("gold.windows", found.windows),
        ):  # fmt: skip
            if rows is not None:
                count = rows if isinstance(rows, int) else rows.height
                print(f"  {name}, version {found.versions[name]}: {_rows(count)}")
        for row in () if found.variants is None else found.variants.iter_rows(named=True):
            name = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
            print(f"    {name}: AC {cell(row['ac'])} of AN {cell(row['an'])}")
        for row in () if found.defects is None else found.defects.iter_rows(named=True):
            print(f"    {row['verdict']}, {row['reason']}: {row['detail']}")
    if len(records) > _MOST_LINES:
        print(f"and more lines; name a smaller place than {options.key[0]}")
    return 0


def _history(options: argparse.Namespace) -> int:
    runs = open_lake(options).history().tail(options.limit)
    return print_rows(
        runs.select(
            pl.col("started_at").dt.strftime("%Y-%m-%d %H:%M:%S"), "layer", "outcome", "seconds",
            "rows_in", "bytes_in", "rows", "bytes", "peak_memory", "asked_by",
            pl.col("reasons").list.join(" "), pl.col("error").str.replace_all("\n", " "),
        )
    )  # fmt: skip


def _versions(options: argparse.Namespace) -> int:
    kept = open_lake(options).versions(options.table)
    return print_rows(kept.with_columns(pl.col("committed_at").dt.strftime("%Y-%m-%d %H:%M:%S")))


def _compare(options: argparse.Namespace) -> int:
    found = open_lake(options).compare(options.table, options.version, limit=options.limit)
    print(
        f"{found.table}, version {found.now} against {found.before}: {_rows(found.added)} added, "
        f"{found.removed:,} removed, {found.changed:,} changed, {found.same:,} the same"
    )
    for word, names in (("new", found.new_columns), ("gone", found.lost_columns)):
        if names:
            print(f"columns that are {word}: {', '.join(names)}")
    for name, count, largest in found.columns.iter_rows():
        by = "" if largest is None else f", by up to {largest:g}"
        print(f"  {name}: {_rows(count)}{by}")
    for word, rows in (
        ("changed", found.first_changed), ("added", found.first_added),
        ("removed", found.first_removed),
    ):  # fmt: skip
        if not rows.is_empty():
            print(f"\nfirst rows {word}")
            print_rows(rows)
    return 0


def _verify(options: argparse.Namespace) -> int:
    with ProgressBar() as bar:
        checks = open_lake(options).verify(progress=bar)
    missed = Counter(check.severity for check in checks if not check.ok)
    for check in checks:
        word = "ok" if check.ok else _WORDS[check.severity]
        print(f"{word:<8}{check.id:<24}{check.message}")
        if not check.ok:
            print(f"        expected {check.expected}, found {check.found}")
    told = [f"{missed['error']:,} failed"]
    told += [
        f"{missed[severity]:,} {_WORDS[severity]}{'' if missed[severity] == 1 else 's'}"
        for severity in ("warning", "info")
        if missed[severity]
    ]
    print(f"{len(checks):,} checks, {', '.join(told)}")
    return 1 if missed["error"] or not checks else 0


def _clean(options: argparse.Namespace) -> int:
    said: list[str] = []

    def waiting() -> None:
        if not said:
            said.append("medallion: waiting for another build of this lake …")
            print(said[0], file=sys.stderr, flush=True)

    removed = open_lake(options).clean(options.older_than, waiting=waiting)
    print(f"{removed:,} files of earlier versions and dead builds removed.")
    return 0


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
