"""Counts in an ad-hoc cohort against the stored groups, bcftools, and plain counting."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from matrices import variants_of, versions
from plain_vcf import count_group, genotype_texts, split_file, vcf_text
from polars.testing import assert_frame_equal
from real_data import rest, tool

from medallion import Lake
from medallion.gold.cohort import read_cohort


def cohort(lake: Lake, variants: pl.DataFrame, samples: set[str]) -> pl.DataFrame:
    return read_cohort(lake.path, versions(lake), variants["file"][0], variants, samples)


def members(lake: Lake, column: str, value: str) -> set[str]:
    people = lake.scan("silver.samples").filter("in_vcf", pl.col(column) == value).collect()
    return set(people["sample"].to_list())


@pytest.mark.parametrize("name", ["chrX", "chr12", *rest("chr22", "chrMT")])
def test_a_stored_group_chosen_by_hand_gives_the_stored_numbers(
    name: str, real_lake: Callable[[str], Lake]
) -> None:
    """A population and a super-population, over the middle of the file."""
    lake = real_lake(name)
    variants = variants_of(lake)
    middle = variants.slice(len(variants) // 3, len(variants) // 3)
    middle = variants.filter(pl.col("record").is_in(middle["record"].unique().implode()))
    for level, code in (("population", "GBR"), ("super_population", "EAS")):
        ours = cohort(lake, middle, members(lake, level, code))
        stored = (
            lake.scan("gold.frequencies")
            .filter(pl.col("level") == level, pl.col("population") == code)
            .collect()
            .join(middle.select("file", "record", "alt_index"), on=["file", "record", "alt_index"])
            .sort("record", "alt_index")
            .select(ours.columns)
        )
        assert len(ours) == len(middle)
        assert ours["ac"].sum() > 0
        assert_frame_equal(ours, stored, check_dtypes=False)


def test_counts_in_any_set_of_samples_are_those_of_bcftools(
    real_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    """bcftools view -S recounts AC and AN over the samples named, haploid ones too."""
    lake = real_lake("chrX")
    vcf = Path(lake.source.vcf[0])
    names = split_file(vcf)[0][-1].split("\t")[9:][2::5]
    (tmp_path / "s").write_text("\n".join(names) + "\n", encoding="utf-8")
    subset = tmp_path / "subset.bcf"
    subprocess.run(
        [tool("bcftools"), "view", "-S", str(tmp_path / "s"), str(vcf), "-Ou", "-o", str(subset)],
        check=True, capture_output=True,
    )  # fmt: skip
    text = subprocess.run(
        [tool("bcftools"), "query", "-f", "%INFO/AC\t%INFO/AN\n", str(subset)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    expected = [
        (int(ac), int(an))
        for acs, an in (line.split("\t") for line in text.splitlines())
        for ac in acs.split(",")
    ]
    ours = cohort(lake, variants_of(lake), set(names))
    assert ours.select("ac", "an").rows() == expected
    assert ours["an"].n_unique() > 1


ODD = vcf_text(
    [
        "1 100 . A C,G . . . GT 0|1 1|2 ./1 0|0",
        "1 200 . A C . . . GT ./. 0/. . 1/1",
        "1 300 . A C . . . GT 0 1 . 0/1",
        "1 350 . A C . . . DP 3 4 5 6",
        "1 400 . A G,T . . . GT 2/1 0/0 2/2 ./.",
    ],
    ("A", "B", "C", "D"),
)


@pytest.mark.parametrize("chosen", ["", "A", "C", "AD", "BCD", "ABCD", "ADX"])
def test_odd_calls_are_counted_by_their_definitions(chosen: str, tmp_path: Path) -> None:
    vcf, table = tmp_path / "odd.vcf", tmp_path / "samples.tsv"
    vcf.write_text(ODD, encoding="utf-8")
    rows = "".join(f"{s}\t{p}\n" for s, p in zip("ABCD", ("GBR", "FIN", "YRI", "CHB"), strict=True))
    table.write_text("sample\tpop\n" + rows, encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
    lake.build("silver")
    variants = variants_of(lake)
    assert len(variants) == 7
    ours = cohort(lake, variants, set(chosen))
    lines = split_file(vcf)[1]
    assert len(ours) == 6
    for row in ours.iter_rows(named=True):
        cells = genotype_texts(lines[row["record"] - 1])
        some = [c for s, c in zip("ABCD", cells, strict=True) if s in chosen]
        expected = count_group(some, row["alt_index"])
        for name, value in expected.items():
            assert row[name] == pytest.approx(value), (row, name)


def test_records_between_those_chosen_do_not_count(demo_lake: Lake) -> None:
    """Every third record of a stretch."""
    variants = variants_of(demo_lake).filter("has_gt")
    some = variants.filter(pl.col("record") % 3 == 1)
    people = members(demo_lake, "in_vcf", True)
    ours = cohort(demo_lake, some, people)
    assert len(ours) == len(some) > 50
    assert ours["ac"].to_list() == some["ac"].to_list()
    assert ours["an"].to_list() == some["an"].to_list()


def test_no_allele_gives_an_empty_table(demo_lake: Lake) -> None:
    variants = variants_of(demo_lake)
    none = read_cohort(
        demo_lake.path, versions(demo_lake), variants["file"][0], variants.head(0), {"x"}
    )
    assert none.is_empty()
    assert none.columns == cohort(demo_lake, variants.head(5), {"x"}).columns
