"""Real lines spoilt at random: what is kept has the meaning that bcftools gives it.

Each run takes records of one file, changes most of them, and builds silver from them.
Nothing but a MedallionError may escape; every line is kept or quarantined, once; and
bcftools, given the kept lines alone, reads each, with the same site, the same genotypes
and so the same counts.

MEDALLION_FUZZ_SECONDS in the environment has the reader fuzzed for as long, from seeds that
nobody chose; without it, for a moment, from the same ones. A failure names its seed.
"""

from __future__ import annotations

import gzip
import itertools
import math
import os
import random
import re
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_vcf import alleles_of, bgzf, count_group, rebuilt, split_file
from real_data import SLICES, real, tool

from medallion import Lake
from medallion.bronze.index import index_file
from medallion.errors import MedallionError
from medallion.progress import Reporter
from medallion.storage.work import start_work
from medallion.vcf.defects import Defect
from medallion.vcf.header import Header, parse_header
from medallion.vcf.records import RecordReader

DEMO = Path(__file__).parents[1] / "medallion" / "demo" / "demo.chr22.vcf.gz"

ANYWHERE = [
    b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\x01", b"\x1f", b"\x7f", b" ", b":", b"|", b"/", b".",
    b",", b";", b"=", b"-", b"+", b"0", b"9", b"<", b">", b"[", b"*", b'"', b"#", b"GT", b"0|0",
    b"0|1\0", b"e", b"\xff", b"\xc3\xa9", b"\xe2\x80\xa8", b"",
]  # fmt: skip
OF_COLUMN = [
    [b"", b"<22>", b"2:2", b"chr22", b"22 ", b"*", b"=1", b"#22", b"HLA-A*01:01"],
    [b"", b"0", b"-1", b"+5", b"1e3", b"007", b"4294967297", b"2147483647", b"2147483648", b" 5",
     b"5 ", b"0x10", b"1.0", b"9" * 30],
    [b"", b".", b"rs1;rs2", b"rs1;rs1", b"a,b", b"rs1;", b".;rs1", b"PASS", b"1"],
    [b"", b".", b"acgt", b"R", b"N", b"A,C", b"*", b"A" * 300, b"<DEL>", b"A."],
    [b"", b".", b"<DEL>", b"*", b"A]2:33]", b"]13:5]T", b"<INS>,*", b"A,.", b".,A", b"<*>", b"R",
     b"<DUP:TANDEM>", b"c", b".A", b"A.", b"A,", b"<DEL", b"A[<ctg1>:7[", b"T,T", b"A,C,G,T,AA"],
    [b"", b".", b"1e5", b"inf", b"nan", b"0x10", b"1e-400", b"1.", b"+3", b".5", b"1e400", b"-0",
     b"-1", b"1,5", b"100 ", b"1e", b"--1", b"1_0", b"Infinity", b"0.1234567891", b"3.4e38",
     b"nan(1)", b"1d5", b"."],
    [b"", b".", b"PASS;q10", b"q10;q10", b".;q", b"0", b"q10;", b"PASS,q10", b"pass", b";", b"q 1"],
    [b"", b".", b"DP=x", b"DP", b"=3", b"AC=", b"AC=1,2,3", b"DB;DB", b"DP=1;DP=2", b"AF=nan",
     b"AN=1e3", b"X=a b", b"DP=99999999999", b";", b"DP=1;;", b"END=1", b"END=x", b"SVLEN=-5"],
    [b"", b".", b"GT:", b":GT", b"DP:GT", b"GT:GT", b"DP", b"GT:XX", b"GT:DP:DP", b"gt", b"GT;DP"],
]  # fmt: skip
GENOTYPES = [
    b"", b".", b"0", b"1", b"./1", b"1/.", b".|.", b"0|1|1", b"0/0/0/1", b"|0/1", b"/1", b"10",
    b"0/01", b"00", b"+1", b"-1", b"0|", b"|", b"0||1", b"0\\1", b"..", b"0/1/", b"0x1", b"1 ",
    b"2/3", b"0/99999999999", b"1e0", b"0|1\0", b"0\0\0", b"\x000|", b"1|a", b"./.", b"0/1|1",
]  # fmt: skip
VALUES = [
    b"", b".", b"9|9", b"102+", b"+5", b"-3", b"1,2", b",", b"1.5", b"a", b"1e3", b"99999999999",
    b"nan", b".,.", b"1,.", b"0/1", b" 7", b"7 ", b"\x02", b"-", b"1-2", b"1.2.3", b"12\0", b":",
]  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Records to start from, with fewer samples."""

    vcf: str
    samples: int


SOURCES = {
    "chr22": Source(SLICES["chr22"].vcf, 12),
    "chrX": Source(SLICES["chrX"].vcf, 40),
    "chrMT": Source(SLICES["chrMT"].vcf, 40),
    "chr1": Source(SLICES["chr1"].vcf, 40),
    "chr12": Source(SLICES["chr12"].vcf, 7),
    "chr12 wide": Source(SLICES["chr12"].vcf, 40),
    "demo": Source("", 20),
}


@cache
def source_lines(name: str) -> tuple[list[bytes], list[bytes]]:
    """The header and some sixty records of a source."""
    source = SOURCES[name]
    header, lines = split_file(DEMO if name == "demo" else real(source.vcf))
    body = lines[:: max(1, len(lines) // 60)]
    wanted = 9 + source.samples
    header[-1] = "\t".join(header[-1].split("\t")[:wanted])
    return (
        [line.encode() for line in header],
        ["\t".join(line.split("\t")[:wanted]).encode() for line in body],
    )


def spoilt(line: bytes, chosen: random.Random) -> bytes:
    """`line` with one change, or seldom two."""
    for _ in range(chosen.choice([1, 1, 1, 2])):
        fields = line.split(b"\t")
        # Half of the changes fall into the first columns, which are a small part of the line.
        end = len(line) if chosen.random() < 0.5 else min(len(line), 60)
        at = chosen.randrange(max(1, end))
        kind = chosen.randrange(10)
        if kind == 0:
            line = line[:at] + bytes([chosen.randrange(256)]) + line[at + 1 :]
        elif kind == 1:
            line = line[:at] + line[at + chosen.randrange(1, 4) :]
        elif kind == 2:
            line = line[:at] + chosen.choice(ANYWHERE) + line[at + chosen.randrange(2) :]
        elif kind == 3:
            line = line[:at] + line[at : at + chosen.randrange(1, 6)] * 2 + line[at:]
        elif kind == 4:
            one, other = chosen.randrange(len(fields)), chosen.randrange(len(fields))
            fields[one], fields[other] = fields[other], fields[one]
            line = b"\t".join(fields)
        elif kind == 5:
            one = chosen.randrange(len(fields))
            fields[one : one + 1] = chosen.choice([[], [fields[one]] * 2])
            line = b"\t".join(fields)
        elif kind == 6:
            column = chosen.randrange(min(len(fields), len(OF_COLUMN)))
            fields[column] = chosen.choice(OF_COLUMN[column])
            line = b"\t".join(fields)
        elif len(fields) > 9:
            column = chosen.randrange(9, len(fields))
            values = fields[column].split(b":")
            place = 0 if kind < 9 else chosen.randrange(len(values))
            values[place] = chosen.choice(VALUES if place else GENOTYPES)
            fields[column] = b":".join(values)
            line = b"\t".join(fields)
    return line


def lines_of(name: str, seed: int, count: int) -> tuple[list[bytes], list[bytes]]:
    """A header, and `count` lines of which most are spoilt, each at a place of its own."""
    chosen = random.Random(f"{name} {seed}")
    head, body = source_lines(name)
    found = []
    for i in range(count):
        chrom, _, rest = body[i % len(body)].split(b"\t", 2)
        line = b"%s\t%d\t%s" % (chrom, 1000 + 10 * i, rest)
        found.append(spoilt(line, chosen) if chosen.random() < 0.9 else line)
    return head, b"\n".join(found).split(b"\n")


# Lines that are kept and that bcftools 1.16 does not read, or reads otherwise, and why.


def refused_by_bcftools(head: list[bytes], line: bytes) -> str | None:
    """Why bcftools passes over a line that is kept, though its site and genotypes are sound."""
    fields = line.split(b"\t")
    if re.search(rb'[,<>"=\[]', fields[6]):
        # The specification allows them; bcftools cannot make up a header line for the name.
        return "a filter with a comma, a quote, an equals sign or a bracket"
    if any(cell[:1] in (b"/", b"|") for cell in fields[9:]):
        # VCF 4.4 allows it; we take it in files of any version, for it leaves nothing in doubt.
        return "a genotype that states the phase of its first allele"
    types = dict(re.findall(rb"##FORMAT=<ID=([^,]+),.*?Type=([^,>]+)", b"\n".join(head)))
    keys = fields[8].split(b":")
    for cell in fields[9:]:
        for key, value in zip(keys, cell.split(b":"), strict=False):
            # Digits, dots and minus signs are not looked at again in what silver does not hold.
            number = NUMBER.get(types.get(key, b""))
            if number and not all(re.fullmatch(number, item) for item in value.split(b",")):
                return "a FORMAT value other than GT with dots or minus signs out of place"
    return None


NUMBER = {b"Integer": rb"[+-]?\d+|\.|", b"Float": rb"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|\.|nan"}


def as_bcftools_reads(head: list[bytes], lines: list[bytes], folder: Path) -> Iterator[list[str]]:
    """CHROM, POS, ID, REF, ALT, QUAL, FILTER and the GTs of each line."""
    vcf = folder / "kept.vcf"
    vcf.write_bytes(b"\n".join([*head, *lines]) + b"\n")
    form = "%CHROM\\t%POS\\t%ID\\t%REF\\t%ALT\\t%QUAL\\t%FILTER[\\t%GT]\\n"
    run = subprocess.run(
        [tool("bcftools"), "query", "-f", form, str(vcf)], capture_output=True, check=False
    )
    found = run.stdout.decode("utf-8", "replace").split("\n")[:-1]
    told = run.stderr.decode("utf-8", "replace")[-600:]
    assert len(found) == len(lines), f"{lines[len(found)][:200]!r}: {told}"
    for row in found:
        yield row.split("\t")


def phased(genotype: str) -> tuple[list[int | None], list[str]]:
    """A genotype's alleles, and what parts them."""
    return alleles_of(genotype), re.findall(r"[/|]", genotype.lstrip("/|"))


