"""Input that means harm, or is no VCF at all: one clear sentence each, in bounded memory and time.

Every file is made here and thrown away. Each build is a program of its own, so that its
memory can be measured and a hang ends.
"""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from plain_vcf import bgzf, vcf_text
from real_data import rest, thorough

from medallion import Lake
from medallion.errors import (
    ConservationError,
    MedallionError,
    QuarantineError,
    SampleTableError,
    SourceError,
)
from medallion.silver import partition, quarantine
from medallion.silver.samples import read_metadata
from medallion.vcf.blocks import BGZF_EOF

MB = 1 << 20
HEADER = vcf_text([])
RECORD = "1\t1\t.\tA\tC\t.\t.\t.\tGT\t0|1\t0|0\t0|0\n"
SECONDS = 120  # on a machine with much else to do; alone none takes ten


def gz(*pieces: tuple[bytes, int]) -> bytes:
    """A gzip file of `pieces`, each so many times; a piece is compressed once."""
    packed, check, size = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"], 0, 0
    for text, times in pieces:
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed += [packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)] * times
        for _ in range(times):
            check = zlib.crc32(text, check)
        size += len(text) * times
    last = zlib.compressobj(1, zlib.DEFLATED, -15).flush()
    return b"".join([*packed, last, struct.pack("<II", check, size & 0xFFFFFFFF)])


def block(text: bytes) -> bytes:
    """One block of BGZF."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(text) + packer.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\2\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(text), len(text))


def names(count: int) -> Iterator[bytes]:
    for low in range(0, count, 100_000):
        yield "".join(f"\ts{i}" for i in range(low, low + 100_000)).encode()


def columns() -> bytes:
    start = HEADER.split("\tA\t")[0].encode()
    return gz((start, 1), *((piece, 1) for piece in names(10_000_000)), (b"\n", 1))


def endless(start: str) -> bytes:
    return gz((start.encode(), 1), (b"A" * MB, 600))


@dataclass(frozen=True)
class Ended:
    """How a build ended: its exit code, what it said, the most memory that it held."""

    code: int
    said: str
    peak: int


def build(vcf: Path, lake: Path, *words: str) -> Ended:
    """`medallion build` of a file, as a program of its own."""
    command = [sys.executable, "-m", "medallion", "build", "--lake", str(lake), "--vcf", str(vcf)]
    with subprocess.Popen(
        [*command, "--workers", "2", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        over = threading.Timer(SECONDS, program.kill)
        over.start()
        assert program.stderr is not None
        said = program.stderr.read().decode()
        peak = 0
        if sys.platform != "win32":
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        code = program.wait()
        over.cancel()
    return Ended(code, said, peak)


# What it is called; how it is made; megabytes it may take beside those that a build of a
# single record takes; what is said.
BOMBS: list[tuple[str, Callable[[], bytes], int, str]] = [
    ("zeros.vcf.gz", lambda: block(bytes(65280)) * 10_000 + BGZF_EOF, 150, r"'\x00\x00"),
    ("header.vcf.gz", lambda: endless("##fileformat=VCFv4.3\n##x="), 400, "has a header of more"),
    ("line.vcf.gz", lambda: endless(HEADER), 900, "has a line of more than 536,870,912 bytes"),
    ("columns.vcf.gz", columns, 700, "names 10,000,000 samples"),
]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The memory that a build of one record takes."""
    folder = tmp_path_factory.mktemp("usual")
    (folder / "one.vcf").write_text(HEADER + RECORD, encoding="utf-8", newline="\n")
    ended = build(folder / "one.vcf", folder / "lake", "silver")
    assert ended.code == 0, ended.said
    return ended.peak


