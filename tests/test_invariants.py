"""Gold of VCFs at the edge of what there is: nulls with a meaning, and tables that agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from invariants import assert_tables_agree
from plain_vcf import vcf_text
from real_data import rest

from medallion import Lake

Call = Callable[[int, int], str]


def records(samples: int, call: Call, chrom: str = "1") -> list[str]:
    """39 snvs, a kilobase apart; `call` gives the text of a record's and a sample's number."""
    return [
        f"{chrom} {i * 1000} . A {'CGT'[i % 3]} . PASS AA=A GT "
        + " ".join(call(i, j) for j in range(samples))
        for i in range(1, 40)
    ]


def diploid(i: int, j: int) -> str:
    return f"{(i * 7 + j * 3) % 3 % 2}|{(i * 5 + j) % 4 // 3}"


def of_kind(i: int, j: int) -> str:
    """Haploid, diploid, triploid, and missing, half or whole."""
    return ("0/1", "1", "0|1|1", "./.", ".", "0|0", "./1")[(i + j) % 7]


SV = [
    "1 100 . A <DEL> . PASS SVTYPE=DEL;END=200 GT 0|1 0|0 1|1",
    "1 300 . A <CN0>,<CN2> . PASS SVTYPE=CNV GT 0|1 0|2 1|1",
]
FOUR = ("GBR", "GBR", "YRI", "YRI")
Case = tuple[list[str], int, Sequence[str] | None]
CASES: dict[str, Case] = {
    "one sample": (records(1, diploid), 1, ("GBR",)),
    "no records": ([], 3, ("GBR", "FIN", "YRI")),
    "structural variants only": (SV, 3, ("GBR", "FIN", "YRI")),
    "a population of one": (records(4, diploid), 4, ("GBR", "GBR", "GBR", "YRI")),
    "tetraploid": (
        records(4, lambda i, j: "0/1/1/0" if (i + j) % 3 else "1/1/1/1"), 4, FOUR,
    ),
    "of every ploidy": (records(4, of_kind), 4, FOUR),
    "nobody is called": (records(4, lambda *_: "./."), 4, FOUR),
    "one population is not called": (
        records(4, lambda i, j: "./." if j < 2 else diploid(i, j)), 4, FOUR,
    ),
    "all the same": (records(4, lambda *_: "1|1"), 4, FOUR),
    "X": (records(4, lambda i, j: str((i + j) % 2) if j % 2 else diploid(i, j), "X"), 4, FOUR),
    "Y": (records(4, lambda i, j: str(i * j % 2) if j % 2 else ".", "Y"), 4, FOUR),
    "two populations of no continent": (records(4, diploid), 4, ("here", "here", "there", "there")),
    "no metadata": (records(4, diploid), 4, None),
    "half are in no table": (records(4, diploid), 4, ("GBR", "FIN")),
}  # fmt: skip


def built(case: str, folder: Path) -> Lake:
    lines, n, populations = CASES[case]
    names = tuple(f"S{i}" for i in range(n))
    (folder / "a.vcf").write_text(vcf_text(lines, names), encoding="utf-8")
    samples = None
    if populations is not None:
        samples = folder / "people.tsv"
        rows = [f"{s}\t{p}" for s, p in zip(names, populations, strict=False)]
        samples.write_text("\n".join(["sample\tpop", *rows, ""]), encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[folder / "a.vcf"], samples=samples)
    lake.build("gold")
    return lake


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_known_is_null(case: str, tmp_path: Path) -> None:
    lake = built(case, tmp_path)
    assert_tables_agree(lake)
    samples = lake.scan("gold.samples", build=False).collect()
    assert samples.height == CASES[case][1]
    rows = lake.scan("gold.populations", build=False).collect().iter_rows(named=True)
    groups = {row["population"]: row for row in rows}
    fst = lake.scan("gold.fst", build=False).collect()
    if case in ("no records", "structural variants only", "nobody is called"):
        assert {row["pi"] for row in groups.values()} == {None}
    if case == "no records":
        assert samples["call_rate"].to_list() == [None] * 3
    if case == "tetraploid":
        # Heterozygotes of four copies are not those that the expectation is of.
        assert samples["f"].to_list() == [None] * 4
        assert samples["het"].sum() > 0
        assert fst.filter(method="weir_cockerham")["fst"].to_list() == [None] * 2
    if case == "one population is not called":
        assert groups["GBR"]["pi"] is None
        assert groups["ALL"]["pi"] == groups["YRI"]["pi"] > 0
    if case == "no metadata":
        assert fst.is_empty()
    if case == "two populations of no continent":
        assert fst["level"].cast(pl.String).unique().to_list() == ["population"]
    if case == "half are in no table":
        assert not {"unassigned"} & set(fst["population_1"]) | set(fst["population_2"]) - {
            "GBR", "FIN",
        }  # fmt: skip
        assert groups["unassigned"]["samples"] == 2


@pytest.mark.parametrize("name", ["chrX", "chr12", *rest("chr22")])
def test_tables_of_real_slices_agree(name: str, real_lake: Callable[[str], Lake]) -> None:
    assert_tables_agree(real_lake(name))