def differences(row: dict[str, object], cells: list[str] | None, theirs: list[str]) -> list[str]:
    """What of a kept record bcftools reads otherwise."""
    found = []
    for name, value in zip(("chrom", "pos", "id", "ref", "alt"), theirs, strict=False):
        ours = "." if row[name] is None else str(row[name])
        if ours != value:
            found.append(f"{name}: {ours} and {value}")
    ours, value = row["qual"], theirs[5]
    if not same_number(ours, None if value == "." else float(value)):
        found.append(f"qual: {ours} and {value}")
    if (row["filter"] or ".") != theirs[6]:
        found.append(f"filter: {row['filter']} and {theirs[6]}")
    if cells is not None:
        calls = theirs[7:]
        if [phased(c) for c in cells] != [phased(c) for c in calls]:
            found += [f"gt: {a} and {b}" for a, b in zip(cells, calls, strict=True) if a != b]
        counts = [count_group(calls, i + 1) for i in range(max(1, str(row["alt"]).count(",") + 1))]
        if row["ac"] != [c["ac"] for c in counts] or row["an"] != counts[0]["an"]:
            found.append(f"counts: {row['ac']} of {row['an']} and {counts}")
    return found


def same_number(ours: float | None, theirs: float | None) -> bool:
    """Whether two numbers are one at bcftools' precision: a float of 32 bits, six digits shown."""
    if ours is None or theirs is None:
        return ours is theirs
    try:
        short = struct.unpack("f", struct.pack("f", ours))[0]
    except OverflowError:
        short = math.copysign(math.inf, ours)
    if math.isnan(short) or math.isnan(theirs):
        return math.isnan(short) and math.isnan(theirs)
    return math.isclose(short, theirs, rel_tol=1e-5, abs_tol=1e-37)