@pytest.mark.parametrize("bomb", [*BOMBS[:2], *rest(*BOMBS[2:])], ids=[b[0] for b in BOMBS])
def test_a_bomb_is_refused_in_bounded_memory(
    bomb: tuple[str, Callable[[], bytes], int, str], usual: int, tmp_path: Path
) -> None:
    name, make, megabytes, said = bomb
    (tmp_path / name).write_bytes(make())
    ended = build(tmp_path / name, tmp_path / "lake")
    assert ended.code == 1, ended
    last = ended.said.splitlines()[-1]
    assert last.startswith(f"medallion: {name} ")
    assert said in last
    assert "Traceback" not in ended.said
    if sys.platform != "win32":
        assert ended.peak < usual + megabytes * MB, f"{ended.peak / MB:.0f} of {usual / MB:.0f}"
    assert not list((tmp_path / "lake").rglob("silver/**/*.parquet"))


# Kinds of files


CUT = gzip.compress((HEADER + RECORD * 2000).encode())
NO_VCF: dict[str, tuple[bytes, str]] = {
    "picture.vcf": (b"\x89PNG\r\n\x1a\n" + bytes(100), "found a PNG picture"),
    "archive.vcf": (b"PK\x03\x04" + bytes(100), "found a ZIP archive. Unpack it"),
    "twice.vcf.gz": (gzip.compress(gzip.compress(HEADER.encode())), "found gzip inside of gzip"),
    "calls.bcf": (bgzf(b"BCF\x02\x02" + bytes(100)), "found a BCF. Convert it (bcftools view"),
    "page.vcf": (b"<!DOCTYPE html><html>", "found a web page"),
    "wide.vcf": ((HEADER + RECORD).encode("utf-16"), "found UTF-16 text. Save it as UTF-8"),
    "mark.vcf": ((HEADER + RECORD).encode("utf-8-sig"), "found text with a byte order mark"),
    "nothing.vcf": (b"", "is empty"),
    "no-block.vcf.gz": (BGZF_EOF, "found no text at all"),
    "no-text.vcf.gz": (gzip.compress(b""), "found no text at all"),
    "cut.vcf.gz": (CUT[:-40], "cut short: the gzip stream does not end"),
    "cut-early.vcf.gz": (CUT[:9], "cut short: the gzip stream does not end"),
    "nul.vcf": (bytes(1000), r"found '\x00\x00"),
    "latin.vcf": (HEADER.replace("B", "Björn").encode("latin-1"), "no UTF-8 text"),
    "nul-name.vcf": (HEADER.replace("B", "B\0").encode(), "holds a control character"),
    "two.vcf": (HEADER.replace("B", "A").encode(), "more than once"),
}


@pytest.mark.parametrize("name", NO_VCF)
def test_what_is_no_vcf_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    raw, said = NO_VCF[name]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(SourceError) as error:
        Lake(tmp_path / "lake", vcf=[tmp_path / name]).build("bronze")
    text = str(error.value)
    assert text.startswith(name)
    assert said in text
    assert len(text) < 400
    assert "\n" not in text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFO")
def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    """Nobody writes into it, so a build that opened it would wait for ever."""
    fifo = tmp_path / "in" / "some.vcf"
    fifo.parent.mkdir()
    os.mkfifo(fifo)
    for named in (fifo, fifo.parent):
        began = time.monotonic()
        ended = build(named, tmp_path / "lake")
        assert ended.code in (1, 2), ended
        assert time.monotonic() - began < SECONDS
        last = ended.said.splitlines()[-1]
        assert "is not a file" in last or "is gone" in last, last
        assert "some.vcf" in last


def test_bytes_that_are_no_text_are_set_apart_line_by_line(tmp_path: Path) -> None:
    lines = [
        RECORD.encode(),
        RECORD.encode().replace(b"0|1", b"0|1\0"),
        bytes(1000) + b"\n",
        RECORD.encode().replace(b"\tA\t", b"\tA\xe9\t"),
        RECORD.encode().replace(b".\tGT", "X=é\tGT".encode("latin-1")),
        RECORD.encode().replace(b"1\t1", b"1\t2"),
        RECORD.encode("utf-16"),
    ]
    (tmp_path / "some.vcf").write_bytes(HEADER.encode() + b"".join(lines))
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "some.vcf"])
    lake.build("silver")
    assert lake.scan("silver.variants", build=False).collect()["record"].to_list() == [1, 6]
    defects = lake.scan("silver.defects", build=False).collect()
    reasons = dict(defects.filter(verdict="quarantined").select("line", "reason").iter_rows())
    first = HEADER.count("\n") + 1
    assert [reasons[first + i] for i in range(1, 5)] == [
        "control-character", "control-character", "not-utf8", "not-utf8",
    ]  # fmt: skip


