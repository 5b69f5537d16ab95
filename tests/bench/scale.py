"""How time, memory and bytes grow with records, samples and partitions, and what that comes to.

    uv run python tests/bench/scale.py            everything, some hours
    uv run python tests/bench/scale.py records samples --small      lines, up to middling sizes

- `records`: 2,504 samples, from 10,000 to 1,100,000 records.
- `samples`: 2,000 records, from 100 to 100,000 samples.
- `partition`: 1,000 records of 500,000 samples, which is less than one partition.
- `log`: a table of 100,000 parts: its first commit, one more part, and a look at one row.
- `names`: a lake of 85 million variants: an identifier, a position, a region looked up.
- `costs`: from the lines above, what whole data sets would cost. Extrapolated, not measured.

Times are seconds of CPU, user and system together, of all processes of a build: those do
not depend on what else the machine does, nor much on the number of workers. Not a test: a
time is never asserted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import polars as pl
from simulated import APART, FIRST, enlarged, identifiers, vcf

from medallion import Lake
from medallion.export.filters import in_region, parse_region
from medallion.gold.frequencies import FREQUENCIES
from medallion.gold.variants import VARIANTS as GOLD_VARIANTS
from medallion.silver.tables import IDENTIFIERS, VARIANTS
from medallion.storage import delta
from medallion.storage.parts import Part, write_part
from medallion.storage.snapshot import read_snapshot, write_snapshot

LAYERS = ("bronze", "silver", "gold")
_SAMPLES = 2504
_RECORDS = 2000
_FEW_RECORDS, _MANY_SAMPLES = 1000, 500_000
_PARTS = 100_000
_VARIANTS = 85_000_000
_GOAL_MS = 500
_SIZES = {
    "records": (10_000, 100_000, 1_100_000),
    "samples": (100, 1000, 10_000, 100_000),
    "partition": (_MANY_SAMPLES,),
    "log": (_PARTS,),
    "names": (_VARIANTS,),
}
_SMALL = {
    "records": (10_000, 30_000, 100_000),
    "samples": (100, 1000, 10_000),
    "partition": (100_000,),
    "log": (_PARTS,),
    "names": (_VARIANTS // 10,),
}
# What whole data sets have: records, samples.
_WHOLE = {
    "Phase 3, whole": (84_800_000, 2504),
    "the 30x panel, whole": (73_500_000, 3202),
    "a biobank, each million records": (1_000_000, 500_000),
    "a biobank of 100 million records": (100_000_000, 500_000),
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a build of one size took, by layer: CPU seconds, peak bytes, bytes on disk."""

    records: int
    samples: int
    cpu: dict[str, float]
    peak: dict[str, int]
    disk: dict[str, int]


def build(records: int, samples: int, workers: int | None) -> Size:
    """Build one size, each layer in a process of its own, and print a line for each."""
    cpu: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vcf(folder, records, samples)
        lake = folder / "lake"
        files = ["--vcf", str(folder / "some.vcf.gz"), "--samples", str(folder / "people.tsv")]
        for layer in LAYERS:
            command = [sys.executable, "-m", "medallion", "build", layer, "--lake", str(lake)]
            command += files if layer == "bronze" else []
            command += ["--workers", str(workers)] if workers else []
            before = _children()
            subprocess.run(command, check=True, capture_output=True)
            cpu[layer] = _children() - before
        status, history = Lake(lake).status(), Lake(lake).history()
        peak = {r["layer"]: r["peak_memory"] or 0 for r in history.iter_rows(named=True)}
        size = Size(records, samples, cpu, peak, {k: status[k].bytes for k in LAYERS})
    for layer in LAYERS:
        print(
            f"{records:10,}{samples:10,}  {layer:8}{size.cpu[layer]:10.2f} s"
            f"{size.peak[layer] / 1e6:9.0f} MB{size.disk[layer] / 1e6:10.1f} MB on disk",
            flush=True,
        )
    return size


def _children() -> float:
    """CPU seconds of the processes that this one started and that ended."""
    found = os.times()
    return found.children_user + found.children_system