def kept_rows(lake: Lake) -> list[dict[str, object]]:
    """A row for each kept record, its alleles put together."""
    return (
        lake.scan("silver.variants")
        .sort("record", "alt_index")
        .group_by("record", maintain_order=True)
        .agg(
            pl.col("chrom", "pos", "id", "ref", "qual", "filter", "an").first(),
            pl.col("alt").fill_null(".").str.join(","),
            pl.col("ac"),
        )
        .collect()
        .to_dicts()
    )


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(0, 199), st.booleans()), max_size=12))
def test_cuts_at_line_ends_change_nothing(cuts: list[tuple[int, bool]]) -> None:
    """Text is fed in pieces, and judged in batches: the records and defects stay the same."""
    head, lines = lines_of("demo", 3, 200)
    header = parse_header(b"\n".join(head) + b"\n", Path("demo.vcf"))
    whole = as_read(header, lines, {})
    assert min(len(whole[0]), len(whole[1])) > 40
    assert as_read(header, lines, dict(cuts)) == whole


def as_read(
    header: Header, lines: list[bytes], cuts: dict[int, bool]
) -> tuple[list[tuple[object, ...]], list[Defect]]:
    """The records, each with its genotypes, and the defects of lines cut before some of them.

    A cut that is True closes a batch, too.
    """
    reader = RecordReader(header, 1)
    texts, patterns = reader.genotypes.texts, reader.genotypes.patterns
    rows: list[tuple[object, ...]] = []
    defects: list[Defect] = []
    places = sorted({0, len(lines), *(c for c in cuts if c < len(lines))})
    for low, high in itertools.pairwise(places):
        reader.feed(b"\n".join(lines[low:high]) + b"\n")
        if cuts.get(high) or high == len(lines):
            batch = reader.batch()
            calls: dict[int, list[tuple[int, bytes]]] = {}
            for r, column, gid in zip(batch.row, batch.column, batch.gid, strict=True):
                calls.setdefault(int(r), []).append((int(column), texts.texts[gid].text))
            for i, site in enumerate(batch.sites.iter_rows()):
                known = patterns.patterns.get(site[-1])
                plain = ("nan" if isinstance(v, float) and math.isnan(v) else v for v in site)
                rows.append((*plain, known.runs if known else None, calls.get(i)))
            defects += batch.defects
    return rows, defects