NAMES = (
    "../../../etc/passwd", "..\\..\\x", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "'; drop table samples; --", '"quoted"', "[a](javascript:alert(1)) **b** `c` $x^2$", "=1+1",
    "a" * 1000,
)  # fmt: skip


def test_names_are_data_and_nothing_else(tmp_path: Path) -> None:
    """Samples, populations, contigs, identifiers: as they came, and no file outside."""
    calls = " ".join(["0|1"] * len(NAMES))
    contigs = [NAMES[0], "..", "%2e%2e%2fx"]
    text = vcf_text([f"{c} {i} {c} A C . . . GT {calls}" for i, c in enumerate(contigs, 1)], ("X",))
    text = text.replace("FORMAT\tX", "\t".join(("FORMAT", *NAMES)))
    inner = tmp_path / "a" / "b" / "c" / "d"
    inner.mkdir(parents=True)
    (inner / "some.vcf").write_text(text, encoding="utf-8", newline="\n")
    table = "".join(f"{n}\t{n}\n" for n in NAMES if '"' not in n)
    (inner / "people.tsv").write_text(f"sample\tpop\n{table}", encoding="utf-8", newline="\n")
    lake = Lake(inner / "lake", vcf=[inner / "some.vcf"], samples=inner / "people.tsv")
    lake.build()
    samples = lake.scan("silver.samples", build=False).collect()
    assert samples["sample"].to_list() == list(NAMES)
    assert set(samples["population"]) == {n for n in NAMES if '"' not in n} | {"unassigned"}
    counted = lake.scan("gold.frequencies", build=False).filter(level="population").collect()
    assert counted["chrom"].unique().sort().to_list() == sorted(contigs)
    found = lake.query("select sum(ac) as n from gold.frequencies where level = 'all'")
    assert found["n"].item() == len(NAMES) * len(contigs)
    outside = {p for p in tmp_path.rglob("*") if p.is_file() and lake.path not in p.parents}
    assert outside == {inner / "some.vcf", inner / "people.tsv"}
    assert all(c.ok for c in lake.verify() if c.severity == "error")


# Sample tables


