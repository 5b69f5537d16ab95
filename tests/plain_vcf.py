"""The plainest possible reading of a VCF, to hold the library's against.

Nothing here imports `medallion.vcf` or `medallion.silver`: it is slow, short, and
independent. What it takes from a lake are published tables alone.
"""

from __future__ import annotations

import gzip
import itertools
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import factorial
from pathlib import Path

import polars as pl

from medallion import Lake

MISSING = "."


def text_lines(path: Path) -> list[str]:
    """The lines of a file, packed or not, without their ends."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    lines = raw.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r").decode("utf-8", "backslashreplace") for line in lines]


def split_file(path: Path) -> tuple[list[str], list[str]]:
    """The header's lines and the records' lines."""
    lines = text_lines(path)
    body = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:body], lines[body:]


def genotype_texts(line: str) -> list[str] | None:
    """The GT of each sample as it stands; None where FORMAT has none."""
    fields = line.split("\t", 9)
    if len(fields) < 10 or fields[8].split(":")[0] != "GT":
        return None
    cells = fields[9].split("\t")
    return cells if fields[8] == "GT" else [cell.split(":", 1)[0] for cell in cells]


def rebuilt(lake: Lake, file: str) -> Iterator[tuple[int, list[str] | None]]:
    """For each kept record of a file, the GT of each sample, from silver's tables alone."""

    def rows(name: str, *columns: str) -> pl.DataFrame:
        frame = lake.scan(f"silver.{name}", build=False)
        if "file" in frame.collect_schema():
            frame = frame.filter(pl.col("file") == file)
        return frame.select(*columns).collect()

    names = rows("columns", "column", "sample").sort("column")["sample"].to_list()
    column_of = {name: i for i, name in enumerate(names)}
    spelled: dict[int, list[str]] = {}
    for number, low, high, text in (
        rows("patterns", "pattern", "first_column", "last_column", "gt")
        .sort("pattern", "first_column")
        .iter_rows()
    ):
        cells = spelled.setdefault(number, [])
        assert low == len(cells)
        cells += [text] * (high - low + 1)
    records = rows("variants", "record", "has_gt", "pattern").unique().sort("record")
    assert records["record"].is_unique().all(), "alleles of one record disagree"
    calls = rows("calls", "record", "first_column", "last_column", "gt").sort("record").iter_rows()
    carried = rows("genotypes", "record", "sample", "gt").sort("record").iter_rows()
    missed, carrier = next(calls, None), next(carried, None)
    for record, has_gt, pattern in records.iter_rows():
        if not has_gt:
            yield record, None
            continue
        cells = spelled[pattern].copy()
        while missed is not None and missed[0] == record:
            cells[missed[1] : missed[2] + 1] = [missed[3]] * (missed[2] - missed[1] + 1)
            missed = next(calls, None)
        while carrier is not None and carrier[0] == record:
            cells[column_of[carrier[1]]] = carrier[2]
            carrier = next(carried, None)
        yield record, cells
    assert missed is None, f"silver.calls has a record that silver.variants lacks: {missed}"
    assert carrier is None, f"silver.genotypes has a record that silver.variants lacks: {carrier}"


def assert_lossless(lake: Lake, file: str, lines: Sequence[str]) -> int:
    """The GT text of every sample at every kept record, against the file's; count records."""
    seen = 0
    for record, cells in rebuilt(lake, file):
        expected = genotype_texts(lines[record - 1])
        assert cells == expected, f"record {record} is not as in the file"
        seen += 1
    return seen


def alleles_of(genotype: str) -> list[int | None]:
    """The allele numbers of a genotype's text; None where one is missing."""
    parts = genotype.lstrip("/|").replace("|", "/").split("/")
    return [None if p == MISSING else int(p) for p in parts]


def count_group(genotypes: Sequence[str], allele: int) -> dict[str, float | int | None]:
    """The counts of `gold.frequencies` of one allele over some samples, by their definitions."""
    ac = an = hom_ref = het = hom_alt = missing = 0
    diploid = [0, 0, 0]
    for genotype, times in Counter(genotypes).items():
        alleles = alleles_of(genotype)
        called = [a for a in alleles if a is not None]
        copies = called.count(allele)
        ac += copies * times
        an += len(called) * times
        if not called:
            missing += times
        elif not copies:
            hom_ref += times
        elif copies == len(alleles):
            hom_alt += times
        else:
            het += times
        if len(alleles) == 2 == len(called):
            diploid[copies] += times
    return {
        "ac": ac, "an": an, "af": ac / an if an else None, "n_hom_ref": hom_ref, "n_het": het,
        "n_hom_alt": hom_alt, "n_missing": missing, "hwe_p": exact_hwe(*diploid),
    }  # fmt: skip


def exact_hwe(hom_ref: int, het: int, hom_alt: int) -> float | None:
    """The exact test straight from its formula, in whole numbers; None without samples."""
    n, b = hom_ref + het + hom_alt, 2 * hom_alt + het
    if n == 0:
        return None

    def weight(h: int) -> Fraction:
        return Fraction(
            2**h, factorial((2 * n - b - h) // 2) * factorial(h) * factorial((b - h) // 2)
        )

    possible = [weight(h) for h in range(b % 2, min(b, 2 * n - b) + 1, 2)]
    observed = weight(het)
    return float(sum(w for w in possible if w <= observed) / sum(possible))


END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def bgzf(text: bytes, sizes: Sequence[int] = (65280,), *, end: bool = True) -> bytes:
    """`text` as BGZF with blocks of `sizes` bytes of text, over and over."""
    out, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(text):
            break
        piece = text[at : at + size]
        at += size
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        out.append(
            b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
            + struct.pack("<H", len(packed) + 25)
            + packed
            + struct.pack("<II", zlib.crc32(piece), len(piece))
        )
    return b"".join(out) + (END_OF_FILE if end else b"")


def vcf_text(
    records: Sequence[str], samples: Sequence[str] = ("A", "B", "C"), *, extra: Sequence[str] = ()
) -> str:
    """A small VCF. `records` may be parted by blanks in place of tabs."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    if samples:
        columns += ["FORMAT", *samples]
    header = ["##fileformat=VCFv4.3", *extra, "\t".join(columns)]
    return "\n".join([*header, *("\t".join(r.split(" ")) for r in records)]) + "\n"
