"""Making a lake and how it stands: build, status, datasets."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext

from medallion.bronze.source import exchanged, put_aside_damaged, read_source
from medallion.catalog.releases import DATASETS
from medallion.checks import without_end_block
from medallion.cli.shared import Commands, command, open_lake
from medallion.errors import UsageError
from medallion.files import Place, place
from medallion.lake import Lake
from medallion.status import LAYERS, LayerStatus
from medallion.storage import cluster
from medallion.terminal import ProgressBar, size

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    build = command(commands, "build", _build, "make what is missing or stale")
    build.add_argument("layer", nargs="?", choices=LAYERS, help="default: gold, and below it")
    build.add_argument("--dataset", metavar="NAME", help=f"one of {', '.join(DATASETS)}")
    build.add_argument(
        "--chrom", action="append", metavar="22", help="repeatable; 20,21,22; or all"
    )
    build.add_argument("--vcf", action="append", metavar="FILE",
                       help="your own VCF, its address, or a folder; repeatable")  # fmt: skip
    build.add_argument("--samples", metavar="FILE", help="your own sample table")
    build.add_argument("--force", action="store_true", help="build again though it is fresh")
    build.add_argument("--workers", type=int, metavar="N", help="default: one for each core")
    build.add_argument("--cluster", metavar="ADDRESS",
                       help="have a Dask cluster do the work, such as tcp://host:8786")  # fmt: skip
    build.add_argument("--max-quarantined", metavar="N",
                       help="100 or 0.5%%: stop where more records cannot be trusted")  # fmt: skip
    build.add_argument("--keep", type=int, metavar="N",
                       help="keep so many earlier versions of each table from now on")  # fmt: skip
    status = command(commands, "status", _status, "say which layers are fresh, stale and why")
    status.add_argument("--json", action="store_true", help="as JSON")
    datasets = commands.add_parser("datasets", help="list the data sets that can be had")
    datasets.set_defaults(run=_datasets)


def _build(options: argparse.Namespace) -> int:
    put_aside_damaged(place(options.lake), force=options.force)
    known = read_source(place(options.lake))
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
    if (told := exchanged(known, lake.source)) and lake.plan("bronze"):
        print(
            f"medallion: {told} The tables of {lake.path} are made again from what is named now "
            "alone. To have both, name both; to keep what was, name another folder with --lake.",
            file=sys.stderr,
        )
    built: list[str] = []
    with _executor(options, lake.path) as executor, ProgressBar() as bar:
        for layer in layers:
            lake.build(
                layer,
                force=options.force,
                workers=options.workers,
                progress=bar,
                executor=executor,
                max_quarantined=options.max_quarantined,
                keep=options.keep,
                asked_by="command line",
            )
            built += lake.last_built
    after = lake.status()
    if not built:
        print(f"Nothing to do: {lake.source.title} is fresh in {lake.path}.")
    for name in built:
        print(_line(after[name]))
    if built:
        for row in lake.scan("bronze.files", build=False).collect().iter_rows(named=True):
            if without_end_block(lake.path, row):
                print(
                    f"medallion: {row['file']} lacks the block that ends BGZF: it may have been "
                    "cut short, and records after its last may be missing. Compare its size with "
                    "where it is from, or get it again.",
                    file=sys.stderr,
                )
    if "silver" in built:
        for entry in after["silver"].summary["ledger"]:
            print(
                f"  {entry['file']}: {entry['records']:,} records in = {entry['kept']:,} kept + "
                f"{entry['quarantined']:,} quarantined; {entry['alleles']:,} ALT alleles out"
            )
    return 0


def _executor(options: argparse.Namespace, root: Place) -> AbstractContextManager[Executor | None]:
    return cluster.connected(options.cluster, root) if options.cluster else nullcontext()


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
    lake = open_lake(options)
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