TABLES: dict[str, tuple[bytes, str]] = {
    "wide.tsv": ("sample\tpop\nA\tGBR\n".encode("utf-16"), "is not UTF-8 text"),
    "latin.tsv": ("sample\tpop\né\tGBR\n".encode("latin-1"), "is not UTF-8 text"),
    "picture.tsv": (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not UTF-8 text"),
    "nul.tsv": (bytes(1000), "has no column that can be told to be the sample"),
    "page.tsv": (b"<html><body>x</body></html>", "has no column that can be told"),
    "cell.tsv": (b"sample\tpop\n" + b"A" * 200_000 + b"\tGBR\n", "field larger than field limit"),
    "quote.tsv": (b'sample\tpop\n"A\tGBR\nB\tFIN\n', "quotation marks in pairs"),
    "columns.tsv": (b"sample\tpop" + b"\tx" * 1_000_000 + b"\n", "has 1,000,002 columns"),
    "line.tsv": (b"sample\tpop\t" + b"A" * (65 * MB), "of at most 67,108,864"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_sample_table_that_is_none(name: str, tmp_path: Path) -> None:
    raw, said = TABLES[name]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(SampleTableError) as error:
        read_metadata(tmp_path / name)
    assert said in str(error.value)
    assert str(error.value).startswith(name)
    assert len(str(error.value)) < 500


# Bounds


def broken(lines: int) -> str:
    return HEADER + "".join(f"1\tx{i}\n" for i in range(lines)) + RECORD


@pytest.fixture
def small_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a small file meets."""
    monkeypatch.setattr(partition, "_LINES_PER_BATCH", 700)
    monkeypatch.setattr(quarantine, "_LITTLE", 1 << 16)
    monkeypatch.setattr(quarantine, "_AT_ONCE", 1 << 17)


@pytest.mark.usefixtures("small_quarantine")
def test_a_file_that_is_broken_throughout_costs_its_lines(tmp_path: Path) -> None:
    """What is written as it grows is what is written at once, and stays for the next build."""
    (tmp_path / "many.vcf").write_text(broken(3000), "utf-8", newline="\n")
    (tmp_path / "few.vcf").write_text(broken(3), "utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "many.vcf", tmp_path / "few.vcf"])
    lake.build("silver", workers=1)
    found = lake.scan("silver.defects", build=False).filter(verdict="quarantined").collect()
    first = HEADER.count("\n") + 1
    for name, lines in (("many.vcf", 3000), ("few.vcf", 3)):
        own = found.filter(file=name)
        assert own["raw"].to_list() == [f"1\tx{i}" for i in range(lines)]
        assert own["line"].to_list() == list(range(first, first + lines))
        kept = lake.scan("silver.variants", build=False).filter(file=name).collect()
        assert kept["record"].to_list() == [lines + 1]
    parts = {p.name: p.stat().st_mtime_ns for p in defect_parts(lake)}
    assert len(parts) == 2

    (tmp_path / "more.vcf").write_text(broken(2000), "utf-8", newline="\n")
    lake = Lake(lake.path, vcf=[tmp_path / "many.vcf", tmp_path / "few.vcf", tmp_path / "more.vcf"])
    lake.build("silver", workers=1)
    again = lake.scan("silver.defects", build=False).filter(verdict="quarantined").collect()
    assert again.group_by("file").len().sort("file").rows() == [
        ("few.vcf", 3), ("many.vcf", 3000), ("more.vcf", 2000),
    ]  # fmt: skip
    assert again.filter(file="many.vcf").equals(found.filter(file="many.vcf"))
    later = {p.name: p.stat().st_mtime_ns for p in defect_parts(lake)}
    assert len(parts.items() & later.items()) == 2  # the first common part waits to be removed
    assert all(c.ok for c in lake.verify() if c.severity == "error")
    with pytest.raises(QuarantineError, match=r"column-count \(5,003\)"):
        lake.build("silver", max_quarantined="5000")


def defect_parts(lake: Lake) -> list[Path]:
    return list((Path(lake.path) / "silver" / "defects").glob("*.parquet"))


@pytest.mark.usefixtures("small_quarantine")
def test_what_is_set_apart_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "_FREE", 1 << 10)
    monkeypatch.setattr(quarantine, "_TIMES", 0)
    published_nothing(tmp_path, QuarantineError, r"some\.vcf has [0-9,]+ bytes, but its lines")


@pytest.mark.usefixtures("small_quarantine")
def test_rows_that_were_not_written_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conservation is asserted on what stands in the parts."""
    whole = quarantine.defect_rows
    monkeypatch.setattr(quarantine, "defect_rows", lambda rows: whole(rows)[1:])
    published_nothing(tmp_path, ConservationError, "Nothing was published")


def published_nothing(folder: Path, error: type[MedallionError], words: str) -> None:
    """See that silver of a file with many broken lines fails so, and leaves nothing."""
    (folder / "some.vcf").write_text(broken(3000), "utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[folder / "some.vcf"])
    with pytest.raises(error, match=words):
        lake.build("silver", workers=1)
    assert lake.status()["silver"].state == "missing"
    assert not defect_parts(lake)


@thorough
@pytest.mark.slow
def test_a_million_broken_lines_are_kept_in_bounded_memory(usual: int, tmp_path: Path) -> None:
    (tmp_path / "blank.vcf.gz").write_bytes(gz((HEADER.encode(), 1), (b"\n" * MB, 1)))
    ended = build(tmp_path / "blank.vcf.gz", tmp_path / "lake", "silver")
    assert ended.code == 0, ended.said
    lake = Lake(tmp_path / "lake")
    assert lake.status()["silver"].summary["ledger"][0]["reasons"] == {"blank-line": MB}
    if sys.platform != "win32":
        assert ended.peak < usual + 250 * MB, f"{ended.peak / MB:.0f} of {usual / MB:.0f}"
