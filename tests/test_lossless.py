"""Silver holds every genotype exactly: the text of each is rebuilt from the tables alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import assert_lossless, bgzf, count_group, rebuilt, split_file, vcf_text
from real_data import rest

from medallion import Lake, demo

SITE = ("chrom", "pos", "id", "ref", "alt", "qual", "filter", "info")


def built(folder: Path, text: str | bytes, name: str = "some.vcf") -> Lake:
    """A lake of one small VCF, up to silver."""
    vcf = folder / name
    vcf.write_bytes(text.encode() if isinstance(text, str) else text)
    lake = Lake(folder / "lake", vcf=[vcf])
    lake.build("silver", workers=1)
    return lake


@pytest.mark.parametrize("name", ["chrX", "chrMT", "chr1", "chr12", *rest("chr22", "chr20")])
def test_real_genotypes_are_rebuilt(name: str, real_lake: Callable[[str], Lake]) -> None:
    lake = real_lake(name)
    vcf = Path(lake.source.vcf[0])
    _, lines = split_file(vcf)
    assert assert_lossless(lake, vcf.name, lines) == len(lines)


@pytest.mark.parametrize("name", ["chrX", "chrMT", "chr1", "chr12", *rest("chr22", "chr20")])
def test_real_sites_are_rebuilt(name: str, real_lake: Callable[[str], Lake]) -> None:
    lake = real_lake(name)
    _, lines = split_file(Path(lake.source.vcf[0]))
    assert_sites(lake, dict(enumerate(lines, 1)))


def assert_sites(lake: Lake, lines: dict[int, str]) -> None:
    """The first eight columns of each record, put together again from its alleles' rows."""
    records = (
        lake.scan("silver.variants", build=False)
        .sort("record", "alt_index")
        .group_by("record", maintain_order=True)
        .agg(pl.col("alt"), pl.all().exclude("alt").first())
        .collect()
    )
    assert records["record"].to_list() == sorted(lines)
    for row in records.iter_rows(named=True):
        fields = lines[row["record"]].split("\t")[:8]
        found = [
            row["chrom"],
            str(row["pos"]),
            row["id"] or ".",
            row["ref"],
            ",".join(row["alt"]),
            fields[5] if fields[5] != "." and row["qual"] == float(fields[5]) else row["qual"],
            row["filter"] or ".",
            row["info"] or ".",
        ]
        fields[5] = None if fields[5] == "." else fields[5]
        assert found == fields, f"record {row['record']}"
        n_alts = 0 if fields[4] == "." else fields[4].count(",") + 1
        assert row["n_alts"] == n_alts


def test_demo_genotypes_are_rebuilt(demo_lake: Lake) -> None:
    _, lines = split_file(demo.vcf_path())
    kept = assert_lossless(demo_lake, demo.vcf_path().name, lines)
    out = (
        demo_lake.scan("silver.defects")
        .filter((pl.col("verdict") == "quarantined") & (pl.col("scope") == "record"))
        .collect()
    )
    assert kept + len(out) == len(lines)
    # What is quarantined is held whole.
    header = len(split_file(demo.vcf_path())[0])
    assert out["raw"].to_list() == [lines[n - header - 1] for n in out["line"].to_list()]


