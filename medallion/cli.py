"""The command line: parse, one call, print.

Exit 0: done. 1: the data or the world refused, or a check failed. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import polars as pl
from polars import selectors

from medallion import __version__
from medallion.catalog.releases import DATASETS
from medallion.errors import MedallionError, UsageError
from medallion.export import FORMATS
from medallion.lake import Lake
from medallion.ondemand import Measure
from medallion.status import LAYERS, LayerStatus
from medallion.terminal import ProgressBar, cell, size

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    _use_utf8()
    parser = _parser()
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except UsageError as error:
        print(f"medallion: {error}", file=sys.stderr)
        return 2
    except MedallionError as error:
        print(f"medallion: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("medallion: stopped. What was built before is untouched.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough.
        sys.stderr.close()
        return 0


def _use_utf8() -> None:
    # A Windows console may use a code page that lacks letters of populations' names.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medallion",
        description="1000 Genomes data as bronze, silver and gold tables.",
        epilog="Start the dashboard: streamlit run app.py -- --lake DIR",
    )
    parser.add_argument("--version", action="version", version=f"medallion {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _build_command(commands)
    status = _command(commands, "status", _status, "say which layers are fresh, stale and why")
    status.add_argument("--json", action="store_true", help="as JSON")
    raw = _command(commands, "raw", _raw, "print bronze lines as they stand")
    raw.add_argument("where", metavar="REGION|RECORD", help="22:16050000-16051000, or '#5000'")
    raw.add_argument("--file", help="one VCF of several")
    raw.add_argument("--limit", type=int, default=None, metavar="N", help="at most N lines")
    variant = _command(commands, "variant", _variant, "tell all about a variant")
    variant.add_argument("variant", help="22-16050075-A-G, 22:16050075 or rs587697622")
    variant.add_argument("--json", action="store_true", help="as JSON")
    query = _command(commands, "query", _query, "run SQL over every table")
    query.add_argument("sql", help="one SELECT, such as 'select * from gold.populations'")
    query.add_argument("--json", action="store_true", help="as JSON, a row a line")
    export = _command(commands, "export", _export, "write tables to files of other tools")
    export.add_argument("table", metavar="TABLE|gold|vcf",
                        help="such as gold.frequencies; a whole layer; or silver's sites with "
                        "gold's counts of every group as a VCF")  # fmt: skip
    export.add_argument("-o", "--output", "--to", required=True, metavar="FILE|DIR",
                        help="a table: .parquet, .csv, .tsv, .xlsx or .duckdb; a layer: a folder, "
                        ".xlsx or .duckdb; vcf: .vcf or .vcf.gz")  # fmt: skip
    export.add_argument("--format", choices=FORMATS,
                        help="of the files of a layer's folder; default: parquet")  # fmt: skip
    export.add_argument("--region", help="22:16050000-16051000")
    export.add_argument("--population", action="append", metavar="CODE", help="repeatable")
    export.add_argument("--where", metavar="SQL", help="a condition, such as 'af > 0.05'")
    _on_demand_commands(commands)
    _command(commands, "verify", _verify, "check bytes, conservation and sums again")
    datasets = commands.add_parser("datasets", help="list the data sets that can be had")
    datasets.set_defaults(run=_datasets)
    return parser


def _on_demand_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    within = "in one group, such as GBR or AFR; default: ALL"
    linked = _command(commands, "linked", _linked, "list the variants in linkage with one")
    linked.add_argument("variant", help="22-16050075-A-G, 22:16050075 or rs587697622")
    linked.add_argument("--population", metavar="CODE", help=within)
    linked.add_argument("--distance", type=int, default=500_000, metavar="BASES",
                        help="how far to look to both sides; default: 500000")  # fmt: skip
    linked.add_argument("--minimum-af", type=float, default=0.01, metavar="AF",
                        help="leave out what is rarer in the group; default: 0.01")  # fmt: skip
    linked.add_argument("--limit", type=int, default=20, metavar="N",
                        help="the N closest by r2; default: 20")  # fmt: skip
    ld = _command(commands, "ld", _ld, "tell the linkage of all pairs of some variants")
    ld.add_argument("variant", nargs="+", help="22-16050075-A-G, 22:16050075 or rs587697622")
    ld.add_argument("--population", metavar="CODE", help=within)
    ld.add_argument("--measure", choices=get_args(Measure), default="r2", help="default: r2")
    haplotypes = _command(commands, "haplotypes", _haplotypes, "count haplotypes of some variants")
    haplotypes.add_argument("variant", nargs="+", help="22:16050075 or rs587697622")
    haplotypes.add_argument("--population", metavar="CODE", help=within)
    cohort = _command(commands, "cohort", _cohort, "count alleles in any set of samples")
    cohort.add_argument("region", metavar="REGION", help="22:16050000-16051000")
    cohort.add_argument("--population", action="append", metavar="CODE", help="repeatable")
    cohort.add_argument("--super-population", action="append", metavar="CODE", help="repeatable")
    cohort.add_argument("--sex", help="female, male or unknown")
    cohort.add_argument("--sample", action="append", metavar="NAME|@FILE",
                        help="repeatable; @FILE has a name a line")  # fmt: skip


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--lake", default="data", metavar="DIR", help="default: data/")
    command.set_defaults(run=run)
    return command


def _build_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    build = _command(commands, "build", _build, "make what is missing or stale")
    build.add_argument("layer", nargs="?", choices=LAYERS, help="default: gold, and below it")
    build.add_argument("--dataset", metavar="NAME", help=f"one of {', '.join(DATASETS)}")
    build.add_argument("--chrom", action="append", metavar="22", help="repeatable, or all")
    build.add_argument("--vcf", action="append", metavar="FILE",
                       help="your own VCF, its address, or a folder; repeatable")  # fmt: skip
    build.add_argument("--samples", metavar="FILE", help="your own sample table")
    build.add_argument("--force", action="store_true", help="build again though it is fresh")
    build.add_argument("--workers", type=int, metavar="N", help="default: one for each core")
    build.add_argument("--max-quarantined", metavar="N",
                       help="100 or 0.5%%: stop where more records cannot be trusted")  # fmt: skip


def _open(options: argparse.Namespace) -> Lake:
    return Lake(options.lake)


def _build(options: argparse.Namespace) -> int:
    lake = Lake(
        options.lake,
        dataset=options.dataset,
        chroms=options.chrom,
        vcf=options.vcf,
        samples=options.samples,
    )
    if options.workers is not None and options.workers < 1:
        raise UsageError(f"--workers should be at least 1, found {options.workers}.")
    layers = [options.layer or "gold"]
    if options.force and options.layer is None:
        layers = list(LAYERS)
    built: list[str] = []
    with ProgressBar() as bar:
        for layer in layers:
            lake.build(
                layer,
                force=options.force,
                workers=options.workers,
                progress=bar,
                max_quarantined=options.max_quarantined,
            )
            built += lake.last_built
    after = lake.status()
    if not built:
        print(f"Nothing to do: {lake.source.title} is fresh in {lake.path}.")
    for name in built:
        print(_line(after[name]))
    if "silver" in built:
        for entry in after["silver"].summary["ledger"]:
            print(
                f"  {entry['file']}: {entry['records']:,} records in = {entry['kept']:,} kept + "
                f"{entry['quarantined']:,} quarantined; {entry['alleles']:,} ALT alleles out"
            )
    return 0


def _line(status: LayerStatus) -> str:
    rows = ", ".join(f"{name} {count:,}" for name, count in status.rows.items())
    if status.built_at is None:
        return f"{status.layer:<7}{status.state}"
    when = status.built_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"{status.layer:<7}{status.state:<8}{size(status.bytes):>10}  built {when} in "
        f"{status.seconds or 0:.1f} s  rows: {rows}"
    )


def _status(options: argparse.Namespace) -> int:
    lake = _open(options)
    states = lake.status()
    if options.json:
        data = {
            "lake": str(lake.path),
            "dataset": lake.source.dataset,
            "title": lake.source.title,
            "simulated": lake.source.simulated,
            "layers": {name: status.to_json() for name, status in states.items()},
        }
        print(json.dumps(data, indent=2))
        return 0
    print(f"{lake.source.title} in {lake.path}")
    for status in states.values():
        print(_line(status))
        for reason in status.reasons:
            print(f"       {reason}")
    return 0


def _raw(options: argparse.Namespace) -> int:
    lake = _open(options)
    for record in lake.raw(options.where, limit=options.limit, file=options.file):
        print(record.text)
    return 0


def _variant(options: argparse.Namespace) -> int:
    lake = _open(options)
    found = lake.variant(options.variant)
    if found.is_empty():
        hint = ""
        if not options.variant.startswith(("chr",)) and ":" not in options.variant:
            named = lake.scan("silver.variants", build=False).select(pl.col("id").count())
            if not named.collect().item():
                hint = " This lake's source gives no identifiers: search by position."
        print(f"medallion: nothing in the lake is {options.variant!r}.{hint}", file=sys.stderr)
        return 1
    results = []
    for row in found.iter_rows(named=True):
        groups = (
            lake.scan("gold.frequencies", build=False)
            .filter(
                (pl.col("file") == row["file"])
                & (pl.col("record") == row["record"])
                & (pl.col("alt_index") == row["alt_index"])
            )
            .select("population", "level", "ac", "an", "af", "n_hom_ref", "n_het", "n_hom_alt",
                    "n_missing", "hwe_p")
            .collect()
        )  # fmt: skip
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
        print(f"  {'group':<12}{'ac':>7}{'an':>8}{'af':>12}{'het':>7}{'hom':>7}{'missing':>9}")
        for group in groups:
            af = "" if group["af"] is None else f"{group['af']:.6f}"
            print(
                f"  {group['population']:<12}{group['ac']:>7,}{group['an']:>8,}{af:>12}"
                f"{group['n_het']:>7,}{group['n_hom_alt']:>7,}{group['n_missing']:>9,}"
            )
    return 0


def _query(options: argparse.Namespace) -> int:
    result = _open(options).query(options.sql)
    if options.json:
        for row in result.iter_rows(named=True):
            print(json.dumps(row, default=str))
        return 0
    return _table(result)


def _table(rows: pl.DataFrame) -> int:
    print("\t".join(rows.columns))
    for values in rows.iter_rows():
        print("\t".join(cell(v) for v in values))
    return 0


def _estimates(rows: pl.DataFrame) -> int:
    # Six digits are more than any sample can tell; the library gives them all.
    return _table(rows.with_columns(selectors.float().round_sig_figs(6)))


def _linked(options: argparse.Namespace) -> int:
    return _estimates(
        _open(options).linked(
            options.variant, distance=options.distance, population=options.population,
            minimum_af=options.minimum_af, limit=options.limit,
        )
    )  # fmt: skip


def _ld(options: argparse.Namespace) -> int:
    return _estimates(
        _open(options).ld_matrix(options.variant, options.population, options.measure)
    )


def _haplotypes(options: argparse.Namespace) -> int:
    found = _open(options).haplotypes(options.variant, options.population)
    return _estimates(found.drop("alleles"))


def _cohort(options: argparse.Namespace) -> int:
    samples: list[str] | None = None
    for name in options.sample or ():
        samples = samples or []
        if not name.startswith("@"):
            samples.append(name)
            continue
        try:
            text = Path(name[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--sample {name}: expected a text file with a sample's name a line, but it "
                f"cannot be read ({error})."
            ) from error
        samples += [line.strip() for line in text.splitlines() if line.strip()]
    return _estimates(
        _open(options).cohort(
            options.region, populations=options.population,
            super_populations=options.super_population, sex=options.sex, samples=samples,
        )
    )  # fmt: skip


def _export(options: argparse.Namespace) -> int:
    done = _open(options).export(
        options.table,
        options.output,
        region=options.region,
        populations=options.population,
        where=options.where,
        form=options.format,
    )
    print(f"{done.rows:,} {done.unit} of {options.table} in {done.path}")
    for table in done.tables:
        print(f"  {table.rows:,} of {table.table}, version {table.version} in {done.lake}")
    if done.note:
        print(f"  {done.note}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    with ProgressBar() as bar:
        checks = _open(options).verify(progress=bar)
    failed = 0
    for check in checks:
        bad = not check.ok and check.severity == "error"
        failed += bad
        word = "ok" if check.ok else ("FAILED" if bad else "warning")
        print(f"{word:<8}{check.id:<24}{check.message}")
        if not check.ok:
            print(f"        expected {check.expected}, found {check.found}")
    print(f"{len(checks):,} checks, {failed:,} failed")
    return 1 if failed or not checks else 0


def _datasets(_options: argparse.Namespace) -> int:
    for dataset in DATASETS.values():
        print(f"{dataset.name:<9}{dataset.title}; {dataset.genome}; {dataset.samples:,} samples")
        for chrom in dataset.chroms:
            if not dataset.downloads:
                continue
            bytes_ = dataset.vcf(chrom).bytes
            print(
                f"         chr{chrom:<4}{'size not known' if bytes_ is None else size(bytes_):>12}"
            )
        print(f"         {dataset.citation}")
    return 0