def line(sizes: Sequence[Size], by: Callable[[Size], int], unit: str) -> None:
    """Print what each further thing of a kind costs, between neighbouring sizes."""
    for one, other in pairwise(sizes):
        more = by(other) - by(one)
        told = []
        for layer in LAYERS:
            cpu = (other.cpu[layer] - one.cpu[layer]) / more
            disk = (other.disk[layer] - one.disk[layer]) / more
            told.append(f"{layer} {cpu * 1e6:.1f} s and {disk:.1f} MB")
        print(
            f"from {by(one):,} to {by(other):,}, each further million {unit}: {', '.join(told)}",
            flush=True,
        )


def timed(what: str, act: Callable[[], object], times: int = 1) -> object:
    """Do something so often, and print the median of its wall and CPU milliseconds."""
    walls, cpus, result = [], [], None
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        result = act()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    wall, cpu = (sorted(x)[times // 2] * 1e3 for x in (walls, cpus))
    print(f"{what:64}{wall:10,.0f} ms{cpu:10,.0f} ms of CPU", flush=True)
    return result


def log(n_parts: int) -> None:
    """Time commits and a look at a row where a table has so many parts, one of them real."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        values = {"String": "x", "Float64": 0.5}
        kinds = FREQUENCIES.polars_schema()
        row = {name: values.get(str(kind), 500) for name, kind in kinds.items()}
        one = pl.DataFrame([{**row, "chrom": "22"}], schema=kinds)
        real = write_part(root, FREQUENCIES, one, chrom="22", name="real")
        if real is None:
            raise AssertionError("nothing was written")
        bounds = {k: v for k, v in real.stats.items() if k != "pos"}

        def part(number: int) -> Part:
            place = 1000 * (number + 1)
            stats = {**bounds, "pos": (place, place + 999)}
            return replace(real, path=f"chrom=22/part-{number:06d}.parquet", stats=stats)

        parts = [real, *(part(i) for i in range(n_parts - 1))]
        commit = lambda parts: delta.commit(root, FREQUENCIES, parts, {})  # noqa: E731
        timed(f"first commit, {n_parts:,} parts", lambda: commit(parts))
        more = [*parts, part(n_parts)]
        timed("commit of one more", lambda: commit(more))
        timed("scan: the log is read", lambda: delta.scan(root, FREQUENCIES, 1))
        frame = delta.scan(root, FREQUENCIES, 1)
        here = frame.filter(pl.col("chrom") == "22", pl.col("pos") == 500)
        timed("a filter on the position plans and reads one row", here.collect)
        timed("the list of parts", lambda: delta.parts_of(root, FREQUENCIES, 1))
        files = (root / "gold" / "frequencies" / "_delta_log").iterdir()
        print(f"{'the log':64}{sum(f.stat().st_size for f in files) / 1e6:10.1f} MB")


def names(variants: int) -> None:
    """Look things up in a lake of so many variants, most of them links to a few real ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vcf(folder, 26_000, 100)
        lake = Lake(folder / "lake", vcf=[folder / "some.vcf.gz"], samples=folder / "people.tsv")
        lake.build()
        grown = {t: enlarged(lake.path, t, variants) for t in (VARIANTS, GOLD_VARIANTS)}
        grown[FREQUENCIES] = enlarged(lake.path, FREQUENCIES, 32 * variants)
        begun = time.process_time()
        grown[IDENTIFIERS] = identifiers(lake.path, variants)
        print(f"{variants:,} identifiers sorted, s of CPU{time.process_time() - begun:40.1f}")
        for layer in ("silver", "gold"):
            snapshot = read_snapshot(lake.path, layer)
            if snapshot is None:
                raise AssertionError(f"{layer} is not there")
            tables = dict(snapshot.tables)
            for table, version in grown.items():
                if table.layer == layer:
                    parts = delta.parts_of(lake.path, table, version)
                    rows, size = sum(p.rows for p in parts), sum(p.bytes for p in parts)
                    tables[table.short] = replace(
                        tables[table.short], version=version, rows=rows, bytes=size
                    )
                    real = f", {size / 1e6:,.0f} MB" if table is IDENTIFIERS else ""
                    print(f"{table.name}: {len(parts):,} parts of {rows:,} rows{real}")
            write_snapshot(lake.path, replace(snapshot, tables=tables))
        many = " ".join(f"rs{i}" for i in range(1, 26_000, 260))
        place = FIRST + 5000 * APART
        region = f"22:{place}-{place + 200_000}"
        print(f"each is to take less than {_GOAL_MS} ms; the median of 5, after one:")
        for what, act in (
            ("search rs5001", lambda: lake.search("rs5001")),
            ("search an identifier that is not there", lambda: lake.search("rs5")),
            ("search a list of 100", lambda: lake.search(many)),
            ("search a position", lambda: lake.search(f"22:{place}")),
            ("the variant of rs5001", lambda: lake.variant("rs5001")),
            ("a region of 200 kb, gold.variants", lambda: _rows(lake, "gold.variants", region)),
            ("its frequencies in one group", lambda: _group(lake, region)),
        ):
            act()
            timed(what, act, 5)


def _rows(lake: Lake, table: str, region: str) -> pl.DataFrame:
    return lake.scan(table, build=False).filter(in_region(parse_region(region))).collect()


def _group(lake: Lake, region: str) -> pl.DataFrame:
    here = in_region(parse_region(region)) & (pl.col("population") == "P3")
    return lake.scan("gold.frequencies", build=False).filter(here).collect()


def costs(by_records: Sequence[Size], few: Size, many: Size) -> None:
    """Print what whole data sets would take, by the slopes of the lines.

    A record of so many samples is taken to cost what one of 2,504 does (the last stretch of
    the line of records) times the samples, which is more than it does; one of 500,000 what
    it does in `partition`, less what it takes to start, which a build of `few` samples shows.
    """
    one, other = by_records[-2:]
    print("EXTRAPOLATED from the lines above, core-hours and bytes on disk:")
    for what, (records, samples) in _WHOLE.items():
        hours: dict[str, float] = {}
        disk: dict[str, float] = {}
        for layer in LAYERS:
            for to, of, scale in ((hours, "cpu", 3600), (disk, "disk", 1e9)):
                at = lambda size: getattr(size, of)[layer]  # noqa: B023, E731
                if samples >= many.samples:
                    each = (at(many) - at(few)) / many.records
                else:
                    each = (at(other) - at(one)) / (other.records - one.records)
                    each *= samples / other.samples
                to[layer] = records * each / scale
        told = ", ".join(f"{k} {hours[k]:,.1f} h and {disk[k]:,.1f} GB" for k in LAYERS)
        print(
            f"{what} ({records:,} × {samples:,}): {told}; together {sum(hours.values()):,.1f} "
            f"core-hours and {sum(disk.values()):,.0f} GB",
            flush=True,
        )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", nargs="*", choices=[*_SIZES, "costs", []], help="default: all")
    parser.add_argument("--small", action="store_true", help="smaller sizes")
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    wanted: Iterable[str] = asked.what or [*_SIZES, "costs"]
    sizes = _SMALL if asked.small else _SIZES
    if "costs" in wanted:
        wanted = [*dict.fromkeys([*wanted, "records", "samples", "partition"])]
    found: dict[str, list[Size]] = {}
    for what, shape in (
        ("records", lambda n: (n, _SAMPLES)),
        ("samples", lambda n: (_RECORDS, n)),
        ("partition", lambda n: (_FEW_RECORDS, n)),
    ):
        if what in wanted:
            print(f"\n{what}", flush=True)
            found[what] = [build(*shape(n), asked.workers) for n in sizes[what]]
            if what == "records":
                line(found[what], lambda s: s.records, f"records of {_SAMPLES:,} samples")
            elif what == "samples":
                line(found[what], lambda s: s.samples, f"samples of {_RECORDS:,} records")
    for what, run in (("log", log), ("names", names)):
        if what in wanted:
            print(f"\n{what}", flush=True)
            for n in sizes[what]:
                run(n)
    if "costs" in wanted:
        print("\ncosts", flush=True)
        costs(found["records"], found["samples"][0], found["partition"][-1])


if __name__ == "__main__":
    main()
