"""Simulated data of any size for the benches: VCF files, and tables of very many parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from medallion.demo.bgzf import END_OF_FILE, Compressor
from medallion.silver.identifiers import _ROWS_PER_GROUP, _ROWS_PER_PART
from medallion.silver.tables import IDENTIFIERS
from medallion.storage import delta
from medallion.storage.parts import Part, PartWriter, table_path
from medallion.storage.schema import Table

FIRST, APART = 16_000_100, 35
"""Position of the first record of a simulated VCF, and bases from one to the next."""
_CONTIGS = 25
_LARGEST_RS = 1_500_000_000


def vcf(folder: Path, records: int, samples: int) -> None:
    """Write `some.vcf.gz` and its sample table of 26 populations.

    Of each record a number of samples carry the allele that is as often 1 to 10 as 100 to
    1,000, as in real data. Identifiers are rs1, rs2, ...
    """
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
            n = int(np.exp(rng.uniform(0, np.log(samples))))
            own[rng.integers(samples, size=n), 2 * rng.integers(2, size=n)] = ord("1")
            place = b"22\t%d\trs%d\tA\tG\t.\tPASS\t.\tGT\t" % (
                FIRST + APART * record,
                record + 1,
            )
            out.write(packed.feed(place + own.tobytes()))
        out.write(packed.finish() + END_OF_FILE)


def enlarged(root: Path, table: Table, rows: int) -> int:
    """Commit `table` as if it had so many rows, over 25 contigs; return its version.

    Its own parts are followed by others that are links to the largest one: in the log each
    has positions, records and a file of its own, as if it were another. So plans are as
    large as they would be, and what is looked for is found in a real part.
    """
    real = delta.parts_of(root, table, 0)
    folder = table_path(root, table)
    like = max(real, key=lambda p: p.rows)
    source = folder / like.path

    def linked(number: int) -> Part:
        chrom = str(number % _CONTIGS + 1)
        place = 60_000_000 + 40_000 * (number // _CONTIGS)
        path = f"chrom={chrom}/like-{number:06d}.parquet"
        (folder / path).parent.mkdir(exist_ok=True)
        os.link(source, folder / path)
        stats = {"pos": (place, place + 39_999), "file": (f"{chrom}.vcf.gz",) * 2}
        records = number // _CONTIGS * 10_000
        stats["record"] = (records, records + 9_999)
        return replace(like, path=path, chrom=chrom, stats=stats)

    more = range((rows - sum(p.rows for p in real)) // like.rows)
    return delta.commit(root, table, [*real, *map(linked, more)], {})


def identifiers(root: Path, rows: int) -> int:
    """Commit `silver.identifiers` with so many rows of chance besides its own."""
    real = delta.parts_of(root, IDENTIFIERS, 0)
    return delta.commit(root, IDENTIFIERS, [*real, *_by_chance(root, rows)], {})


def _by_chance(root: Path, rows: int) -> Iterator[Part | None]:
    rng = np.random.default_rng(2)
    for number in range(-(-rows // _ROWS_PER_PART)):
        n = min(_ROWS_PER_PART, rows - number * _ROWS_PER_PART)
        chrom = str(number % _CONTIGS + 1)
        names = pl.Series(rng.integers(10_000_000, _LARGEST_RS, n)).cast(pl.String)
        frame = pl.DataFrame({"id": "rs" + names, "pos": np.arange(n, dtype=np.int32) * 50})
        # Most names are in lower case, as real ones are; of those one in a thousand is not.
        name = pl.col("id")
        frame = frame.with_columns(
            pl.when(pl.col("pos") % 50_000 == 0).then(name.str.to_uppercase()).otherwise(name)
        )
        lower = name.str.to_lowercase()
        frame = frame.with_columns(
            folded=pl.when(lower != name).then(lower), file=pl.lit(f"{chrom}.vcf.gz")
        ).sort("folded", "id", "pos")
        writer = PartWriter(root, IDENTIFIERS, chrom, f"chance-{number:05d}")
        for some in frame.iter_slices(_ROWS_PER_GROUP):
            writer.write(some)
        yield writer.close()
