"""How time, memory and bytes grow with records, samples and partitions.

    uv run python tests/bench/scale.py records|samples|partition|log

- `records`: 2,504 samples, from 10,000 to 1,100,000 records.
- `samples`: 2,000 records, from 100 to 100,000 samples.
- `partition`: 1,000 records of 500,000 samples, which is less than one partition.
- `log`: a table of 100,000 parts: its first commit, one more part, and a look at one row.

The files are simulated: of each record a number of samples carry the allele that is as
often 1 to 10 as 100 to 1,000, as in real data. All layers are built, each size by a process
of its own. Not a test: a time is never asserted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from medallion import Lake
from medallion.demo.bgzf import END_OF_FILE, Compressor
from medallion.gold.frequencies import FREQUENCIES
from medallion.storage import delta
from medallion.storage.parts import Part, write_part

_PARTS = 100_000


def simulate(folder: Path, records: int, samples: int) -> None:
    """Write `some.vcf.gz` and its sample table of 26 populations."""
    rng = np.random.default_rng(1)
    names = [f"S{i}" for i in range(samples)]
    rows = [f"{name}\tP{i % 26}\tR{i % 26 % 5}\n" for i, name in enumerate(names)]
    table = "".join(["sample\tpop\tsuper_pop\n", *rows])
    (folder / "people.tsv").write_text(table, encoding="utf-8", newline="\n")
    packed = Compressor(1)
    columns = "\t".join(
        ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
    )
    head = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=22>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        columns,
        "",
    ]
    calls = np.frombuffer(b"0|0\t" * samples, np.uint8).reshape(samples, 4)
    with (folder / "some.vcf.gz").open("wb") as out:
        out.write(packed.feed("\n".join(head).encode()))
        for record in range(records):
            own = calls.copy()
            own[-1, 3] = ord("\n")
            # As often between 1 and 10 as between 10 and 100 copies.
            n = int(np.exp(rng.uniform(0, np.log(samples))))
            own[rng.integers(samples, size=n), 2 * rng.integers(2, size=n)] = ord("1")
            place = b"22\t%d\t.\tA\tG\t.\tPASS\t.\tGT\t" % (16_000_000 + 35 * record)
            out.write(packed.feed(place + own.tobytes()))
        out.write(packed.finish() + END_OF_FILE)


def build(records: int, samples: int, workers: int | None) -> None:
    """Build one size in a process of its own, and print a line for each layer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder, records, samples)
        command = [sys.executable, "-m", "medallion", "build", "--lake", str(folder / "lake")]
        files = ["--vcf", str(folder / "some.vcf.gz"), "--samples", str(folder / "people.tsv")]
        threads = ["--workers", str(workers)] if workers else []
        subprocess.run([*command, *files, *threads], check=True, capture_output=True)
        lake = Lake(folder / "lake")
        bytes_of = {layer: status.bytes for layer, status in lake.status().items()}
        for run in lake.history().iter_rows(named=True):
            print(
                f"{records:10,}{samples:10,}  {run['layer']:8}{run['seconds']:9.2f} s"
                f"{(run['peak_memory'] or 0) / 1e6:9.0f} MB"
                f"{bytes_of[run['layer']] / 1e6:10.1f} MB on disk",
                flush=True,
            )


def log() -> None:
    """Time commits and a look at a row where a table has 100,000 parts, one of them real."""

    def timed(what: str, begun: float) -> None:
        print(f"{what:60}{time.perf_counter() - begun:9.2f} s", flush=True)

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        values = {"String": "x", "Float64": 0.5}
        kinds = FREQUENCIES.polars_schema()
        row = {name: values.get(str(kind), 500) for name, kind in kinds.items()}
        one = pl.DataFrame([{**row, "chrom": "22"}], schema=kinds)
        real = write_part(root, FREQUENCIES, one, chrom="22", name="real")
        if real is None:
            raise AssertionError("nothing was written")

        def part(number: int) -> Part:
            place = 1000 * (number + 1)
            bounds = {k: v for k, v in real.stats.items() if k != "pos"}
            stats = {**bounds, "pos": (place, place + 999)}
            return replace(real, path=f"chrom=22/part-{number:06d}.parquet", stats=stats)

        parts = [real, *(part(i) for i in range(_PARTS - 1))]
        begun = time.perf_counter()
        delta.commit(root, FREQUENCIES, parts, {})
        timed(f"first commit, {_PARTS:,} parts", begun)
        begun = time.perf_counter()
        version = delta.commit(root, FREQUENCIES, [*parts, part(_PARTS)], {})
        timed("commit of one more", begun)
        begun = time.perf_counter()
        frame = delta.scan(root, FREQUENCIES, version)
        timed("scan: the log is read", begun)
        begun = time.perf_counter()
        found = frame.filter(pl.col("chrom") == "22", pl.col("pos") == 500).collect().height
        timed(f"a filter on the position plans and reads {found} row", begun)
        begun = time.perf_counter()
        delta.parts_of(root, FREQUENCIES, version)
        timed("the list of parts", begun)
        files = (root / "gold" / "frequencies" / "_delta_log").iterdir()
        print(f"{'the log':60}{sum(f.stat().st_size for f in files) / 1e6:9.1f} MB")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["records", "samples", "partition", "log"])
    parser.add_argument("--sizes", help="such as 10000,100000 in place of those above")
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    default = {"records": "10000,100000,1100000", "samples": "100,1000,10000,100000"}
    sizes = [int(n) for n in (asked.sizes or default.get(asked.what, "500000")).split(",")]
    if asked.what == "log":
        log()
    for size in sizes if asked.what != "log" else ():
        records = {"records": size, "samples": 2000}.get(asked.what, 1000)
        build(records, 2504 if asked.what == "records" else size, asked.workers)


if __name__ == "__main__":
    main()