HAND_MADE = {
    "mixed phase": ["1 1 . A C . . . GT 0|0 0/0 0|1", "1 2 . A C . . . GT 0/0 0|0 1/1"],
    "all of one spelling, then of another": [
        "1 1 . A C . . . GT 0/0 0/0 0/0",
        "1 2 . A C . . . GT 0|0 0|0 0|0",
    ],
    "missing": ["1 1 . A C . . . GT ./. .|. .", "1 2 . A C . . . GT . 0|0 ./."],
    "all missing": ["1 1 . A C . . . GT . . .", "1 2 . A C . . . GT ./. ./. ./."],
    "half missing": ["1 1 . A C . . . GT ./1 0/. .|0", "1 2 . A C . . . GT 1|. 0|0 ./0"],
    "haploid and diploid": ["1 1 . A C . . . GT 0 0|0 1", "1 2 . A C . . . GT 1 1|0 0"],
    "haploid and missing": ["1 1 . A C . . . GT 0 . 1", "1 2 . A C . . . GT . . 0"],
    "ploidy changes from record to record": [
        "1 1 . A C . . . GT 0 0 1",
        "1 2 . A C . . . GT 0/0/0 0|0 1",
        "1 3 . A C . . . GT 0 0|0 0/0/0/0",
        "1 4 . A C . . . GT 0 0 1",
    ],
    "polyploid": [
        "1 1 . A C,G . . . GT 0/0/1 0/1/2/2 0|0|0|0|0|0",
        "1 2 . A C . . . GT 0/0/0 . ././.",
    ],
    "two-digit alleles": [
        "1 1 . A C,G,T,AA,AC,AG,AT,CA,CC,CG,CT,GA . . . GT 10|11 0|12 0/10",
        "1 2 . A C . . . GT 0|0 0|1 0|0",
        "1 3 . A C,G,T,AA,AC,AG,AT,CA,CC,CG,CT,GA . . . GT 12|12|12|12 10 0",
    ],
    "fields after GT": [
        "1 1 . A C . . . GT:DP:GQ 0|0:3:9 0|1 ./.:.",
        "1 2 . A C . . . GT:DP 0 1:1 0|1:",
    ],
    "format changes": [
        "1 1 . A C . . . GT 0|0 0|1 1|1",
        "1 2 . A C . . . GT:DP 0|0:1 0|1:2 1|1:3",
        "1 3 . A C . . . DP 1 2 3",
        "1 4 . A C . . . GT 1|0 0|0 0|0",
        "1 5 . A C . . . DP:GQ 1:1 2 3:.",
    ],
    "longer than a word": [
        "1 1 . A C . . . GT 0/0/0/0/0/0/0/0/0/0/1 0|0 1|1|1|1|1|1|1|1",
        "1 2 . A C . . . GT 0|0 0|0 0|1",
    ],
    "phase of the first allele": [
        "1 1 . A C . . . GT |0|0 /0/1 |1",
        "1 2 . A C . . . GT 0|0 |0|0 /./.",
    ],
    "leading zeros": ["1 1 . A C . . . GT 00|01 0|0 0|1"],
    "no ALT": ["1 1 . A . . . . GT 0|0 0/0 .", "1 2 . A C . . . GT 0|1 0|0 0|0"],
    "star and symbols": ["1 1 . A <DEL>,*,]2:3]A . . . GT 1|2 3|3 0|0"],
    "one carrier in each column": [
        "1 1 . A C . . . GT 1|1 1|1 1|1",
        "1 2 . A C . . . GT 0/1 0/1 1/1",
    ],
}  # fmt: skip


def in_44(text: str) -> str:
    """As VCF 4.4, the first in which a phase may stand before the first allele."""
    return text.replace("##fileformat=VCFv4.3", "##fileformat=VCFv4.4", 1)


@pytest.mark.parametrize("name", list(HAND_MADE))
def test_odd_genotypes_are_rebuilt(name: str, tmp_path: Path) -> None:
    text = in_44(vcf_text(HAND_MADE[name]))
    lake = built(tmp_path, text)
    _, lines = split_file(tmp_path / "some.vcf")
    assert assert_lossless(lake, "some.vcf", lines) == len(lines), quarantined(lake)
    assert_sites(lake, dict(enumerate(lines, 1)))