SECONDS = float(os.environ.get("MEDALLION_FUZZ_SECONDS", "2"))


def some_lines(name: str, seed: int, _folder: Path) -> None:
    """Each line is kept or quarantined, once, wherever the text and its batches are cut."""
    head, lines = lines_of(name, seed, 150)
    header = parse_header(b"\n".join(head) + b"\n", Path("fuzz.vcf"))
    chosen = random.Random(seed)
    cuts = {chosen.randrange(len(lines)): chosen.random() < 0.5 for _ in range(8)}
    rows, defects = as_read(header, lines, {})
    out = [d.line for d in defects if d.scope == "record" and d.verdict == "quarantined"]
    assert len(out) == len(set(out))
    assert len(rows) + len(out) == len(lines)
    assert as_read(header, lines, cuts) == (rows, defects)


def a_header(name: str, seed: int, _folder: Path) -> None:
    """A header is read, or refused in words."""
    chosen = random.Random(seed)
    lines = list(source_lines(name)[0])
    for _ in range(chosen.randrange(1, 4)):
        at = chosen.randrange(len(lines))
        lines[at : at + 1] = spoilt(lines[at], chosen).split(b"\n")
    with suppress(MedallionError):
        parse_header(b"\n".join(lines) + b"\n", Path("fuzz.vcf"))


def a_file(name: str, seed: int, folder: Path) -> None:
    """The bytes of a file are indexed, or refused in words."""
    chosen = random.Random(seed)
    head, lines = lines_of(name, seed, 40)
    text = b"\n".join([*head, *lines]) + b"\n"
    raw = bytearray(chosen.choice([bgzf, gzip.compress, bytes])(text))
    for _ in range(chosen.randrange(4)):
        at = chosen.randrange(len(raw))
        raw[at : at + chosen.randrange(3)] = chosen.randbytes(chosen.randrange(3))
    path = folder / "fuzz.vcf.gz"
    path.write_bytes(raw[: chosen.choice([len(raw), chosen.randrange(1, len(raw))])])
    with suppress(MedallionError), start_work(folder, Reporter(None), workers=1) as work:
        index_file(path, work)


@pytest.mark.parametrize("seed", [100_217, 3_870_374_964])
def test_how_a_reference_call_is_spelled_depends_on_its_record_alone(
    seed: int, tmp_path: Path
) -> None:
    """Found by fuzzing: the record that the batch began with showed through."""
    some_lines("demo", seed, tmp_path)


@pytest.mark.parametrize("target", [some_lines, a_header, a_file])
def test_nothing_but_our_own_errors_comes_of_the_reader(
    target: Callable[[str, int, Path], None], tmp_path: Path
) -> None:
    asked = "MEDALLION_FUZZ_SECONDS" in os.environ
    first = random.SystemRandom().randrange(1 << 32) if asked else 0
    end = time.monotonic() + SECONDS / 3
    for seed in itertools.count(first):
        try:
            target("demo", seed, tmp_path)
        except Exception as error:
            raise AssertionError(f"{target.__name__}('demo', {seed}, folder)") from error
        if time.monotonic() > end:
            break


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SOURCES))
def test_what_is_kept_means_what_bcftools_reads(name: str, tmp_path: Path) -> None:
    head, lines = lines_of(name, 0, 400)
    vcf = tmp_path / "spoilt.vcf.gz"
    vcf.write_bytes(bgzf(b"\n".join([*head, *lines]) + b"\n"))
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver", workers=1)
    rows = kept_rows(lake)
    out = (
        lake.scan("silver.defects")
        .filter(pl.col("scope") == "record", pl.col("verdict") == "quarantined")
        .collect()
    )
    kept = [int(str(row["record"])) for row in rows]
    assert sorted([*kept, *(out["line"] - len(head))]) == list(range(1, len(lines) + 1))
    assert min(len(kept), len(out)) > 80
    cells = dict(rebuilt(lake, vcf.name))
    asked = [r for r in rows if not refused_by_bcftools(head, lines[int(str(r["record"])) - 1])]
    texts = [lines[int(str(r["record"])) - 1] for r in asked]
    for row, line, theirs in zip(
        asked, texts, as_bcftools_reads(head, texts, tmp_path), strict=True
    ):
        assert not differences(row, cells[int(str(row["record"]))], theirs), line[:300]