def test_reference_calls_spelled_as_it_comes_make_no_pattern_for_each_record(
    tmp_path: Path,
) -> None:
    """As callers write that phase some samples of a record and not the others."""
    chance = random.Random(22)
    spellings = ["0|0", "0/0", "0/0", "./.", "./0", "0/1", "1|1"]
    mixed = [[chance.choice(spellings) for _ in range(40)] for _ in range(200)]
    for calls in mixed[::2]:  # as on X: some have one copy
        calls[30:] = [chance.choice("001") for _ in range(10)]
    mixed.append(["0|0", "0/0"] * 20)  # neither prevails
    records = [f"1 {pos} . A C . . . GT {' '.join(calls)}" for pos, calls in enumerate(mixed, 1)]
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(records, [f"s{i}" for i in range(40)]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    _, lines = split_file(vcf)
    assert assert_lossless(lake, "some.vcf", lines) == 201
    # One spelling or the other, with or without those of one copy.
    assert lake.scan("silver.patterns").collect()["pattern"].n_unique() <= 4
    counted = lake.scan("gold.frequencies").filter(pl.col("population") == "ALL").sort("pos")
    for row, calls in zip(counted.collect().iter_rows(named=True), mixed, strict=True):
        expected = count_group(calls, 1)
        assert {name: row[name] for name in expected} == pytest.approx(expected), calls


def quarantined(lake: Lake) -> list[tuple[object, ...]]:
    defects = lake.scan("silver.defects", build=False)
    return defects.filter(pl.col("verdict") == "quarantined").collect().rows()


def test_all_odd_genotypes_in_one_file(tmp_path: Path) -> None:
    """Together, so that each record is read after all kinds of others."""
    records: list[str] = []
    for group in HAND_MADE.values():
        records += [f"1 {len(records) + i} {r.split(' ', 2)[2]}" for i, r in enumerate(group, 1)]
    both_ways = [*records, *(f"2 {r.split(' ', 1)[1]}" for r in reversed(records))]
    lake = built(tmp_path, in_44(vcf_text(both_ways)))
    _, lines = split_file(tmp_path / "some.vcf")
    assert assert_lossless(lake, "some.vcf", lines) == len(lines), quarantined(lake)


@pytest.mark.parametrize("samples", [(), ("only",), tuple(f"s{i}" for i in range(300))])
def test_any_number_of_samples(samples: Sequence[str], tmp_path: Path) -> None:
    calls = [
        "\t".join(["GT", *(f"{i * k % 2}|{i % 2}" for i in range(len(samples)))]) for k in range(3)
    ]
    records = [
        f"1 {pos} . A C . . DP=1" + ("\t" + cells if samples else "")
        for pos, cells in enumerate(calls, 1)
    ]
    lake = built(tmp_path, vcf_text(records, samples))
    _, lines = split_file(tmp_path / "some.vcf")
    assert assert_lossless(lake, "some.vcf", lines) == 3


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["with its end", "without its end"])
@pytest.mark.parametrize("container", ["text", "gzip", "bgzf", "tiny bgzf", "bgzf without end"])
def test_containers_and_line_ends(newline: str, last: str, container: str, tmp_path: Path) -> None:
    import gzip

    text = vcf_text(HAND_MADE["format changes"]).replace("\n", newline)
    if last == "without its end":
        text = text.removesuffix(newline)
    raw = text.encode()
    packed = {
        "text": raw,
        "gzip": gzip.compress(raw[:50]) + gzip.compress(raw[50:]),
        "bgzf": bgzf(raw),
        "tiny bgzf": bgzf(raw, [1, 7, 30, 2]),
        "bgzf without end": bgzf(raw, end=False),
    }[container]
    name = "some.vcf" if container == "text" else "some.vcf.gz"
    lake = built(tmp_path, packed, name)
    _, lines = split_file(tmp_path / name)
    assert assert_lossless(lake, name, lines) == len(lines) == 5
    assert_sites(lake, dict(enumerate(lines, 1)))
    assert [r.text for r in lake.raw("1", limit=None)] == lines
    reasons = set(lake.scan("silver.defects").collect()["reason"])
    assert ("end-of-file-block" in reasons) == (container == "bgzf without end")


def test_the_rebuilding_notices_a_changed_genotype(tmp_path: Path) -> None:
    """The oracle itself: a file that differs in one call does not pass."""
    lake = built(tmp_path, vcf_text(HAND_MADE["mixed phase"]))
    found = dict(rebuilt(lake, "some.vcf"))
    assert found == {1: ["0|0", "0/0", "0|1"], 2: ["0/0", "0|0", "1/1"]}
    _, lines = split_file(tmp_path / "some.vcf")
    with pytest.raises(AssertionError, match="record 2"):
        assert_lossless(lake, "some.vcf", [lines[0], lines[1].replace("0/0", "0|0")])
